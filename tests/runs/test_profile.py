"""`train --profile`: every part is seen, the parts make up the whole, and what is trained is what
is trained without it.
"""

import re

import numpy
import pytest

from numpygan.cli import main
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change
from numpygan.runs.profile import PARTS, Profile
from numpygan.runs.trainer import Training
from tests.helpers.cli import TINY, checkpoint, images, learned, sets


def profiled(recipe="ring", iterations=3, **changes):
    training, profile = Training(change(RECIPES[recipe], **changes), None, numpy), Profile()
    profile.watch(training)
    for _ in range(iterations):
        training.advance()
    return training, profile


# Three layers each: G 3 forward; D 3 forward, 3 gW, 2 gx. Then G 3, D 3, D 3 gx, G 3 gW, 2 gx. One
# gx of each D is an outer product.
@pytest.mark.parametrize(
    "changes, products",
    [({}, 23), ({"k": "2"}, 33), ({"algorithm": "authors2014", "loss": "non_saturating"}, 17)],
)
def test_every_product_of_an_iteration_is_seen(changes, products):
    training, profile = profiled(**changes)
    assert profile.iterations == 3 and len(profile.products) == products
    largest = training.G.layers[2].W
    assert any(b is largest for _, b, _ in profile.products)
    assert profile.floor() > 0


def test_every_part_takes_time_and_the_table_adds_up():
    _, profile = profiled(average="0.9")
    assert all(seconds > 0 for seconds in profile.seconds.values()) and list(
        profile.seconds
    ) == list(PARTS)
    head, _, *rows, floor, last = profile.table().splitlines()
    shares = [float(re.search(r"([\d.]+)%", row)[1]) for row in rows]
    assert len(rows) == len(PARTS) and abs(sum(shares) - 100) < 0.5
    assert "3 iterations" in head and "23 products" in floor and "× the floor" in last


def test_the_floor_changes_no_parameter():
    training, profile = profiled()
    before = training.G.theta.tobytes() + training.D.theta.tobytes()
    profile.table()
    assert training.G.theta.tobytes() + training.D.theta.tobytes() == before


def test_a_profiled_run_learns_the_same_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    numpy.save("images.npy", images())
    assert main([*TINY, *sets(average="0.9"), "--iterations", "8", "--out", "plain"]) == 0
    assert main([*TINY, *sets(average="0.9"), "--iterations", "5", "--out", "it", "--profile"]) == 0
    out = capsys.readouterr().out
    # Not D's outer ones, which are elementwise, nor those of the pictures' samples
    assert "5 iterations" in out and "14 products" in out
    assert (
        main(["train", "--resume", "--out", "it", "--iterations", "8", "--quiet", "--profile"]) == 0
    )
    assert "3 iterations" in capsys.readouterr().out
    assert learned(tmp_path / "it") == learned(tmp_path / "plain")
    assert (
        checkpoint(tmp_path / "it")["average_g"].tobytes()
        == checkpoint(tmp_path / "plain")["average_g"].tobytes()
    )


class Clock:
    """Stands still; `spend` has a method take its time on it."""

    now = 0.0

    def spend(self, monkeypatch, owner, name, seconds):
        method = getattr(owner, name)

        def slow(*args, **options):
            self.now += seconds
            return method(*args, **options)

        monkeypatch.setattr(owner, name, slow)


@pytest.mark.parametrize(
    "part, find, calls",
    [
        ("update", lambda it: (it.optimizer_g, "descend"), 1),
        ("update", lambda it: (it.optimizer_d, "ascend"), 1),
        ("update", lambda it: (it.average, "update"), 1),
        ("data", lambda it: (it.p_data, "minibatch"), 1),
        ("elementwise", lambda it: (it.G, "forward"), 2),
        ("elementwise", lambda it: (it.D, "backward"), 2),
        ("random numbers", lambda it: (it.streams["noise"], "uniform"), 2),
    ],
)
def test_time_goes_to_its_part(part, find, calls, monkeypatch):
    training, profile, clock = (
        Training(change(RECIPES["ring"], average="0.9", noise="uniform"), None, numpy),
        Profile(),
        Clock(),
    )
    clock.spend(monkeypatch, *find(training), 0.5)
    monkeypatch.setattr("numpygan.runs.profile.time.perf_counter", lambda: clock.now)
    profile.watch(training)
    for _ in range(4):
        training.advance()
    spent = {name: seconds for name, seconds in profile.seconds.items() if seconds}
    assert spent == {part: 4 * calls * 0.5}
