"""The examples in the docstrings of the public names: each has one, and it prints what it says."""

import doctest
import inspect

import numpy
import pytest

import numpygan as ng
from numpygan import testing
from numpygan.cli import main

NAMES = {f"ng.{name}": getattr(ng, name) for name in ng.__all__ if name != "testing"}
NAMES |= {f"ng.testing.{name}": getattr(testing, name) for name in ("assert_gradients", "inputs")}


@pytest.fixture(scope="module")
def folder_with_a_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docstrings")
    main(["train", "ring", "--iterations", "2", "--quiet", "--out", str(folder / "runs/ring-1")])
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_the_example_prints_what_it_says(name, folder_with_a_run, monkeypatch, capsys):
    monkeypatch.chdir(folder_with_a_run)
    words = inspect.getdoc(NAMES[name])
    example = doctest.DocTestParser().get_doctest(
        words, {"ng": ng, "numpy": numpy}, name, inspect.getsourcefile(NAMES[name]), None
    )
    assert example.examples, f"help({name}) shows no example"
    failed, tried = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
    assert tried and not failed, capsys.readouterr().out
