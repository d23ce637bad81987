"""The paper's panels of samples: Figure 2 (nearest training examples) and Figure 3 (interpolation
in z space).
"""

import numpy

from ..data.dataset import as_float
from ..gan.sampling import generate
from ..metrics.distances import nearest
from .pictures import as_images, tile


def nearest_training(samples, train):
    """For each sample the row of `train` with the least Euclidean distance: (n, d)."""
    return as_float(train[nearest(samples, train)[1]])


def figure2(samples, train, image_shape, limits=(0.0, 1.0), columns=6):
    """Rows of up to `columns` − 1 samples, and in the rightmost column the training example nearest
    to the sample beside it.

    Where the samples don't fill the last row, its left is blank.
    """
    across = min(columns - 1, len(samples))
    # Of each row
    last = numpy.minimum(
        numpy.arange(across - 1, len(samples) + across - 1, across), len(samples) - 1
    )
    images, beside = (
        as_images(rows, image_shape, limits)
        for rows in (samples, nearest_training(samples[last], train))
    )
    blank = numpy.ones((-len(samples) % across, *images.shape[1:]), images.dtype)
    full = len(samples) - len(samples) % across
    images = numpy.concatenate([images[:full], blank, images[full:]]).reshape(
        -1, across, *images.shape[1:]
    )
    return tile(
        numpy.concatenate([images, beside[:, None]], 1).reshape(-1, *images.shape[2:]), across + 1
    )


def figure3(G, ends, image_shape, limits=(0.0, 1.0), steps=11):
    """Each row G(z) for `steps` points z on the straight line between two rows of `ends` (2, lines,
    n_z).
    """
    share = G.xp.linspace(0, 1, steps, dtype=G.dtype)[None, :, None]
    z = ends[0][:, None] * (1 - share) + ends[1][:, None] * share
    samples = generate(G, z.reshape(-1, G.n_in))
    return tile(as_images(samples, image_shape, limits), steps)
