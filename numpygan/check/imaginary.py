"""Where a function drops the imaginary part of a complex number, by name and line."""

import traceback
from pathlib import Path

import numpy

_NOT_ANALYTIC = ("absolute", "sign", "conjugate")  # take complex numbers, have no derivative
_OURS = (str(Path(numpy.__file__).parent), str(Path(__file__).parent))


def where(error=None):
    """ "(line 3: y = abs(x))": the line of the user that is running, or that raised `error`."""
    frames = traceback.extract_tb(error.__traceback__) if error else traceback.extract_stack()
    for frame in reversed(frames):
        if not frame.filename.startswith(_OURS) and "/numpygan/check/" not in frame.filename:
            line = (frame.line or "").strip()
            return f" (line {frame.lineno}: {line})" if line else ""
    return ""


def dropped(values, inputs):
    """The places where `values` turns complex numbers into real ones, at complex inputs."""
    found = []
    traced = [_traced(x, found) if numpy.iscomplexobj(x) else x for x in inputs]
    try:
        values(traced)
    except Exception:  # what was found up to here is the answer
        pass
    return list(dict.fromkeys(found))


def _traced(x, found):
    array = numpy.asarray(x).view(Traced)
    array.found = found
    return array


def _has_imaginary(array):
    array = _plain(array)
    return (
        isinstance(array, (numpy.ndarray, numpy.generic))
        and array.dtype.kind == "c"
        and bool(array.imag.any())
    )


def _plain(thing):
    if isinstance(thing, (list, tuple)):
        return type(thing)(_plain(part) for part in thing)
    return thing.view(numpy.ndarray) if isinstance(thing, Traced) else thing


class Traced(numpy.ndarray):
    """An array that notes which operations on it lose an imaginary part."""

    found: list

    def __array_finalize__(self, origin):
        self.found = getattr(origin, "found", [])

    def _note(self, name):
        self.found.append(name + where())

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [_plain(x) for x in inputs]
        if out is not None:
            options["out"] = tuple(_plain(x) for x in out)
        result = getattr(ufunc, method)(*plain, **options)
        kind = getattr(result, "dtype", numpy.dtype(bool)).kind
        if any(map(_has_imaginary, plain)) and (kind == "f" or ufunc.__name__ in _NOT_ANALYTIC):
            self._note(f"numpy.{ufunc.__name__}")
        if out is not None:
            return out[0]
        return _traced(result, self.found) if isinstance(result, numpy.ndarray) else result

    def __array_function__(self, function, types, args, kwargs):
        kept, self.found[:] = list(self.found), []
        result = super().__array_function__(function, types, args, kwargs)
        inside, self.found[:] = list(self.found), kept
        real = getattr(result, "dtype", numpy.dtype(bool)).kind == "f"
        if inside or (real and any(_has_imaginary(x) for x in args)):
            self._note(f"{function.__module__}.{function.__name__}")
        return result

    @property  # type: ignore[misc]
    def real(self):
        if _has_imaginary(_plain(self)):
            self._note(".real")
        return _plain(self).real

    def astype(self, dtype, *args, **kwargs):
        if numpy.dtype(dtype).kind == "f" and _has_imaginary(_plain(self)):
            self._note(f".astype({numpy.dtype(dtype)})")
        return _plain(self).astype(dtype, *args, **kwargs)

    def _method(name):  # type: ignore[misc]  # a function of the class body
        def call(self, *args, **kwargs):
            if _has_imaginary(_plain(self)):
                self._note(f".{name}()")
            return getattr(_plain(self), name)(*args, **kwargs)

        return call

    var, std = _method("var"), _method("std")  # type: ignore[arg-type]
