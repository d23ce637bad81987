"""The value function V(D, G) and the generator's losses, at the logits of D.

D(x) = σ(a), so log D = −softplus(−a) and log(1 − D) = −softplus(a): nothing is ever the logarithm
of a rounded sigmoid. Their derivatives are ∂log D/∂a = 1 − D and ∂log(1 − D)/∂a = −D. Arrays of
logits are (m, 1); means are over the m rows; values are in nats and stay on the device.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..arrays import fused
from ..errors import NumpyganError
from ..nn.layers import one_minus_sigmoid, sigmoid


@fused
def softplus(xp, a):
    """log(1 + e^a) = max(a, 0) + log(1 + e^−|a|), which overflows for no finite a."""
    # Not abs, which would drop a complex step
    return xp.maximum(a, 0) + xp.log1p(xp.exp(xp.minimum(a, -a)))


def probability(xp, a):
    """D = σ(a)."""
    D = xp.empty_like(a)
    sigmoid(xp, a, D)
    return D


def value(xp, a_real, a_fake, axis=None):
    """V(D, G) = (1/m) Σ [log D(x) + log(1 − D(G(z)))] (paper, Eq. 1 and Algorithm 1).

    With axis=1 the logits are (n, m), of n minibatches, and the result is V of each (n,).
    """
    losses = softplus(xp, xp.concatenate([-a_real, a_fake]))
    return -losses[: len(a_real)].mean(axis) - losses[len(a_real) :].mean(axis)


def value_slopes(xp, a_real, a_fake, out_real, out_fake):
    """Write ∂V/∂a: (1 − D(x))/m for the real rows, −D(G(z))/m for the generated rows.

    D's backward pass starts from them.
    """
    one_minus_sigmoid(xp, a_real, out_real)
    sigmoid(xp, a_fake, out_fake)
    out_real /= len(a_real)
    out_fake /= -len(a_fake)


def saturating(xp, a):
    """L_G = (1/m) Σ log(1 − D(G(z))), as Algorithm 1 prints it; G descends it.

    Its slope vanishes where D is sure (D → 0).
    """
    return -softplus(xp, a).mean()


def saturating_slope(xp, a, out):
    """∂L_G/∂a = −D/m."""
    sigmoid(xp, a, out)
    out /= -len(a)


def non_saturating(xp, a):
    """L_G = −(1/m) Σ log D(G(z)).

    Paper, §3: the same fixed point as the saturating loss, with stronger gradients early on.
    """
    return softplus(xp, -a).mean()


def non_saturating_slope(xp, a, out):
    """∂L_G/∂a = −(1 − D)/m."""
    one_minus_sigmoid(xp, a, out)
    out /= -len(a)


# At this logit 1 − D < 1e−13. Above it, e^a is replaced by its tangent, so no dtype overflows.
LARGEST_LOGIT = 30.0


def maximum_likelihood(xp, a):
    """L_G = −(1/m) Σ ½ exp(σ⁻¹(D(G(z)))) = −(1/m) Σ ½ e^a.

    If D = D*, its expected gradient equals the gradient of ½ KL(p_data ‖ p_g): Goodfellow 2014, On
    Distinguishability Criteria for Estimating Generative Models, §4.

    Beyond a = LARGEST_LOGIT, c, e^a is replaced by its tangent e^c (1 + a − c): the slope stays
    what it is at c.
    """
    beyond = a.real > LARGEST_LOGIT
    tangent = 1 + xp.where(beyond, a - LARGEST_LOGIT, 0)
    return -(xp.exp(xp.where(beyond, LARGEST_LOGIT, a)) * tangent).mean() / 2


def maximum_likelihood_slope(xp, a, out):
    """∂L_G/∂a = −½ e^min(a, c)/m."""
    xp.minimum(a, LARGEST_LOGIT, out=out)
    xp.exp(out, out=out)
    out *= -0.5 / len(a)


class GLoss(NamedTuple):
    """A loss L_G that the generator descends.

    value    value(xp, a): L_G at the logits a
    slope    slope(xp, a, out): write ∂L_G/∂a
    formula  L_G as users read it; "mean" is (1/m) Σ
    """

    value: Callable
    slope: Callable
    formula: str


VALUE = "mean log D(x) + mean log(1 − D(G(z)))"
G_LOSSES = {
    "saturating": GLoss(saturating, saturating_slope, "mean log(1 − D(G(z)))"),
    "non_saturating": GLoss(non_saturating, non_saturating_slope, "−mean log D(G(z))"),
    "maximum_likelihood": GLoss(
        maximum_likelihood, maximum_likelihood_slope, "−mean ½ exp(σ⁻¹(D(G(z))))"
    ),
}


def g_loss(name):
    """The generator's loss `name`. Raises NumpyganError for an unknown name."""
    if not isinstance(name, str) or name not in G_LOSSES:
        raise NumpyganError(f"loss: there is no {name!r}; expected one of {', '.join(G_LOSSES)}.")
    return G_LOSSES[name]
