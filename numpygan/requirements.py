"""What the library requires of arrays, array modules and random streams that it is given."""

import numpy

from .errors import NumpyganError

# Masked values are not data. For a matrix, `*` is the matrix product and every shape has two axes.
UNLIKE_ARRAYS = (numpy.ma.MaskedArray, numpy.matrix)


def require(xp, **named):
    """Raise NumpyganError unless every named array lives in the array module `xp`.

    Arrays are never converted.
    """
    for name, array in named.items():
        if not is_array(xp, array):
            hint = "move it with numpygan.arrays.to_device"
            if isinstance(array, numpy.ndarray):
                hint = "make it one with numpy.asarray, and a masked one with array.filled(value)"
            if array is None:
                hint = "what should have made it returns nothing; does it write into an array?"
            if isinstance(array, (list, tuple, int, float)):
                hint = "make it one with numpy.asarray"
            raise NumpyganError(
                f"{name}: expected an array of {xp.__name__}, got "
                f"{type(array).__module__}.{type(array).__name__}; {hint}."
            )


def is_array(xp, array):
    """Whether `array` is an array of the array module `xp`, and none of UNLIKE_ARRAYS."""
    return isinstance(array, xp.ndarray) and not isinstance(array, UNLIKE_ARRAYS)


def require_module(name, xp):
    """Raise NumpyganError unless `xp` is NumPy or CuPy, or has what they have."""
    if not all(hasattr(xp, part) for part in ("ndarray", "zeros", "matmul")):
        raise NumpyganError(f"{name}: xp must be the module numpy or cupy, got {xp!r}.")


def require_stream(name, stream, method="keep"):
    """Raise NumpyganError unless `stream` has the method of a Stream.

    NumPy's generators have no `keep`: they fill no arrays, they return new ones.
    """
    if not callable(getattr(stream, method, None)) or isinstance(stream, type):
        what = f"the class {stream.__name__}" if isinstance(stream, type) else type(stream).__name__
        raise NumpyganError(
            f"{name}: expected a random stream of numpygan.arrays, such as Stream(0), got {what}."
        )


def require_floats(name, out):
    """Raise NumpyganError unless `out` is an array of float32, float64 or complex numbers."""
    dtype = str(getattr(out, "dtype", ""))
    unlike = isinstance(out, (numpy.generic, *UNLIKE_ARRAYS))
    if unlike or dtype not in ("float32", "float64", "complex128"):
        dtype = f" of {out.dtype}" if hasattr(out, "dtype") else ""
        raise NumpyganError(
            f"{name}: expected an array of float32 or float64 to fill, got "
            f"{type(out).__name__}{dtype}; make one with numpy.empty(shape, 'float32')."
        )
