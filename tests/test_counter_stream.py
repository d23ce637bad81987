"""Random numbers from a counter."""

import json

import numpy
import pytest

import numpygan as ng
from numpygan.counter_stream import squares
from numpygan.runs.parallel import Rows

KEY = 0xC8E4FD154CE32F6D
MODULUS = 2**64


def by_hand(counter, key):
    """`squares64` of Widynski 2020, with Python's whole numbers."""

    def swapped(x):
        return (x >> 32 | x << 32) % MODULUS

    x = y = counter * key % MODULUS
    z = (y + key) % MODULUS
    for addend in (y, z, y):
        x = swapped((x * x + addend) % MODULUS)
    x = t = (x * x + z) % MODULUS
    x = swapped(x)
    return t ^ ((x * x + y) % MODULUS >> 32)


def stream(seed=0):
    return ng.CounterStream(ng.Stream(seed))


def test_the_bits_are_those_of_the_definition():
    counters = numpy.array([0, 1, 2, 3, 2**32, 2**63 + 5, 2**64 - 1], "uint64")
    expected = [by_hand(int(c), KEY) for c in counters]
    assert squares(counters, numpy.uint64(KEY)).tolist() == expected
    assert len(set(expected)) == len(counters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform(dtype):
    x = numpy.empty((400, 500), dtype)
    stream().uniform(x, -2, 6)
    counts = numpy.histogram(x, 50, (-2, 6))[0]
    assert counts.sum() == x.size  # all within
    assert ((counts - 4000) ** 2 / 4000).sum() < 94  # χ² of 49 degrees: above it once in 10⁴
    assert abs(numpy.corrcoef(x[:, :-1].ravel(), x[:, 1:].ravel())[0, 1]) < 0.01
    assert abs(numpy.corrcoef(x[:-1].ravel(), x[1:].ravel())[0, 1]) < 0.01


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal(dtype):
    x = numpy.empty((400, 500), dtype)
    stream().normal(x)
    for power, moment, bound in ((1, 0, 0.01), (2, 1, 0.015), (3, 0, 0.04), (4, 3, 0.1)):
        assert abs((x.astype("float64") ** power).mean() - moment) < bound, power
    assert numpy.isfinite(x).all()
    # P(|x| > 2) = .0455
    assert abs((abs(x) > 2).mean() - 0.0455) < 0.002
    assert abs(numpy.corrcoef(x[:, :-1].ravel(), x[:, 1:].ravel())[0, 1]) < 0.01


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 1.0])
def test_keep(share):
    mask = numpy.empty((400, 500), "float32")
    stream().keep(mask, share)
    assert set(numpy.unique(mask)) <= {0, numpy.float32(1 / share)}
    assert abs((mask > 0).mean() - share) < 0.005


def test_rows_drawn_one_after_the_other_are_the_rows_drawn_at_once():
    whole, rows, one = numpy.empty((6, 4)), numpy.empty((6, 4)), stream()
    stream().normal(whole)
    for row in rows:
        one.normal(row)
    assert (whole == rows).all()


def test_any_array_can_be_filled():
    wide, plain = numpy.zeros((5, 8)), numpy.empty((5, 4))
    stream().uniform(wide[:, ::2], 0, 1)
    stream().uniform(plain, 0, 1)
    assert (wide[:, ::2] == plain).all() and not wide[:, 1::2].any()


def test_skipped_entries_are_not_drawn():
    whole, part, one = numpy.empty(12, "float32"), numpy.empty(4, "float32"), stream()
    stream().keep(whole, 0.5)
    one.pass_over(8)
    one.keep(part, 0.5)
    assert (part == whole[8:]).all()


@pytest.mark.parametrize("width", [4, 3])
def test_ranks_that_share_a_minibatch_draw_its_masks(width):
    whole = numpy.empty((10, width), "float32")
    stream().keep(whole, 0.5)  # D's pass over 5 examples and 5 generated rows
    for rows in (slice(0, 2), slice(2, 5)):
        m_r = rows.stop - rows.start
        mine = numpy.empty((2 * m_r, width), "float32")
        Rows(stream(), 5, rows, numpy).keep(mine, 0.5)
        assert (mine == numpy.concatenate([whole[rows], whole[5:][rows]])).all()


def test_the_same_seed_gives_the_same_numbers_and_another_others():
    draws = []
    for seed in (0, 0, 1):
        draws.append(numpy.empty(100))
        stream(seed).uniform(draws[-1], 0, 1)
    assert (draws[0] == draws[1]).all() and (draws[0] != draws[2]).all()


def test_a_saved_state_goes_on():
    first, second, other = stream(), numpy.empty(7), stream(5)
    first.normal(numpy.empty(9))
    other.state = first.state
    expected = numpy.empty(7)
    first.normal(expected)
    other.normal(second)
    assert (second == expected).all()


@pytest.mark.parametrize("state", [{"key": -1, "drawn": 0}, {"key": 1, "drawn": 2**64}, {"key": 1}])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(ng.NumpyganError, match="CounterStream: state must be the text that"):
        stream().state = json.dumps(state)


@pytest.mark.parametrize("what", [0, None, numpy.random.default_rng(0), ng.Stream])
def test_what_is_no_stream_to_take_a_key_from(what):
    with pytest.raises(ng.NumpyganError, match="CounterStream: expected a Stream"):
        ng.CounterStream(what)


def test_a_key_is_odd():
    assert all(json.loads(stream(seed).state)["key"] % 2 for seed in range(20))
