"""Which entries of a large array the study page shows, and the statistics of the others."""

import numpy

from ..nn.layers import Maxout

UNITS = 24  # most units of a layer that are shown, so that the page stays small
PIXELS = 8 * 28 * 28  # in a strip of pictures


def units(net, most=UNITS, image_shape=None):
    """The columns that are shown of the input and of each layer's output, at most `most` of each.

    If there are more, they are evenly spaced; for images they are a lattice in the middle. An
    elementwise layer shows the columns of its output, a Maxout layer all pieces of its units.
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
        *_, height, width = image_shape
        down = numpy.linspace(height / 4, 3 * height / 4, 4)
        across = numpy.linspace(width / 4, 3 * width / 4, most // 4)
        return (down.astype(int)[:, None] * width + across.astype(int)).reshape(-1)
    return numpy.linspace(0, n - 1, most).astype(int)


def describe(array):
    """Minimum, mean, maximum, Euclidean norm, and share of zeros of the whole array."""
    array = array.astype("float64")
    return [
        float(array.min()),
        float(array.mean()),
        float(array.max()),
        float(numpy.linalg.norm(array)),
        float((array == 0).mean()),
    ]


def strip(pixels):
    """The number of pictures, each of this many pixels, in a strip."""
    return max(2, min(8, PIXELS // pixels))


def rows_as_images(m, halves, pixels):
    """The rows of a pass that are shown as pictures: the first ones of each half.

    If a pass has two halves, the first half are data and the second are generated.
    """
    n = m // halves
    first = numpy.arange(min(strip(pixels), n))
    return numpy.concatenate([first + half * n for half in range(halves)])
