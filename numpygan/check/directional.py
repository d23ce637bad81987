"""Derivatives of arrays along a direction of all inputs: the complex step, or differences."""

import warnings

import numpy

from .derivative import EPSILON, SHORT_STEPS, STEPS
from .imaginary import dropped
from .oracles import COMPLEX_STEP
from .problem import Skipped, code_of_the_user, copies_of

_LONG = STEPS, {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
_SHORT = SHORT_STEPS, {-1: -0.5, 1: 0.5}


def along(values, vs, h, kind, function):
    """The results of `function` at values + h v, in numbers of this kind, as arrays.

    vs   a direction for each input to differentiate, by its number
    """
    new = copies_of(values)
    for i, v in vs.items():
        new[i] = numpy.asarray(values[i]).astype(kind) + h * v
    with warnings.catch_warnings(), code_of_the_user():
        warnings.simplefilter("error", numpy.exceptions.ComplexWarning)
        return [numpy.array(y) for y in function(new)]  # copies: it may use one buffer each time


def complex_step(values, vs, function, kind="complex128"):
    h = COMPLEX_STEP
    return [numpy.imag(y) / h for y in along(values, vs, 1j * h, kind, function)]


def derivative(values, vs, function, oracle=None):
    """("complex" or "five-point", the derivative of each result, bounds of its entries' errors).

    oracle   what is known of the function. "complex": the complex step has suited it at other
             inputs. Differences that disagree then prove nothing, as rounding may make a staircase
             of the function, unless an imaginary part is seen to be dropped
    """
    given = values, vs, function
    long, short = _differences(*given, *_LONG), _differences(*given, *_SHORT)
    if oracle != "five-point":
        try:
            exact = complex_step(values, vs, function)
        except Skipped:  # it does not take complex numbers
            return "five-point", *_better(long, short)
        suits = oracle == "complex" or _agree(exact, *long) or _suits_in_long_double(*given)
        both = _agree(exact, *long) and _agree(exact, *short)
        if suits and (both or not _drops(*given)):
            return "complex", exact, [numpy.zeros(e.shape) for e in exact]
    return "five-point", *_better(long, short)


def _agree(exact, differences, off):
    """Whether the complex step agrees with differences wherever these are accurate."""
    for e, d, error in zip(exact, differences, off):
        # Where the derivative is 0, a wrong complex step is the larger one.
        largest = max(abs(a[numpy.isfinite(a)]).max(initial=0.0) for a in (e, d))
        near = abs(e - d) <= 10 * error + 1e-6 * abs(d) + 1e-9 * largest
        if not near[error <= 1e-3 * largest].all():
            return False
    return True


def _drops(values, vs, function):
    """Whether an imaginary part is seen to be dropped."""
    inputs = [v * (1 + 1e-3j) if i in vs else v for i, v in enumerate(copies_of(values))]
    return bool(dropped(function, inputs))


def _suits_in_long_double(values, vs, function):
    """Whether the complex step agrees with differences there, where rounding does less."""
    try:
        exact = complex_step(values, vs, function, numpy.clongdouble)
        return _agree(exact, *_differences(values, vs, function, *_LONG, numpy.longdouble))
    except Skipped:  # the code does not take long double
        return False


def _better(first, second):
    """For each entry the difference with the smaller bound, and this bound."""
    best = [numpy.where(b < a, y, x) for x, a, y, b in zip(*first, *second)]
    return best, [numpy.fmin(a, b) for a, b in zip(first[1], second[1])]


def _differences(values, vs, function, steps, weights, kind="float64"):
    """The differences of the two steps that agree best, for each entry, and bounds of errors."""
    ys = along(values, vs, 0.0, kind, function)
    best = [numpy.full(y.shape, numpy.nan) for y in ys]
    off = [numpy.full(y.shape, numpy.inf) for y in ys]
    found = []
    for h in steps:
        sides = [along(values, vs, k * h, kind, function) for k in weights]
        if any(a.shape != y.shape for side in sides for a, y in zip(side, ys)):
            raise Skipped("the shape of the result changes")
        found.append(
            [sum(w * y for w, y in zip(weights.values(), part)) / h for part in zip(*sides)]
        )
    for coarse, fine, h in zip(found, found[1:], steps[1:]):
        for k, y in enumerate(ys):
            rounding = 8 * numpy.finfo(kind).eps * abs(y).max(initial=0.0) / h
            error = 4 * abs(coarse[k] - fine[k]) + rounding
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
