"""The 2-Wasserstein distance between two samples, exact, by optimal assignment."""

import math

from ..errors import NumpyganError


def wasserstein2(x, y):
    """W2 of two samples of the same size, x and y (n, d).

    W2² = min over permutations π of (1/n) Σ_i ‖x_i − y_π(i)‖²

    The minimum is exact (Crouse 2016, in SciPy's linear_sum_assignment); it takes time O(n³). Two
    samples of the same distribution do not have 0. Raises NumpyganError if the samples differ in
    size, and ImportError if SciPy is not installed.
    """
    from scipy.optimize import linear_sum_assignment  # an extra, and slow to load

    if len(x) != len(y):
        raise NumpyganError(
            f"wasserstein2: expected two samples of the same size, got {len(x):,} and {len(y):,}."
        )
    squares = ((x[:, None].astype("float64") - y) ** 2).sum(-1)  # (n, n); exact 0 for equal points
    pairs = linear_sum_assignment(squares)
    return math.sqrt(squares[pairs].mean())
