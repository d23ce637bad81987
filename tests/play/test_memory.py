"""What a live game no longer needs is freed at once, and long play does not grow."""

import asyncio
import gc
import weakref

import pytest

from numpygan.play.match import Match
from numpygan.play.setup import Setup
from numpygan.runs.trainer import Training
from tests.helpers.play import SMALL, Player


@pytest.fixture
def no_collection():
    """Python's own collection of cycles, which comes late for few and large objects, is off."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_change_frees_the_training_that_it_replaces(no_collection):
    match = Match(Setup(SMALL), lambda: None)
    for setting in ({"k": "2"}, {"seed": "1"}):
        match.advance()
        before = [weakref.ref(part) for part in (match.training.G, match.training.optimizer_d)]
        match.change(match.setup.changed(setting))
        assert [part() for part in before] == [None, None]


def test_a_page_and_a_film_free_their_copies(no_collection, monkeypatch):
    player, seen = Player(), []
    player.step_to(3)
    start = Training.__init__
    monkeypatch.setattr(
        Training,
        "__init__",
        lambda self, *args: seen.append(weakref.ref(self)) or start(self, *args),
    )
    player.do("home", **{"as": "page"})
    player.do("home", **{"as": "film"})
    player.do("open")
    for _ in range(3):
        player.next("file")
    player.step_to(4)
    player.close()
    assert len(seen) == 5 and not any(one() for one in seen)


@pytest.mark.slow
def test_a_game_that_is_played_rewound_and_changed_does_not_grow():
    pytest.importorskip("aiohttp", reason="needs aiohttp: pip install 'numpygan[play]'")
    from tests.helpers.soak import soak

    rows, player = asyncio.run(soak(40, 2, say=lambda line: None))
    assert player.iterations > 20 and {"change", "rewind", "home"} <= set(player.acts)
    assert rows[-1][1] < rows[0][1] + 150  # MB; 1,000 iterations' states, matplotlib, files
