"""Numbers from the user: Python's or NumPy's, not bool, in the allowed range."""

import math
import sys
from functools import cache

import numpy

from .errors import NumpyganError


def whole(name, value, least=1):
    """`value` as an int. Raises NumpyganError, with `name`, unless it is whole and ≥ least."""
    found = _plain(value)
    if type(found) is not int or found < least:
        raise NumpyganError(f"{name} must be a whole number ≥ {least}, got {value!r}.")
    return found


def number(name, value, interval):
    """`value` as an int or float. Raises NumpyganError, with `name`, unless it is in `interval`.

    The interval "[0, 1)" contains 0 but not 1; "(0, inf)" contains every finite number above 0.
    """
    low, high, excluded = _ends(interval)
    found = value if type(value) is float else _plain(value)
    right = type(found) in (int, float) and low <= found <= high  # False for NaN
    right = right and found <= sys.float_info.max  # an int may be larger
    if not right or found in excluded:
        raise NumpyganError(f"{name} must be a number in {interval}, got {value!r}.")
    return found


def flag(name, value):
    """`value` as a bool. Raises NumpyganError, with `name`, unless it is True or False."""
    if not isinstance(value, (bool, numpy.bool_)):
        raise NumpyganError(f"{name} must be True or False, got {value!r}.")
    return bool(value)


def span(name, low, high):
    """`low` and `high` − `low`. Raises NumpyganError, with `name`, unless low ≤ high are finite."""
    if not type(low) is type(high) is float or not -math.inf < low <= high < math.inf:
        # Seldom: each minibatch of noise comes by.
        low = number(f"{name}: low", low, "(-inf, inf)")
        high = number(f"{name}: high", high, "(-inf, inf)")
        if low > high:
            raise NumpyganError(f"{name}: low must be at most high, got {low!r} and {high!r}.")
    return low, high - low


@cache  # an optimizer's numbers are set in every iteration
def _ends(interval):
    """Both ends of the interval, and those that do not belong to it."""
    low, high = map(float, interval[1:-1].split(","))
    return low, high, (low,) * (interval[0] == "(") + (high,) * (interval[-1] == ")")


def _plain(value):
    """A NumPy number, or an array without axes, as an int or float; anything else unchanged.

    With a float64 of NumPy, float32 arrays would compute in float64; with a Python float they do
    not.
    """
    value = value[()] if isinstance(value, numpy.ndarray) and value.ndim == 0 else value
    if isinstance(value, numpy.integer):
        return int(value)
    return float(value) if isinstance(value, numpy.floating) else value
