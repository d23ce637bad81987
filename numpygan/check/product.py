"""A hand-written product of the user's with the Jacobian or the Hessian: how it is called."""

from dataclasses import dataclass, replace

import numpy

from ..arrays import uniform
from . import directional, imaginary
from .behaviour import same
from .derivative import EPSILON
from .problem import Problem, Refused, Skipped, code_of_the_user, copies_of
from .rounding import APART, LARGEST, LONGER, SAFETY, TRIES, ULPS, is_a_factor, vanishes_as_rounding
from .verdicts import WRONG, Check


@dataclass(frozen=True)
class Product:
    """A hand-written product, call(*vs, *inputs): the derivative of `function` along vs.

    parts   makes of what it returns a list, one for each of `names`
    known   {"oracle": the one that suited its function at the first inputs}
    """

    problem: Problem
    place: str
    call: object
    names: list
    function: object
    parts: object
    known: dict

    def at(self, vs, laid):
        """Its results, copied: it may return the same buffer each time."""
        inputs = self.problem.inputs(laid)
        found = self.parts(self.call(*_tangents(self.problem, vs, len(laid)), *inputs))
        return [numpy.array(one) for one in found]


def _tangents(problem, vs, count):
    """The directions as the product takes them: as its inputs are, in dicts for example."""
    parts = problem.inputs([vs.get(i) for i in range(count)])
    return [parts[top] for top in problem.tops]


def called(product, vs, laid):
    """Return (the product's results, None), or (None, a Check that says how it fails)."""
    problem = product.problem
    before, given = copies_of(laid), {i: v.copy() for i, v in vs.items()}
    with code_of_the_user():
        shapes = [numpy.shape(one) for one in product.function(copies_of(laid))]

    def wrong(hint):
        return None, Check(product.place, "result", WRONG, numpy.inf, 0.0, 0, 1, hint=hint)

    try:
        found = product.at(given, laid)
    except Exception as error:
        return wrong(
            f"it raises {type(error).__name__}: {error}{imaginary.where(error)}; it is "
            f"called with the directions, then the inputs"
        )
    got = [one.shape for one in found]
    if got != shapes:
        return wrong(f"it gives shapes {got}, expected {shapes}")
    for name, old, new in [
        *(("a direction", vs[i], given[i]) for i in vs),
        *((problem.names[i], before[i], laid[i]) for i in vs),
    ]:
        if not numpy.array_equal(old, new):
            return wrong(f"it changes {name} in place; work on a copy")
    if not same(found, product.at(given, laid)):
        return wrong(
            "it gives another result when it is called again: it keeps state or draws randomness"
        )
    return [one.astype("float64") for one in found], None


def is_rounding(product, k, gap, largest, point, vs, oracle):
    """Whether rounding explains every gap of result k that is not 0.

    It does if the results differ as much between inputs a few units in the last place apart, or if
    with longer numbers the gap all but vanishes. Raises Skipped if float32 is too short for the
    derivative, at inputs that are not given.
    """
    if not numpy.isfinite(gap).all():
        return False
    problem = product.problem

    def both(real, imag, change=0.0):
        """The result and the derivative, of inputs moved by at most this relative change."""
        values, directions = list(point.values), {i: v.astype(real) for i, v in vs.items()}
        for i in vs:
            near = uniform(values[i].shape, -change, change, problem.stream)
            values[i] = numpy.asarray(values[i]).astype(real) * (1 + near).astype(real)
        laid = replace(point, values=tuple(values)).laid()
        with code_of_the_user():
            found = product.at(directions, laid)[k]
        if oracle == "complex":
            exact = directional.complex_step(values, directions, product.function, imag)
        else:
            exact = directional.derivative(values, directions, product.function, oracle)[1]
        return numpy.array([found, exact[k]])

    def left(real, imag):
        """What is left of the gaps, in other numbers."""
        found, exact = both(real, imag)
        return abs(found - exact)[gap > 0]

    try:
        if problem.dtype == numpy.float32:
            if point.other and (left("float64", "complex128") <= gap.max() / LONGER).all():
                raise Skipped("rounding in float32 hides the derivative")
            return False
        # What differences lose is a part of the tolerance already.
        count = 2 if oracle == "complex" else 1
        first, seen = both("float64", "complex128"), numpy.zeros(gap.shape)
        for _ in range(TRIES):
            other = both("float64", "complex128", ULPS * EPSILON)
            seen = numpy.fmax(seen, abs(first - other)[:count].sum(0))
        if (gap <= SAFETY * seen).all():
            return True
        if oracle != "complex":
            return False
        in_long = left(numpy.longdouble, numpy.clongdouble)
        if not (in_long <= gap.max() / LONGER).all():
            return False
        if gap.max() > LARGEST * largest:  # these inputs are left out then
            return True
        tries = [both("float64", "complex128", APART) for _ in range(TRIES)]
        tries = [(found - exact)[gap > 0] for found, exact in tries]
        factor = gap.size > 2 and is_a_factor(*first)
        return vanishes_as_rounding(in_long, gap, tries, factor)
    except Refused:  # the code does not take such numbers
        return False
