"""A strict double of a GPU's array module: `device` is an `xp` whose arrays live in a memory that
the host can't see.

It computes with NumPy, in the same order, so a run on it must give the bits of the NumPy run. What
it adds is refusals, CuPy's and stricter ones: only the names, arguments and keywords below (no
`where=`, `initial=`, `errstate`, …), its own arrays and plain numbers as the only operands, no
conversion by NumPy in either direction, no host array as an index or a value, no scatter, no
operand that half overlaps `out`, in a fused function nothing but elementwise operations. `empty` is
filled with rubbish, so that nothing can rely on what is in it.

`cuda` also has streams that record, as CUDA graphs do: what is recorded is not computed before the
graph is launched, and each launch computes it again in the same memory.

`counts` counts everything that crosses between host and device, `kernels` the calls of fused
functions. Whatever waits for a GPU (`float(a)`, `bool(a)`, `a.get()`, iterating, a mask as an
index, …) raises Synchronised within `step()`.
"""

import threading
from collections import Counter
from itertools import combinations

import numpy

from tests.helpers.double_cuda import (  # counts, Synchronised and step are for the tests
    Pointer,
    Refused,
    Synchronised,
    check_recording,
    counts,
    cuda,
    do,
    from_host,
    is_pinned,
    made,
    rubbish,
    step,
    wait,
)

__all__ = ["DeviceArray", "Refused", "Synchronised", "counts", "device", "kernels", "step"]

PRODUCTS = "matmul", "dot"  # by cuBLAS
kernels = Counter()
_here = threading.local()  # fusing: whether this thread is within a fused function


class DeviceArray:
    """An array on the device.

    It has no attribute but those below, and nothing that NumPy could read it by.
    """

    __slots__ = ("_memory",)
    __array_ufunc__ = None
    __hash__ = None

    def __init__(self, memory):
        self._memory = numpy.asarray(memory)

    def __array__(self, *_, **__):
        raise Refused("implicit conversion of a device array to NumPy; use get()")

    def __array_function__(self, function, *_):
        raise Refused(f"numpy.{function.__name__} of a device array; use xp.{function.__name__}")

    shape = property(lambda self: self._memory.shape)
    dtype = property(lambda self: self._memory.dtype)
    ndim = property(lambda self: self._memory.ndim)
    size = property(lambda self: self._memory.size)
    nbytes = property(lambda self: self._memory.nbytes)
    strides = property(lambda self: self._memory.strides)
    data = property(lambda self: Pointer(self._memory.ctypes.data))
    T = property(lambda self: DeviceArray(self._memory.T))
    real = property(lambda self: DeviceArray(self._memory.real))
    imag = property(lambda self: DeviceArray(self._memory.imag))

    def __len__(self):
        return len(self._memory)

    def __getitem__(self, key):
        key = _index(key)
        for part in key:
            if isinstance(part, numpy.ndarray) and part.dtype == bool:
                wait("a mask as an index")
        return DeviceArray(self._memory[key if any(part is ... for part in key) else (*key, ...)])

    def __setitem__(self, key, value):
        key, value = _index(key), _operand(value)
        if any(isinstance(part, numpy.ndarray) for part in key):
            raise Refused(
                "writing through an index array: the order of the writes is undefined on a GPU"
            )
        if isinstance(value, numpy.ndarray) and not numpy.can_cast(
            value.dtype, self._memory.dtype, "same_kind"
        ):
            raise Refused(
                f"{value.dtype} written into {self._memory.dtype}; convert it with astype"
            )
        _work(lambda: self._memory.__setitem__(key, value))

    def reshape(self, *shape):
        return DeviceArray(self._memory.reshape(*shape))

    def astype(self, dtype, copy=True):
        if not copy and self._memory.dtype == dtype:
            return self
        return DeviceArray(made(lambda: self._memory.astype(dtype)))

    def copy(self):
        return DeviceArray(made(self._memory.copy))

    def get(self, out=None):
        wait("get")
        if out is None:
            return self._memory.copy()
        if not is_pinned(out):
            raise Refused("get: into memory of the host that is not pinned")  # CuPy would, slowly
        if (
            out.dtype != self._memory.dtype
            or out.shape != self._memory.shape
            or not out.flags.c_contiguous
        ):
            raise Refused(
                f"get: {self._memory.dtype} {self._memory.shape} into {out.dtype} {out.shape}"
            )
        counts["get into pinned memory"] += 1
        out[...] = self._memory
        return out

    def set(self, arr):
        if type(arr) is not numpy.ndarray:
            raise Refused(f"set: only a numpy.ndarray can be set, got {type(arr).__name__}")
        if arr.dtype != self._memory.dtype or arr.shape != self._memory.shape:
            raise Refused(
                f"set: {arr.dtype} {arr.shape} into {self._memory.dtype} {self._memory.shape}"
            )
        if not self._memory.flags.c_contiguous:
            raise Refused("set: into an array that is not contiguous")
        from_host("set")
        self._memory[...] = arr

    def item(self):
        wait("item")
        return self._memory.item()

    def __iter__(self):
        wait("iteration")
        return (DeviceArray(row) for row in self._memory)

    def __repr__(self):
        return f"DeviceArray({self._memory.shape}, {self._memory.dtype})"

    def __format__(self, how):
        wait("format")
        return format(self._memory, how)


class Variable(DeviceArray):
    """A device array within a fused function, where nothing of it is known but its dtype."""

    __slots__ = ()

    def __getattribute__(self, name):
        if name not in ("_memory", "dtype"):
            raise Refused(f"{name} of an array within a fused function")
        return super().__getattribute__(name)

    def __len__(self):
        raise Refused("len of an array within a fused function")

    def __getitem__(self, key):
        raise Refused("an index of an array within a fused function")

    def __setitem__(self, key, value):
        if key is not ...:
            raise Refused("within a fused function nothing but a whole array, [...], can be set")
        if isinstance(_operand(value), float) and not isinstance(_operand(value), numpy.generic):
            raise Refused("a plain number that an array is set to: CuPy would round it to float16")
        super().__setitem__(key, value)


class Number:
    """A number within a fused function: an operand beside arrays alone, as CuPy would make float64
    of two numbers and then of all.
    """

    def __init__(self, value):
        self.value = value


def _operand(x):
    """What NumPy computes with, of a device array or a plain number."""
    if isinstance(x, DeviceArray):
        return x._memory
    if isinstance(x, (bool, int, float, complex, numpy.generic)):
        return x
    if isinstance(x, Number):
        return x.value
    raise Refused(
        f"a {type(x).__module__}.{type(x).__name__} among device arrays; move it with asarray"
    )


def _index(key):
    """A key as a tuple; index arrays must be on the device and numbers on the host."""
    key = key if isinstance(key, tuple) else (key,)
    for part in key:
        known = (
            part is None
            or part is ...
            or isinstance(part, (int, numpy.integer, slice, DeviceArray))
        )
        if isinstance(part, bool) or not known:
            raise Refused(f"a {type(part).__name__} as an index of a device array")
    return tuple(part._memory if isinstance(part, DeviceArray) else part for part in key)


def _call(function, *operands, out=None, **options):
    """`function` of device arrays and numbers, as a device array, into `out` if it is given."""
    if function.__name__ in PRODUCTS:
        check_recording(f"CuPy's {function.__name__}")
    if not any(isinstance(x, DeviceArray) for x in operands):
        raise Refused(f"{function.__name__}: none of the operands is on the device")
    hosts = [_operand(x) for x in operands]
    if out is None:
        kind = next(type(x) for x in operands if isinstance(x, DeviceArray))
        return kind(_result(lambda: function(*hosts, **options)))
    if not isinstance(out, DeviceArray):
        raise Refused(f"{function.__name__}: out is a {type(out).__name__}, not a device array")
    memory = out._memory
    for host in hosts:
        if (
            isinstance(host, numpy.ndarray)
            and not _same(host, memory)
            and numpy.shares_memory(host, memory)
        ):
            raise Refused(
                f"{function.__name__}: an operand shares memory with out without being out"
            )
    _work(lambda: function(*hosts, out=memory, **options))
    return out


def _work(work):
    """Do this work; within a fused function it is a part of the work of its kernel."""
    work() if getattr(_here, "fusing", False) else do(work)


def _result(compute):
    """A new array, of what compute() gives."""
    return compute() if getattr(_here, "fusing", False) else made(compute)


def _same(a, b):
    return (a.ctypes.data, a.shape, a.strides, a.dtype) == (
        b.ctypes.data,
        b.shape,
        b.strides,
        b.dtype,
    )


def _ufunc(name):
    function = getattr(numpy, name)

    def call(*operands, out=None):
        if len(operands) != function.nin:
            raise Refused(
                f"{name}: expected {function.nin} operands (and out by name), got {len(operands)}"
            )
        return _call(function, *operands, out=out)

    return call


def _check_fused(name, arrays):
    if len({a.shape for a in arrays}) != 1:
        raise Refused(f"{name}: arrays of the shapes {[a.shape for a in arrays]} in a kernel")
    for a, b in combinations(arrays, 2):
        if not _same(a, b) and numpy.shares_memory(a, b):
            raise Refused(f"{name}: two arrays of a fused function overlap")


def _within(name, function, args):
    """The memory of what `function` returns as a fused function, or None."""
    within = [
        Variable(a._memory) if isinstance(a, DeviceArray) else Number(_operand(a)) for a in args
    ]
    _here.fusing = True
    try:
        new = function(*within)
    finally:
        _here.fusing = False
    if new is None:
        return None
    theirs = [a._memory for a in within if isinstance(a, Variable)]
    if not isinstance(new, Variable) or any(numpy.shares_memory(new._memory, a) for a in theirs):
        raise Refused(f"{name}: a fused function returns nothing or an array that it made")
    return new._memory


class Device:
    """The module: see the top of the file.

    The functions of one or more arrays that are ufuncs in NumPy are added below.
    """

    __name__ = "device"
    ndarray = DeviceArray
    cuda = cuda

    def __getattr__(self, name):
        raise AttributeError(
            f"the device double has no {name}; if CuPy has it and numpygan needs it, add it here"
        )

    def __getattribute__(self, name):
        known = name in ELEMENTWISE or name in ("fuse", "ndarray") or name.startswith("_")
        if not known and getattr(_here, "fusing", False):
            raise Refused(f"{name} within a fused function")
        return super().__getattribute__(name)

    def fuse(self, kernel_name):
        """A decorator of a function of arrays of one shape and numbers, that makes one kernel of
        it.
        """

        def decorate(function):
            def call(*args):
                if getattr(_here, "fusing", False):  # a part of the kernel of another function
                    return function(*args)
                _check_fused(kernel_name, [a._memory for a in args if isinstance(a, DeviceArray)])
                kernels[kernel_name] += 1
                copies = [a._memory.copy() if isinstance(a, DeviceArray) else a for a in args]
                copies = [DeviceArray(a) if isinstance(a, numpy.ndarray) else a for a in copies]
                if _within(kernel_name, function, copies) is None:
                    return do(lambda: _within(kernel_name, function, args))
                return DeviceArray(made(lambda: _within(kernel_name, function, args)))

            return call

        return decorate

    def asarray(self, a, dtype=None):
        """`a` on the device; a host array is copied there."""
        if isinstance(a, DeviceArray):
            return a if dtype is None else a.astype(dtype, copy=False)
        memory = numpy.array(a, dtype)
        if memory.dtype.kind not in "biufc" or memory.dtype.name == "longdouble":
            raise Refused(f"asarray: a device has no {memory.dtype}")
        from_host("asarray")
        return DeviceArray(memory)

    def zeros(self, shape, dtype=float):
        return DeviceArray(made(lambda: numpy.zeros(shape, dtype)))

    def zeros_like(self, a):
        return DeviceArray(made(lambda: numpy.zeros_like(_operand(a))))

    def empty(self, shape, dtype=float):
        return DeviceArray(made(lambda: numpy.full(shape, rubbish(numpy.dtype(dtype)), dtype)))

    def empty_like(self, prototype):
        return self.empty(prototype._memory.shape, prototype._memory.dtype)

    def arange(self, stop, dtype):
        return DeviceArray(numpy.arange(stop, dtype=dtype))

    def linspace(self, start, stop, num=50, dtype=None):
        return DeviceArray(numpy.linspace(start, stop, num, dtype=dtype))

    def real(self, val):
        return type(val)(_operand(val).real)

    def sum(self, a, axis=None, dtype=None, out=None, keepdims=False):
        return _call(numpy.sum, a, out=out, axis=axis, dtype=dtype, keepdims=keepdims)

    def mean(self, a, axis=None, dtype=None, out=None, keepdims=False):
        return _call(numpy.mean, a, out=out, axis=axis, dtype=dtype, keepdims=keepdims)

    def max(self, a, axis=None, out=None, keepdims=False):
        return _call(numpy.max, a, out=out, axis=axis, keepdims=keepdims)

    def min(self, a, axis=None, out=None, keepdims=False):
        return _call(numpy.min, a, out=out, axis=axis, keepdims=keepdims)

    def all(self, a, axis=None, out=None, keepdims=False):
        return _call(numpy.all, a, out=out, axis=axis, keepdims=keepdims)

    def any(self, a, axis=None, out=None, keepdims=False):
        return _call(numpy.any, a, out=out, axis=axis, keepdims=keepdims)

    def dot(self, a, b, out=None):
        return _call(numpy.dot, a, b, out=out)

    def where(self, condition, x, y):
        return _call(numpy.where, condition, x, y)

    def take(self, a, indices, axis=None, out=None):
        return _call(
            lambda a, indices, **to: numpy.take(a, indices, axis, **to), a, indices, out=out
        )

    def concatenate(self, tup, axis=0):
        return _call(lambda *arrays: numpy.concatenate(arrays, axis), *tup)

    def stack(self, tup, axis=0):
        return _call(lambda *arrays: numpy.stack(arrays, axis), *tup)

    def einsum(self, subscripts, *operands):
        check_recording("CuPy's einsum")
        return _call(lambda *arrays: numpy.einsum(subscripts, *arrays), *operands)


UFUNCS = (
    "add",
    "subtract",
    "multiply",
    "divide",
    "negative",
    "matmul",
    "maximum",
    "minimum",
    "reciprocal",
    "sqrt",
    "exp",
    "log",
    "log1p",
    "tanh",
    "cos",
    "isfinite",
    "logical_or",
    "bitwise_or",
    "bitwise_xor",
    "left_shift",
    "right_shift",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
)
ELEMENTWISE = {*UFUNCS, "where", "real"} - {"matmul"}
for _name in UFUNCS:
    setattr(Device, _name, staticmethod(_ufunc(_name)))

device = Device()

for _name in ("sum", "mean", "max", "min", "all", "any"):
    setattr(
        DeviceArray,
        _name,
        (lambda f: lambda self, *args, **options: f(self, *args, **options))(
            getattr(device, _name)
        ),
    )


def _operators():
    for symbol, name in {
        "add": "add",
        "sub": "subtract",
        "mul": "multiply",
        "truediv": "divide",
        "matmul": "matmul",
        "or": "bitwise_or",
        "xor": "bitwise_xor",
        "lshift": "left_shift",
        "rshift": "right_shift",
    }.items():
        f = getattr(Device, name)
        yield f"__{symbol}__", lambda self, other, f=f: f(self, other)
        yield f"__r{symbol}__", lambda self, other, f=f: f(other, self)
        if symbol != "matmul":
            yield f"__i{symbol}__", lambda self, other, f=f: f(self, other, out=self)
    for symbol, name in zip(("eq", "ne", "lt", "le", "gt", "ge"), UFUNCS[-6:]):
        yield f"__{symbol}__", lambda self, other, f=getattr(Device, name): f(self, other)
    yield "__neg__", lambda self: Device.negative(self)
    for convert in (float, int, bool, complex):
        name = f"__{convert.__name__}__"

        def implicit(self, convert=convert, name=name):
            wait(name)
            return convert(self._memory[()])

        yield name, implicit


for _name, _method in _operators():
    setattr(DeviceArray, _name, _method)
