"""The explicit densities: their formulas against SciPy, EM against its definition and scikit-learn,
samples against moments.
"""

import math
import warnings

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numpygan.arrays import Stream
from numpygan.errors import NumpyganError
from numpygan.metrics import baselines
from numpygan.metrics.baselines import fit_mixture, gaussian, image_baselines
from numpygan.theory.densities import GaussianMixture


def three(n, seed=0, d=2):
    """n points of three clusters in d dimensions."""
    generator = numpy.random.default_rng(seed)
    centres = 4 * generator.normal(size=(3, d))
    return (
        generator.normal(size=(n, d)) * generator.uniform(0.3, 1.5, d)
        + centres[generator.integers(3, size=n)]
    )


MODEL = GaussianMixture(
    weights=numpy.array([0.25, 0.75]),
    means=numpy.array([[0.0, 1.0], [4.0, -2.0]]),
    covariances=numpy.array([[[2.0, 0.6], [0.6, 1.0]], [[0.5, 0.0], [0.0, 3.0]]]),
)


def test_the_density_by_hand():
    model = GaussianMixture([[0.0], [2.0]], covariances=numpy.array([[[1.0]], [[4.0]]]))
    expected = 0.5 * math.exp(-0.5) / math.sqrt(2 * math.pi) + 0.5 * math.exp(-1 / 8) / math.sqrt(
        8 * math.pi
    )
    assert model.log_density(numpy.array([[1.0]]))[0] == pytest.approx(
        math.log(expected), rel=1e-12
    )


def test_the_density_against_scipy():
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    x = numpy.random.default_rng(0).normal(1, 3, (50, 2))
    parts = zip(MODEL.weights, MODEL.means, MODEL.covariances)
    expected = sum(
        weight * stats.multivariate_normal(mean, covariance).pdf(x)
        for weight, mean, covariance in parts
    )
    numpy.testing.assert_allclose(MODEL.log_density(x), numpy.log(expected), rtol=1e-10)


def test_samples_have_the_moments_of_the_density():
    x = MODEL.sample(40_000, Stream(0))
    mean = MODEL.weights @ MODEL.means
    second = sum(
        w * (s + numpy.outer(m, m))
        for w, m, s in zip(MODEL.weights, MODEL.means, MODEL.covariances)
    )
    numpy.testing.assert_allclose(x.mean(0), mean, atol=0.05)
    numpy.testing.assert_allclose(numpy.cov(x.T), second - numpy.outer(mean, mean), atol=0.12)
    assert (MODEL.log_joint(x).argmax(1) == 0).mean() == pytest.approx(0.25, abs=0.02)


def test_the_gaussian_of_greatest_likelihood():
    x = three(500)
    best = gaussian(x)
    numpy.testing.assert_allclose(best.covariances[0], numpy.cov(x.T, bias=True), rtol=1e-12)
    for mean, covariance in ((0.01, 1), (0, 1.02), (0, 0.98)):  # every other is less likely
        other = GaussianMixture(best.means + mean, covariances=best.covariances * covariance)
        assert other.log_density(x).mean() < best.log_density(x).mean()
    numpy.testing.assert_allclose(
        gaussian(x, 0.5).covariances[0] - best.covariances[0], 0.5 * numpy.eye(2), atol=1e-12
    )


def likelihoods(mixtures, x):
    return [mixture.log_density(x).mean() for mixture in mixtures]


def test_em_with_one_component_is_the_gaussian():
    x = three(200, d=3)
    mixtures = fit_mixture(x, 1, Stream(0), steps=2)
    model, history = mixtures[-1], likelihoods(mixtures, x)
    numpy.testing.assert_allclose(model.means, gaussian(x).means, rtol=1e-10)
    numpy.testing.assert_allclose(model.covariances, gaussian(x).covariances, rtol=1e-10)
    assert history[1] == pytest.approx(history[2], rel=1e-12) and history[1] >= history[0]


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), components=st.integers(1, 4), d=st.integers(1, 4))
def test_the_likelihood_never_falls(seed, components, d):
    x = three(600, seed, d)  # enough of them that no component collapses
    mixtures = fit_mixture(x, components, Stream(seed), steps=15)
    model, history = mixtures[-1], likelihoods(mixtures, x)
    assert len(history) == 16 and (numpy.diff(history) >= -1e-10).all()
    assert model.weights.sum() == pytest.approx(1) and (model.weights >= 0).all()


def test_em_finds_the_mixture():
    x = MODEL.sample(10_000, Stream(3))
    model = fit_mixture(x, 2, Stream(0), steps=40)[-1]
    order = model.weights.argsort()
    numpy.testing.assert_allclose(model.weights[order], MODEL.weights, atol=0.02)
    numpy.testing.assert_allclose(model.means[order], MODEL.means, atol=0.1)
    numpy.testing.assert_allclose(model.covariances[order], MODEL.covariances, atol=0.15)


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_em_against_scikit_learn(ridge):
    mixture = pytest.importorskip("sklearn.mixture", reason="scikit-learn is not installed")
    x = three(300, d=3)
    model = fit_mixture(x, 3, Stream(1), steps=10, ridge=ridge)[-1]
    starts = x[Stream(1).permutation(300)[:3]]
    precision = numpy.linalg.inv(numpy.cov(x.T, bias=True) + ridge * numpy.eye(3))
    other = mixture.GaussianMixture(
        3,
        max_iter=10,
        tol=0,
        reg_covar=ridge,
        means_init=starts,
        weights_init=numpy.full(3, 1 / 3),
        precisions_init=numpy.repeat(precision[None], 3, 0),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that ten steps are not convergence
        other.fit(x)
    numpy.testing.assert_allclose(model.weights, other.weights_, rtol=1e-6)
    numpy.testing.assert_allclose(model.means, other.means_, rtol=1e-6, atol=1e-9)
    numpy.testing.assert_allclose(model.covariances, other.covariances_, rtol=1e-6, atol=1e-9)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(NumpyganError, match="2 rows are too few for 3"):
        fit_mixture(three(2), 3, Stream(0))
    with pytest.raises(NumpyganError, match="collapsed"):
        fit_mixture(numpy.zeros((10, 2)), 2, Stream(0))
    fit_mixture(numpy.zeros((10, 2)), 2, Stream(0), steps=2, ridge=1e-3)


def test_baselines_of_images(monkeypatch):
    """Two kinds of images: the Gaussian mixes them, the mixture keeps them apart."""
    monkeypatch.setattr(baselines, "DIRECTIONS", 3)
    generator = numpy.random.default_rng(0)
    kind = generator.integers(2, size=600)
    bright = numpy.where(numpy.arange(36) < 18, 200, 40)
    images = numpy.where(kind[:, None] == 1, bright, bright[::-1]) + generator.integers(
        0, 40, (600, 36)
    )
    found = image_baselines(images.astype("uint8"), 500, seed=1)
    contrast = {name: numpy.abs(x[:, :18].mean(1) - x[:, 18:].mean(1)) for name, x in found.items()}
    for name, x in found.items():
        assert (
            x.shape == (500, 36)
            and abs(255 * x.min() - images.min()) < 0.01
            and abs(255 * x.max() - images.max()) < 0.01
        )
        numpy.testing.assert_allclose(x.mean(0), images.mean(0) / 255, atol=0.08)
        assert numpy.array_equal(x, image_baselines(images.astype("uint8"), 500, seed=1)[name])
    assert (contrast["Gaussian"] < 0.4).mean() > 0.3 and (
        contrast["Gaussian mixture"] < 0.4
    ).mean() < 0.02


def test_baselines_are_fitted_to_random_training_images(monkeypatch):
    """Of a split that is sorted by brightness, and larger than what they are fitted to."""
    monkeypatch.setattr(baselines, "ROWS", 200)
    train = numpy.sort(numpy.random.default_rng(0).random(2000))[:, None] * numpy.ones(9)
    for samples in image_baselines(train, 500).values():
        assert abs(samples.mean() - 0.5) < 0.1  # 0.05 if it were the darkest
