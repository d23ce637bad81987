"""The trainer behind `numpygan play`: the library's training, rewound and changed bit for bit."""

import tomllib
import zlib
from dataclasses import replace

import numpy
import pytest

import numpygan as ng
from numpygan.data.sources import TOYS, Mixture
from numpygan.play import experiments, rewind
from numpygan.play.setup import Setup, setup_of
from numpygan.recipes.builtin import RECIPES
from numpygan.runs.trainer import Training
from tests.helpers.play import SECONDS, SMALL, Player

LINES = [
    "d z",
    "d x",
    "d G forward",
    "d D forward",
    "d D backward",
    "d D move",
    "g z",
    "g G forward",
    "g D forward",
    "g D backward",
    "g G backward",
    "g G move",
]


@pytest.fixture
def player():
    player = Player()
    yield player
    player.close()


def digits(net):
    return f"{zlib.crc32(net.theta):08x}"


class Alone:
    """The small game by the library's public names, with nobody looking."""

    def __init__(self):
        self.streams = ng.streams(0)
        self.G = ng.MLP([ng.Affine(2, 12), ng.ReLU(), ng.Affine(12, 2)])
        self.D = ng.MLP([ng.Affine(2, 12), ng.LeakyReLU(), ng.Affine(12, 1)])
        self.G.initialize(self.streams["init"])
        self.D.initialize(self.streams["init"])
        self.sources = (
            Mixture(*TOYS["ring"](), self.streams["data"]),
            ng.Noise("uniform", self.streams["noise"]),
        )
        self.rules = ng.Adam(self.G, 2e-3, 0.5), ng.Adam(self.D, 2e-3, 0.5)
        self.iteration = 0

    def play(self, until, rate=2e-3, **how):
        args = self.G, self.D, *self.sources, *self.rules, self.streams["dropout"]
        game = ng.algorithm1(*args, **{"m": 16, "k": 1, "loss": "saturating"} | how)
        while self.iteration < until:
            for rule in self.rules:
                rule.learning_rate = rate * 1.00015**-self.iteration
            self.game = next(game)
            self.iteration += 1
        return {"G": digits(self.G), "D": digits(self.D)}


def test_each_iteration_is_that_of_the_library(player):
    alone = Alone()
    for iteration in range(1, 6):
        frame, theta = player.step_to(iteration), alone.play(iteration)
        assert frame["theta"] == theta
        assert frame["last"] == [float(score) for score in alone.game.scores()[:3]]
        numpy.testing.assert_array_equal(frame["view"]["push"], -alone.game.pass_dg.gx)
        numpy.testing.assert_array_equal(frame["view"]["taught"], alone.game.pass_dg.x)


def test_one_line_at_a_time(player):
    assert player.setup["order"] == LINES
    theta = player.until(lambda frame: True)["theta"]
    for n in range(1, 12):
        player.do("line")
        frame = player.until(lambda frame, n=n: frame["line"] == n)
        assert frame["iteration"] == 0
        assert (frame["theta"]["D"] != theta["D"]) == (n >= 6) and frame["theta"]["G"] == theta["G"]
        assert ("push" in frame["view"]) == (n >= 10)
    player.do("line")
    assert player.until(lambda frame: frame["line"] == 0)["theta"] == Alone().play(1)


def test_the_d_steps_of_an_iteration_are_told_apart():
    player = Player(replace(SMALL, k=3))
    assert player.setup["order"] == LINES[:6] * 3 + LINES[6:]
    seen = set()
    for n in range(1, 19):
        player.do("line")
        seen.add(player.until(lambda frame, n=n: frame["line"] == n)["theta"]["D"])
    assert len(seen) == 4
    player.close()


def test_in_the_middle_an_iteration_ends_and_play_goes_on(player):
    player.do("line")
    player.until(lambda frame: frame["line"] == 1)
    player.do("iteration")
    assert player.until(lambda frame: frame["iteration"] == 1)["theta"] == Alone().play(1)
    player.do("line")
    player.until(lambda frame: frame["line"] == 1)
    player.do("play")
    player.until(lambda frame: frame["iteration"] > 3)
    player.do("pause")
    frame = player.until(lambda frame: not frame["playing"])
    assert frame["line"] == 0 and frame["theta"] == Alone().play(frame["iteration"])


def test_rewind_and_the_same_future_again(player):
    player.do("play")
    player.until(lambda frame: frame["iteration"] > 150)
    player.do("pause")
    last = player.until(lambda frame: not frame["playing"])
    before = Alone().play(77)
    player.do("rewind", to=77)
    frame = player.until(lambda frame: frame["iteration"] == 77)
    assert frame["theta"] == before and frame["curves"][-1, 0] == 77
    player.do("play")
    player.until(lambda frame: frame["iteration"] >= last["iteration"])
    player.do("pause")
    player.until(lambda frame: not frame["playing"])
    player.do("rewind", to=last["iteration"])
    again = player.until(lambda frame: frame["iteration"] == last["iteration"])
    assert again["theta"] == last["theta"] and again["last"] == last["last"]


def test_another_future_after_a_change(player):
    player.step_to(25)
    player.do(
        "change",
        fields={
            "k": "2",
            "loss": "non_saturating",
            "learning_rate_d": "0.01",
            "learning_rate_g": "0.01",
        },
    )
    setup = player.next("setup")
    assert setup["recipe"]["k"] == "2" and setup["changed"]["loss"] == "non_saturating"
    frame = player.step_to(50)
    alone = Alone()
    alone.play(25)
    assert frame["theta"] == alone.play(50, rate=0.01, k=2, loss="non_saturating")
    player.do("rewind", to=10)  # before the change: its settings come back
    assert player.next("setup")["changed"].keys() == setup["changed"].keys() - {
        "k",
        "loss",
        "learning_rate_d",
        "learning_rate_g",
    }
    assert player.step_to(30)["theta"] == Alone().play(30)


def test_the_script_plays_the_same_game(player):
    player.step_to(12)
    player.do("change", fields={"k": "2", "noise": "gaussian", "average": "0.9"})
    player.step_to(20)
    player.do(
        "change",
        fields={
            "rule": "momentum",
            "learning_rate_g": "0.05",
            "momentum": "0.2",
            "keep": "0.9,0.5",
        },
    )
    player.step_to(30)
    player.do(
        "change",
        fields={"data": "moons", "batch": "20", "loss": "non_saturating", "momentum_final": "0.5"},
    )
    player.step_to(40)
    player.do("change", fields={"algorithm": "authors2014", "k": "1"})
    theta = player.step_to(45)["theta"]
    assert printed_by_the_script(player) == [f"G {theta['G']}, D {theta['D']}"]


def printed_by_the_script(player):
    player.do("home", **{"as": "python"})
    names = {"print": lambda line: printed.append(line)}
    printed = []
    before = numpy.geterr()
    exec(player.next("text")["text"], names)
    numpy.seterr(**before)
    return printed


def test_the_script_of_a_game_with_draws_on_the_device(player):
    on_host = player.step_to(3)["theta"]
    player.do("change", fields={"draws": "device"})
    player.next("setup")
    theta = player.step_to(3)["theta"]
    assert theta != on_host  # premise: other numbers
    assert printed_by_the_script(player) == [f"G {theta['G']}, D {theta['D']}"]


def test_a_drawing_is_played_as_drawn(player):
    drawing = [0] * 1024
    drawing[5 * 32 + 20] = 3
    player.do("change", fields={"data": "drawn"}, drawing=drawing)
    assert player.next("setup")["recipe"]["data"] == "drawn"
    frame = player.step_to(2)
    x, cell = frame["view"]["x"], 4 / 32
    low = -2 + numpy.array([20, 26]) * cell
    assert (low <= x).all() and (x <= low + cell).all()


@pytest.mark.parametrize(
    "fields, told",
    [
        ({"batch": "1000000"}, "batch"),
        ({"k": "100000", "batch": "1000"}, "choose smaller networks, batch or k"),
        ({"generator": "relu 1000000000, linear"}, "generator"),
        ({"generator": "relu 90000, relu 90000, linear"}, "generator"),
        ({"discriminator": "relu 4000, relu 4000"}, "16,0"),
        ({"learning_rate_g": "nan"}, "learning_rate_g"),
        ({"data": "/etc/passwd"}, "a page has no '/etc/passwd'"),
        ({"data": "drawn"}, "the drawing is empty"),
        ({"name": "x"}, "can't change 'name'"),
        ({"k": 3}, "as texts"),
        ({"noise": "pink"}, "uniform or gaussian"),
        ({"algorithm": "authors2014", "k": "2"}, "k: expected 1"),
    ],
)
def test_settings_out_of_range_are_refused_in_a_sentence(fields, told):
    with pytest.raises(ng.NumpyganError) as refused:
        Setup(SMALL).changed(fields).training()
    assert told in str(refused.value) and str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "command",
    [
        None,
        3,
        [],
        "play",
        {"do": "fly"},
        {"do": ["play"]},
        {"do": "rewind"},
        {"do": "rewind", "to": -1},
        {"do": "rewind", "to": True},
        {"do": "rewind", "to": 10**9},
        {"do": "speed", "unit": "mile", "rate": 1},
        {"do": "speed", "unit": "line", "rate": -1},
        {"do": "change", "fields": 3},
        {"do": "change", "fields": {"x": {}}},
        {"do": "change", "drawing": [1]},
        {"do": "look"},
        {"do": "change", "fields": {"data": "drawn"}, "drawing": [float("nan")] * 1024},
        {"do": "home", "as": "bread"},
        {"do": "experiment", "name": 3},
        {"do": "experiment", "recipe": "tfd"},
        {"do": "experiment"},
        {"do": "look", "surface": ["D"]},
    ],
)
def test_nonsense_is_answered_and_the_game_lives_on(player, command):
    if command is not None:  # None wakes the trainer
        player.trainer.do_if_room(command)
        assert player.next("error").endswith(".")
    assert player.step_to(1)["theta"] == Alone().play(1)


def test_a_game_that_diverges_goes_back_to_the_iteration_before(player):
    player.step_to(3)
    player.do(
        "change", fields={"rule": "momentum", "learning_rate_g": "1e30", "learning_rate_d": "1e30"}
    )
    player.do("play")
    assert "diverged at iteration" in player.next("error")
    frame = player.until(lambda frame: not frame["playing"])
    assert frame["iteration"] >= 3 and numpy.isfinite(player.trainer.match.training.G.theta).all()
    player.do("rewind", to=2)
    assert player.until(lambda frame: frame["iteration"] == 2)["theta"] == Alone().play(2)


def test_a_mistake_of_ours_is_told_and_ends_the_game(player):
    def mistake():
        raise ValueError("hot")

    player.trainer.match.advance = mistake
    player.do("iteration")
    assert "ValueError: hot" in player.next("error")
    player.trainer.join(SECONDS)
    assert not player.trainer.is_alive()


def test_the_chosen_surface_stays_through_changes(player):
    player.do("look", surface="best")
    player.do("change", fields={"k": "2"})
    player.do("iteration")
    frame = player.until(lambda frame: frame["iteration"] == 1)
    assert frame["view"]["surface"] == "best" and frame["view"]["V"] <= frame["view"]["C"] + 1e-9


def test_without_a_wish_for_frames_none_is_made(player):
    player.until(lambda frame: True)
    player.do("play")
    player.do("speed", unit="iteration", rate=0)
    player.do("home", **{"as": "recipe"})
    player.next("text")
    made = []
    player.trainer.match.view.frame = lambda ran, still: made.append(ran) or {}
    player.do("home", **{"as": "recipe"})
    player.next("text")
    assert not made
    player.trainer.want()
    player.next("frame")
    assert len(made) == 1


def test_looking_changes_nothing():
    setup = setup_of("ring")
    looked, alone = setup.training(), Training(RECIPES["ring"], None, numpy)
    from numpygan.play.frames import View

    view = View(setup, looked)
    for surface in ("best", "difference", "p_g", "D"):
        view.look(surface)
        looked.advance()
        alone.advance()
        frame = view.frame([])
        assert numpy.isfinite(frame["view"]["D"]).all()
    assert digits(looked.G) == digits(alone.G) and digits(looked.D) == digits(alone.D)


def test_states_are_kept_in_little_memory_and_a_thousand_iterations_back():
    setup = Setup(SMALL)
    training = setup.training()
    history = rewind.History(setup, training)
    for _ in range(1_250):
        training.advance()
        history.keep(setup, training)
    assert history.oldest <= 250 and len(history._kept) <= 1_000 / history.every + 2
    assert int(history.before(250)[1]["iteration"]) <= 250


@pytest.mark.parametrize("name", [one["name"] for one in experiments.listed()])
def test_every_experiment_can_be_played(name):
    setup = experiments.setup_of({"name": name})
    if setup.recipe.data != "mnist":
        setup.training().advance()


@pytest.mark.parametrize("one", experiments.listed(), ids=lambda one: one["name"])
def test_every_experiment_shows_its_code_and_names_its_lesson(one):
    from importlib import resources

    code = one["code"]
    lines = (resources.files("numpygan").parent / code["file"]).read_text().splitlines()
    shown = code["text"].splitlines()
    assert lines[code["line"] - 1].strip() == shown[0] and len(shown) > 3
    assert shown[-1].strip() == lines[code["line"] + len(shown) - 2].strip()
    assert 1 <= one["lesson"] <= 7


def test_figure_1_has_the_exact_density_and_meets_the_theorem():
    player = Player(RECIPES["gauss1d"])
    view = player.step_to(2)["view"]
    cell = player.setup["axis"][1] - player.setup["axis"][0]
    assert view["p_g"].sum() * cell == pytest.approx(1, abs=0.02)
    assert view["V"] <= view["C"] and view["C"] == pytest.approx(
        -numpy.log(4) + 2 * view["JSD"], abs=0.02
    )
    player.close()


def test_keeping_a_run_goes_on_where_it_was(tmp_path, monkeypatch, player):
    from tests.helpers.cli import run

    monkeypatch.chdir(tmp_path)
    player.step_to(7)
    player.do("home", **{"as": "run"})
    text = player.next("text")["text"]
    assert "runs/ring-1 holds iteration 7" in text
    theta = player.step_to(12)["theta"]
    assert run("train", "runs/ring-1", "--resume", "--quiet", "--iterations", 12) == 0
    with numpy.load("runs/ring-1/checkpoint.npz") as state:
        assert f"{zlib.crc32(state['theta_g']):08x}" == theta["G"]
    player.do("change", fields={"data": "spiral"})
    player.next("setup")
    player.do("home", **{"as": "run"})
    assert "take the game home as Python" in player.next("error")


def test_samples_beyond_all_bounds_are_shown_and_the_game_goes_on(player):
    player.do("change", fields={"scale_g": "1e20,1e20", "dtype": "float64"})
    frame = player.step_to(1)
    assert numpy.abs(frame["view"]["taught"]).max() > 1e30 and frame["view"]["modes"] is None
    assert player.step_to(2)["iteration"] == 2


def test_the_momentum_of_the_page_is_the_one_that_acts():
    recipe = replace(SMALL, rule="momentum", momentum=0.5, momentum_final=0.7, momentum_epochs=1)
    training = Setup(recipe).changed({"momentum": "0.9"}).training()
    training.advance()
    assert training.optimizer_g.momentum == training.optimizer_d.momentum == 0.9


def test_the_command_in_the_recipe_trains_the_same_game(tmp_path, monkeypatch, player):
    import shlex

    from tests.helpers.cli import run

    monkeypatch.chdir(tmp_path)
    fields = {"seed": "3", "k": "2", "data": "grid", "average": "0.9", "learning_rate_g": "0.004"}
    player.do("change", fields=fields)
    theta = player.step_to(3)["theta"]
    player.do("home", **{"as": "recipe"})
    first, _, toml = player.next("text")["text"].partition("\n")
    assert tomllib.loads(toml)["k"] == 2
    program, *command = shlex.split(first.partition(": ")[2])
    assert program == "numpygan"
    assert run(*command, "--iterations", 3, "--quiet", "--out", "same") == 0
    with numpy.load("same/checkpoint.npz") as state:
        assert f"{zlib.crc32(state['theta_g']):08x}" == theta["G"]
    player.do("change", fields={"data": "spiral"})
    player.do("home", **{"as": "recipe"})
    assert "only on this page" in player.next("text")["text"]
