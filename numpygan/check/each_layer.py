"""Compare every adjoint of every layer of a network with a numerical derivative."""

from dataclasses import replace

import numpy

from ..arrays import Stream, require
from ..errors import NumpyganError
from ..nn.mlp import MLP
from ..nn.tape import backward, forward
from ..numbers import whole
from .compare import compare, second_opinion
from .everywhere import VARIATIONS, check_everywhere
from .kinks import at_a_kink
from .masks import masks_of, same_masks
from .report import Report
from .verdicts import AT_A_KINK, OK, WRONG, Check

_MOST_ELSEWHERE = 100_000  # parameters of a network whose layers are tried at other inputs too
_PASSES = 20  # forward passes that must give the same y; two masks can be equal by chance
_FILLERS = 0.5, 1.5  # what arrays hold before they are written
_ANEW = (
    "{} draws its randomness anew or keeps a state: the same x, θ and masks give another {}; "
    "draw in draw_mask(t, stream) of a layer with random = True"
)


@numpy.errstate(all="ignore")  # some BLAS kernels say "invalid" without reason
def check_layers(net, x=None, *, rows=3, seed=0, oracle="complex"):
    """Compare the hand-written backward pass of `net` with numerical derivatives; returns a Report.

    net     an MLP in float64, or a list of layers to make one of; a layer of your own needs nothing
            but to be in the list:

                class Square(ng.Layer):
                    def forward(self, x, t): self.xp.multiply(x, x, out=t.y)
                    def backward(self, gy, t): self.xp.multiply(gy, 2 * t.x, out=t.gx)
                print(ng.gradcheck([ng.Affine(3, 4), Square()]))

    x       the input (rows, n_in); random if not given
    oracle  "complex": complex step, agreement to 1e−13 of max |g|. "five-point": central
            differences, for a layer whose forward doesn't work on complex numbers; the agreement
            asked for, 1000·(ε|f|/h + h⁴ max |g|), follows from step and dtype.

    Each layer is checked by itself, so that the right one is named, at the input it gets in a real
    pass and with a random upstream gradient; then θ and x of the whole network. Verdicts: "ok";
    "wrong"; "uninformative", where the gradient is too small for any mistake to show; "at a kink",
    where a ReLU or maxout tie leaves no derivative to compare with. A layer's forward and backward
    are called several times. NumPy's warnings about floating-point errors are off meanwhile: the
    verdict says what is not finite. Raises NumpyganError for a network that isn't float64, a
    parameter or an x that isn't finite, or a layer without backward.
    """
    if oracle not in ("complex", "five-point"):
        raise NumpyganError(f"oracle: there is no {oracle!r}; expected 'complex' or 'five-point'.")
    stream = Stream(whole("gradcheck: seed", seed, 0))
    if not isinstance(net, MLP):
        net = MLP(net, "float64")
        net.initialize(stream)
        for layer in net.layers:
            for name in layer.shapes():
                # A bias of zeros would hide a wrong use of it.
                if not getattr(layer, name).any():
                    stream.normal(getattr(layer, name))
    check_network(net)
    if x is not None:
        require(numpy, **{"gradcheck: x": x})
        rows = len(x) if x.ndim else 0
    tape = net.tape(rows)
    if x is None:
        stream.normal(tape.x)
    else:
        net.check_rows("gradcheck: x", x, rows, net.n_in)
        if not numpy.isfinite(x).all():
            raise NumpyganError("gradcheck: x holds a value that is not finite; change it.")
        tape.x[...] = x
    net.draw_masks(tape, stream)
    twins = [net.copy("complex128"), net.copy("float64")][oracle != "complex" :]
    checks = []
    for index, layer in enumerate(net.layers):
        found, raised = _check_layer(
            f"layer {index}, {layer}", net, index, tape.layers[index], twins, stream, oracle
        )
        checks += found
        if raised:  # no pass gets beyond it
            return Report(tuple(checks), oracle)
    found = _check_whole(net, tape, twins[0], stream, oracle)
    at_a_kink = any(check.verdict == AT_A_KINK for check in checks)
    checks += _without_derivative(found) if at_a_kink else found
    checks += _elsewhere(net, checks, seed, oracle)
    return Report(tuple(checks), oracle, (f"also tried: {', '.join(v.label for v in VARIATIONS)}",))


def _elsewhere(net, checks, seed, oracle):
    """Check layers without a mistake so far at other inputs, in other memory and in float32."""
    if net.theta.size > _MOST_ELSEWHERE:
        return []
    known = {check.place for check in checks if check.verdict not in (OK, AT_A_KINK)}
    known = [i for i, layer in enumerate(net.layers) if f"layer {i}, {layer}" in known]
    found = check_everywhere(net, Stream(seed), oracle=oracle, leave_out=known)
    return [check for check in found if not check.passed]


def check_network(net, dtypes=("float64",)):
    """Raise NumpyganError unless `net` is on the host, has one of the dtypes, and is finite."""
    if net.xp.ndarray is not numpy.ndarray:
        raise NumpyganError("gradcheck: the network is on a GPU; make it with xp=numpy.")
    if net.dtype not in dtypes:
        raise NumpyganError(
            f"gradcheck: the network is {net.dtype}, expected {' or '.join(dtypes)}; "
            f"check net.copy('float64')."
        )
    for index, layer in enumerate(net.layers):
        for name in layer.shapes():
            if not numpy.isfinite(getattr(layer, name)).all():
                raise NumpyganError(
                    f"gradcheck: {name} of layer {index}, {layer}, holds a value that is not "
                    f"finite."
                )


def _check_layer(place, net, index, t, twins, stream, oracle):
    """Return the Checks of one layer at the input t.x, and whether one of its methods raised."""
    layer, gy = net.layers[index], numpy.empty_like(t.gy)
    stream.normal(gy)
    t.gy[...] = gy
    kept = {"x": t.x, "gy": t.gy} | {name: getattr(t, name) for name in masks_of(layer, t)}
    kept |= {name: getattr(layer, name) for name in layer.shapes()}
    before = {name: array.copy() for name, array in kept.items()}
    twins = [_Twin(twin, index, t, gy) for twin in twins]
    calls = {
        "forward": lambda: forward(layer, t),
        "backward_params": lambda: layer.backward_params(t.gy, t),
        "backward": lambda: backward(layer, t),
    }
    for method, call in calls.items():
        try:
            returned = call()
        except NumpyganError:
            raise
        except Exception as error:  # whatever a wrong layer raises is its verdict
            hint = f"{method} raises {type(error).__name__}: {error}"
            return [Check(place, "x", WRONG, numpy.inf, 0.0, t.x.size, t.x.size, hint=hint)], True
        if returned is not None:
            hint = f"{method} returns its result, which nobody reads; write `self.gW[...] = …`"
            return [Check(place, "x", WRONG, numpy.inf, 0.0, t.x.size, t.x.size, hint=hint)], True
        if method == "forward":
            kept["y"], before["y"] = t.y, t.y.copy()

    def wrong(name, hint, raised=False):
        size = kept[name].size
        return [Check(place, name, WRONG, numpy.inf, 0.0, size, size, hint=hint)], raised

    def changed():
        same = {name: numpy.array_equal(before[name], kept[name], equal_nan=True) for name in kept}
        return [name for name in kept if not same[name]]

    if set(changed()) <= set(t.own):
        for _ in range(_PASSES):
            t.y[...] = 0  # as it was at the first pass
            forward(layer, t)
            if "y" in changed():
                return wrong("y", _ANEW.format("forward", "y"), raised=True)
        held = []
        for number in _FILLERS:
            t.y[...] = number
            forward(layer, t)
            held.append(t.y.copy())
        if hint := _not_written(*held, "forward", "t.y"):
            return wrong("y", hint, raised=True)
    forward(layer, t)  # a function of x, θ and the masks gives the same again
    analytic, repeated = (_backward(layer, t, number) for number in _FILLERS)
    _another_pass(net, index, len(t.x), stream)
    again = _backward(layer, t)
    for name in changed():
        return wrong(name, f"forward and backward must leave {name} as it was")
    for name, g in analytic.items():
        method, array = (
            ("backward", "t.gx") if name == "x" else ("backward_params", f"self.g{name}")
        )
        if hint := _not_written(g, repeated[name], method, array):
            return wrong(name, hint)
    for name, g in analytic.items():
        if not numpy.array_equal(g, repeated[name], equal_nan=True):
            return wrong(name, _ANEW.format("backward", "gradient"), raised=True)
    for name, g in analytic.items():
        if not numpy.array_equal(g, again[name], equal_nan=True):
            return wrong(
                name,
                "another pass before backward changes it; what backward needs belongs into the "
                "tape t",
            )
    checks = []
    for name, g in analytic.items():
        point = before[name]
        functions = [twin.function_of(name) for twin in twins]
        check = compare(
            place,
            name,
            g,
            functions[0],
            point,
            stream,
            oracle,
            len(t.x),
            float(numpy.abs(gy).max()),
        )
        if oracle == "complex" and numpy.isfinite(g).all():
            check = second_opinion(
                check, g, functions[1], point, stream, float(numpy.abs(before["y"] * gy).sum())
            )
        checks.append(check)
    if at_a_kink(layer, t, stream, oracle):
        return _without_derivative(checks), False
    return checks, False


def _not_written(one, two, method, array):
    """A hint if results in an array that held 0.5, then 1.5, show that it is not written, or ""."""
    left = (one == _FILLERS[0]) & (two == _FILLERS[1])
    if left.all():
        return f"{method} writes nothing to {array}; write `{array}[...] = …`"
    if left.any():
        return f"{method} leaves {left.sum()} of {left.size} numbers of {array} as they were"
    added = numpy.allclose(two - one, _FILLERS[1] - _FILLERS[0], rtol=0, atol=1e-9)
    if added and method != "forward":  # which changes y
        return f"{method} adds to what {array} held before; write `{array}[...] = …`"
    return ""


def _backward(layer, t, number=_FILLERS[0]):
    """Copies of the adjoints. The arrays hold `number` before, as backward must not add."""
    written = {"x": t.gx} | {name: getattr(layer, "g" + name) for name in layer.shapes()}
    for array in written.values():
        array[...] = number
    layer.backward_params(t.gy, t)
    backward(layer, t)
    return {name: array.copy() for name, array in written.items()}


def _another_pass(net, index, rows, stream):
    """Run forward and backward of the layer for other rows, on another tape, and forward again.

    The last forward finds a layer that keeps a stack of passes: nobody takes its pass from there.
    """
    layer, other = net.layers[index], net.tape(rows).layers[index]
    stream.normal(other.x)
    stream.normal(other.gy)
    if layer.random:
        layer.draw_mask(other, stream)
    forward(layer, other)
    backward(layer, other)
    forward(layer, other)


class _Twin:
    """L = Σ gy ⊙ y as a function of one tensor, by a copy of the layer with the same masks."""

    def __init__(self, twin, index, t, gy):
        self.layer, self.t = twin.layers[index], twin.tape(len(t.x)).layers[index]
        self.x, self.gy = t.x.copy(), gy
        same_masks(self.layer, t, self.t)

    def function_of(self, name):
        target = self.t.x if name == "x" else getattr(self.layer, name)
        point = self.x if name == "x" else target.copy()

        def loss(value):
            self.t.x[...] = self.x
            target[...] = value.reshape(target.shape)
            try:
                forward(self.layer, self.t)
            finally:
                target[...] = point
            return (self.t.y * self.gy).sum()

        return loss


def _without_derivative(checks):
    return [
        replace(check, verdict=AT_A_KINK, hint="move the input off the tie") for check in checks
    ]


def _check_whole(net, tape, twin, stream, oracle):
    """Check θ and x of the whole network: the layers are put together correctly."""
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

    how = stream, oracle, tape.m, float(numpy.abs(gy).max())
    checks = [compare("whole network", "x", gx, of_x, tape.x.copy(), *how)]
    if net.theta.size:
        of_whole = compare("whole network", "theta", grad, of_theta, net.theta.copy(), *how)
        checks.insert(0, of_whole)
    return checks
