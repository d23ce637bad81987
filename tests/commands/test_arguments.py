"""Arguments that say nothing, or say it in the wrong place."""

import numpy
import pytest

from numpygan.errors import NumpyganError
from numpygan.recipes.settings import absolute_data
from numpygan.terminal import Progress
from tests.helpers.cli import images, run, sets

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
