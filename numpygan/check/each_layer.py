"""Compare every adjoint of every layer of a network with a numerical derivative."""

from dataclasses import replace

import numpy

from ..arrays import Stream, normal
from ..errors import NumpyganError
from ..nn.mlp import MLP
from ..nn.tape import run_forward
from ..numbers import whole
from ..requirements import require
from .compare import compare, second_opinion
from .everywhere import check_everywhere
from .kinks import at_a_kink
from .layer_behaviour import Misbehaves, gradients_of
from .layer_oracle import oracle_of
from .layer_pass import same_masks
from .result import Report
from .variations import VARIATIONS
from .verdicts import AT_A_KINK, OK, WRONG, Check


@numpy.errstate(all="ignore")  # some BLAS kernels say "invalid" without reason
def check_layers(net, x=None, *, rows=3, seed=0, oracle=None):
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
            asked for, 1000·(ε|f|/h + h⁴ max |g|), follows from step and dtype. None: the complex
            step, unless a forward drops the imaginary part or refuses complex numbers; the report
            says where

    Each layer is checked by itself, so that the right one is named, at the input it gets in a real
    pass and with a random upstream gradient; then θ and x of the whole network. Verdicts: "ok";
    "wrong"; "uninformative", where the gradient is too small for any mistake to show; "at a kink",
    where a ReLU or maxout tie leaves no derivative to compare with. A layer's forward and backward
    are called several times. NumPy's warnings about floating-point errors are off meanwhile: the
    verdict says what is not finite. Raises NumpyganError for a network that isn't float64, a
    parameter or an x that isn't finite, or a layer without backward.
    """
    if not (oracle is None or isinstance(oracle, str) and oracle in ("complex", "five-point")):
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
        net.check_array("gradcheck: x", x, (rows, net.n_in))
        if not numpy.isfinite(x).all():
            raise NumpyganError("gradcheck: x holds a value that is not finite; change it.")
        tape.x[...] = x
    net.draw_masks(tape, stream)
    notes = []
    if oracle is None:
        oracle, notes = oracle_of(net, tape)
    if net.theta.size and not net.theta.any():
        notes.append("θ is 0 everywhere; call net.initialize(stream) first")
    twins = [net.copy("complex128"), net.copy("float64")][oracle != "complex" :]
    checks = []
    for index, layer in enumerate(net.layers):
        found, raised = _check_layer(
            f"layer {index}, {layer}", net, index, tape.layers[index], twins, stream, oracle
        )
        checks += found
        if raised:  # no pass gets beyond it
            return Report(tuple(checks), oracle, tuple(notes))
    found = _check_whole(net, tape, twins[0], stream, oracle)
    at_a_kink = any(check.verdict == AT_A_KINK for check in checks)
    checks += _without_derivative(found) if at_a_kink else found
    found, tried = _elsewhere(net, checks, seed, oracle)
    return Report(tuple(checks + found), oracle, tuple(notes + tried))


def _elsewhere(net, checks, seed, oracle):
    """Check layers without a mistake so far at other inputs, in other memory and in float32.

    Returns (the Checks that are not ok, notes about what the right layers were compared at).
    """
    known = {check.place for check in checks if check.verdict not in (OK, AT_A_KINK)}
    places = [f"layer {i}, {layer}" for i, layer in enumerate(net.layers)]
    known = [i for i, place in enumerate(places) if place in known]
    missed = {}
    found = check_everywhere(net, Stream(seed), oracle=oracle, leave_out=known, missed=missed)
    found = [check for check in found if not check.passed]
    wrong = {check.place.rpartition(", ")[0] for check in found}
    right = {places[i]: reasons for i, reasons in missed.items() if places[i] not in wrong}
    if not right:
        return found, []
    everywhere = [v.label for v in VARIATIONS if not any(v.label in why for why in right.values())]
    notes = [f"also tried: {', '.join(everywhere)}"] if everywhere else []
    alike = {}  # layers by what was left out there, and why
    for place, reasons in right.items():
        alike.setdefault(tuple(reasons.items()), []).append(place)
    for reasons, these in alike.items():
        labels = {}
        for label, why in reasons:
            labels.setdefault(why, []).append(label)
        text = "; ".join(f"{', '.join(some)} ({why})" for why, some in labels.items())
        notes += [f"left out at {'; '.join(these)}: {text}"] if text else []
    return found, notes


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
    layer, gy = net.layers[index], normal(t.gy.shape, stream)
    t.gy[...] = gy
    twins = [_Twin(twin, index, t, gy) for twin in twins]
    try:
        analytic, before = gradients_of(net, index, t, stream)
    except Misbehaves as error:
        name, size, hint, stops = error.args
        return [Check(place, name, WRONG, numpy.inf, 0.0, size, size, hint=hint)], stops
    checks, how = [], (stream, oracle, len(t.x), float(numpy.abs(gy).max()))
    for name, g in analytic.items():
        point = before[name]
        functions = [twin.function_of(name) for twin in twins]
        check = compare(place, name, g, functions[0], point, *how)
        if oracle == "complex" and numpy.isfinite(g).all():
            size = float(numpy.abs(before["y"] * gy).sum())
            check = second_opinion(check, g, functions[1], point, stream, size)
        checks.append(check)
    if at_a_kink(layer, t, stream, oracle):
        return _without_derivative(checks), False
    return checks, False


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
                run_forward(self.layer, self.t)
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
    gy = normal(tape.gy.shape, stream)
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
