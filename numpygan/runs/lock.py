"""One trainer in a run directory at a time."""

import errno
import fcntl
import os
from contextlib import contextmanager

from ..errors import NumpyganError

_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)


@contextmanager
def locked(path):
    """Hold the lock file `path`, which names the process that does. Raises NumpyganError if another process holds it.

    The lock is the kernel's (flock), not the file's existence, so that it ends with its process however that dies, and the file may
    stay. On NFS it holds between machines where the server offers locks. On a file system without locks (Lustre mounted without
    `flock`) nothing is locked, and two trainers in one directory are the user's to avoid.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise NumpyganError(f"{path}: cannot be written ({error.strerror}); choose another --out.") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 200).decode(errors="replace").strip()
            raise NumpyganError(
                f"{path.parent}: is being trained by another process ({holder or 'which has just begun'}); "
                f"wait for it, stop it, or choose another --out."
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise NumpyganError(f"{path}: cannot be locked ({error.strerror}); choose another --out.") from None
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"pid {os.getpid()} on {os.uname().nodename}\n".encode(), 0)
        except OSError as error:
            raise NumpyganError(f"{path}: cannot be written ({error.strerror}); choose another --out.") from None
        yield
    finally:
        os.close(handle)
