"""Files written whole or not at all, and NumPy's files read without trusting them."""

import os
import zipfile
import zlib

import numpy

from .errors import NumpyganError


def write_whole(path, write):
    """Let `write(file)` fill a temporary file beside `path`, flush it to the disk, then rename it to `path`.

    At every moment `path` is the old file or the new one. Raises NumpyganError if the disk is full or the folder can't be written;
    `path` is then as it was.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
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
        raise NumpyganError(f"{path}: cannot be written ({error.strerror or error}); what was there before is kept.") from None


def _sync_folder(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# What numpy.load raises on files that were cut, flipped, encrypted or made up.
_DAMAGE = (
    ValueError, EOFError, KeyError, IndexError, SyntaxError, TypeError, RuntimeError, MemoryError, AttributeError, OverflowError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read_arrays(path, wanted=list):
    """The arrays of a .npz file by name, of those that `wanted(names)` picks; a .npy file holds one, named "". Nothing is unpickled.

    Raises NumpyganError if the file is missing or damaged.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(6)
            if start != b"\x93NUMPY" and start[:2] != b"PK":
                raise NumpyganError(
                    f"{path}: is damaged or not a .npy or .npz file; save it again with numpy.save or numpy.savez."
                )
            file.seek(0)
            loaded = numpy.load(file, allow_pickle=False)
            if isinstance(loaded, numpy.ndarray):
                return {name: loaded for name in wanted([""])}
            with loaded:
                return {name: loaded[name] for name in wanted(loaded.files)}
    except OSError as error:
        raise NumpyganError(f"{path}: cannot be read ({error.strerror or error}); check the path.") from None
    except _DAMAGE as error:
        pickled = "allow_pickle" in str(error)
        reason = "it holds Python objects, which are never unpickled" if pickled else str(error) or type(error).__name__
        raise NumpyganError(f"{path}: is damaged ({reason}).") from None
