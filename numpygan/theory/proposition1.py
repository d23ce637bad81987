"""Proposition 1: for a fixed G the optimal D is D* = p_data/(p_data + p_g).

Only D is trained here; it is then compared with D*.
"""

import math

import numpy

from ..arrays import Stream
from ..data.sources import Shuffled
from ..gan.objective import probability
from ..nn.layers import Affine
from ..nn.mlp import MLP
from . import divergences
from .densities import GaussianMixture, toy
from .players import Players, smooth_net

P_DATA, MEAN, STD = toy("gauss1d"), 0.5, 1.5
P_G = GaussianMixture([[MEAN]], STD)  # p_g of the fixed G(z) = 0.5 + 1.5 z, z ~ N(0, 1)
# The error is taken where (p_data + p_g)/2 is larger: elsewhere D sees hardly any row.
VISIBLE = 0.01
X = numpy.linspace(-6.0, 6.0, 601)[:, None]
UNITS, EXAMPLES = (2, 8, 32), (30, 300, 3_000, 30_000)
_ITERATIONS, _BATCH, _RATE = 2000, 128, 0.01


def fit(hidden, examples, seed=0):
    """The Players after D, with two layers of `hidden` units, was trained alone.

    D is trained on `examples` draws from p_data by the inner loop of Algorithm 1.
    """
    G = MLP([Affine(1, 1)], "float32")
    rows = P_DATA.sample(examples, Stream(seed)).astype("float32")
    p_data, m = Shuffled(rows, Stream(seed + 1)), min(_BATCH, examples)
    players = Players(G, smooth_net(hidden, 4.0), p_data, "gaussian", seed, m)
    G.theta = numpy.array([STD, MEAN], "float32")
    for i in range(_ITERATIONS):
        players.play(0.0, _RATE * 0.5 * (1 + math.cos(math.pi * i / _ITERATIONS)))
    return players


def fits():
    """D at X after training, by (units, examples).

    Every number of units is trained on all examples, the largest also on every smaller number.
    """
    cases = [(units, EXAMPLES[-1]) for units in UNITS[:-1]]
    cases += [(UNITS[-1], examples) for examples in EXAMPLES]
    return {case: probability(numpy, fit(*case).logit(X)) for case in cases}


def optimum():
    """D* at X, and a mask of the visible X."""
    log_p, log_q = P_DATA.log_density(X), P_G.log_density(X)
    visible = numpy.logaddexp(log_p, log_q) - math.log(2) > math.log(VISIBLE)
    return probability(numpy, divergences.log_ratio(log_p, log_q)), visible


def sup_error(d):
    """max |D − D*| over the visible X."""
    star, visible = optimum()
    return float(numpy.abs(d - star)[visible].max())
