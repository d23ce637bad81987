"""Which numerical derivative suits a function: the complex step, or differences."""

import numpy

from . import imaginary
from .derivative import STEPS
from .oracles import complex_step, five_point
from .problem import Refused, Skipped, scalar_of


def oracle_at(problem, values, i, gys, lines):
    """ "complex" if it works here and agrees with float64, else "five-point"; sets `reason`."""
    if problem.oracle is not None or problem.reason:
        return problem.oracle or "five-point"
    f = scalar_of(problem, values, i, gys, "complex128")
    for line in reversed(lines):  # the random ones first; one line may miss the kink of another
        try:
            there = complex_step(f, line.point, line.direction)
        except Refused as refused:
            error = refused.__cause__
            problem.reason = (
                f"forward does not take complex numbers: {type(error).__name__}: {error}"
                f"{imaginary.where(error)}"
            )
            return "five-point"
        (real, off), sure = line.five_point(), True
        if off > 1e-3 * max(abs(real), abs(there)):  # they may reach over a kink
            (real, off), sure = line.shorter(), False
        if off > 1e-3 * max(abs(real), abs(there)) or not numpy.isfinite(real):
            return "complex"  # differences decide nothing here
        if abs(there - real) <= 10 * off + 1e-6 * abs(real) or not line.direction.any():
            return "complex"
        if not line.at_a_kink(0.0):
            break
    else:
        return "complex"
    complex_inputs = [v * (1 + 1e-3j) if j in problem.free else v for j, v in enumerate(values)]
    named = imaginary.dropped(problem.outputs, complex_inputs)
    if not named and not (
        sure and _stays_in_long_double(problem, values, i, gys, line, there - real)
    ):
        return "complex"
    problem.reason = "forward drops the imaginary part" + (
        f" in {', '.join(named)}" if named else "; where is not known"
    )
    return "five-point"


def _stays_in_long_double(problem, values, i, gys, line, gap):
    """Whether the complex step is as far from differences there: else rounding made the gap.

    Rounding may make a staircase of the function, whose differences are wrong.
    """
    long = numpy.longdouble
    values = problem.cast(values, long)
    point, direction = line.point.astype(long), line.direction.astype(long)
    try:
        exact = complex_step(
            scalar_of(problem, values, i, gys, numpy.clongdouble), point, direction
        )
        f = scalar_of(problem, values, i, gys, long)
        found = [five_point(f, point, direction, h) for h in STEPS]
    except Skipped:  # the code does not take long double
        return True
    return all(abs(exact - one) > 0.02 * abs(gap) for one in found)
