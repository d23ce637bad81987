"""Derivatives of a scalar function along a line, each with a bound of its error."""

from dataclasses import dataclass

import numpy

from ..arrays import normal
from . import oracles

EPSILON = numpy.finfo("float64").eps
STEPS = (1e-2, 2e-3, 4e-4)  # of five-point differences; all are tried
SHORT_STEPS = (1e-5, 1e-6, 1e-7)


@dataclass(frozen=True)
class Line:
    """f along a line, f(point + h·direction); `size` bounds the terms of |f|."""

    f: object
    point: numpy.ndarray
    direction: numpy.ndarray
    size: float

    def five_point(self):
        """Return (derivative, bound of its error), from the two steps that agree best."""
        return self._best(oracles.five_point, STEPS)

    def shorter(self):
        """Return (derivative, bound of its error), from central differences with short steps.

        Short steps cross fewer kinks. If the difference is 0, the change of f may be smaller than
        its rounding, so the bound is infinite.
        """
        value, error = self._best(oracles.central, SHORT_STEPS)
        return value, error + sum(map(self.bend, SHORT_STEPS[1:])) if value else float("inf")

    def difference(self):
        """`five_point` if its bound is at most 1e−3 |derivative|.

        Else the one of `five_point` and `shorter` that has the smaller bound.
        """
        value, error = self.five_point()
        if error <= 1e-3 * abs(value):
            return value, error
        return min((value, error), self.shorter(), key=lambda found: found[1])

    def _best(self, difference, steps):
        found = [difference(self.f, self.point, self.direction, h) for h in steps]
        noise = [8 * EPSILON * self.size / h for h in steps]
        best = None
        for coarse, fine, rounding in zip(found, found[1:], noise[1:]):
            error = 4 * abs(coarse - fine) + rounding
            if numpy.isfinite(error) and (best is None or error < best[1]):
                best = fine, float(error)
        return best or (float("nan"), float("inf"))

    def spread(self):
        """How much the five-point differences of several steps differ, beyond rounding.

        Near a kink the difference depends on its step, so it can't be the reference.
        """
        found = [oracles.five_point(self.f, self.point, self.direction, h) for h in STEPS]
        rounding = 16 * EPSILON * self.size / min(STEPS)
        return max(0.0, float(numpy.ptp(found)) - rounding)

    def bend(self, h):
        """|f(p + hu) − 2 f(p) + f(p − hu)|/h: goes to 0 with h where f is smooth, not at a kink."""
        ahead = self.f(self.point + h * self.direction)
        behind = self.f(self.point - h * self.direction)
        return abs(ahead - 2 * self.f(self.point) + behind) / h

    def at_a_kink(self, gap, near=True):
        """Whether the slope jumps here, by an amount that could explain a `gap` between two slopes.

        Two steps, the second a sixteenth of the first: a jump stays, curvature falls to 1/16.
        near   whether a jump counts that lies within the steps of differences. If not, more steps
               tell it from a bend that is narrow beside the numbers, at 10⁶ + 1 for example
        """
        h, long = 1e-4, self.bend(1e-4)
        for closer in range(1 if near else 4):
            h /= 16
            short, noise = self.bend(h), 64 * EPSILON * self.size / h
            if closer and 0.4 * long <= noise:  # rounding hides whether the jump stays
                return True
            if not (short > noise and short > 0.4 * long and short > 0.1 * gap):
                return False
            long = short
        return True


def scales(point):
    """The natural step length of each entry: its size, but not much less than the others' sizes."""
    size = numpy.abs(point)
    typical = size.mean() if size.size else 0.0
    return numpy.maximum(size, 0.1 * typical) if typical else numpy.ones_like(size)


def picked(flat, most, some, stream):
    """The numbers of the entries to compare.

    most   up to this many entries, all are compared
    some   of a longer tensor, this many: the largest, and others at random
    """
    if flat.size <= most:
        return numpy.arange(flat.size)
    entries = stream.permutation(flat.size)[:some]
    entries[0] = numpy.abs(flat).argmax()
    return entries


def random_direction(point, stream):
    return normal(point.size, stream) * scales(point)


def allowed(dtype, terms, largest, sensitivity):
    """The absolute error that rounding may cause in a gradient computed in `dtype`.

    ε (16 + 4 √terms) (largest + 4 sensitivity): a sum of n rounded terms is off by about √n ε of
    them; `sensitivity` is how much the gradient changes when all inputs change by a relative 1,
    so rounding the inputs alone changes it by ε times this.
    """
    epsilon = numpy.finfo(dtype).eps
    return float(epsilon * (16 + 4 * numpy.sqrt(terms)) * (largest + 4 * sensitivity))
