"""Theorem 1: C(G) = −log 4 + 2 JSD(p_data ‖ p_g), least, −log 4, if and only if p_g = p_data."""

import math

import numpy

from . import divergences, quadrature
from .densities import GaussianMixture, Uniform


def cost_and_jsd(p, q):
    """C(G) by its definition, max_D V, and JSD(p ‖ q), each an integral of its own over the same
    nodes, in nats.
    """
    x, w = quadrature.over(p, q)
    log_p, log_q = p.log_density(x), q.log_density(x)
    return divergences.cost(log_p, log_q, w), divergences.jsd(log_p, log_q, w)


def random_density(generator):
    """A mixture of one to four Gaussians on the line, or, one time in four, a uniform density."""
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
    """Of n random pairs of densities: the largest |C − (−log 4 + 2 JSD)|, the least C + log 4 and
    the greatest C.
    """
    generator = numpy.random.default_rng(seed)
    pairs = [cost_and_jsd(random_density(generator), random_density(generator)) for _ in range(n)]
    costs, jsds = numpy.array(pairs).T
    return (
        float(numpy.abs(costs + math.log(4) - 2 * jsds).max()),
        float(costs.min() + math.log(4)),
        float(costs.max()),
    )
