"""ng.gradcheck: every adjoint of every layer against a numerical derivative that doesn't know the backward pass."""

import warnings
from dataclasses import dataclass, replace

import numpy

from ..arrays import Stream
from ..errors import NumpyganError
from ..nn.layers import Layer
from ..nn.mlp import MLP
from . import oracles
from .verdicts import AT_A_KINK, OK, WRONG, Check, judge

_ALL_ENTRIES = 400  # a tensor up to this size is checked entry by entry, a larger one
_SOME_ENTRIES, _DIRECTIONS = 40, 4  # at some random entries and along some random directions
COMPLEX_TOLERANCE = 1e-13  # of max |g|


@dataclass(frozen=True)
class Report:
    """The Checks of a network or a game; `passed` if every one is ok. str() is a table."""

    checks: tuple[Check, ...]
    oracle: str

    @property
    def passed(self):
        return all(check.passed for check in self.checks)

    @property
    def failures(self):
        return tuple(check for check in self.checks if not check.passed)

    def __str__(self):
        width = max([len(check.place) for check in self.checks] + [5])
        lines = [f"{'place':{width}}  {'tensor':7} {'checked':>15} {'error':>9} {'allowed':>9}  verdict"]
        for check in self.checks:
            checked = f"{check.checked} of {check.size}"
            lines.append(
                f"{check.place:{width}}  {check.tensor:7} {checked:>15} {check.error:9.1e} {check.tolerance:9.1e}  {check.verdict}"
            )
        lines += [str(check) for check in self.failures]
        return "\n".join(lines)


def gradcheck(net, x=None, *, rows=3, seed=0, oracle="complex"):
    """Compare the hand-written backward pass of `net` with numerical derivatives; returns a Report.

    net     an MLP in float64, or a list of layers to make one of; a layer of your own needs nothing but to be in the list:

                class Square(ng.Layer):
                    def forward(self, x, t): self.xp.multiply(x, x, out=t.y)
                    def backward(self, gy, t): self.xp.multiply(gy, 2 * t.x, out=t.gx)
                print(ng.gradcheck([ng.Affine(3, 4), Square()]))

    x       the input (rows, n_in); random if not given
    oracle  "complex": complex step, agreement to 1e−13 of max |g|. "five-point": central differences, for a layer whose forward
            doesn't work on complex numbers; the agreement asked for, 1000·(ε|f|/h + h⁴ max |g|), follows from step and dtype.

    Each layer is checked by itself, so that the right one is named, at the input it gets in a real pass and with a random upstream
    gradient; then θ and x of the whole network. Verdicts: "ok"; "wrong"; "uninformative", where the gradient is too small for any
    mistake to show; "at a kink", where a ReLU or maxout tie leaves no derivative to compare with.
    Raises NumpyganError for a network that isn't float64, a parameter that isn't finite, or a layer without backward.
    """
    if oracle not in ("complex", "five-point"):
        raise NumpyganError(f"oracle: there is no {oracle!r}; expected 'complex' or 'five-point'.")
    stream = Stream(seed)
    if not isinstance(net, MLP):
        layers = [net] if isinstance(net, Layer) else net
        net = MLP(layers, "float64")
        net.initialize(stream)
        for layer in net.layers:
            for name in layer.shapes():
                if not getattr(layer, name).any():  # a bias of zeros would leave a wrong use of it unseen
                    stream.normal(getattr(layer, name))
    _check_network(net)
    if x is not None:
        rows = len(x)
    tape = net.tape(rows)
    if x is None:
        stream.normal(tape.x)
    else:
        net.check_rows("gradcheck: x", x, rows, net.n_in)
        tape.x[...] = x
    net.draw_masks(tape, stream)
    net.forward(tape.x, tape)
    twin = net.copy("complex128" if oracle == "complex" else "float64")
    checks = []
    for index, layer in enumerate(net.layers):
        checks += _check_layer(f"layer {index}, {layer}", layer, tape.layers[index], twin, index, stream, oracle)
    whole = _check_whole(net, tape, twin, stream, oracle)
    checks += _without_derivative(whole) if any(check.verdict == AT_A_KINK for check in checks) else whole
    return Report(tuple(checks), oracle)


def _check_network(net):
    if net.dtype != numpy.float64:
        raise NumpyganError(f"gradcheck: the network is {net.dtype}, expected float64; check net.copy('float64').")
    for index, layer in enumerate(net.layers):
        for name in layer.shapes():
            if not numpy.isfinite(getattr(layer, name)).all():
                raise NumpyganError(f"gradcheck: {name} of layer {index}, {layer}, holds a value that is not finite.")


def _check_layer(place, layer, t, twin, index, stream, oracle):
    """The Checks of one layer by itself at the input t.x."""
    gy = numpy.empty_like(t.gy)
    stream.normal(gy)
    before = {name: t.arrays()[name].copy() for name in ("x", "y")}
    t.gy[...] = gy
    layer.forward(t.x, t)
    layer.backward_params(t.gy, t)
    layer.backward(t.gy, t)
    for name, array in (*before.items(), ("gy", gy)):
        if not numpy.array_equal(array, t.arrays()[name], equal_nan=True):
            hint = f"forward and backward must leave {name} as it was"
            return [Check(place, name, WRONG, numpy.inf, 0.0, array.size, array.size, hint=hint)]

    analytic = {"x": t.gx.copy()} | {name: getattr(layer, "g" + name).copy() for name in layer.shapes()}
    shadow, shadow_tape = twin.layers[index], twin.tape(len(t.x)).layers[index]
    same_masks(layer, t, shadow_tape)
    checks = []
    for name, g in analytic.items():
        target = shadow_tape.x if name == "x" else getattr(shadow, name)
        point = target.copy() if name != "x" else t.x.astype(target.dtype)
        shadow_tape.x[...] = t.x

        def f(value, target=target):
            target[...] = value.reshape(target.shape)
            shadow.forward(shadow_tape.x, shadow_tape)
            return (shadow_tape.y * gy).sum()

        try:
            checks.append(compare(place, name, g, f, point.real.astype("float64"), stream, oracle, len(t.x)))
        finally:
            target[...] = point
    if _at_a_kink(layer, t, stream, oracle):
        return _without_derivative(checks)
    return checks


def _without_derivative(checks):
    return [replace(check, verdict=AT_A_KINK, hint="move the input off the tie") for check in checks]


def same_masks(layer, t, shadow_tape):
    """Give another tape of a layer the masks that were drawn into t."""
    if layer.random:
        for name in t.own:
            getattr(shadow_tape, name)[...] = getattr(t, name)


def _at_a_kink(layer, t, stream, oracle):
    """Whether gx jumps within the oracle's reach of the input; leaves the tape as it was."""
    reach, jump = (1e-9, 1e-3) if oracle == "complex" else (2 * oracles.FIVE_POINT_STEP, 0.05)
    x, y, gx = t.x.copy(), t.y.copy(), t.gx.copy()
    direction = numpy.empty_like(x)
    stream.normal(direction)
    sides = []
    for sign in (1, -1):
        t.x[...] = x + sign * reach * direction * numpy.maximum(1, numpy.abs(x))
        layer.forward(t.x, t)
        layer.backward(t.gy, t)
        sides.append(t.gx.copy())
    t.x[...] = x
    layer.forward(t.x, t)
    t.y[...], t.gx[...] = y, gx
    size = numpy.maximum(*map(numpy.abs, sides))
    return bool((numpy.abs(sides[0] - sides[1]) > numpy.maximum(0.25 * size, jump * size.max())).any())


def _check_whole(net, tape, twin, stream, oracle):
    """θ and x of the whole network, which also proves how the layers are put together."""
    gy = numpy.empty_like(tape.gy)
    stream.normal(gy)
    net.forward(tape.x, tape)
    gx = net.backward(gy, tape).copy()
    grad = net.grad.copy()
    shadow_tape = twin.tape(tape.m)
    for layer, t, shadow in zip(net.layers, tape.layers, shadow_tape.layers):
        same_masks(layer, t, shadow)
    shadow_tape.drawn[...] = True
    x = tape.x.astype(twin.dtype)

    def of_theta(value):
        twin.theta = value.astype(twin.dtype)
        return (twin.forward(x, shadow_tape) * gy).sum()

    def of_x(value):
        twin.theta = net.theta.astype(twin.dtype)
        return (twin.forward(value.reshape(x.shape).astype(twin.dtype), shadow_tape) * gy).sum()

    checks = [compare("whole network", "x", gx, of_x, tape.x.copy(), stream, oracle, tape.m)]
    if net.theta.size:
        checks.insert(0, compare("whole network", "theta", grad, of_theta, net.theta.copy(), stream, oracle, tape.m))
    return checks


def compare(place, name, g, f, point, stream, oracle, rows):
    """The Check of the analytic gradient g of f at `point`, a real array of any shape."""
    derivative = oracles.complex_step if oracle == "complex" else oracles.five_point
    flat, base = g.reshape(-1), point.reshape(-1)
    if flat.size <= _ALL_ENTRIES:
        entries = numpy.arange(flat.size)
    else:
        entries = stream.permutation(flat.size)[:_SOME_ENTRIES]
        entries[0] = numpy.abs(flat).argmax()
    directions = []
    for entry in entries:
        directions.append(numpy.zeros(flat.size))
        directions[-1][entry] = 1.0
    if flat.size > _ALL_ENTRIES:
        for _ in range(_DIRECTIONS):
            direction = numpy.empty(flat.size)
            stream.normal(direction)
            directions.append(direction / numpy.linalg.norm(direction))
    with warnings.catch_warnings():
        warnings.simplefilter("error", numpy.exceptions.ComplexWarning)
        try:
            numeric = numpy.array([derivative(f, base, direction) for direction in directions])
        except (TypeError, numpy.exceptions.ComplexWarning) as error:
            raise NumpyganError(
                f"{place}: forward doesn't work on complex numbers ({error}); check it with oracle='five-point'."
            ) from None
    analytic = numpy.array([direction @ flat for direction in directions])
    largest = max(numpy.abs(flat).max(initial=0.0), numpy.abs(numeric).max(initial=0.0))
    floor, tolerance = 1e-270, COMPLEX_TOLERANCE
    if oracle == "five-point":
        epsilon, h = numpy.finfo("float64").eps, oracles.FIVE_POINT_STEP
        floor = 1000 * epsilon * abs(float(f(base))) / h
        tolerance = 1000 * (floor / 1000 / max(largest, 1e-300) + h**4)
    indices = [tuple(int(i) for i in numpy.unravel_index(entry, g.shape)) for entry in entries]
    indices += [None] * (len(directions) - len(indices))
    check = judge(place, name, analytic, numeric, shape=g.shape, indices=indices, largest=largest, floor=floor,
                  tolerance=tolerance, rows=rows)  # fmt: skip
    if check.verdict != OK and not numeric.any() and analytic.any() and oracle == "complex":
        hint = "the complex step sees no dependence: if forward drops the imaginary part (abs, .real), use oracle='five-point'"
        return replace(check, hint=hint)
    return check
