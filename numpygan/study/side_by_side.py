"""Samples of several models side by side."""

import numpy

from ..files import write_whole
from .pictures import as_images, new_figure, tile

_ACROSS = 8  # images in a row of each panel


def save_side_by_side(path, named, image_shape, rows=8):
    """Write a .png with a panel for each of `named`, {title: samples (N, d)}: its first 8 × `rows` samples, not selected."""
    figure, all_axes = new_figure(2.6 * len(named), 2.6 * rows / _ACROSS + 0.3, len(named))
    for axes, (title, samples) in zip(numpy.atleast_1d(all_axes), named.items()):
        picture = tile(as_images(samples[: rows * _ACROSS], image_shape), _ACROSS)
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="lanczos")
        axes.set_title(title)
        axes.set_axis_off()
    write_whole(path, lambda file: figure.savefig(file, format="png", dpi=150))
