"""The Fréchet distance between two Gaussians, and a distance between class histograms.

Source: Heusel et al. 2017, Eq. 6.
"""

import numpy

REPLICATES = 50  # bootstrap samples


def gaussian_distance(mean_x, covariance_x, mean_y, covariance_y):
    """‖μ_x − μ_y‖² + tr(Σ_x + Σ_y − 2 (Σ_x Σ_y)^½) for means (d,) and covariances (d, d).

    tr (Σ_x Σ_y)^½ is computed as tr (Σ_x^½ Σ_y Σ_x^½)^½. This matrix is symmetric, so singular
    covariances are allowed. Source: Dowson and Landau 1982.
    """
    values, vectors = numpy.linalg.eigh(covariance_x)
    root = (vectors * numpy.sqrt(numpy.maximum(values, 0))) @ vectors.T
    cross = numpy.linalg.eigvalsh(root @ covariance_y @ root)
    traces = numpy.trace(covariance_x) + numpy.trace(covariance_y)
    traces -= 2 * numpy.sqrt(numpy.maximum(cross, 0)).sum()
    return float(((mean_x - mean_y) ** 2).sum() + traces)


def frechet(x, y, stream):
    """The Fréchet distance of features x (n, d) and y (m, d), and its bootstrap standard error."""
    x, y = x.astype("float64"), y.astype("float64")
    return bootstrap(lambda a, b: gaussian_distance(*_moments(a), *_moments(b)), x, y, stream)


def histogram_distance(x, y, classes, stream):
    """The total variation distance between two arrays of classes, and its bootstrap standard error.

    ½ Σ_c |share of c in x − share of c in y|, for x (n,) and y (m,) with values 0..classes−1.
    """

    def distance(a, b):
        return 0.5 * float(numpy.abs(shares(a, classes) - shares(b, classes)).sum())

    return bootstrap(distance, x, y, stream)


def shares(labels, classes):
    """The share of each class: (classes,)."""
    return numpy.bincount(labels, minlength=classes) / len(labels)


def bootstrap(measure, x, y, stream):
    """measure(x, y), and its standard deviation over resamples of both, with replacement."""
    again = [
        measure(x[stream.integers(len(x), len(x))], y[stream.integers(len(y), len(y))])
        for _ in range(REPLICATES)
    ]
    return measure(x, y), float(numpy.std(again, ddof=1))


def _moments(x):
    return x.mean(0), numpy.atleast_2d(numpy.cov(x, rowvar=False))
