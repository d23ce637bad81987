"""Shapes: any accepted array as rows (N, d), and the shape of an image."""

import math
import re

import numpy

from ..errors import NumpyganError

_MOST_PIXELS = 1 << 24
_SIDE = 8  # the smallest side of a square image that is recognised by the number of columns


def read_size(text, where="--size"):
    """A size as (height, width), "none", or None for "auto".

    Raises NumpyganError for any other text.
    """
    if text in ("auto", "none"):
        return None if text == "auto" else text
    match = re.fullmatch(r"([1-9]\d{0,4})[x×X]([1-9]\d{0,4})", text)
    if not match:
        raise NumpyganError(
            f"{where}: expected HEIGHTxWIDTH, such as 28x28, or auto or none, got {text!r}."
        )
    height, width = int(match[1]), int(match[2])
    if height * width > _MOST_PIXELS:
        raise NumpyganError(
            f"{where}: {text} are {height * width:,} pixels; expected at most {_MOST_PIXELS:,}."
        )
    return height, width


def flatten(array, size, where):
    """The rows (N, d) of an array, the shape of an image, and whether the rows are images.

    Accepted are N × d, N × H × W, N × H × W × 1, N × 1 × H × W, N × H × W × 3 and N × 3 × H × W,
    and N real numbers, a table of one column; the colours of a row become planes, 3 × H × W. The
    shape is None for a table. The third value is None if the number of columns fits an image, but
    the array may also be a table.
    Raises NumpyganError for another rank, an empty array, or images of another size than `size`.
    """
    found = " × ".join(map(str, array.shape))
    if array.ndim == 1 and array.dtype.kind == "f" and (array != numpy.rint(array)).any():
        array = array[:, None]  # draws of a density on the line
    elif array.ndim == 1:
        raise NumpyganError(
            f"{where}: is one value for each of {len(array)} rows, so it looks like labels; "
            "expected the images, N × H × W, or a table, N × d."
        )
    if array.ndim == 0 or array.ndim > 4:
        raise NumpyganError(
            f"{where}: the array has rank {array.ndim}; expected N × d or N × height × width, "
            f"with colours N × H × W × 3."
        )
    if array.size == 0:
        raise NumpyganError(f"{where}: the array is empty, {found}; expected one row or more.")
    shape = array.shape[1:]
    if array.ndim == 3 and shape[1] == 1 and size != (shape[0], 1):
        array, shape = array[..., 0], shape[:1]  # a table or flat images, with a channel axis
    elif array.ndim == 3 and shape[0] == 1 and size != (1, shape[1]):
        array, shape = array[:, 0], shape[1:]
    elif array.ndim == 3 and shape[1] in (3, 4) and shape[0] > 4 and size is None:
        raise NumpyganError(
            f"{where}: {found} looks like one colour image; expected many, N × H × W × 3, or "
            f"--size {shape[0]}x{shape[1]}."
        )
    elif array.ndim == 3 and len(array) == shape[0] < shape[1] and _SIDE <= len(array) and not size:
        raise NumpyganError(
            f"{where}: {found} looks like {shape[1]} images {shape[0]} × {shape[0]}; transpose the "
            f"array to N × H × W, or give --size {shape[0]}x{shape[1]}."
        )
    elif array.ndim == 2 and shape[0] == 1 and array.dtype.kind in "iu" and size is None:
        raise NumpyganError(
            f"{where}: {found} whole numbers look like labels; expected the images, N × H × W; "
            "--size none takes them as a table."
        )
    elif array.ndim == 4:
        array, shape = _channels_first(array, where)
    rows = numpy.ascontiguousarray(array).reshape(len(array), -1)
    if size == "none":
        return rows, None, False
    if size is not None:
        fits = {math.prod(size): size, 3 * math.prod(size): (3, *size)}
        if rows.shape[1] not in fits or (len(shape) > 1 and tuple(shape[-2:]) != size):
            raise NumpyganError(
                f"{where}: --size {size[0]}x{size[1]} does not fit {found}; only image files are "
                f"scaled to a size."
            )
        return rows, fits[rows.shape[1]], True
    if len(shape) > 1:
        return rows, tuple(shape), True
    side = math.isqrt(rows.shape[1])
    if rows.shape[1] == 3072:
        return rows, (3, 32, 32), None
    square = side >= _SIDE and side * side == rows.shape[1]
    return rows, (side, side) if square else None, None if square else False


def _channels_first(array, where):
    """The array as N × H × W or N × 3 × H × W, and the shape of an image."""
    last, first = array.shape[3], array.shape[1]
    if last in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    elif first not in (1, 3):
        found = " × ".join(map(str, array.shape))
        raise NumpyganError(
            f"{where}: the array is {found}; expected 1 or 3 channels, N × H × W × 3 or N × 3 × H "
            f"× W."
        )
    if array.shape[1] == 1:
        array = array[:, 0]
    return array, array.shape[1:]


def transposed(rows, shape, where):
    """Images with rows and columns exchanged, and their new shape. EMNIST needs this.

    Raises NumpyganError if the rows are not images.
    """
    if shape is None:
        raise NumpyganError(
            f"{where}: --transpose is for images; a table has no rows and columns of pixels."
        )
    images = rows.reshape(len(rows), *shape).swapaxes(-1, -2)
    return numpy.ascontiguousarray(images).reshape(len(rows), -1), images.shape[1:]
