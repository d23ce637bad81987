"""A layer's pass as one kernel on a GPU."""

from functools import cache, wraps
from types import SimpleNamespace

import numpy


def one_kernel(method):
    """Mark a layer's `forward` or `backward` as elementwise: on a GPU it becomes one kernel.

    A GPU is then called once, and not for each operation. The method must compute entry by entry,
    with arrays of one shape and with numbers that the layer holds. NumPy runs it as it is.
    """

    @wraps(method)
    def run(self, a, t):
        if self.xp.ndarray is numpy.ndarray:
            return method(self, a, t)
        arrays = {name: array for name, array in t.arrays().items() if array.shape == a.shape}
        arrays[_first(method)] = a
        # Typed, because CuPy would set an array to a plain number in half precision.
        real = a.real.dtype.type
        numbers = {name: real(x) for name, x in vars(self).items() if isinstance(x, (int, float))}
        kernel = _kernel(method, self.xp, tuple(arrays), tuple(numbers))
        return kernel(*arrays.values(), *numbers.values())

    return run


@cache
def _kernel(method, xp, arrays, numbers):
    name = method.__qualname__.replace(".", "_")
    return xp.fuse(kernel_name=name)(of_arrays(method, xp, arrays, numbers))


def of_arrays(method, xp, arrays, numbers):
    """`method` as a function of the tape's `arrays` and the layer's `numbers`, both by name."""

    def function(*values):
        t = SimpleNamespace(**dict(zip(arrays, values)))
        layer = SimpleNamespace(xp=xp, **dict(zip(numbers, values[len(arrays) :])))
        return method(layer, getattr(t, _first(method)), t)

    return function


def _first(method):
    """The tape's name of the method's first argument."""
    return "x" if method.__name__ == "forward" else "gy"
