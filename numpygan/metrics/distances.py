"""Squared Euclidean distances between the rows of two arrays, a block at a time: what every measure
on samples starts from.
"""

import numpy

from ..data.dataset import as_float
from ..ranks import ALONE

_CELLS = 2_500_000  # distances held at a time: 20 MB


def blocks(x, y, ranks=ALONE):
    """Yield (rows, d²) with d²[i, j] = ‖x_rows[i] − y_j‖² (rows, m), slice by slice of the rows of
    x (n, d), for y (m, d).

    Taken as ‖x‖² + ‖y‖² − 2 x·y in float64, where cancellation costs 1e−13 of the largest square.
    Of uint8 rows 0..255 stands for [0, 1]. The block is overwritten by the next one and may be
    written to. The blocks are shared out over `ranks`.
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
    """For each row of x (n, d) the squared distance to the nearest row of y (m, d), and that row's
    number: (n,), (n,).

    Only x is ever held as floats; y may be a large array of bytes.
    """
    distance, index = numpy.full(len(x), numpy.inf), numpy.zeros(len(x), "int64")
    for rows, block in blocks(y, x):
        best = block.argmin(0)
        value = numpy.take_along_axis(block, best[None], 0)[0]
        closer = value < distance
        distance[closer], index[closer] = value[closer], best[closer] + rows.start
    return distance, index
