"""`numpygan train`: what a run leaves, that it is repeatable, that its pictures cost it nothing,
and how divergence ends it.
"""

import math
import os
import stat
import sys
import tomllib

import numpy
import pytest
from matplotlib.image import imread

from numpygan.data.dataset import load_dataset
from numpygan.errors import NumpyganError
from numpygan.figures import pictures
from numpygan.figures.pictures import save_learning_curves as drawn
from numpygan.metrics import parzen
from numpygan.recipes.builtin import RECIPES
from numpygan.runs import loop, score_sums
from numpygan.runs.directory import RunDirectory
from numpygan.runs.trainer import Training
from tests.helpers.cli import (
    TINY,
    TINY_TOY,
    checkpoint,
    cifar,
    files,
    images,
    learned,
    metrics,
    run,
    sets,
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory with a small image dataset, a quicker Parzen estimate, curves for
    the run `whole` only.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parzen, "SAMPLES", 200)
    plain = pictures.save_learning_curves
    wanted = lambda path, rows: (drawn if path.parent.name == "whole" else plain)(path, rows)
    monkeypatch.setattr(pictures, "save_learning_curves", wanted)
    numpy.save("images.npy", images())
    return tmp_path


def test_a_run_of_images_leaves_everything(here):
    assert run(*TINY, "--epochs", "3", "--out", "whole") == 0
    it = here / "whole"
    for name in ("config.toml", "metrics.csv", "checkpoint.npz", "best.npz", "learning.png"):
        assert (it / name).stat().st_size > 0
    pictures = sorted((it / "samples").glob("*.png"))
    assert len(pictures) >= 4  # one before training, one after each epoch
    assert len({imread(path).tobytes() for path in pictures}) == len(pictures)
    assert imread(it / "learning.png").ndim == 3
    assert not list(it.rglob("*.tmp*"))


def test_the_last_row_of_small_data_is_a_mean_of_many_iterations(here, monkeypatch):
    """A mean of one iteration at the end of the curves would be an outlier of them."""
    numpy.save("few.npy", images(40))  # an iteration per epoch; a record for each 20 epochs
    monkeypatch.setattr(loop, "_BETWEEN_RECORDS", 20 * 28)
    few = [word.replace("images.npy", "few.npy") for word in TINY]
    values, advance = [], Training.advance

    def watched(training):
        advance(training)
        values.append(float(training.game.score_array()[0]))

    monkeypatch.setattr(Training, "advance", watched)
    for total, expected in ((41, [20, 41]), (49, [20, 49]), (50, [20, 40, 50])):
        values.clear()
        assert run(*few, "--iterations", total, "--out", f"few-{total}") == 0
        rows = metrics(here / f"few-{total}")
        assert [int(row["iteration"]) for row in rows] == [1, 2, 3, 4, 5, *expected]
        starts = [0, 1, 2, 3, 4, 5, *expected]
        for row, start in zip(rows, starts):
            mean = numpy.mean(values[start : int(row["iteration"])])
            assert float(row["V"]) == pytest.approx(mean, rel=1e-5)


def test_the_scores_are_computed_for_many_iterations_at_once(here, monkeypatch):
    calls, as_it_is = [], score_sums.scores_of

    def counted(*arguments):
        calls.append(1)
        return as_it_is(*arguments)

    monkeypatch.setattr(score_sums, "scores_of", counted)
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_LOOKS", math.inf)
    assert run("train", "ring", "--iterations", 10 * score_sums.AT_ONCE, "--out", "many") == 0
    records = len(metrics(here / "many"))
    assert 10 <= len(calls) <= 10 + records


@pytest.mark.skipif(sys.platform != "linux", reason="reads what a handle is open on from /proc")
def test_all_that_a_run_made_is_on_the_disk(here, monkeypatch):
    """Each file was flushed as it is at the end, and each folder after the last change in it."""
    fsync, flushed, folders = os.fsync, {}, {}

    def watched(handle):
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            folders[found.st_ino] = set(os.listdir(f"/proc/self/fd/{handle}")) - {"lock"}
        else:
            with open(f"/proc/self/fd/{handle}", "rb") as file:
                flushed[found.st_ino] = file.read()
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    assert run(*TINY, "--epochs", "2", "--out", "it") == 0
    made = [path for path in (here / "it").rglob("*") if path.is_file() and path.name != "lock"]
    assert {"config.toml", "metrics.csv", "checkpoint.npz", "best.npz", "00000040.png"} <= {
        path.name for path in made
    }
    for path in made:
        assert flushed.get(path.stat().st_ino) == path.read_bytes(), path
    for folder in (here / "it", here / "it" / "samples"):
        names = {path.name for path in folder.iterdir()} - {"lock"}
        assert folders.get(folder.stat().st_ino) == names, folder


def test_the_names_in_a_checkpoint(here):
    run(*TINY, "--iterations", "3", "--out", "it")
    state = checkpoint(here / "it")
    assert {"theta_g", "theta_d", "velocity_g", "velocity_d"} <= state.keys()
    size_g, size_d = 5 * 16 + 16 + 16 * 64 + 64, 64 * 16 + 16 + 8 + 1
    assert state["theta_g"].shape == state["velocity_g"].shape == (size_g,)
    assert state["theta_d"].shape == state["velocity_d"].shape == (size_d,)
    assert state["theta_g"].dtype == state["velocity_d"].dtype == numpy.float32


def test_metrics(here):
    run(*TINY, "--epochs", "3", "--out", "it")
    header = (here / "it" / "metrics.csv").read_text().splitlines()[0].split(",")
    assert header[:6] == ["iteration", "epoch", "seconds", "V", "D_real", "D_fake"]
    rows = metrics(here / "it")
    assert [(int(row["iteration"]), float(row["epoch"])) for row in rows] == [
        (20, 1),
        (40, 2),
        (60, 3),
    ]
    for row in rows:
        assert (
            -20 < float(row["V"]) < 0
            and 0 < float(row["D_real"]) < 1
            and 0 < float(row["D_fake"]) < 1
        )
    seconds = [row["seconds"] for row in RunDirectory("it").read_metrics()]
    assert seconds == sorted(seconds) and seconds[0] > 0


def test_a_row_is_the_mean_of_its_epoch(here):
    """Not of all that came before; the row of a run that ends within an epoch, of what there is of
    it.
    """
    assert run(*TINY, "--iterations", "50", "--out", "it") == 0
    recipe = RunDirectory("it").recipe()
    training, scores = Training(recipe, load_dataset(recipe), numpy), []
    for _ in range(50):
        training.advance()
        scores.append([float(score) for score in training.game.scores()[:3]])
    rows = RunDirectory("it").read_metrics()
    for row, part in zip(rows, (slice(0, 20), slice(20, 40), slice(40, 50)), strict=True):
        found, mean = [row[name] for name in ("V", "D_real", "D_fake")], numpy.mean(scores[part], 0)
        numpy.testing.assert_allclose(found, mean, rtol=1e-5)
        so_far = numpy.mean(scores[: part.stop], 0)
        assert part.start == 0 or (numpy.abs(mean - so_far) > 1e-4 * numpy.abs(mean)).all()


def test_a_row_has_the_learning_rates_of_its_last_iteration(here):
    rates = sets(
        learning_rate_g=0.8, learning_rate_d=0.4, learning_rate_decay=2, learning_rate_floor=0
    )
    assert run(*TINY, *rates, "--iterations", "3", "--out", "it") == 0  # G: .8, .4, .2
    (row,) = RunDirectory("it").read_metrics()
    assert (row["learning_rate_g"], row["learning_rate_d"]) == (0.2, 0.1)


def test_untrained_players_are_at_the_start_of_the_game(here):
    """D starts near ½ everywhere, so V is −log 4 in the first iterations at a learning rate that is
    next to nothing.
    """
    run(
        *TINY,
        *sets(
            learning_rate_floor=0.0, learning_rate_g=1e-9, learning_rate_d=1e-9, scale_d="1e-4,1e-4"
        ),
        "--epochs",
        "1",
        "--out",
        "it",
    )
    row = metrics(here / "it")[0]
    assert float(row["V"]) == pytest.approx(-math.log(4), abs=1e-3)
    assert float(row["D_real"]) == pytest.approx(0.5, abs=1e-3) and float(
        row["D_fake"]
    ) == pytest.approx(0.5, abs=1e-3)


def test_the_configuration_is_stored_with_the_rules_in_force(here):
    run(
        *TINY, "--iterations", "1", "--seed", "5", "--k", "2", "--loss", "saturating", "--out", "it"
    )
    text = (here / "it" / "config.toml").read_text()
    config = tomllib.loads(text)
    assert (config["seed"], config["k"], config["loss"], config["batch"]) == (
        5,
        2,
        "saturating",
        20,
    )
    assert config["generator"] == ["relu 16", "sigmoid"] and config["keep"] == [0.8, 0.5]
    assert "2 steps of D" in text and "min over G of mean log(1 − D(G(z)))" in text


def test_objective_order_and_loss_are_printed(here, capsys):
    loud = [argument for argument in TINY if argument != "--quiet"]
    assert run(*loud, "--iterations", "2", "--out", "whole") == 0
    out = capsys.readouterr().out
    for words in (
        "Algorithm 1",
        "non_saturating",
        "log D(x)",
        "learning.png",
        "samples",
        "checkpoint.npz",
        "metrics.csv",
    ):
        assert words in out


def test_quiet(here, capsys):
    assert run(*TINY, "--iterations", "2", "--out", "it") == 0
    assert capsys.readouterr() == ("", "")


def test_the_next_free_directory(here):
    for _ in range(2):
        assert run(*TINY, "--iterations", "1") == 0
    assert sorted(path.name for path in (here / "runs").iterdir()) == [
        "mnist-authors-1",
        "mnist-authors-2",
    ]


def test_runs_is_a_symlink_that_leads_nowhere(here, capsys):
    (here / "runs").symlink_to("gone")
    assert run(*TINY) == 2
    assert capsys.readouterr().err == (
        "numpygan: runs: is not a folder; choose a place with --out.\n"
    )
    assert (here / "runs").is_symlink() and not (here / "gone").exists()


def test_epochs_are_passes_over_the_training_examples(here):
    run(*TINY, "--epochs", "1.5", "--out", "it")
    assert checkpoint(here / "it")["iteration"] == 30  # 400 training examples, 20 at a time
    run(*TINY, "--k", "2", "--epochs", "1.5", "--out", "two")
    assert checkpoint(here / "two")["iteration"] == 15
    run(*TINY, "--epochs", "0.06", "--out", "part")
    assert checkpoint(here / "part")["iteration"] == 2  # 1.2, and no less than what was asked for


def test_each_epoch_has_its_momentum(here):
    """That of the first is the one that the recipe starts with."""
    assert run(*TINY, "--epochs", "3", "--out", "it") == 0
    recipe, rows = RunDirectory("it").recipe(), RunDirectory("it").read_metrics()
    expected = [recipe.momentum_in(epoch) for epoch in (1, 2, 3)]
    assert expected[0] == recipe.momentum < expected[1] < expected[2] == recipe.momentum_final
    assert [row["momentum"] for row in rows] == pytest.approx(expected)


@pytest.mark.parametrize("extra", [[], sets(algorithm="authors2014"), ["--k", "2"]])
def test_same_seed_same_bytes(extra, here):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert run(*TINY, *extra, "--iterations", "25", "--seed", seed, "--out", name) == 0
    first, second = files(here / "a"), files(here / "b")
    for name in first:
        if name.endswith(".png") and name.startswith("samples") or name == "config.toml":
            assert first[name] == second[name]
    assert learned(here / "a") == learned(here / "b") != learned(here / "c")
    assert metrics(here / "a") == metrics(here / "b")


@pytest.mark.parametrize(
    "extra",
    [[], sets(algorithm="authors2014"), ["--loss", "saturating"], sets(learning_rate_g="0.2")],
)
def test_every_choice_makes_a_difference(extra, here):
    run(*TINY, "--k", "1", "--iterations", "5", "--out", "plain")
    run(*TINY, *(extra or ["--k", "2"]), "--iterations", "5", "--out", "other")
    assert learned(here / "plain") != learned(here / "other")


def test_pictures_and_measurements_leave_training_alone(here):
    assert run(*TINY, "--iterations", "50", "--out", "it") == 0
    recipe = RunDirectory("it").recipe()
    training = Training(recipe, load_dataset(recipe), numpy)
    for _ in range(50):
        training.advance()
    state = training.state()
    assert {name: state[name].tobytes() for name in learned(here / "it")} == learned(here / "it")


@pytest.mark.parametrize("toy", ["gauss1d", "ring", "grid"])
def test_toys(toy, here):
    assert run("train", toy, *TINY_TOY[2:], "--iterations", "20", "--out", "it") == 0
    assert (
        len(list((here / "it" / "samples").glob("*.png"))) == 2
        and not (here / "it" / "best.npz").exists()
    )
    authors = sets(rule="momentum", algorithm="authors2014", loss="non_saturating", k=1)
    assert run("train", toy, *TINY_TOY[2:], *authors, "--iterations", "20") == 0


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_within_its_own_ranges(name, capsys):
    assert run("recipes", name) == 0 and run("train", name, "--data", "nowhere") == 2
    assert "nowhere" in capsys.readouterr().err


def test_cifar10_runs_on_the_binary_files(here):
    (here / "cifar-10-batches-bin").mkdir()
    for number, name in enumerate(("data_batch_1", "data_batch_2", "test_batch")):
        (here / "cifar-10-batches-bin" / f"{name}.bin").write_bytes(cifar(50, number)[0])
    small = sets(
        generator="relu 8, sigmoid 8, linear", discriminator="maxout 6x5, maxout 6x5", batch=10
    )
    assert run("train", "cifar10", "--quiet", *small, "--epochs", "1", "--out", "it") == 0
    assert checkpoint(here / "it")["iteration"] == 8  # 80 of 100 examples train
    assert imread(here / "it" / "samples" / "00000008.png").shape[2] >= 3  # in colour


def test_tfd_runs_on_a_numpy_file(here):
    numpy.save("tfd.npy", images(69, 48))
    small = sets(
        generator="relu 8, sigmoid 8, relu 8, sigmoid 8, sigmoid",
        discriminator="maxout 6x5, maxout 6x5",
        batch=10,
        sparse=5,
    )
    assert run("train", "tfd", "--quiet", *small, "--epochs", "1", "--out", "it") == 0
    assert checkpoint(here / "it")["iteration"] == 5  # 47 rows train: 4 minibatches and 7 rows


def test_max_norm_limits_the_columns(here):
    longest = []
    for limit in (0, 0.1):
        run(*TINY, *sets(max_norm=limit), "--iterations", "30", "--out", f"it{limit}")
        W = checkpoint(here / f"it{limit}")["theta_d"][: 64 * 16].reshape(64, 16)
        longest.append(numpy.linalg.norm(W, axis=0).max())
    assert longest[0] > 0.2 and longest[1] == pytest.approx(0.1, rel=1e-5)


# Divergence


def diverges(capsys, *arguments):
    """The one line that a training which diverges prints."""
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "Traceback" not in err and "diverged" in err
    return err


def check_last_good(folder, before):
    state = checkpoint(folder)
    assert state["iteration"] < before
    learnt = [name for name in state if name.endswith(("_g", "_d")) and state[name].ndim]
    assert {"theta_g", "theta_d"} < set(learnt) and len(learnt) >= 4
    assert all(numpy.isfinite(state[name]).all() for name in learnt)
    assert run("sample", folder, "-o", folder / "samples.npy", "-n", 3) == 0
    assert numpy.isfinite(numpy.load(folder / "samples.npy")).all()


@pytest.mark.parametrize(
    "arguments",
    [
        [*TINY, *sets(learning_rate_g="1e30", learning_rate_d="1e30", learning_rate_decay=1)],
        [*TINY, *sets(learning_rate_d="1e38", learning_rate_decay=1, algorithm="authors2014")],
        [*TINY_TOY, *sets(rule="momentum", learning_rate_g="1e25", learning_rate_d="1e25")],
        [*TINY_TOY, *sets(learning_rate_g="1e37")],
    ],
)
def test_a_huge_learning_rate(arguments, here, capsys):
    err = diverges(capsys, *arguments, "--iterations", "90", "--out", "it")
    assert "iteration" in err and ("D's" in err or "G's" in err) and "layer" in err
    check_last_good(here / "it", 90)


@pytest.mark.parametrize(
    ("net", "where", "value", "words"),
    [
        ("G", 0, numpy.nan, "G's layer 0"),
        ("G", -1, numpy.nan, "G's layer"),
        ("D", -1, numpy.nan, "D's layer"),
        ("D", 70, numpy.inf, "D's layer"),
        ("G", -1, numpy.inf, "G's layer 2"),
        ("G", -1, -numpy.inf, "G's layer 2"),
    ],
)
@pytest.mark.parametrize("at", [25, 40, 47])  # within an epoch, at its end, at the end of the run
def test_a_parameter_that_is_not_finite(net, where, value, words, at, here, capsys, monkeypatch):
    advance = Training.advance

    def poisoned(self):
        advance(self)
        if self.iteration == at:
            getattr(self, net).theta[where] = value

    monkeypatch.setattr(Training, "advance", poisoned)
    err = diverges(capsys, *TINY, "--iterations", "47", "--out", "it")
    assert words in err
    # There, or where its effect is seen: the next one
    assert f"iteration {at}" in err or f"iteration {at + 1}" in err
    check_last_good(here / "it", at)


def test_more_can_be_learned_from_the_last_good_checkpoint(here, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        advance = Training.advance
        patch.setattr(
            Training,
            "advance",
            lambda self: (advance(self), self.iteration == 25 and self.G.theta.fill(numpy.nan)),
        )
        diverges(capsys, *TINY, "--iterations", "30", "--out", "it")
    assert run(*TINY, "--iterations", "30", "--out", "it", "--resume") == 0
    run(*TINY, "--iterations", "30", "--out", "straight")
    assert learned(here / "it") == learned(here / "straight")


def test_a_picture_that_could_not_be_written_is_written_later(here, monkeypatch, capsys):
    """Its samples are those of its iteration, although the training has gone on."""
    command = [*TINY, *sets(batch=80), "--iterations", "10"]  # epochs of 5 iterations
    assert run(*command, "--out", "straight") == 0
    save, failed, saved = pictures.save_samples, [], []

    def fails_at_5(path, *rest):
        if path.name == "00000005.png" and not failed:
            failed.append(path)
            raise NumpyganError(f"{path}: cannot be written (Input/output error).")
        save(path, *rest)
        saved.append(path.name)

    monkeypatch.setattr(pictures, "save_samples", fails_at_5)
    assert run(*command, "--out", "it") == 0
    assert failed and "00000005.png: cannot be written" in capsys.readouterr().err
    names = sorted(path.name for path in (here / "straight/samples").iterdir())
    assert "00000005.png" in names and names[-1] > "00000005.png"
    assert sorted(saved) == names  # each once
    for name in names:
        straight, late = (here / run / "samples" / name for run in ("straight", "it"))
        assert late.read_bytes() == straight.read_bytes(), name


def test_a_checkpoint_of_small_data_waits_for_no_parzen_estimate(here, monkeypatch):
    """Where an epoch has no record, the checkpoint of each minute goes on."""
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", -1)
    assert run(*TINY, *sets(batch=200), "--epochs", "7", "--out", "it") == 0  # of 2 iterations
    rows = metrics(here / "it")
    assert [row["iteration"] for row in rows] == [str(i) for i in range(1, 15)]
    estimated = [row["iteration"] for row in rows if row["parzen"]]
    assert estimated == ["2", "4", "6", "8", "10", "14"]  # the first five epochs, and the end


def test_the_parzen_estimate_of_few_rows_has_few_samples(here, monkeypatch):
    drawn, right = [], loop.sample
    monkeypatch.setattr(parzen, "SAMPLES", 10_000)
    monkeypatch.setattr(loop, "sample", lambda *args: drawn.append(args[2]) or right(*args))
    assert run(*TINY, "--iterations", "1", "--out", "it") == 0
    assert drawn == [1_000]


def test_curves_of_a_short_run_are_drawn_once_at_its_end(here, monkeypatch):
    calls = []
    monkeypatch.setattr(
        pictures, "save_learning_curves", lambda path, rows: calls.append(len(rows))
    )
    assert run(*TINY, *sets(batch=200), "--epochs", "3", "--out", "it") == 0
    assert calls == [3]
