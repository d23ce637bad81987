"""Which numbers of a large array the study page shows exactly, and what it says about the rest."""

import numpy

from ..nn.layers import Maxout

UNITS = 24  # of a layer, so that a page stays small; the rest is in the statistics
# In a strip of pictures: the rows of the data, of what G made, the units whose weights are over the
# pixels
PIXELS = 8 * 28 * 28


def units(net, most=UNITS, image_shape=None):
    """For the input and each layer's output the columns that are shown: all, if there are at most
    `most`, else evenly spaced ones.

    An elementwise layer has the columns of its output, a Maxout all the pieces of its units; of
    images, a lattice in their middle.
    """
    columns = [_spread(net.n_out, most, image_shape)]
    for layer, n_in in zip(reversed(net.layers), reversed(net.widths[:-1])):
        after = columns[0]
        if layer.shapes():
            before = _spread(n_in, most, image_shape)
        elif isinstance(layer, Maxout):
            n_out = n_in // layer.pieces
            before = numpy.concatenate([p * n_out + after for p in range(layer.pieces)])
        else:
            before = after
        columns.insert(0, before)
    return columns


def _spread(n, most, image_shape):
    if n <= most:
        return numpy.arange(n)
    if image_shape and n == numpy.prod(image_shape):
        *planes, height, width = image_shape
        down, across = (
            numpy.linspace(height / 4, 3 * height / 4, 4),
            numpy.linspace(width / 4, 3 * width / 4, most // 4),
        )
        return (down.astype(int)[:, None] * width + across.astype(int)).reshape(-1)
    return numpy.linspace(0, n - 1, most).astype(int)


def describe(array):
    """min, mean, max, the norm (square root of the sum of squares) and the share of zeros, of the
    whole array.
    """
    array = array.astype("float64")
    return [
        float(array.min()),
        float(array.mean()),
        float(array.max()),
        float(numpy.linalg.norm(array)),
        float((array == 0).mean()),
    ]


def strip(pixels):
    """How many pictures of so many pixels are shown side by side."""
    return max(2, min(8, PIXELS // pixels))


def rows_as_images(m, halves, pixels):
    """The rows of a pass that are shown as pictures: the first of the data, then the first of what
    G made.
    """
    n = m // halves
    return numpy.concatenate(
        [numpy.arange(min(strip(pixels), n)) + half * n for half in range(halves)]
    )
