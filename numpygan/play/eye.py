"""Looking at networks in training without touching them."""

import math

import numpy

from ..arrays import Stream
from ..data.sources import Noise

_LONGEST = 1_000  # points of a curve


def fixed_noise(training, n):
    """n rows of z that are the same in every frame and that training never draws."""
    z = numpy.zeros((n, training.G.n_in), training.G.dtype)
    Noise(training.recipe.noise, Stream(1)).minibatch(z)
    return z


class Eye:
    """A copy of a network, for passes over the rows of x that touch no tape of the training."""

    def __init__(self, net, x):
        self._of, self._net = net, net.copy()
        self._tape = self._net.tape(len(x), training=False)
        self._x = x.astype(net.dtype)

    def see(self, x=None):
        """The output of the network as it is now, for the rows of x; valid until the next call."""
        self._net.theta = self._of.theta
        return self._net.forward(self._x if x is None else x, self._tape)


def taught(valid):
    """The samples of the G step and −∂L/∂G(z) of each, as the training itself computed it."""
    tape = valid.get("g D backward")
    if tape is not None:
        return {
            "taught": tape.x.astype("float32"),
            "push": -tape.gx.astype("float32"),
            "mean_push": mean_push(tape),
        }
    tape = valid.get("g G forward") or valid.get("d G forward")
    return {} if tape is None else {"taught": tape.y.astype("float32")}


def mean_push(tape):
    """The mean of m ‖∂L/∂G(z)‖: how hard the loss pulls at a sample; None if not finite."""
    return finite(len(tape.gx) * numpy.linalg.norm(tape.gx, axis=1).mean())


def finite(value):
    """A number as JSON has it: None if it is not finite."""
    return float(value) if math.isfinite(value) else None


def go_back(curve, iteration):
    """Remove the points of a curve, (iteration, …), that came after `iteration`."""
    while curve and curve[-1][0] > iteration:
        curve.pop()


def go_on(curve, point):
    """Add a point to a curve; it replaces a point of the same iteration."""
    go_back(curve, point[0] - 1)
    curve.append(point)
    del curve[:-_LONGEST]
