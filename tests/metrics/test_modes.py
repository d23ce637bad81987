"""The toys' measures against values worked by hand, quadrature, and samples of the true
distribution.
"""

import math

import numpy
import pytest

from numpygan.data.sources import TOYS, grid, ring
from numpygan.errors import NumpyganError
from numpygan.metrics import toys
from numpygan.metrics.modes import ceiling, count_modes, high_quality, jensen_shannon

N = 2500


def placed(counts, means, offset=(0.0, 0.0)):
    """`counts[i]` samples at the i-th mean plus the offset: N in all."""
    assert sum(counts) == N
    return numpy.repeat(means[: len(counts)], counts, axis=0) + offset


def test_modes_by_hand():
    """2,000 on a mode, 400 at 2.99 σ, 100 at 3.01 σ: two modes of eight, 96 %; all three count for
    reverse KL.
    """
    means, std = ring()
    samples = placed([2000, 400, 100], means)
    samples[2000:2400, 0] += 2.99 * std
    samples[2400:, 1] -= 3.01 * std
    result = count_modes(samples, means, std)
    assert (result.found, result.high_quality) == (2, 0.96)
    # .8 log 6.4 + .16 log 1.28 + .04 log .32
    assert result.reverse_kl == pytest.approx(1.4789586334, abs=1e-9)


def test_one_good_sample_finds_a_mode_and_a_poor_one_does_not():
    means, std = grid()
    samples = placed([2498, 1, 1], means)
    samples[-1] += 3.01 * std
    assert count_modes(samples, means, std).found == 2


@pytest.mark.parametrize("toy", ["ring", "grid", "gauss1d"])
def test_reverse_kl_is_0_of_equal_modes_and_log_modes_of_one(toy):
    means, std = TOYS[toy]()
    equal = numpy.tile(means, (200_000 // len(means), 1))
    assert count_modes(equal, means, std).reverse_kl == pytest.approx(0, abs=1e-12)
    alone = numpy.repeat(means[:1], N, axis=0)
    assert count_modes(alone, means, std).reverse_kl == pytest.approx(
        math.log(len(means)), abs=1e-12
    )


@pytest.mark.parametrize("toy", ["ring", "grid"])
def test_the_true_distribution_reaches_the_ceiling(toy):
    means, std = TOYS[toy]()
    n = 200_000
    result = count_modes(toys.real_draw(toy, n), means, std)
    top = 1 - math.exp(-4.5)
    assert ceiling(2) == pytest.approx(top, abs=1e-15)
    assert result.found == len(means) and abs(result.high_quality - top) < 5 * math.sqrt(
        top * (1 - top) / n
    )
    assert result.reverse_kl < 5 * len(means) / n
    assert jensen_shannon(toys.real_draw(toy, n), means, std) < 0.003


def test_the_ceiling_in_one_dimension():
    assert ceiling(1) == pytest.approx(0.9973002039, abs=1e-9)


def test_the_picture_and_the_count_agree():
    means, std = ring()
    samples = toys.real_draw("ring", N)
    assert high_quality(samples, means, std).mean() == count_modes(samples, means, std).high_quality


def test_jsd_by_hand():
    """All samples in the cell (0, σ], of which N(0, 1) has p = .3413447461."""
    p = 0.3413447460685429
    expected = (p * math.log(2 * p / (p + 1)) + (1 - p) * math.log(2) + math.log(2 / (1 + p))) / 2
    assert jensen_shannon(numpy.full((N, 1), 0.5), numpy.array([[0.0]]), 1.0) == pytest.approx(
        expected, abs=1e-12
    )


def test_jsd_in_the_plane_is_that_of_the_product_of_the_axes():
    """Samples in the cell (0, σ] × (σ, 2σ], of which N(0, I) has .3413447461 · .1359051220."""
    p = 0.3413447460685429 * 0.13590512198327787
    expected = (p * math.log(2 * p / (p + 1)) + (1 - p) * math.log(2) + math.log(2 / (1 + p))) / 2
    samples = numpy.tile([0.5, 1.5], (N, 1))
    assert jensen_shannon(samples, numpy.zeros((1, 2)), 1.0) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("toy", ["ring", "grid", "gauss1d"])
def test_jsd_of_samples_nowhere_near_is_log_2(toy):
    means, std = TOYS[toy]()
    assert jensen_shannon(numpy.full((N, means.shape[1]), 50.0), means, std) == pytest.approx(
        math.log(2), abs=4e-3
    )


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0])
def test_jsd_is_a_close_lower_bound_of_quadrature(shift, rng):
    x = numpy.linspace(-12, 12, 40_001)
    p, q = (numpy.exp(-((x - mean) ** 2) / 2) / math.sqrt(2 * math.pi) for mean in (0, shift))
    middle = (p + q) / 2
    exact = numpy.trapezoid(p * numpy.log(p / middle) + q * numpy.log(q / middle), x) / 2
    estimate = jensen_shannon(rng.normal(shift, 1, (400_000, 1)), numpy.array([[0.0]]), 1.0)
    assert 0.9 * exact < estimate < exact + 0.002


def test_jsd_turns_with_the_samples():
    """A quarter turn takes the ring to itself and samples of three modes to others: nothing
    changes.
    """
    means, std = ring()
    samples = placed([1000, 1000, 500], means, (0.3 * std, 0.4 * std))
    turned = samples @ numpy.array([[0.0, 1.0], [-1.0, 0.0]])
    assert jensen_shannon(turned, means, std) == pytest.approx(
        jensen_shannon(samples, means, std), abs=1e-9
    )


@pytest.mark.parametrize("measure", [count_modes, jensen_shannon])
def test_bad_samples_are_refused(measure):
    means, std = ring()
    samples = numpy.zeros((N, 2))
    with pytest.raises(NumpyganError, match="2,499.*2,500"):
        measure(samples[1:], means, std)
    with pytest.raises(NumpyganError, match="width 2"):
        measure(numpy.zeros((N, 3)), means, std)
    samples[7] = numpy.nan
    with pytest.raises(NumpyganError, match="row 7"):
        measure(samples, means, std)


def test_the_spread_over_seeds_by_hand():
    """Seed 5 lost a mode and is the worst of all measures but high quality, where 0 is."""
    each = ([8, 8, 7], [95.0, 99.0, 98.0], [0.1, 0.0, 0.2], [0.1, 0.2, 0.3], [0.5, 0.6, 0.9])
    names = "modes found", "high quality (%)", "reverse KL over modes (nats)", "JSD", "W2"
    rows = [{"metric": name, "each": list(values)} for name, values in zip(names, each)]
    text = toys.spread(rows, "ring", [0, 1, 5])
    assert text[0].split() == ["over", "3", "seeds", "least", "10", "%", *"median 90 %".split()] + [
        "largest",
        "worst",
        "seed",
    ]
    assert text[1].split()[-6:] == ["7.0", "7.2", "8.0", "8.0", "8.0", "5"]
    assert text[2].split()[-6:] == ["95.00", "95.60", "98.00", "98.80", "99.00", "0"]
    assert text[4].split()[-6:] == ["0.1000", "0.1200", "0.2000", "0.2800", "0.3000", "5"]
    assert text[-1] == "All 8 modes: 2 of 3 seeds. Not all: 5 (7)."
    rows[0]["each"], rows[4]["each"] = [8, 8, 8], [None] * 3
    assert toys.spread(rows, "ring", [0, 1, 5])[-1] == "All 8 modes: 3 of 3 seeds."
    assert toys.spread(rows, "ring", [0, 1, 5])[5].split() == ["W2", *"–" * 6]
