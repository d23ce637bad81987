"""What is around a command: folders that vanish, limits of the system, odd names on the terminal."""

import errno
import io
import os
import sys
import threading
from functools import partial
from types import SimpleNamespace

import pytest

from numpygan import reading
from numpygan.runs.stop import StopSignals
from numpygan.terminal import Output, Progress, shell_word
from tests.helpers.cli import run, small_world


@pytest.mark.skipif(os.name == "nt", reason="Windows can't remove the working directory")
@pytest.mark.parametrize(
    "command",
    [
        ("train", "--data", "images.npy"),
        ("train", "ring"),
        ("train", "ring", "--out", "here"),
        ("sample", "toy", "-o", "new.npy"),
        ("sweep", "sweep.toml"),
        ("lesson", "start", "1"),
    ],
)
def test_a_working_directory_that_was_deleted(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")
    assert run(*command) == 2
    err = capsys.readouterr().err
    assert "the folder in which this command runs was deleted" in err and "(cd)" in err
    assert err.count("\n") == 1


def test_a_thread_that_the_system_refuses_does_not_end_training(monkeypatch):
    def refused(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    with StopSignals(lambda: "") as stop:
        assert not stop.asked
        os.kill(os.getpid(), 2)
        assert stop.asked


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a\rb", "a\\rb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\x1b[31m", "a\\x1b[31m"),
        ("\r 5%|", "\r 5%|"),  # the progress bar
        ("θ é\n", "θ é\n"),
    ],
)
def test_control_characters_are_shown(text, shown):
    stream = io.StringIO(newline="")
    Output(stream).write(text)
    assert stream.getvalue() == shown


@pytest.mark.parametrize(
    "path, word",
    [("-a", "./-a"), ("a b", "'a b'"), ("runs/a-1", "runs/a-1"), ("it's", "'it'\"'\"'s'")],
)
def test_a_path_is_one_word_and_no_option(path, word):
    assert shell_word(path) == word


def test_a_checkpoint_that_the_system_does_not_let_read_is_not_called_lost(
    tmp_path, monkeypatch, capsys
):
    """Permissions do not bind root, so the refusal is made."""
    with small_world(tmp_path):
        monkeypatch.setattr(reading, "open_regular", refused)
        assert run("sample", "toy", "-o", "new.npy") == 2
    err = capsys.readouterr().err
    assert "checkpoint.npz: cannot be read (Permission denied)" in err
    assert "good" not in err and "new run" not in err and "damaged" not in err


def test_a_checkpoint_too_large_for_the_memory_is_not_called_damaged(tmp_path, monkeypatch, capsys):
    def too_large(*args, **options):
        raise MemoryError("Unable to allocate 1 TiB")

    with small_world(tmp_path):
        monkeypatch.setattr(reading.npy, "read_array", too_large)
        assert run("sample", "toy", "-o", "new.npy") == 2
    assert "not enough memory (Unable to allocate 1 TiB)" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("report", "toy", "-o", "r.html"), ("evaluate", "toy")])
def test_a_package_that_cannot_be_imported(command, tmp_path, monkeypatch, capsys):
    with small_world(tmp_path):
        for name in [name for name in sys.modules if name.startswith("matplotlib")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        assert run(*command) == 2
    err = capsys.readouterr().err
    assert "a package is missing or damaged" in err and "matplotlib" in err
    assert "install it, or numpygan, again" in err and err.count("\n") == 1


class BrokenBar:
    """tqdm with a setting that it can't read: it raises where the case says."""

    n, where = 0, None

    def __init__(self, **_):
        self.step("__init__")

    def step(self, name, *_, **__):
        if name == self.where:
            raise TypeError("'>=' not supported between instances of 'float' and 'str'")

    def __getattr__(self, name):
        return partial(self.step, name)


@pytest.mark.parametrize("where", ["import", "__init__", "set_postfix_str", "update", "close"])
def test_a_bar_that_cannot_be_drawn_ends_no_training(where, monkeypatch, capsys):
    bar = type("Bar", (BrokenBar,), {"where": where})
    module = None if where == "import" else SimpleNamespace(tqdm=bar)
    monkeypatch.setitem(sys.modules, "tqdm", module)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress("iterations") as progress:
        for done in (1, 2, 3):
            progress.show(done, 3, "V")
    lines = "" if where == "close" else "3/3 iterations: V\n"
    assert capsys.readouterr().err == lines


def test_a_sweep_on_a_system_without_threads(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text('recipe = "ring"\niterations = 1\n[grid]\nk = [1]\n')

    def refused(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert run("sweep", "s.toml") == 2
    assert "the system starts no more threads" in capsys.readouterr().err


def refused(path, *args, **options):
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


@pytest.mark.parametrize(
    "command, name",
    [
        (("sweep", "s.toml", "--out", "many"), "sweep.json"),
        (("evaluate", "ring", "--seeds", 1, "--out", "many"), "evaluation.json"),
    ],
)
def test_the_last_file_of_many_runs_is_tried_before_the_first_run(
    command, name, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text('recipe = "ring"\niterations = 1\n[grid]\nk = [1]\n')
    (tmp_path / "many" / name).mkdir(parents=True)
    assert run(*command) == 2
    assert f"{name}: cannot be written (it is a folder, not a file)" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "many").iterdir()] == [name]
