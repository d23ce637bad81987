"""KL, JSD, V(D, G) and C(G) of two densities, computed at the nodes of a quadrature.

log_p, log_q  log-densities in nats at the nodes, −inf where a density is 0
w             the weights of the nodes: ∫ f ≈ Σ w f
logit         D's logit at the nodes
Where a density is 0, its integrand counts as 0. Results are in nats.
"""

import numpy

from ..gan.objective import softplus


def integral(w, log_p, function):
    """∫ p f ≈ Σ w p f."""
    p = numpy.exp(log_p)
    there = p > 0
    return float((w[there] * p[there] * function[there]).sum())


def kl(log_p, log_q, w):
    """KL(p ‖ q) = ∫ p log(p/q); ∞ if q is 0 where p is not."""
    return integral(w, log_p, log_ratio(log_p, log_q))


def jsd(log_p, log_q, w):
    """JSD(p ‖ q) = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = (p + q)/2: symmetric, from 0 to log 2."""
    log_m = numpy.logaddexp(log_p, log_q) - numpy.log(2)
    return (kl(log_p, log_m, w) + kl(log_q, log_m, w)) / 2


def log_ratio(log_p, log_q):
    """log p − log q; NaN where both densities are 0.

    For p = p_data and q = p_g this is the logit of D* = p_data/(p_data + p_g), the optimal D
    (paper, Proposition 1).
    """
    with numpy.errstate(invalid="ignore"):
        return log_p - log_q


def value(log_p, log_q, logit, w):
    """V(D, G) = ∫ p_data log D + ∫ p_g log(1 − D) (paper, Eq. 1 and 3), for D = σ(logit)."""
    return -integral(w, log_p, softplus(numpy, -logit)) - integral(w, log_q, softplus(numpy, logit))


def cost(log_p, log_q, w):
    """C(G) = max_D V(D, G) = V(D*, G) (paper, Eq. 4)."""
    return value(log_p, log_q, log_ratio(log_p, log_q), w)
