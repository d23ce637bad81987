"""Squared Euclidean distances between the rows of two arrays, a block at a time.

All measures that compare samples use them.
"""

import numpy

from ..data.dataset import as_float
from ..ranks import ALONE

_CELLS = 2_500_000  # distances held at a time: 20 MB


def blocks(x, y, ranks=ALONE):
    """Yield (rows, d²) with d²[i, j] = ‖x_rows[i] − y_j‖² (rows, m), for slices of the rows of x.

    x is (n, d), y is (m, d); uint8 values 0..255 stand for [0, 1]. The distances are computed as
    ‖x‖² + ‖y‖² − 2 x·y in float64, so cancellation costs 1e−13 of the largest square. The caller
    may write to a block; the next block overwrites it. Each of the `ranks` gets a part of the
    blocks.
    """
    height = max(1, _CELLS // len(y))
    transposed = numpy.ascontiguousarray(as_float(y, "float64").T)
    squares = numpy.einsum("ij,ij->j", transposed, transposed)
    memory = numpy.empty((min(height, len(x)), len(y)))
    for start in ranks.each(range(0, len(x), height)):
        part = as_float(x[start : start + height], "float64")
        block = memory[: len(part)]
        numpy.matmul(part, transposed, out=block)  # (rows, d)·(d, m) -> (rows, m)
        block *= -2
        block += squares
        block += numpy.einsum("ij,ij->i", part, part)[:, None]
        numpy.maximum(block, 0, out=block)
        yield slice(start, start + len(part)), block


def nearest(x, y):
    """For each row of x (n, d) the nearest row of y: the squared distance (n,) and the index (n,).

    y (m, d) may be a large array of uint8: only x is converted to float as a whole.
    """
    distance, index = numpy.full(len(x), numpy.inf), numpy.zeros(len(x), "int64")
    for rows, block in blocks(y, x):
        best = block.argmin(0)
        value = numpy.take_along_axis(block, best[None], 0)[0]
        closer = value < distance
        distance[closer], index[closer] = value[closer], best[closer] + rows.start
    return distance, index
