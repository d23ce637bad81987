"""Small real games on the line, played by Algorithm 1, in which either player can be held still."""

import numpy

from ..arrays import streams
from ..data.sources import Noise
from ..gan.algorithm1 import algorithm1
from ..gan.sampling import generate
from ..gan.sgd import RULES
from ..nn.layers import Affine, Tanh
from ..nn.mlp import MLP


class Players:
    """G and D on the line, with z uniform or Gaussian, at any point of their training.

    G, D     MLPs R → R; both are drawn from `seed`, as is all else
    p_data   what has `minibatch(out)`
    """

    def __init__(self, G, D, p_data, noise="uniform", seed=0, rules=("adam", "adam"), momentum=(0.0, 0.0), **settings):
        named = streams(seed)
        self.G, self.D, self.noise = G, D, noise
        self.rule_g, self.rule_d = (RULES[name](net, momentum=mu) for name, net, mu in zip(rules, (G, D), momentum))
        for net in (G, D):
            net.initialize(named["init"])
        self._games = algorithm1(
            G, D, p_data, Noise(noise, named["noise"]), self.rule_g, self.rule_d, named["dropout"], **settings
        )

    def play(self, rate_g, rate_d):
        """One iteration of Algorithm 1 at these learning rates; a rate of 0 holds that player still. Returns the Game."""
        self.rule_g.learning_rate, self.rule_d.learning_rate = rate_g, rate_d
        return next(self._games)

    def logit(self, x):
        """D's logit at points x (n, 1), as float64 (n,)."""
        return generate(self.D, x.astype(self.D.dtype))[:, 0].astype("float64")


def smooth_net(hidden, spread, layers=2):
    """A net R → R of tanh layers whose first units switch at places spread evenly over (−spread, spread)."""
    slopes = 2.0
    first = Affine(1, hidden, scale=slopes, bias=slopes * spread * numpy.linspace(-1, 1, hidden) / 2)
    middle = [layer for _ in range(layers - 1) for layer in (Affine(hidden, hidden), Tanh())]
    return MLP([first, Tanh(), *middle, Affine(hidden, 1)])
