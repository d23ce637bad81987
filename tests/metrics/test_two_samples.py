"""MMD, the 1-NN test and precision/recall/density/coverage: by hand, by definition, and against
scikit-learn and SciPy.
"""

import math

import numpy
import pytest

from numpygan.errors import NumpyganError
from numpygan.metrics.distances import blocks, nearest
from numpygan.metrics.mmd import median_bandwidth, mmd2
from numpygan.metrics.nearest_neighbour import one_nn
from numpygan.metrics.pairs import compare, within
from numpygan.metrics.prdc import prdc


def pair(x, y, k=1, sigma=1.0):
    return compare(x, y, within(x, k, sigma), within(y, k, sigma), sigma)


def normal(n, d, seed, shift=0.0):
    return numpy.random.default_rng(seed).normal(shift, 1, (n, d))


def line(*numbers):
    return numpy.array(numbers, "float64")[:, None]


# By hand, on a line


def test_mmd_by_hand():
    # k(0, 1) = k(1, 2) = e^−½, k(0, 2) = k(1, 3) = e^−2, k(0, 3) = e^−4.5; x = {0, 1, 2}, y = {1,
    # 3, 3}
    a, b, c = math.exp(-0.5), math.exp(-2), math.exp(-4.5)
    expected = (2 * a + b) / 3 + (1 + 2 * b) / 3 - 2 * (1 + 2 * a + 2 * a + 2 * b + 2 * c) / 9
    assert mmd2(pair(line(0, 1, 2), line(1, 3, 3)))[0] == pytest.approx(expected, rel=1e-12)


def test_one_nn_by_hand():
    # 0–1 are mutual and alike; 3.2's nearest is 3 of the other sample and the other way round; 9's
    # is 3.2, of its own
    accuracy, of_x, of_y, se = one_nn(pair(line(0, 1, 3), line(3.2, 9)))
    assert (accuracy, of_x, of_y) == (
        pytest.approx(3 / 5),
        pytest.approx(2 / 3),
        pytest.approx(1 / 2),
    )
    assert se == pytest.approx(math.sqrt(0.6 * 0.4 * (1 + 4 / 5) / 5))


def test_prdc_by_hand():
    # k = 1: balls about y: 0 ± 1, 1 ± 1, 5 ± 4; about x: .5 ± .2, .7 ± .2, 20 ± 19.3
    found = prdc(pair(line(0.5, 0.7, 20), line(0, 1, 5)), 1)
    assert {name: value for name, (value, _) in found.items()} == pytest.approx(
        {"precision": 2 / 3, "recall": 2 / 3, "density": 4 / 3, "coverage": 2 / 3}
    )
    assert found["precision"][1] == pytest.approx(math.sqrt(2 / 9 / 3))
    assert found["density"][1] == pytest.approx(math.sqrt(8 / 9 / 3))


def test_a_ball_holds_its_edge():
    """k = 1 on whole numbers: the radii are 2 in y and 1 in x, and 7, the far 9 and 20 see their
    balls from the edge alone.
    """
    x, y = line(7, 20, 21), line(3, 5, 9, 11, 19)
    both = pair(x, y)
    assert both.x.radius.tolist() == [169, 1, 1] and both.y.radius.tolist() == [4, 4, 4, 4, 64]
    assert both.x_among_y.nearest.tolist() == [4, 1, 4] and both.y_among_x.nearest.tolist() == [
        16,
        4,
        4,
        16,
        1,
    ]
    found = {name: value for name, (value, _) in prdc(both, 1).items()}
    # 7 lies on the edges of the balls of 5 and 9, and 20 and 21 in the ball of 19; 19 lies on the
    # edge of the ball of 20
    assert both.x_among_y.balls.tolist() == [2, 1, 1] and both.y_among_x.balls.tolist() == [
        1,
        1,
        1,
        1,
        2,
    ]
    assert found == pytest.approx(
        {"precision": 1, "recall": 1, "density": 4 / 3, "coverage": 3 / 5}
    )


def test_a_point_counts_as_realistic_on_the_edge_of_a_ball_alone():
    """Every verdict hangs on an equality: 2 lies on the edge of the ball of 1, and 5 on the edge of
    the ball of 6.
    """
    both = pair(line(2, 5), line(0, 1, 6, 7))
    assert both.y.radius.tolist() == [1, 1, 1, 1] and both.x_among_y.nearest.tolist() == [1, 1]
    assert prdc(both, 1)["precision"][0] == 1 and prdc(both, 1)["coverage"][0] == 1 / 2
    both = pair(line(0, 1, 6, 7), line(2, 5))
    assert both.x.radius.tolist() == [1, 1, 1, 1] and both.y_among_x.nearest.tolist() == [1, 1]
    assert prdc(both, 1)["recall"][0] == 1


def test_the_nearest_rows_of_bytes():
    x, y = (
        numpy.array([[0.0, 0.1], [1.0, 1.0]]),
        numpy.array([[255, 0], [0, 0], [255, 204]], "uint8"),
    )
    distance, index = nearest(x, y)
    assert index.tolist() == [1, 2]
    numpy.testing.assert_allclose(distance, [0.01, 0.04], atol=1e-12)


# By definition


@pytest.mark.parametrize(("n", "m"), [(9, 9), (7, 12)])
def test_the_standard_error_of_mmd_is_the_jackknife(n, m):
    x, y = normal(n, 3, 0), normal(m, 3, 1, 0.5)
    _, se = mmd2(pair(x, y))
    variance = 0
    for left_out in (
        [(numpy.delete(x, i, 0), y) for i in range(n)],
        [(x, numpy.delete(y, j, 0)) for j in range(m)],
    ):
        values = numpy.array([mmd2(pair(*both))[0] for both in left_out])
        variance += (len(values) - 1) * values.var()
    assert se == pytest.approx(math.sqrt(variance), rel=1e-9)


def test_null_values():
    """Two halves of the same data: MMD² 0, 1-NN ½, density 1, coverage 1 − 2^−k, each within 3.5 of
    its standard errors.
    """
    k, both = 4, pair(normal(1500, 3, 0), normal(1500, 3, 1), 4, 2.0)
    value, se = mmd2(both)
    assert abs(value) < 3.5 * se < 0.01
    accuracy, *_, se = one_nn(both)
    assert abs(accuracy - 0.5) < 3.5 * se < 0.06
    found = prdc(both, k)
    assert abs(found["density"][0] - 1) < 0.1 and abs(found["coverage"][0] - (1 - 2**-k)) < 0.03


def test_the_standard_errors_are_those_of_repetitions():
    """At p_g ≠ p_data the jackknife, and at p_g = p_data the 1-NN error, tell the spread over fresh
    samples to a fifth.
    """
    apart = [
        mmd2(pair(normal(60, 2, 2 * seed), normal(60, 2, 2 * seed + 1, 1.0))) for seed in range(300)
    ]
    assert numpy.std([value for value, _ in apart]) == pytest.approx(
        numpy.mean([se for _, se in apart]), rel=0.2
    )
    alike = [
        one_nn(pair(normal(60, 2, 2 * seed), normal(60, 2, 2 * seed + 1))) for seed in range(300)
    ]
    assert numpy.std([found[0] for found in alike]) == pytest.approx(
        numpy.mean([found[3] for found in alike]), rel=0.2
    )


def test_the_nearest_of_the_other_sample_in_every_block():
    """Which it is, as well as how far: on both sides, where the distances are held in several
    blocks.
    """
    x, y = normal(1700, 3, 0), normal(1600, 3, 1)
    starts = [rows.start for rows, _ in blocks(x, y)]
    assert len(starts) > 1
    both, distance = pair(x, y), ((x[:, None] - y) ** 2).sum(2)
    assert both.x_among_y.index.tolist() == distance.argmin(1).tolist()
    assert both.y_among_x.index.tolist() == distance.argmin(0).tolist()
    assert distance.argmin(0).max() >= starts[1] > distance.argmin(0).min()  # neighbours in both


def test_samples_far_away_fail_and_copies_pass():
    real = normal(200, 2, 0)
    far = pair(normal(200, 2, 1, 50.0), real, 3)
    assert one_nn(far)[0] == 1 and mmd2(far)[0] > 0.4
    assert {name: value for name, (value, _) in prdc(far, 3).items()} == {
        "precision": 0,
        "recall": 0,
        "density": 0,
        "coverage": 0,
    }
    copies = pair(real + 1e-9, real, 3)
    assert one_nn(copies)[0] == 0 and mmd2(copies)[0] < 0
    assert all(prdc(copies, 3)[name][0] == 1 for name in ("precision", "recall", "coverage"))


def test_one_mode_is_precise_and_covers_little():
    real = numpy.concatenate([normal(100, 2, 0), normal(100, 2, 1, 30.0)])
    found = prdc(pair(normal(200, 2, 2), real, 5), 5)
    assert found["precision"][0] > 0.9 and found["recall"][0] < 0.6 and found["coverage"][0] < 0.6


def test_a_tie_between_the_samples_counts_half():
    # 0 and 2 lie as near to each other as to −2 and to 4, whose nearest are of the other sample
    p, of_x, of_y, se = one_nn(pair(line(0, 2), line(-2, 4)))
    assert (p, of_x, of_y) == pytest.approx((1 / 4, 1 / 2, 0))
    # With a tie the neighbour is of the own sample: 0 and 2 are each other's, so q = 1/2
    assert se == pytest.approx(math.sqrt(1 / 4 * 3 / 4 * (1 + 1 / 2) / 4))


def test_the_bandwidth_of_rows_that_are_mostly_equal():
    # Of 10 distances 6 are 0 and 4 are 3: the median is 0, the mean 1.2
    assert median_bandwidth(line(0, 0, 0, 0, 3)) == pytest.approx(1.2)
    assert median_bandwidth(line(7, 7, 7)) == 1


def test_arguments_are_left_alone():
    x, y = normal(20, 3, 0), normal(30, 3, 1)
    before = x.copy(), y.copy()
    pair(x, y)
    nearest(x, y)
    median_bandwidth(x)
    assert numpy.array_equal(x, before[0]) and numpy.array_equal(y, before[1])


def test_no_square_of_a_distance_is_negative():
    x = normal(300, 20, 0, 1000.0)
    squares = (x * x).sum(1)
    assert (squares[:, None] + squares - 2 * x @ x.T).min() < 0  # cancellation, without a bound
    assert all((block >= 0).all() for _, block in blocks(x, x))


@pytest.mark.parametrize("k", [5, 6])
def test_too_few_for_k(k):
    with pytest.raises(NumpyganError, match=f"5 are too few for the {k} nearest"):
        within(normal(5, 2, 0), k, 1.0)


# Against scikit-learn and SciPy. 1,700² distances are more than one block of them.

SIZES = pytest.mark.parametrize(("n", "m", "d"), [(40, 50, 3), (1700, 1600, 4), (300, 200, 784)])


@SIZES
def test_distances(n, m, d):
    distance = pytest.importorskip("scipy.spatial.distance", reason="scipy is not installed")
    x, y = normal(n, d, 0).astype("float32"), normal(m, d, 1)
    found = numpy.concatenate([block.copy() for _, block in blocks(x, y)])
    numpy.testing.assert_allclose(
        found, distance.cdist(x.astype("float64"), y, "sqeuclidean"), rtol=1e-9, atol=1e-10
    )
    assert median_bandwidth(x[:100]) == pytest.approx(
        numpy.median(distance.pdist(x[:100].astype("float64"))), rel=1e-9
    )


@SIZES
def test_mmd_against_scikit_learn(n, m, d):
    pairwise = pytest.importorskip(
        "sklearn.metrics.pairwise", reason="scikit-learn is not installed"
    )
    x, y, sigma = normal(n, d, 0), normal(m, d, 1, 0.2), math.sqrt(d)
    kernel = lambda a, b: pairwise.rbf_kernel(a, b, gamma=0.5 / sigma**2)
    inside = sum((kernel(a, a).sum() - len(a)) / (len(a) * (len(a) - 1)) for a in (x, y))
    assert mmd2(pair(x, y, 1, sigma))[0] == pytest.approx(
        inside - 2 * kernel(x, y).mean(), abs=1e-9
    )


@SIZES
def test_one_nn_against_scikit_learn(n, m, d):
    neighbors = pytest.importorskip("sklearn.neighbors", reason="scikit-learn is not installed")
    x, y = normal(n, d, 0), normal(m, d, 1, 0.2)
    together, labels = numpy.concatenate([x, y]), numpy.repeat([0, 1], [n, m])
    index = (
        neighbors.NearestNeighbors(n_neighbors=1)
        .fit(together)
        .kneighbors(return_distance=False)[:, 0]
    )
    right = labels[index] == labels
    assert one_nn(pair(x, y))[:3] == pytest.approx(
        (right.mean(), right[:n].mean(), right[n:].mean()), abs=1e-12
    )


@SIZES
@pytest.mark.parametrize("k", [1, 5])
def test_prdc_against_scikit_learn(n, m, d, k):
    neighbors = pytest.importorskip("sklearn.neighbors", reason="scikit-learn is not installed")
    from sklearn.metrics import pairwise_distances

    x, y = normal(n, d, 0), normal(m, d, 1, 0.2)
    radius_x, radius_y = (
        neighbors.NearestNeighbors(n_neighbors=k).fit(a).kneighbors()[0][:, -1] for a in (x, y)
    )
    distance = pairwise_distances(x, y)
    expected = {
        "precision": (distance < radius_y).any(1).mean(),
        "recall": (distance < radius_x[:, None]).any(0).mean(),
        "density": (distance < radius_y).sum() / (k * n),
        "coverage": (distance < radius_y).any(0).mean(),
    }
    assert {name: value for name, (value, _) in prdc(pair(x, y, k), k).items()} == pytest.approx(
        expected, abs=1e-12
    )
