"""Numbers that a user gives: Python's or NumPy's, no bool, in the range where they make sense."""

import numpy

from .errors import NumpyganError


def whole(name, value, least=1):
    """`value` as an int. Raises NumpyganError, naming `name`, unless it is whole and ≥ least."""
    found = _plain(value)
    if type(found) is not int or found < least:
        raise NumpyganError(f"{name} must be a whole number ≥ {least}, got {value!r}.")
    return found


def number(name, value, interval):
    """`value` as an int or float. Raises NumpyganError, naming `name`, if not in `interval`.

    The interval "[0, 1)" holds 0 and not 1; "(0, inf)" is every finite number above 0.
    """
    low, high = map(float, interval[1:-1].split(","))
    found = _plain(value)
    right = type(found) in (int, float) and low <= found <= high  # False for NaN
    open_ends = [low] * (interval[0] == "(") + [high] * (interval[-1] == ")")
    if not right or found in open_ends:
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
