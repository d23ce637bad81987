"""The paper's panels of samples: Figure 2 (nearest training examples) and Figure 3 (interpolation in z space)."""

import numpy

from ..data.dataset import as_float
from ..gan.sampling import generate
from .pictures import as_images, tile

_BLOCK = 2000  # training examples whose distances are held at a time


def nearest_training(samples, train):
    """For each sample the row of `train` with the least Euclidean distance: (n, d)."""
    best = numpy.full(len(samples), numpy.inf)
    index = numpy.zeros(len(samples), numpy.int64)
    for start in range(0, len(train), _BLOCK):
        block = as_float(train[start : start + _BLOCK])
        distance = numpy.einsum("ij,ij->i", block, block) - 2 * samples @ block.T  # ‖sample‖² is the same for all
        nearest = distance.argmin(1)
        value = distance[numpy.arange(len(samples)), nearest]
        closer = value < best
        best[closer], index[closer] = value[closer], nearest[closer] + start
    return as_float(train[index])


def figure2(samples, train, image_shape, columns=6):
    """Rows of `columns` − 1 samples, and in the rightmost column the training example nearest to the sample beside it."""
    images = as_images(samples, image_shape)
    beside = as_images(nearest_training(samples[columns - 2 :: columns - 1], train), image_shape)
    lines = [numpy.concatenate([images[i * (columns - 1) : (i + 1) * (columns - 1)], beside[i : i + 1]]) for i in range(len(beside))]
    return tile(numpy.concatenate(lines), columns)


def figure3(G, ends, image_shape, steps=11):
    """Each row G(z) for `steps` points z on the straight line between two rows of `ends` (2, lines, n_z)."""
    share = G.xp.linspace(0, 1, steps, dtype=G.dtype)[None, :, None]
    z = ends[0][:, None] * (1 - share) + ends[1][:, None] * share
    samples = generate(G, z.reshape(-1, G.n_in))
    return tile(as_images(samples, image_shape), steps)
