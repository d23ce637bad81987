"""Writing files whole or not at all."""

import os

from .errors import NumpyganError


def write_whole(path, write):
    """Let `write(file)` fill a temporary file beside `path`, flush it to the disk, then rename it to `path`.

    At every moment `path` is the old file or the new one. Raises NumpyganError if the disk is full or the folder can't be written;
    `path` is then as it was.
    """
    temporary = f"{path}.tmp"
    try:
        try:
            with open(temporary, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
        _sync_folder(os.path.dirname(os.path.abspath(path)))
    except OSError as error:
        raise NumpyganError(f"{path}: cannot be written ({error.strerror or error}); what was there before is untouched.") from None


def _sync_folder(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
