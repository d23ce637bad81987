"""The picture of a toy's samples over the modes of p_data."""

import numpy

from ..errors import printable
from ..files import write_whole
from ..metrics.modes import high_quality
from .pictures import new_figure

_ORANGE, _BLUE, _GREY = "#d55e00", "#0072b2", "#777777"


def save_toy_plot(path, samples, real, means, std, title):
    """Write a .png file: `samples` (n, d) of G over the modes, d = 1 or 2, and beside it one mode magnified, with `real` ones.

    Samples within 3σ of their nearest mode are blue, the others orange.
    """
    figure, (whole, near) = new_figure(9.6, 4.8, 2)
    figure.get_layout_engine().set(h_pad=0.12)
    good = high_quality(samples, means, std)
    title = f"{printable(title)}: {100 * good.mean():.1f} % of {len(samples):,} within 3σ"
    whole.set_title(title, parse_math=False)  # a path may hold dollar signs
    draw = _points if means.shape[1] == 2 else _histograms
    draw(whole, near, samples, good, real, means, std)
    figure.legend(*near.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    write_whole(path, lambda file: figure.savefig(file, format="png"))


def _points(whole, near, samples, good, real, means, std):
    from matplotlib.patches import Circle
    from matplotlib.patheffects import withStroke

    whole.scatter(*means.T, s=140, facecolors="none", edgecolors=_GREY, linewidths=0.8)
    whole.scatter(*samples[good].T, s=4, color=_BLUE, linewidths=0)
    whole.scatter(*samples[~good].T, s=9, color=_ORANGE, marker="x", linewidths=0.7)
    whole.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    mode, reach, halo = means[0], 4.5 * std, withStroke(linewidth=2.5, foreground="white")
    near.scatter(*real.T, s=12, color=_GREY, marker="+", linewidths=0.7, label="data")
    near.scatter(*samples[good].T, s=9, color=_BLUE, linewidths=0, label="G(z), within 3σ of a mode")
    near.scatter(*samples[~good].T, s=14, color=_ORANGE, marker="x", linewidths=0.9, label="G(z), farther off")
    near.scatter([], [], s=140, facecolors="none", edgecolors=_GREY, linewidths=0.8, label="mode (left)")
    for sigmas in (1, 2, 3):
        near.add_patch(Circle(mode, sigmas * std, fill=False, edgecolor="black", linewidth=0.8, linestyle=":"))
        near.annotate(f"{sigmas}σ", mode + (0, sigmas * std), ha="center", va="center", fontsize=9, path_effects=[halo])
    near.set(xlim=(mode[0] - reach, mode[0] + reach), ylim=(mode[1] - reach, mode[1] + reach), aspect="equal")
    near.set(xlabel="$x_1$", ylabel="$x_2$", title=f"the mode at ({mode[0]:g}, {mode[1]:g})")


def _histograms(whole, near, samples, good, real, means, std):
    low, high = real.min() - std, real.max() + std
    edges = numpy.linspace(low, high, 81)
    for axes in (whole, near):
        axes.hist(real[:, 0], edges, density=True, color=_GREY, alpha=0.5, label="data")
        axes.hist(samples[:, 0], edges, density=True, histtype="step", color=_BLUE, linewidth=1.5, label="G(z)")
        axes.set(xlabel="x", ylabel="density")
    mode = means[0, 0]
    near.set(xlim=(mode - 4.5 * std, mode + 4.5 * std), title=f"the mode at {mode:g}")
