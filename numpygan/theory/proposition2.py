"""Proposition 2: with D = D* at each step, p_g descends C to p_data, if it is p_g itself that
moves. In θ-space it need not.

The line is cut into bins; p and q are vectors of the bins' probabilities, and C is convex in q.
"""

import numpy

from ..gan.objective import softplus
from . import divergences
from .densities import GaussianMixture, log_sum_exp, toy

P_DATA, STD = toy("gauss1d"), 0.5
# μ of q_θ, and of q, before the first step.
STARTS = {"one mode on either side": (-0.5, 0.5), "both modes on one side": (-3.0, -2.5)}
STEPS, THETA_STEPS = 120, 2000


def bins(low, high, n):
    """The middles of n bins (n, 1) and their width."""
    width = (high - low) / n
    return (low + width * (numpy.arange(n) + 0.5))[:, None], width


def log_masses(p, x):
    """The logarithms of the bins' probabilities, normalised over the bins."""
    log_q = p.log_density(x)
    return log_q - log_sum_exp(log_q)


def functional_descent(log_p, log_q, steps, rate=0.5):
    """Descend C in the space of densities from q, D = D* at each step: q ← q (1 − D*)^−rate,
    normalised.

    The derivative of C by q is log(1 − D*), by the paper's argument that a subderivative of a
    supremum is that of the function which attains it; the step is that of exponentiated gradient
    descent, which keeps q a distribution. At rate 1 it is q ← (p + q)/2. Returns log q and C after
    0, 1, …, `steps` steps.
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
    """C and ∂C/∂μ for q_θ = a mixture of equal Gaussians N(μ_j, σ²) over the bins, θ = μ (modes,),
    D = D*.

    ∂C/∂μ_j = Σ log(1 − D*) ∂q_θ/∂μ_j: that D* moves with θ makes no difference, as ∂V/∂D = 0 there.
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
    """Gradient descent of C in θ = μ, D = D* at each step: μ and C after 0, 1, …, `steps` steps,
    and the last ‖∂C/∂μ‖.
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
    """From each of STARTS both descents: {start: (path of log q, C, path of μ, C, ‖∂C/∂μ‖ at the
    end)}, and the bins' middles.
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
