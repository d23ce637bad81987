"""Maximum likelihood: densities fitted in closed form and by EM, and the game that does it.

With enough data, maximising the mean of log p_θ(x) is minimising KL(p_data ‖ p_θ), because
KL(p_data ‖ p_θ) = −H(p_data) − E_p_data[log p_θ], and the entropy H does not depend on θ.
`game_gradient` is the gradient of a game whose G descends KL(p_data ‖ p_g).
"""

import math
from dataclasses import dataclass

import numpy

from ..arrays import Stream
from ..gan.objective import g_loss
from . import divergences, quadrature
from .densities import GaussianMixture, log_sum_exp, toy

_LEAST_STD = 1e-6  # a mode on a single point would shrink for ever

P_DATA = toy("gauss1d")
EXAMPLES, STEPS = 10_000, 40
_START = GaussianMixture([[0.0], [1.0]], 2.0)


def fit_gaussian(x):
    """The Gaussian N(μ, σ² I) of greatest likelihood for the rows x (n, d).

    μ is the mean of x, σ² the mean of ‖x − μ‖²/d.
    """
    mean = x.mean(0)
    return GaussianMixture(mean[None], max(_LEAST_STD, math.sqrt(((x - mean) ** 2).mean())))


def em(x, start, steps, ridge=0.0):
    """Expectation–maximisation (Dempster, Laird and Rubin 1977) of a GaussianMixture on x (n, d).

    E  r_ij = P(mode j | x_i) = π_j N(x_i; μ_j, Σ_j)/p(x_i)
    M  N_j = Σ_i r_ij,  π_j = N_j/n,  μ_j = Σ_i r_ij x_i/N_j,
       Σ_j = Σ_i r_ij (x_i − μ_j)(x_i − μ_j)ᵀ/N_j + ridge·I   or, if `start` has stds,
       σ_j² = Σ_i r_ij ‖x_i − μ_j‖²/(d N_j)

    Returns the mixtures after 0, 1, …, `steps` steps; the first is `start`. Without a ridge the
    likelihood of x never falls from one step to the next. σ is at least 1e−6. A mode to which no
    row belongs stays as it is and gets the weight 0. Raises NumpyganError if a covariance becomes
    singular. See also Bishop 2006, §9.2.2.
    """
    d = x.shape[1]
    mixtures = [start]
    for _ in range(steps):
        mixture = mixtures[-1]
        joint = mixture.log_joint(x)
        r = numpy.exp(joint - log_sum_exp(joint)[:, None])
        counts = r.sum(0)
        safe = numpy.where(counts > 0, counts, 1.0)
        means = numpy.where(counts[:, None] > 0, r.T @ x / safe[:, None], mixture.means)
        stds, covariances = None, None
        if mixture.stds is not None:
            square = ((x[:, None] - means) ** 2).sum(2)
            variances = numpy.where(counts > 0, (r * square).sum(0) / (d * safe), mixture.stds**2)
            stds = numpy.maximum(_LEAST_STD, numpy.sqrt(variances))
        else:
            covariances = mixture.covariances.copy()
            for j in numpy.flatnonzero(counts):
                centred = (x - means[j]) * numpy.sqrt(r[:, j : j + 1])
                covariances[j] = centred.T @ centred / counts[j] + ridge * numpy.eye(d)
        mixtures.append(GaussianMixture(means, stds, counts / counts.sum(), covariances))
    return mixtures


def divergence_and_likelihood(p_data, model):
    """KL(p_data ‖ model) and E_p_data[log model] in nats, by two separate integrals."""
    x, w = quadrature.over(p_data, model)
    log_p, log_q = p_data.log_density(x), model.log_density(x)
    return divergences.kl(log_p, log_q, w), divergences.integral(w, log_p, log_q)


def entropy(p):
    """H(p) = −E_p[log p], in nats."""
    x, w = quadrature.over(p, nodes=16)
    log_p = p.log_density(x)
    return -divergences.integral(w, log_p, log_p)


def game_gradient(p_data, mean, std, loss="maximum_likelihood"):
    """∂/∂(μ, σ) of the expected loss of G(z) = μ + σz, z ~ N(0, 1), against a fixed D = D*: (2,).

    It is ∫ p_g(x) ∂L/∂a · a′(x) · ∂G/∂θ dx with x = G(z) and D's logit a = log p_data − log p_g.
    For the loss "maximum_likelihood" it equals ½ ∂KL(p_data ‖ p_g)/∂(μ, σ). Where a is above
    objective.LARGEST_LOGIT the loss continues as its tangent.
    """
    p_g = GaussianMixture([[mean]], std)
    x, w = quadrature.over(p_data, p_g)
    logit = divergences.log_ratio(p_data.log_density(x), p_g.log_density(x))[:, None]
    slope = numpy.empty_like(logit)
    g_loss(loss).slope(numpy, logit, out=slope)
    slope *= len(logit)  # the loss is a mean over m rows; here the mean is over p_g
    pull = w * numpy.exp(p_g.log_density(x)) * (slope * (p_data.score(x) - p_g.score(x)))[:, 0]
    return numpy.array([pull.sum(), (pull * (x[:, 0] - mean) / std).sum()])


@dataclass
class Fits:
    """Fits to EXAMPLES draws from P_DATA: the Gaussian, and the mixture after 0, 1, … steps of EM.

    kl, expected  KL(p_data ‖ mixture) and E_p_data[log mixture] after each step
    on_examples   the mean log-likelihood of the examples after each step
    """

    gaussian: GaussianMixture
    mixtures: list
    kl: numpy.ndarray
    expected: numpy.ndarray
    on_examples: numpy.ndarray


def fits(seed=0):
    """The Fits to EXAMPLES draws from P_DATA."""
    x = P_DATA.sample(EXAMPLES, Stream(seed))
    mixtures = em(x, _START, STEPS)
    kl, expected = numpy.array([divergence_and_likelihood(P_DATA, q) for q in mixtures]).T
    on_examples = numpy.array([mixture.log_density(x).mean() for mixture in mixtures])
    return Fits(fit_gaussian(x), mixtures, kl, expected, on_examples)
