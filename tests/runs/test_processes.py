"""Output that can't be written, signals, children whose parent dies: all in real processes."""

import contextlib
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import threading

import numpy
import pytest

from numpygan.ranks import ALONE
from numpygan.recipes.settings import change, recipe_named
from numpygan.runs.directory import RunDirectory
from numpygan.runs.loop import train
from numpygan.runs.pool import carry_out
from tests.helpers.cli import TINY_TOY, checkpoint, run, sets

ROOT = str(pathlib.Path(__file__).parents[2])
NUMPYGAN = [sys.executable, "-m", "numpygan"]
PLAIN = [sys.executable, "-m", "tests.helpers.plain"]  # its trainings draw nothing
LOUD = [argument for argument in TINY_TOY if argument != "--quiet"]
SWEEP = """recipe = "ring"
seeds = 2
iterations = {}
[set]
generator = "relu 8, linear"
scale_g = [0, 0]
discriminator = "relu 8"
keep = [0.9, 1]
scale_d = [0, 0]
batch = 20
[grid]
k = [1]
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", ROOT)
    return tmp_path


def process(*arguments, program=PLAIN, **how):
    return subprocess.Popen(
        [*program, *map(str, arguments)], **{"stderr": subprocess.PIPE, "text": True} | how
    )


@pytest.fixture
def nobody():
    """The writing end of a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_who_has_gone_ends_no_training(unbuffered, here, nobody):
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = process(
        *LOUD, "--iterations", 30, "--out", "it", stdout=nobody, stderr=nobody, env=environment
    )
    assert done.wait() == 0 and checkpoint(here / "it")["iteration"] == 30


@pytest.mark.parametrize(
    "redirection", ["2>&-", ">&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full", ">/dev/full 2>&1"]
)
def test_a_closed_or_full_stream_ends_no_training(redirection, here):
    """Nor does a file of the run become stdout: each is what it should be."""
    line = ["sh", "-c", f'exec "$@" {redirection}', "sh"]
    done = process(*PLAIN, *LOUD, "--iterations", 30, "--out", "it", program=line)
    err = done.communicate()[1]
    assert done.returncode == 0 and checkpoint(here / "it")["iteration"] == 30
    assert ("No space left" in err) == (redirection == ">/dev/full") and "Traceback" not in err


@pytest.mark.slow
def test_a_sweep_whose_reader_has_gone_is_carried_out(here, nobody):
    (here / "s.toml").write_text(SWEEP.format(5))
    done = process("sweep", "s.toml", "--jobs", 1, "--out", "out", stdout=nobody)
    assert done.communicate()[1] == "" and done.returncode == 0
    assert (here / "out" / "sweep.json").exists() and len(
        [*here.glob("out/*/seed-*/result.json")]
    ) == 2


WRONG = """import sys
from numpygan.nn.layers import Tanh
def backward(self, gy, t): self.xp.multiply(gy, 3, out=t.gx)
Tanh.backward = backward
from numpygan.check import everything
everything._LONG = 3  # iterations
from numpygan.cli import main
sys.exit(main(["gradcheck", "gauss1d"]))
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("to", ["nobody", "full"])
def test_a_wrong_derivative_is_wrong_although_nobody_reads_it(to, unbuffered, nobody):
    with open("/dev/full", "w") as full:
        done = process(
            program=[sys.executable, "-c", WRONG],
            stdout=nobody if to == "nobody" else full,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )
        err = done.communicate()[1]
    assert done.returncode == 1 and "Traceback" not in err and "Exception ignored" not in err


PRINTED = {  # by argparse, and by commands; unbuffered, each write is one that fails
    "": [
        ["-h"],
        ["train", "-h"],
        ["--version"],
        ["recipes"],
        ["recipes", "ring"],
        ["explain", "relu"],
    ],
    "1": [["-h"], ["recipes"]],
}


@pytest.mark.parametrize(
    "unbuffered, arguments", [(how, words) for how in PRINTED for words in PRINTED[how]]
)
def test_what_is_only_printed(unbuffered, arguments, nobody):
    """A full disk is an error in one sentence; a reader who has seen enough is none."""
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:
        done = process(*arguments, program=NUMPYGAN, stdout=full, env=environment)
        err = done.communicate()[1]
    assert (
        done.returncode == 2
        and err.count("\n") == 1
        and "No space left" in err
        and "None" not in err
    )
    done = process(*arguments, program=NUMPYGAN, stdout=nobody, env=environment)
    assert (done.communicate()[1], done.returncode) == ("", 0)


def test_without_a_terminal_there_is_a_line_for_an_epoch(here):
    numpy.save("x.npy", numpy.random.default_rng(0).integers(0, 256, (60, 8, 8), "uint8"))
    small = sets(
        generator="relu 8, sigmoid",
        discriminator="maxout 6x2",
        keep="1,1",
        scale_g="0,0",
        scale_d="0,0",
        batch=10,
    )
    done = process(
        "train",
        "mnist",
        *small,
        "--data",
        "x.npy",
        "--epochs",
        3,
        "--out",
        "it",
        stdout=subprocess.DEVNULL,
    )
    lines = done.communicate()[1].splitlines()
    assert [line.split()[0] for line in lines] == ["4/12", "8/12", "12/12"] and all(
        "D(G(z))" in line for line in lines
    )


# Signals

# A training that says when it is in its second iteration, and there does `work`.
LONG = """import sys, time
from numpygan.runs.stop import StopSignals
asked, ask = [], StopSignals._ask
StopSignals._ask = lambda self, *which: (ask(self, *which), asked.append(which))
from numpygan.runs.trainer import Training
advance = Training.advance
def long(self):
    advance(self)
    if self.iteration == {at}:
        print("there", flush=True)
        {work}
Training.advance = long
from tests.helpers.plain import main, plain_pictures
plain_pictures()
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def long_training(work, *more, at=2, **how):
    code = LONG.format(work=work, at=at)
    child = process(
        *TINY_TOY,
        "--iterations",
        50,
        "--out",
        "it",
        *more,
        program=[sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        **how,
    )
    assert child.stdout.readline() == "there\n"
    return child


HANDLED = "while not asked: time.sleep(0.01)"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_finishes_the_iteration_and_saves(name, here):
    child = long_training(HANDLED)
    child.send_signal(getattr(signal, name))
    err = child.communicate()[1]
    assert (
        child.returncode == 130 and "Stopped and saved. Go on with: numpygan train --resume" in err
    )
    assert checkpoint(here / "it")["iteration"] == 2


# `Event().wait()` goes on after a handler; the C function sleeps as a product of large matrices
# does, without looking at signals.
IN_C = "import ctypes\n        while True: ctypes.CDLL(None).sleep(3600)"


@pytest.mark.slow
@pytest.mark.parametrize("work", ["while True: time.sleep(0.1)", IN_C])
def test_a_second_ctrl_c_ends_a_long_iteration_and_says_what_is_saved(work, here):
    child = long_training(work)
    child.send_signal(signal.SIGINT)
    assert "Ctrl-C again" in child.stderr.readline()
    child.send_signal(signal.SIGINT)
    err = child.communicate()[1]
    assert (
        child.returncode == 130
        and "iteration 0 is saved" in err
        and err.endswith("numpygan train --resume --out it\n")
    )
    assert (
        run("train", "it", "--resume", "--quiet") == 0
        and checkpoint(here / "it")["iteration"] == 50
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGTERM"])
def test_what_the_parent_ignores_stays_ignored(name, here):
    number = getattr(signal, name)
    child = long_training(
        "sys.stdin.readline()",
        stdin=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
    )
    child.send_signal(number)
    child.communicate("go on\n")
    assert child.returncode == 0 and checkpoint(here / "it")["iteration"] == 50


def test_training_in_a_thread(here):
    recipe = change(
        recipe_named("ring"),
        generator="relu 8, linear",
        discriminator="relu 8",
        keep="1,1",
        scale_g="0,0",
        scale_d="0,0",
        batch=20,
        iterations=3,
    )
    before, failed = signal.getsignal(signal.SIGINT), []

    def work():
        try:
            train(recipe, RunDirectory("it"))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert (
        not failed
        and checkpoint(here / "it")["iteration"] == 3
        and signal.getsignal(signal.SIGINT) is before
    )


INTERRUPTED = {
    "theory": (["theory", "--out", "figures"], "numpygan.theory.known_game.run", "--force"),
    "gradcheck": (
        ["gradcheck", "ring"],
        "numpygan.commands.gradcheck.check_recipe",
        "same command",
    ),
    "study": (["study", "ring"], "numpygan.commands.study.record", "same command"),
    "evaluate": (["evaluate", "it"], "numpygan.metrics.toys.evaluate", "same command"),
    "report": (["report", "it"], "numpygan.commands.report.report", "same command"),
}


@pytest.mark.parametrize("command", INTERRUPTED)
def test_ctrl_c_in_any_command_is_a_sentence_that_says_how_to_go_on(
    command, here, capsys, monkeypatch
):
    arguments, place, words = INTERRUPTED[command]
    assert run(*TINY_TOY, "--iterations", 2, "--out", "it") == 0
    monkeypatch.setattr(place, lambda *_, **__: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr("numpygan.figures.theory_plots.save_losses", lambda *_: None)
    monkeypatch.setattr("numpygan.figures.theory_plots.save_proposition1", lambda *_: None)
    monkeypatch.setattr("numpygan.theory.proposition1.fits", lambda: None)
    monkeypatch.setattr("numpygan.theory.statements.of_proposition1", lambda _: [])
    monkeypatch.setattr("numpygan.theory.statements.table", lambda _: [])
    with with_python_handler():
        assert run(*arguments) == 130
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "Stopped; " in err and words in err


def test_no_file_takes_the_number_of_a_closed_stream(here):
    """Otherwise what C code prints, or a child, would end up in a checkpoint."""
    code = (
        "import os, sys\nfrom numpygan.terminal import standard_streams\n"
        "with standard_streams():\n    os._exit(100 + os.open('x', os.O_CREAT | os.O_WRONLY))\n"
    )
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    shell = subprocess.run(["sh", "-c", f"exec {line} <&- >&- 2>&-"])
    assert shell.returncode >= 103


def test_a_ctrl_c_while_another_is_reported(capsys, monkeypatch):
    """It comes between the sentence and the end."""
    interrupt = lambda *_, **__: signal.raise_signal(signal.SIGINT)
    monkeypatch.setattr("numpygan.commands.gradcheck.check_recipe", interrupt)
    monkeypatch.setattr("numpygan.terminal.Output.flush", interrupt)
    with with_python_handler():
        assert run("gradcheck", "ring") == 130
    assert "Stopped; " in capsys.readouterr().err


@contextlib.contextmanager
def with_python_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# Children


def wait_for_its_end(path):
    """In a child: open `path`, a FIFO, for as long as the process lives."""
    with open(path, "w") as file:
        file.write("here\n")
        file.flush()
        while True:
            # As in an iteration that never ends
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            signal.sigwait([signal.SIGUSR2])


PARENT = """from tests.runs.test_processes import wait_for_its_end
from numpygan.ranks import ALONE
from numpygan.runs import pool
if __name__ == "__main__":
    list(pool.carry_out(wait_for_its_end, [("fifo",)], 1, ALONE))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "how", ["SIGKILL, SIGKILL", "SIGHUP, SIGKILL", "SIGTERM, SIGKILL", "SIGINT, SIGINT"]
)
def test_children_end_with_their_parent_however_it_ends(how, here):
    """The FIFO ends when the child does, even one that is asked and doesn't come to an end."""
    os.mkfifo("fifo")
    (here / "parent.py").write_text(PARENT)
    parent = process(program=[sys.executable, "parent.py"])
    with open("fifo") as fifo:
        assert fifo.readline() == "here\n"
        first, second = how.split(", ")
        parent.send_signal(getattr(signal, first))
        if second == "SIGINT":  # not before the first has come: equal signals that wait become one
            assert "Ctrl-C again" in parent.stderr.readline()
        parent.send_signal(getattr(signal, second))
        assert fifo.read() == ""
    parent.communicate()


def test_ctrl_c_in_a_sweep_saves_what_runs_and_the_same_command_goes_on(here):
    """The signal goes to all processes, as from a terminal; none of them prints a traceback."""
    (here / "s.toml").write_text(SWEEP.format(1_000_000))
    sweep = process(
        "sweep",
        "s.toml",
        "--jobs",
        2,
        "--out",
        "out",
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    begun = threading.Event()
    places = [here / "out" / "k=1" / f"seed-{seed}" / "checkpoint.npz" for seed in (0, 1)]
    while not all(place.exists() for place in places):
        assert sweep.poll() is None
        begun.wait(0.05)
    os.killpg(sweep.pid, signal.SIGINT)
    out, err = sweep.communicate()
    assert (
        sweep.returncode == 130 and "Stopped; the runs are saved. Go on with: numpygan sweep" in err
    )
    assert "Traceback" not in err + out
    assert all(numpy.load(place)["iteration"] > 0 for place in places)


def return_what_cannot_be_sent():
    return lambda: None


def raise_what_cannot_be_sent():
    error = ValueError("this and that")
    error.function = lambda: None
    raise error


@pytest.mark.parametrize("function", [return_what_cannot_be_sent, raise_what_cannot_be_sent])
def test_a_result_that_cannot_be_sent_is_an_error(function):
    ((_, future),) = carry_out(function, [()], 1, ALONE)
    told = str(future.exception())  # pickle's words, which differ between versions of Python
    assert function.__name__ in told or "this and that" in told
