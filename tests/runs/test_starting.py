"""A Ctrl-C while the program starts."""

import os
import signal
import subprocess
import sys

import pytest

INTERRUPTED = """import os, signal
try:
    os.kill(os.getpid(), int(os.environ.get("SIGNAL", signal.SIGINT)))
except KeyboardInterrupt:
    if os.environ["WAY"] != "library":
        raise ImportError("NumPy says that it is installed badly") from None
    raise
"""
PROGRAM = "import sys\nfrom numpygan.cli import main\nsys.exit(main())\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("way", ["program", "module", "library"])
def test_a_ctrl_c_during_the_imports(way, tmp_path):
    (tmp_path / "numpy.py").write_text(INTERRUPTED)  # in place of NumPy
    (tmp_path / "numpygan").write_text(PROGRAM)
    (tmp_path / "user.py").write_text("import numpygan\n")
    command = {"program": [tmp_path / "numpygan"], "module": ["-m", "numpygan"]}
    result = subprocess.run(
        [sys.executable, *command.get(way, [tmp_path / "user.py"]), "recipes"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.getcwd()}", "WAY": way},
        cwd=tmp_path if way != "module" else None,
        capture_output=True,
        text=True,
    )
    if way == "library":
        assert result.returncode == -signal.SIGINT and "Traceback" in result.stderr
    else:
        assert result.returncode == 130
        assert result.stderr == "numpygan: Stopped; give the same command to start again.\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, getattr(signal, "SIGHUP", None)])
def test_another_signal_during_the_imports(number, tmp_path):
    (tmp_path / "numpy.py").write_text(INTERRUPTED)
    (tmp_path / "numpygan").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, tmp_path / "numpygan", "recipes"],
        env=os.environ
        | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.getcwd()}", "SIGNAL": str(int(number))},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 130
    assert done.stderr == "numpygan: Stopped; give the same command to start again.\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def study_in(folder):
    """`numpygan study`, by the program in the folder."""
    return subprocess.run(
        [sys.executable, folder / "numpygan", "study"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, getattr(signal, "SIGHUP", None)])
def test_another_signal_during_the_work_is_a_ctrl_c(number, tmp_path):
    """The sentence says how to go on, and half-written files are removed."""
    (tmp_path / "numpygan").write_text(
        "import os, signal\nfrom numpygan.files import write_whole\n"
        "from numpygan.commands import study\n"
        f"study.study = lambda _: write_whole('x', lambda _: os.kill(os.getpid(), {int(number)}))\n"
        + PROGRAM
    )
    done = study_in(tmp_path)
    assert done.returncode == 130
    assert done.stderr == "numpygan: Stopped; give the same command to start again.\n"
    assert os.listdir(tmp_path) == ["numpygan"]


def test_later_a_ctrl_c_is_an_exception_again_until_the_program_is_done(tmp_path):
    (tmp_path / "numpygan").write_text(
        "import signal, sys\nfrom numpygan import cli\nbefore = signal.getsignal(signal.SIGINT)\n"
        "def parser():\n"
        "    try:\n        signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n        sys.exit()\n"
        "cli.parser = parser\n"
        "try:\n    cli.main(['recipes'])\nexcept SystemExit:\n    pass\n"
        "assert before is not signal.default_int_handler\n"
        "assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN\n"
    )
    subprocess.run([sys.executable, tmp_path / "numpygan"], check=True, capture_output=True)


LOST = {  # a module that a command imports -> how it would lose the exception of a Ctrl-C
    "a C module that drops it": "try:\n    stop()\nexcept BaseException:\n    pass\n",
    "a C module that tells of a damaged package": (
        "try:\n    stop()\nexcept KeyboardInterrupt:\n    raise ImportError from None\n"
    ),
    "a RuntimeError of Python 3.11": (
        "class Named:\n    def __set_name__(*_):\n        stop()\n"
        "try:\n    class Owner:\n        named = Named()\nexcept RuntimeError:\n    pass\n"
    ),
    "C code that makes it another error": (
        "def work():\n    try:\n        stop()\n"
        "    except KeyboardInterrupt:\n        raise TypeError('incompatible arguments') from None\n"
    ),
    "an object that is deleted": (
        "class Object:\n    def __del__(self):\n        stop()\n"
        "def work():\n    Object()\n    wait()\n"
    ),
    "a second one is not held back": (
        "import numpygan.starting\nnumpygan.starting._SECONDS_LATER = 3600\n"
        "stop()\nstop()\nwait()\n"
    ),
    "the user's own code takes long": (
        "import numpygan.starting\nnumpygan.starting._MOST_TIMES = 3\nstop()\nwait()\n"
    ),
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("case", LOST)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_command_imports_is_not_lost(case, number, tmp_path):
    (tmp_path / "late.py").write_text(
        "import os, threading\n"
        f"def stop():\n    os.kill(os.getpid(), {int(number)})\n"
        "def wait():\n    threading.Event().wait(60)\n    print('went on')\n"
        "work = wait\n" + LOST[case]
    )
    (tmp_path / "numpygan").write_text(
        "from numpygan.commands import study\n"
        "def work(_):\n    import late\n    late.work()\n"
        "study.study = work\n" + PROGRAM
    )
    done = study_in(tmp_path)
    assert done.returncode == 130 and done.stdout == ""
    assert done.stderr == "numpygan: Stopped; give the same command to start again.\n"


def test_a_ctrl_c_when_the_work_is_done_changes_nothing(tmp_path):
    """It comes after the handlers of exit: the interpreter has given up its own handler then."""
    (tmp_path / "numpygan").write_text(
        "import os, signal, sys\nfrom numpygan.cli import main\n"
        "class Late:\n    def __del__(self, kill=os.kill, me=os.getpid()):\n        kill(me, 2)\n"
        "sys.late = Late()\n" + PROGRAM
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "numpygan", "recipes"], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr == "" and "mnist" in done.stdout
