"""The lock of a run directory: only one trainer at a time."""

import os
import platform
from contextlib import contextmanager

from ..errors import NumpyganError
from ..files import open_regular
from ..locks import at_path, try_lock

_LONGEST = 300  # bytes; a longer file is not a lock
_TRIES = 20  # if the file is replaced again and again between its opening and its locking


class NotOwner(NumpyganError):
    """The run directory is no longer the one that this process has locked."""


class Held:
    """A lock that this process holds."""

    def __init__(self, path, file):
        self._path, self._file = path, file

    def check(self):
        """Raise NotOwner if the lock at the path is another one, or gone."""
        try:
            if at_path(self._file.fileno(), self._path):
                return
            found = (
                "is no longer the directory that this process trains in: it, or its lock, was "
                "removed, moved or replaced"
            )
        except OSError as error:
            found = f"its lock cannot be checked ({error.strerror})"
        raise NotOwner(f"{self._path.parent}: {found}; nothing more is written there.")


@contextmanager
def locked(path):
    """Hold the lock file `path`, which names the process that holds it; yield it as Held.

    The lock belongs to the kernel, so it ends with its process, however the process ends; the file
    may stay. On NFS it works between machines if the server offers locks. On a file system without
    locks (Lustre mounted without `flock`) nothing is locked, and the user must avoid two trainers
    in one directory. The module `filelock` is not used: it does not give access to its file, which
    is needed to write the name of the holder and to compare the path, and some of its versions
    empty the file of a lock that another process holds.

    Raises NumpyganError if another process holds the lock, or the path is a symlink or not a lock.
    """
    for _ in range(_TRIES):
        with _opened(path) as file:
            if _take(path, file):
                yield Held(path, file)
                return
    raise NumpyganError(
        f"{path}: cannot be locked (it is replaced all the time); choose another --out."
    )


def _opened(path):
    try:
        file = open_regular(path, "r+b", os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), buffering=0)
    except OSError as error:
        what = "a symlink" if os.path.islink(path) else error.strerror
        raise NumpyganError(
            f"{path}: cannot be written ({what}); remove it or choose another --out."
        ) from None
    found = os.fstat(file.fileno())
    if found.st_nlink > 1 or found.st_size > _LONGEST:
        file.close()
        raise NumpyganError(
            f"{path}: is not a lock that numpygan made; remove it or choose another --out."
        )
    return file


def _take(path, file):
    """Lock the file and write the holder's name; False if the file is no longer at `path`."""
    try:
        if try_lock(file.fileno()) is False:
            holder = file.read(200).decode(errors="replace").strip()
            raise NumpyganError(
                f"{path.parent}: is being trained by another process "
                f"({holder or 'which has just begun'}); wait for it, stop it, or choose another "
                "--out."
            )
        if not at_path(file.fileno(), path):
            return False
        file.seek(0)
        file.truncate(0)
        file.write(f"pid {os.getpid()} on {platform.node()}\n".encode())
    except OSError as error:
        raise NumpyganError(
            f"{path}: cannot be locked ({error.strerror}); choose another --out."
        ) from None
    return True
