"""How well samples cover a toy mixture: modes found, high quality, reverse KL, JSD to p_data.

The protocol is the one of VEEGAN (Srivastava et al. 2017, §5) and PacGAN (Lin et al. 2018, §4.1):
2,500 samples. A sample is of high quality if it is within 3σ of its nearest mode. A mode is found
if it is the nearest mode of a high-quality sample.
"""

import math
from dataclasses import dataclass

import numpy

from ..errors import NumpyganError
from ..theory import divergences
from .frechet import shares
from .parzen import check_samples

SAMPLES = 2_500
_REACH = 3  # in σ: the greatest distance of a high-quality sample from its mode
_CUTS = numpy.arange(-3.0, 4.0)  # in σ: the cells of `jensen_shannon` around each mean


@dataclass(frozen=True)
class Modes:
    """The result of `count_modes`.

    found         modes with at least one high-quality sample
    high_quality  the share of high-quality samples, in [0, 1]
    reverse_kl    KL(p̂ ‖ uniform) in nats; p̂_i is the share of *all* samples nearest to mode i
    """

    found: int
    high_quality: float
    reverse_kl: float


def count_modes(samples, means, std):
    """The Modes of samples (n, d) for a mixture with means (modes, d) and standard deviation `std`.

    Raises NumpyganError if there are fewer than 2,500 samples, or they are not finite or not d
    wide.
    """
    nearest, distance = _nearest(_checked(samples, means), means)
    good = distance <= _REACH * std
    found = len(numpy.unique(nearest[good]))
    return Modes(found, float(good.mean()), reverse_kl(nearest, len(means)))


def reverse_kl(labels, modes):
    """PacGAN's KL(p̂ ‖ uniform) = Σ_i p̂_i log(modes · p̂_i) in nats, with 0 log 0 = 0.

    labels  (n,) from 0 to modes − 1; p̂_i is the share of i among them
    It lies between 0 (all modes equally often) and log(modes) (one mode). For n draws from the
    uniform distribution it is (modes − 1)/2n on average, not 0.
    """
    share = shares(labels, modes)
    seen = share[share > 0]
    return float(seen @ numpy.log(seen * modes))


def high_quality(samples, means, std):
    """Whether each sample (n, d) lies within 3σ of its nearest mode: (n,), bool."""
    return _nearest(samples, means)[1] <= _REACH * std


def ceiling(d):
    """The high-quality share of p_data if its modes lie apart: P(‖N(0, I_d)‖ ≤ 3), d = 1 or 2."""
    return math.erf(_REACH / math.sqrt(2)) if d == 1 else 1 - math.exp(-(_REACH**2) / 2)


def jensen_shannon(samples, means, std):
    """JSD(p_data ‖ p_g) in nats over the cells of a histogram, from samples (n, d) of p_g.

    It lies between 0 and log 2. Each axis is cut at −3, −2, …, 3 σ around every coordinate of a
    mean; a cell is a product of these intervals. p_data's share of a cell is exact (a sum of
    products of normal integrals), p_g's is the share of the samples. Differences within a cell are
    not seen, so this is a lower bound of the JSD, except for the randomness of the samples: for
    samples of p_data it is about (occupied cells)/8n, not 0. Raises NumpyganError if there are
    fewer than 2,500 samples, or they are not finite or not d wide.
    """
    x = _checked(samples, means)
    inside, index, cells = numpy.ones((len(means), 1)), numpy.zeros(len(x), int), 1
    for axis in range(means.shape[1]):
        centres = means[:, axis]
        cuts = numpy.unique(centres.round(12))[:, None] + std * _CUTS
        cuts = numpy.unique(cuts.round(12))
        below = numpy.array([[_normal_cdf((cut - mean) / std) for cut in cuts] for mean in centres])
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
    distance = numpy.sqrt(((x[:, None] - means) ** 2).sum(-1))  # (n, modes)
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
