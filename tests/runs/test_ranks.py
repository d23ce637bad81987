"""Ranks as threads of this process: every game and rule, on the host and on the double of a GPU;
what crosses between them.
"""

import threading

import numpy
import pytest

from numpygan.errors import Diverged, NumpyganError
from numpygan.figures import pictures
from numpygan.metrics import distances, parzen
from numpygan.ranks import ALONE, Ranks
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change
from numpygan.runs import loop as train
from numpygan.runs.directory import RunDirectory
from tests.gpu.test_double import CASES, training
from tests.helpers.double import DeviceArray, counts, device
from tests.helpers.numeric import assert_near


class Threads:
    """A communicator of mpi4py, as far as Ranks uses it, whose ranks are threads that wait for each
    other at a barrier.
    """

    def __init__(self, size, rank, barrier, table):
        self.size, self.rank, self._barrier, self._table = size, rank, barrier, table

    def allgather(self, value):
        self._table[self.rank] = value
        self._barrier.wait()
        values = list(self._table)
        self._barrier.wait()
        return values

    def Allreduce(self, send, receive):
        """In place; a device array is read as a CUDA-aware MPI does."""
        memory = receive._memory if isinstance(receive, DeviceArray) else receive
        assert send is None and memory.flags.c_contiguous
        memory[...] = sum(self.allgather(memory.copy()))

    def bcast(self, value):
        return self.allgather(value)[0]

    def Barrier(self):
        self._barrier.wait()


def on_ranks(size, function, **options):
    """[function(ranks) of each rank], every rank a thread."""
    barrier, table, results = threading.Barrier(size), [None] * size, [None] * size

    def run(rank):
        try:
            results[rank] = function(Ranks(Threads(size, rank, barrier, table), **options))
        except BaseException as error:
            results[rank] = error
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for result in results:
        if isinstance(result, BaseException) and not isinstance(
            result, threading.BrokenBarrierError
        ):
            raise result
    return results


@pytest.mark.parametrize("m, size", [(100, 1), (100, 3), (7, 4), (4, 4), (1, 1)])
def test_the_parts_of_a_minibatch(m, size):
    parts = on_ranks(size, lambda ranks: range(m)[ranks.slice(m)])
    assert [row for part in parts for row in part] == list(range(m))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_more_ranks_than_rows_are_refused():
    with pytest.raises(NumpyganError, match="5 ranks can't share 4 rows"):
        on_ranks(5, lambda ranks: ranks.slice(4))


def test_what_ranks_tell_each_other():
    def talk(ranks):
        mine = numpy.array([ranks.rank, 1.0])
        first = ranks.from_first(lambda: f"from {ranks.rank}")
        wishes = ranks.any(ranks.rank == 2, False, True)
        return list(ranks.sum(mine)), first, wishes, ranks.gather(ranks.rank), ranks.each(range(7))

    results = on_ranks(3, talk)
    assert [result[:4] for result in results] == [
        ([3, 3], "from 0", (True, False, True), [0, 1, 2])
    ] * 3
    assert sorted(item for result in results for item in result[4]) == list(range(7))


def test_alone_nothing_is_sent():
    assert (
        ALONE.sum(numpy.array([2.0])) == 2
        and ALONE.gather(3) == [3]
        and ALONE.from_first(lambda: 4) == 4
    )
    assert ALONE.any(True, False) == (True, False) and list(ALONE.each(range(3))) == [0, 1, 2]
    assert ALONE.slice(5) == slice(0, 5)


def shared(case, size, xp=numpy, cuda_aware=False, **more):
    """The states of the ranks after some iterations, which must be the same on each but for the
    rows in its tapes.
    """

    def play(ranks):
        it = training(case, xp, ranks, **more)
        for _ in range(12):
            it.advance()
        it.check_finite()
        it.check_replicas()
        return it.state()

    states = on_ranks(size, play, cuda_aware=cuda_aware)
    for state in states[1:]:
        for name, value in states[0].items():
            assert numpy.array_equal(value, state[name]), name
    return states[0]


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(
    "case",
    [case for case in CASES if "ring" in case or "momentum" in case or case == "mnist adam k = 2"],
)
def test_ranks_play_the_game_of_one(case, size):
    """Minibatches of 20 or 128 rows: with 3 ranks the parts differ.

    Adam divides by √ŝ, so it is allowed a little more.
    """
    one = training(case, numpy, dtype="float64")
    for _ in range(12):
        one.advance()
    expected, found = one.state(), shared(case, size, dtype="float64")
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        if numpy.asarray(value).dtype.kind == "f":
            assert_near(found[name], value, 1e-10)
        else:
            assert numpy.array_equal(found[name], value), name


@pytest.mark.parametrize("case", ["mnist momentum k = 2", "mnist momentum authors2014", "ring"])
def test_on_a_device_gradients_go_through_pinned_memory(case):
    """NumPy's bits; in each iteration one gradient for each update, and the scores of all 12
    iterations at the end, through memory that is allocated once.
    """
    on_host = shared(case, 2)
    before = counts.copy()
    on_device = shared(case, 2, xp=device)
    crossed = counts - before
    for name, value in on_host.items():
        assert numpy.array_equal(on_device[name], value), name
    updates = CASES[case][1].get("k", 1) + 1
    assert crossed["get into pinned memory"] == 2 * (12 * updates + 1)
    # For the gradients of D and G, and for the scores
    assert crossed["alloc_pinned_memory"] == 2 * 3
    assert "synchronize" not in crossed


def test_a_cuda_aware_mpi_reads_the_device_itself():
    """After it has done all that it was asked: MPI knows nothing of the stream that computes the
    gradient.
    """
    staged = shared("mnist momentum", 2, xp=device)
    before = counts.copy()
    direct = shared("mnist momentum", 2, xp=device, cuda_aware=True)
    crossed = counts - before
    assert all(numpy.array_equal(direct[name], value) for name, value in staged.items())
    assert crossed["synchronize"] == 2 * (12 * 2 + 1) and "alloc_pinned_memory" not in crossed


@pytest.mark.parametrize(
    "case, rank, told",
    [
        ("mnist momentum", 0, "D's layer 1, Affine(784, 60), is not finite (rank 0);"),
        ("mnist momentum", 2, "D's layer 1, Affine(784, 60), is not finite (rank 2);"),
        # Before the last step of D it was everywhere
        ("mnist momentum k = 2", 2, "D's layer 1, Affine(784, 60), is not finite;"),
    ],
)
@pytest.mark.parametrize("sums", [True, False])
def test_divergence_is_told_of_the_rank_where_it_began(case, rank, told, sums):
    def play(ranks):
        it = training(case, numpy, ranks)
        it.advance()
        if ranks.rank == rank:
            it.D.layers[1].W[0, 0] = numpy.nan
        it.advance()
        with pytest.raises(Diverged) as error:
            it.check_finite(sums)
        return str(error.value)

    messages = on_ranks(3, play)
    assert len(set(messages)) == 1 and told in messages[0]


def test_ranks_that_have_drifted_apart_are_named():
    def play(ranks):
        it = training("ring", numpy, ranks)
        it.G.theta[0] += ranks.rank == 2
        with pytest.raises(NumpyganError) as told:
            it.check_replicas()
        return str(told.value)

    assert ["θ of rank 2 differs" in message for message in on_ranks(4, play)] == [
        True,
        True,
        False,
        True,
    ]


def test_parzen_has_the_same_bits(rng, monkeypatch):
    monkeypatch.setattr(distances, "_CELLS", 1000)  # 20 points at a time
    samples, points = rng.random((50, 4)), rng.random((170, 4))
    alone = parzen.log_likelihoods(samples, points, [0.1, 0.3])
    for found in on_ranks(
        3, lambda ranks: parzen.log_likelihoods(samples, points, [0.1, 0.3], ranks)
    ):
        assert found.tobytes() == alone.tobytes()


def test_nobody_leaves_an_interrupted_run_while_the_first_still_writes(tmp_path, monkeypatch):
    """The exit of one process may end the job."""
    left, gone = threading.Event(), []

    class Asked:
        """Somebody has pressed Ctrl-C."""

        asked = True

        def __init__(self, last_words):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(train, "StopSignals", Asked)
    monkeypatch.setattr(pictures, "save_samples", lambda *_: None)
    monkeypatch.setattr(pictures, "save_learning_curves", lambda *_: gone.append(left.wait(0.5)))

    def play(ranks):
        with pytest.raises(train.Interrupted):
            train.train(
                change(RECIPES["ring"], batch=20, iterations=9),
                RunDirectory(tmp_path / "it"),
                ranks=ranks,
            )
        if ranks.rank == 1:
            left.set()

    on_ranks(2, play)
    # The first wrote something, and the second was still there
    assert left.is_set() and set(gone) == {False}
