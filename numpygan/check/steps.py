"""The error of numerical derivatives against the step size: why the complex step is used."""

import numpy

from ..arrays import Stream, normal
from ..gan import objective
from ..nn.layers import Affine, Tanh
from ..nn.mlp import MLP
from . import oracles

METHODS = {
    "forward": oracles.forward,
    "central": oracles.central,
    "five-point": oracles.five_point,
    "complex step": oracles.complex_step,
}
_COMPLEX = {"float32": numpy.complex64, "float64": numpy.complex128}


def errors(dtype, steps, seed=0):
    """The relative errors of a derivative of log(1 − D) along a direction, for each method.

    Returns {method: errors}, an array as long as `steps`. The reference is the hand-written
    backward pass in float64. There the complex step at h = 1e−30 agrees with it to the last digits.
    """
    stream, m = Stream(seed), 8
    net = MLP([Affine(5, 7), Tanh(), Affine(7, 1)], "float64")
    net.initialize(stream)
    tape, slope = net.tape(m), numpy.empty((m, 1))
    stream.normal(tape.x)
    x = tape.x.copy()
    objective.saturating_slope(numpy, net.forward(tape.x, tape), out=slope)
    net.backward(slope, tape)
    direction = normal(net.theta.size, stream)
    exact = float(net.grad @ direction)

    def value(theta):
        W, b, V, c = theta[:35].reshape(5, 7), theta[35:42], theta[42:49], theta[49]
        logit = numpy.tanh(x.astype(dtype) @ W + b) @ V + c
        return -numpy.log(1 + numpy.exp(logit)).mean()

    found = {}
    for name, method in METHODS.items():
        kind = _COMPLEX[dtype] if name == "complex step" else dtype

        def rounded(theta, kind=kind):
            return value(theta.astype(kind))

        found[name] = numpy.array(
            [abs(method(rounded, net.theta, direction, h) - exact) / abs(exact) for h in steps]
        )
    return found
