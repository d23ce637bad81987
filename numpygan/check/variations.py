"""Unusual inputs and unusual memory at which a layer is checked."""

from dataclasses import dataclass

import numpy

from ..arrays import normal, uniform

CALLS = 1100  # of one layer, before it is checked again


@dataclass(frozen=True)
class Variation:
    """One way to call a layer; `x(shape, stream)` makes the input.

    rows     of the input
    before   calls of forward and backward on the same tape
    slice    whether the rows are a part of a longer tape
    spread   whether x and gy are not contiguous
    gy       factor of the upstream gradient
    """

    label: str
    rows: int
    x: object
    before: int = 0
    slice: bool = False
    spread: bool = False
    gy: float = 1.0


def _sizes(shape, stream):
    powers = uniform(shape, -8, 2, stream)
    return normal(shape, stream) * 10**powers


def _zeros(shape, stream):
    return normal(shape, stream) * (normal(shape, stream) > 0)


def _ties(shape, stream):
    return numpy.round(normal(shape, stream))


def _large(shape, stream):
    return 8 * normal(shape, stream)


SIZES = Variation("inputs of many sizes", 13, _sizes)
OURS = (  # for numpygan's own layers
    Variation("huge inputs", 13, lambda shape, stream: 1e6 * normal(shape, stream)),
    Variation("1,100 rows", 1100, normal),  # more than any recipe's minibatch
)
VARIATIONS = (
    Variation("one row", 1, normal),
    Variation("two rows", 2, normal),
    Variation("13 rows", 13, normal),
    Variation("300 rows", 300, normal),
    Variation("large inputs", 13, _large),
    SIZES,
    Variation("negative inputs", 13, lambda shape, stream: -abs(_large(shape, stream))),
    Variation("zeros", 13, _zeros),
    Variation("ties", 13, _ties),
    Variation("a tape used before", 13, normal, before=1),
    Variation("a slice of a tape", 7, normal, slice=True),
    Variation("x and gy not contiguous", 13, normal, spread=True),
    Variation("a large gy", 13, normal, gy=1e6),
    Variation("a small gy", 13, normal, gy=1e-12),
    Variation(f"call {CALLS}", 3, normal, before=CALLS),
)
