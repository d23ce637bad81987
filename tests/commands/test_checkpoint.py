"""--checkpoint: which state of a run the commands take."""

import json
import shutil
from pathlib import Path

import numpy
import pytest

import numpygan as ng
from tests.helpers.cli import TINY, images, run, small_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A run `it` whose best checkpoint is of its first epoch and whose newest is of its second."""
    folder = tmp_path_factory.mktemp("checkpoint")
    with small_world(folder):
        numpy.save("images.npy", images())
        assert run(*TINY, "--epochs", 1, "--out", "it") == 0
        shutil.copy("it/checkpoint.npz", "first.npz")
        assert run(*TINY, "--epochs", 2, "--out", "it", "--resume") == 0
        shutil.move("first.npz", "it/best.npz")
        first, second = (ng.load("it", which).iteration for which in ("best", "newest"))
        assert 0 < first < second
    return folder


@pytest.fixture(autouse=True)
def here(world, monkeypatch):
    monkeypatch.chdir(world)


def test_samples(tmp_path):
    for which in "best", "newest":
        assert run("sample", "it", "--checkpoint", which, "-o", tmp_path / f"{which}.npy") == 0
        expected = ng.load("it", which).sample(100)
        assert (numpy.load(tmp_path / f"{which}.npy") == expected).all()
    assert run("sample", "it", "-o", tmp_path / "default.npy") == 0
    best, newest, default = (
        numpy.load(tmp_path / f"{name}.npy") for name in ("best", "newest", "default")
    )
    assert (default == best).all() and not (best == newest).all()


def test_lines(tmp_path):
    for which in "best", "newest":
        line = ["interpolate", "it", "--checkpoint", which, "-o", tmp_path / f"{which}.png"]
        assert run(*line) == 0
    assert (tmp_path / "best.png").read_bytes() != (tmp_path / "newest.png").read_bytes()


def test_export(tmp_path):
    assert run("export", "it", "--checkpoint", "newest", "-o", tmp_path / "both.npz") == 0
    G = ng.load("it", "newest").G
    assert (numpy.load(tmp_path / "both.npz")["G.0.weight"] == G.layers[0].W.T).all()  # as torch


def test_the_result_says_which_one_was_measured(tmp_path):
    for which, file in ("newest", "checkpoint.npz"), ("best", "best.npz"):
        result = tmp_path / f"{which}.json"
        assert run("evaluate", "it", "--checkpoint", which, "-o", result) == 0
        iteration = ng.load("it", which).iteration
        assert json.loads(result.read_text())["source"] == {"file": file, "iteration": iteration}


def test_samples_of_a_file_have_no_checkpoint(capsys):
    line = ["evaluate", "--samples", "images.npy", "--data", "images.npy"]
    assert run(*line, "--checkpoint", "newest") == 2
    assert "--checkpoint: goes with a RUN" in capsys.readouterr().err
    assert not Path("evaluation.json").exists()


def test_an_ending_in_capitals(tmp_path):
    assert run("sample", "it", "-n", 2, "-o", tmp_path / "S.NPY") == 0
    assert (numpy.load(tmp_path / "S.NPY") == ng.load("it").sample(2)).all()
    assert run("sample", "it", "-n", 2, "--nearest", "-o", tmp_path / "S.PNG") == 0
    assert (tmp_path / "S.PNG").read_bytes().startswith(b"\x89PNG")


def test_ais_beside_a_result_of_another_checkpoint(tmp_path, capsys):
    """The command that the sentence names makes the way free."""
    ais = ["evaluate", "it", "--ais", "--examples", 1, "--distributions", 2]
    newest = ["--checkpoint", "newest"]
    assert run("evaluate", "it") == 0
    capsys.readouterr()
    assert run(*ais, *newest) == 2
    assert "first run `numpygan evaluate it --checkpoint newest`" in capsys.readouterr().err
    assert run("evaluate", "it", *newest) == 0
    assert run(*ais, *newest) == 0
    capsys.readouterr()
    assert run(*ais) == 2
    assert "first run `numpygan evaluate it`" in capsys.readouterr().err
