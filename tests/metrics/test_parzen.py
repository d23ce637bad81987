"""The Parzen window log-likelihood against values worked by hand and a naive implementation."""

import math

import numpy
import pytest

from numpygan.data.dataset import Dataset
from numpygan.errors import NumpyganError
from numpygan.metrics import image_scores as evaluation
from numpygan.metrics.parzen import (
    FINE,
    GRID,
    best_bandwidth,
    log_likelihoods,
    parzen,
    samples_in_record,
)
from tests.helpers.cli import images


def naive(samples, points, sigma):
    """log p(x) of each point, kernel by kernel, in float64."""
    samples, points, d = samples.astype("float64"), points.astype("float64"), samples.shape[1]
    out = []
    for x in points:
        exponents = [-((x - mu) ** 2).sum() / (2 * sigma**2) for mu in samples]
        top = max(exponents)
        log_mean = top + math.log(math.fsum(math.exp(e - top) for e in exponents) / len(exponents))
        out.append(log_mean - d * math.log(sigma * math.sqrt(2 * math.pi)))
    return numpy.array(out)


def rows(n, d, seed, dtype="float32"):
    return numpy.random.default_rng(seed).random((n, d)).astype(dtype)


def test_one_kernel_by_hand():
    # ‖x − μ‖² = .25, σ = ½: −.25/.5 − 2·(log ½ + ½ log 2π) = −.5 + 1.3862944 − 1.8378771
    value = log_likelihoods(numpy.array([[0.0, 0.0]]), numpy.array([[0.3, 0.4]]), [0.5])
    assert value.shape == (1, 1)
    assert value[0, 0] == pytest.approx(-0.9515827052, abs=1e-6)


def test_two_kernels_by_hand():
    # kernels at distance ½ and 0: log((e^−½ + 1)/2) = −.2190702 in place of −.5
    value = log_likelihoods(numpy.array([[0.0, 0.0], [0.3, 0.4]]), numpy.array([[0.3, 0.4]]), [0.5])
    assert value[0, 0] == pytest.approx(math.log((math.exp(-0.5) + 1) / 2) - 0.4515827053, abs=1e-6)
    assert value[0, 0] == pytest.approx(-0.670653, abs=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (7, 2), (150, 784)])
def test_against_the_definition(n, d, dtype):
    samples, points = rows(n, d, 0, dtype), rows(20, d, 1, dtype)
    sigmas = [0.1, 0.167, 0.3, 1.0]
    values = log_likelihoods(samples, points, sigmas)
    for column, sigma in enumerate(sigmas):
        numpy.testing.assert_allclose(
            values[:, column], naive(samples, points, sigma), rtol=0, atol=1e-6
        )


def test_points_far_from_every_kernel_stay_finite():
    samples, points = rows(5, 784, 0), rows(3, 784, 1) + 30
    values = log_likelihoods(samples, points, [0.1, 1.0])
    numpy.testing.assert_allclose(values[:, 0], naive(samples, points, 0.1), rtol=1e-12)
    assert values[:, 0].max() < -1e6


def test_arguments_are_left_alone():
    samples, points = rows(9, 4, 0, "float64"), rows(5, 4, 1, "float64")
    before = samples.copy(), points.copy()
    log_likelihoods(samples, points, [0.2])
    assert numpy.array_equal(samples, before[0]) and numpy.array_equal(points, before[1])


def test_the_order_and_number_of_points_do_not_matter():
    samples, points = rows(2000, 3, 0), rows(3001, 3, 1)  # more than the distances held at a time
    whole = log_likelihoods(samples, points, [0.1, 0.5])
    parts = numpy.concatenate(
        [log_likelihoods(samples, points[i : i + 700], [0.1, 0.5]) for i in range(0, 3001, 700)]
    )
    numpy.testing.assert_allclose(whole, parts, rtol=0, atol=1e-9)
    numpy.testing.assert_allclose(
        whole[::-1], log_likelihoods(samples, points[::-1], [0.1, 0.5]), rtol=0, atol=1e-9
    )
    numpy.testing.assert_allclose(
        whole[2500:2510, 1], naive(samples, points[2500:2510], 0.5), rtol=0, atol=1e-6
    )


def test_the_grid_is_the_authors():
    numpy.testing.assert_allclose(GRID, numpy.logspace(-1, 0, 10), rtol=1e-12)


def test_the_bandwidth_is_the_best_on_the_validation_points():
    # The test points want a wider one
    samples, validation, test = rows(40, 6, 0), rows(30, 6, 1), rows(25, 6, 2) + 0.4
    means = [naive(samples, validation, sigma).mean() for sigma in GRID]
    best, sigma = best_bandwidth(samples, validation)
    assert 0 < numpy.argmax(means) < 9 and sigma == pytest.approx(GRID[numpy.argmax(means)])
    assert best == pytest.approx(max(means), abs=1e-6)
    (result,) = parzen(samples, validation, test)
    assert result.sigma == sigma and result.samples == 40 and not result.at_edge
    scores = naive(samples, test, sigma)
    assert sigma != GRID[numpy.argmax([naive(samples, test, s).mean() for s in GRID])]
    assert result.mean == pytest.approx(scores.mean(), abs=1e-6)
    assert result.se == pytest.approx(numpy.std(scores) / 25**0.5, abs=1e-6)


def test_a_fine_grid_beside_the_authors_gives_the_same_and_a_better_bandwidth():
    samples, validation, test = rows(60, 6, 0), rows(40, 6, 1), rows(25, 6, 2)
    authors, fine = parzen(samples, validation, test, (GRID, FINE))
    ((alone,), (fine_alone,)) = (
        parzen(samples, validation, test),
        parzen(samples, validation, test, (FINE,)),
    )
    for one, other in ((authors, alone), (fine, fine_alone)):
        assert one.sigma == other.sigma and (one.mean, one.se) == pytest.approx(
            (other.mean, other.se)
        )
    numpy.testing.assert_allclose(FINE[::5], GRID, rtol=1e-12)
    assert (
        fine.validation > authors.validation
        and authors.sigma / 1.3 < fine.sigma < authors.sigma * 1.3
    )
    assert fine.mean == pytest.approx(naive(samples, test, fine.sigma).mean(), abs=1e-6)


@pytest.mark.parametrize(
    ("points", "sigma"), [(numpy.zeros((4, 5)), 0.1), (numpy.full((4, 5), 9.0), 1.0)]
)
def test_a_bandwidth_at_the_edge_of_the_grid_is_told(points, sigma):
    (result,) = parzen(numpy.zeros((3, 5)), points, points)
    assert result.sigma == pytest.approx(sigma) and result.at_edge


BAD = {
    "NaN": numpy.where(numpy.eye(8) > 0, numpy.nan, 0.5),
    "infinite": numpy.where(numpy.eye(8) > 0, numpy.inf, 0.5),
    "beyond 1e30": numpy.where(numpy.eye(8) > 0, 1.1e30, 0.5),
    "below −1e30": numpy.where(numpy.eye(8) > 0, -1.1e30, 0.5),
    "too wide": numpy.zeros((8, 9)),
    "rank 1": numpy.zeros(8),
    "rank 3": numpy.zeros((8, 2, 4)),
    "empty": numpy.zeros((0, 8)),
    "bytes": numpy.zeros((8, 8), "uint8"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_samples(case):
    with pytest.raises(NumpyganError, match="samples"):
        parzen(BAD[case], rows(5, 8, 0), rows(5, 8, 1))


def small_dataset(train=120, validation=1100, test=50):
    pixels = images(train + validation + test).reshape(-1, 64)
    return Dataset(
        pixels[:train], pixels[train : train + validation], pixels[train + validation :], (8, 8)
    )


def test_evaluation_follows_the_protocol():
    data, samples = small_dataset(), rows(70, 64, 5)
    result = evaluation.evaluate(samples, data)["parzen"]
    validation = data.validation[:1000] / 255  # the first 1,000 only
    sigma = max(GRID, key=lambda sigma: naive(samples, validation[:60], sigma).mean())
    assert (
        result["sigma"] == pytest.approx(sigma)
        and result["samples"] == 70
        and result["points"] == 50
    )
    assert result["validation"] == pytest.approx(
        log_likelihoods(samples, validation, [sigma]).mean(), abs=1e-6
    )
    scores = naive(samples, data.test / 255, sigma)
    assert result["mean"] == pytest.approx(scores.mean(), abs=1e-4)
    assert result["se"] == pytest.approx(scores.std() / 50**0.5, abs=1e-5)


def test_the_row_of_real_data_uses_training_images():
    data = small_dataset()
    result = evaluation.evaluate(rows(70, 64, 5), data)["real"]
    assert result["samples"] == 120
    scores = naive(data.train / 255, data.test / 255, result["sigma"])
    assert result["mean"] == pytest.approx(scores.mean(), abs=1e-4)


def test_the_table_shows_every_row_and_the_caveat():
    result = evaluation.evaluate(rows(70, 64, 5), small_dataset())
    text = "\n".join(evaluation.table(result, with_paper=True))
    means = [f"{result[row]['mean']:.2f} ± {result[row]['se']:.2f}" for row in ("parzen", "real")]
    for value in ("138", "121", "214", "225", "aveat", "70", "120", *means):
        assert value in text
    for sigma in ("0.1000", "0.1292", "0.1668", "0.7743", "1.0000"):
        assert sigma in text  # the whole grid
    assert "225" not in "\n".join(evaluation.table(result, with_paper=False))


def test_a_record_has_as_many_samples_as_training_rows_from_1_000_to_10_000():
    found = [samples_in_record(rows) for rows in (1, 240, 1_000, 2_500, 10_000, 50_000)]
    assert found == [1_000, 1_000, 1_000, 2_500, 10_000, 10_000]
