"""Baselines for the GAN: a Gaussian and a Gaussian mixture, fitted by maximum likelihood."""

import numpy

from ..arrays import Stream
from ..data.dataset import as_float
from ..errors import NumpyganError
from ..theory.densities import GaussianMixture
from ..theory.maximum_likelihood import em

RIDGE = (1 / 255) ** 2  # added to the variance in every direction: one grey level squared
COMPONENTS, DIRECTIONS = 30, 50  # of the mixture of images
ROWS, ITERATIONS = 20_000, 20  # training images in each fit, steps of EM


def gaussian(x, ridge=0.0):
    """The Gaussian of greatest likelihood for x (n, d), in closed form.

    μ is the mean of x, Σ = (1/n) Σ_i (x_i − μ)(x_i − μ)ᵀ + ridge·I.
    """
    mean = x.mean(0)
    centred = x - mean
    covariance = centred.T @ centred / len(x) + ridge * numpy.eye(x.shape[1])
    return GaussianMixture(mean[None], covariances=covariance[None])


def fit_mixture(x, components, stream, steps=100, ridge=0.0):
    """The mixtures after 0, 1, …, `steps` steps of EM on x (n, d), with full covariances.

    The first has `components` different rows of x as means and the covariance of x. Raises
    NumpyganError if x has too few rows, or if a component collapses onto too few points.
    """
    if len(x) < max(components, 2):
        raise NumpyganError(f"mixture: {len(x)} rows are too few for {components} components.")
    means = x[stream.permutation(len(x))[:components]]
    covariances = numpy.repeat(gaussian(x, ridge).covariances, components, 0)
    return em(x, GaussianMixture(means, covariances=covariances), steps, ridge)


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
    inner = (rows - whole.means[0]) @ leading
    mixture = fit_mixture(inner, components, stream, ITERATIONS, RIDGE)[-1]
    blurred, blended = whole.sample(n, stream), whole.sample(n, stream)
    inside = mixture.sample(n, stream)
    # Replace the leading directions by the sample of the mixture.
    blended += (inside - (blended - whole.means[0]) @ leading) @ leading.T
    low, high = rows.min(), rows.max()
    blurred, blended = (numpy.clip(x, low, high).astype("float32") for x in (blurred, blended))
    return {"Gaussian": blurred, "Gaussian mixture": blended}
