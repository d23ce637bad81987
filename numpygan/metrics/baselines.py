"""Explicit densities fitted by maximum likelihood: the Gaussian and the Gaussian mixture that the
GAN is explained against.
"""

import math
from dataclasses import dataclass

import numpy

from ..arrays import Stream
from ..data.dataset import as_float
from ..errors import NumpyganError
from ..numerics import log_sum_exp

# Added to the variance in every direction: a standard deviation of one grey level
RIDGE = (1 / 255) ** 2
COMPONENTS, DIRECTIONS = 30, 50  # of the mixture of images
ROWS, ITERATIONS = 20_000, 20  # the training images that both are fitted to, the steps of EM


@dataclass(frozen=True)
class Mixture:
    """p(x) = Σ_c π_c N(x; μ_c, Σ_c): weights π (K,), means μ (K, d), covariances Σ (K, d, d)."""

    weights: numpy.ndarray
    means: numpy.ndarray
    covariances: numpy.ndarray

    def log_joint(self, x):
        """log π_c N(x_i; μ_c, Σ_c), in nats, of x (n, d): (n, K).

        Raises NumpyganError if a covariance is singular.
        """
        out = numpy.empty((len(x), len(self.weights)))
        for c, (weight, mean, root) in enumerate(zip(self.weights, self.means, self._roots())):
            whitened = (x - mean) @ numpy.linalg.inv(root).T  # (n, d)·(d, d) -> (n, d)
            log_volume = numpy.log(numpy.diag(root)).sum() + 0.5 * x.shape[1] * math.log(
                2 * math.pi
            )
            # a weight of 0 is a component that has no part in anything
            with numpy.errstate(divide="ignore"):
                out[:, c] = (
                    numpy.log(weight)
                    - 0.5 * numpy.einsum("ij,ij->i", whitened, whitened)
                    - log_volume
                )
        return out

    def log_density(self, x):
        """log p(x), in nats, of x (n, d): (n,)."""
        return log_sum_exp(self.log_joint(x))

    def sample(self, n, stream):
        """n draws: (n, d)."""
        component = numpy.searchsorted(
            numpy.cumsum(self.weights)[:-1], _uniform(n, stream), side="right"
        )
        x = numpy.empty((n, self.means.shape[1]))
        stream.normal(x)
        for c, (mean, root) in enumerate(zip(self.means, self._roots())):
            x[component == c] = x[component == c] @ root.T + mean
        return x

    def _roots(self):
        """The Cholesky factors L_c, Σ_c = L_c L_cᵀ."""
        try:
            return numpy.linalg.cholesky(self.covariances)
        except numpy.linalg.LinAlgError:
            raise NumpyganError(
                "mixture: a component has collapsed onto too few points (its covariance is "
                "singular); use fewer components or a ridge."
            ) from None


def gaussian(x, ridge=0.0):
    """The Gaussian of greatest likelihood of x (n, d), in closed form: the mean and (1/n) Σ_i (x_i
    − μ)(x_i − μ)ᵀ + ridge·I.
    """
    mean = x.mean(0)
    centred = x - mean
    return Mixture(
        numpy.ones(1),
        mean[None],
        (centred.T @ centred / len(x) + ridge * numpy.eye(x.shape[1]))[None],
    )


def em(x, components, stream, iterations=100, ridge=0.0):
    """A Gaussian mixture fitted to x (n, d) by expectation maximisation (Dempster, Laird and Rubin
    1977; Bishop 2006, §9.2.2).

    E step: r_ic = π_c N(x_i; μ_c, Σ_c) / p(x_i)
    M step: n_c = Σ_i r_ic,  π_c = n_c/n,  μ_c = (1/n_c) Σ_i r_ic x_i,  Σ_c = (1/n_c) Σ_i r_ic (x_i
    − μ_c)(x_i − μ_c)ᵀ + ridge·I

    Starts from `components` different rows of x as means and the covariance of all x. Returns the
    Mixture and the mean log-likelihood before each step and after the last, in nats (iterations +
    1,). Without a ridge it never falls. Raises NumpyganError if x has too few rows, or a component
    collapses onto too few points.
    """
    n, d = x.shape
    if n < max(components, 2):
        raise NumpyganError(f"mixture: {n} rows are too few for {components} components.")
    start = x[stream.permutation(n)[:components]]
    model = Mixture(
        numpy.full(components, 1 / components),
        start,
        numpy.repeat(gaussian(x, ridge).covariances, components, 0),
    )
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
    """n images each, clipped to the data's range, of two densities fitted to ROWS of the training
    images (N, d): {name: (n, d)}.

    Gaussian          full covariance + RIDGE·I
    Gaussian mixture  COMPONENTS with full covariances (+ RIDGE·I) in the DIRECTIONS leading
                      principal directions, by EM; in the other directions, independently, the
                      Gaussian
    """
    stream = Stream(seed)
    rows = as_float(train[stream.permutation(len(train))[:ROWS]], "float64")
    whole = gaussian(rows, RIDGE)
    # (d, q); eigenvalues ascend
    leading = numpy.linalg.eigh(whole.covariances[0])[1][:, -DIRECTIONS:]
    components = max(1, min(COMPONENTS, len(rows) // 20))  # no fewer than 20 images for each
    mixture, _ = em((rows - whole.means[0]) @ leading, components, stream, ITERATIONS, RIDGE)
    blurred, blended, inside = (
        whole.sample(n, stream),
        whole.sample(n, stream),
        mixture.sample(n, stream),
    )
    # The leading directions come from the mixture
    blended += (inside - (blended - whole.means[0]) @ leading) @ leading.T
    named = {"Gaussian": blurred, "Gaussian mixture": blended}
    return {
        name: numpy.clip(x, rows.min(), rows.max()).astype("float32") for name, x in named.items()
    }


def _uniform(n, stream):
    u = numpy.empty(n)
    stream.uniform(u, 0, 1)
    return u
