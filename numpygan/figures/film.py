"""A film of a game: a GIF with one picture for each iteration that is shown."""

from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy

from .pictures import as_images, tile
from .plot import BLACK, BLUE, GREEN, GREY, ORANGE, new_figure, own_settings

_ARROWS = 64  # arrows that show −∂L/∂G(z)


def film(pictures, pictures_per_second=10):
    """The bytes of a GIF with a picture for each of `pictures`, dicts with "kind" and "title".

    plane   edge, data (n, 2), D (y, x), cloud (n, 2); also taught and push (m, 2)
    line    axis, p_data, p_g, D, best (n,)
    images  shape, samples (n, pixels)
    """
    with own_settings(), TemporaryDirectory() as folder:
        from matplotlib.animation import PillowWriter

        path = Path(folder) / "film.gif"  # Pillow's writer needs the name of a file
        pictures = iter(pictures)
        first = next(pictures)
        figure, axes = new_figure(4.4, 4.6)
        figure.set_layout_engine(None)  # the axes stay where they are
        if first["kind"] == "images":
            _fit(figure, _tiled(first))
        else:
            figure.subplots_adjust(0.1, 0.07, 0.98, 0.93)
        writer = PillowWriter(fps=pictures_per_second)
        with writer.saving(figure, path, dpi=100):
            for picture in chain([first], pictures):
                axes.clear()
                _DRAW[picture["kind"]](axes, picture)
                axes.set_title(picture["title"], fontsize=10)
                writer.grab_frame()
        return path.read_bytes()


def _plane(axes, picture):
    from matplotlib.colors import LinearSegmentedColormap

    edge, D = picture["edge"], picture["D"]
    whole, axis = (-edge, edge, -edge, edge), numpy.linspace(-edge, edge, len(D))
    colours = LinearSegmentedColormap.from_list("verdict", [ORANGE, "white", BLUE])
    how = {"vmin": 0, "vmax": 1, "alpha": 0.55, "interpolation": "bilinear"}
    axes.imshow(D, colours, extent=whole, origin="lower", **how)
    if D.min() < 0.5 < D.max():
        axes.contour(axis, axis, D, [0.5], colors=BLACK, linewidths=1)
    axes.scatter(*picture["data"].T, s=3, color=BLACK, linewidths=0)
    axes.scatter(*picture["cloud"].T, s=5, color=GREEN, linewidths=0)
    if "push" in picture:
        at, push = picture["taught"][:_ARROWS], picture["push"][:_ARROWS]
        length = numpy.linalg.norm(push, axis=1, keepdims=True)
        # As on the live page, the length of an arrow grows with the root of the gradient's.
        arrows = 0.2 * edge * push / numpy.sqrt(numpy.maximum(length * length.max(), 1e-30))
        where = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.004}
        axes.quiver(*at.T, *arrows.T, color=GREEN, **where)
    axes.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")


def _line(axes, picture):
    x = picture["axis"]
    axes.plot(x, picture["p_data"], color=BLACK, linestyle=":", label="p_data")
    axes.plot(x, picture["p_g"], color=GREEN, label="p_g")
    axes.plot(x, picture["D"], color=BLUE, linestyle="--", label="D")
    axes.plot(x, picture["best"], color=GREY, linewidth=1, label="D*")
    axes.set(xlim=(x[0], x[-1]), ylim=(0, 1.2))
    axes.legend(loc="upper right", frameon=False, fontsize=8, ncols=2)


def _images(axes, picture):
    axes.imshow(_tiled(picture), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()


def _tiled(picture):
    return tile(as_images(picture["samples"], picture["shape"]), 6)


def _fit(figure, image, edge=0.1, title=0.3):
    """Make the figure as high as the image needs; narrow margins and the title, in inches."""
    width = figure.get_figwidth()
    inner = (width - 2 * edge) * image.shape[0] / image.shape[1]
    height = inner + edge + title
    figure.set_figheight(height)
    figure.subplots_adjust(edge / width, edge / height, 1 - edge / width, 1 - title / height)


_DRAW = {"plane": _plane, "line": _line, "images": _images}
