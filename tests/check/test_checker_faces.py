"""The other faces of the checker: ng.testing for pytest and Hypothesis, `numpygan gradcheck FILE`."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings

import numpygan as ng
from numpygan.check import everything
from tests.helpers.cli import run

USER_FILE = """
import numpy as np
x, w = np.linspace(-1, 1, 6).reshape(2, 3), np.ones((3, 2))

def affine(x, w):
    return x @ w

def backward(gy, x, w):
    return gy @ w.T, x.T @ gy

def check_affine():
    return affine, backward, x, w

def check_wrong():
    return affine, lambda gy, x, w: (gy @ w.T, 2 * x.T @ gy), x, w

def check_only_x():
    return affine, lambda gy, x, w: gy @ w.T, x, w, dict(wrt="x")

def check_raises():
    return 1 / 0

def check_number():
    return 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(USER_FILE)
    return path


@settings(max_examples=10)
@given(ng.testing.inputs("m n", "n k", "k", most=4))
def test_inputs_of_hypothesis_share_their_letters(drawn):
    x, w, b = drawn
    assert x.shape[1] == w.shape[0] and w.shape[1:] == b.shape
    assert len(np.unique(x)) == x.size
    ng.testing.assert_gradients(
        lambda x, w, b: x @ w + b, lambda gy, x, w, b: (gy @ w.T, x.T @ gy, gy.sum(0)), *drawn
    )


def test_a_failing_assertion_prints_the_verdict(tmp_path):
    test = tmp_path / "test_mine.py"
    test.write_text(
        "import numpy as np, numpygan as ng\n"
        "def test_tanh():\n"
        "    ng.testing.assert_gradients(np.tanh, lambda gy, x: -gy / np.cosh(x) ** 2, "
        "np.linspace(-1, 1, 5))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
    )
    assert done.returncode == 1 and "the sign is turned" in done.stdout
    assert "raise AssertionError" not in done.stdout and "ratio -1" in done.stdout
    assert isinstance(ng.testing.assert_gradients([ng.Affine(2, 3)]).checks, tuple)


def test_a_file_is_run_and_one_function_checked(file, capsys):
    assert run("gradcheck", f"{file}::check_affine") == 0
    printed = capsys.readouterr()
    assert f"runs the code of {file}" in printed.err and "affine" in printed.out
    assert printed.out.endswith("every derivative is right\n")
    assert run("gradcheck", f"{file}::check_only_x") == 0
    assert sorted(p.name for p in file.parent.iterdir()) == ["mine.py"]


def test_a_wrong_one_fails_the_command(file, capsys):
    assert run("gradcheck", f"{file}::check_wrong") == 1
    assert "a factor of 2 too large" in capsys.readouterr().out


def test_json(file, monkeypatch, capsys):
    assert run("gradcheck", f"{file}::check_wrong", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    (report,) = found["reports"].values()
    assert found["passed"] is report["passed"] is False
    assert [check["verdict"] for check in report["checks"]] == ["ok", "wrong"]
    monkeypatch.setattr(everything, "_LONG", 2)  # iterations of the long games
    assert run("gradcheck", "ring", "--json") == 0
    assert json.loads(capsys.readouterr().out)["reports"]["ring"]["passed"] is True


@pytest.mark.parametrize(
    "name, words",
    [
        ("mine.py::check_raises", "raises ZeroDivisionError in line 21"),
        ("mine.py::check_number", "got int"),
        ("mine.py::nothing", "there is no 'nothing' in it; it has check_affine"),
        ("other.py", "there is no such file"),
        ("empty.py", "no name starts with check_"),
        ("broken.py", "raises SyntaxError in line 2"),
        ("exits.py", "raises SystemExit in line 1"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(name, words, file, capsys):
    folder = file.parent
    (folder / "empty.py").write_text("x = 1\n")
    (folder / "broken.py").write_text("x = 1\ndef f(:\n")
    (folder / "exits.py").write_text("raise SystemExit(0)\n")
    assert run("gradcheck", folder / name) == 2
    err = capsys.readouterr().err
    assert words in err and len(err.strip().splitlines()) <= 2
