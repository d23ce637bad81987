"""Proposition 2: if p_g descends C and D = D* at each step, p_g reaches p_data.

This is true if the step is taken in the space of densities. It need not be true if the step is
taken in the space of parameters θ. The line is cut into bins; p and q are vectors of the bins'
probabilities, and C is convex in q.
"""

import numpy

from ..gan.objective import softplus
from . import divergences
from .densities import GaussianMixture, log_sum_exp, toy

P_DATA, STD = toy("gauss1d"), 0.5
# The means μ of q before the first step.
STARTS = {"one mode on either side": (-0.5, 0.5), "both modes on one side": (-3.0, -2.5)}
STEPS, THETA_STEPS = 120, 2000


def bins(low, high, n):
    """The centres of n bins (n, 1), and their width."""
    width = (high - low) / n
    return (low + width * (numpy.arange(n) + 0.5))[:, None], width


def log_masses(p, x):
    """The logarithms of the bins' probabilities, normalised over the bins."""
    log_q = p.log_density(x)
    return log_q - log_sum_exp(log_q)


def functional_descent(log_p, log_q, steps, rate=0.5):
    """Descend C in the space of densities: q ← q (1 − D*)^−rate, normalised, D = D* at each step.

    ∂C/∂q = log(1 − D*): the paper argues that a subderivative of a supremum is the derivative of
    the function that attains it. The step is exponentiated gradient descent, so q remains a
    distribution. At rate 1 it is q ← (p + q)/2. Returns log q and C after 0, 1, …, `steps` steps.
    """
    ones = numpy.ones(len(log_p))
    path, costs = [log_q], [divergences.cost(log_p, log_q, ones)]
    for _ in range(steps):
        log_q = log_q + rate * softplus(numpy, divergences.log_ratio(log_p, log_q))
        log_q = log_q - log_sum_exp(log_q)
        path.append(log_q)
        costs.append(divergences.cost(log_p, log_q, ones))
    return path, numpy.array(costs)


def parameter_gradient(log_p, means, std, x):
    """C and ∂C/∂μ for D = D* and q_θ, an equal mixture of N(μ_j, σ²) over the bins; θ = μ (modes,).

    ∂C/∂μ_j = Σ log(1 − D*) ∂q_θ/∂μ_j. D* also depends on θ, but this adds nothing, because
    ∂V/∂D = 0 at D*.
    """
    mixture = GaussianMixture(means[:, None], std)
    modes = numpy.exp(mixture.log_joint(x))
    total = modes.sum()
    log_q = numpy.log(modes.sum(1)) - numpy.log(total)
    log_not_d = -softplus(numpy, divergences.log_ratio(log_p, log_q))
    rise = modes * (x - means) / std**2 / total  # ∂q/∂μ before normalisation
    rise -= numpy.exp(log_q)[:, None] * rise.sum(0)
    return divergences.cost(log_p, log_q, numpy.ones(len(log_p))), log_not_d @ rise


def parameter_descent(log_p, means, std, x, steps, rate=0.5):
    """Gradient descent of C in θ = μ, with D = D* at each step.

    Returns μ and C after 0, 1, …, `steps` steps, and the last ‖∂C/∂μ‖.
    """
    means = numpy.array(means, "float64")
    path, costs = [], []
    for step in range(steps + 1):
        cost, gradient = parameter_gradient(log_p, means, std, x)
        path.append(means)
        costs.append(cost)
        if step < steps:
            means = means - rate * gradient
    return path, numpy.array(costs), float(numpy.sqrt(gradient @ gradient))


def descents():
    """Both descents from each of STARTS, and the centres of the bins.

    The first is {start: (log q at each step, C, μ at each step, C, the last ‖∂C/∂μ‖)}.
    """
    x, _ = bins(-6.0, 6.0, 400)
    log_p, found = log_masses(P_DATA, x), {}
    for name, means in STARTS.items():
        start = log_masses(GaussianMixture(numpy.array(means)[:, None], STD), x)
        found[name] = (
            *functional_descent(log_p, start, STEPS),
            *parameter_descent(log_p, means, STD, x, THETA_STEPS),
        )
    return found, x
