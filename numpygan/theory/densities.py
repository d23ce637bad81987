"""Densities that are known exactly: log p(x) in nats, samples, and edges for a quadrature.

Each has `dim`; `log_density(x)` for points x (n, dim), −inf outside its support; and
`sample(n, stream)`. `edges()` gives the points that cut each dimension into intervals on which the
density is smooth; outside the first and last edge lies less than 1e−22 of its mass.
"""

import math

import numpy

from ..arrays import normal, uniform
from ..data.sources import TOYS
from ..errors import NumpyganError

_REACH, _STEP = 10.0, 0.5  # edges around a mode: the farthest and the distance of two, in σ


def log_sum_exp(a):
    """log Σ_j exp(a_j) over the last axis of a (…, n): (…). A term of −inf counts as 0.

    The largest term is taken out first, so that nothing overflows or vanishes.
    """
    largest = a.max(-1)
    return largest + numpy.log(numpy.exp(a - largest[..., None]).sum(-1))


class GaussianMixture:
    """p(x) = Σ_j π_j N(x; μ_j, Σ_j).

    means        μ (modes, d)
    stds         σ for Σ_j = σ_j² I, one for all modes or one for each; or None
    weights      π, with sum 1; equal by default
    covariances  Σ (modes, d, d), if stds is None
    Raises NumpyganError if a σ is not positive, a covariance is singular, or the weights are not
    a distribution over the modes.
    """

    def __init__(self, means, stds=None, weights=None, covariances=None):
        self.means = numpy.atleast_2d(numpy.asarray(means, "float64"))
        modes, self.dim = self.means.shape
        weights = numpy.full(modes, 1 / modes) if weights is None else weights
        self.weights = numpy.asarray(weights, "float64")
        positive = self.weights.shape == (modes,) and (self.weights >= 0).all()
        if not positive or abs(self.weights.sum() - 1) > 1e-9:
            raise NumpyganError(
                f"GaussianMixture: expected {modes} weights ≥ 0 with sum 1, got {self.weights}."
            )
        self.stds, self.covariances = stds, covariances
        if stds is not None:
            self.stds = numpy.broadcast_to(numpy.asarray(stds, "float64"), (modes,))
            if not (self.stds > 0).all():
                raise NumpyganError(f"GaussianMixture: every σ must be > 0, got {self.stds.min()}.")
            self.covariances = self.stds[:, None, None] ** 2 * numpy.eye(self.dim)
        try:
            self._roots = numpy.linalg.cholesky(self.covariances)  # L_j, Σ_j = L_j L_jᵀ
        except numpy.linalg.LinAlgError:
            raise NumpyganError(
                "mixture: a component has collapsed onto too few points (its covariance is "
                "singular); use fewer components or a ridge."
            ) from None
        self._whiten = numpy.linalg.inv(self._roots)

    def log_joint(self, x):
        """log π_j + log N(x; μ_j, Σ_j), in nats: (n, modes). It is −inf for a mode of weight 0."""
        out = numpy.empty((len(x), len(self.means)))
        for j, (mean, whiten) in enumerate(zip(self.means, self._whiten)):
            whitened = (x - mean) @ whiten.T  # (n, d)·(d, d) -> (n, d)
            out[:, j] = -0.5 * numpy.einsum("ij,ij->i", whitened, whitened)
        log_volume = numpy.log(self._roots.diagonal(axis1=1, axis2=2)).sum(1)
        with numpy.errstate(divide="ignore"):
            out += numpy.log(self.weights) - log_volume - self.dim * math.log(2 * math.pi) / 2
        return out

    def log_density(self, x):
        return log_sum_exp(self.log_joint(x))

    def score(self, x):
        """∇ log p(x): (n, d)."""
        share = numpy.exp(self.log_joint(x) - self.log_density(x)[:, None])
        found = numpy.zeros(x.shape)
        for j, (mean, whiten) in enumerate(zip(self.means, self._whiten)):
            found += share[:, j : j + 1] * ((mean - x) @ whiten.T @ whiten)
        return found

    def sample(self, n, stream):
        cumulative = self.weights.cumsum()
        u, x = uniform(n, 0.0, cumulative[-1], stream), normal((n, self.dim), stream)
        modes = numpy.searchsorted(cumulative[:-1], u, side="right")
        for j, (mean, root) in enumerate(zip(self.means, self._roots)):
            x[modes == j] = x[modes == j] @ root.T + mean
        return x

    def edges(self):
        offsets = numpy.arange(-_REACH, _REACH + _STEP / 2, _STEP)
        stds = numpy.sqrt(self.covariances.diagonal(axis1=1, axis2=2))  # (modes, d)
        axes = zip(self.means.T, stds.T)
        return [numpy.unique(mean[:, None] + std[:, None] * offsets) for mean, std in axes]


class Uniform:
    """p(x) = 1/Π(high − low) on the box low ≤ x < high.

    low, high  an entry for each dimension
    Raises NumpyganError unless low < high in every dimension.
    """

    def __init__(self, low, high):
        self.low, self.high = (numpy.atleast_1d(numpy.asarray(a, "float64")) for a in (low, high))
        self.dim = len(self.low)
        if self.low.shape != self.high.shape or not (self.low < self.high).all():
            raise NumpyganError(
                f"Uniform: expected low < high in every dimension, got {self.low} and {self.high}."
            )

    def log_density(self, x):
        inside = ((self.low <= x) & (x < self.high)).all(1)
        return numpy.where(inside, -numpy.log(self.high - self.low).sum(), -numpy.inf)

    def sample(self, n, stream):
        return self.low + (self.high - self.low) * uniform((n, self.dim), 0.0, 1.0, stream)

    def edges(self):
        return [numpy.array(ends) for ends in zip(self.low, self.high)]


def toy(name):
    """The density of a toy data set of `numpygan train`: "gauss1d", "ring" or "grid"."""
    return GaussianMixture(*TOYS[name]())
