"""Checkpoints: arrays and a checksum in one .npz file, not pickled, written whole or not at all."""

import hashlib

import numpy

from ..errors import NumpyganError
from ..files import write_whole
from ..reading import read_arrays


def save(path, state):
    """Write the arrays of `state` (name -> array, number or text) to `path`.

    At every moment `path` is the old checkpoint or the new one. Raises NumpyganError if it can't
    be written.
    """
    arrays = {name: numpy.asarray(value) for name, value in state.items()}
    arrays["checksum"] = numpy.asarray(_checksum(arrays))
    write_whole(path, lambda file: numpy.savez(file, **arrays))


def load(path):
    """The arrays of a checkpoint by name.

    Raises NumpyganError if it is missing, damaged, or not a checkpoint.
    """
    arrays = read_arrays(path)
    checksum = arrays.pop("checksum", None)
    if checksum is None or checksum.shape != () or str(checksum) != _checksum(arrays):
        raise NumpyganError(
            f"{path}: the checkpoint is damaged (its checksum does not match its arrays)."
        )
    return arrays


def load_finite(path):
    """The checkpoint at `path`.

    Raises NumpyganError if it is damaged or holds a parameter that is not finite.
    """
    state = load(path)
    for name in ("theta_g", "theta_d", "average_g"):
        theta = state.get(name, numpy.zeros(0))
        if theta.dtype.kind != "f":
            raise NumpyganError(
                f"{path}: {name} is {theta.dtype}, expected floats; the checkpoint is damaged."
            )
        if not numpy.isfinite(theta).all():
            raise NumpyganError(
                f"{path}: {name} holds values that are not finite numbers, so nothing can be drawn "
                "from it."
            )
    return state


def number(state, name):
    """The float `name` of `state`. Raises NumpyganError if there is no such number."""
    value = state.get(name)
    if value is None or value.shape != () or value.dtype.kind not in "iuf":
        raise NumpyganError(
            f"resume: the checkpoint has no number {name}; it was made by another version."
        )
    return float(value)


def _checksum(arrays):
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = numpy.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.view(numpy.uint8) if array.ndim else array.tobytes())
    return digest.hexdigest()
