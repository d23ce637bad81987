"""A page and a film of a live game: the game's own numbers, and the game goes on untouched."""

import base64
import io
import json
import re
import zlib
from dataclasses import replace

import numpy
import pytest

import numpygan as ng
from numpygan.play import again
from numpygan.play.match import Match
from numpygan.play.setup import Setup
from numpygan.recipes.builtin import RECIPES
from numpygan.runs.trainer import Training
from tests.helpers.play import SMALL, Player


@pytest.fixture
def player():
    player = Player()
    yield player
    player.close()


def thetas(training):
    return [f"{zlib.crc32(net.theta):08x}" for net in (training.G, training.D)]


def content(made):
    """The JSON of a study page, and a function that reads the arrays to which it refers."""
    text = made["bytes"].decode()
    data = re.search(r'<script id="data"[^>]*>([^<]*)<', text)[1]
    raw = zlib.decompress(base64.b64decode(data))
    size = int.from_bytes(raw[:4], "little")
    start = -(-(4 + size) // 8) * 8

    def read(array):
        count = int(numpy.prod(array["shape"]))
        found = numpy.frombuffer(raw, f"<{array['type']}", count, start + array["at"])
        return found.reshape(array["shape"])

    return json.loads(raw[4 : 4 + size]), read


def played(iterations, recipe=SMALL):
    match = Match(Setup(recipe), lambda: None)
    for _ in range(iterations):
        match.advance()
    return match


def block(data, read, line, symbol):
    """The numbers of a symbol on a line of the last iteration."""
    step = [step for step in data["steps"] if step["line"] == line][-1]
    return read(next(item for item in step["items"] if item["symbol"] == symbol)["block"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_page_has_the_numbers_of_the_game(dtype):
    match = played(30, replace(SMALL, dtype=dtype))
    data, read = content(again.page(match))
    assert {step["iteration"] for step in data["steps"]} == {28, 29, 30}
    game, exact = match.training.game, dtype == "float64"
    assert numpy.array_equal(block(data, read, "g z", "z"), game.pass_g.x)
    rows = block(data, read, "g D forward", "x̃")
    assert numpy.allclose(rows, game.pass_dg.x, rtol=0, atol=0 if exact else 1e-4)
    theta = read(data["thetas"]["G"][-1][0]["W"]["block"])
    assert numpy.allclose(theta, match.training.G.layers[0].W, rtol=0, atol=0 if exact else 1e-3)
    verdicts = [
        grad[name]["proof"]["verdict"]
        for one in data["passes"]
        for grad in one.get("grads", [])
        for name in grad
    ]
    assert len(verdicts) > 10 and set(verdicts) == {"ok"}


@pytest.mark.parametrize(
    "settings",
    [
        {"data": "spiral", "noise": "gaussian"},
        {"algorithm": "authors2014", "loss": "non_saturating"},
        {"average": "0.9", "k": "2", "rule": "momentum"},
        {"keep": "0.8, 0.5", "max_norm": "0.5"},
    ],
)
def test_a_page_follows_every_kind_of_game(settings):
    match = Match(Setup(SMALL).changed(settings), lambda: None)
    for _ in range(22):
        match.advance()
    data, read = content(again.page(match))
    x = [step for step in data["steps"] if step["line"].endswith(" x")][-1]["items"][1]
    assert x["symbol"] == "x" and numpy.array_equal(read(x["block"]), match.view.passes["d x"])
    for name, net in (("G", match.training.G), ("D", match.training.D)):
        kept = data["thetas"][name][-1]
        first = next(i for i, layer in enumerate(net.layers) if layer.shapes())
        assert numpy.allclose(read(kept[first]["W"]["block"]), net.layers[first].W, atol=1e-3)
    assert "computes in float32" in again.page(match)["bytes"].decode()


def test_neither_page_nor_film_changes_a_bit_of_the_game():
    match, alone = played(25), Training(SMALL, None, numpy)
    for made in (again.page, again.opened, again.recorded):
        made(match)
    for _ in range(25):
        alone.advance()
    assert thetas(match.training) == thetas(alone)
    match.advance()
    alone.advance()
    assert thetas(match.training) == thetas(alone)


def test_iterations_are_played_again_through_changes():
    match, seen = Match(Setup(SMALL), lambda: None), {0: None}
    for iteration in range(1, 46):
        if iteration == 31:
            match.change(match.setup.changed({"k": "2", "loss": "non_saturating"}))
        match.advance()
        seen[iteration] = thetas(match.training)
    again_seen = [thetas(one) for _, one in again.played_again(match.history, 25, 45)]
    assert again_seen == [seen[iteration] for iteration in range(25, 46)]


def test_a_page_after_a_change_has_only_what_came_after_it():
    match = played(10)
    match.change(match.setup.changed({"k": "2"}))
    assert {step["iteration"] for step in content(again.page(match))[0]["steps"]} == {11}
    match.advance()
    match.advance()
    assert {step["iteration"] for step in content(again.page(match))[0]["steps"]} == {11, 12}


def test_opened_is_the_line_at_which_the_game_stands(player):
    player.step_to(5)
    for line in range(1, 9):
        player.do("line")
        player.until(lambda frame, line=line: frame["line"] == line)
    player.do("open")
    made = player.next("file")
    data, read = content(made)
    assert made["name"] == "opened.html" and "iteration 6" in made["title"].lower()
    assert data["start"] == 7 and data["steps"][7]["line"] == "g G forward"
    game = player.until(lambda frame: True)
    assert (game["iteration"], game["line"], game["playing"]) == (5, 8, False)
    own = player.trainer.match.view.passes["g G forward"].x
    assert numpy.array_equal(block(data, read, "g G forward", "z"), own)


@pytest.mark.parametrize("settings, told", [({"batch": "300"}, "batch"), ({"k": "30"}, "k")])
def test_too_much_for_a_page_is_a_sentence(settings, told):
    match = played(0)
    match.change(match.setup.changed(settings))
    with pytest.raises(ng.NumpyganError, match=f"choose a smaller {told}[.]$"):
        again.page(match)


@pytest.mark.parametrize("recipe", [SMALL, RECIPES["gauss1d"]])
def test_a_film_has_a_picture_for_every_third_iteration(recipe):
    from PIL import Image

    made = again.recorded(played(10, recipe))
    with Image.open(io.BytesIO(made["bytes"])) as film:
        assert film.format == "GIF" and film.n_frames == 4  # after iterations 1, 4, 7, 10
        first = numpy.array(film.convert("RGB"))
        film.seek(3)
        assert (first != numpy.array(film.convert("RGB"))).any() and len(numpy.unique(first)) > 10


def test_home_gives_files_by_the_game(player):
    player.step_to(4)
    for kind, name in (("page", "study.html"), ("film", "film.gif")):
        player.do("home", **{"as": kind})
        made = player.next("file")
        assert made["name"] == name and made["save_as"].startswith("numpygan-ring-iteration-4.")
