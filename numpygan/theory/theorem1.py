"""Theorem 1: C(G) = −log 4 + 2 JSD(p_data ‖ p_g); its minimum −log 4 is at p_g = p_data only."""

import math

import numpy

from . import divergences, quadrature
from .densities import GaussianMixture, Uniform


def cost_and_jsd(p, q):
    """C(G) = max_D V by its definition, and JSD(p ‖ q), in nats, each by an integral."""
    x, w = quadrature.over(p, q)
    log_p, log_q = p.log_density(x), q.log_density(x)
    return divergences.cost(log_p, log_q, w), divergences.jsd(log_p, log_q, w)


def random_density(generator):
    """A mixture of one to four Gaussians on the line, or, with probability ¼, a uniform density."""
    if generator.random() < 0.25:
        low = generator.uniform(-4, 4)
        return Uniform(low, low + generator.uniform(0.1, 6))
    modes = generator.integers(1, 5)
    weights = generator.dirichlet(numpy.ones(modes))
    return GaussianMixture(
        generator.uniform(-4, 4, (modes, 1)),
        10 ** generator.uniform(-1, 0.5, modes),
        weights / weights.sum(),
    )


def random_pairs(n, seed=0):
    """For n random pairs: largest |C − (−log 4 + 2 JSD)|, least C + log 4, greatest C."""
    generator = numpy.random.default_rng(seed)
    pairs = [cost_and_jsd(random_density(generator), random_density(generator)) for _ in range(n)]
    costs, jsds = numpy.array(pairs).T
    return (
        float(numpy.abs(costs + math.log(4) - 2 * jsds).max()),
        float(costs.min() + math.log(4)),
        float(costs.max()),
    )
