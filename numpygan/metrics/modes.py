"""How well samples cover a toy mixture: modes found, high-quality share, reverse KL over modes, JSD
to p_data.

The protocol is that of VEEGAN (Srivastava et al. 2017, §5) and PacGAN (Lin et al. 2018, §4.1):
2,500 samples; a sample is of high quality within 3σ of its nearest mode; a mode is found if one
such sample is nearest to it.
"""

import math
from dataclasses import dataclass

import numpy

from ..errors import NumpyganError
from ..theory import divergences
from .parzen import check_samples

SAMPLES = 2_500
_REACH = 3  # in σ: how far from its mode a sample is still of high quality
# In σ, about each coordinate of the means: the cells of `jensen_shannon`
_CUTS = numpy.arange(-3.0, 4.0)


@dataclass(frozen=True)
class Modes:
    """What `count_modes` finds.

    found          modes with at least one high-quality sample
    high_quality   the share of samples of high quality, in [0, 1]
    reverse_kl     KL(p̂ ‖ uniform) in nats, where p̂ is the share of *all* samples whose nearest
                   mode it is
    """

    found: int
    high_quality: float
    reverse_kl: float


def count_modes(samples, means, std):
    """The Modes of samples (n, d) from a mixture with the means (modes, d) and one standard
    deviation `std`.

    Reverse KL over modes is PacGAN's: Σ_i p̂_i log(p̂_i · modes), with 0 log 0 = 0, from 0 (all
    modes alike) to log(modes) (one mode). Samples of p_data itself score (modes − 1)/2n on average,
    not 0. Raises NumpyganError if the samples are fewer than 2,500, not finite or not d wide.
    """
    nearest, distance = _nearest(_checked(samples, means), means)
    good = distance <= _REACH * std
    share = numpy.bincount(nearest, minlength=len(means)) / len(samples)
    seen = share[share > 0]
    return Modes(
        len(numpy.unique(nearest[good])),
        float(good.mean()),
        float(seen @ numpy.log(seen * len(means))),
    )


def high_quality(samples, means, std):
    """Which samples (n, d) lie within 3σ of their nearest mode: (n,), bool."""
    return _nearest(samples, means)[1] <= _REACH * std


def ceiling(d):
    """The high-quality share of p_data itself where its modes are far apart: P(‖N(0, I_d)‖ ≤ 3), d
    = 1 or 2.
    """
    return math.erf(_REACH / math.sqrt(2)) if d == 1 else 1 - math.exp(-(_REACH**2) / 2)


def jensen_shannon(samples, means, std):
    """JSD(p_data ‖ p_g) in nats over the cells of a histogram, from samples (n, d) of p_g: between
    0 and log 2.

    The cells are the products of the intervals that each axis is cut into at −3, −2, …, 3 σ about
    every coordinate that a mean has there. p_data's share of a cell is exact (a sum of products of
    normal integrals), p_g's is the samples'. What differs within a cell is not seen, so it is a
    lower bound of the JSD, up to the chance of the samples: samples of p_data itself score about
    (occupied cells)/8n, not 0. Raises NumpyganError if the samples are fewer than 2,500, not finite
    or not d wide.
    """
    x = _checked(samples, means)
    inside, index, cells = numpy.ones((len(means), 1)), numpy.zeros(len(x), int), 1
    for axis in range(means.shape[1]):
        cuts = numpy.unique(
            (numpy.unique(means[:, axis].round(12))[:, None] + std * _CUTS).round(12)
        )
        below = numpy.array(
            [[_normal_cdf((cut - mean) / std) for cut in cuts] for mean in means[:, axis]]
        )
        shares = numpy.diff(below, prepend=0.0, append=1.0)  # (modes, intervals)
        inside = (inside[:, :, None] * shares[:, None, :]).reshape(len(means), -1)
        index = index * shares.shape[1] + numpy.searchsorted(cuts, x[:, axis])
        cells *= shares.shape[1]
    p, q = inside.mean(0), numpy.bincount(index, minlength=cells) / len(x)
    with numpy.errstate(divide="ignore"):
        return divergences.jsd(numpy.log(p), numpy.log(q), numpy.ones(cells))


def _normal_cdf(t):
    return math.erfc(-t / math.sqrt(2)) / 2


def _nearest(samples, means):
    """The index of each sample's nearest mean, and the distance to it."""
    x = samples.astype("float64", copy=False)
    # (n, 1, d) − (modes, d) -> (n, modes)
    distance = numpy.sqrt(((x[:, None] - means) ** 2).sum(-1))
    nearest = distance.argmin(1)
    return nearest, distance[numpy.arange(len(x)), nearest]


def _checked(samples, means):
    check_samples(samples, means.shape[1])
    if len(samples) < SAMPLES:
        raise NumpyganError(
            f"samples: there are {len(samples):,}, but the toys' protocol needs at least "
            f"{SAMPLES:,}; draw more of them."
        )
    return samples.astype("float64", copy=False)
