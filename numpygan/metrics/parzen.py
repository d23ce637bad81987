"""The Parzen window log-likelihood of the paper (§5, Table 1).

The procedure is the one of the authors' `parzen_ll.py`.
"""

import math
from dataclasses import dataclass

import numpy

from ..errors import NumpyganError
from ..ranks import ALONE
from ..recipes.recipe import Recipe
from .distances import blocks

GRID = tuple(numpy.logspace(-1, 0, 10).tolist())  # the authors' bandwidths σ
FINE = tuple(numpy.logspace(-1, 0, 46).tolist())  # GRID with four more σ between any two
SAMPLES = 10_000
_FEWEST = 1_000  # samples in the record of a run on few rows
VALIDATION = Recipe.sigma_rows


@dataclass(frozen=True)
class Parzen:
    """A Parzen window estimate in nats: mean and standard error over the test points.

    sigma              the bandwidth in `grid` with the best mean over the validation points
    validation         this mean
    samples            the number of kernels
    points             the number of test points
    validation_points  the number of validation points
    """

    mean: float
    se: float
    sigma: float
    samples: int
    grid: tuple
    validation: float
    points: int
    validation_points: int

    @property
    def at_edge(self):
        """Whether σ is the smallest or largest of the grid; a better σ may lie outside the grid."""
        return self.sigma in (min(self.grid), max(self.grid))


def log_likelihoods(samples, points, sigmas, ranks=ALONE):
    """log p(x) of each point under Gaussian kernels at the samples: (points, sigmas), in nats.

    log p(x) = log (1/n) Σ_j exp(−‖x − μ_j‖²/2σ²) − d log(σ√2π),  samples μ (n, d), points x (N, d),
    both floats. Squared distances are float64. The kernels are float32 and relative to the nearest
    one: an error of 1e−7 nats. Each rank computes some blocks of points; the result has the same
    bits for any number of ranks.
    """
    d = samples.shape[1]
    out = numpy.zeros((len(points), len(sigmas)))
    for rows, distance in blocks(points, samples, ranks):
        nearest = distance.min(1)
        # logsumexp: the nearest sample has the largest term for every σ.
        distance -= nearest[:, None]
        for column, sigma in enumerate(sigmas):
            scale = -0.5 / sigma**2
            kernel = numpy.exp(numpy.multiply(distance, scale, dtype="float32"))
            log_mean = numpy.log(kernel.mean(1, dtype="float64"))
            log_norm = d * math.log(sigma * math.sqrt(2 * math.pi))
            out[rows, column] = log_mean + scale * nearest - log_norm
    return ranks.sum(out)


def parzen(samples, validation, test, grids=(GRID,), ranks=ALONE):
    """The Parzen estimate of `test` (N, d) with kernels at `samples` (n, d), for each grid.

    σ is chosen on `validation`. Raises NumpyganError if the samples are not finite or do not have
    the width of the data.
    """
    check_samples(samples, test.shape[1])
    chosen = [best_bandwidth(samples, validation, grid, ranks) for grid in grids]
    scores = log_likelihoods(samples, test, [sigma for _, sigma in chosen], ranks)
    means, errors = scores.mean(0).tolist(), (scores.std(0) / math.sqrt(len(scores))).tolist()
    return tuple(
        Parzen(mean, se, sigma, len(samples), tuple(grid), best, len(test), len(validation))
        for mean, se, grid, (best, sigma) in zip(means, errors, grids, chosen)
    )


def samples_in_record(rows):
    """The number of samples in the Parzen estimate of a record, with so many training rows.

    As many as training rows, between 1,000 and 10,000. A record of little data would otherwise
    take the time of many epochs. It does not depend on the speed of the machine.
    """
    return min(SAMPLES, max(_FEWEST, rows))


def best_bandwidth(samples, validation, grid=GRID, ranks=ALONE):
    """The best mean log-likelihood of `validation` over the bandwidths in `grid`, and its σ."""
    means = log_likelihoods(samples, validation, grid, ranks).mean(0)
    best = int(means.argmax())
    return float(means[best]), float(grid[best])


def measurable(samples):
    """Which rows of `samples` are finite and below 1e30, so that no squared distance overflows."""
    return (numpy.abs(samples) < 1e30).all(1)  # the comparison is False for NaN


def check_samples(samples, dim):
    """Raise NumpyganError unless `samples` are finite real floats (n, dim), n ≥ 1."""
    if samples.ndim != 2 or samples.shape[1] != dim:
        raise NumpyganError(
            f"samples: expected rows of width {dim}, as the data has, got shape {samples.shape}."
        )
    if len(samples) == 0:
        raise NumpyganError("samples: there are none; expected at least one row.")
    if samples.dtype.kind != "f":
        raise NumpyganError(f"samples: expected floats, pixels in [0, 1], got {samples.dtype}.")
    good = measurable(samples)
    if not good.all():
        raise NumpyganError(
            f"samples: row {int(good.argmin())} holds values that are NaN, infinite or beyond 1e30."
        )
