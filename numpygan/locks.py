"""A lock on an open file: flock, or on Windows a locked byte."""

import errno
import os

_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK)
_FAR = 1 << 30  # on Windows a locked byte can't be read; this byte is behind the end of the file


def try_lock(handle):
    """Lock the open file `handle` without waiting: True, or False if it is locked already.

    It is None on a file system without locks. The kernel ends the lock with the process, however
    the process ends. Raises OSError for other reasons.
    """
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return None
    except OSError as error:
        if isinstance(error, BlockingIOError) or error.errno in (errno.EACCES, errno.EDEADLK):
            return False
        if error.errno in _NO_LOCKS:
            return None
        raise
    return True


def at_path(handle, path):
    """Whether the open file `handle` is still the file at `path`. A symlink is not followed."""
    try:
        there = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    held = os.fstat(handle)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
