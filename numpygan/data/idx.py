"""IDX files, the format of MNIST: type, rank, sizes, values; plain or gzipped."""

import math
import zlib
from pathlib import Path

import numpy

from ..errors import NumpyganError
from ..files import open_regular, readable
from ..reading import check_expansion
from .kinds import IDX_TYPES

_PIECE = 1 << 20  # bytes read at a time


class _Gzip:
    """The bytes of a gzip stream.

    Like gunzip, this ignores bytes that follow the stream; `rest` holds the first of them.
    """

    def __init__(self, file):
        self._file, self._stream, self._ready, self.rest = file, zlib.decompressobj(31), b"", b""

    def read(self, n):
        """Up to `n` bytes; fewer only at the end. Raises EOFError if the stream is cut short."""
        parts, missing = [], n
        while missing:
            if not self._ready and not self._more(missing):
                break
            parts.append(self._ready[:missing])
            self._ready = self._ready[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)

    def _more(self, n):
        while not self._ready:
            if self._stream.eof:
                rest = self._stream.unused_data
                rest += self._file.read(2 - len(rest)) if len(rest) < 2 else b""
                if rest[:2] != b"\x1f\x8b":
                    self.rest = rest + self._file.read(64)
                    return False
                self._stream, packed = zlib.decompressobj(31), rest  # a second member
            else:
                packed = self._stream.unconsumed_tail or self._file.read(1 << 16)
                if not packed:
                    raise EOFError
            self._ready = self._stream.decompress(packed, max(n, 1 << 16))
        return True


def read_idx(path, notes=None):
    """The array in an IDX file, plain or gzipped; the file's name does not matter.

    notes  a list; a sentence is appended if bytes after the values were ignored
    Raises NumpyganError if the file is missing, not IDX, shorter than its header says, or longer by
    a row that is not all zeros: then the header is wrong.
    """
    path = Path(path)
    try:
        with readable(path), open_regular(path) as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            file = _Gzip(raw) if packed else raw
            dtype, shape = _header(file, path)
            expected = math.prod(shape) * dtype.itemsize
            if packed:
                check_expansion(path, expected, path.stat().st_size)
            content = _read_exactly(file, expected, path)
            more = _surplus(file, shape, dtype, path)
            after = packed and not more and bool(file.rest.strip(b"\0"))
    except (EOFError, zlib.error):
        raise NumpyganError(
            f"{path}: the gzip stream is damaged or cut short; get the file again."
        ) from None
    if (more or after) and notes is not None:
        count = " × ".join(map(str, shape))
        what = f"the {count} values of its header" if more else "the gzip stream"
        notes.append(f"{path.name}: trailing bytes after {what} are ignored")
    return numpy.frombuffer(content, dtype).reshape(shape)


def shape_of(path):
    """The shape in the header of an IDX file. Raises NumpyganError if it can't be read."""
    try:
        with open_regular(path) as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            return _header(_Gzip(raw) if packed else raw, path)[1]
    except (OSError, EOFError, zlib.error) as error:
        raise NumpyganError(f"{path}: cannot be read ({error}); get the file again.") from None


def _header(file, path):
    """The dtype and shape of the array. Raises NumpyganError if this is not an IDX header."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_TYPES:
        raise NumpyganError(
            f"{path}: not an IDX file; expected it to start with 00 00 and a type code, got "
            f"{magic.hex(' ')}."
        )
    sizes = file.read(4 * magic[3])
    if not 1 <= magic[3] <= 8 or len(sizes) < 4 * magic[3]:
        raise NumpyganError(
            f"{path}: the IDX header is cut short or of rank {magic[3]}; get the file again."
        )
    shape = [int(n) for n in numpy.frombuffer(sizes, ">u4")]
    if math.prod(shape) == 0:
        raise NumpyganError(f"{path}: the array is empty, {' × '.join(map(str, shape))}.")
    return numpy.dtype(IDX_TYPES[magic[2]]), shape


def _surplus(file, shape, dtype, path):
    """Whether there are bytes after the values. Raises NumpyganError if they can be a row."""
    size = math.prod(shape[1:]) * dtype.itemsize
    extra = bytearray()
    while len(extra) < size and (part := file.read(min(_PIECE, size - len(extra)))):
        extra += part
    if len(extra) == size > dtype.itemsize and extra.strip(b"\0"):
        raise NumpyganError(
            f"{path}: the header promises {shape[0]:,} rows, the file holds more; get it again."
        )
    return bool(extra)


def _read_exactly(file, expected, path):
    """`expected` bytes from `file`.

    The memory grows with the bytes read, so a header with a false size can't reserve memory.
    """
    content = bytearray()
    while len(content) < expected and (part := file.read(min(_PIECE, expected - len(content)))):
        content += part
    if len(content) < expected:
        raise NumpyganError(
            f"{path}: the header promises {expected:,} bytes of values, the file holds only "
            f"{len(content):,}; get it again."
        )
    return content
