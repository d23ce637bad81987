"""A random stream that computes its numbers from a counter, in the memory of the device.

A `Stream` draws on the host, one number after the other; a GPU then waits for the host and for the
copy. Here each number depends on a key and its own index alone, so a GPU draws a whole array at
once, in one kernel.
"""

import json
import math
from types import ModuleType

import numpy

from .arrays import Array, Stream, fused, only_a_state
from .errors import NumpyganError
from .numbers import number, span, whole
from .requirements import require_floats, require_module

# Typed, because CuPy would take a plain number among arrays of uint64 for an int64.
_HALF, _ONE, _UNUSED = numpy.uint64(32), numpy.uint64(1), numpy.uint64(11)


class CounterStream:
    """A random stream in the memory of the array module `xp`, for noise and dropout masks.

    stream  a Stream; one draw from it is the key
    Its number i is squares(i, key), so its state is the key and the count of the numbers drawn. It
    gives other numbers than a Stream, and the same on every device but for the rounding of cos and
    log. Raises NumpyganError if `stream` is no Stream or `xp` no array module.

    >>> mask = numpy.empty((2, 4), "float32")
    >>> ng.CounterStream(ng.Stream(0)).keep(mask, 0.5)
    >>> sorted(set(mask.ravel().tolist()))
    [0.0, 2.0]
    """

    def __init__(self, stream: Stream, xp: ModuleType = numpy):
        if not isinstance(stream, Stream):
            raise NumpyganError(
                f"CounterStream: expected a Stream, such as ng.Stream(0), got "
                f"{type(stream).__name__}."
            )
        require_module("CounterStream", xp)
        self._key = int(stream.generator.bit_generator.random_raw()) | 1
        self._drawn, self._xp = 0, xp
        self._indices: dict[tuple[int, ...], Array] = {}

    def uniform(self, out: Array, low: float, high: float) -> None:
        """Fill `out` with draws from U(low, high)."""
        low, width = span("CounterStream", low, high)
        _uniform(self._xp, *self._next(out), low, width, out)

    def normal(self, out: Array) -> None:
        """Fill `out` with draws from N(0, 1)."""
        _normal(self._xp, *self._next(out, 2), out)

    def keep(self, out: Array, keep: float) -> None:
        """Fill `out` with a dropout mask: 1/keep with probability `keep`, else 0."""
        keep = number("CounterStream: keep", keep, "(0, 1]")
        _keep(self._xp, *self._next(out), keep, 1 / keep, out)

    def pass_over(self, entries: int) -> None:
        """Skip the next `entries` of the entries that `keep` would draw."""
        self._drawn += whole("CounterStream: entries", entries, 0)

    def _next(self, out, each=1):
        """The index of each entry of `out`, the count before, and the key; `each` numbers drawn."""
        require_floats("CounterStream", out)
        if out.shape not in self._indices:
            indices = self._xp.arange(out.size, dtype="uint64").reshape(out.shape)
            self._indices[out.shape] = indices
        drawn, self._drawn = self._drawn, self._drawn + each * out.size
        return self._indices[out.shape], numpy.uint64(drawn), numpy.uint64(self._key)

    @property
    def state(self) -> str:
        """The state as a JSON string. Raises NumpyganError when it is set to anything else."""
        return json.dumps({"key": self._key, "drawn": self._drawn})

    @state.setter
    def state(self, text: str) -> None:
        with only_a_state("CounterStream", text):
            state = json.loads(text)
            key, drawn = state["key"], state["drawn"]
            if not all(type(n) is int and 0 <= n < 2**64 for n in (key, drawn)):
                raise ValueError("expected two whole numbers from 0 to 2⁶⁴ − 1")
            self._key, self._drawn = key, drawn


def squares(x, key):
    """64 random bits for each counter x, an array of uint64: five rounds of squaring modulo 2⁶⁴.

    Source: B. Widynski 2020, "Squares: A Fast Counter-Based RNG", `squares64`.
    """
    y = x * key
    z = y + key
    x = _swapped(y * y + y)
    x = _swapped(x * x + z)
    x = _swapped(x * x + y)
    last = x * x + z
    x = _swapped(last)
    return last ^ ((x * x + y) >> _HALF)


def _swapped(x):
    """The upper and lower 32 bits exchanged."""
    return (x >> _HALF) | (x << _HALF)


def _unit(x, key):
    """A number in [0, 1) for each counter, from the upper 53 bits of 64."""
    return (squares(x, key) >> _UNUSED) * 2.0**-53


@fused
def _uniform(xp, i, drawn, key, low, width, out):
    xp.add(_unit(i + drawn, key) * width, low, out=out)


@fused
def _normal(xp, i, drawn, key, out):
    """Box and Muller 1958: √(−2 log u) · cos 2πv of two uniform numbers u in (0, 1], v."""
    x = i + i + drawn
    radius = xp.sqrt(-2 * xp.log(1 - _unit(x, key)))
    xp.multiply(radius, xp.cos(2 * math.pi * _unit(x + _ONE, key)), out=out)


@fused
def _keep(xp, i, drawn, key, keep, scale, out):
    # In two steps: CuPy would multiply a bool and a number in half precision.
    xp.less(_unit(i + drawn, key), keep, out=out)
    out *= scale
