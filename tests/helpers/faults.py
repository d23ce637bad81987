"""A file layer that fails on purpose: every write, flush and rename below a folder is counted, and
one of them goes wrong.
"""

import builtins
import errno
import os
import signal
from contextlib import contextmanager


def _kill():
    os.kill(os.getpid(), signal.SIGKILL)


def _error(number):
    def fail():
        raise OSError(number, os.strerror(number))

    return fail


FAULTS = {  # what happens at the call, and whether a write first gets half of its bytes to the disk
    "EIO": (_error(errno.EIO), False),
    "ENOSPC": (_error(errno.ENOSPC), False),
    "short write, then ENOSPC": (_error(errno.ENOSPC), True),
    "EROFS": (_error(errno.EROFS), False),
    "SIGKILL": (_kill, False),
    "SIGKILL half-way through a write": (_kill, True),
}


class _File:
    """An open file whose writes are counted."""

    def __init__(self, file, count):
        self._file, self._count = file, count

    def write(self, content):
        self._count(
            "write",
            lambda: (
                self._file.write(memoryview(content)[: len(content) // 2]),
                self._file.flush(),
            ),
        )
        return self._file.write(content)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()


@contextmanager
def faulty(folder, at=0, fault="EIO"):
    """Within, the `at`-th call (from 1) below `folder` meets `fault`; yields the list of the calls'
    names, to be counted.
    """
    calls, (action, half) = [], FAULTS[fault]
    real = {
        "open": builtins.open,
        "fsync": os.fsync,
        "replace": os.replace,
        "mkdir": os.mkdir,
        "pwrite": os.pwrite,
    }
    inside = os.path.realpath(folder) + os.sep

    def count(name, write_half=None):
        calls.append(name)
        if len(calls) == at:
            if half and write_half:
                write_half()
            action()

    def opened(path, mode="r", *args, **kwargs):
        file = real["open"](path, mode, *args, **kwargs)
        if (
            set("wax+") & set(mode)
            and isinstance(path, str | os.PathLike)
            and os.path.realpath(path).startswith(inside)
        ):
            return _File(file, count)
        return file

    def counted(name):
        def call(*args, **kwargs):
            count(name)
            return real[name](*args, **kwargs)

        return call

    builtins.open = opened
    for name in ("fsync", "replace", "mkdir", "pwrite"):
        setattr(os, name, counted(name))
    try:
        yield calls
    finally:
        builtins.open = real["open"]
        for name in ("fsync", "replace", "mkdir", "pwrite"):
            setattr(os, name, real[name])
