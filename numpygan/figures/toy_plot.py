"""The picture of a toy's samples and the modes of p_data."""

import numpy

from ..errors import printable
from ..metrics.modes import high_quality
from .plot import BLUE, GREY, ORANGE, saved_figure


def save_toy_plot(path, samples, real, means, std, title):
    """Write a .png of `samples` (n, d) of G over the modes, d = 1 or 2, and of one mode enlarged.

    The enlarged mode also shows `real` samples. Samples within 3σ of their nearest mode are blue,
    the others orange.
    """
    with saved_figure(path, 9.6, 4.8, 2) as (figure, (whole, near)):
        figure.get_layout_engine().set(h_pad=0.12)
        good = high_quality(samples, means, std)
        title = f"{printable(title)}: {100 * good.mean():.1f} % of {len(samples):,} within 3σ"
        whole.set_title(title, parse_math=False)  # a path may hold dollar signs
        draw = _points if means.shape[1] == 2 else _histograms
        draw(whole, near, samples, good, real, means, std)
        handles, labels = near.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)


def draw_toy(axes, samples, real):
    """Draw `samples` of G and `real` samples (n, d) on the same axes, as densities if d = 1."""
    if real.shape[1] == 2:
        axes.scatter(*real.T, s=12, color=GREY, alpha=0.45, linewidths=0, label="data")
        axes.scatter(*samples.T, s=4, color=BLUE, linewidths=0, label="G(z)")
        axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    else:
        _densities(axes, samples, real, numpy.linspace(real.min(), real.max(), 61))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False)


def _densities(axes, samples, real, edges):
    outline = {"histtype": "step", "color": BLUE, "linewidth": 1.5}
    axes.hist(real[:, 0], edges, density=True, color=GREY, alpha=0.5, label="data")
    axes.hist(samples[:, 0], edges, density=True, label="G(z)", **outline)
    axes.set(xlabel="x", ylabel="density")


def _points(whole, near, samples, good, real, means, std):
    from matplotlib.patches import Circle
    from matplotlib.patheffects import withStroke

    ring = {"s": 140, "facecolors": "none", "edgecolors": GREY, "linewidths": 0.8}
    cross = {"color": ORANGE, "marker": "x"}
    whole.scatter(*means.T, **ring)
    whole.scatter(*samples[good].T, s=4, color=BLUE, linewidths=0)
    whole.scatter(*samples[~good].T, s=9, linewidths=0.7, **cross)
    whole.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    mode, reach, halo = means[0], 4.5 * std, withStroke(linewidth=2.5, foreground="white")
    near.scatter(*real.T, s=12, color=GREY, marker="+", linewidths=0.7, label="data")
    near.scatter(*samples[good].T, s=9, color=BLUE, linewidths=0, label="G(z), within 3σ of a mode")
    near.scatter(*samples[~good].T, s=14, linewidths=0.9, label="G(z), farther away", **cross)
    near.scatter([], [], label="mode (left)", **ring)
    dotted = {"fill": False, "edgecolor": "black", "linewidth": 0.8, "linestyle": ":"}
    centred = {"ha": "center", "va": "center", "fontsize": 9, "path_effects": [halo]}
    for sigmas in (1, 2, 3):
        near.add_patch(Circle(mode, sigmas * std, **dotted))
        near.annotate(f"{sigmas}σ", mode + (0, sigmas * std), **centred)
    xlim, ylim = ((centre - reach, centre + reach) for centre in mode)
    near.set(xlim=xlim, ylim=ylim, aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    near.set_title(f"the mode at ({mode[0]:g}, {mode[1]:g})")


def _histograms(whole, near, samples, good, real, means, std):
    low, high = real.min() - std, real.max() + std
    edges = numpy.linspace(low, high, 81)
    for axes in (whole, near):
        _densities(axes, samples, real, edges)
    mode = means[0, 0]
    near.set(xlim=(mode - 4.5 * std, mode + 4.5 * std), title=f"the mode at {mode:g}")
