"""A trainer writes into the directory that it has locked, and nowhere else; files are written
whole, where nobody else's lie.
"""

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from numpygan import NumpyganError
from numpygan.files import (
    NewPath,
    check_writable,
    make_folder,
    open_regular,
    read_bytes,
    write_json,
    write_whole,
)
from numpygan.runs.directory import RunDirectory
from numpygan.runs.ownership import NotOwner, locked
from tests.helpers.cli import run

RING = (
    "train",
    "ring",
    "--set",
    "generator=relu 8,linear",
    "--set",
    "scale_g=0,0",
    "--set",
    "discriminator=relu 8",
    "--set",
    "keep=1,1",
    "--set",
    "scale_d=0,0",
    "--set",
    "batch=20",
    "--quiet",
)


def text(words):
    return lambda file: file.write(words)


def replaced(folder):
    """What can become of a run directory while its trainer lives."""
    yield "moved", lambda: folder.rename(folder.with_name("moved"))
    yield "lock removed", (folder / "lock").unlink
    yield "lock replaced", lambda: (folder / "lock.new").rename(folder / "lock")

    def a_file():
        folder.rename(folder.with_name("moved"))
        folder.write_text("of another")

    yield "a file in its place", a_file


@pytest.mark.parametrize("what", ["moved", "lock removed", "lock replaced", "a file in its place"])
def test_a_trainer_that_lost_its_directory_writes_nothing_more(what, tmp_path):
    folder = tmp_path / "it"
    folder.mkdir()
    (folder / "lock.new").write_text("of another")
    held = RunDirectory(folder)
    with held.locked():
        held.check_owner()  # premise: until then it is ours
        dict(replaced(folder))[what]()
        with pytest.raises(NotOwner, match="no longer the directory"):
            held.check_owner()
        with pytest.raises(NotOwner):
            held.add_metrics({"iteration": 1})
    assert not (folder / "metrics.csv").exists()


def test_a_trainer_whose_directory_was_deleted_leaves_the_one_that_is_there_now(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-m", "numpygan", *RING, "--iterations", "10000000", "--out", "it"]
    first = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not Path("it/checkpoint.npz").exists():
        assert first.poll() is None
    first.send_signal(signal.SIGSTOP)  # or it may have seen the other's directory before SIGTERM
    Path("it").rename("before")
    assert run(*RING, "--seed", "7", "--iterations", "20", "--out", "it") == 0
    finished = {path: path.read_bytes() for path in Path("it").rglob("*") if path.is_file()}
    first.send_signal(signal.SIGTERM)
    first.send_signal(signal.SIGCONT)
    told = first.communicate()[1]
    assert first.returncode == 2 and told.count("\n") == 1 and "no longer the directory" in told
    assert {path: path.read_bytes() for path in Path("it").rglob("*") if path.is_file()} == finished


def test_a_directory_that_is_replaced_while_a_picture_is_drawn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ours = RunDirectory("it")

    def drawn(file):
        file.write(b"ours")
        Path("it").rename("before")
        Path("it").mkdir()
        Path("it/learning.png").write_bytes(b"theirs")

    Path("it").mkdir()
    with ours.locked(), pytest.raises(NumpyganError, match="no longer the directory"):
        write_whole(ours.owned(ours.learning), drawn)
    assert Path("it/learning.png").read_bytes() == b"theirs"


def test_not_even_a_temporary_file_is_made_in_a_directory_that_was_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ours, seen = RunDirectory("it"), []
    Path("it").mkdir()
    with ours.locked(), pytest.raises(NumpyganError, match="no longer the directory"):
        Path("it").rename("before")
        Path("it").mkdir()
        write_whole(ours.owned(ours.learning), lambda file: seen.extend(Path("it").iterdir()))
    assert seen == []


@pytest.mark.parametrize(
    "kind", ["symlink", "dangling symlink", "folder", "pipe", "somebody's file"]
)
def test_a_lock_that_is_no_lock_is_refused_and_kept(kind, tmp_path):
    outside, lock = tmp_path / "outside", tmp_path / "lock"
    outside.write_text("precious")
    {
        "symlink": lambda: lock.symlink_to(outside),
        "dangling symlink": lambda: lock.symlink_to(tmp_path / "none"),
        "folder": lock.mkdir,
        "pipe": lambda: os.mkfifo(lock),
        "somebody's file": lambda: lock.write_text("x" * 1000),
    }[kind]()
    with pytest.raises(NumpyganError, match="lock"), locked(lock):
        pass
    assert outside.read_text() == "precious" and not (tmp_path / "none").exists()


def test_a_file_is_written_where_a_symlink_was_and_not_through_it(tmp_path):
    outside, path = tmp_path / "outside", tmp_path / "x.json"
    outside.write_text("precious")
    path.symlink_to(outside)
    write_json(path, {"a": 1})
    assert (
        outside.read_text() == "precious"
        and not path.is_symlink()
        and path.read_text() == '{\n  "a": 1\n}\n'
    )


def test_a_planted_temporary_file_is_not_written_through(tmp_path):
    outside, path = tmp_path / "outside", tmp_path / "x"
    outside.write_text("precious")
    (tmp_path / f"x.{os.getpid()}.tmp").symlink_to(outside)
    write_whole(path, text(b"new"))
    assert outside.read_text() == "precious" and path.read_bytes() == b"new"


def test_a_new_file_never_replaces_what_appeared_meanwhile(tmp_path):
    path = tmp_path / "x"

    def slowly(file):
        file.write(b"ours")
        path.write_bytes(b"theirs")  # while we compute

    with pytest.raises(NumpyganError, match="made by somebody else meanwhile"):
        write_whole(NewPath(path), slowly)
    assert path.read_bytes() == b"theirs" and os.listdir(tmp_path) == ["x"]
    write_whole(path, text(b"forced"))
    assert path.read_bytes() == b"forced"


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, None])
def test_a_new_file_never_replaces_without_links_either(number, tmp_path, monkeypatch):
    """On FUSE, on Android, in a Python without os.link."""

    def no_links(*_):
        raise OSError(number, os.strerror(number))

    if number:
        monkeypatch.setattr(os, "link", no_links)
    else:
        monkeypatch.delattr(os, "link")
    write_whole(NewPath(tmp_path / "x"), text(b"ours"))
    with pytest.raises(NumpyganError, match="meanwhile"):
        write_whole(NewPath(tmp_path / "x"), text(b"again"))
    assert (tmp_path / "x").read_bytes() == b"ours" and os.listdir(tmp_path) == ["x"]


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_the_mode_of_a_file_is_kept_and_that_of_a_new_one_is_the_users(tmp_path):
    path, before = tmp_path / "x", os.umask(0o027)
    try:
        write_whole(path, text(b"1"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        write_whole(path, text(b"2"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(before)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_nothing_waits_for_a_pipe_or_reads_a_device(kind, tmp_path):
    path = tmp_path / "x"
    {
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "device": lambda: path.symlink_to("/dev/zero"),
    }[kind]()
    with pytest.raises(NumpyganError, match="a device" if kind == "device" else f"a {kind}"):
        read_bytes(path, 100)
    if kind != "device":
        with pytest.raises(NumpyganError, match=f"a {kind}"):
            write_whole(path, text(b"x"))


def test_a_file_that_is_too_long_is_not_read_whole(tmp_path):
    (tmp_path / "x").write_bytes(b"12345")
    assert read_bytes(tmp_path / "x", 5) == b"12345"
    with pytest.raises(NumpyganError, match="more than 4 bytes"):
        read_bytes(tmp_path / "x", 4)


@pytest.mark.parametrize("code", [22, 95, 1, 9])  # EINVAL, EOPNOTSUPP, EPERM, EBADF
def test_folders_that_cannot_be_flushed_are_no_error(code, tmp_path, monkeypatch):
    flush = os.fsync

    def of_network_folders(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))
        flush(handle)

    monkeypatch.setattr(os, "fsync", of_network_folders)
    write_whole(tmp_path / "x", text(b"x"))
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "x").read_bytes() == b"x" and (tmp_path / "a" / "b").is_dir()


def test_a_failing_disk_is_an_error(tmp_path, monkeypatch):
    def fails(handle):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(NumpyganError, match="Input/output error"):
        write_whole(tmp_path / "x", text(b"x"))


def test_the_next_writer_removes_leftovers_but_not_the_file_of_a_living_one(tmp_path):
    path, inside, go_on = tmp_path / "x", threading.Event(), threading.Event()
    dead = tmp_path / "x.123.tmp"
    dead.write_text("half")

    def slowly(file):
        file.write(b"slow")
        inside.set()
        assert go_on.wait(60)

    slow = threading.Thread(target=write_whole, args=(path, slowly))
    slow.start()
    assert inside.wait(60)
    write_whole(path, text(b"fast"))
    assert not dead.exists() and path.read_bytes() == b"fast"
    go_on.set()
    slow.join()
    assert path.read_bytes() == b"slow" and os.listdir(tmp_path) == ["x"]


@pytest.mark.slow
def test_trainings_started_at_once_get_a_directory_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-m", "numpygan", *RING, "--iterations", "5"]
    jobs = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    assert [(job.communicate()[1], job.returncode) for job in jobs] == [(b"", 0)] * 4
    assert sorted(os.listdir("runs")) == ["ring-1", "ring-2", "ring-3", "ring-4"]


def test_a_training_that_never_began_leaves_no_directory(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("train", "mnist", "--data", "nowhere.npy") == 2
    assert os.listdir(tmp_path) == []


def test_an_error_without_words_is_told_by_its_name(tmp_path, monkeypatch, capsys):
    from numpygan.figures import pictures

    def broken(*_, **__):
        raise MemoryError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pictures, "save_samples", broken)
    assert run("train", "gauss1d", "--iterations", 2, "--out", "it", "--quiet") == 2
    assert "but a picture: MemoryError.\n" in capsys.readouterr().err


def test_pictures_that_fail_cost_no_state(tmp_path, monkeypatch, capsys):
    from numpygan.figures import pictures

    def broken(*_, **__):
        raise RuntimeError("latex was not found")

    monkeypatch.setattr(pictures, "save_samples", broken)
    monkeypatch.chdir(tmp_path)
    assert run(*RING, "--iterations", "30", "--out", "it") == 2
    told = capsys.readouterr().err.splitlines()
    assert (
        len(told) == 2
        and all("latex was not found" in line for line in told)
        and "state" in told[1]
    )
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert RunDirectory("it").read_metrics()[-1]["iteration"] == 30
    # It is finished; the picture is made up for
    assert run(*RING, "--iterations", "30", "--out", "it", "--resume") == 2
    assert (tmp_path / "it/samples/00000030.png").exists()


def test_the_row_of_a_trainer_killed_after_its_checkpoint_is_not_lost(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert run(*RING, "--iterations", "30", "--out", "straight") == 0
    assert run(*RING, "--iterations", "30", "--out", "it") == 0
    (tmp_path / "it/metrics.csv").unlink()
    (tmp_path / "it/samples/00000030.png").unlink()
    (tmp_path / "it/learning.png").unlink()
    assert run(*RING, "--iterations", "30", "--out", "it", "--resume") == 2
    (mine,), (never_killed,) = (
        RunDirectory(name).read_metrics()[-1:] for name in ("it", "straight")
    )
    assert str(mine | {"seconds": 0}) == str(never_killed | {"seconds": 0})
    for name in ("samples/00000030.png", "learning.png"):
        assert (tmp_path / "it" / name).exists()


def test_folders_that_cannot_all_be_made_are_not_made_in_part(tmp_path):
    with pytest.raises(OSError):
        make_folder(tmp_path / "a" / "b" / ("y" * 300))
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_leaves_no_temporary_one(tmp_path):
    write_whole(NewPath(tmp_path / "new"), lambda file: file.write(b"x"))
    check_writable(tmp_path / "later")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_file_in_place_of_a_symlink_has_the_usual_mode(tmp_path):
    (tmp_path / "link").symlink_to("gone")
    write_whole(tmp_path / "link", lambda file: file.write(b"x"))
    (tmp_path / "usual").write_bytes(b"x")
    usual = (tmp_path / "usual").stat().st_mode
    assert stat.S_IMODE(usual) != 0o777  # premise: not the mode of a symlink
    assert (tmp_path / "link").lstat().st_mode == usual


def test_a_symlink_with_the_name_of_a_temporary_file_stays(tmp_path):
    (tmp_path / "outside").write_bytes(b"kept")
    link, old = tmp_path / "new.1-ab.tmp", tmp_path / "new.2-ab.tmp"
    link.symlink_to("outside")
    old.write_bytes(b"x")
    write_whole(tmp_path / "new", lambda file: file.write(b"x"))
    assert not old.exists()  # premise: such a name is that of a temporary file
    assert link.is_symlink() and (tmp_path / "outside").read_bytes() == b"kept"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a FIFO")
def test_a_pipe_that_appears_just_before_the_file_is_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    with monkeypatch.context() as patch:
        patch.setattr(os.path, "exists", lambda path: False)  # as it was a moment before
        with pytest.raises(OSError, match="it is a pipe"):
            open_regular(tmp_path / "pipe")
