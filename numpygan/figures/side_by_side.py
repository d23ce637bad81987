"""Samples of several models side by side."""

import numpy

from .pictures import as_images, tile
from .plot import saved_figure

_ACROSS = 8  # images in a row of each panel


def save_side_by_side(path, named, image_shape, limits, rows=8):
    """Write a .png with a panel for each of `named`, {title: samples (N, d)}.

    A panel shows the first 8 × `rows` samples, not selected.

    limits  the values (low, high) of black and white in all panels
    """
    size = 2.6 * len(named), 2.6 * rows / _ACROSS + 0.3
    with saved_figure(path, *size, len(named), dpi=150) as (_, all_axes):
        for axes, (title, samples) in zip(numpy.atleast_1d(all_axes), named.items()):
            picture = tile(as_images(samples[: rows * _ACROSS], image_shape, limits), _ACROSS)
            axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="lanczos")
            axes.set_title(title)
            axes.set_axis_off()
