"""The column of labels in a table of pixels whose columns have no names."""

import math

import numpy

from ..errors import NumpyganError

_SOME = 200  # rows that are looked at
_MOST_CLASSES = 1000
_FEW_CLASSES = 62  # digits and letters
_ODD = 4  # two columns of pixels beside each other are hardly ever as unlike as this


def unnamed_labels(path, rows, width):
    """{0} or {width − 1} if this column holds labels and the others a square image, else {}.

    Tables of MNIST look like this. A corner of the image can look like labels, too, but it is like
    the pixels beside it.

    rows  some rows of the table (`some_of`), (n, width) float64; None if cells are not numbers
    Raises NumpyganError if each end can be the labels.
    """
    side = math.isqrt(width - 1)
    if side < 8 or side * side != width - 1:
        return set()
    if rows is None or not _are_pixels(rows[:, 1:-1]):
        return set()
    last = width - 1
    beside = {0: (1, side), last: (last - 1, last - side)}
    able = {i for i in beside if _can_be_labels(rows[:, i], _MOST_CLASSES)}
    few = {i for i in able if _can_be_labels(rows[:, i], _FEW_CLASSES)}
    if not few or len(able) == 1:
        return few
    constant = {i for i in range(width) if not numpy.ptp(rows[:, i])}
    odd = _odd(rows, able, beside)
    if not odd:  # labels can be like one pixel beside them by chance, but not like a black one
        odd = _odd(rows, able, {i: constant.intersection(beside[i]) for i in able})
    if len(odd) > 1:  # a corner is black in many data sets
        odd = {i for i in odd if rows[:, i].any()}
    if len(odd) > 1 and not odd & constant:  # a constant column can be labels of one class
        odd &= few
    if len(odd) == 1 and odd <= few:
        return odd
    raise NumpyganError(
        f"{path}: has {width} columns without names, the pixels of an image {side} × {side} and "
        f"one more, which can be column 1 or column {width}; say which one holds the labels with "
        f"--drop 1 or --drop {width}, or that neither does with --drop none."
    )


def some_of(n):
    """The numbers of the rows that are looked at, of `n` rows, in random order.

    Each k-th row could be of one class.
    """
    return numpy.random.default_rng(0).permutation(n)[:_SOME]


def _are_pixels(rows):
    return rows.min() >= 0 and rows.max() <= 255


def _can_be_labels(cells, classes):
    whole = numpy.array_equal(cells, numpy.rint(cells))
    return whole and cells.min() >= -1 and cells.max() < classes


def _odd(rows, columns, beside):
    """Those of `columns` that are unlike each of the pixels `beside` them, if there are any."""
    unlike = {i: [_unlike(rows[:, i], rows[:, j]) for j in beside[i]] for i in columns}
    return {i for i in columns if min(unlike[i], default=0) > _ODD}


def _unlike(one, other):
    """How much the values of two columns differ, in units of the difference that is chance."""
    difference = numpy.abs(numpy.sort(one) - numpy.sort(other)).mean()
    chance = math.sqrt((one.var() + other.var()) / len(one))
    return difference / chance if chance else math.inf if difference else 0
