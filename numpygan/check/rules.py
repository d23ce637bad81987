"""The learning rules against their formulas, written out for whole vectors."""

import numpy

from ..arrays import Stream
from ..nn.layers import Affine
from ..nn.mlp import MLP
from ..nn.optimizers import RULES
from .verdicts import judge

_ETA, _MU, _BETA, _EPSILON = 0.1, 0.5, 0.999, 1e-8
_UPDATES = 3


def momentum(theta, gradients):
    """v ← μ v − η g,  θ ← θ + v."""
    v = 0
    for g in gradients:
        v = _MU * v - _ETA * g
        theta = theta + v
    return theta


def adam(theta, gradients):
    """Kingma and Ba 2015, Algorithm 1."""
    v = s = 0
    for t, g in enumerate(gradients, 1):
        v, s = _MU * v + (1 - _MU) * g, _BETA * s + (1 - _BETA) * g**2
        theta = theta - _ETA * (v / (1 - _MU**t)) / (numpy.sqrt(s / (1 - _BETA**t)) + _EPSILON)
    return theta


@numpy.errstate(all="ignore")  # as gradcheck
def check_rules(seed=0):
    """A Check for each rule and direction: where θ has gone after three updates, in a network
    larger than one piece of the walk.
    """
    checks = []
    for name, formula in (("momentum", momentum), ("adam", adam)):
        for direction, sign in (("descend", 1), ("ascend", -1)):
            stream = Stream(seed)
            net = MLP([Affine(300, 300)], "float64")
            net.initialize(stream)
            rule = RULES[name](net, _ETA, _MU)
            start, gradients = net.theta.copy(), []
            for _ in range(_UPDATES):
                stream.normal(net.grad)
                gradients.append(sign * net.grad)
                getattr(rule, direction)()
            moved, expected = net.theta - start, formula(start, gradients) - start
            largest = float(numpy.abs(expected).max())
            checks.append(
                judge(
                    f"rule {name}, {direction}",
                    "theta",
                    moved,
                    expected,
                    shape=moved.shape,
                    indices=[(i,) for i in range(moved.size)],
                    largest=largest,
                    floor=0.0,
                    tolerance=1e-13,
                    rows=1,
                )
            )
    return tuple(checks)
