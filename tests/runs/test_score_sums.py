"""The sums of the scores: what they add up, and when."""

import numpy
import pytest

import numpygan as ng
from numpygan.ranks import ALONE
from numpygan.runs.score_sums import AT_ONCE, ScoreSums


@pytest.fixture
def games():
    """Two games of the same networks, of 7 and 3 rows."""
    draw = ng.streams(0)
    G, D = (ng.MLP([ng.Affine(2, 8), ng.ReLU(), ng.Affine(8, n)]) for n in (2, 1))
    for net in (G, D):
        net.initialize(draw["init"])
    noise = [ng.Noise(kind, draw["noise"]) for kind in ("gaussian", "uniform")]
    optimizers = ng.Momentum(G), ng.Momentum(D)
    return [ng.algorithm1(G, D, *noise, *optimizers, draw["dropout"], m=m) for m in (7, 3)]


def play(games, order, ask=()):
    """The ScoreSums after iterations of the games in this order, and the sums one by one."""
    sums, expected = ScoreSums(numpy, ALONE), numpy.zeros(4)
    for i, which in enumerate(order):
        state = next(games[which])
        sums.add(state, numpy.ones(4, "float32"))
        expected += state.score_array()
        if i in ask:
            sums.sums()
    return sums, expected


@pytest.mark.parametrize(
    "order",
    [[], [0], [0, 1], [0, 0, 0, 1] * AT_ONCE, [0] * (2 * AT_ONCE + 3), [0] * AT_ONCE + [1]],
    ids=["none", "one", "two games", "in turns", "blocks of one game", "a block, another game"],
)
def test_the_sums_are_of_every_iteration(games, order):
    sums, expected = play(games, order)
    assert sums.count == len(order) and sums.sums().tobytes() == expected.tobytes()
    assert sums.sums().tobytes() == expected.tobytes()  # asked again, nothing is added twice


def test_the_bits_do_not_depend_on_when_the_sums_are_asked_for(games):
    sums, expected = play(games, [0, 0, 1] * AT_ONCE, ask=range(0, 3 * AT_ONCE, 5))
    assert sums.sums().tobytes() == expected.tobytes()


def test_a_restart_forgets_what_was_taken_in(games):
    sums, _ = play(games, [0, 0, 1])
    sums.restart(numpy.array([1.0, 2, 3, 4]), 5)
    assert sums.count == 5 and sums.sums().tolist() == [1, 2, 3, 4]
    sums.restart()
    assert sums.count == 0 and not sums.sums().any()


def test_the_sums_are_complete_when_nothing_waits(games):
    sums = ScoreSums(numpy, ALONE)
    assert sums.complete
    for i in range(1, 2 * AT_ONCE + 1):
        sums.add(next(games[0]), numpy.ones(4, "float32"))
        assert sums.complete == (i % AT_ONCE == 0)
    sums.add(next(games[0]), numpy.ones(4, "float32"))
    sums.sums()
    assert sums.complete
