"""The data that a page can choose: the toys, more shapes, MNIST, and what the pointer draws."""

from functools import cache

import numpy

from ..arrays import Stream, normal, uniform
from ..data.dataset import Dataset, load_dataset
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..recipes.builtin import RECIPES

ROWS = 8_000  # points of a shape or of a drawing
CELLS = 32  # cells of a drawing on each side
EDGE = 2.0  # a drawing covers (−2, 2)²


def _moons(stream, n):
    """Two half circles that reach into each other, with noise."""
    angle, noise = uniform(n, 0.0, numpy.pi, stream), normal((n, 2), stream)
    upper = numpy.arange(n) < n // 2
    x = numpy.where(upper, numpy.cos(angle), 1 - numpy.cos(angle)) - 0.5
    y = numpy.where(upper, numpy.sin(angle), 0.5 - numpy.sin(angle)) - 0.25
    return numpy.stack([x, y], 1) + 0.06 * noise


def _spiral(stream, n):
    """One arm of a spiral, with noise."""
    share, noise = uniform(n, 0.05, 1.0, stream), normal((n, 2), stream)
    angle = 3 * numpy.pi * share
    arm = numpy.stack([numpy.cos(angle), numpy.sin(angle)], 1)
    return 1.5 * share[:, None] * arm + 0.04 * noise


def _square(stream, n):
    """Uniform on a square."""
    return uniform((n, 2), -1.0, 1.0, stream)


def _bump(stream, n):
    """One wide Gaussian."""
    return 0.5 * normal((n, 2), stream)


SHAPES = {"moons": _moons, "spiral": _spiral, "square": _square, "bump": _bump}
NAMES = (*TOYS, *SHAPES, "drawn", "mnist")  # of recipe.data on a page


def dataset_of(name, drawing=None):
    """The Dataset called `name`; None for a toy, which is drawn afresh.

    drawing  of "drawn": CELLS² numbers ≥ 0, the density in each cell, row by row from the top
    Raises NumpyganError if a page can't choose it.
    """
    if name in TOYS:
        return None
    if name == "mnist":
        return _mnist()
    if name == "drawn":
        return _points(_draws_of(drawing))
    if name not in SHAPES:
        raise NumpyganError(f"data: a page has no {name!r}; expected {', '.join(NAMES)}.")
    return _shape(name)


@cache
def _mnist():
    return load_dataset(RECIPES["mnist"])


@cache
def _shape(name):
    return _points(SHAPES[name](Stream(1), ROWS))


def _points(rows):
    rows = rows.astype("float32")
    return Dataset(rows, rows[:0], rows[:0], None, None)


def _draws_of(drawing):
    """ROWS draws from the density of a drawing: a cell by its share, then uniform within it."""
    if drawing is None or len(drawing) != CELLS**2 or sum(drawing) <= 0:
        raise NumpyganError(
            "data: the drawing is empty; draw where the data should lie, then use it."
        )
    stream = Stream(1)
    share = numpy.cumsum(numpy.asarray(drawing, "float64"))
    u, within = uniform(ROWS, 0.0, share[-1], stream), uniform((ROWS, 2), 0.0, 1.0, stream)
    cell = numpy.minimum(numpy.searchsorted(share, u, side="right"), CELLS**2 - 1)
    x, y = cell % CELLS + within[:, 0], CELLS - 1 - cell // CELLS + within[:, 1]
    return (2 * EDGE / CELLS) * numpy.stack([x, y], 1) - EDGE
