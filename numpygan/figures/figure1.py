"""The paper's Figure 1 from a trained game on a known density, and its animation.

In the paper z is uniform. Here z is Gaussian and is shown as u = Φ(z), which is uniform: G ∘ Φ⁻¹
is a generator of uniform noise.
"""

import tempfile
from pathlib import Path

import numpy

from ..files import write_bytes
from ..theory.known_game import P_DATA, U, X
from .plot import BLACK, BLUE, GREEN, GREY, ORANGE, new_figure, own_settings, saved_figure

# Heights: the top of the densities, the line of x, the line of z
_TOP, _LINE_X, _LINE_Z = 1.08, -0.16, -0.62
TITLES = (
    "(a) near convergence: D partly accurate",
    "(b) inner loop: D → D*",
    "(c) after an update of G",
    "(d) the end: $p_g ≈ p_{data}$, D ≈ ½",
)


def panels(looks):
    """Four looks: before and after D plays alone, after G plays alone, and the last."""
    last_of = {look.stage: look for look in looks}
    return [last_of[stage] for stage in ("both", "D alone", "G alone", "annealed")]


def save_figure1(path, looks):
    """Draw p_data (black, dotted), p_g (green), D (blue, dashed), D* (orange, dotted), and G.

    G is shown below as arrows from u = Φ(z) to x = G(z). Raises NumpyganError as `saved_figure`
    does.
    """
    with saved_figure(path, 13, 4.6, 4, dpi=130) as (figure, axes):
        for one, look, title in zip(axes, panels(looks), TITLES):
            scale = _draw(one, look)
            one.set_title(title, fontsize=10)
        axes[0].set_ylabel(f"D, D*; densities × {scale:.2g}", y=0.65)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)


def save_animation(path, looks):
    """Draw the same picture for every look, as a GIF."""
    with own_settings(), tempfile.TemporaryDirectory() as folder:  # matplotlib writes by name only
        from matplotlib.animation import FuncAnimation, PillowWriter

        figure, axes = new_figure(4.6, 4.6)

        def frame(i):
            axes.clear()
            _draw(axes, looks[i], ceiling=1.4)  # with room for the legend
            stage = f" ({looks[i].stage})" if "alone" in looks[i].stage else ""
            axes.set_title(f"iteration {looks[i].iteration:,}{stage}")
            axes.legend(loc="upper right", ncols=2, frameon=False, fontsize=8)

        frames = [*range(len(looks)), *[len(looks) - 1] * 10]  # the last look is shown longer
        file = Path(folder) / "training.gif"
        FuncAnimation(figure, frame, frames).save(file, PillowWriter(fps=7), dpi=90)
        write_bytes(path, file.read_bytes())


def _draw(axes, look, ceiling=1.1):
    x, p_data = X[:, 0], numpy.exp(P_DATA.log_density(X))
    scale = 0.5 / p_data.max()  # so that densities and probabilities share the height
    axes.plot(x, p_data * scale, color=BLACK, linestyle=":", linewidth=2, label="$p_{data}$")
    axes.plot(x, numpy.minimum(look.p_g * scale, _TOP), color=GREEN, linewidth=1.8, label="$p_g$")
    axes.plot(x, look.d, color=BLUE, linestyle="--", linewidth=1.6, label="D")
    axes.plot(x, look.d_star, color=ORANGE, linestyle=(0, (1, 1.2)), linewidth=1.6, label="D*")
    for height, name in ((_LINE_X, "x"), (_LINE_Z, "u = Φ(z)")):
        axes.plot(x[[0, -1]], [height, height], color=BLACK, linewidth=1)
        axes.text(x[-1], height - 0.02, name, ha="right", va="top", style="italic")
    for u, to in zip(U, look.to):
        arrow = {"arrowstyle": "->", "color": GREY, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
        start = x[0] + u * (x[-1] - x[0]), _LINE_Z
        axes.annotate("", (to, _LINE_X), start, arrowprops=arrow, annotation_clip=False)
    axes.set(xlim=(-4, 4), ylim=(_LINE_Z - 0.12, ceiling), yticks=(0, 0.5, 1), xticks=())
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_bounds(0, 1)
    return scale
