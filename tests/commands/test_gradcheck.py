"""`numpygan gradcheck`: its table, its exit codes, and the plot."""

import numpy
import pytest

import numpygan as ng
from numpygan.check import everything
from numpygan.commands import gradcheck as command
from tests.helpers.cli import run


@pytest.fixture(autouse=True)
def short(request, monkeypatch):
    """The long games of a recipe have 5 iterations instead of 60, except in the slow test."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(everything, "_LONG", 5)


def test_the_command_on_one_recipe(capsys):
    assert run("gradcheck", "ring") == 0
    out = capsys.readouterr().out
    assert "G layer 0, Affine" in out and "D whole network" in out and "update 2 of G" in out
    assert out.endswith("every derivative is right\n")


def test_the_command_on_an_unknown_recipe(capsys):
    assert run("gradcheck", "mnits") == 2
    assert "mnits" in capsys.readouterr().err


def to_all_pieces(self, gy, t):
    t.gx[...] = numpy.tile(gy, (1, self.pieces))


def without_slope(self, gy, t):
    t.gx[...] = gy


def bias_of_one_row(self, gy, t):
    self.gW[...], self.gb[...] = t.x.T @ gy, gy[0]


@pytest.mark.parametrize(
    "layer, method, bug, words",
    [
        (ng.Maxout, "backward", to_all_pieces, "D layer 2, Maxout(pieces=3): x is wrong"),
        (ng.Sigmoid, "backward", without_slope, "G layer 5, Sigmoid(): x is wrong"),
        (ng.Affine, "backward_params", bias_of_one_row, "G layer 0, Affine(4, 9): b is wrong"),
    ],
)
def test_the_command_fails_with_a_bug_and_names_its_layer(
    layer, method, bug, words, monkeypatch, capsys
):
    monkeypatch.setattr(layer, method, bug)
    assert run("gradcheck", "mnist") == 1
    out = capsys.readouterr().out
    assert words in out and out.endswith("FAILED: see the lines above\n")


def test_the_command_on_all_fails_with_a_bug(monkeypatch, capsys):
    # a part of all, for the time it takes
    for name, only in (("RECIPES", "mnist"), ("G_LOSSES", "saturating")):
        monkeypatch.setattr(everything, name, {only: getattr(everything, name)[only]})
    monkeypatch.setattr(
        everything, "check_own_size", lambda seed: everything.gradcheck([ng.Affine(1, 1)])
    )
    monkeypatch.setattr(everything, "check_optimizers", everything.check_values)
    monkeypatch.setattr(ng.Tanh, "backward", without_slope)
    assert run("gradcheck") == 1
    assert "every layer: layer 6, Tanh(): x is wrong at [" in capsys.readouterr().out


@pytest.mark.parametrize(
    "method, bug",
    [
        ("backward", lambda self, gy, t: numpy.matmul(gy, self.W, out=t.gx)),
        ("backward_params", lambda self, gy, t: numpy.matmul(gy.T, t.x, out=self.gW)),
    ],
)
def test_a_layer_that_raises_fails_the_command_without_a_traceback(
    method, bug, monkeypatch, capsys
):
    monkeypatch.setattr(ng.Affine, method, bug)
    assert run("gradcheck", "mnist") == 1
    printed = capsys.readouterr()
    assert (
        f"G layer 0, Affine(4, 9): x is wrong ({method} raises ValueError" in printed.out
        and not printed.err
    )


@pytest.mark.slow
def test_the_command_on_all(capsys):
    assert run("gradcheck") == 0
    assert capsys.readouterr().out.endswith("every derivative is right\n")


def test_the_plot(tmp_path, monkeypatch, capsys):
    file, ring = tmp_path / "steps.png", ("gradcheck", "ring", "--plot")
    assert run(*ring, file) == 0 and file.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    file.write_bytes(b"mine")
    assert run(*ring, file) == 2 and file.read_bytes() == b"mine"
    assert str(file) in capsys.readouterr().err
    monkeypatch.setattr(command, "save_step_plot", lambda path: path.write_bytes(b"new"))
    assert run(*ring, file, "--force") == 0 and file.read_bytes() == b"new"
