"""Baselines for the GAN: a Gaussian and a Gaussian mixture, fitted by maximum likelihood."""

import math
from dataclasses import dataclass

import numpy

from ..arrays import Stream
from ..data.dataset import as_float
from ..errors import NumpyganError
from ..numerics import log_sum_exp

RIDGE = (1 / 255) ** 2  # added to the variance in every direction: one grey level squared
COMPONENTS, DIRECTIONS = 30, 50  # of the mixture of images
ROWS, ITERATIONS = 20_000, 20  # training images in each fit, steps of EM


@dataclass(frozen=True)
class Mixture:
    """p(x) = Σ_c π_c N(x; μ_c, Σ_c): weights π (K,), means μ (K, d), covariances Σ (K, d, d)."""

    weights: numpy.ndarray
    means: numpy.ndarray
    covariances: numpy.ndarray

    def log_joint(self, x):
        """log π_c N(x_i; μ_c, Σ_c), in nats, for x (n, d): (n, K).

        Raises NumpyganError if a covariance is singular.
        """
        out = numpy.empty((len(x), len(self.weights)))
        for c, (weight, mean, root) in enumerate(zip(self.weights, self.means, self._roots())):
            whitened = (x - mean) @ numpy.linalg.inv(root).T  # (n, d)·(d, d) -> (n, d)
            square = numpy.einsum("ij,ij->i", whitened, whitened)
            log_volume = numpy.log(numpy.diag(root)).sum()
            log_volume += 0.5 * x.shape[1] * math.log(2 * math.pi)
            with numpy.errstate(divide="ignore"):  # a component may have the weight 0
                out[:, c] = numpy.log(weight) - 0.5 * square - log_volume
        return out

    def log_density(self, x):
        """log p(x), in nats, for x (n, d): (n,)."""
        return log_sum_exp(self.log_joint(x))

    def sample(self, n, stream):
        """n draws: (n, d)."""
        u, x = numpy.empty(n), numpy.empty((n, self.means.shape[1]))
        stream.uniform(u, 0, 1)
        component = numpy.searchsorted(numpy.cumsum(self.weights)[:-1], u, side="right")
        stream.normal(x)
        for c, (mean, root) in enumerate(zip(self.means, self._roots())):
            x[component == c] = x[component == c] @ root.T + mean
        return x

    def _roots(self):
        """The Cholesky factors L_c with Σ_c = L_c L_cᵀ."""
        try:
            return numpy.linalg.cholesky(self.covariances)
        except numpy.linalg.LinAlgError:
            raise NumpyganError(
                "mixture: a component has collapsed onto too few points (its covariance is "
                "singular); use fewer components or a ridge."
            ) from None


def gaussian(x, ridge=0.0):
    """The Gaussian of greatest likelihood for x (n, d), in closed form.

    μ is the mean of x, Σ = (1/n) Σ_i (x_i − μ)(x_i − μ)ᵀ + ridge·I.
    """
    mean = x.mean(0)
    centred = x - mean
    covariance = centred.T @ centred / len(x) + ridge * numpy.eye(x.shape[1])
    return Mixture(numpy.ones(1), mean[None], covariance[None])


def em(x, components, stream, iterations=100, ridge=0.0):
    """A Gaussian mixture fitted to x (n, d) by expectation–maximisation.

    E step: r_ic = π_c N(x_i; μ_c, Σ_c) / p(x_i)
    M step: n_c = Σ_i r_ic,  π_c = n_c/n,  μ_c = (1/n_c) Σ_i r_ic x_i,
            Σ_c = (1/n_c) Σ_i r_ic (x_i − μ_c)(x_i − μ_c)ᵀ + ridge·I

    It starts with `components` different rows of x as means and the covariance of x. Returns the
    Mixture and the mean log-likelihood before each step and after the last, in nats
    (iterations + 1,). Without a ridge the likelihood never falls.
    Raises NumpyganError if x has too few rows, or if a component collapses onto too few points.
    Sources: Dempster, Laird and Rubin 1977; Bishop 2006, §9.2.2.
    """
    n, d = x.shape
    if n < max(components, 2):
        raise NumpyganError(f"mixture: {n} rows are too few for {components} components.")
    start = x[stream.permutation(n)[:components]]
    covariances = numpy.repeat(gaussian(x, ridge).covariances, components, 0)
    model = Mixture(numpy.full(components, 1 / components), start, covariances)
    history = []
    for _ in range(iterations):
        joint = model.log_joint(x)
        total = log_sum_exp(joint)
        history.append(float(total.mean()))
        r = numpy.exp(joint - total[:, None])  # (n, K)
        share = numpy.maximum(r.sum(0), 1e-300)
        means = r.T @ x / share[:, None]  # (K, n)·(n, d) -> (K, d)
        covariances = numpy.empty((components, d, d))
        for c in range(components):
            centred = (x - means[c]) * numpy.sqrt(r[:, c : c + 1])
            # (d, n)·(n, d) -> (d, d)
            covariances[c] = centred.T @ centred / share[c] + ridge * numpy.eye(d)
        model = Mixture(share / n, means, covariances)
    return model, numpy.array([*history, model.log_density(x).mean()])


def image_baselines(train, n, seed=0):
    """n images from each of two densities fitted to training images: {name: (n, d)}.

    The densities are fitted to ROWS rows of `train` (N, d); their images are clipped to the range
    of the data.
    Gaussian          full covariance + RIDGE·I
    Gaussian mixture  COMPONENTS with full covariances (+ RIDGE·I) in the DIRECTIONS leading
                      principal directions, by EM; the Gaussian, independently, in the others
    """
    stream = Stream(seed)
    rows = as_float(train[stream.permutation(len(train))[:ROWS]], "float64")
    whole = gaussian(rows, RIDGE)
    # eigh sorts by ascending eigenvalue.
    leading = numpy.linalg.eigh(whole.covariances[0])[1][:, -DIRECTIONS:]  # (d, q)
    components = max(1, min(COMPONENTS, len(rows) // 20))  # at least 20 images per component
    mixture, _ = em((rows - whole.means[0]) @ leading, components, stream, ITERATIONS, RIDGE)
    blurred, blended = whole.sample(n, stream), whole.sample(n, stream)
    inside = mixture.sample(n, stream)
    # Replace the leading directions by the sample of the mixture.
    blended += (inside - (blended - whole.means[0]) @ leading) @ leading.T
    low, high = rows.min(), rows.max()
    blurred, blended = (numpy.clip(x, low, high).astype("float32") for x in (blurred, blended))
    return {"Gaussian": blurred, "Gaussian mixture": blended}
