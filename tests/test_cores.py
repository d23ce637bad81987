"""Work shared out over cores gives what one core gives, bit for bit."""

import os
import subprocess
import sys
import threading

import numpy
import pytest

import numpygan as ng
from numpygan import cores
from numpygan.arrays import Stream
from numpygan.cores import at_once
from numpygan.gan import sgd
from numpygan.gan.average import Average


def learn(rule, on, monkeypatch, updates=3):
    """θ, what the rule keeps, and the average after some updates in seven pieces on `on` cores, and the threads that made them."""
    monkeypatch.setattr(sgd, "cores", lambda xp: on)
    monkeypatch.setattr(sgd, "PIECE", 100)
    net, threads = ng.MLP([ng.Affine(30, 20), ng.ReLU(), ng.Affine(20, 2)]), set()
    net.initialize(Stream(0))
    updated, average = rule(net, learning_rate=1e-3), Average(net, 0.9)
    move_piece = updated._move_piece
    updated._move_piece = lambda *args: threads.add(threading.current_thread()) or move_piece(*args)
    for t in range(1, updates + 1):
        Stream(t).normal(net.grad)
        updated.descend()
        average.update(t)
    return [net.theta, updated.velocity, updated.squares, average.net.theta], len(threads)


@pytest.mark.parametrize("on", [2, 3, 50])
@pytest.mark.parametrize("rule", [ng.Momentum, ng.Adam])
def test_several_cores_learn_what_one_learns(rule, on, monkeypatch):
    (alone, one), (shared, threads) = learn(rule, 1, monkeypatch), learn(rule, on, monkeypatch)
    assert one == 1 and threads > 1
    for a, b in zip(alone, shared):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("openblas, omp, expected", [
    ("", "", 4), ("1", "", 1), ("", "1", 1), ("2", "1", 2), ("1", "3", 1), ("9", "", 4), ("0", "", 4), ("many", "", 4), ("-1", "", 4),
])  # fmt: skip
def test_no_more_cores_than_blas_is_allowed(openblas, omp, expected, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 5}, raising=False)
    for name, value in (("OPENBLAS_NUM_THREADS", openblas), ("OMP_NUM_THREADS", omp)):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    assert cores.cores(numpy) == expected
    assert cores.cores(ng) == 1  # not NumPy


@pytest.mark.parametrize("failing", [0, 1])
def test_what_one_core_raises_is_raised_when_all_are_done(failing):
    done, other = [], threading.Event()

    def work(i):
        if i == failing:
            other.set()
            raise KeyError(i)
        other.wait(10)
        done.append(i)

    with pytest.raises(KeyError):
        at_once(work, 2)
    assert done == [1 - failing]


def test_every_core_heeds_the_errstate_of_the_caller():
    large = numpy.full(2000, 1e300)
    with numpy.errstate(over="ignore"):
        at_once(lambda i: large * large, 2)
    with numpy.errstate(over="raise"), pytest.raises(FloatingPointError):
        at_once(lambda i: large * large if i else None, 2)


def test_a_thread_goes_on_when_the_main_thread_has_ended():
    code = """
import threading
from numpygan.cores import at_once

def work():
    threading.main_thread().join()
    done = []
    at_once(done.append, 3)
    print(sorted(done))

threading.Thread(target=work).start()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "[0, 1, 2]\n" and done.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_threads_of_its_own():
    code = """
import os
from numpygan.cores import at_once

at_once(lambda i: None, 2)
child = os.fork()
done = []
at_once(done.append, 2)
assert sorted(done) == [0, 1]
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
