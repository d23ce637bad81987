"""Readers of the user's files: IDX, CIFAR-10 binary, .npy, .npz. Each returns an array whose first axis counts examples."""

import gzip
import math
import zlib
from pathlib import Path

import numpy

from ..errors import NumpyganError
from ..reading import check_expansion, read_arrays

_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CIFAR_ROW = 1 + 3 * 32 * 32


def read_idx(path):
    """The array in an IDX file, plain or gzipped (the format of MNIST: a magic number with type and rank, sizes, values).

    Raises NumpyganError if the file is missing, not IDX, or shorter or longer than its header says.
    """
    path = Path(path)
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            magic = file.read(4)
            if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _IDX_TYPES:
                raise NumpyganError(
                    f"{path}: not an IDX file; expected it to start with 00 00 and a type code, got {magic.hex(' ')}."
                )
            sizes = file.read(4 * magic[3])
            if not 1 <= magic[3] <= 8 or len(sizes) < 4 * magic[3]:
                raise NumpyganError(f"{path}: the IDX header is cut short or of rank {magic[3]}; get the file again.")
            shape = [int(n) for n in numpy.frombuffer(sizes, ">u4")]
            dtype = numpy.dtype(_IDX_TYPES[magic[2]])
            expected = math.prod(shape) * dtype.itemsize
            if expected == 0:
                raise NumpyganError(f"{path}: the array is empty, {' × '.join(map(str, shape))}.")
            if path.suffix == ".gz":
                check_expansion(path, expected, path.stat().st_size)
            content = _read_exactly(file, expected, path)
    except OSError as error:
        raise _unreadable(path, error) from None
    except (EOFError, zlib.error):
        raise NumpyganError(f"{path}: the gzip stream is damaged or cut short; get the file again.") from None
    return numpy.frombuffer(content, dtype).reshape(shape)


def _read_exactly(file, expected, path):
    """`expected` bytes from `file`, grown as they come, so that a header that lies cannot reserve memory."""
    content = bytearray()
    while len(content) < expected and (part := file.read(min(1 << 20, expected - len(content)))):
        content += part
    if len(content) < expected or file.read(1):
        found = f"only {len(content):,}" if len(content) < expected else "more"
        raise NumpyganError(f"{path}: the header promises {expected:,} bytes of values, the file holds {found}; get it again.")
    return content


def read_cifar(paths):
    """The images (N, 3072), uint8, of CIFAR-10 binary files: rows of one label byte and 3 × 32 × 32 pixels."""
    images = []
    for path in paths:
        try:
            content = numpy.fromfile(path, numpy.uint8)
        except OSError as error:
            raise _unreadable(path, error) from None
        if content.size == 0 or content.size % _CIFAR_ROW:
            raise NumpyganError(
                f"{path}: not a CIFAR-10 binary file; its {content.size:,} bytes are not a multiple of {_CIFAR_ROW}."
            )
        images.append(content.reshape(-1, _CIFAR_ROW)[:, 1:])
    return numpy.concatenate(images)


def read_numpy(path):
    """The array in a .npy file, or the one array of a .npz file (or its `x_train`, `x`, `images` or `data`). Nothing is unpickled."""

    def wanted(names):
        known = [name for name in ("x_train", "x", "images", "data") if name in names]
        if not known and len(names) != 1:
            raise NumpyganError(
                f"{path}: holds the arrays {', '.join(names)[:200] or '(none)'}; expected one, or one named x_train, x, images or data."
            )
        return (known or names)[:1]

    (array,) = read_arrays(path, wanted).values()
    return array


def _unreadable(path, error):
    reason = error.strerror or str(error)
    return NumpyganError(f"{path}: cannot be read ({reason}); check the path.")
