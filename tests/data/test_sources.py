"""Minibatches, toy mixtures and noise."""

import re

import numpy
import pytest

from numpygan import MLP, Affine, Dropout
from numpygan.arrays import Stream
from numpygan.data.sources import Mixture, Noise, Shuffled, gauss1d, grid, ring
from numpygan.errors import NumpyganError
from numpygan.gan.sampling import generate


def draw(source, batches, m, d=1):
    """`batches` minibatches of m rows, as one array."""
    out = numpy.empty((batches, m, d), "float32")
    for batch in out:
        source.minibatch(batch)
    return out


def numbered(n):
    return numpy.arange(n, dtype="float32")[:, None]


@pytest.mark.parametrize(("n", "m"), [(30, 5), (30, 30), (32, 5), (7, 1)])
def test_every_example_once_per_epoch(n, m):
    source = Shuffled(numbered(n), Stream(0))
    orders = [draw(source, n // m, m).ravel() for _ in range(4)]
    for order in orders:
        assert len(set(order)) == n // m * m and set(order) <= set(range(n))
    assert len({tuple(order) for order in orders}) == 4  # a fresh order each epoch


def test_rows_left_over_are_not_always_the_same():
    source = Shuffled(numbered(32), Stream(0))
    seen = set(draw(source, 6 * 40, 5).ravel())
    assert seen == set(range(32))


def test_rows_are_copied_whole():
    rows = numpy.random.default_rng(0).random((12, 6)).astype("float32")
    drawn = draw(Shuffled(rows, Stream(0)), 4, 3, 6).reshape(12, 6)
    assert sorted(map(tuple, drawn)) == sorted(map(tuple, rows))


def test_the_order_follows_the_seed():
    same = [draw(Shuffled(numbered(30), Stream(seed)), 18, 5) for seed in (3, 3, 4)]
    assert numpy.array_equal(same[0], same[1]) and not numpy.array_equal(same[0], same[2])


@pytest.mark.parametrize("before", [0, 1, 5, 6, 7, 13])
def test_the_order_goes_on_where_it_was(before):
    stream = Stream(0)
    source = Shuffled(numbered(32), stream)
    draw(source, before, 5)
    state, stream_state = source.state(), stream.state
    rest = draw(source, 20, 5)
    other = Stream(99)
    again = Shuffled(numbered(32), other)
    draw(again, 3, 5)
    other.state = stream_state
    again.restore(state)
    assert numpy.array_equal(draw(again, 20, 5), rest)


@pytest.mark.parametrize(
    ("name", "value"), [("position", -1), ("position", 33), ("order", numpy.zeros(32, int))]
)
def test_a_state_of_no_order_is_refused(name, value):
    source = Shuffled(numbered(32), Stream(0))
    draw(source, 3, 5)
    source.restore(source.state())  # this one is
    with pytest.raises(NumpyganError, match="32 rows"):
        source.restore(source.state() | {name: value})


def test_bytes_become_pixels_in_0_1():
    rows = numpy.arange(256, dtype="uint8").reshape(16, 16)
    drawn = draw(Shuffled(rows, Stream(0)), 4, 4, 16).ravel()
    numpy.testing.assert_allclose(numpy.sort(drawn), numpy.arange(256) / 255, rtol=1.2e-7)
    assert drawn.min() == 0 and drawn.max() == 1


def test_floats_stay_as_they_are():
    rows = numpy.linspace(-3, 400, 20, dtype="float32")[:, None]
    assert numpy.array_equal(
        numpy.sort(draw(Shuffled(rows, Stream(0)), 4, 5).ravel()), rows.ravel()
    )


def test_a_minibatch_larger_than_the_data():
    with pytest.raises(NumpyganError, match="31"):
        draw(Shuffled(numbered(30), Stream(0)), 1, 31)


def test_ring_has_8_modes_of_radius_1():
    means, std = ring()
    assert std == 0.01 and means.shape == (8, 2)
    numpy.testing.assert_allclose(numpy.hypot(*means.T), 1, rtol=1e-12)
    distances = numpy.linalg.norm(means[:, None] - means, axis=2) + 9 * numpy.eye(8)
    # No two in one place
    numpy.testing.assert_allclose(distances.min(1), 2 * numpy.sin(numpy.pi / 8))


def test_grid_has_25_modes():
    means, std = grid()
    assert std == 0.05
    assert sorted(map(tuple, means.tolist())) == [
        (x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)
    ]


def test_gauss1d_is_one_dimensional():
    means, std = gauss1d()
    assert means.shape[1] == 1 and len(means) > 1 and std > 0


@pytest.mark.parametrize("toy", [ring, grid, gauss1d])
def test_mixture_has_the_right_moments(toy):
    means, std = toy()
    n, d = 40_000, means.shape[1]
    x = draw(Mixture(means, std, Stream(1)), 1, n, d)[0].astype("float64")
    numpy.testing.assert_allclose(x.mean(0), means.mean(0), atol=5 * (means.std() + std) / n**0.5)
    covariance = numpy.atleast_2d(numpy.cov(means.T, bias=True)) + std**2 * numpy.eye(d)
    numpy.testing.assert_allclose(
        numpy.cov(x.T, bias=True).reshape(d, d), covariance, atol=0.03 * covariance.max()
    )


@pytest.mark.parametrize("toy", [ring, grid])
def test_mixture_visits_every_mode_alike(toy):
    means, std = toy()
    n = 40_000
    x = draw(Mixture(means, std, Stream(2)), 4, n // 4, 2).reshape(n, 2)
    offsets = x[:, None] - means
    nearest = (offsets**2).sum(2).argmin(1)
    offsets = offsets[numpy.arange(n), nearest]
    expected = n / len(means)
    assert (
        numpy.abs(numpy.bincount(nearest, minlength=len(means)) - expected).max()
        < 5 * expected**0.5
    )
    numpy.testing.assert_allclose(offsets.std(0), std, rtol=0.02)
    # 1 − e^−4.5
    assert numpy.mean(numpy.hypot(*offsets.T) < 3 * std) == pytest.approx(0.9889, abs=0.003)


def test_mixture_draws_afresh():
    first, second = draw(Mixture(*ring(), Stream(0)), 2, 100, 2)
    assert not numpy.array_equal(first, second)


@pytest.mark.parametrize(("kind", "fourth"), [("uniform", 9 / 5), ("gaussian", 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_noise_has_unit_variance(kind, fourth, dtype):
    z = numpy.empty((2000, 100), dtype)
    Noise(kind, Stream(0)).minibatch(z)
    assert z.mean() == pytest.approx(0, abs=0.01)
    assert z.var() == pytest.approx(1, abs=0.01)
    assert (z**4).mean() == pytest.approx(fourth, rel=0.03)
    assert numpy.abs(numpy.corrcoef(z[:, 0], z[:, 1])[0, 1]) < 0.1
    if kind == "uniform":
        assert 1.73 < numpy.abs(z).max() <= numpy.float32(3**0.5)


def test_bytes_and_floats_give_the_same_minibatches():
    rows = numpy.arange(200, dtype="uint8").reshape(20, 10)
    from_bytes = draw(Shuffled(rows, Stream(0)), 8, 5, 10)
    from_floats = draw(Shuffled((rows / 255).astype("float32"), Stream(0)), 8, 5, 10)
    numpy.testing.assert_allclose(from_bytes, from_floats, rtol=1.2e-7)


def test_samples_are_drawn_without_dropout():
    """Whatever layers G has, and in passes of fewer rows than there are samples."""
    G = MLP([Affine(3, 5), Dropout(0.5), Affine(5, 2)], dtype="float64")
    G.initialize(Stream(0))
    z = numpy.random.default_rng(0).normal(size=(601, 3))
    first, second = G.layers[0], G.layers[2]
    expected = (z @ first.W + first.b) @ second.W + second.b
    numpy.testing.assert_allclose(generate(G, z), expected, rtol=1e-12)


class Frame:
    """Knows how to become an array, as tables and tensors of other libraries do."""

    def __array__(self, dtype=None, copy=None):
        return numpy.array([[0, 255], [255, 0]], dtype or "uint8")


@pytest.mark.parametrize(
    "rows, right",
    [
        (Frame(), [[0, 1], [1, 0]]),
        ([[0, 255], [255, 0]], [[0, 1], [1, 0]]),
        (numpy.ma.masked_equal([[0.0, 9], [1, 0], [1, 0]], 9), [[1, 0], [1, 0]]),
    ],
)
def test_the_advice_to_convert_rows_keeps_their_meaning(rows, right):
    """Pixels stay integers, so they are scaled; masked values do not become data."""
    with pytest.raises(NumpyganError) as error:
        Shuffled(rows, Stream(0))
    advice = re.search(r"numpy[\w.]*\(rows\)", str(error.value))[0]
    converted = eval(advice, {"numpy": numpy, "rows": rows})
    assert sorted(draw(Shuffled(converted, Stream(0)), 1, 2, 2)[0].tolist()) == sorted(right)


def test_a_number_is_no_minibatch():
    with pytest.raises(NumpyganError, match="minibatch: out: expected an array"):
        Shuffled(numbered(9), Stream(0)).minibatch(5)


def test_sources_print_what_they_draw_from():
    stream = Stream(0)
    assert repr(Shuffled(numpy.zeros((1200, 2)), stream)) == "Shuffled(1,200 rows of width 2)"
    assert repr(Noise("gaussian", stream)) == "Noise('gaussian')"
    assert repr(Mixture([[0, 1], [2, 3]], 0.5)) == "Mixture(2 modes of width 2, std=0.5)"
