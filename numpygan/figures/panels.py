"""The paper's panels of samples: Figure 2 (nearest training examples), Figure 3 (interpolation)."""

import numpy

from ..data.dataset import as_float
from ..gan.sampling import interpolate
from ..metrics.distances import nearest
from .pictures import as_images, tile


def nearest_training(samples, train):
    """For each sample the nearest row of `train` in Euclidean distance: (n, d)."""
    return as_float(train[nearest(samples, train)[1]])


def figure2(samples, train, image_shape, limits=(0.0, 1.0), columns=6):
    """Rows of up to `columns` − 1 samples and, on the right, the nearest training example.

    The training example is the nearest one to the sample on its left. Blanks fill the left of the
    last row.
    """
    across = min(columns - 1, len(samples))
    ends = numpy.arange(across - 1, len(samples) + across - 1, across)
    last = numpy.minimum(ends, len(samples) - 1)  # the last sample of each row
    images, beside = (
        as_images(rows, image_shape, limits)
        for rows in (samples, nearest_training(samples[last], train))
    )
    blank = numpy.ones((-len(samples) % across, *images.shape[1:]), images.dtype)
    full = len(samples) - len(samples) % across
    shape = images.shape[1:]
    images = numpy.concatenate([images[:full], blank, images[full:]])
    images = numpy.concatenate([images.reshape(-1, across, *shape), beside[:, None]], 1)
    return tile(images.reshape(-1, *shape), across + 1)


def figure3(G, ends, image_shape, limits=(0.0, 1.0), steps=11):
    """One row for each line: G(z) at `steps` points z on the straight line between its ends.

    ends  (2, lines, n_z): the first and the last z of each line
    """
    return tile(as_images(interpolate(G, ends, steps), image_shape, limits), steps)
