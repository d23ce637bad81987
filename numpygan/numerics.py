"""Sums of exponentials that neither overflow nor vanish."""

import numpy


def log_sum_exp(a):
    """log Σ_j e^a_j over the last axis of a (…, n): (…). A term of −inf counts as 0.

    The largest term is factored out.
    """
    largest = a.max(-1)
    return largest + numpy.log(numpy.exp(a - largest[..., None]).sum(-1))
