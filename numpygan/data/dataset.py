"""A dataset split into training, validation and test rows: the shipped MNIST or the user's own files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy

from ..errors import NumpyganError
from . import readers

MNIST = Path(__file__).parent / "mnist"
_MNIST_MD5 = {
    "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
}


@dataclass(frozen=True)
class Dataset:
    """Rows (N, d) of three splits, uint8 (0..255 stands for [0, 1]) or float32.

    image_shape  (height, width) or (3, height, width) of a row that is an image, else None
    """

    train: numpy.ndarray
    validation: numpy.ndarray
    test: numpy.ndarray
    image_shape: tuple | None

    @property
    def dim(self):
        return self.train.shape[1]

    def digest(self):
        """SHA-256, in hex, of the dtype, shape and bytes of the three splits."""
        digest = hashlib.sha256()
        for rows in (self.train, self.validation, self.test):
            digest.update(f"{rows.dtype.str} {rows.shape} ".encode())
            digest.update(numpy.ascontiguousarray(rows))
        return digest.hexdigest()


def as_float(rows, dtype="float32"):
    """Rows as floats: uint8 pixels become [0, 1]."""
    return rows.astype(dtype) / 255 if rows.dtype == numpy.uint8 else rows.astype(dtype, copy=False)


def load(source):
    """The Dataset at `source`: "mnist", or a path: a folder of IDX or CIFAR-10 binary files, a .npy, a .npz.

    Splits: MNIST as the paper's authors did it, 50,000 + 10,000 + the test set. A folder's test files are its test split, and
    the last sixth (IDX) or fifth (CIFAR-10) of the rest its validation split, as in MNIST and the authors' CIFAR-10. A single
    array gives its last sixth to the test and the sixth before to the validation split.

    Raises NumpyganError if anything there is missing, damaged, empty, of the wrong rank or not finite.
    """
    path = MNIST if source == "mnist" else Path(source)
    if not path.exists():
        raise NumpyganError(f"data: there is no {path}; expected 'mnist', a folder of IDX or CIFAR-10 files, a .npy or a .npz.")
    if path.is_dir():
        if any(path.glob("*.bin")):
            return _cifar_folder(path)
        return _idx_folder(path)
    rows, shape = _rows(readers.read_numpy(path), path)
    _at_least(rows, 6, path)
    sixth = len(rows) // 6
    return Dataset(rows[: -2 * sixth], rows[-2 * sixth : -sixth], rows[-sixth:], shape)


def mnist_labels():
    """The labels of the MNIST training (60,000) and test (10,000) images."""
    return tuple(_mnist_file(f"{part}-labels-idx1-ubyte.gz") for part in ("train", "t10k"))


def _mnist_file(name):
    values = readers.read_idx(MNIST / name)
    header = bytes([0, 0, 8, values.ndim]) + numpy.array(values.shape, ">u4").tobytes()
    digest = hashlib.md5(header, usedforsecurity=False)
    digest.update(values)
    if digest.hexdigest() != _MNIST_MD5[name]:
        raise NumpyganError(f"{MNIST / name}: the checksum is not that of MNIST; install numpygan again.")
    return values


def _idx_folder(path):
    def images(part):
        names = [f"{part}-images{dash}idx3-ubyte{gz}" for dash in "-." for gz in ("", ".gz")]
        found = next((path / name for name in names if (path / name).exists()), None)
        if found is None:
            raise NumpyganError(
                f"{path}: no {names[0]} or {names[1]} there; expected IDX files, CIFAR-10 .bin files, or a path to a .npy or .npz."
            )
        return _rows(_mnist_file(found.name) if path == MNIST else readers.read_idx(found), found)

    (rows, shape), (test, test_shape) = images("train"), images("t10k")
    if shape != test_shape:
        raise NumpyganError(f"{path}: training images are {shape}, test images {test_shape}; expected the same size.")
    return _hold_out(rows, 6, test, shape, path)


def _cifar_folder(path):
    batches, test = sorted(path.glob("data_batch*.bin")), path / "test_batch.bin"
    if not batches:
        raise NumpyganError(f"{path}: no data_batch*.bin there; expected the CIFAR-10 binary version.")
    return _hold_out(readers.read_cifar(batches), 5, readers.read_cifar([test]), (3, 32, 32), path)


def _hold_out(rows, parts, test, shape, path):
    """The last of `parts` equal parts of the rows for validation."""
    _at_least(rows, parts, path)
    held = len(rows) // parts
    return Dataset(rows[:-held], rows[-held:], test, shape)


def _at_least(rows, n, path):
    if len(rows) < n:
        raise NumpyganError(f"{path}: {len(rows)} examples are too few to split; expected at least {n}.")


def _rows(array, path):
    """An array of any accepted kind as rows (N, d), uint8 or float32, and the shape of an image."""
    if array.dtype != numpy.uint8 and array.dtype.kind != "f":
        raise NumpyganError(f"{path}: values are {array.dtype}; expected uint8 or float.")
    if array.ndim not in (2, 3):
        raise NumpyganError(f"{path}: the array has rank {array.ndim}; expected N × d or N × height × width.")
    if array.size == 0:
        raise NumpyganError(f"{path}: the array is empty, {' × '.join(map(str, array.shape))}.")
    rows = numpy.ascontiguousarray(array.reshape(len(array), -1))
    if rows.dtype != numpy.uint8:
        with numpy.errstate(over="ignore"):
            rows = rows.astype("float32")
        if not numpy.isfinite(rows).all():
            raise NumpyganError(f"{path}: holds values that are NaN, infinite or too large for float32; remove them.")
    if array.ndim == 3:
        return rows, array.shape[1:]
    side = round(rows.shape[1] ** 0.5)
    if rows.shape[1] == 3072:
        return rows, (3, 32, 32)
    return rows, (side, side) if side >= 8 and side * side == rows.shape[1] else None


def global_contrast_normalise(dataset, scale=55.0):
    """Each row minus its mean, scaled to length `scale` (the authors' CIFAR-10 recipe); float32."""

    def normalise(rows):
        rows = rows.astype("float32")
        rows -= rows.mean(1, keepdims=True)
        length = numpy.sqrt(numpy.einsum("ij,ij->i", rows, rows))
        rows *= (scale / numpy.maximum(length, 1e-8))[:, None]
        return rows

    return Dataset(*map(normalise, (dataset.train, dataset.validation, dataset.test)), dataset.image_shape)
