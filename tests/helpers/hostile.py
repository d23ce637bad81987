"""A small world with a run in it that is to be hurt, and what can lie where a file is expected."""

import contextlib
import os
import shutil
import signal
import socket

import numpy
import pytest
from tests.helpers.cli import TINY, images, run, small_world

COMMANDS = {  # what reads a run
    "sample": lambda it: ("sample", it, "-n", 2, "-o", "new.npy"),
    "interpolate": lambda it: ("interpolate", it, "-n", 1, "-o", "new.png"),
    "evaluate": lambda it: ("evaluate", it, "-o", "new.json"),
    "report": lambda it: ("report", it, "-o", "new.html"),
    "study": lambda it: ("study", it, "--iterations", 1, "-o", "new.html"),
    "resume": lambda it: ("train", "--quiet", "--resume", "--out", it, "--epochs", 2),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    with small_world(folder):
        numpy.save("images.npy", images())
        assert run(*TINY, "--epochs", 1, "--out", "it") == 0
        assert run("evaluate", "it") == 0
        yield folder


@pytest.fixture
def hurt(world):
    """A copy of the run, to be hurt."""
    shutil.copytree("it", "hurt", symlinks=True)
    yield world / "hurt"
    shutil.rmtree("hurt")
    for name in ("new.npy", "new.png", "new.json", "new.html"):
        if os.path.lexists(name):
            os.unlink(name)


@pytest.fixture(autouse=True)
def no_hang():
    def late(*_):
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _socket(path):
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # a name that may be only so long


KINDS = {
    "pipe": os.mkfifo,
    "folder": os.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "socket": _socket,
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
}
