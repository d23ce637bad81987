"""Work shared out over cores gives what one core gives, and BLAS gets its threads back."""

import threading

import numpy
import pytest
from conftest import assert_near
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

import numpygan as ng
from numpygan import cores
from numpygan.arrays import Stream
from numpygan.cores import at_once, matmul, several_cores, shares
from numpygan.gan.average import Average


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture
def two():
    """Within it BLAS has two threads, so that `several_cores()` finds two cores."""
    with threadpool_limits(2, user_api="blas"):
        yield


def learn(rule, updates=2):
    """θ, the gradient, gx and the average after some updates of a network large enough to be shared out, in float32."""
    net = ng.MLP([ng.Affine(300, 700), ng.ReLU(), ng.Affine(700, 260)])
    net.initialize(Stream(0))
    tape, updated, average = net.tape(100), rule(net, learning_rate=1e-3), Average(net, 0.9)
    for t in range(1, updates + 1):
        Stream(t).normal(tape.x)
        gx = net.backward(net.forward(tape.x, tape), tape).copy()
        updated.descend()
        average.update(t)
    return net.theta.copy(), net.grad.copy(), gx, average.net.theta.copy()


@pytest.mark.parametrize("rule", [ng.Momentum, ng.Adam])
def test_two_cores_learn_what_one_learns(rule, two, monkeypatch):
    alone, used = learn(rule), set()
    with several_cores():
        submit = cores._threads.submit
        monkeypatch.setattr(
            cores._threads, "submit", lambda run, work, part: used.add(work.__qualname__) or submit(run, work, part)
        )
        shared, again = learn(rule), learn(rule)
    assert len(used) == 2  # products and updates
    for one, other, twice in zip(alone, shared, again):
        assert other.tobytes() == twice.tobytes()
        assert_near(other, one, 1e-5)


@pytest.mark.parametrize("transposed", ["", "a", "b"])
@pytest.mark.parametrize("m, n, p", [(100, 800, 701), (1, 90_000, 64), (300, 130, 129), (200, 240, 1), (7, 5, 3)])
def test_a_shared_product_is_the_product(m, n, p, transposed, two, rng):
    a, b, out = rng.standard_normal((m, n)), rng.standard_normal((n, p)), numpy.empty((m, p))
    if transposed == "a":
        a = numpy.asfortranarray(a)
    if transposed == "b":
        b = numpy.asfortranarray(b)
    with several_cores():
        matmul(numpy, a, b, out)
    assert_near(out, a @ b, 1e-13)


def test_blas_has_one_thread_within_and_its_own_again_after(two):
    assert blas_threads() == {2}
    with several_cores():
        assert blas_threads() == {1} and len(shares(10)) == 2
        with several_cores():
            assert len(shares(10)) == 2
        assert len(shares(10)) == 2
    assert blas_threads() == {2} and shares(10) == [slice(0, 10)]
    with pytest.raises(KeyError), several_cores():
        raise KeyError
    assert blas_threads() == {2} and shares(10) == [slice(0, 10)]


def test_where_blas_has_one_thread_nothing_is_shared():
    with threadpool_limits(1, user_api="blas"), several_cores():
        assert shares(10**9) == [slice(0, 10**9)]


@given(n=st.integers(1, 10**6), least=st.integers(1, 10**4), count=st.integers(1, 200))
def test_shares_are_the_whole_in_order(n, least, count):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "_cores", count)
        parts = shares(n, least)
    assert [i for part in parts for i in (part.start, part.stop)][1:-1:2] == [part.start for part in parts[1:]]
    assert parts[0].start == 0 and parts[-1].stop == n and 1 <= len(parts) <= count
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) - min(sizes) <= 1 and (min(sizes) >= least or len(parts) == 1)


@pytest.mark.parametrize("failing", [0, 1])
def test_what_one_core_raises_is_raised_when_all_are_done(failing, two):
    done, other = [], threading.Event()

    def work(part):
        if part == failing:
            other.set()
            raise KeyError(part)
        other.wait(10)
        done.append(part)

    with several_cores(), pytest.raises(KeyError):
        at_once(work, range(2))
    assert done == [1 - failing]


def test_every_core_heeds_the_errstate_of_the_caller(two):
    large = numpy.full(2000, 1e300)
    with several_cores(), numpy.errstate(over="ignore"):
        at_once(lambda part: large * large, range(2))
    with several_cores(), numpy.errstate(over="raise"), pytest.raises(FloatingPointError):
        at_once(lambda part: large * large if part else None, range(2))
