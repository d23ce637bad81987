"""The unbiased squared maximum mean discrepancy (Gretton et al. 2012, Lemma 6)."""

import math

import numpy

from .distances import blocks


def median_bandwidth(x):
    """σ, the median distance between two different rows of x (n, d): the usual Gaussian kernel
    (Gretton et al., §8).

    Where more than half of the rows are equal, the mean distance; where all are, 1.
    """
    i = numpy.arange(len(x))
    squares = numpy.concatenate([block[i > i[rows, None]] for rows, block in blocks(x, x)])
    distances = numpy.sqrt(squares)
    return float(numpy.median(distances)) or float(distances.mean()) or 1.0


def mmd2(pair):
    """MMD²_u and its standard error, for the Gaussian kernel k(a, b) = exp(−‖a − b‖²/2σ²) of a
    Pair.

    MMD²_u = 1/(n(n−1)) Σ_{i≠j} k(x_i, x_j) + 1/(m(m−1)) Σ_{i≠j} k(y_i, y_j) − 2/(nm) Σ_{i,j} k(x_i,
    y_j)

    It is 0 on average if p_g = p_data, and can be negative. The standard error is the delete-one
    jackknife over both samples (Arvesen 1969), in closed form from the kernel's sums over rows; it
    is never too small on average (Efron and Stein 1981), and √2 too large where p_g = p_data.
    """
    n, m = len(pair.x.kernel), len(pair.y.kernel)
    xx, yy, xy = pair.x.kernel.sum(), pair.y.kernel.sum(), pair.x_among_y.kernel.sum()
    value = xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m)
    # The estimate without x_i, up to what doesn't depend on i; then without y_j.
    without_x = (xx - 2 * pair.x.kernel) / ((n - 1) * (n - 2)) - 2 * (
        xy - pair.x_among_y.kernel
    ) / ((n - 1) * m)
    without_y = (yy - 2 * pair.y.kernel) / ((m - 1) * (m - 2)) - 2 * (
        xy - pair.y_among_x.kernel
    ) / (n * (m - 1))
    variance = (n - 1) * without_x.var() + (m - 1) * without_y.var()
    return float(value), math.sqrt(variance)
