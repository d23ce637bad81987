"""Hand-written products with the Jacobian and with the Hessian.

jvp(*vs, *inputs)    J v, one array for each output: against the complex step of the function, and
                     against backward by the dot-product test ⟨gy, J v⟩ = ⟨Jᵀ gy, v⟩
hvp(*vs, *inputs)    H v of a scalar function, one array for each input: against the complex step
                     of its hand-written gradient, which has been checked before
"""

import warnings

import numpy

from ..errors import NumpyganError
from . import imaginary
from .derivative import allowed
from .points import Point, moved
from .problem import Skipped, code_of_the_user, random_gys
from .verdicts import WRONG, Check, judge

_H, _STEP = 1e-30, 1e-3


def check_jvp(problem, values, jvp, domain=None):
    """The Checks of J v, one for each output, and of the dot-product test."""
    place, vs = f"{problem.form.name}, jvp", _directions(problem, values)
    values = _off_a_kink(problem, values, vs, problem.outputs, domain)
    ys = problem.outputs(list(values))
    found, bad = _call(place, jvp, vs, problem, values, [y.shape for y in ys])
    if bad:
        return [bad]
    kind, numeric = _derivative(problem, values, vs, problem.outputs)
    checks = []
    for k, (y, Jv, reference) in enumerate(zip(ys, found, numeric)):
        name = f"J v of output {k}" if len(ys) > 1 else "J v"
        checks.append(_judged(place, name, Jv, reference, kind, values, problem, y))
    gys = random_gys(problem, ys)
    gradients = problem.backward(list(values))([gy if gy.ndim else gy[()] for gy in gys])
    left = sum(float((gy * Jv).sum()) for gy, Jv in zip(gys, found))
    terms = [numpy.asarray(g) * vs[i] for g, i in zip(gradients, problem.free)]
    right = sum(float(term.sum()) for term in terms)
    size = sum(float(numpy.abs(term).sum()) for term in terms)
    size += sum(float(numpy.abs(gy * Jv).sum()) for gy, Jv in zip(gys, found))
    count = sum(term.size for term in terms)
    tolerance = allowed(_lowest(problem, values), count, 1.0, 0.0)
    return checks + [
        judge(
            place,
            "⟨gy, J v⟩ = ⟨Jᵀ gy, v⟩",
            numpy.array([left]),
            numpy.array([right]),
            shape=(1,),
            indices=[None],
            largest=size,
            floor=0.0,
            tolerance=tolerance,
            rows=1,
        )
    ]


def check_hvp(problem, values, hvp, domain=None):
    """The Checks of H v, one for each input."""
    place = f"{problem.form.name}, hvp"
    vs = _directions(problem, values)
    shapes = [numpy.shape(values[i]) for i in problem.free]
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

    values = _off_a_kink(problem, values, vs, gradient, domain)
    found, bad = _call(place, hvp, vs, problem, values, shapes)
    if bad:
        return [bad]
    kind, numeric = _derivative(problem, values, vs, gradient)
    names = [problem.names[i] for i in problem.free]
    return [
        _judged(place, f"H v, {name}", Hv, reference, kind, values, problem, Hv)
        for name, Hv, reference in zip(names, found, numeric)
    ]


def _directions(problem, values):
    """A random v for each input to differentiate, by the number of its leaf."""
    vs = {}
    for i in problem.free:
        v = numpy.empty(numpy.shape(values[i]))
        problem.stream.normal(v)
        vs[i] = v.astype(values[i].dtype)
    return vs


def _off_a_kink(problem, values, vs, function, domain):
    """The values, or others a little beside them if `function` has a kink along vs there."""
    beside = moved(Point("as given", tuple(values)), problem.free, problem.stream, domain)
    for new in [values, *(list(point.values) for point in beside)]:
        try:
            if not _bends(new, vs, function):
                return new
        except Skipped:  # one side may be outside of where the function is defined
            continue
    return values


def _bends(values, vs, function):
    """Whether a result has a kink: then its second difference by h stays as large for small h."""

    def bend(h):
        moves = ({i: k * h * v for i, v in vs.items()} for k in (-1, 0, 1))
        with code_of_the_user():
            sides = [
                function([v.astype("float64") + move[i] if i in vs else v for i, v in pairs])
                for move in moves
            ]
        bends = [abs(a - 2 * b + c) / h for a, b, c in zip(*sides)]
        if not all(numpy.isfinite(b).all() for b in bends):
            raise Skipped("values that are not finite")
        noise = [64 * numpy.finfo("float64").eps * abs(b).max(initial=0.0) / h for b in sides[1]]
        return bends, noise

    pairs = [(i, numpy.copy(v) if hasattr(v, "copy") else v) for i, v in enumerate(values)]
    (long, _), (short, noise) = bend(1e-4), bend(1e-4 / 16)
    return any(((s > n) & (s > 0.4 * b)).any() for b, s, n in zip(long, short, noise))


def _call(place, product, vs, problem, values, shapes):
    """Return (the product's results, None), or (None, a Check that says how it fails)."""
    inputs = problem.inputs([numpy.copy(v) if i in vs else v for i, v in enumerate(values)])
    tangents = [problem.inputs([vs.get(i) for i in range(len(values))])[t] for t in problem.tops]

    def wrong(hint):
        return None, Check(place, "result", WRONG, numpy.inf, 0.0, 0, 1, hint=hint)

    try:
        found = product(*[v.copy() if hasattr(v, "copy") else v for v in tangents], *inputs)
    except Exception as error:
        return wrong(
            f"it raises {type(error).__name__}: {error}{imaginary.where(error)}; it is "
            f"called with the directions, then the inputs"
        )
    found = list(found) if isinstance(found, (tuple, list)) else [found]
    got = [numpy.shape(one) for one in found]
    if got != list(shapes):
        return wrong(f"it gives shapes {got}, expected {list(shapes)}")
    return [numpy.asarray(one, "float64") for one in found], None


def _derivative(problem, values, vs, function):
    """("complex" or "five-point", d function(values + h v)/dh for each of its results)."""

    def at(h, kind):
        new = [
            v.astype(kind) + h * vs[i] if i in vs else numpy.copy(v) if hasattr(v, "copy") else v
            for i, v in enumerate(values)
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("error", numpy.exceptions.ComplexWarning)
            return [numpy.asarray(y) for y in function(new)]

    def five_point(h):
        far, near, ahead, beyond = (at(k * h, "float64") for k in (-2, -1, 1, 2))
        return [(a - 8 * b + 8 * c - d) / (12 * h) for a, b, c, d in zip(far, near, ahead, beyond)]

    differences = five_point(_STEP)
    if problem.oracle != "five-point":
        try:
            exact = [numpy.imag(y) / _H for y in at(1j * _H, "complex128")]
            if all(
                numpy.allclose(e, d, rtol=1e-3, atol=1e-5 * numpy.abs(d).max(initial=1e-9))
                for e, d in zip(exact, differences)
            ):
                return "complex", exact
        except Exception:  # it does not take complex numbers
            pass
    return "five-point", differences


def _lowest(problem, values):
    return min((values[i].dtype for i in problem.free), key=lambda kind: kind.itemsize)


def _judged(place, name, analytic, numeric, kind, values, problem, y):
    largest = float(max(numpy.abs(analytic).max(initial=0.0), numpy.abs(numeric).max(initial=0.0)))
    terms = sum(numpy.size(values[i]) for i in problem.free)
    tolerance = allowed(_lowest(problem, values), terms, 4.0, 0.0)
    if kind == "five-point":
        tolerance += 1e-8
    indices = [tuple(map(int, index)) for index in numpy.ndindex(analytic.shape)]
    return judge(
        place,
        name,
        analytic.reshape(-1),
        numeric.reshape(-1),
        shape=analytic.shape,
        indices=indices,
        largest=largest,
        floor=1e-300,
        tolerance=tolerance,
        rows=analytic.shape[0] if analytic.ndim else 1,
    )
