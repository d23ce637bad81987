"""Derivatives of arrays along a direction of all inputs: the complex step, or differences."""

import warnings

import numpy

from .derivative import EPSILON, SHORT_STEPS, STEPS
from .oracles import COMPLEX_STEP
from .problem import Skipped, code_of_the_user, copies_of

_FIVE_POINT = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
_CENTRAL = {-1: -0.5, 1: 0.5}


def along(values, vs, h, kind, function):
    """The results of `function` at values + h v, in numbers of this kind, as arrays.

    vs   a direction for each input to differentiate, by its number
    """
    new = copies_of(values)
    for i, v in vs.items():
        new[i] = numpy.asarray(values[i]).astype(kind) + h * v
    with warnings.catch_warnings(), code_of_the_user():
        warnings.simplefilter("error", numpy.exceptions.ComplexWarning)
        return [numpy.asarray(y) for y in function(new)]


def complex_step(values, vs, function, kind="complex128"):
    h = COMPLEX_STEP
    return [numpy.imag(y) / h for y in along(values, vs, 1j * h, kind, function)]


def derivative(values, vs, function, oracle=None):
    """("complex" or "five-point", the derivative of each result, bounds of its entries' errors)."""
    found, off = _differences(values, vs, function)
    if oracle != "five-point":
        try:
            exact = complex_step(values, vs, function)
        except Skipped:  # it does not take complex numbers
            return "five-point", found, off
        if all(_agree(*three) for three in zip(exact, found, off)):
            return "complex", exact, [numpy.zeros(e.shape) for e in exact]
    return "five-point", found, off


def _agree(exact, difference, off):
    largest = abs(difference).max(initial=0.0)
    near = abs(exact - difference) <= 10 * off + 1e-6 * abs(difference) + 1e-9 * largest
    return near[off <= 1e-3 * largest].all()


def _differences(values, vs, function):
    """From the steps that agree best, for each entry."""
    ys = along(values, vs, 0.0, "float64", function)
    best = [numpy.full(y.shape, numpy.nan) for y in ys]
    off = [numpy.full(y.shape, numpy.inf) for y in ys]
    for steps, weights in ((STEPS, _FIVE_POINT), (SHORT_STEPS, _CENTRAL)):
        found = []
        for h in steps:
            sides = [along(values, vs, k * h, "float64", function) for k in weights]
            if any(a.shape != y.shape for side in sides for a, y in zip(side, ys)):
                raise Skipped("the shape of the result changes")
            found.append(
                [sum(w * y for w, y in zip(weights.values(), part)) / h for part in zip(*sides)]
            )
        for coarse, fine, h in zip(found, found[1:], steps[1:]):
            for k, y in enumerate(ys):
                error = 4 * abs(coarse[k] - fine[k]) + 8 * EPSILON * abs(y).max(initial=0.0) / h
                better = error < off[k]
                best[k] = numpy.where(better, fine[k], best[k])
                off[k] = numpy.where(better, error, off[k])
    return best, off


def bends(values, vs, function):
    """Whether a result has a kink: then its second difference by h stays as large for small h."""

    def bend(h):
        sides = [along(values, vs, k * h, "float64", function) for k in (-1, 0, 1)]
        found = [abs(a - 2 * b + c) / h for a, b, c in zip(*sides)]
        if not all(numpy.isfinite(b).all() for b in found):
            raise Skipped("values that are not finite")
        noise = [64 * EPSILON * abs(b).max(initial=0.0) / h for b in sides[1]]
        return found, noise

    (long, _), (short, noise) = bend(1e-4), bend(1e-4 / 16)
    return any(((s > n) & (s > 0.4 * b)).any() for b, s, n in zip(long, short, noise))
