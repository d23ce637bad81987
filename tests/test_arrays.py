"""The array-module switch and the random streams."""

import math
import sys
import types

import numpy
import pytest

import numpygan as ng
from numpygan import arrays, requirements
from numpygan.arrays import STREAMS, Stream, matmul, streams
from tests.helpers.numeric import DTYPES, matrix


def uniform(stream, shape=(50,), dtype="float32"):
    out = numpy.empty(shape, dtype)
    stream.uniform(out, 0.0, 1.0)
    return out


def test_there_are_five_streams():
    assert set(streams(0)) == {"init", "data", "noise", "dropout", "sample"}


def test_one_seed_gives_the_same_numbers_again():
    for name in STREAMS:
        assert (uniform(streams(3)[name]) == uniform(streams(3)[name])).all()
        assert (uniform(streams(3)[name]) != uniform(streams(4)[name])).any()


def test_streams_differ_and_do_not_disturb_each_other():
    fresh = {name: uniform(stream).tobytes() for name, stream in streams(0).items()}
    assert len(set(fresh.values())) == len(STREAMS)
    used = streams(0)
    for _ in range(10):  # more samples for a picture change nothing in the training
        uniform(used["sample"])
        used["sample"].keep(numpy.empty(7, "float32"), 0.5)
    assert all(uniform(used[name]).tobytes() == fresh[name] for name in STREAMS if name != "sample")
    assert uniform(used["sample"]).tobytes() != fresh["sample"]


def draws(stream):
    """Some of everything that a stream draws, in odd sizes."""
    out = [uniform(stream, (7,)), uniform(stream, (3,), "float64")]
    for fill in (stream.normal, lambda a: stream.keep(a, 0.8)):
        array = numpy.empty((5, 3), "float32")
        fill(array)
        out.append(array)
    return b"".join(a.tobytes() for a in [*out, stream.permutation(11), stream.integers(9, 6)])


@pytest.mark.parametrize("n", [1, 3])  # 1: an outer product
def test_matmul(n):
    a, b, out = (
        numpy.arange(2.0 * n).reshape(2, n),
        numpy.arange(4.0 * n).reshape(n, 4),
        numpy.empty((2, 4)),
    )
    matmul(numpy, a, b, out)
    assert out.tolist() == [
        [sum(a[i, k] * b[k, j] for k in range(n)) for j in range(4)] for i in range(2)
    ]


def test_state_round_trip():
    stream, other = Stream(1), Stream(2)
    uniform(stream, (3,))  # an odd number of 32-bit floats: half a word is left over
    state = stream.state
    assert isinstance(state, str)
    expected = draws(stream)
    other.state = state
    assert draws(other) == expected
    stream.state = state
    assert draws(stream) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_fills_its_range(dtype):
    out = numpy.empty((1000, 200), dtype)
    Stream(0).uniform(out, -2.0, 6.0)
    assert out.dtype == dtype and out.min() >= -2 and out.max() <= 6
    assert out.min() < -1.999 and out.max() > 5.999
    standard_error = 8 / numpy.sqrt(12 * out.size)
    assert abs(out.mean() - 2) <= 5 * standard_error
    assert abs(out.var() - 64 / 12) <= 5 * 64 * numpy.sqrt((1 / 80 - 1 / 144) / out.size)


def test_normal_has_mean_0_and_variance_1():
    out = numpy.empty((1000, 200), "float32")
    Stream(0).normal(out)
    assert abs(out.mean()) <= 5 / numpy.sqrt(out.size) and abs(out.var() - 1) <= 5 * numpy.sqrt(
        2 / out.size
    )


def test_complex_draws_are_the_real_ones():
    real, complex_ = numpy.empty((5, 3)), numpy.full((5, 3), 9 + 9j)
    for fill in ("uniform", "normal"):
        args = (-1.0, 1.0) if fill == "uniform" else ()
        getattr(Stream(4), fill)(real, *args)
        getattr(Stream(4), fill)(complex_, *args)
        assert (complex_ == real).all()


def columns(dtype):
    """A view that isn't contiguous, and the array that it is a view of."""
    whole = numpy.full((10, 8), 99, dtype)
    return whole[:, :6:2], whole


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "fill",
    [
        lambda stream, a: stream.uniform(a, 0.0, 1.0),
        lambda stream, a: stream.normal(a),
        lambda stream, a: stream.keep(a, 0.5),
    ],
    ids=["uniform", "normal", "keep"],
)
def test_a_view_is_filled_in_place(fill, dtype):
    (view, whole), contiguous = columns(dtype), numpy.empty((10, 3), dtype)
    fill(Stream(0), view)
    fill(Stream(0), contiguous)
    assert (view == contiguous).all() and (whole[:, [1, 3, 5, 6, 7]] == 99).all()


@pytest.mark.parametrize("shape", [(1,), (3,), (5, 7), (100, 1201)])
def test_keep_mask(shape):
    out = numpy.full(shape, numpy.nan, "float32")
    Stream(0).keep(out, 0.8)
    assert set(numpy.unique(out)) <= {numpy.float32(0), numpy.float32(1.25)}


@pytest.mark.parametrize("keep", [0.8, 0.5])
def test_keep_rate_in_every_16_bit_lane(keep):
    """A word of 64 random bits decides four entries: each of the four at the right rate, and none
    like its neighbour.
    """
    out = numpy.empty(400_000, "float32")
    Stream(0).keep(out, keep)
    kept = (out != 0).reshape(-1, 4)
    standard_error = numpy.sqrt(keep * (1 - keep) / len(kept))
    assert numpy.abs(kept.mean(0) - keep).max() <= 5 * standard_error
    for lag in (1, 2, 3):
        both = (kept & numpy.roll(kept, lag, 1)).mean()
        assert abs(both - keep**2) <= 5 * numpy.sqrt(keep**2 * (1 - keep**2) / out.size) * 2


def test_keeping_everything_drops_nothing():
    out = numpy.empty(10**6, "float32")
    Stream(0).keep(out, 1.0)
    assert (out == 1).all()


def test_a_permutation_is_one():
    assert sorted(Stream(0).permutation(100)) == list(range(100))
    assert list(Stream(0).permutation(100)) != list(range(100))


def test_array_module_cpu():
    assert arrays.array_module("cpu") is numpy


def test_array_module_tpu():
    with pytest.raises(ng.NumpyganError, match="device.*'tpu'.*cpu.*gpu"):
        arrays.array_module("tpu")


def test_array_module_gpu_without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ng.NumpyganError, match="gpu.*CuPy.*pip install.*cpu"):
        arrays.array_module("gpu")


@pytest.mark.parametrize("nth, gpu", [(0, 0), (2, 2), (3, 0), (7, 1)])
def test_ranks_of_a_machine_take_its_gpus_in_turn(nth, gpu, monkeypatch):
    chosen = []
    cuda = types.SimpleNamespace(
        is_available=lambda: True,
        runtime=types.SimpleNamespace(getDeviceCount=lambda: 3),
        Device=lambda number: types.SimpleNamespace(use=lambda: chosen.append(number)),
    )
    cupy = types.SimpleNamespace(cuda=cuda)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    assert arrays.array_module("gpu", nth) is cupy and chosen == [gpu]


def test_array_module_gpu_without_a_gpu(monkeypatch):
    cupy = types.SimpleNamespace(cuda=types.SimpleNamespace(is_available=lambda: False))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    with pytest.raises(ng.NumpyganError, match="gpu.*no CUDA GPU.*cpu"):
        arrays.array_module("gpu")


def test_require_names_the_array_on_the_wrong_side():
    requirements.require(numpy, x=numpy.zeros(1), y=numpy.zeros(2))
    with pytest.raises(ng.NumpyganError, match="^noise.*numpy.*list"):
        requirements.require(numpy, x=numpy.zeros(1), noise=[1.0])


def test_the_real_part():
    a = numpy.array([1.0, -2])
    assert arrays.real_part(numpy, a) is a  # no call
    assert arrays.real_part(numpy, a + 3j).tolist() == [1, -2]


def test_larger_compares_real_parts():
    a, b = numpy.array([1 + 5j, 2, 3]), numpy.array([1 + 9j, 3 - 1j, 2])
    out = numpy.empty_like(a)
    arrays.larger(numpy, a, b, out)
    assert out.tolist() == [1 + 9j, 3 - 1j, 3]  # b at a tie, as a ReLU has derivative 0 at 0


def test_gather_and_all_finite():
    out = numpy.empty((2, 2))
    arrays.gather(numpy, numpy.arange(6.0).reshape(3, 2), numpy.array([2, 0]), out)
    assert out.tolist() == [[4, 5], [0, 1]]
    assert arrays.all_finite(numpy, out) is True
    assert not any(
        arrays.all_finite(numpy, numpy.array([1, bad]))
        for bad in (numpy.nan, numpy.inf, -numpy.inf)
    )


def test_masks_go_on_where_others_were_passed_over():
    whole, part = numpy.zeros(100), numpy.zeros(40)
    one, other = Stream(3), Stream(3)
    one.keep(whole, 0.3)
    other.pass_over(24)
    other.keep(part, 0.3)
    other.pass_over(36)
    assert (part == whole[24:64]).all() and one.state == other.state


@pytest.mark.parametrize(
    "out", [(2, 3), [0.0, 0.0], None, numpy.empty(3, int), numpy.empty(3, "f2")]
)
@pytest.mark.parametrize("stream", [Stream(0), ng.CounterStream(Stream(0))])
def test_what_no_stream_can_fill_is_refused(stream, out):
    for draw in (stream.normal, lambda out: stream.uniform(out, 0, 1)):
        with pytest.raises(ng.NumpyganError, match="expected an array of float32 or float64"):
            draw(out)


@pytest.mark.parametrize("keep", [0, 2, -0.5, "half", float("nan")])
@pytest.mark.parametrize("stream", [Stream(0), ng.CounterStream(Stream(0))])
def test_a_share_to_keep_lies_between_0_and_1(stream, keep):
    with pytest.raises(ng.NumpyganError, match=r"keep must be a number in \(0, 1\], got"):
        stream.keep(numpy.empty(3), keep)


ODD = [numpy.ma.zeros((2, 2)), matrix(numpy.zeros((2, 2))), numpy.float64(0)]


@pytest.mark.parametrize("out", ODD, ids=lambda out: type(out).__name__)
@pytest.mark.parametrize("stream", [Stream(0), ng.CounterStream(Stream(0))])
def test_what_only_looks_like_an_array_is_not_filled(stream, out):
    """A mask would keep its places from being scaled; a matrix can't be flattened."""
    for draw in (
        stream.normal,
        lambda out: stream.uniform(out, 0, 1),
        lambda out: stream.keep(out, 0.5),
    ):
        with pytest.raises(ng.NumpyganError, match=f"to fill, got {type(out).__name__}"):
            draw(out)


BOUNDS = [(math.nan, 1, "low"), (0, math.nan, "high"), (0, math.inf, "high"), ("0", 1, "low")]
BOUNDS += [(None, 1, "low"), (1, 0, "at most high"), ([0], 1, "low"), (0, 10**400, "high")]


@pytest.mark.parametrize("low, high, words", BOUNDS)
@pytest.mark.parametrize("stream", [Stream(0), ng.CounterStream(Stream(0))])
def test_bounds_are_numbers_in_their_order(stream, low, high, words):
    with pytest.raises(ng.NumpyganError, match=f"{type(stream).__name__}: .*{words}.*got"):
        stream.uniform(numpy.empty(3), low, high)


STATES = ["", "{}", "[]", "null", None, 3, b"x", {}, '{"bit_generator": "PCG64"}', "nan"]
STATES += ['{"bit_generator": "MT19937", "state": {}}', "[" * 100_000]


@pytest.mark.parametrize("state", STATES, ids=lambda state: repr(state)[:40])
@pytest.mark.parametrize("stream", [Stream(0), ng.CounterStream(Stream(0))])
def test_what_is_no_state(stream, state):
    before = stream.state
    with pytest.raises(ng.NumpyganError, match=f"{type(stream).__name__}: state must be the text"):
        stream.state = state
    assert stream.state == before


@pytest.mark.parametrize("number", [-1, "a", 2.5, None])
def test_counts_are_whole_numbers(number):
    stream, other = Stream(0), ng.CounterStream(Stream(0))
    for draw in (
        stream.permutation,
        stream.pass_over,
        other.pass_over,
        lambda n: stream.integers(n, 3),
        lambda n: stream.integers(3, n),
    ):
        with pytest.raises(ng.NumpyganError, match="must be a whole number"):
            draw(number)


@pytest.mark.parametrize("seed", [None, True])
def test_a_seed_is_a_number(seed):
    for make in (Stream, ng.streams):
        with pytest.raises(ng.NumpyganError, match="seed must be a whole number ≥ 0"):
            make(seed)
