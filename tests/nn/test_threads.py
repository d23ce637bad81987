"""Work shared out over cores gives what one core gives, bit for bit."""

import gc
import itertools
import os
import subprocess
import sys
import threading
import weakref

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.gan.average import Average
from numpygan.nn import optimizers as sgd
from numpygan.nn import threads as cores
from numpygan.nn.threads import at_once


def each(work, n):
    at_once(work, [[(i,)] for i in range(n)])


def learn(rule, on, monkeypatch, updates=3):
    """θ, what the rule keeps, and the average after some updates in seven pieces on `on` cores, and
    the threads that made them.
    """
    monkeypatch.setattr(sgd, "cores", lambda xp: on)
    monkeypatch.setattr(sgd, "PIECE", 100)
    net, threads, two = (
        ng.MLP([ng.Affine(30, 20), ng.ReLU(), ng.Affine(20, 2)]),
        set(),
        threading.Event(),
    )
    net.initialize(Stream(0))
    updated, average = rule(net, learning_rate=1e-3), Average(net, 0.9)
    formula = updated.formula

    def watched(*args):
        threads.add(threading.current_thread())
        if len(threads) > 1:
            two.set()
        assert on == 1 or two.wait(60)  # the first thread leaves a share to the second
        formula(*args)

    monkeypatch.setattr(rule, "formula", staticmethod(watched))
    for t in range(1, updates + 1):
        Stream(t).normal(net.grad)
        updated.descend()
        average.update(t)
    return [net.theta, *updated.moments.values(), average.net.theta], len(threads)


@pytest.mark.parametrize("on", [2, 3, 50])
@pytest.mark.parametrize("rule", [ng.Momentum, ng.Adam])
def test_several_cores_learn_what_one_learns(rule, on, monkeypatch):
    (alone, one), (shared, threads) = learn(rule, 1, monkeypatch), learn(rule, on, monkeypatch)
    assert one == 1 and threads > 1
    for a, b in zip(alone, shared):
        assert a.tobytes() == b.tobytes()


def test_no_two_lanes_share_scratch_memory(monkeypatch):
    monkeypatch.setattr(sgd, "cores", lambda xp: 3)
    monkeypatch.setattr(sgd, "PIECE", 10)
    lanes = sgd.lanes(numpy, numpy.zeros(95))
    scratch = [lane[0][-1] for lane in lanes]
    assert [len(lane) for lane in lanes] == [4, 3, 3]
    for first, second in itertools.combinations(scratch, 2):
        assert not numpy.shares_memory(first, second)


@pytest.mark.parametrize(
    "openblas, omp, expected",
    [
        ("", "", 4),
        ("1", "", 1),
        ("", "1", 1),
        ("2", "1", 2),
        ("1", "3", 1),
        ("9", "", 4),
        ("0", "", 4),
        ("many", "", 4),
        ("-1", "", 4),
    ],
)
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
        each(work, 2)
    assert done == [1 - failing]


def test_every_core_heeds_the_errstate_of_the_caller():
    large = numpy.full(2000, 1e300)
    with numpy.errstate(over="ignore"):
        each(lambda i: large * large, 2)
    with numpy.errstate(over="raise"), pytest.raises(FloatingPointError):
        each(lambda i: large * large if i else None, 2)


def test_a_thread_goes_on_when_the_main_thread_has_ended():
    code = """
import threading
from numpygan.nn.threads import at_once

def work():
    threading.main_thread().join()
    done = []
    at_once(done.append, [[(i,)] for i in range(3)])
    print(sorted(done))

threading.Thread(target=work).start()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "[0, 1, 2]\n" and done.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_threads_of_its_own():
    code = """
import os
from numpygan.nn.threads import at_once

at_once(lambda i: None, [[(i,)] for i in range(2)])
child = os.fork()
done = []
at_once(done.append, [[(i,)] for i in range(2)])
assert sorted(done) == [0, 1]
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    "error", [RuntimeError("can't start new thread"), MemoryError()], ids=["threads", "memory"]
)
@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_each_share_is_done_once_when_a_thread_cannot_start(failing, error, monkeypatch):
    """The failing start, the first to the last, comes after the work was queued, as in
    ThreadPoolExecutor.submit.
    """
    monkeypatch.setattr(cores, "_threads", None)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    start, starts, all_together = threading.Thread.start, [], threading.Barrier(failing)
    begun = threading.Semaphore(0)

    def fail(thread):
        starts.append(thread)
        if len(starts) == failing:
            for _ in range(failing - 1):  # the others have a share, which can't be taken back now
                assert begun.acquire(timeout=60)
            raise error
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", fail)
    for call in range(3):  # also after the failure
        done = []

        def work(i):
            if call == 0 and i < failing:
                begun.release()
                all_together.wait(60)  # the caller and each thread that did start have a share
            done.append(i)

        each(work, 5)
        assert sorted(done) == [0, 1, 2, 3, 4]
        assert len(starts) >= failing


def test_calls_from_many_threads_while_starts_fail(monkeypatch):
    monkeypatch.setattr(cores, "_threads", None)
    start, starts = threading.Thread.start, itertools.count()

    def often_fails(thread):
        if "numpygan" in thread.name and next(starts) % 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", often_fails)
    counts = numpy.zeros((4, 200, 3), int)

    def call(caller):
        for turn in range(200):
            each(lambda i: counts.__setitem__((caller, turn, i), counts[caller, turn, i] + 1), 3)

    callers = [threading.Thread(target=call, args=(caller,)) for caller in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert next(starts) > 3 and (counts == 1).all()


def test_nothing_piles_up_where_no_thread_ever_starts(monkeypatch):
    monkeypatch.setattr(cores, "_threads", None)

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    class Work:
        def __call__(self, i):
            pass

    alive = weakref.WeakSet()
    for _ in range(5):
        work = Work()
        alive.add(work)
        each(work, 3)
    del work
    gc.collect()
    assert not alive


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(os, "setresuid"), reason="needs Linux's limit on the threads of a user"
)
@pytest.mark.parametrize("allowed", [1, 2, 3])
def test_a_real_limit_on_threads(allowed):
    """Adam over 40 pieces by four threads, of which the system grants none, one or two besides the
    caller's.
    """
    if os.getuid():
        allowed = 1  # whoever is not root counts all that he runs already, so that no thread starts
    code = f"""
import os, resource, threading
import numpy
from numpygan import MLP, Adam, Affine
from numpygan.arrays import Stream
from numpygan.nn import optimizers as sgd

sgd.PIECE = 1000

def learned(on):
    sgd.cores = lambda xp: on
    net = MLP([Affine(199, 200)])
    net.initialize(Stream(0))
    rule = Adam(net, 1e-3)
    for t in range(50):
        Stream(t).normal(net.grad)
        rule.descend()
    return net.theta.tobytes()

alone = learned(1)
os.cpu_count = lambda: 8
if os.getuid() == 0:
    # The limit does not bind root
    os.setresuid({54321 + allowed}, {54321 + allowed}, {54321 + allowed})
resource.setrlimit(resource.RLIMIT_NPROC, ({allowed}, {allowed}))
started = []
try:
    while len(started) < 10:
        started.append(threading.Thread(target=threading.Event().wait, args=(1,)))
        started[-1].start()
except RuntimeError as error:
    print(len(started) - 1, error)
for thread in started[:-1]:
    thread.join()
print(all(learned(4) == alone for _ in range(20)))
"""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=env
    )
    assert done.stderr == "" and done.stdout == f"{allowed - 1} can't start new thread\nTrue\n"


def test_work_at_the_end_of_the_interpreter():
    """In an atexit function and in a thread that outlives the main one no thread may start, but
    some may wait already.
    """
    code = """
import atexit, threading
from numpygan.nn.threads import at_once

def work(n):
    done = []
    at_once(done.append, [[(i,)] for i in range(n)])
    print(sorted(done) == list(range(n)), flush=True)

def last():
    threading.main_thread().join()
    for n in (2, 5):
        work(n)

atexit.register(work, 5)
work(2)
threading.Thread(target=last).start()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    )
    assert done.stdout == "True\n" * 4 and done.stderr == ""
