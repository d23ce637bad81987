"""Distances for MMD, 1-NN, precision, recall, density and coverage, in one pass per pair.

Distances are squared. Points are rows. A point is not its own neighbour.
"""

from dataclasses import dataclass

import numpy

from ..errors import NumpyganError
from .distances import blocks


@dataclass(frozen=True)
class Within:
    """Each of n points x_i compared with the others of its sample; arrays (n,).

    nearest, index  the squared distance to the nearest point, and its index
    radius          the squared distance to the k-th nearest point
    kernel          Σ_{j≠i} exp(−‖x_i − x_j‖²/2σ²)
    """

    nearest: numpy.ndarray
    index: numpy.ndarray
    radius: numpy.ndarray
    kernel: numpy.ndarray


@dataclass(frozen=True)
class Side:
    """Each of n points x_i of one sample compared with all points y_j of the other; arrays (n,).

    nearest, index  the squared distance to the nearest point, and its index
    balls           the number of balls that hold x_i; the ball around y_j reaches to y_j's k-th
                    nearest neighbour
    kernel          Σ_j exp(−‖x_i − y_j‖²/2σ²)
    """

    nearest: numpy.ndarray
    index: numpy.ndarray
    balls: numpy.ndarray
    kernel: numpy.ndarray


@dataclass(frozen=True)
class Pair:
    """Two samples compared: x (n points, generated) and y (m points, real).

    x, y                  each sample within itself
    x_among_y, y_among_x  each sample compared with the other
    """

    x: Within
    y: Within
    x_among_y: Side
    y_among_x: Side


def within(x, k, sigma):
    """The sample x (n, d) within itself. Raises NumpyganError if n ≤ k."""
    n = len(x)
    if n <= k:
        raise NumpyganError(
            f"samples: {n} are too few for the {k} nearest neighbours of each; expected at least "
            f"{k + 1}."
        )
    found = Within(numpy.empty(n), numpy.empty(n, "int64"), numpy.empty(n), numpy.empty(n))
    for rows, block in blocks(x, x):
        i = numpy.arange(len(block))
        block[i, i + rows.start] = numpy.inf
        found.index[rows] = block.argmin(1)
        found.nearest[rows] = block[i, found.index[rows]]
        block.partition(k - 1, axis=1)  # the sum of the kernel does not depend on the order
        found.radius[rows] = block[:, k - 1]
        found.kernel[rows] = _kernel(block, sigma).sum(1)
    return found


def compare(x, y, within_x, within_y, sigma):
    """The Pair of x (n, d) and y (m, d); their Within are given."""
    n, m = len(x), len(y)
    of_x, of_y = (
        Side(numpy.full(size, numpy.inf), *numpy.zeros((2, size), "int64"), numpy.zeros(size))
        for size in (n, m)
    )
    for rows, block in blocks(x, y):
        i, j = numpy.arange(len(block)), numpy.arange(m)
        of_x.index[rows] = block.argmin(1)
        of_x.nearest[rows] = block[i, of_x.index[rows]]
        best = block.argmin(0)
        closer = block[best, j] < of_y.nearest
        of_y.nearest[closer], of_y.index[closer] = block[best, j][closer], best[closer] + rows.start
        of_x.balls[rows] = (block <= within_y.radius).sum(1)
        of_y.balls[:] += (block <= within_x.radius[rows, None]).sum(0)
        kernel = _kernel(block, sigma)
        of_x.kernel[rows] = kernel.sum(1)
        of_y.kernel[:] += kernel.sum(0)
    return Pair(within_x, within_y, of_x, of_y)


def _kernel(block, sigma):
    """exp(−d²/2σ²), in place."""
    block *= -0.5 / sigma**2
    return numpy.exp(block, out=block)
