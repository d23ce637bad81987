"""Numbers that a user gives: Python's or NumPy's, never a bool, in the range where they make sense."""

import numpy

from .errors import NumpyganError


def whole(name, value, least=1):
    """`value` as an int. Raises NumpyganError, naming `name`, unless it is a whole number ≥ least."""
    found = _plain(value)
    if type(found) is not int or found < least:
        raise NumpyganError(f"{name} must be a whole number ≥ {least}, got {value!r}.")
    return found


def number(name, value, interval):
    """`value` as an int or float. Raises NumpyganError unless it lies in `interval`: "[0, 1)" has 0, not 1; "(0, inf)" no end."""
    low, high = map(float, interval[1:-1].split(","))
    found = _plain(value)
    right = type(found) in (int, float) and low <= found <= high  # False for NaN
    if not right or (found == low and interval[0] == "(") or (found == high and interval[-1] == ")"):
        raise NumpyganError(f"{name} must be a number in {interval}, got {value!r}.")
    return found


def _plain(value):
    """The int or float that a number of NumPy (or an array of no axes) is; anything else as it is.

    A float64 of NumPy would make float32 arrays compute in float64; a Python float doesn't.
    """
    value = value[()] if isinstance(value, numpy.ndarray) and value.ndim == 0 else value
    if isinstance(value, numpy.integer):
        return int(value)
    return float(value) if isinstance(value, numpy.floating) else value
