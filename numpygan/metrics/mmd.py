"""The unbiased squared maximum mean discrepancy (Gretton et al. 2012, Lemma 6)."""

import math

import numpy

from .distances import blocks


def median_bandwidth(x):
    """σ, the median distance between two different rows of x (n, d) (Gretton et al., §8).

    If more than half of the distances are 0 it is the mean distance; if all are 0 it is 1.
    """
    i = numpy.arange(len(x))
    squares = numpy.concatenate([block[i > i[rows, None]] for rows, block in blocks(x, x)])
    distances = numpy.sqrt(squares)
    return float(numpy.median(distances)) or float(distances.mean()) or 1.0


def mmd2(pair):
    """MMD²_u of a Pair and its standard error, with the kernel k(a, b) = exp(−‖a − b‖²/2σ²).

    MMD²_u = 1/(n(n−1)) Σ_{i≠j} k(x_i, x_j) + 1/(m(m−1)) Σ_{i≠j} k(y_i, y_j)
             − 2/(nm) Σ_{i,j} k(x_i, y_j)

    Its mean is 0 if p_g = p_data, and it can be negative. The standard error is the delete-one
    jackknife over both samples (Arvesen 1969), in closed form from the row sums of the kernel. On
    average it is never too small (Efron and Stein 1981); if p_g = p_data it is √2 too large.
    """
    n, m = len(pair.x.kernel), len(pair.y.kernel)
    xx, yy, xy = pair.x.kernel.sum(), pair.y.kernel.sum(), pair.x_among_y.kernel.sum()
    value = xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m)
    # The estimate without x_i, and without y_j, up to terms that do not depend on i or j.
    without_x = (xx - 2 * pair.x.kernel) / ((n - 1) * (n - 2))
    without_x -= 2 * (xy - pair.x_among_y.kernel) / ((n - 1) * m)
    without_y = (yy - 2 * pair.y.kernel) / ((m - 1) * (m - 2))
    without_y -= 2 * (xy - pair.y_among_x.kernel) / (n * (m - 1))
    variance = (n - 1) * without_x.var() + (m - 1) * without_y.var()
    return float(value), math.sqrt(variance)
