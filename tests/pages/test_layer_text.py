"""numpygan explain: every worked example is what this installation computes, and says so when it
isn't.
"""

import inspect

import numpy
import pytest

from numpygan.nn import layers
from numpygan.pages import layer_text as explain
from tests.helpers.cli import run


def test_every_layer_is_explained():
    every = {
        c
        for _, c in inspect.getmembers(layers, inspect.isclass)
        if issubclass(c, layers.Layer) and c is not layers.Layer
    }
    assert every == {about for about in explain.TOPICS.values() if inspect.isclass(about)}


@pytest.mark.parametrize("topic", explain.TOPICS)
def test_every_example_is_what_is_computed(topic):
    before = numpy.get_printoptions()
    wrong, lines = explain.run_example(topic)
    assert not wrong and lines > 8
    assert numpy.get_printoptions() == before


@pytest.mark.parametrize("topic", explain.TOPICS)
def test_a_page_has_the_equations_and_the_case_and_the_check(topic, capsys):
    assert run("explain", topic) == 0
    out = capsys.readouterr().out
    about = inspect.getdoc(explain.TOPICS[topic])
    assert about in out and explain.example(topic).replace("    <BLANKLINE>", "") in out
    assert "The check" in out and "Forward" in out or "The G step" in out
    assert max(map(len, out.splitlines())) <= 100
    assert out.rstrip().endswith("were run just now, with the results shown.")


def test_a_name_in_any_case(capsys):
    assert run("explain", "LeakyReLU") == run("explain", "Leaky-ReLU") == 0


def test_a_layer_that_computes_something_else_fails(monkeypatch, capsys):
    forgetful = lambda self, gy, t: self.xp.multiply(gy, t.y, out=t.gx)
    monkeypatch.setattr(layers.Sigmoid, "backward", forgetful)
    assert run("explain", "sigmoid") == 1
    assert "FAILED" in capsys.readouterr().out


def test_an_unknown_topic(capsys):
    assert run("explain", "maxuot") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "'maxout'" in err and "algorithm1" in err
