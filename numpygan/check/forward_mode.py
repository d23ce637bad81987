"""Hand-written products with the Jacobian and with the Hessian, at all the points of `points`.

jvp(*vs, *inputs)    J v, one array for each output: against the complex step of the function, and
                     against backward by the dot-product test ⟨gy, J v⟩ = ⟨Jᵀ gy, v⟩
hvp(*vs, *inputs)    H v of a scalar function, one array for each input: against the complex step
                     of its hand-written gradient, which has been checked before
"""

from dataclasses import replace

import numpy

from ..arrays import normal, uniform
from ..errors import NumpyganError
from . import directional, imaginary
from .derivative import EPSILON, allowed, scales
from .points import moved, points
from .problem import Skipped, code_of_the_user, copies_of, random_gys
from .rounding import LONGER, SAFETY, TRIES, ULPS
from .verdicts import OK, UNINFORMATIVE, WRONG, Check, judge
from .vjp import worse

_NEARBY = 1e-5  # relative change of the inputs that shows how much rounding of them matters


def check_jvp(problem, values, jvp, domain, only_given=False):
    """The Checks of J v, one for each output, and of the dot-product test."""

    def at(point):
        place, vs = f"{problem.form.name}, jvp", _directions(problem, point.values)
        point = _off_a_kink(problem, point, vs, problem.outputs, domain)
        with code_of_the_user():
            ys = problem.outputs(point.laid())
        _finite(ys)
        found, bad = _call(place, jvp, vs, problem, point.laid(), [y.shape for y in ys])
        if bad:
            return [bad]
        names = [f"J v of output {k}" if len(ys) > 1 else "J v" for k in range(len(ys))]
        gys = random_gys(problem, ys)
        with code_of_the_user():
            gradients = problem.backward(point.laid())([gy[()] for gy in gys])
        checks = _judged(place, names, found, problem, point, vs, problem.outputs, jvp)
        checks = _turned_round(checks, place, jvp, vs, problem, point, names, problem.outputs)
        left = sum(float((gy * Jv).sum()) for gy, Jv in zip(gys, found))
        terms = [numpy.asarray(g) * vs[i] for g, i in zip(gradients, problem.free)]
        right = sum(float(term.sum()) for term in terms)
        size = sum(float(numpy.abs(term).sum()) for term in terms)
        size += sum(float(numpy.abs(gy * Jv).sum()) for gy, Jv in zip(gys, found))
        dots = judge(
            place,
            "⟨gy, J v⟩ = ⟨Jᵀ gy, v⟩",
            numpy.array([left]),
            numpy.array([right]),
            shape=(1,),
            indices=[None],
            largest=size,
            tolerance=allowed(problem.dtype, sum(t.size for t in terms), 1.0, 0.0),
        )
        for check in checks:  # what rounding explains there, it explains here
            dots = replace(dots, tolerance=max(dots.tolerance, check.tolerance))
        if dots.error <= dots.tolerance:
            dots = replace(dots, verdict=OK, hint="")
        return [*checks, dots]

    return _everywhere("jvp", problem, values, at, domain, only_given)


def check_hvp(problem, values, hvp, domain, only_given=False):
    """The Checks of H v, one for each input."""
    if not problem.form.scalar:
        ys = problem.outputs(list(values))
        if len(ys) > 1 or ys[0].ndim:
            raise NumpyganError(
                f"{problem.form.name}: hvp is checked for a function that returns one number, "
                f"got shape {ys[0].shape}; for other functions check backward like any function: "
                f"ng.gradcheck(backward, its_backward, gy, x)."
            )

    def gradient(new):
        return [numpy.asarray(g) for g in problem.backward(new)([1.0])]

    def at(point):
        place, vs = f"{problem.form.name}, hvp", _directions(problem, point.values)
        point = _off_a_kink(problem, point, vs, gradient, domain)
        with code_of_the_user():
            _finite(gradient(point.laid()))
        shapes = [numpy.shape(point.values[i]) for i in problem.free]
        found, bad = _call(place, hvp, vs, problem, point.laid(), shapes)
        if bad:
            return [bad]
        names = [f"H v, {problem.names[i]}" for i in problem.free]
        checks = _judged(place, names, found, problem, point, vs, gradient, hvp)
        return _turned_round(checks, place, hvp, vs, problem, point, names, gradient)

    return _everywhere("hvp", problem, values, at, domain, only_given)


def _everywhere(what, problem, values, at, domain, only_given):
    """The Checks of `at(point)` over all points; the first wrong one ends it."""
    total = []
    tried = points(values, problem.free, problem.stream, domain)
    for point in tried[:1] if only_given else tried:
        try:
            found = at(point)
        except Skipped:
            continue
        guess = point.rows and not point.rows.sure
        if guess and any(check.verdict == WRONG for check in found):
            continue  # which inputs have rows is not known
        total = [worse(a, b, point) for a, b in zip(total or [None] * len(found), found)]
        if any(check.verdict == WRONG for check in total):
            break
    if not total:
        hint = "no point could be compared"
        place = f"{problem.form.name}, {what}"
        total = [Check(place, "result", UNINFORMATIVE, 0.0, 0.0, 0, 1, hint=hint)]
    return total


def _finite(ys):
    if not all(numpy.isfinite(y).all() for y in ys if y.dtype.kind == "f"):
        raise Skipped("values that are not finite")


def _directions(problem, values):
    """A random v for each input to differentiate, of its size, by the number of its leaf."""
    vs = {}
    for i in problem.free:
        v = normal(values[i].shape, problem.stream)
        v *= scales(numpy.asarray(values[i], "float64").reshape(-1)).reshape(v.shape)
        vs[i] = v.astype(values[i].dtype)
    return vs


def _off_a_kink(problem, point, vs, function, domain):
    """The point, or another a little beside it if `function` has a kink along vs there."""
    for new in [point, *moved(point, problem.free, problem.stream, domain)]:
        try:
            if not directional.bends(list(new.values), vs, function):
                return new
        except Skipped:  # one side may be outside of where the function is defined
            continue
    return point


def _tangents(problem, vs, count):
    """The directions as the product takes them: as its inputs are, in dicts for example."""
    parts = problem.inputs([vs.get(i) for i in range(count)])
    return [parts[top] for top in problem.tops]


def _call(place, product, vs, problem, laid, shapes):
    """Return (the product's results, None), or (None, a Check that says how it fails)."""
    before, given = copies_of(laid), {i: v.copy() for i, v in vs.items()}

    def wrong(hint):
        return None, Check(place, "result", WRONG, numpy.inf, 0.0, 0, 1, hint=hint)

    try:
        found = product(*_tangents(problem, given, len(laid)), *problem.inputs(laid))
    except Exception as error:
        return wrong(
            f"it raises {type(error).__name__}: {error}{imaginary.where(error)}; it is "
            f"called with the directions, then the inputs"
        )
    found = list(found) if isinstance(found, (tuple, list)) else [found]
    got = [numpy.shape(one) for one in found]
    if got != list(shapes):
        return wrong(f"it gives shapes {got}, expected {list(shapes)}")
    for name, old, new in [
        *(("a direction", vs[i], given[i]) for i in vs),
        *((problem.names[i], before[i], laid[i]) for i in vs),
    ]:
        if not numpy.array_equal(old, new):
            return wrong(f"it changes {name} in place; work on a copy")
    return [numpy.asarray(one, "float64") for one in found], None


def _turned_round(checks, place, product, vs, problem, point, names, function):
    """The Checks; wrong ones say so if the product takes the inputs before the directions."""
    if all(check.verdict != WRONG for check in checks):
        return checks
    count = len(problem.tops)
    other = lambda *given: product(*given[count:], *given[:count])
    shapes = [numpy.shape(found) for found in function(point.laid())]
    found, bad = _call(place, other, vs, problem, point.laid(), shapes)
    if bad or not all(
        check.passed for check in _judged(place, names, found, problem, point, vs, function, other)
    ):
        return checks
    hint = "it is right if it gets the inputs first; it must take the directions, then the inputs"
    return [replace(check, hint=hint) if check.verdict == WRONG else check for check in checks]


def _judged(place, names, found, problem, point, vs, function, product):
    """A Check for each result of the product."""
    values = list(point.values)
    kind, numeric, off = directional.derivative(values, vs, function, problem.oracle)
    near = list(values)
    for i in vs:
        near[i] = numpy.asarray(near[i], "float64") * (1 + _NEARBY * numpy.sign(vs[i]))
    there = directional.derivative(near, vs, function, kind)[1]
    terms, checks = sum(numpy.size(values[i]) for i in problem.free), []
    for k, name in enumerate(names):
        both = [abs(a) for a in (found[k], numeric[k])]
        largest = max(float(a[numpy.isfinite(a)].max(initial=0.0)) for a in both)
        clear = off[k] <= 1e-3 * largest
        if not clear.any():
            raise Skipped("differences decide nothing there")
        change = abs(there[k] - numeric[k])[clear]
        sensitivity = float(change[numpy.isfinite(change)].max(initial=0.0)) / _NEARBY
        sensitivity = sensitivity if sensitivity < 1e3 * largest else 0.0  # a jump beside it
        error = allowed(problem.dtype, terms, 4 * largest, sensitivity) + float(off[k][clear].max())
        check = judge(
            place,
            name,
            found[k][clear],
            numeric[k][clear],
            shape=found[k].shape,
            indices=[tuple(map(int, index)) for index in numpy.argwhere(clear)],
            largest=largest,
            floor=1e-300,
            tolerance=error / max(largest, 1e-300),
            rows=len(found[k]) if found[k].ndim else 1,
        )
        if check.verdict == WRONG:
            gap = numpy.where(clear, abs(found[k] - numeric[k]), 0.0)
            gap[gap <= check.tolerance * largest] = 0.0
            if _is_rounding(k, gap, problem, point, vs, function, product):
                check = replace(check, verdict=OK, tolerance=check.error, hint="")
        checks.append(check)
    return checks


def _is_rounding(k, gap, problem, point, vs, function, product):
    """Whether rounding explains every gap of result k that is not 0.

    It does if with longer numbers the gap all but vanishes, or if the results differ as much
    between inputs a few units in the last place apart. Raises Skipped if float32 is too short for
    the derivative, at inputs that are not given.
    """

    def both(real, imag, ulps=0.0):
        values, directions = list(point.values), {i: v.astype(real) for i, v in vs.items()}
        for i in vs:
            near = uniform(values[i].shape, -ulps, ulps, problem.stream)
            values[i] = numpy.asarray(values[i]).astype(real) * (1 + EPSILON * near).astype(real)
        laid = replace(point, values=tuple(values)).laid()
        with code_of_the_user():
            found = product(*_tangents(problem, directions, len(laid)), *problem.inputs(laid))
        found = found[k] if isinstance(found, (tuple, list)) else found
        return found, directional.complex_step(values, directions, function, imag)[k]

    def vanishes(real, imag):
        try:
            found, exact = both(real, imag)
        except Skipped:  # the code does not take such numbers
            return False
        return (abs(found - exact) <= gap.max() / LONGER)[gap > 0].all()

    if problem.dtype == numpy.float32:
        if point.other and vanishes("float64", "complex128"):
            raise Skipped("rounding in float32 hides the derivative")
        return False
    if vanishes(numpy.longdouble, numpy.clongdouble):
        return True
    try:
        first, seen = both("float64", "complex128"), numpy.zeros(gap.shape)
        for _ in range(TRIES):
            other = both("float64", "complex128", ULPS)
            seen = numpy.fmax(seen, sum(abs(a - b) for a, b in zip(first, other)))
    except Skipped:
        return False
    return bool((gap <= SAFETY * seen).all())
