"""Compare a hand-written vector-Jacobian product of any function with numerical derivatives."""

from dataclasses import replace

import numpy

from ..errors import NumpyganError
from . import imaginary
from .derivative import EPSILON, Line, allowed, picked, random_direction, scales
from .oracles import complex_step
from .points import moved, points
from .problem import Singular, Skipped, Wrong, random_gys, scalar_of
from .rounding import Comparison, sensitivity_of
from .trees import as_array
from .verdicts import AT_A_KINK, OK, UNINFORMATIVE, WRONG, Check, judge
from .vjp_oracle import oracle_at

# Most entries compared at the inputs given and at other inputs; random directions at each.
_ENTRIES_GIVEN, _ENTRIES, _DIRECTIONS = 120, 8, 3
_NEARLY_INFINITE = 1e6  # times the values at the inputs given, if only the rows are changed
_OUTSIDE = "if function isn't meant for such inputs, domain=(low, high) leaves them out"


def check_point(problem, point, everything):
    """A Check for each free leaf at one point.

    Raises Wrong or Skipped; Singular if another point nearby may do.
    """
    try:
        ys = problem.outputs(point.laid())
    except NumpyganError:
        raise
    except Exception as error:
        if "read-only" in str(error) and point.label == "read-only":
            raise Wrong(None, f"function writes into an input{imaginary.where(error)}") from None
        raise Skipped(f"function raises {type(error).__name__}") from None
    if any(y.dtype.kind == "c" for y in ys):
        raise NumpyganError(
            f"{problem.form.name}: function gives complex numbers for real inputs; return y.real, "
            f"or (y.real, y.imag), and let backward take a gy for each."
        )
    if not any(y.size for y in ys):
        raise Skipped("function gives no numbers")
    if not all(numpy.isfinite(y).all() for y in ys if y.dtype.kind == "f"):
        edge = Singular if point.label == "as given" else Skipped
        raise edge("function gives values that are not finite")
    if point.rows and _size(ys) > _NEARLY_INFINITE * (1 + problem.size):
        raise Skipped("function gives values as large as if it meant infinity")
    gys = random_gys(problem, ys)
    values, laid = point.laid(), [point.laid_out(gy)[()] for gy in gys]
    try:
        found = problem.backward(values)(laid)
    except NumpyganError:
        raise
    except Exception as error:
        if isinstance(error, numpy.linalg.LinAlgError) and point.label != "as given":
            raise Skipped("backward raises LinAlgError") from None
        hint = f"backward raises {type(error).__name__}: {error}{imaginary.where(error)}"
        raise Wrong(None, hint) from None
    gradients = [_as_array(problem, i, g, point) for i, g in zip(problem.free, found)]
    for name, before, now in [
        *zip(problem.names, point.laid(), values),
        *(("gy", before, now) for before, now in zip(gys, laid)),
    ]:
        if isinstance(now, numpy.ndarray) and not numpy.array_equal(before, now):
            raise Wrong(None, f"{name} is changed in place; work on a copy")
    return [
        _compare(problem, point, i, g, gys, ys, everything) for i, g in zip(problem.free, gradients)
    ]


def _as_array(problem, i, g, point):
    """The gradient of leaf i as float64. Raises Wrong if the leaf has another shape."""
    if g is None:
        raise Wrong(i, f"backward gives {problem.missing}")
    kind, g, shape = type(g).__name__, as_array(g), numpy.shape(point.values[i])
    if g is None or g.dtype.kind not in "fiu":
        kind = kind if g is None else g.dtype
        raise Wrong(i, f"its gradient is {kind}, expected an array of floats")
    if g.shape != shape:
        raise Wrong(
            i,
            f"its gradient has shape {g.shape}, expected {shape}, the shape of "
            f"{problem.names[i]}: is a sum missing, or over the wrong axis?",
        )
    if problem.form.kind == "writes" and not point.other and numpy.isnan(g).any():
        raise Wrong(
            i,
            "backward adds to the array for its gradient, or leaves a part of it as it was; "
            "write `gx[...] = …`",
        )
    return g.astype("float64")


def _length(direction):
    """‖direction‖, or 1 if it is 0. A power of 2 is taken out, so that no square overflows."""
    _, power = numpy.frexp(numpy.abs(direction).max(initial=0.0))
    return numpy.ldexp(numpy.linalg.norm(numpy.ldexp(direction, -power)), power) or 1.0


def _size(ys):
    return max((float(numpy.abs(y).max(initial=0.0)) for y in ys), default=0.0)


def _compare(problem, point, i, g, gys, ys, everything):
    stream, flat = problem.stream, g.reshape(-1)
    values = [numpy.asarray(v) if j in problem.free else v for j, v in enumerate(point.values)]
    base = values[i].astype("float64").reshape(-1)
    size = float(sum(numpy.abs(gy * y).sum() for gy, y in zip(gys, ys) if y.dtype.kind == "f"))
    few = max(_ENTRIES, 10**7 // max(1, flat.size))  # each takes memory of the leaf's size
    most = min(_ENTRIES_GIVEN, few) if everything else _ENTRIES
    entries = picked(flat, most, most, stream)
    directions = [numpy.eye(1, flat.size, k)[0] * scales(base)[k] for k in entries]
    directions += [random_direction(base, stream) for _ in range(_DIRECTIONS)]
    real = scalar_of(problem, values, i, gys, "float64")
    lines = [Line(real, base, direction, size) for direction in directions]
    oracle = oracle_at(problem, values, i, gys, lines)
    if oracle == "complex":
        f = scalar_of(problem, values, i, gys, "complex128")
        numeric = [(complex_step(f, base, d), 0.0) for d in directions]
    else:
        f, numeric = real, [line.difference() for line in lines]
    lengths = numpy.array([_length(d) for d in directions])
    off = numpy.array([error for _, error in numeric]) / lengths
    numeric = numpy.array([value for value, _ in numeric]) / lengths
    # an entry that is infinite, at a kink, must not spoil the others: no product with its 0
    analytic = [flat[k] * directions[n][k] for n, k in enumerate(entries)]
    analytic += [d @ flat for d in directions[len(entries) :]]
    analytic = numpy.array(analytic) / lengths
    known = numeric[off <= 0.1 * abs(numeric)]  # at a jump a difference may be as large as 1/h
    largest = max(numpy.abs(v[numpy.isfinite(v)]).max(initial=0.0) for v in (flat, known))
    upstream = max(float(numpy.abs(gy).max(initial=0.0)) for gy in gys)
    dtypes = [problem.dtype, *(y.dtype for y in ys if y.dtype.kind == "f")]
    dtype = min(dtypes, key=lambda kind: kind.itemsize)
    terms = max(flat.size, *(y.size for y in ys))
    clear = off <= 1e-3 * max(largest, 1e-300)
    if not clear.any():
        if any(line.at_a_kink(0.0) for line in lines[:3]):
            raise Singular("at a kink")
        raise Singular("differences in float64 decide nothing there")
    sensitivity = sensitivity_of(problem, values, i, gys, oracle, lines, numeric, lengths, clear)
    rounding = allowed(dtype, terms, largest, sensitivity)
    tolerance = (rounding + 0.1 * float(off[clear].max())) / max(largest, 1e-300)
    shape = g.shape
    indices = [tuple(int(k) for k in numpy.unravel_index(entry, shape)) for entry in entries]
    indices += [None] * _DIRECTIONS
    check = judge(
        problem.form.name,
        problem.names[i],
        analytic[clear],
        numeric[clear],
        shape=shape,
        indices=[index for index, good in zip(indices, clear) if good],
        largest=largest,
        floor=16 * EPSILON * upstream if oracle == "complex" else 4 * float(off[clear].max()),
        tolerance=tolerance,
        off=off[clear],
        rows=shape[0] if shape else 1,
    )
    if check.verdict != WRONG:
        return check
    compared = Comparison(
        problem, point, values, i, gys, oracle, lines, lengths, analytic, numeric, off, largest
    )
    return _excused(check, compared, clear, dtype, upstream)


def _excused(check, compared, clear, dtype, upstream):
    """The Check, which is wrong, unless rounding explains the gap. Raises Skipped at a kink."""
    lines, largest = compared.lines, compared.largest
    if compared.point.outside and not compared.smooth_where_infinite(clear):
        raise Skipped("backward gives values that are not finite")
    gap = numpy.abs(compared.analytic - compared.numeric) - compared.off
    gap = numpy.nan_to_num(numpy.maximum(gap, 0.0), nan=numpy.inf)
    if gap.max() <= 32 * numpy.finfo(dtype).eps * upstream:
        return replace(check, verdict=UNINFORMATIVE, hint="it is small beside gy: all rounding")
    if not compared.repeats():
        hint = "backward gives another gradient for the same inputs: it draws randomness"
        return replace(check, hint=hint)
    excess = numpy.where(clear & (gap > check.tolerance * largest), gap, 0.0)
    if compared.oracle != "complex":
        crossed = compared.crossed(excess)
        excess[crossed] = gap[crossed] = 0.0
        if not excess.any():
            error = gap[clear].max() / largest
            return replace(check, verdict=OK, error=float(error), hint="")
    bound = compared.rounding(excess, dtype == numpy.float32)
    if bound > 1e-2 * largest:
        raise Singular("rounding hides the derivative there")
    if bound:
        return replace(check, verdict=OK, tolerance=bound / largest, hint="")
    gap = numpy.where(clear, gap, 0.0) * compared.lengths
    worst = numpy.argsort(gap)[::-1][:4]
    if not all(numpy.isfinite(lines[k].bend(1e-4)) for k in worst):
        raise Singular("at the edge of where function is defined")
    for k in [*worst, *range(len(lines) - _DIRECTIONS, len(lines))]:
        jump = gap[k] if numpy.isfinite(gap[k]) else 0.0
        if lines[k].at_a_kink(jump, near=compared.oracle != "complex"):
            raise Singular("at a kink")
    return check


def _at_or_beside(problem, point, domain, skipped):
    """Return (Checks, point); at a kink, of a point beside it. Raises as `check_point` does."""
    everything = point.label == "as given"
    try:
        return check_point(problem, point, everything), point
    except Singular as error:
        kink = error
    for near in moved(point, problem.free, problem.stream, domain):
        try:
            checks = check_point(problem, near, everything)
        except Skipped:
            continue
        skipped.append(f"{point.label} ({kink})")
        return checks, near
    raise kink


@numpy.errstate(all="ignore")
def check_vjp(problem, values, domain, only_given=False):
    """Return (a Check for each leaf, notes) over all points."""
    total = dict.fromkeys(problem.free)
    place, compared, skipped, stopped = problem.form.name, [], [], False
    tried = points(values, problem.free, problem.stream, domain)
    problem.size = _size(problem.outputs(tried[0].laid()))
    given, refused, ran = tried[0], set(), set()
    for point in tried[:1] if only_given else tried:
        rows = point.rows
        # The function refuses many rows; it may take one row only because length 1 broadcasts.
        guess = rows and rows.axes in refused
        if guess and not rows.first:
            continue
        try:
            checks, point = _at_or_beside(problem, point, domain, skipped)
        except Skipped as reason:
            skipped.append(f"{point.label} ({reason})")
            refused |= {rows.axes} if rows else set()
            continue
        except Wrong as error:
            if rows and (guess or not (rows.sure or rows.axes in ran)):
                skipped.append(f"{point.label} (the shapes don't say which inputs have rows)")
                continue
            i, hint = error.args
            i = problem.free[0] if i is None else i
            hint += "" if point.label == "as given" else f"; with {point.label}"
            size = numpy.size(values[i])
            bad = Check(place, problem.names[i], WRONG, numpy.inf, 0.0, 0, size, hint=hint)
            total[i], stopped = bad, True
            break
        if rows and any(
            _needs_distinct(problem, given, rows, *pair) for pair in zip(problem.free, checks)
        ):
            skipped.append(f"{point.label} (backward takes no index twice)")
            continue
        compared.append(point.label)
        ran |= {rows.axes} if rows and rows.first else set()  # these axes do belong together
        for i, check in zip(problem.free, checks):
            total[i] = worse(total[i], check, point)
        if any(check.verdict == WRONG for check in total.values()):
            break
    kinks = [text for text in skipped if text.endswith("(at a kink)")]
    for i, check in total.items():
        if check is None and not stopped:
            verdict = AT_A_KINK if kinks else UNINFORMATIVE
            hint = "move the input off the tie" if kinks else "no point could be compared"
            total[i] = Check(
                place, problem.names[i], verdict, 0.0, 0.0, 0, numpy.size(values[i]), hint=hint
            )
    notes = [problem.taken, f"tried: {', '.join(dict.fromkeys(compared))}"]
    skipped = [text for text in dict.fromkeys(skipped) if text.partition(" (")[0] not in compared]
    notes += [f"left out: {', '.join(skipped)}"] if skipped else []
    return [check for check in total.values() if check is not None], notes


def _needs_distinct(problem, given, rows, i, check):
    """Whether leaf i is wrong only because rows were repeated, and with them an index.

    Then it is wrong at the inputs given, too, if one index is repeated. y[index] = x with
    gx = gy[index] is right while the indices differ: if one repeats, only the last value counts.
    """
    if check.verdict != WRONG or i not in [k for k, _ in rows.axes]:
        return False
    twice = rows.twice(given.values, problem.free)
    if twice is None:
        return False
    try:
        checks = check_point(problem, replace(given, values=twice), False)
    except (Skipped, Wrong):
        return False
    return checks[problem.free.index(i)].verdict == WRONG


def worse(before, check, point):
    if check.verdict == WRONG and point.label != "as given":
        parts = [check.hint, f"with {point.label}", _OUTSIDE if point.other else ""]
        check = replace(check, hint="; ".join(filter(None, parts)))
    if before is None:
        return check
    order = [UNINFORMATIVE, OK, WRONG]
    keep = max(before, check, key=lambda c: (order.index(c.verdict), c.error / (c.tolerance or 1)))
    return replace(keep, checked=before.checked + check.checked, size=before.size)
