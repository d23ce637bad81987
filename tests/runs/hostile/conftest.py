"""A small world with a run in it that is to be hurt."""

import os
import shutil
import signal

import numpy
import pytest

from tests.helpers.cli import TINY, images, run, small_world


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
