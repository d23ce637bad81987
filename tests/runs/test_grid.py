"""Sweeps: what a sweep file means, what is wrong with others, and many runs of which some fail,
stop or are finished already.
"""

import csv
import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import BrokenExecutor

import numpy
import pytest

from numpygan.arrays import Stream
from numpygan.data.sources import ring
from numpygan.errors import Diverged, NumpyganError
from numpygan.gan.sampling import sample
from numpygan.metrics import parzen, toys
from numpygan.metrics.modes import count_modes, jensen_shannon
from numpygan.ranks import ALONE
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change
from numpygan.runs import checkpoint
from numpygan.runs.directory import RunDirectory
from numpygan.runs.grid import finished, mean_and_se, play
from numpygan.runs.loop import Interrupted, train
from numpygan.runs.pool import carry_out, in_words
from numpygan.runs.sweep_file import read_sweep
from tests.helpers.cli import files, images, learned, run
from tests.helpers.plain import at_once, plain_play

SMALL = """
[set]
generator = "relu 8, linear"
scale_g = [0, 0]
discriminator = "relu 8"
keep = [0.9, 1]
scale_d = [0, 0]
batch = 20
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("numpygan.commands.sweep.play", plain_play)
    return tmp_path


def sweep_of(text, name="sweep.toml"):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return read_sweep(name)


def test_epochs_in_a_grid_count_also_if_the_recipe_gives_iterations():
    settings = sweep_of('recipe = "ring"\n[grid]\nepochs = [2, 3]')
    lengths = [(s.recipes[0].epochs, s.recipes[0].iterations) for s in settings]
    assert lengths == [(2, 0), (3, 0)]


def test_a_grid_is_every_combination():
    losses = ["saturating", "non_saturating"]
    grid = f"[grid]\nk = [1, 2]\nloss = {json.dumps(losses)}\n"
    settings = sweep_of(
        'recipe = "ring"\nseeds = [3, 5]\nepochs = 2\n[set]\nnoise_dim = 4\n' + grid
    )
    assert [setting.name for setting in settings] == [
        f"k={k},loss={loss}" for k in (1, 2) for loss in losses
    ]
    expected = change(
        RECIPES["ring"], noise_dim=4, epochs=2.0, iterations=0, k=2, loss="saturating"
    )
    assert settings[2].recipes == tuple(change(expected, seed=seed) for seed in (3, 5))


def test_a_key_of_two_fields_gives_both_the_value():
    (setting,) = sweep_of(
        'recipe = "ring"\nseeds = 1\n[grid]\n"learning_rate_g learning_rate_d" = [0.01]\nkeep = [[0.5, 1, 1]]\n'
    )
    (recipe,) = setting.recipes
    assert (recipe.learning_rate_g, recipe.learning_rate_d, recipe.keep, recipe.seed) == (
        0.01,
        0.01,
        (0.5, 1.0, 1.0),
        0,
    )
    # And a checksum
    assert setting.name.startswith("learning_rate_g+learning_rate_d=0.01,keep=0.5_1_1-")


def test_random_settings_are_drawn_from_their_ranges_and_again_the_same():
    text = """
recipe = "ring"
[random]
settings = 400
seed = 7
learning_rate_g = { low = 1e-4, high = 1e-2, scale = "log" }
learning_rate_d = { low = 0.25, high = 0.75 }
k = { low = 1, high = 3 }
"momentum momentum_final" = [0.2, 0.4]
"""
    settings = sweep_of(text)
    recipes = [recipe for setting in settings for recipe in setting.recipes]
    assert settings == sweep_of(text) != sweep_of(text.replace("seed = 7", "seed = 8"))
    rates, others = numpy.array(
        [(recipe.learning_rate_g, recipe.learning_rate_d) for recipe in recipes]
    ).T
    # Even in the logarithm
    assert rates.min() >= 1e-4 and rates.max() <= 1e-2 and abs((rates < 1e-3).mean() - 0.5) < 0.1
    assert others.min() >= 0.25 and others.max() <= 0.75 and abs((others < 0.5).mean() - 0.5) < 0.1
    assert {recipe.k for recipe in recipes} == {1, 2, 3} and {
        recipe.momentum_final for recipe in recipes
    } == {0.2, 0.4}


def test_names_are_folders_and_differ(here):
    settings = sweep_of('recipe = "mnist"\n[grid]\nabout = ["../a", "__a", "' + "x" * 200 + '"]\n')
    names = [setting.name for setting in settings]
    assert len(set(names)) == 3 and all("/" not in name and len(name) <= 120 for name in names)


WRONG = {
    "recipe": ("[grid]\nk = [1]", "recipe: expected the name"),
    "a recipe's name": ('recipe = "rnig"\n[grid]\nk = [1]', "did you mean 'ring'"),
    "an entry": (
        'recipe = "ring"\nseed = 3\n[grid]\nk = [1]',
        "seed: a sweep has no such entry (did you mean 'seeds'?)",
    ),
    "neither table": ('recipe = "ring"', "either a table [grid] or a table [random]"),
    "both tables": (
        'recipe = "ring"\n[grid]\nk = [1]\n[random]\nsettings = 1\nk = [1]',
        "either a table",
    ),
    "a list for a table": ('recipe = "ring"\ngrid = [1]', "grid: expected a table"),
    "no fields": ('recipe = "ring"\n[grid]', "at least one FIELD"),
    "one value": ('recipe = "ring"\n[grid]\nk = 1', "grid: k: expected a list of values, got 1"),
    "a field": (
        'recipe = "ring"\n[grid]\nlearning_rate = [1]',
        "learning_rate: no recipe has this field",
    ),
    "a value": ('recipe = "ring"\n[grid]\nk = [1, "two"]', "k: expected a whole number, got 'two'"),
    "a value out of range": (
        'recipe = "ring"\n[grid]\nk = [1, 0]',
        "k: expected a whole number from 1",
    ),
    "the seed": ('recipe = "ring"\n[grid]\nseed = [1]', "give these with seeds = 3"),
    "the seed of all": (
        'recipe = "ring"\n[set]\nseed = 1\n[grid]\nk = [1]',
        "give these with seeds = 3",
    ),
    "a field called recipe": (
        'recipe = "ring"\n[set]\nrecipe = 1\n[grid]\nk = [1]',
        "recipe: no recipe has this field",
    ),
    "a number without end": (
        f'recipe = "ring"\nepochs = {"9" * 400}\n[grid]\nk = [1]',
        "more than 64 bits",
    ),
    "a long file": ("#" * (1 << 20) + "\n", "more than 131,072 bytes"),
    "no seeds": ('recipe = "ring"\nseeds = 0\n[grid]\nk = [1]', "seeds: expected how many"),
    "seeds twice": ('recipe = "ring"\nseeds = [1, 1]\n[grid]\nk = [1]', "seeds: expected how many"),
    "two lengths": (
        'recipe = "ring"\nepochs = 1\niterations = 3\n[grid]\nk = [1]',
        "give one of them",
    ),
    "too many draws": (
        'recipe = "ring"\nseeds = 1\n[random]\nsettings = 10001\nk = [1, 2]',
        "from 1 to 10,000, got 10001",
    ),
    "too many": ('recipe = "ring"\nseeds = 5000\n[grid]\nk = [1, 2, 3]', "15,000 runs"),
    "far too many": (
        f'recipe = "ring"\n[grid]\nk = {[1] * 99}\nbatch = {[1] * 99}\nepochs = {[1] * 99}',
        "970,299 combinations",
    ),
    "more than can be counted": (
        'recipe = "ring"\n[grid]\n' + "".join(f"f{i} = [1, 1, 1]\n" for i in range(6000)),
        "f0: no recipe",
    ),
    "a field twice": (
        'recipe = "ring"\n[grid]\nk = [1]\n"batch k" = [1]',
        "k: is set by two lines",
    ),
    "a field in [set] and [grid]": (
        'recipe = "ring"\n[set]\nk = 2\n[grid]\nk = [1]',
        "k: is set by [set] and in [grid]; expected each field once",
    ),
    "a field in [set] and [random]": (
        'recipe = "ring"\n[set]\nk = 2\n[random]\nsettings = 1\n"batch k" = [1]',
        "k: is set by [set] and in [random]",
    ),
    "a length at the top and in [grid]": (
        'recipe = "ring"\niterations = 2\n[grid]\niterations = [1]',
        "iterations: is set by a line at the top and in [grid]",
    ),
    "a length at the top and in [set]": (
        'recipe = "ring"\nepochs = 2\n[set]\nepochs = 2\n[grid]\nk = [1]',
        "epochs: is also in [set]",
    ),
    "iterations at the top, epochs in [grid]": (
        'recipe = "ring"\niterations = 2\n[grid]\nepochs = [1]',
        "epochs and iterations both give the length",
    ),
    "a field about files for a toy": (
        'recipe = "ring"\n[grid]\ndrop = ["a"]',
        "drop: ring is a toy",
    ),
    "data that must be downloaded": (
        'recipe = "cifar10"\n[grid]\nk = [1]',
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    "a number of 65 bits": (
        f'recipe = "ring"\nseeds = {2**63}\n[grid]\nk = [1]',
        "more than 64 bits",
    ),
    "how many settings": (
        'recipe = "ring"\n[random]\nk = [1]',
        "random: settings: expected how many to draw",
    ),
    "a negative seed": (
        'recipe = "ring"\n[random]\nsettings = 1\nseed = -1\nk = [1]',
        "random: seed: expected",
    ),
    "an empty range": (
        'recipe = "ring"\n[random]\nsettings = 1\nk = {low = 3, high = 3}',
        "expected numbers low < high, got",
    ),
    "nan": (
        'recipe = "ring"\n[random]\nsettings = 1\nepochs = {low = nan, high = 3}',
        "expected numbers low < high, got",
    ),
    "log of 0": (
        'recipe = "ring"\n[random]\nsettings = 1\nepochs = {low = 0, high = 3, scale = "log"}',
        "both > 0",
    ),
    "a range's entry": (
        'recipe = "ring"\n[random]\nsettings = 1\nk = {low = 0, hihg = 3}',
        "random: k: expected a list of",
    ),
    "no TOML": ("recipe = ring", "is not TOML"),
    "deep": ("a = " + "[" * 5000, "is not TOML"),
    "no text": ("\udcff", "is not TOML"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_sweep_file_is_one_sentence(what, here, capsys):
    text, told = WRONG[what]
    (here / "wrong.toml").write_bytes(text.encode(errors="surrogateescape"))
    assert run("sweep", "wrong.toml") == 2
    printed = capsys.readouterr()
    assert (
        printed.err.startswith("numpygan: wrong.toml: ")
        and printed.err.count("\n") == 1
        and told in printed.err
    )
    assert printed.out == "" and list(here.iterdir()) == [here / "wrong.toml"]


def test_no_such_file_and_a_file_for_a_folder(here, capsys):
    assert run("sweep", "none.toml") == 2 and "none.toml: cannot be read" in capsys.readouterr().err
    sweep_of('recipe = "ring"\n[grid]\nk = [1]')
    assert (
        run("sweep", "sweep.toml", "--out", "sweep.toml") == 2
        and "is a file" in capsys.readouterr().err
    )


def last_v(folder):
    with open(folder / "metrics.csv", newline="") as file:
        return float(list(csv.DictReader(file))[-1]["V"])


def test_a_sweep_of_which_one_setting_fails(here, capsys):
    """Its table is the mean ± SE of what the runs say; a second time nothing is trained again;
    other lengths go on from there.
    """
    text = (
        'recipe = "ring"\nseeds = 2\niterations = 9\n'
        + SMALL
        + "[grid]\nlearning_rate_g = [1e-3, 1e18]\n"
    )
    sweep_of(text.replace("[set]", '[set]\nrule = "momentum"'))
    assert run("sweep", "sweep.toml", "--jobs", 3, "--out", "out") == 1
    printed = capsys.readouterr().out
    good, bad = "learning_rate_g=0.001", "learning_rate_g=1e+18"
    a, b = (last_v(here / "out" / good / f"seed-{seed}") for seed in (0, 1))
    table = json.loads((here / "out" / "sweep.json").read_text())
    assert [row["setting"] for row in table["settings"]] == [good, bad]
    assert table["settings"][0]["finished"] == 2 and table["settings"][1]["finished"] == 0
    assert [row["diverged"] for row in table["settings"]] == [0, 2]
    assert "\ndiverged: " not in printed  # each line `failed: …` says it
    assert table["settings"][0]["V"] == {
        "mean": pytest.approx((a + b) / 2),
        "se": pytest.approx(abs(a - b) / 2),
    }
    assert sorted(table["failed"]) == [f"out/{bad}/seed-{seed}" for seed in (0, 1)]
    assert (
        all("training diverged" in told for told in table["failed"].values())
        and printed.count("failed: ") == 2
    )
    assert f"{(a + b) / 2:.4g} ± {abs(a - b) / 2:.2g}" in printed

    before = files(here / "out" / good)
    assert run("sweep", "sweep.toml", "--jobs", 2, "--out", "out") == 1
    assert (
        "runs, 2 of them finished" in capsys.readouterr().out
        and files(here / "out" / good) == before
    )


def test_a_whole_run_whose_game_has_diverged_is_marked(here, monkeypatch, capsys):
    """No value is infinite, so the run is finished and its measures count."""
    monkeypatch.setattr("numpygan.commands.sweep.carry_out", at_once)
    text = 'recipe = "ring"\nseeds = [4, 2]\niterations = 9\n' + SMALL
    sweep_of(text + "[grid]\nlearning_rate_d = [1e6, 1e-3]\n")
    assert run("sweep", "sweep.toml", "--out", "out") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith(", diverged") for line in lines[1:5]] == [True, True, False, False]
    table = [line.split()[:3] for line in lines[5:8]]
    bad, good = "learning_rate_d=1000000.0", "learning_rate_d=0.001"
    assert table == [["setting", "runs", "diverged"], [bad, "2/2", "2"], [good, "2/2", "0"]]
    [told] = [line for line in lines if line.startswith("diverged: ")]
    assert told == (
        f"diverged: {bad} (seeds 4, 2): |V| is above 100 nats at the end; try smaller learning "
        "rates or momentum."
    )
    rows = json.loads((here / "out" / "sweep.json").read_text())["settings"]
    assert [(row["finished"], row["diverged"]) for row in rows] == [(2, 2), (2, 0)]
    assert run("sweep", "sweep.toml", "--out", "out") == 0  # what is finished is still marked
    assert told in capsys.readouterr().out.splitlines()


def test_a_generator_too_large_to_be_measured_has_diverged(here, monkeypatch, capsys):
    monkeypatch.setattr("numpygan.commands.sweep.carry_out", at_once)
    text = 'recipe = "ring"\niterations = 1\n' + SMALL + "[grid]\nlearning_rate_g = [1e20, 1e-3]\n"
    sweep_of(text)
    assert run("sweep", "sweep.toml", "--out", "out") == 1
    printed = capsys.readouterr().out
    bad = "learning_rate_g=1e+20"
    assert f"failed: out/{bad}/seed-0: training diverged: samples of G are NaN, inf" in printed
    assert "\ndiverged: " not in printed
    assert (here / "out" / bad / "seed-0" / "checkpoint.npz").exists()
    assert "[2/2] learning_rate_g=0.001, seed 0: modes " in printed


def test_one_seed_is_in_the_singular(here, monkeypatch, capsys):
    monkeypatch.setattr("numpygan.commands.sweep.carry_out", at_once)
    text = 'recipe = "ring"\niterations = 9\n' + SMALL + "[grid]\nlearning_rate_d = [1e6]\n"
    sweep_of(text)
    assert run("sweep", "sweep.toml", "--out", "out") == 0
    told = "\ndiverged: learning_rate_d=1000000.0 (seed 0): |V| is above"
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -2e30])
def test_samples_that_cannot_be_measured_are_called_diverged(value, monkeypatch):
    samples = numpy.zeros((9, 2))
    samples[7, 1] = value
    monkeypatch.setattr(toys, "sample", lambda *arguments: samples)
    with pytest.raises(Diverged, match="samples of G are NaN, infinite or beyond 1e30"):
        toys.score(None, RECIPES["ring"])


def test_other_errors_about_samples_are_not_called_diverged(monkeypatch):
    monkeypatch.setattr(toys, "sample", lambda *arguments: numpy.zeros((9, 3)))
    with pytest.raises(NumpyganError, match="expected rows of width 2") as caught:
        toys.score(None, RECIPES["ring"])
    assert not isinstance(caught.value, Diverged)


def test_a_sweep_without_divergence_has_no_column_for_it(here, monkeypatch, capsys):
    monkeypatch.setattr("numpygan.commands.sweep.carry_out", at_once)
    sweep_of('recipe = "ring"\niterations = 3\n' + SMALL + "[grid]\nk = [1]\n")
    assert run("sweep", "sweep.toml", "--out", "out") == 0
    assert "diverged" not in capsys.readouterr().out


def test_a_run_that_was_cut_goes_on_with_the_same_bits(here):
    (setting,) = sweep_of('recipe = "ring"\niterations = 30\n' + SMALL + "[grid]\nk = [2]\n")
    (recipe,) = setting.recipes
    play(change(recipe, iterations=11), "cut")
    assert play(recipe, "cut")["iteration"] == 30
    play(recipe, "straight")
    assert learned(here / "cut") == learned(here / "straight")


def test_a_run_killed_before_its_result_was_written_is_kept(here):
    (setting,) = sweep_of('recipe = "ring"\niterations = 30\n' + SMALL + "[grid]\nk = [2]\n")
    (recipe,) = setting.recipes
    result, before = play(recipe, "it"), files(here / "it")
    (here / "it" / "result.json").unlink()
    assert finished(recipe, "it") is None
    assert play(recipe, "it") == result and files(here / "it") == before


def test_the_result_of_a_shorter_run_is_never_that_of_a_longer_one(here, monkeypatch):
    (setting,) = sweep_of('recipe = "ring"\niterations = 6\n' + SMALL + "[grid]\nk = [2]\n")
    (longer,) = setting.recipes
    short = change(longer, iterations=3)
    assert play(short, "it")["iteration"] == 3
    assert finished(short, "it")["iteration"] == 3  # premise: the result is there
    assert finished(longer, "it") is None

    def killed_after_training(*arguments, **how):
        train(*arguments, **how)
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr("numpygan.runs.grid.train", killed_after_training)
        with pytest.raises(Interrupted):
            play(longer, "it")
    assert RunDirectory("it").recipe() == longer and finished(longer, "it") is None
    assert play(longer, "it")["iteration"] == 6


@pytest.mark.parametrize("name", ["iteration", "seconds", "modes", "HQ"])
def test_a_result_with_less_than_nothing_is_one_sentence(name, here):
    (setting,) = sweep_of('recipe = "ring"\niterations = 3\n' + SMALL + "[grid]\nk = [2]\n")
    (recipe,) = setting.recipes
    result, file = play(recipe, "it"), here / "it" / "result.json"
    file.write_text(json.dumps(result | {name: 0}))
    assert finished(recipe, "it")[name] == 0
    file.write_text(json.dumps(result | {name: -4}))
    with pytest.raises(NumpyganError, match=rf"{name} is -4, less than 0\); delete it"):
        finished(recipe, "it")


def test_a_finished_run_without_rows_is_one_sentence(here):
    """Checkpoints of old versions hold no rows, so a deleted metrics.csv is not written again."""
    (setting,) = sweep_of('recipe = "ring"\niterations = 3\n' + SMALL + "[grid]\nk = [2]\n")
    (recipe,) = setting.recipes
    play(recipe, "it")
    state = checkpoint.load(here / "it" / "checkpoint.npz")
    checkpoint.save(here / "it" / "checkpoint.npz", {k: state[k] for k in state if k != "rows"})
    (here / "it" / "metrics.csv").unlink()
    with pytest.raises(NumpyganError, match="metrics.csv: has no rows; delete it, and the same"):
        play(recipe, "it")


def test_the_parzen_value_of_a_run_is_its_best(here, monkeypatch):
    """Not its last; the other measures are those of the last epoch."""
    numpy.save("images.npy", images())
    values = iter([(5.0, 0.1), (9.0, 0.1), (3.0, 0.1)])
    monkeypatch.setattr(parzen, "best_bandwidth", lambda *_, **__: next(values))
    fields = SMALL.replace("relu 8, linear", "relu 8, sigmoid") + 'data = "images.npy"\n'
    (setting,) = sweep_of('recipe = "mnist"\nepochs = 3\n' + fields + "[grid]\nk = [1]\n")
    found = play(setting.recipes[0], "it")
    rows = RunDirectory("it").read_metrics()
    assert [row["parzen"] for row in rows] == [5, 9, 3] and found["parzen"] == 9
    assert found["V"] == rows[-1]["V"] and found["iteration"] == rows[-1]["iteration"] == 60


def test_a_toy_has_the_measures_that_evaluate_prints(here, monkeypatch, capsys):
    monkeypatch.setattr("numpygan.commands.sweep.carry_out", at_once)
    text = (
        'recipe = "ring"\nseeds = 2\niterations = 3\n' + SMALL + "average = 0.9\n[grid]\nk = [1]\n"
    )
    sweep_of(text)
    assert run("sweep", "sweep.toml", "--out", "out") == 0
    lines = capsys.readouterr().out.splitlines()
    [head] = [line for line in lines if line.startswith("setting")]
    assert head.split()[2:5] == ["modes", "HQ/%", "JSD/nats"]
    for seed in (0, 1):
        folder = here / "out/k=1" / f"seed-{seed}"
        G, _, _ = RunDirectory(folder).generator()
        samples = sample(G, "uniform", 100_000, Stream(0))
        few = count_modes(samples[:2500], *ring())
        found = json.loads((folder / "result.json").read_text())
        assert (found["modes"], found["HQ"]) == (few.found, 100 * few.high_quality)
        assert found["JSD"] == pytest.approx(jensen_shannon(samples, *ring()), abs=1e-12)
    [row] = json.loads((here / "out" / "sweep.json").read_text())["settings"]
    assert 0.3 < row["JSD"]["mean"] <= math.log(2)


def test_what_a_run_killed_at_its_start_leaves_is_not_in_the_way(here):
    (setting,) = sweep_of('recipe = "ring"\niterations = 3\n' + SMALL + "[grid]\nk = [2]\n")
    (recipe,) = setting.recipes
    (here / "begun" / "samples").mkdir(parents=True)
    (here / "begun" / "config.toml.12.tmp").write_text("")
    assert play(recipe, "begun")["iteration"] == 3
    (here / "thesis").mkdir()
    (here / "thesis" / "thesis.tex").write_text("years of work")
    with pytest.raises(NumpyganError, match="not an empty directory"):
        play(recipe, "thesis")
    assert (here / "thesis" / "thesis.tex").read_text() == "years of work"


def test_a_folder_of_another_sweep_is_refused(here, capsys):
    text = 'recipe = "ring"\niterations = 3\n' + SMALL + "[grid]\nk = [2]\n"
    (setting,) = sweep_of(text)
    play(setting.recipes[0], f"out/{setting.name}/seed-0")
    sweep_of(text.replace("batch = 20", "batch = 10"))
    assert run("sweep", "sweep.toml", "--out", "out") == 2
    assert "was made with batch 20, not 10" in capsys.readouterr().err


def half_or_die(n):
    if n == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return n / 2


def test_a_process_that_is_killed_takes_no_other_with_it():
    ended = {
        job: future.exception() or future.result()
        for job, future in carry_out(half_or_die, [(3,), (0,), (5,)], 2, ALONE)
    }
    assert ended[3,] == 1.5 and ended[5,] == 2.5 and isinstance(ended[0,], BrokenExecutor)


def leave(code):
    os._exit(code)


def test_only_a_process_that_was_killed_is_called_killed():
    (_, killed), (_, left) = sorted(
        (job, future.exception())
        for function, job in ((half_or_die, (0,)), (leave, (3,)))
        for job, future in carry_out(function, [job], 1, ALONE)
    )
    assert in_words(killed, "a") == "its process was killed; the same command resumes it"
    assert "ended with exit code 3" in in_words(left, "a") and "killed" not in in_words(left, "a")


def test_the_path_of_a_run_is_named_once():
    assert in_words(NumpyganError("out/0: is full."), "out/0") == "is full."
    assert in_words(NumpyganError("out/00: is full."), "out/0") == "out/00: is full."


def test_a_script_that_its_processes_carry_out_again_is_told_so(here):
    """Each new process imports the script, and without a guard it would begin the sweep again."""
    sweep_of('recipe = "ring"\niterations = 3\n' + SMALL + "[grid]\nk = [2]\n")
    (here / "script.py").write_text(
        "from numpygan.cli import main\nprint('code', main(['sweep', 'sweep.toml']))\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "code 0"
    assert done.stdout.count("code 2") == 1 and "failed" not in done.stdout
    assert 'if __name__ == "__main__":' in done.stderr and done.stderr.count("\n") == 1


def test_a_process_that_may_start_no_other_is_one_sentence(here, monkeypatch, capsys):
    sweep_of('recipe = "ring"\niterations = 3\n' + SMALL + "[grid]\nk = [2]\n")
    monkeypatch.setattr(multiprocessing.current_process(), "daemon", True)
    assert run("sweep", "sweep.toml") == 2
    assert "daemon=False" in capsys.readouterr().err


def test_too_few_files_for_a_process_are_the_failure_of_its_run(here):
    sweep_of('recipe = "ring"\niterations = 3\n' + SMALL + "[grid]\nk = [2]\n")
    code = (
        "import resource, sys; from numpygan.cli import main\n"
        "import numpygan.commands.sweep, numpygan.runs.grid, multiprocessing.resource_tracker\n"
        "limits = (8, resource.getrlimit(resource.RLIMIT_NOFILE)[1])\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, limits)\n"
        "sys.exit(main(['sweep', 'sweep.toml', '--out', 'out', '--jobs', '2']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "failed: out/k=2/seed-0: the system says: Too many open files" in done.stdout


VARIABLES = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"


def blas_threads():
    """What a child of a sweep finds: the variables, and the threads that each BLAS in it has."""
    from threadpoolctl import threadpool_info

    return [os.environ.get(name) for name in VARIABLES], [
        pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"
    ]


@pytest.mark.parametrize("before", [[None] * 3, ["2", "3", None]])
def test_every_process_has_one_blas_thread(before, monkeypatch):
    """Whatever the parent has, which keeps it."""
    pytest.importorskip("threadpoolctl", reason="threadpoolctl, of scikit-learn, is not installed")
    for name, value in zip(VARIABLES, before):
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(
            name, value
        )
    for _, future in carry_out(blas_threads, [()], 1, ALONE):
        told, pools = future.result()
        assert told == ["1"] * 3 and pools and set(pools) == {1}
    assert [os.environ.get(name) for name in VARIABLES] == before


def ask_to_stop(n):
    """As Ctrl-C does; then work until SIGTERM comes."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    os.kill(os.getppid(), signal.SIGINT)
    signal.sigwait([signal.SIGTERM])
    return n


def test_after_ctrl_c_nothing_more_is_begun_and_what_runs_is_told():
    seen = []
    with pytest.raises(Interrupted):
        for job, future in carry_out(ask_to_stop, [(1,), (2,), (3,)], 1, ALONE):
            seen.append((job, future.result()))
    assert seen == [((1,), 1)]


def test_mean_and_standard_error_by_hand():
    """1, 2, 6: mean 3, s² = (4 + 1 + 9)/2 = 7."""
    mean, se = mean_and_se([1.0, 2.0, 6.0])
    assert mean == 3 and math.isclose(se, math.sqrt(7 / 3))
    assert mean_and_se([4.0]) == (4.0, None)


def test_a_device_that_there_is_not_is_one_sentence(here, capsys, monkeypatch):
    sweep_of('recipe = "ring"\n[grid]\nk = [1]')
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert run("sweep", "sweep.toml", "--device", "gpu") == 2
    assert capsys.readouterr().err.count("\n") == 1 and [path.name for path in here.iterdir()] == [
        "sweep.toml"
    ]


def test_every_run_is_trained_on_the_device(here, monkeypatch):
    devices = []

    def on(recipe, run, device, **how):
        devices.append(device)
        train(recipe, run, **how)

    monkeypatch.setattr("numpygan.runs.grid.train", on)
    monkeypatch.setattr("numpygan.commands.sweep.carry_out", at_once)
    monkeypatch.setattr("numpygan.commands.sweep.array_module", devices.append)
    sweep_of('recipe = "ring"\nseeds = 2\niterations = 2\n' + SMALL + "[grid]\nk = [1]\n")
    assert run("sweep", "sweep.toml", "--out", "out", "--device", "gpu") == 0
    assert devices == ["gpu"] * 3
