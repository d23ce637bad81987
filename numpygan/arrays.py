"""The array-module switch: which module an array lives in, moving arrays, named random streams.

Everything that differs between NumPy and CuPy, or between real and complex arrays, is here. So the
mathematics in `nn/` and `gan/` is written once.
"""

import json
from contextlib import contextmanager
from functools import cache, partial, wraps
from types import ModuleType
from typing import Any

import numpy

from .errors import NumpyganError, TooLarge
from .numbers import number, span, whole
from .requirements import require_floats

Array = Any  # an array of the module in use: numpy.ndarray or cupy.ndarray
STREAMS = ("init", "data", "noise", "dropout", "sample")
_WORDS = 4096  # random 64-bit words per draw, so that a draw allocates at most 32 KiB


def array_module(device: str, nth: int = 0) -> ModuleType:
    """The array module of `device`: NumPy for "cpu", CuPy for "gpu".

    Of several GPUs the nth is used, modulo their number. Raises NumpyganError if the device is
    unknown, CuPy is not installed or it finds no GPU.
    """
    if device == "cpu":
        return numpy
    if device != "gpu":
        raise NumpyganError(f"device: there is no {device!r}; expected 'cpu' or 'gpu'.")
    try:
        import cupy
    except ImportError:
        raise NumpyganError(
            "device 'gpu': CuPy is not installed; install it with `pip install cupy-cuda12x` (CUDA "
            "12) or `pip install cupy-cuda13x` (CUDA 13), or use --device cpu."
        ) from None
    if not cupy.cuda.is_available():
        raise NumpyganError(
            "device 'gpu': CuPy is installed but finds no CUDA GPU; check the driver with "
            "`nvidia-smi`, or use --device cpu."
        )
    cupy.cuda.Device(nth % cupy.cuda.runtime.getDeviceCount()).use()
    return cupy


def zeros(name, xp, shape, dtype):
    """`xp.zeros(shape, dtype)`. Raises TooLarge, with `name`, if the memory does not hold it."""
    try:
        return xp.zeros(shape, dtype)
    except (MemoryError, ValueError):  # ValueError: more entries than NumPy can count
        form = " × ".join(f"{n:,}" for n in shape)
        raise TooLarge(
            f"{name}: not enough memory for an array of {form} numbers of {dtype}; make the "
            "number of rows or the networks smaller."
        ) from None


def to_host(array: Array) -> numpy.ndarray:
    """`array` as a NumPy array; a copy if it was on a GPU (waits for the GPU)."""
    return array.get() if hasattr(array, "get") else numpy.asarray(array)


def to_device(array: numpy.ndarray, xp: ModuleType) -> Array:
    """The NumPy array `array` as an array of the module `xp`."""
    return xp.asarray(array)


@cache
def kernel(function, xp):
    """`function(xp, …)` without its first argument: on a GPU one kernel, on a CPU the function.

    All operations of the function must be elementwise, on arrays of one shape and on numbers. A
    GPU is then called once and reads its memory once; NumPy does one operation after the other.
    The function writes into its arguments or returns a new array.
    """
    bound = partial(function, xp)
    # Not `xp is numpy`: with `train --profile` xp is a NumPy whose products are timed.
    return bound if xp.ndarray is numpy.ndarray else xp.fuse(kernel_name=function.__name__)(bound)


def fused(function):
    """`function`, computed by its `kernel` in the array module that it is called with."""
    return wraps(function)(lambda xp, *args: kernel(function, xp)(*args))


def matmul(xp, a, b, out):
    """The product a b into `out`.

    With one inner column this is an outer product; broadcasting is faster than BLAS.
    """
    if a.shape[1] == 1:
        # In two steps, because NumPy allocates memory for each operand that it repeats.
        out[...] = b
        out *= a
    else:
        xp.matmul(a, b, out=out)


def real_part(xp, a):
    """The real part of a; a itself if it is real."""
    # a.real would be faster, but a fused function can't ask for it.
    return xp.real(a) if a.dtype.kind == "c" else a


def larger(xp, a, b, out):
    """The elementwise maximum of a and b into `out`.

    Complex numbers are compared by their real parts, and b wins a tie. So the complex-step
    derivative takes the same branch as the real function.
    """
    if a.dtype.kind == "c":
        out[...] = xp.where(xp.real(a) > xp.real(b), a, b)
    else:
        xp.maximum(a, b, out=out)


def largest_without_ties(xp, u, y, won):
    """y (m, n) = max u (m, pieces, n) over the pieces, won = [u = y]; False if there is a tie.

    Returns False at once on a GPU, where the test would wait, and for complex numbers.
    """
    if xp.ndarray is not numpy.ndarray or u.dtype.kind == "c":
        return False
    u.max(1, out=y)
    numpy.equal(u, y[:, None], out=won)
    return numpy.count_nonzero(won) == y.size


def gather(xp, array, rows, out):
    """The rows `rows` of `array` into `out`, which has the same dtype."""
    if xp is numpy:
        # mode="raise" would first write to a copy of `out`.
        numpy.take(array, rows, axis=0, out=out, mode="clip")
    else:
        xp.take(array, rows, axis=0, out=out)


def all_finite(xp, array):
    """Whether every entry is finite, as a bool (waits for a GPU)."""
    return bool(xp.isfinite(array).all())


@contextmanager
def _on_host(out):
    """A contiguous real array on the host whose values go to `out` at the end. It may be `out`."""
    require_floats("Stream", out)
    in_place = isinstance(out, numpy.ndarray) and out.dtype.kind == "f" and out.flags.c_contiguous
    dtype = "float64" if out.dtype.kind == "c" else out.dtype
    host = out if in_place else numpy.empty(out.shape, dtype)
    yield host
    if isinstance(out, numpy.ndarray):
        if not in_place:
            out[...] = host
    else:
        out.set(host.astype(out.dtype, copy=False))


@contextmanager
def staged(array, xp, pinned):
    """The values of `array` on the host, where they can be changed; they go back at the end.

    With NumPy it is the array itself. With a GPU it is a copy in page-locked memory, which the GPU
    reads and writes at full speed; the dict `pinned` keeps this memory for the next time. Waits
    for a GPU.
    """
    if xp is numpy:
        yield array
        return
    key = array.shape, array.dtype
    if key not in pinned:
        memory = xp.cuda.alloc_pinned_memory(array.nbytes)
        pinned[key] = numpy.frombuffer(memory, array.dtype, array.size).reshape(array.shape)
    array.get(out=pinned[key])
    yield pinned[key]
    array.set(pinned[key])


def wait_for(xp):
    """Wait until a GPU has finished all its work; NumPy never waits."""
    if xp is not numpy:
        xp.cuda.get_current_stream().synchronize()


class Stream:
    """A named random stream whose state can be saved and restored.

    Numbers are drawn on the host with NumPy's PCG64, so a run has the same numbers on every
    device.

    >>> x = numpy.empty(3)
    >>> stream = ng.Stream(0)
    >>> stream.normal(x)
    >>> x.round(3)
    array([ 0.126, -0.132,  0.64 ])
    """

    def __init__(self, seed: int | numpy.random.SeedSequence):
        """seed  an int or a numpy SeedSequence. Raises NumpyganError for anything else."""
        bits = numpy.random.PCG64(_seed_sequence("Stream", seed))
        self.generator = numpy.random.Generator(bits)

    def uniform(self, out: Array, low: float, high: float) -> None:
        """Fill `out` with draws from U(low, high)."""
        low, width = span("Stream", low, high)
        with _on_host(out) as host:
            self.generator.random(dtype=host.dtype, out=host)
            host *= width
            host += low

    def normal(self, out: Array) -> None:
        """Fill `out` with draws from N(0, 1)."""
        with _on_host(out) as host:
            self.generator.standard_normal(dtype=host.dtype, out=host)

    def keep(self, out: Array, keep: float) -> None:
        """Fill `out` with a dropout mask: 1/keep with probability `keep`, else 0.

        The probability is rounded to a multiple of 1/65536. A mask entry needs 16 random bits
        instead of a 32-bit float, so a 64-bit word gives four entries.
        """
        keep = number("Stream: keep", keep, "(0, 1]")
        threshold = max(1, round(keep * 65536))
        with _on_host(out) as host:
            flat, scale = host.reshape(-1), host.dtype.type(1 / keep)
            for start in range(0, flat.size, 4 * _WORDS):
                part = flat[start : start + 4 * _WORDS]
                words = self.generator.bit_generator.random_raw(-(-part.size // 4))
                bits = words.astype("<u8", copy=False).view("<u2")[: part.size]
                numpy.multiply(bits < threshold, scale, out=part)

    def pass_over(self, entries):
        """Skip the next `entries`, a multiple of 4, of the entries that `keep` would draw.

        This takes no time.
        """
        self.generator.bit_generator.advance(whole("Stream: entries", entries, 0) // 4)

    def permutation(self, n: int) -> numpy.ndarray:
        """A random order of 0..n-1, on the host."""
        return self.generator.permutation(whole("Stream: n", n, 0))

    def integers(self, n: int, size: int) -> numpy.ndarray:
        """`size` draws from 0..n-1, on the host."""
        n, size = whole("Stream: n", n), whole("Stream: size", size, 0)
        return self.generator.integers(n, size=size)

    @property
    def state(self) -> str:
        """The state as a JSON string. Raises NumpyganError when it is set to anything else."""
        return json.dumps(self.generator.bit_generator.state)

    @state.setter
    def state(self, text: str) -> None:
        with only_a_state("Stream", text):
            self.generator.bit_generator.state = json.loads(text)


@contextmanager
def only_a_state(name, text):
    """Raises NumpyganError, with `name`, if the block can't take `text` as a state."""
    try:
        yield
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError):
        raise NumpyganError(
            f"{name}: state must be the text that the state of such a stream gave, got {text!r}."
        ) from None


def normal(shape, stream):
    """A new float64 array of draws from N(0, 1)."""
    out = numpy.empty(shape)
    stream.normal(out)
    return out


def uniform(shape, low, high, stream):
    """A new float64 array of draws from U(low, high)."""
    out = numpy.empty(shape)
    stream.uniform(out, low, high)
    return out


def _seed_sequence(name, seed):
    """The SeedSequence of `seed`. Raises NumpyganError, with `name`, if it is no seed."""
    if isinstance(seed, numpy.random.SeedSequence):
        return seed
    try:
        if seed is None or isinstance(seed, bool):  # None would give other numbers each time
            raise TypeError
        return numpy.random.SeedSequence(seed)
    except (TypeError, ValueError):
        raise NumpyganError(
            f"{name}: seed must be a whole number ≥ 0 or a SeedSequence of NumPy, got {seed!r}."
        ) from None


def streams(seed: int) -> dict[str, Stream]:
    """Independent random streams from one seed: `init`, `data`, `noise`, `dropout`, `sample`.

    More draws from one stream, for example for a picture, never change another stream. Raises
    NumpyganError if `seed` is no seed.

    >>> list(ng.streams(0))
    ['init', 'data', 'noise', 'dropout', 'sample']
    """
    children = _seed_sequence("streams", seed).spawn(len(STREAMS))
    return {name: Stream(child) for name, child in zip(STREAMS, children)}
