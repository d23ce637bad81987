"""Code of the user that a command runs: however it ends, the verdict and the exit code are true."""

import os
import re
import subprocess
import sys

import pytest

from tests.helpers.cli import run

HEAD = "import os, sys, numpy\nx = numpy.arange(1.0, 4.0)\n"
SQUARE = "def check_f():\n    return lambda x: x * x, lambda gy, x: 2 * x * gy, x{}\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(code, capsys):
    """Exit code and stderr of `gradcheck` on a file with this code, which lies here."""
    with open("mine.py", "w") as file:
        file.write(HEAD + code)
    capsys.readouterr()
    return run("gradcheck", "mine.py"), capsys.readouterr().err


@pytest.mark.parametrize("end", ["sys.exit(0)", "sys.exit(1)", "raise_other()"])
@pytest.mark.parametrize(
    "where",
    [
        "return lambda x: {}, lambda gy, x: gy, x",
        "return lambda x: x * x, lambda gy, x: {}, x",
        "return {}",
    ],
)
def test_code_that_ends_the_program_is_no_success(where, end, capsys):
    other = "class Other(BaseException):\n    pass\n\ndef raise_other():\n    raise Other('hm')\n"
    assert told(SQUARE.format(""), capsys)[0] == 0
    code, err = told(f"{other}def check_f():\n    {where.format(end)}\n", capsys)
    assert code == 2 and ("SystemExit" in err or "Other" in err) and "None" not in err


def in_a_process(*arguments):
    """`numpygan ARGUMENTS`, whose code may end the process, also that of these tests."""
    line = [sys.executable, "-m", "numpygan", *arguments]
    return subprocess.run(line, capture_output=True, text=True)


@pytest.mark.parametrize("where", ["", "    "])
def test_code_that_ends_the_process_is_no_success(where):
    with open("mine.py", "w") as file:
        file.write(f"{HEAD}def check_f():\n    pass\n{where}os._exit(0)\n")
    done = in_a_process("gradcheck", "mine.py")
    assert done.returncode == 2 and "raises SystemExit" in done.stderr


def test_a_blank_that_ends_the_process_is_wrong():
    assert run("lesson", "solution", "1", "--py") == 0
    with open("lesson_1_solution.py", "a", encoding="utf-8") as file:
        file.write("\n# %%\ndef affine_forward(x, W, b):\n    __import__('os')._exit(0)\n")
    done = in_a_process("lesson", "check", "lesson_1_solution.py")
    assert done.returncode == 1 and "3 of 4 right" in done.stdout
    assert re.search(r"affine_forward +wrong: .*os\._exit\(0\)", done.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_process_that_the_code_forks_can_end():
    with open("mine.py", "w") as file:
        forks = "if os.fork() == 0:\n    os._exit(7)\nassert os.wait()[1] == 7 << 8\n"
        file.write(HEAD + forks + SQUARE.format(""))
    assert in_a_process("gradcheck", "mine.py").returncode == 0


@pytest.mark.parametrize(
    "code, line", [("\ndef f():\n    1 / 0\nf()\n", 5), ("\n\nx = (\n", 5), ("x = 1 +", 3)]
)
def test_the_line_of_a_mistake_is_named_for_a_relative_path(code, line, capsys):
    code, err = told(code, capsys)
    assert code == 2 and f" in line {line}: " in err


@pytest.mark.parametrize("code", ["x = '\0'", "x = " + "-" * 200_000 + "1"])
def test_a_mistake_without_a_line(code, capsys):
    code, err = told(code, capsys)
    assert code == 2 and "None" not in err and "mine.py: its code raises " in err


def test_an_exception_without_words(capsys):
    mute = (
        "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\n\nraise Mute\n"
    )
    code, err = told(mute, capsys)
    assert code == 2 and "raises Mute in line 7: without words" in err


@pytest.mark.parametrize("domain", ["5", "('a', 1)", "(1, 2, 3)"])
def test_a_domain_that_is_none(domain, capsys):
    assert told(SQUARE.format(", {'domain': (0, 5)}"), capsys)[0] == 0
    code, err = told(SQUARE.format(f", {{'domain': {domain}}}"), capsys)
    assert code == 2 and "domain must be (low, high), got" in err


def test_code_that_closes_stdout():
    with open("mine.py", "w") as file:
        file.write(f"{HEAD}sys.stdout.close()\n{SQUARE.format('')}")
    done = in_a_process("gradcheck", "mine.py")
    assert done.returncode == 2 and "the rest of the output is lost" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_that_nobody_has(capsys):
    assert run("gradcheck", "~nobody-has-this-name/mine.py") == 2
    assert "there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize("code", ["x = " + "-" * 200_000 + "1", "x = 1" + " + 1" * 50_000])
def test_a_cell_that_is_nested_too_deeply(code, capsys):
    assert run("lesson", "solution", "1", "--py") == 0
    with open("lesson_1_solution.py", "a") as file:
        file.write(f"\n# %%\n{code}\n")
    assert run("lesson", "check", "lesson_1_solution.py") == 0


def test_the_command_to_type_is_one_that_works(here, capsys):
    folder = here / "-a b"
    assert run("lesson", "start", "1", f"./{folder.name}", "--py") == 0
    word = capsys.readouterr().out.rpartition("lesson check ")[2].strip()
    assert word == "'./-a b/lesson_1.py'"


def test_parameters_named_like_an_option_are_parameters(capsys):
    loss = (
        "def loss(p):\n    return (p['seed'] * p['W']).sum(), {'seed': p['W'], 'W': p['seed']}\n\n"
        "def check_loss():\n    return loss, {'seed': x, 'W': x + 1}\n"
    )
    assert told(loss, capsys)[0] == 0
    assert told(loss.replace("'W': p['seed']}", "'W': 2 * p['seed']}"), capsys)[0] == 1
    code, err = told(SQUARE.format(", {'domian': (0, 5), 'seed': 1}"), capsys)
    assert code == 2 and "domian" in err
