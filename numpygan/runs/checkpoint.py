"""Checkpoints: a handful of arrays in one .npz file, never pickled, written whole or not at all, with a checksum."""

import hashlib
import os
import zipfile
import zlib

import numpy

from ..errors import NumpyganError


def save(path, state):
    """Write the arrays of `state` (name -> array, number or text) to `path`.

    They go to a temporary file beside it that is flushed to the disk and then renamed, so `path` is the old checkpoint or the new
    one at every moment. Raises NumpyganError if the disk is full or the folder can't be written; `path` is then untouched.
    """
    arrays = {name: numpy.asarray(value) for name, value in state.items()}
    arrays["checksum"] = numpy.asarray(_checksum(arrays))
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "wb") as file:
            numpy.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise NumpyganError(f"{path}: cannot be written ({error.strerror or error}); the checkpoint before it is untouched.") from None


def load(path):
    """The arrays of a checkpoint by name. Raises NumpyganError if it is missing, damaged, or not a checkpoint."""
    try:
        with numpy.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except OSError as error:
        raise NumpyganError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except (ValueError, EOFError, KeyError, SyntaxError, zipfile.BadZipFile, zlib.error, NotImplementedError, AttributeError) as error:
        raise NumpyganError(f"{path}: the checkpoint is damaged ({error or type(error).__name__}).") from None
    checksum = arrays.pop("checksum", None)
    if checksum is None or str(checksum) != _checksum(arrays):
        raise NumpyganError(f"{path}: the checkpoint is damaged (its checksum does not match its arrays).")
    return arrays


def _checksum(arrays):
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = numpy.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.view(numpy.uint8) if array.ndim else array.tobytes())
    return digest.hexdigest()


def _sync_folder(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
