"""What other systems lack, and words on the command line that are mistyped, lie elsewhere or need
docstrings.
"""

import subprocess
import sys

import pytest

from tests.helpers.cli import TINY_TOY, checkpoint, run, sets
from tests.runs.test_processes import SWEEP, here, process  # noqa: F401

# ruff: noqa: F811  (a fixture and the parameter that asks for it have one name)

# Other systems

LACKING = """import os, signal, sys
# Which know where they are
import matplotlib.figure, multiprocessing.popen_spawn_posix, multiprocessing.util, numpy, subprocess
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("sched_getaffinity", "uname", "register_at_fork", "pwrite", "geteuid", "getuid", "O_NOFOLLOW", "O_DIRECTORY"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "pthread_sigmask", "pthread_kill", "sigwait", "SIGUSR1", "SIGUSR2"):
    delattr(signal, name)
from tests.helpers.plain import main, plain_pictures
from numpygan.check import everything
from numpygan.metrics import toys
plain_pictures()
everything._LONG, toys.DRAWS, toys.PAIRED = 3, 20_000, 100
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["recipes"],
        [*TINY_TOY, "--iterations", "3", "--out", "it"],
        ["sweep", "s.toml", "--out", "out", "--jobs", "2"],
        ["evaluate", "ring", "--seeds", "1", "--out", "seeds", *TINY_TOY[3:], *sets(iterations=3)],
        ["gradcheck", "ring"],
    ],
)
def test_without_what_windows_lacks(arguments, here):
    """The children of a sweep import the same file first, and so lack the same."""
    (here / "s.toml").write_text(SWEEP.format(3))
    (here / "lacking.py").write_text(LACKING)
    done = process(*arguments, program=[sys.executable, "lacking.py"], stdout=subprocess.PIPE)
    out, err = done.communicate()
    assert done.returncode == 0, out + err
    assert "Traceback" not in err


# Words on the command line


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("trian ring", "there is no command 'trian' (did you mean 'train'?); see `numpygan -h`"),
        ("train ring --epoch 3", "'--epoch' (did you mean '--epochs'?); see `numpygan train -h`"),
        # Before what is lacking is told
        ("sample it --sed=3", "'--sed' (did you mean '--seed'?); see `numpygan sample -h`"),
    ],
)
def test_a_mistyped_word_gets_the_nearest_name(line, words, capsys):
    assert run(*line.split()) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1


def test_a_run_is_gone_on_with_by_its_path(here, capsys):
    assert run(*TINY_TOY, "--iterations", 2, "--out", "it") == 0
    assert (
        run("train", "it", "--resume", "--quiet", "--iterations", 5) == 0
        and checkpoint(here / "it")["iteration"] == 5
    )
    assert run("train", "it") == 2 and "add --resume" in capsys.readouterr().err
    assert (
        run("train", "it", "--resume", "--out", "other") == 2
        and "give one of them" in capsys.readouterr().err
    )


def test_a_tilde_that_the_shell_left_is_the_home_folder(here, monkeypatch):
    (here / "home").mkdir()
    monkeypatch.setenv("HOME", str(here / "home"))
    assert run(*TINY_TOY, "--iterations", 2, "--out=~/it") == 0
    assert (here / "home" / "it" / "checkpoint.npz").exists() and not (here / "~").exists()


def test_without_docstrings_explain_is_one_sentence():
    done = process(
        "explain", "relu", program=[sys.executable, "-OO", "-m", "numpygan"], stdout=subprocess.PIPE
    )
    out, err = done.communicate()
    assert done.returncode == 2 and out == "" and err.count("\n") == 1 and "-OO" in err
