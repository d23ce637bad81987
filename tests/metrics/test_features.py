"""The classifier, its loss, and the Fréchet and histogram distances in its feature space."""

import math

import numpy
import pytest

from numpygan.arrays import Stream
from numpygan.data import dataset as datasets
from numpygan.errors import NumpyganError
from numpygan.metrics import classifier
from numpygan.metrics.classifier import Classifier, softmax_cross_entropy
from numpygan.metrics.frechet import bootstrap, frechet, gaussian_distance, histogram_distance
from tests.helpers.numeric import complex_step


def test_cross_entropy_by_hand():
    # softmax(0, log 3) = (¼, ¾); softmax of equal logits is ½ each
    logits = numpy.array([[0.0, math.log(3)], [1000.0, 1000.0]])
    loss, slope = softmax_cross_entropy(logits, numpy.array([0, 1]))
    assert loss == pytest.approx((math.log(4) + math.log(2)) / 2)
    numpy.testing.assert_allclose(slope, [[(1 / 4 - 1) / 2, 3 / 8], [1 / 4, -1 / 4]], rtol=1e-12)


def test_the_slope_of_cross_entropy_is_its_derivative(rng):
    logits, labels = rng.normal(0, 3, (6, 10)), rng.integers(0, 10, 6)
    _, slope = softmax_cross_entropy(logits, labels)
    derivative = complex_step(lambda a: softmax_cross_entropy(a, labels)[0], logits)
    numpy.testing.assert_allclose(slope, derivative, rtol=1e-13, atol=1e-16)


def test_training_learns(rng):
    """Three kinds of images told apart by where they are bright."""
    labels = rng.integers(0, 3, 1200)
    images = rng.integers(0, 100, (1200, 784))
    images[numpy.arange(1200)[:, None], 100 * labels[:, None] + numpy.arange(100)] += 100
    net = classifier.network()
    net.theta = classifier.train(images[:1000].astype("uint8"), labels[:1000], epochs=3)
    features, classes = classifier.read(net, (images[1000:] / 255).astype("float32"))
    assert (
        (classes == labels[1000:]).mean() > 0.95
        and features.shape == (200, 128)
        and (features >= 0).all()
    )


def test_the_shipped_classifier_knows_mnist():
    data, (_, test_labels) = datasets.load("mnist"), datasets.mnist_labels()
    shipped = Classifier()
    features, classes = shipped(datasets.as_float(data.test))
    assert (classes == test_labels).mean() >= 0.984
    logits = features @ shipped.net.layers[-1].W + shipped.net.layers[-1].b
    # The features are what lies below the logits
    assert numpy.array_equal(logits.argmax(1), classes)
    assert classifier.WEIGHTS.stat().st_size < 2e6


def test_weights_that_are_not_the_shipped_ones_are_refused(tmp_path):
    theta = numpy.load(classifier.WEIGHTS)
    theta[1000] += numpy.float16(0.5)
    numpy.save(tmp_path / "other.npy", theta)
    with pytest.raises(NumpyganError, match=r"other\.npy: the checksum"):
        Classifier(tmp_path / "other.npy")
    with pytest.raises(NumpyganError, match="cannot be read"):
        Classifier(tmp_path / "missing.npy")


def test_the_training_command_writes_weights_that_load(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(classifier, "train", lambda *_, **__: numpy.load(classifier.WEIGHTS))
    classifier.main([str(tmp_path / "again.npy")])
    out = capsys.readouterr().out
    assert classifier.SHA256 in out and "test accuracy 98.4" in out
    assert numpy.array_equal(Classifier(tmp_path / "again.npy").net.theta, Classifier().net.theta)
    with pytest.raises(NumpyganError, match="usage"):
        classifier.main([])


# Distances


def test_frechet_of_gaussians_on_a_line():
    one = numpy.ones((1, 1))
    assert gaussian_distance(numpy.zeros(1), 4 * one, numpy.full(1, 3.0), 9 * one) == pytest.approx(
        9 + (2 - 3) ** 2
    )


def test_frechet_of_gaussians_that_do_not_commute():
    # tr (A B)^½ = √(tr AB + 2 √det AB) for 2 × 2 matrices
    a, b = numpy.array([[2.0, 1.0], [1.0, 2.0]]), numpy.array([[5.0, 0.0], [0.0, 1.0]])
    root = math.sqrt(numpy.trace(a @ b) + 2 * math.sqrt(numpy.linalg.det(a @ b)))
    assert gaussian_distance(numpy.zeros(2), a, numpy.zeros(2), b) == pytest.approx(
        4 + 6 - 2 * root
    )


# Of 30 points in 50 dimensions the covariance is singular
@pytest.mark.parametrize(("n", "d"), [(400, 20), (30, 50)])
def test_frechet_against_scipy(n, d, rng):
    linalg = pytest.importorskip("scipy.linalg", reason="scipy is not installed")
    x, y = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)), rng.normal(1, 1, (n + 5, d))
    found, se = frechet(x, y, Stream(0))
    a, b = numpy.cov(x.T), numpy.cov(y.T)
    root = linalg.sqrtm(linalg.sqrtm(a).real @ b @ linalg.sqrtm(a).real).real
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + numpy.trace(a + b - 2 * root)
    assert found == pytest.approx(expected, rel=1e-5) and 0 < se < found


def test_frechet_of_a_sample_and_itself_is_zero(rng):
    x = rng.normal(size=(100, 8))
    assert frechet(x, x, Stream(0))[0] == pytest.approx(0, abs=1e-9)


def test_the_distance_of_histograms_by_hand():
    x, y = numpy.array([0, 0, 1, 2]), numpy.array([0, 1, 1, 1, 1])  # (½, ¼, ¼) and (⅕, ⅘, 0)
    assert histogram_distance(x, y, 3, Stream(0))[0] == pytest.approx((0.3 + 0.55 + 0.25) / 2)


def test_the_bootstrap_tells_the_standard_error_of_a_mean(rng):
    x, y = rng.normal(0, 2, 3000), rng.normal(0, 1, 500)
    value, se = bootstrap(lambda a, b: a.mean() - b.mean(), x, y, Stream(0))
    assert value == x.mean() - y.mean() and se == pytest.approx(
        math.sqrt(4 / 3000 + 1 / 500), rel=0.3
    )


def test_the_error_of_the_bootstrap_is_the_spread_of_its_resamples():
    """s² = Σ (value − mean)²/(n − 1) over the n = 50 values of resamples."""
    values = []

    def measure(a, b):
        values.append(a.sum() - b.sum())
        return values[-1]

    x, y = numpy.arange(5.0), numpy.arange(4.0)
    value, se = bootstrap(measure, x, y, Stream(0))
    of_resamples = numpy.array(values[:-1])
    assert len(of_resamples) == 50 and value == values[-1] == 10 - 6
    assert se == pytest.approx(math.sqrt(((of_resamples - of_resamples.mean()) ** 2).sum() / 49))


@pytest.mark.parametrize("sizes", [(3000, 50), (50, 3000)])
def test_the_bootstrap_draws_both_samples_again(sizes, rng):
    """The error is nearly all that of the smaller sample, whichever it is."""
    x, y = (rng.normal(0, 1, n) for n in sizes)
    _, se = bootstrap(lambda a, b: a.mean() - b.mean(), x, y, Stream(0))
    smaller = x if len(x) == 50 else y
    assert se == pytest.approx(smaller.std() / math.sqrt(50), rel=0.4)
