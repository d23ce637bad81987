"""Maximum likelihood: explicit densities fitted by closed form and by EM, and the game whose G
descends KL(p_data ‖ p_g).

Maximising the mean of log p_θ(x) over data is, in the limit of much data, minimising KL(p_data ‖
p_θ), as KL(p_data ‖ p_θ) = −H(p_data) − E_p_data[log p_θ] and the entropy H does not depend on θ.
"""

import math
from dataclasses import dataclass

import numpy

from ..arrays import Stream
from ..gan.objective import g_loss
from . import divergences, quadrature
from .densities import GaussianMixture, toy

_LEAST_STD = 1e-6  # a mode on a single point would shrink for ever


P_DATA = toy("gauss1d")
EXAMPLES, STEPS = 10_000, 40
_START = GaussianMixture([[0.0], [1.0]], 2.0)


def fit_gaussian(x):
    """The Gaussian N(μ, σ² I) of greatest likelihood for the rows x (n, d): μ = mean of x, σ² =
    mean of ‖x − μ‖²/d.
    """
    mean = x.mean(0)
    return GaussianMixture(mean[None], max(_LEAST_STD, math.sqrt(((x - mean) ** 2).mean())))


def em(x, start, steps):
    """`steps` steps of expectation–maximisation (Dempster, Laird and Rubin 1977) of a
    GaussianMixture on rows x (n, d).

        E  r_ij = P(mode j | x_i) = π_j N(x_i; μ_j, σ_j² I)/p(x_i)
        M  N_j = Σ_i r_ij,  π_j = N_j/n,  μ_j = Σ_i r_ij x_i/N_j,  σ_j² = Σ_i r_ij ‖x_i − μ_j‖²/(d
           N_j)

    Returns the mixtures after 0, 1, …, `steps` steps, of which the first is `start`; the likelihood
    of x never falls from one to the next. A σ is never let below 1e−6, and a mode that no row
    belongs to stays where it is, with weight 0.
    """
    n, d = x.shape
    mixtures = [start]
    for _ in range(steps):
        mixture = mixtures[-1]
        r = numpy.exp(mixture.log_joint(x) - mixture.log_density(x)[:, None])
        counts = r.sum(0)
        safe = numpy.where(counts > 0, counts, 1.0)[:, None]
        means = numpy.where(counts[:, None] > 0, r.T @ x / safe, mixture.means)
        square = ((x[:, None] - means) ** 2).sum(2)
        variances = numpy.where(counts > 0, (r * square).sum(0) / (d * safe[:, 0]), mixture.stds**2)
        mixtures.append(
            GaussianMixture(
                means, numpy.maximum(_LEAST_STD, numpy.sqrt(variances)), counts / counts.sum()
            )
        )
    return mixtures


def divergence_and_likelihood(p_data, model):
    """KL(p_data ‖ model) and E_p_data[log model], each an integral of its own, in nats."""
    x, w = quadrature.over(p_data, model)
    log_p, log_q = p_data.log_density(x), model.log_density(x)
    return divergences.kl(log_p, log_q, w), divergences.integral(w, log_p, log_q)


def entropy(p):
    """H(p) = −E_p[log p], in nats."""
    x, w = quadrature.over(p, nodes=16)
    log_p = p.log_density(x)
    return -divergences.integral(w, log_p, log_p)


def game_gradient(p_data, mean, std, loss="maximum_likelihood"):
    """∂/∂(μ, σ) of the expected loss of G(z) = μ + σz, z ~ N(0, 1), against D = D*, which is held
    fixed: (2,).

    ∫ p_g(x) ∂L/∂a · a′(x) · ∂G/∂θ dx with x = G(z), a = σ⁻¹(D*) = log p_data − log p_g. For the
    loss "maximum_likelihood" it is ½ ∂KL(p_data ‖ p_g)/∂(μ, σ). Where a is above
    objective.LARGEST_LOGIT the loss is its tangent.
    """
    p_g = GaussianMixture([[mean]], std)
    x, w = quadrature.over(p_data, p_g)
    logit = divergences.log_ratio(p_data.log_density(x), p_g.log_density(x))[:, None]
    slope = numpy.empty_like(logit)
    g_loss(loss)[1](numpy, logit, out=slope)
    slope *= len(logit)  # here the mean is over p_g, not over m rows
    pull = w * numpy.exp(p_g.log_density(x)) * (slope * (p_data.score(x) - p_g.score(x)))[:, 0]
    return numpy.array([pull.sum(), (pull * (x[:, 0] - mean) / std).sum()])


@dataclass
class Fits:
    """Fits to EXAMPLES draws of P_DATA: the Gaussian, and the mixtures after 0, 1, … steps of EM.

    kl, expected      KL(p_data ‖ mixture) and E_p_data[log mixture] after each step
    on_examples       the mean log-likelihood of the examples after each step
    """

    gaussian: GaussianMixture
    mixtures: list
    kl: numpy.ndarray
    expected: numpy.ndarray
    on_examples: numpy.ndarray


def fits(seed=0):
    x = P_DATA.sample(EXAMPLES, Stream(seed))
    mixtures = em(x, _START, STEPS)
    kl, expected = numpy.array(
        [divergence_and_likelihood(P_DATA, mixture) for mixture in mixtures]
    ).T
    return Fits(
        fit_gaussian(x),
        mixtures,
        kl,
        expected,
        numpy.array([mixture.log_density(x).mean() for mixture in mixtures]),
    )
