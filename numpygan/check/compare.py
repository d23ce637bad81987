"""Compare one tensor of an analytic gradient with a numerical derivative."""

import warnings
from dataclasses import replace

import numpy

from ..arrays import normal
from ..errors import NumpyganError
from . import oracles
from .derivative import picked
from .verdicts import OK, UNINFORMATIVE, WRONG, judge

# A tensor of at most 400 entries is checked entry by entry. A larger one is checked at 40 entries
# (the largest and random ones) and along 4 random directions.
_ALL_ENTRIES = 400
_SOME_ENTRIES, _DIRECTIONS = 40, 4
COMPLEX_TOLERANCE = 1e-13  # of max |g|


def compare(place, name, g, f, point, stream, oracle, rows, upstream=0.0):
    """The Check of the analytic gradient g of f at `point`, a real array of any shape.

    upstream  the largest |gy|. A saturated layer has a slope that is all rounding, 1 − y² for
              example. If the error is within 16 ε of |gy|, the verdict is "uninformative".
    """
    derivative = oracles.complex_step if oracle == "complex" else oracles.five_point
    flat, base = g.reshape(-1), point.reshape(-1)
    entries = picked(flat, _ALL_ENTRIES, _SOME_ENTRIES, stream)
    directions = [numpy.eye(1, flat.size, entry)[0] for entry in entries]
    if flat.size > _ALL_ENTRIES:
        drawn = [normal(flat.size, stream) for _ in range(_DIRECTIONS)]
        directions += [direction / numpy.linalg.norm(direction) for direction in drawn]
    with warnings.catch_warnings():
        warnings.simplefilter("error", numpy.exceptions.ComplexWarning)
        try:
            numeric = numpy.array([derivative(f, base, direction) for direction in directions])
        except (TypeError, numpy.exceptions.ComplexWarning) as error:
            raise NumpyganError(
                f"{place}: forward doesn't work on complex numbers ({error}); check it with "
                f"oracle='five-point'; an array of memory() that keeps values of x needs the kind "
                f'"value".'
            ) from None
    with numpy.errstate(invalid="ignore"):
        along = [direction @ flat for direction in directions[len(entries) :]]
    analytic = numpy.concatenate([flat[entries], along])
    largest = max(
        numpy.abs(values[numpy.isfinite(values)]).max(initial=0.0) for values in (flat, numeric)
    )
    floor, tolerance = 1e-270, COMPLEX_TOLERANCE
    if oracle == "five-point":
        epsilon, h = numpy.finfo("float64").eps, oracles.FIVE_POINT_STEP
        noise = 1000 * epsilon * abs(float(f(base))) / h
        floor = 1000 * noise  # below it the tolerance would be more than 1/1000
        tolerance = noise / max(largest, 1e-300) + 1000 * h**4
    indices = [tuple(int(i) for i in numpy.unravel_index(entry, g.shape)) for entry in entries]
    indices += [None] * (len(directions) - len(indices))
    check = judge(
        place,
        name,
        analytic,
        numeric,
        shape=g.shape,
        indices=indices,
        largest=largest,
        floor=floor,
        tolerance=tolerance,
        rows=rows,
    )
    all_rounding = check.error * largest <= 16 * numpy.finfo("float64").eps * upstream
    if check.verdict == WRONG and all_rounding:
        hint = (
            "saturated: the gradient is so small beside the upstream one that rounding hides "
            "mistakes; use smaller inputs"
        )
        return replace(check, verdict=UNINFORMATIVE, hint=hint)
    if check.verdict == WRONG and oracle == "five-point":
        fine, off = _finer(f, base, directions, numeric, noise)
        gap = numpy.abs(analytic - fine)
        if (gap <= off).all() and off.max() <= 1e-3 * largest:
            worst, tolerance = float(gap.max() / largest), float(off.max() / largest)
            return replace(check, verdict=OK, error=worst, tolerance=tolerance, hint="")
    if (
        check.verdict == WRONG
        and oracle == "five-point"
        and _unsure(f, base, directions, analytic - numeric, 10 * tolerance * largest)
    ):
        hint = (
            "f changes too fast here for differences in float64; use other inputs or "
            "oracle='complex'"
        )
        return replace(check, verdict=UNINFORMATIVE, hint=hint)
    return check


def _finer(f, base, directions, coarse, noise):
    """Differences with a quarter of the step, and bounds of their errors.

    The truncation error, h⁴ times a fifth derivative, falls to 1/256. A sixteenth of the change is
    a bound even where f bends so much that h is not small.
    """
    h = oracles.FIVE_POINT_STEP / 4
    fine = numpy.array([oracles.five_point(f, base, direction, h) for direction in directions])
    return fine, 4 * noise + numpy.abs(coarse - fine) / 16


def _unsure(f, base, directions, gaps, noise):
    """Whether the five-point difference with the largest error changes with its step."""
    k = int(numpy.nan_to_num(numpy.abs(gaps), nan=numpy.inf).argmax())
    coarse, fine = (
        oracles.five_point(f, base, directions[k], h)
        for h in (oracles.FIVE_POINT_STEP, oracles.FIVE_POINT_STEP / 4)
    )
    if not numpy.isfinite([coarse, fine]).all():
        return bool(numpy.isfinite(f(base)))
    return bool(abs(coarse - fine) > max(noise, 1e-4 * abs(coarse), 1e-4 * abs(fine)))


def second_opinion(check, g, f, point, stream, size):
    """Compare the complex step's verdict with a coarse central difference in float64.

    A forward that drops an imaginary part (abs, norm, var, .real) has a wrong complex step. A
    backward with the same mistake would agree with it. The central difference then gives WRONG. If
    only the complex step differs, a hint says so.
    """
    direction, h = normal(g.size, stream), 1e-7
    analytic = float(direction @ g.reshape(-1))
    numeric = oracles.central(f, point.reshape(-1), direction, h)
    rounding = 100 * numpy.finfo("float64").eps * size / h
    agree = abs(analytic - numeric) <= 1e-4 * numpy.linalg.norm(g) + rounding
    if check.passed and not agree:
        closer = oracles.central(f, point.reshape(-1), direction, h / 4)
        if not abs(closer - numeric) <= 0.1 * abs(analytic - numeric):
            return check  # the difference depends on its step, so it decides nothing
        hint = (
            "the complex step agrees, forward in float64 does not: does it drop the imaginary "
            "part (abs, norm, .real)?"
        )
        return replace(
            check, verdict=WRONG, index=None, analytic=analytic, numeric=numeric, hint=hint
        )
    if check.verdict == WRONG and check.error > 0.01 and agree:
        hint = (
            "a central difference in float64 agrees with backward: if forward drops the "
            "imaginary part (abs, norm, .real), "
        )
        return replace(check, hint=hint + "use oracle='five-point'")
    return check
