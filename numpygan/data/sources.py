"""Sources of minibatches: p_data over a data set or a toy mixture, and the noise prior p_z.

Each has `minibatch(out)`, which fills the rows of a device array. `state()` and `restore(state)`
save what the state of the random stream does not hold. `size` is the number of examples per epoch.
"""

import math
import operator
from collections.abc import Callable
from types import ModuleType
from typing import Protocol

import numpy

from ..arrays import Array, Stream, gather, to_device
from ..errors import NumpyganError
from ..numbers import number
from ..requirements import is_array, require, require_floats, require_module, require_stream
from .meaning import LARGEST_FLOAT32, shuffled_scale


class Source(Protocol):
    """What a game draws minibatches from: real examples, or noise."""

    def minibatch(self, out: Array) -> None:
        """Fill the rows of `out` (m, n) with fresh draws."""


class Shuffled:
    """p_data: minibatches of a data set in a new random order each epoch.

    rows    (N, d) on the host: floats, or integers 0..255, which are scaled to [0, 1]
    stream  the random stream of the orders
    At the end of an epoch, fewer than m remaining rows are left out; the order decides which.
    Raises NumpyganError if the rows are not such an array or hold a value that is not finite;
    `minibatch` raises it if the rows do not fit `out`.

    >>> p_data = ng.Shuffled(numpy.array([[0], [255]], "uint8"), ng.Stream(0))
    >>> x = numpy.empty((2, 1), "float32")
    >>> p_data.minibatch(x)
    >>> sorted(x[:, 0].tolist())
    [0.0, 1.0]
    """

    def __init__(self, rows: Array, stream: Stream, xp: ModuleType = numpy):
        require_module("Shuffled", xp)
        _check_rows(rows, xp)
        require_stream("Shuffled", stream, "permutation")
        self.size = len(rows)
        self._rows, self._stream, self._xp = to_device(rows, xp), stream, xp
        self._scale = shuffled_scale(rows)
        self._picked: Array | None = None
        self._position = self.size  # the first minibatch begins a new order
        self._reorder(numpy.arange(self.size))

    def __repr__(self):
        return f"Shuffled({self.size:,} rows of width {self._rows.shape[1]})"

    def _reorder(self, order):
        self._order = order
        self._device_order = to_device(order, self._xp)

    def minibatch(self, out: Array) -> None:
        m = len(out) if getattr(out, "shape", ()) else 0
        if not m:
            self._room_for(out)
        if m > self.size:
            raise NumpyganError(f"minibatch: {m} rows asked for, but the data has {self.size}.")
        if self._position + m > self.size:
            self._reorder(self._stream.permutation(self.size))
            self._position = 0
        if self._picked is None or self._picked.shape != out.shape:
            self._picked = self._room_for(out)
        rows = self._device_order[self._position : self._position + m]
        gather(self._xp, self._rows, rows, self._picked)
        # In the dtype of `out`: NumPy would compute with a float64 factor in float64.
        self._xp.multiply(self._picked, out.real.dtype.type(self._scale), out=out)
        self._position += m

    def _room_for(self, out):
        """Memory for a minibatch in the data's dtype. Raises NumpyganError unless it fits `out`."""
        require(self._xp, **{"minibatch: out": out})
        require_floats("minibatch: out", out)
        width = self._rows.shape[1]
        if out.shape[1:] != (width,) or not out.size:
            raise NumpyganError(
                f"minibatch: the data has rows of width {width}, but they are to fill an array "
                f"of shape {out.shape}."
            )
        return self._xp.empty(out.shape, self._rows.dtype)

    def state(self):
        return {"order": self._order, "position": numpy.int64(self._position)}

    def restore(self, state):
        try:
            order, position = numpy.array(state["order"]), operator.index(state["position"])
            permuted = numpy.array_equal(numpy.sort(order), numpy.arange(self.size))
            fits = order.dtype.kind in "iu" and permuted and 0 <= position <= self.size
        except (KeyError, TypeError, ValueError):
            fits = False
        if not fits:
            raise NumpyganError(
                f"resume: the checkpoint's order of the data is not one of {self.size} rows."
            )
        self._reorder(order)
        self._position = position


def _check_rows(rows, xp):
    """Raise NumpyganError unless `rows` is an array (N, d) of finite numbers."""
    if isinstance(rows, numpy.ma.MaskedArray):
        raise NumpyganError(
            "Shuffled: rows must be an array of NumPy, got MaskedArray, whose masked values are no "
            "data; numpy.ma.compress_rows(rows) leaves out the rows that have one."
        )
    if not (is_array(numpy, rows) or is_array(xp, rows)):
        raise NumpyganError(
            f"Shuffled: rows must be an array of NumPy, got {type(rows).__name__}; "
            f"convert it with numpy.asarray(rows)."  # which keeps the integers of pixels
        )
    if len(rows.shape) != 2 or 0 in rows.shape:
        raise NumpyganError(
            f"Shuffled: rows must have shape (N, d), one example or more, each a row, "
            f"got shape {rows.shape}; reshape(len(rows), -1) makes rows of images."
        )
    if rows.dtype.kind not in "biuf":
        raise NumpyganError(
            f"Shuffled: rows must hold real numbers, got {rows.dtype}; use astype('float32')."
        )
    if isinstance(rows, numpy.ndarray) and rows.dtype.kind == "f":
        with numpy.errstate(all="ignore"):
            # numpy.isfinite(rows) would be an array as large as the data.
            fits = -LARGEST_FLOAT32 < rows.min() and rows.max() < LARGEST_FLOAT32
        if not fits:
            raise NumpyganError(
                "Shuffled: rows hold a value that is not finite or too large for float32; leave "
                "out the rows that have one."
            )


class Mixture:
    """p_data: a mixture of Gaussians with equal weights and the same standard deviation.

    means  (modes, d)
    std    the standard deviation σ of every mode in every direction
    Raises NumpyganError if the means or σ are not finite numbers of these shapes.
    """

    size = 500_000  # draws per epoch

    def __init__(self, means, std, stream=None, xp=numpy):
        try:
            self.means = numpy.asarray(means, "float64")
        except (TypeError, ValueError):
            raise NumpyganError("Mixture: means must be an array of numbers, (modes, d).") from None
        if self.means.ndim != 2 or not self.means.size or not numpy.isfinite(self.means).all():
            raise NumpyganError(
                f"Mixture: means must be finite and have shape (modes, d), a mode in each row, "
                f"got shape {self.means.shape}."
            )
        self.std = number("Mixture: std", std, "[0, inf)")
        self._stream, self._xp = stream, xp
        self._device_means = to_device(self.means, xp)

    def minibatch(self, out: Array) -> None:
        if out.shape[1:] != self.means.shape[1:]:
            raise NumpyganError(
                f"minibatch: the mixture has rows of width {self.means.shape[1]}, "
                f"but they are to fill an array of shape {out.shape}."
            )
        modes = self._stream.integers(len(self.means), len(out))
        self._stream.normal(out)
        out *= self.std
        out += self._device_means[to_device(modes, self._xp)]

    def state(self):
        return {}

    def restore(self, state):
        """Do nothing: the random stream holds the whole state."""

    def __repr__(self):
        modes, width = self.means.shape
        return f"Mixture({modes} modes of width {width}, std={self.std:g})"


NOISES = "uniform", "gaussian"


class Noise:
    """p_z: independent components of mean 0 and variance 1.

    "uniform" on (−√3, √3), or "gaussian", N(0, 1).

    >>> z = numpy.empty((1000, 2), "float32")
    >>> ng.Noise("uniform", ng.Stream(0)).minibatch(z)
    >>> bool(abs(z).max() < 3**0.5)
    True
    """

    def __init__(self, kind: str, stream: Stream):
        if not isinstance(kind, str) or kind not in NOISES:
            raise NumpyganError(f"Noise: there is no {kind!r}; expected {' or '.join(NOISES)}.")
        require_stream("Noise", stream)
        self._kind, self._stream = kind, stream

    def minibatch(self, out: Array) -> None:
        if self._kind == "uniform":
            self._stream.uniform(out, -math.sqrt(3), math.sqrt(3))
        else:
            self._stream.normal(out)

    def __repr__(self):
        return f"Noise({self._kind!r})"


def ring(radius=1.0, std=0.01, modes=8):
    """The means and σ of `modes` Gaussians on a circle (PacGAN's ring: radius 1, σ 0.01)."""
    # linspace(0, 2π, modes) would put two modes at the same point.
    angles = 2 * numpy.pi * numpy.arange(modes) / modes
    return radius * numpy.stack([numpy.cos(angles), numpy.sin(angles)], 1), std


def grid(std=0.05):
    """The means and σ of 25 Gaussians on {−4, −2, 0, 2, 4}² (PacGAN's grid: σ 0.05)."""
    ticks = numpy.arange(-4.0, 5.0, 2.0)
    return numpy.stack(numpy.meshgrid(ticks, ticks), -1).reshape(-1, 2), std


def gauss1d():
    """The means and σ of a mixture of two Gaussians on the real line, at −1.5 and 1.5, σ 0.5."""
    return numpy.array([[-1.5], [1.5]]), 0.5


TOYS: dict[str, Callable] = {"gauss1d": gauss1d, "ring": ring, "grid": grid}
