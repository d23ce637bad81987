"""V and the generator's losses at logits worked by hand, their slopes, and the largest logits."""

import math

import numpy
import pytest

import numpygan as ng
from numpygan.gan import objective
from tests.helpers.numeric import DTYPES, RTOL, assert_near, complex_step

LOG3 = math.log(3)
LOSSES = list(objective.G_LOSSES)


def column(values, dtype="float64"):
    return numpy.array(values, dtype)[:, None]


def slopes(a_real, a_fake):
    real, fake = numpy.full_like(a_real, numpy.nan), numpy.full_like(a_fake, numpy.nan)
    objective.value_slopes(numpy, a_real, a_fake, out_real=real, out_fake=fake)
    return real, fake


def loss_slope(name, a):
    out = numpy.full_like(a, numpy.nan)
    objective.g_loss(name).slope(numpy, a, out=out)
    return out


@pytest.mark.parametrize("dtype", DTYPES)
def test_value_by_hand(dtype):
    # D(x) = 3/4, 1/2 and D(G(z)) = 1/4, 3/4: log D(x) sums to log 3/8, log(1 − D(G(z))) to log 3/16
    v = objective.value(numpy, column([LOG3, 0], dtype), column([-LOG3, LOG3], dtype))
    assert v.shape == ()
    numpy.testing.assert_allclose(v, math.log(3 / 8) / 2 + math.log(3 / 16) / 2, RTOL[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_value_where_d_knows_nothing_is_minus_log_4(dtype):
    """A sum of two means: no factor ½, no mean over 2m."""
    zeros = column([0, 0, 0], dtype)
    numpy.testing.assert_allclose(objective.value(numpy, zeros, zeros), -math.log(4), RTOL[dtype])
    real, fake = slopes(zeros, zeros)
    numpy.testing.assert_allclose(real, column([1 / 6] * 3), RTOL[dtype])  # (1 − ½)/3
    numpy.testing.assert_allclose(fake, column([-1 / 6] * 3), RTOL[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_losses_by_hand(dtype):
    a = column([LOG3, 0], dtype)  # D(G(z)) = 3/4, 1/2
    saturating, non_saturating, maximum_likelihood = (
        objective.g_loss(name).value(numpy, a) for name in LOSSES
    )
    # Mean of log 1/4 and log 1/2
    numpy.testing.assert_allclose(saturating, math.log(1 / 8) / 2, RTOL[dtype])
    # Minus the mean of log 3/4 and log 1/2
    numpy.testing.assert_allclose(non_saturating, -math.log(3 / 8) / 2, RTOL[dtype])
    # Minus half the mean of the odds 3 and 1
    numpy.testing.assert_allclose(maximum_likelihood, -1, RTOL[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_slopes_by_hand(dtype):
    a = column([LOG3, 0, -LOG3, 0], dtype)  # D = 3/4, 1/2, 1/4, 1/2
    # Over m = 4
    minus_d, one_minus_d = (
        column([-3 / 16, -1 / 8, -1 / 16, -1 / 8]),
        column([1 / 16, 1 / 8, 3 / 16, 1 / 8]),
    )
    real, fake = slopes(a, a)
    numpy.testing.assert_allclose(real, one_minus_d, RTOL[dtype])
    numpy.testing.assert_allclose(fake, minus_d, RTOL[dtype])
    numpy.testing.assert_allclose(loss_slope("saturating", a), minus_d, RTOL[dtype])
    numpy.testing.assert_allclose(loss_slope("non_saturating", a), -one_minus_d, RTOL[dtype])
    minus_half_odds = column([-3 / 8, -1 / 8, -1 / 24, -1 / 8])
    numpy.testing.assert_allclose(loss_slope("maximum_likelihood", a), minus_half_odds, RTOL[dtype])
    assert real.dtype == fake.dtype == dtype


def test_value_slopes_are_the_complex_step(rng):
    a_real, a_fake = 4 * rng.standard_normal((2, 7, 1))
    real, fake = slopes(a_real, a_fake)
    assert_near(real, complex_step(lambda a: objective.value(numpy, a, a_fake), a_real), 1e-14)
    assert_near(fake, complex_step(lambda a: objective.value(numpy, a_real, a), a_fake), 1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_loss_slopes_are_the_complex_step(name, rng):
    a = 4 * rng.standard_normal((7, 1))
    assert_near(
        loss_slope(name, a),
        complex_step(lambda a: objective.g_loss(name).value(numpy, a), a),
        1e-14,
    )


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_complex_step_follows_the_slope_at_a_logit_of_zero(zero):
    """softplus has no kink, though it is put together from two pieces that meet at 0."""
    a = column([zero])
    for loss, slope in [
        ("saturating", -0.5),
        ("non_saturating", -0.5),
        ("maximum_likelihood", -0.5),
    ]:
        assert (
            complex_step(lambda a: objective.g_loss(loss).value(numpy, a), a)
            == slope
            == loss_slope(loss, a)
        )


def test_each_mean_is_over_its_own_rows():
    a_real, a_fake = column([0, 0]), column([0, 0, 0, 0])
    assert math.isclose(objective.value(numpy, a_real, a_fake), -math.log(4))
    real, fake = slopes(a_real, a_fake)
    assert (real == 0.25).all() and (fake == -0.125).all()


def test_the_saturating_slope_vanishes_where_the_other_does_not():
    a = column([-30.0])  # D is sure that it is generated
    assert 0 < -loss_slope("saturating", a)[0, 0] < 1e-12
    assert math.isclose(loss_slope("non_saturating", a)[0, 0], -1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_overflows(dtype):
    logits = [0, 1e-4, 1, 17, 87.4, 88.8, 104, 708.4, 709.9, 746, 5000, 1e4]
    logits += [-a for a in logits]
    with numpy.errstate(over="raise", invalid="raise", divide="raise"):
        for a in logits:
            a_real = a_fake = column([a], dtype)
            real, fake = slopes(a_real, a_fake)
            probability = objective.probability(numpy, a_real)
            v = objective.value(numpy, a_real, a_fake)
            assert numpy.isfinite(v) and v <= -1.386
            assert 0 <= probability[0, 0] <= 1 and 0 <= real[0, 0] <= 1 and -1 <= fake[0, 0] <= 0
            # log σ(a) + log(1 − σ(a)) = −|a| − 2 log(1 + e^−|a|), in float64
            numpy.testing.assert_allclose(
                v, -abs(float(a_real[0, 0])) - 2 * math.log1p(math.exp(-abs(a))), 1e-6
            )
            for name in LOSSES:
                largest = (
                    math.exp(objective.LARGEST_LOGIT) / 2 if name == "maximum_likelihood" else 1
                )
                slope = abs(loss_slope(name, a_fake)[0, 0])
                assert numpy.isfinite(
                    objective.g_loss(name).value(numpy, a_fake)
                ) and slope <= largest * (1 + RTOL[dtype])
        assert objective.value(numpy, column([1e4], dtype), column([1e4], dtype)) == -1e4
        assert objective.value(numpy, column([1e4], dtype), column([-1e4], dtype)) == 0


def test_maximum_likelihood_goes_on_by_its_tangent_beyond_the_largest_logit(rng):
    """At c the loss and its slope are those of −½ e^a; at c + 2 the loss is −½ e^c (1 + 2), with
    the slope of c.
    """
    c, half = objective.LARGEST_LOGIT, math.exp(objective.LARGEST_LOGIT) / 2
    for a, loss, slope in (
        (c, -half, -half),
        (c - 1, -half / math.e, -half / math.e),
        (c + 2, -3 * half, -half),
    ):
        assert math.isclose(objective.maximum_likelihood(numpy, column([a])), loss, rel_tol=1e-14)
        assert math.isclose(
            loss_slope("maximum_likelihood", column([a]))[0, 0], slope, rel_tol=1e-14
        )
    a = c + 4 * rng.standard_normal((9, 1))  # on both sides
    derivative = complex_step(lambda a: objective.maximum_likelihood(numpy, a), a)
    assert_near(loss_slope("maximum_likelihood", a), derivative, 1e-14)


@pytest.mark.parametrize("dtype, tiny", [("float32", -80.0), ("float64", -700.0)])
def test_small_probabilities_keep_their_digits(dtype, tiny):
    """log(1 − D) is taken at the logit: a rounded sigmoid would have lost it all."""
    a = column([tiny], dtype)
    numpy.testing.assert_allclose(
        objective.g_loss("saturating").value(numpy, a), -math.exp(tiny), 1e-5
    )
    numpy.testing.assert_allclose(loss_slope("saturating", a)[0, 0], -math.exp(tiny), 1e-5)
    numpy.testing.assert_allclose(slopes(-a, a)[0][0, 0], math.exp(tiny), 1e-5)


def test_an_unknown_loss_is_named():
    with pytest.raises(ng.NumpyganError, match="saturatin.*saturating.*non_saturating"):
        objective.g_loss("saturatin")


@pytest.mark.parametrize(
    "a, value, slope",
    [
        (29.5, math.exp(29.5), math.exp(29.5)),
        (30.0, math.exp(30), math.exp(30)),
        (30.75, 1.75 * math.exp(30), math.exp(30)),  # e^30 (1 + a − 30): the tangent at 30
    ],
)
def test_maximum_likelihood_goes_on_along_its_tangent_from_30(a, value, slope):
    logits, out = numpy.array([[a], [a]]), numpy.empty((2, 1))
    objective.maximum_likelihood_slope(numpy, logits, out)
    assert_near(objective.maximum_likelihood(numpy, logits), -value / 2, 1e-14)
    assert_near(out, numpy.full((2, 1), -slope / 4), 1e-14)


def test_the_value_of_halves_of_different_lengths():
    """D = ¾, ½ and ½ on three examples, ¾ on one sample: each mean is over its own rows."""
    real, fake = numpy.array([[LOG3], [0.0], [0.0]]), numpy.array([[LOG3]])
    expected = (math.log(3 / 4) + 2 * math.log(1 / 2)) / 3 + math.log(1 / 4)
    assert math.isclose(objective.value(numpy, real, fake), expected, rel_tol=1e-14)
