"""Two trainers, dead trainers, and what they leave in a run directory."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest

from numpygan.errors import NumpyganError
from numpygan.files import write_whole
from numpygan.locks import at_path
from numpygan.metrics import parzen
from numpygan.runs.ownership import locked
from tests.helpers.cli import TINY, files, images, learned, metrics, run
from tests.helpers.faults import faulty

ROOT = Path(__file__).parents[2]
IT = [*TINY, "--out", "it"]
SHORT, LONG = ["--iterations", 20], ["--iterations", 25]


@pytest.fixture(autouse=True)
def world(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parzen, "SAMPLES", 50)
    numpy.save("images.npy", images())


@pytest.fixture
def whole(tmp_path):
    assert run(*TINY, *LONG, "--out", "whole") == 0
    return tmp_path / "whole"


def test_a_second_trainer_is_refused_and_readers_are_not(tmp_path, capsys):
    run(*IT, *SHORT)
    with locked(tmp_path / "it" / "lock"):
        before = files(tmp_path)
        assert run(*IT, *LONG, "--resume") == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and f"pid {os.getpid()} " in err and "it: " in err
        assert files(tmp_path) == before
        assert run("sample", "it", "-n", 2, "-o", "samples.npy") == 0
        assert run("evaluate", "it") == 0
        assert run("interpolate", "it", "-n", 1, "-o", "lines.png") == 0
    assert run(*IT, *LONG, "--resume") == 0


def test_two_new_trainers_in_one_directory(tmp_path, capsys):
    (tmp_path / "it").mkdir()
    with locked(tmp_path / "it" / "lock"):  # the first has not yet written its config.toml
        assert run(*IT, *SHORT) == 2
        assert "pid" in capsys.readouterr().err
    assert run(*IT, *SHORT) == 0


def test_a_lock_that_is_another_file_too_is_left_alone(tmp_path, capsys):
    run(*IT, *SHORT)
    (tmp_path / "thesis.tex").write_text("my thesis")
    (tmp_path / "it" / "lock").unlink()
    os.link("thesis.tex", "it/lock")
    assert run(*IT, *LONG, "--resume") == 2
    assert "is not a lock that numpygan made" in capsys.readouterr().err
    assert (tmp_path / "thesis.tex").read_text() == "my thesis"


def test_a_dead_process_is_not_in_the_way(tmp_path, whole):
    run(*IT, *SHORT)
    code = (
        "import sys, time; from pathlib import Path; from numpygan.runs.ownership import locked\n"
        "with locked(Path('it/lock')): print(flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        holder.stdout.readline()
        with (
            pytest.raises(NumpyganError, match=f"pid {holder.pid} "),
            locked(tmp_path / "it" / "lock"),
        ):
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    assert run(*IT, *LONG, "--resume") == 0
    assert learned(tmp_path / "it") == learned(whole)


def test_a_file_with_the_same_inode_on_another_device_is_another(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    with open(path, "wb") as file:
        assert at_path(file.fileno(), path)
        found = os.lstat(path)
        other = SimpleNamespace(st_dev=found.st_dev + 1, st_ino=found.st_ino)
        with monkeypatch.context() as patch:
            patch.setattr(os, "lstat", lambda _: other)
            assert not at_path(file.fileno(), path)


def test_the_lock_ends_with_the_training(tmp_path):
    assert run(*IT, *SHORT) == 0
    assert run(*IT, "--iterations", 1, "--resume") == 2  # an error, too, ends it
    with locked(tmp_path / "it" / "lock"):
        pass


@pytest.mark.parametrize(("number", "code"), [(errno.ENOLCK, 0), (errno.ENOSYS, 0), (errno.EIO, 2)])
def test_a_file_system_without_locks(number, code, monkeypatch, capsys):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    assert run(*IT, *SHORT) == code
    assert capsys.readouterr().err.count("\n") == (code == 2)


# What a kill leaves


def test_killed_before_the_configuration(tmp_path, whole):
    for names in (["samples/"], ["samples/", "lock", "config.toml.123.tmp"]):
        it = tmp_path / f"it{len(names)}"
        it.mkdir()
        for name in names:
            (it / name).mkdir() if name.endswith("/") else (it / name).write_text("half")
        assert run(*TINY, *LONG, "--out", it) == 0
        assert files(it).keys() == files(whole).keys() and learned(it) == learned(whole)


@pytest.mark.parametrize(
    "name", ["thesis.tex", "config.toml.bak.tmp", "samples/mine.png", "checkpoint.npz"]
)
def test_a_stranger_s_file_is_no_leftover(name, tmp_path):
    (tmp_path / "it" / name).parent.mkdir(parents=True)
    (tmp_path / "it" / name).write_text("mine")
    assert run(*IT, *SHORT) == 2
    assert [path.read_text() for path in (tmp_path / "it").rglob("*") if path.is_file()] == ["mine"]


def test_killed_before_the_first_checkpoint(tmp_path, whole):
    run(*IT, *LONG)
    it = tmp_path / "it"
    for path in it.iterdir():
        if path.name not in ("config.toml", "samples"):
            path.unlink()
    assert run(*IT, *LONG) == 2
    assert run(*IT, *LONG, "--resume") == 0
    assert (
        learned(it) == learned(whole)
        and metrics(it) == metrics(whole)
        and files(it).keys() == files(whole).keys()
    )


def test_temporary_files_go_and_others_stay(tmp_path):
    run(*IT, *SHORT)
    left = [
        "checkpoint.npz.7.tmp",
        "best.npz.12345.tmp",
        "metrics.csv.8.tmp",
        "learning.png.9.tmp",
        "samples/00000020.png.7.tmp",
    ]
    mine = ["notes.7.tmp", "checkpoint.npz.old.tmp", "samples/mine.tmp"]
    for name in left + mine:
        (tmp_path / "it" / name).write_text("half")
    assert run(*IT, *LONG, "--resume") == 0
    names = files(tmp_path / "it")
    assert not names.keys() & set(left) and names.keys() >= set(mine)


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_row_of_metrics_cut_short(cut, tmp_path, whole):
    run(*IT, *SHORT)
    table = tmp_path / "it" / "metrics.csv"
    rows = table.read_text().splitlines(keepends=True)
    table.write_text("".join(rows) + rows[-1][:-1][:-cut])
    assert run(*IT, *LONG, "--resume") == 0
    assert metrics(tmp_path / "it") == metrics(whole)


def test_an_unflushed_folder_is_told_apart(tmp_path):
    """When only the folder's own flush fails, the new file is there already, and the sentence says
    so.
    """
    path = tmp_path / "file"
    path.write_text("old")
    with faulty(tmp_path) as calls:
        write_whole(path, lambda file: file.write(b"old"))
    assert calls == ["write", "fsync", "replace", "fsync"]
    for at, content in ((1, "old"), (2, "old"), (3, "old"), (4, "new")):
        with (
            faulty(tmp_path, at, "EIO"),
            pytest.raises(NumpyganError, match="kept" if at < 4 else "new file is there"),
        ):
            write_whole(path, lambda file: file.write(b"new"))
        assert path.read_text() == content and sorted(os.listdir(tmp_path)) == [
            "file",
            "images.npy",
        ]


@pytest.mark.slow
def test_torture():
    """The short form: each way to hurt a run once, and every 1,500th of all faults."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--minutes", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for what in (
        "SIGKILL at a random moment",
        "contents of the disk after a power failure",
        "file system full",
        "races of two trainers",
        "file system read-only",
        "cases",
        "never stopped",
    ):
        assert what in done.stdout


def test_the_name_of_an_earlier_holder_is_gone(tmp_path):
    path = tmp_path / "lock"
    path.write_text("pid 123456789 on " + 100 * "x" + "\n")
    with locked(path):
        assert path.read_text().count("\n") == 1 and "x" * 9 not in path.read_text()


@pytest.mark.parametrize("number", [errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK])
def test_each_error_that_means_locked_already_is_understood(number, tmp_path, monkeypatch):
    """POSIX leaves EAGAIN or EACCES to the system; Windows says EDEADLK after its tries."""

    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        pytest.raises(NumpyganError, match="is being trained by another process"),
        locked(tmp_path / "lock"),
    ):
        pass


def test_a_lock_replaced_before_it_was_locked_is_opened_again(tmp_path, monkeypatch):
    """Its last holder may have removed it between our open and our lock."""
    path, flock, calls = tmp_path / "lock", fcntl.flock, []

    def slow(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            path.unlink()
            path.write_text("")
        return flock(*arguments)

    monkeypatch.setattr(fcntl, "flock", slow)
    with locked(path) as held:
        held.check()
        assert path.read_text().startswith(f"pid {os.getpid()} ")
    assert len(calls) == 2
