"""NumPy, TOML and JSON files, read without trusting them."""

import json
import math
import os
import tokenize
import tomllib
import warnings
import zipfile
import zlib

from numpy.lib import format as npy

from .errors import NumpyganError, Unreadable
from .files import open_regular, read_bytes

_EXPANSION, _HARMLESS = 200, 64 << 20  # a compressed file may expand by this factor or to this size
_MOST_SHAPES = 100  # arrays of a file whose shapes are looked at
_LARGEST_TOML = 1 << 17  # bytes
_LARGEST_JSON = 1 << 24  # bytes
LARGEST = 1e100  # no measure is larger; its square is still a number
_LARGEST_INT = 2**63 - 1  # TOML's limit
# tomllib looks up all names in the header of a table again for each line of the table.
_MOST_DOTS, _MOST_STEPS = 1000, 10**6


class _OtherKind(Exception):
    """The file is whole, but holds something that is not read."""


# zipfile and numpy.lib.format raise these for files that were cut, flipped, encrypted or made up.
_DAMAGE = (
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    SyntaxError,
    TypeError,
    RuntimeError,
    MemoryError,
    AttributeError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
)


def read_arrays(path, wanted=list):
    """The arrays of a .npz file that `wanted(names)` picks, by name; nothing is unpickled.

    A .npy file holds one array, named "". Raises NumpyganError if the file is missing or damaged,
    holds less than its header says, or is a decompression bomb.
    """
    try:
        with open_regular(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's parser warns about a made-up header
            start, size = file.read(6), os.fstat(file.fileno()).st_size
            file.seek(0)
            if start == npy.MAGIC_PREFIX:
                return {name: _read_array(file, size) for name in wanted([""])}
            if start[:2] == b"PK":
                return _read_archive(file, size, wanted, path)
    except FileNotFoundError as error:
        raise NumpyganError(f"{path}: cannot be read ({error.strerror}); check the path.") from None
    except OSError as error:
        raise Unreadable(
            f"{path}: cannot be read ({error.strerror or error}); check the path."
        ) from None
    except _OtherKind as error:
        raise NumpyganError(f"{path}: holds {error}") from None
    except _DAMAGE as error:
        if isinstance(error, MemoryError) and str(error):  # without words: from Python's parser
            raise
        raise NumpyganError(
            f"{path}: is damaged ({str(error)[:200] or type(error).__name__})."
        ) from None
    raise NumpyganError(
        f"{path}: is damaged or not a .npy or .npz file; save it again with numpy.save or "
        f"numpy.savez."
    )


def read_toml(path):
    """The table in a TOML file, which may begin with a byte order mark.

    Raises NumpyganError if it can't be read, is not TOML or would take tomllib more than a second.
    """
    content = read_bytes(path, _LARGEST_TOML)
    try:
        dots, lines = content.count(b"."), content.count(b"\n") + 1
        if dots > _MOST_DOTS or dots * lines > _MOST_STEPS:
            raise ValueError(
                f"{dots:,} dots in {lines:,} lines are more than a file without deeply nested "
                f"names has"
            )
        table = tomllib.loads(content.decode("utf-8-sig"))
        if any(type(value) is int and abs(value) > _LARGEST_INT for value in _values(table)):
            raise ValueError("a whole number of more than 64 bits")
        return table
    except (ValueError, RecursionError) as error:
        raise NumpyganError(
            f"{path}: is not TOML that can be read ({error}); correct it."
        ) from None


def read_json(path, advice):
    """The value in a JSON file: tables, lists, texts, numbers, None.

    NaN and infinity, which older versions wrote, become None. Raises NumpyganError, which ends in
    `advice`, if it is not JSON, a table has a name twice or a number is too large.
    """
    content = read_bytes(path, _LARGEST_JSON)
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            parse_constant=lambda _: None,
            parse_int=_small_int,
            parse_float=_small_float,
            object_pairs_hook=_table,
        )
    except RecursionError:
        reason = "its lists are nested too deeply"
    except (ValueError, MemoryError) as error:
        reason = str(error) or type(error).__name__
    raise NumpyganError(f"{path}: is damaged ({reason}); {advice}.")


def _small_int(text):
    if len(text) > 100:  # beyond LARGEST
        raise ValueError(f"a whole number of {len(text)} digits")
    return int(text)


def _small_float(text):
    value = float(text)
    if not abs(value) <= LARGEST:
        raise ValueError(f"the number {text[:40]}")
    return value


def _table(pairs):
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a table has a name twice")
    return table


def _values(value):
    """All values in a table or list, and in the tables and lists inside it."""
    if not isinstance(value, (dict, list)):
        yield value
        return
    for inner in value.values() if isinstance(value, dict) else value:
        yield from _values(inner)


def check_expansion(path, expanded, size):
    """Raise NumpyganError if a compressed file would expand so much that it must be an attack.

    expanded, size  bytes after and before
    """
    if expanded > max(_HARMLESS, _EXPANSION * size):
        raise NumpyganError(
            f"{path}: its {size:,} bytes would expand to {expanded:,}, more than {_EXPANSION} "
            "times as many; save it uncompressed if that is right."
        )


def _read_archive(file, size, wanted, path):
    with zipfile.ZipFile(file) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        picked = {name: members[name] for name in wanted(list(members))}
        check_expansion(path, sum(info.file_size for info in picked.values()), size)
        arrays = {}
        for name, info in picked.items():
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{name!r} is compressed in a way that NumPy never does")
            with archive.open(info) as member:
                arrays[name] = _read_array(member, info.file_size)
        return arrays


def shapes_of(path):
    """The shapes of the arrays in a .npy or .npz file by their headers; none if it is damaged."""
    try:
        with open_regular(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if file.read(2) != b"PK":
                file.seek(0)
                return [_read_header(file)[0]]
            shapes = []
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist()[:_MOST_SHAPES]:
                    with archive.open(name) as member:
                        shapes.append(_read_header(member)[0])
            return shapes
    except (OSError, *_DAMAGE):
        return []


def rest_of_npy(path):
    """The first bytes after the array of a .npy file, which ends there if numpy.save made it."""
    with open_regular(path) as file:
        shape, _, dtype = _read_header(file)
        file.seek(math.prod(shape) * dtype.itemsize, os.SEEK_CUR)
        return file.read(len(npy.MAGIC_PREFIX))


def _read_header(file):
    """The shape, order and dtype in the header of a .npy file."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"its format version is {version[0]}.{version[1]}, expected 1.0 to 3.0")
    # 3.0 differs from 2.0 only in the names of fields, which an array of numbers has not.
    return (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)


def _read_array(file, size):
    """The array in a .npy file of `size` bytes.

    A header with a false size can't make this allocate more memory.
    """
    shape, _, dtype = _read_header(file)
    if dtype.hasobject:
        raise _OtherKind(
            "Python objects, which are never unpickled; save one array of numbers with numpy.save."
        )
    if dtype.kind not in "biufcU" or dtype.itemsize == 0:
        raise _OtherKind(
            f"values of the kind {dtype.str}, expected numbers; save an array of numbers with "
            f"numpy.save."
        )
    promised, held = math.prod(shape) * dtype.itemsize, size - file.tell()
    if min(shape, default=1) < 0 or promised > held:
        raise ValueError(
            f"its header promises {promised:,} bytes of values, the file holds {held:,}"
        )
    file.seek(0)
    return npy.read_array(file, allow_pickle=False)
