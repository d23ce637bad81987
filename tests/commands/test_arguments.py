"""Arguments that say nothing, or say it in the wrong place."""

import numpy
import pytest

from numpygan.errors import NumpyganError
from numpygan.recipes.settings import absolute_data
from numpygan.terminal import Progress
from tests.helpers.cli import TINY_TOY, files, images, run, sets, small_world

NETS = sets(generator="relu 8, sigmoid", scale_g="0,0", discriminator="relu 6", keep="1,1")
NETS += sets(scale_d="0,0", batch=20, noise_dim=4)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    numpy.save("x.npy", images(60))


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--data", "", "--iterations", "1"],
        ["train", "--data=", "--iterations", "1"],
        ["train", "--data", "x.npy", "--out", "", "--iterations", "1"],
        ["evaluate", "--samples", "", "--data", "x.npy"],
        ["evaluate", ""],
        ["report", ""],
    ],
)
def test_an_empty_argument_is_refused(words, tmp_path, capsys):
    assert run(*words) == 2
    assert "is empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.parametrize("name, value", [("data", "b.npy"), ("seed", "3"), ("k", "2")])
def test_one_field_given_twice_is_refused(name, value, capsys):
    assert run("train", f"--{name}", value, "--set", f"{name}=1") == 2
    assert f"--{name} and --set {name} both give the {name}" in capsys.readouterr().err


REFUSED = {  # each would be ignored
    "evaluate toy -o new.json --baselines new.png": "--baselines",
    "evaluate toy --ais": "AIS",
    "evaluate ring --seeds 1 --ais": "--ais",
    "evaluate ring --seeds 1 --baselines new.png": "--baselines",
    "evaluate ring --seeds 1 --size 4x4": "--size",
    "evaluate ring --seeds 1 --transpose": "--transpose",
    "evaluate ring --seeds 1 --set drop=a": "drop",
    "evaluate --samples x.npy --data ring --drop a": "drop",
    "evaluate --samples x.npy --data mnist --drop a": "drop",
    "evaluate --samples x.npy --data stacked-mnist --transpose": "--transpose",
    "evaluate --samples x.npy --data ring --seed 0": "--seed",
    "evaluate --samples x.npy --data ring --seed 5": "--seed",
    "evaluate --samples x.npy --data stacked-mnist --seed 5": "--seed",
    "evaluate own --ais --baselines new.png": "--baselines",
    "sample toy --data x.npy -o new.npy": "x.npy",
    "sample toy --data x.npy -o new.png": "x.npy",
    "sample own --data y.npy -o new.npy": "y.npy",
    "sample own --data y.npy -o new.png": "y.npy",
    "sample own -o new.csv": "images",
    "train ring --size 4x4": "size",
    "train ring --drop a": "drop",
    "train ring --transpose": "transpose",
    "train ring --set drop=none": "drop",
    "train mnist --drop a": "drop",
    "train ring --set epochs=2 --iterations 3": "length",
    "train ring --set epochs=2 --set iterations=3": "length",
    "train ring --set epochs=2 --epochs 3": "--epochs",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    with small_world(folder):
        numpy.save("x.npy", images(60))
        numpy.save("y.npy", images(60, seed=1))
        assert run("train", "--data", "x.npy", "--iterations", 1, "--out", "own", *NETS) == 0
    return folder


@pytest.mark.parametrize("line", REFUSED)
def test_an_option_that_would_be_ignored_is_refused(line, runs, monkeypatch, capsys):
    monkeypatch.chdir(runs)
    before = files(runs)
    assert run(*line.split()) == 2
    err = capsys.readouterr().err
    assert REFUSED[line] in err and err.count("\n") == 1 and files(runs) == before


@pytest.mark.parametrize(
    "words, told",
    [
        ("train --lr 3", "--set learning_rate_g=…"),
        ("train --gpu", "--device gpu"),
        ("train --batch 3", "--set batch=…"),
        ("train --noise-dim 3", "--set noise_dim=…"),
        ("train runs/nope --resume", "runs/nope: there is no run here"),
        ("train nope --resume", "there is no run and no recipe 'nope'"),
        ("train cifar10", "https://www.cs.toronto.edu/~kriz/cifar.html"),
        ("study tfd", "Toronto Face Database"),
    ],
)
def test_what_is_not_there_is_told_what_to_do(words, told, capsys):
    assert run(*words.split()) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--resume --out toy --iterations 1", "ring --out toy"])
def test_nothing_is_said_before_a_training_that_is_refused(words, runs, monkeypatch, capsys):
    monkeypatch.chdir(runs)
    assert run("train", *words.split()) == 2
    assert capsys.readouterr().out == ""


def test_samples_of_a_table_as_csv(tmp_path):
    rows = numpy.random.default_rng(0).normal(size=(60, 3))
    numpy.savetxt("t.csv", rows, delimiter=",", header='"a, b",c,label', comments="")
    nets = sets(generator="relu 8, linear", scale_g="0,0", discriminator="relu 6", keep="1,1")
    nets += sets(scale_d="0,0", batch=20, noise_dim=4)
    line = ["train", "--data", "t.csv", "--iterations", 1, "--out", "t", "--quiet", *nets]
    assert run(*line) == 0
    assert run("sample", "t", "-n", 4, "-o", "s.csv") == run("sample", "t", "-n", 4, "-o", "s.npy")
    found = (tmp_path / "s.csv").read_text().splitlines()
    samples = numpy.load("s.npy")
    assert found[0] == '"a, b",c' if samples.shape[1] == 2 else '"a, b",c,label'
    read = numpy.loadtxt(found[1:], delimiter=",", dtype="float32")
    assert numpy.array_equal(read, samples)  # every digit
    (tmp_path / "t.csv").unlink()
    assert run("sample", "t", "-n", 4, "-o", "bare.csv") == 0
    assert (tmp_path / "bare.csv").read_text().splitlines() == found[1:]


def test_a_toy_that_has_diverged_is_told(runs, monkeypatch, capsys):
    monkeypatch.chdir(runs)
    line = [*TINY_TOY, "--iterations", 30, "--set", "learning_rate_g=1e9", "--out", "steep"]
    assert run(*line) == 0
    out, err = capsys.readouterr()
    assert "steep: V is " in err and "has diverged" in err and "e+" in err
    assert max(map(len, err.split())) < 30  # no number of 33 digits
    assert run("evaluate", "toy", "-o", "ok.json") == 0


def test_a_toy_is_told_the_next_command(tmp_path, capsys):
    line = [word for word in TINY_TOY if word != "--quiet"]
    assert run(*line, "--iterations", 1, "--out", "toy") == 0
    out, err = capsys.readouterr()
    assert out.endswith("Next: numpygan evaluate toy\n") and "diverged" not in err


def test_a_recipe_in_capitals_gets_its_name(capsys):
    assert run("train", "MNIST") == 2
    assert "did you mean 'mnist'?" in capsys.readouterr().err


@pytest.mark.parametrize("source, why", [("", "empty"), ("https://a.b/x.npy", "address")])
def test_data_without_a_path(source, why):
    with pytest.raises(NumpyganError, match=why):
        absolute_data(source)


def test_a_path_in_place_of_a_recipe(tmp_path, capsys):
    assert run("train", "x.npy") == 2
    assert "train --data x.npy" in capsys.readouterr().err
    (tmp_path / "r").mkdir()
    assert run("train", "r", "--resume") == 2
    assert "r: there is no run here" in capsys.readouterr().err


def test_the_next_command_can_be_pasted(capsys):
    assert run("train", "--data", "x.npy", "--iterations", 1, "--out", "a b", *NETS) == 0
    assert "Next: numpygan evaluate 'a b'" in capsys.readouterr().out


def test_each_line_of_progress_is_said_once(capsys):
    with Progress("iterations") as progress:
        for done, line in ((1, True), (2, True), (2, False), (3, False)):
            progress.show(done, 3, "V", line)
        progress.show(3, 3, "V")
    assert capsys.readouterr().err.count("\n") == 3
