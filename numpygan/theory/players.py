"""Small games on the line, played by Algorithm 1; either player can be kept fixed."""

import numpy

from ..arrays import streams
from ..data.sources import Noise
from ..gan.algorithm1 import algorithm1
from ..gan.sampling import generate
from ..nn.layers import Affine, Tanh
from ..nn.mlp import MLP
from ..nn.optimizers import Adam


class Players:
    """G and D on the line, trained by Adam with β₁ = 0.

    G, D    MLPs R → R; their parameters and the noise are drawn from `seed`
    p_data  a source with `minibatch(out)`
    noise   p_z: "uniform" or "gaussian"
    m, k    as in algorithm1
    """

    def __init__(self, G, D, p_data, noise, seed, m, k=1):
        named = streams(seed)
        self.G, self.D = G, D
        self.optimizer_g, self.optimizer_d = Adam(G, beta1=0.0), Adam(D, beta1=0.0)
        for net in (G, D):
            net.initialize(named["init"])
        p_z = Noise(noise, named["noise"])
        optimizers, mask_stream = (self.optimizer_g, self.optimizer_d), named["dropout"]
        self._games = algorithm1(G, D, p_data, p_z, *optimizers, mask_stream, m, k)

    def play(self, rate_g, rate_d):
        """One iteration of Algorithm 1 at these learning rates; returns the Game.

        A learning rate of 0 keeps that player fixed.
        """
        self.optimizer_g.learning_rate, self.optimizer_d.learning_rate = rate_g, rate_d
        return next(self._games)

    def logit(self, x):
        """D's logit at points x (n, 1), as float64 (n,)."""
        return _rows(self.D, x)

    def generate(self, z):
        """G(z) for z (n, 1), as float64 (n,)."""
        return _rows(self.G, z)


def _rows(net, x):
    return generate(net, x.astype(net.dtype))[:, 0].astype("float64")


def smooth_net(hidden, spread, scale=2.0, bias=0.0):
    """A network R → R with two tanh layers, whose output is near `bias` at first.

    The units of the first layer switch at points spread over (−spread, spread).
    """
    first = Affine(1, hidden, scale=scale, bias=spread * numpy.linspace(-1, 1, hidden))
    return MLP([first, Tanh(), Affine(hidden, hidden), Tanh(), Affine(hidden, 1, bias=bias)])
