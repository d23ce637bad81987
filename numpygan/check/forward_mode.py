"""Hand-written products with the Jacobian and with the Hessian, at all the points of `points`.

jvp(*vs, *inputs)    J v, one array for each output: against the complex step of the function, and
                     against backward by the dot-product test ⟨gy, J v⟩ = ⟨Jᵀ gy, v⟩
hvp(*vs, *inputs)    H v of a scalar function, one array for each input: against the complex step
                     of its hand-written gradient, which has been checked before
"""

from dataclasses import replace

import numpy

from ..arrays import normal
from ..errors import NumpyganError
from . import directional
from .derivative import allowed, scales
from .points import moved, points
from .problem import Skipped, code_of_the_user, random_gys
from .product import Product, called, is_rounding
from .rounding import LARGEST
from .trees import gradient_of
from .verdicts import OK, UNINFORMATIVE, WRONG, Check, judge
from .vjp import worse

_NEARBY = 1e-5  # relative change of the inputs that shows how much rounding of them matters


def check_jvp(problem, values, jvp, domain, only_given=False):
    """The Checks of J v, one for each output, and of the dot-product test."""
    place, known = f"{problem.form.name}, jvp", {}

    def outputs(new):  # integers have no derivative
        return [y for y in problem.outputs(new) if y.dtype.kind in "fc"]

    def at(point):
        vs = _directions(problem, point.values)
        point = _off_a_kink(problem, point, vs, outputs, domain)
        with code_of_the_user():
            ys = problem.outputs(point.laid())
        _finite(ys)
        real = [k for k, y in enumerate(ys) if y.dtype.kind == "f"]

        def parts(found):
            found = list(found) if isinstance(found, (tuple, list)) else [found]
            return [found[k] for k in real] if len(found) == len(ys) else found

        names = [f"J v of output {k}" if len(ys) > 1 else "J v" for k in real]
        product = Product(problem, place, jvp, names, outputs, parts, known)
        found, bad = called(product, vs, point.laid())
        if bad:
            return [bad]
        gys = random_gys(problem, ys)
        with code_of_the_user():
            gradients = problem.backward(point.laid())([gy[()] for gy in gys])
        gys = [gys[k] for k in real]
        checks = _turned_round(_judged(product, found, point, vs), product, point, vs)
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

    return _everywhere(place, problem, values, at, domain, only_given)


def check_hvp(problem, values, hvp, domain, only_given=False):
    """The Checks of H v, one for each input."""
    place = f"{problem.form.name}, hvp"
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

    def parts(found):
        if isinstance(found, dict) and all(len(path) == 1 for path in problem.paths):
            found = tuple(map(found.get, problem.names))
        paths, count = [problem.paths[i] for i in problem.free], len(problem.tree)
        return [gradient_of(found, path, problem.tops, count) for path in paths]

    names = [f"H v, {problem.names[i]}" for i in problem.free]
    product = Product(problem, place, hvp, names, gradient, parts, {})

    def at(point):
        vs = _directions(problem, point.values)
        point = _off_a_kink(problem, point, vs, gradient, domain)
        with code_of_the_user():
            _finite(gradient(point.laid()))
        found, bad = called(product, vs, point.laid())
        if bad:
            return [bad]
        return _turned_round(_judged(product, found, point, vs), product, point, vs)

    return _everywhere(place, problem, values, at, domain, only_given)


def _everywhere(place, problem, values, at, domain, only_given):
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
    """The point, or another a little beside it if `function` has a kink along vs there.

    In a large array some number may be near a kink wherever the inputs are moved; then the point
    itself is taken, and those numbers are left out. Raises Skipped at zeros, which can't be moved.
    """
    for new in [point, *moved(point, problem.free, problem.stream, domain)]:
        try:
            if not directional.bends(list(new.values), vs, function):
                return new
        except Skipped:  # one side may be outside of where the function is defined
            continue
    if not any(numpy.any(point.values[i]) for i in problem.free):
        raise Skipped("at a kink")
    return point


def _turned_round(checks, product, point, vs):
    """The Checks; wrong ones say so if the product takes the inputs before the directions."""
    if all(check.verdict != WRONG for check in checks):
        return checks
    count, call = len(product.problem.tops), product.call
    other = replace(product, call=lambda *given: call(*given[count:], *given[:count]))
    found, bad = called(other, vs, point.laid())
    if bad or not all(check.passed for check in _judged(other, found, point, vs)):
        return checks
    hint = "it is right if it gets the inputs first; it must take the directions, then the inputs"
    return [replace(check, hint=hint) if check.verdict == WRONG else check for check in checks]


def _judged(product, found, point, vs):
    """A Check for each result of the product."""
    values, problem, function = list(point.values), product.problem, product.function
    known = product.known.get("oracle", problem.oracle)
    oracle, numeric, off = directional.derivative(values, vs, function, known)
    product.known.setdefault("oracle", oracle)
    size = max(float(abs(y).max(initial=0.0)) for y in function(point.laid()))
    near = list(values)
    for i in vs:
        near[i] = numpy.asarray(near[i], "float64") * (1 + _NEARBY * numpy.sign(vs[i]))
    there = directional.derivative(near, vs, function, oracle)[1]
    terms, checks = sum(numpy.size(values[i]) for i in problem.free), []
    for k, name in enumerate(product.names):
        both = [abs(a) for a in (found[k], numeric[k])]
        largest = max(float(a[numpy.isfinite(a)].max(initial=0.0)) for a in both)
        clear = off[k] <= 1e-3 * largest
        if not found[k].any() and (abs(numeric[k]) <= off[k]).all():  # both are 0
            many = found[k].size
            checks.append(Check(product.place, name, OK, 0.0, 0.0, many, many))
            continue
        if not clear.any():
            raise Skipped("differences decide nothing there")
        change = abs(there[k] - numeric[k])[clear]
        sensitivity = float(change[numpy.isfinite(change)].max(initial=0.0)) / _NEARBY
        sensitivity = sensitivity if sensitivity < 1e3 * largest else 0.0  # a jump beside it
        error = allowed(problem.dtype, terms, 4 * largest, sensitivity) + float(off[k][clear].max())
        check = judge(
            product.place,
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
            if gap.max() <= 32 * numpy.finfo(problem.dtype).eps * size:
                raise Skipped("the derivative is small beside the values: all rounding")
            if is_rounding(product, k, gap, largest, point, vs, oracle):
                if gap.max() > LARGEST * largest:
                    raise Skipped("rounding hides the derivative")
                check = replace(check, verdict=OK, tolerance=check.error, hint="")
        checks.append(check)
    return checks
