"""Small real games on the line, played by Algorithm 1, in which either player can be held still."""

import numpy

from ..arrays import streams
from ..data.sources import Noise
from ..gan.algorithm1 import algorithm1
from ..gan.sampling import generate
from ..nn.layers import Affine, Tanh
from ..nn.mlp import MLP
from ..nn.optimizers import Adam


class Players:
    """G and D on the line, at any point of their training by Adam with β₁ = 0.

    G, D     MLPs R → R; both are drawn from `seed`, as is the noise
    p_data   what has `minibatch(out)`
    noise    p_z: "uniform" or "gaussian";  m, k  as for algorithm1
    """

    def __init__(self, G, D, p_data, noise, seed, m, k=1):
        named = streams(seed)
        self.G, self.D = G, D
        self.rule_g, self.rule_d = Adam(G, momentum=0.0), Adam(D, momentum=0.0)
        for net in (G, D):
            net.initialize(named["init"])
        p_z = Noise(noise, named["noise"])
        self._games = algorithm1(
            G, D, p_data, p_z, self.rule_g, self.rule_d, named["dropout"], m, k
        )

    def play(self, rate_g, rate_d):
        """One iteration of Algorithm 1 at these learning rates; a rate of 0 holds that player
        still. Returns the Game.
        """
        self.rule_g.learning_rate, self.rule_d.learning_rate = rate_g, rate_d
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
    """A net R → R of two tanh layers, the units of the first switching all over (−spread, spread)
    from the start.

    Its output starts about `bias`.
    """
    first = Affine(1, hidden, scale=scale, bias=spread * numpy.linspace(-1, 1, hidden))
    return MLP([first, Tanh(), Affine(hidden, hidden), Tanh(), Affine(hidden, 1, bias=bias)])
