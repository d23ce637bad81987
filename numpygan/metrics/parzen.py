"""The Parzen window log-likelihood of the paper (§5, Table 1), by the procedure of the authors'
`parzen_ll.py`.
"""

import math
from dataclasses import dataclass

import numpy

from ..errors import NumpyganError
from ..ranks import ALONE
from .distances import blocks

GRID = tuple(numpy.logspace(-1, 0, 10).tolist())  # the authors' bandwidths σ
FINE = tuple(numpy.logspace(-1, 0, 46).tolist())  # the same, and four between each two
SAMPLES = 10_000
VALIDATION = 1_000


@dataclass(frozen=True)
class Parzen:
    """A Parzen window estimate in nats: mean and standard error over the test points.

    sigma       the bandwidth out of `grid` with the best mean over the validation points, and
                `validation`, that mean
    samples     how many kernels; points, validation_points: how many test and validation points
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
        """Whether the best bandwidth is the smallest or largest of the grid, where a better one may
        lie outside it.
        """
        return self.sigma in (min(self.grid), max(self.grid))


def log_likelihoods(samples, points, sigmas, ranks=ALONE):
    """log p(x) of each point under Gaussian kernels at the samples: (points, sigmas), in nats.

    log p(x) = log (1/n) Σ_j exp(−‖x − μ_j‖²/2σ²) − d log(σ√2π),  samples μ (n, d), points x (N, d),
    both floats. Squared distances are float64; the kernels, of which the nearest is exactly 1, are
    float32: 1e−7 of a nat. The blocks of points are shared out over `ranks`; each is computed as it
    would be alone, so the result has the same bits.
    """
    d = samples.shape[1]
    out = numpy.zeros((len(points), len(sigmas)))
    for rows, distance in blocks(points, samples, ranks):
        nearest = distance.min(1)
        # Logsumexp about the largest term, the same sample for every σ
        distance -= nearest[:, None]
        for column, sigma in enumerate(sigmas):
            scale = -0.5 / sigma**2
            kernel = numpy.exp(numpy.multiply(distance, scale, dtype="float32"))
            log_mean = numpy.log(kernel.mean(1, dtype="float64"))
            out[rows, column] = (
                log_mean + scale * nearest - d * math.log(sigma * math.sqrt(2 * math.pi))
            )
    return ranks.sum(out)


def parzen(samples, validation, test, grids=(GRID,), ranks=ALONE):
    """The Parzen estimates of `test` (N, d) under kernels at `samples` (n, d), for each grid with σ
    chosen on `validation`.

    Raises NumpyganError if the samples are not finite or not as wide as the data.
    """
    check_samples(samples, test.shape[1])
    chosen = [best_bandwidth(samples, validation, grid, ranks) for grid in grids]
    scores = log_likelihoods(samples, test, [sigma for _, sigma in chosen], ranks)
    means, errors = scores.mean(0).tolist(), (scores.std(0) / math.sqrt(len(scores))).tolist()
    return tuple(
        Parzen(mean, se, sigma, len(samples), tuple(grid), best, len(test), len(validation))
        for mean, se, grid, (best, sigma) in zip(means, errors, grids, chosen)
    )


def best_bandwidth(samples, validation, grid=GRID, ranks=ALONE):
    """The best mean log-likelihood of `validation` over the bandwidths in `grid`, and its σ."""
    means = log_likelihoods(samples, validation, grid, ranks).mean(0)
    best = int(means.argmax())
    return float(means[best]), float(grid[best])


def check_samples(samples, dim):
    """Raise NumpyganError unless samples is (n, dim), real floats, finite, n ≥ 1."""
    if samples.ndim != 2 or samples.shape[1] != dim:
        raise NumpyganError(
            f"samples: expected rows of width {dim}, as the data has, got shape {samples.shape}."
        )
    if len(samples) == 0:
        raise NumpyganError("samples: there are none; expected at least one row.")
    if samples.dtype.kind != "f":
        raise NumpyganError(f"samples: expected floats, pixels in [0, 1], got {samples.dtype}.")
    # False for NaN, too; beyond, squared distances would overflow
    good = (numpy.abs(samples) < 1e30).all(1)
    if not good.all():
        raise NumpyganError(
            f"samples: row {int(good.argmin())} holds values that are NaN, infinite or beyond 1e30."
        )
