"""Whether the complex step suits every layer of a network, or one needs five-point differences."""

import warnings

import numpy

from ..arrays import Stream, normal
from ..nn.tape import run_forward
from . import imaginary
from .derivative import EPSILON, Line
from .layer_pass import same_masks
from .oracles import COMPLEX_STEP

_OFF = 1e-2  # the input is moved by about this much, away from a tie
_SCALES = 1, -1, 8, 1 / 64  # of the input: a layer may take another branch there
_FACTORS = 1 + 2**-8, 1 - 2**-8  # of what has lost its imaginary part


def oracle_of(net, tape):
    """The oracle for all layers, "complex" or "five-point"; a sentence for each that needs it."""
    real, twin, stream, notes = net.copy("float64"), net.copy("complex128"), Stream(0), []
    now, shadows = real.tape(tape.m), twin.tape(tape.m)
    now.x[...] = tape.x
    for index, (layer, of_complex) in enumerate(zip(real.layers, twin.layers)):
        t, shadow = now.layers[index], shadows.layers[index]
        for page in (t, shadow):
            same_masks(layer, tape.layers[index], page)
        x = t.x + _OFF * normal(t.x.shape, stream)
        try:
            reason = _reason(layer, of_complex, t, shadow, x, stream)
            _forward(layer, t, x)  # the input of the next layer
        except Exception:  # the checks of the layer say what it raises
            break
        if reason:
            notes.append(
                f"layer {index}, {net.layers[index]}: its forward {reason}, so all is compared "
                f"with five-point differences"
            )
    return ("five-point" if notes else "complex"), notes


def _reason(layer, of_complex, t, shadow, x, stream):
    """What forward does to complex numbers that the complex step can't bear; "" if nothing."""
    kept = {name: getattr(of_complex, name).copy() for name in layer.shapes()}
    directions = {name: normal(array.shape, stream) for name, array in kept.items()}
    directions["x"] = normal(x.shape, stream)
    for name, array in kept.items():
        getattr(of_complex, name)[...] = array + 1j * COMPLEX_STEP * directions[name]
    named = {}
    for scale in _SCALES:
        try:
            finite = numpy.isfinite(_forward(layer, t, scale * x)).all()
        except Exception:
            if scale == 1:
                raise
            continue  # the layer is not meant for such inputs
        if finite or scale == 1:
            x_of_step = scale * x + 1j * COMPLEX_STEP * directions["x"]
            if refused := _refused(of_complex, shadow, x_of_step):
                return refused
            named |= dict.fromkeys(_dropped(of_complex, shadow, x_of_step))
    if named:
        return f"drops the imaginary part in {', '.join(named)}"
    if _differs(layer, of_complex, t, shadow, x, directions, stream):
        return "has another derivative with complex numbers than with real ones"
    return ""


def _forward(layer, t, x):
    """A copy of y = f(x)."""
    t.x[...] = x
    run_forward(layer, t)
    return numpy.array(t.y)


def _refused(layer, t, x):
    """What forward raises at the complex x, if it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", numpy.exceptions.ComplexWarning)
        try:
            _forward(layer, t, x)
        except Exception as error:  # whatever it is, there is no complex step
            text = f"does not take complex numbers: {type(error).__name__}: {error}"
            text = text.rstrip(".") + imaginary.where(error)
            if isinstance(error, numpy.exceptions.ComplexWarning) and t.own:
                text += ' (an array of memory() that keeps values of x has the kind "value")'
            return text
    return ""


def _differs(layer, of_complex, t, shadow, x, directions, stream):
    """Whether Im f(p + ih u)/h is not the derivative of f, which differences agree on.

    p is x and the parameters; in `of_complex` the parameters are moved by ih u already.
    """
    gy, kept = normal(t.y.shape, stream), {name: getattr(layer, name) for name in layer.shapes()}
    kept = {name: array.copy() for name, array in kept.items()}

    def along(h):
        for name, array in kept.items():
            getattr(layer, name)[...] = array + h * directions[name]
        return (gy * _forward(layer, t, x + h * directions["x"])).sum()

    along(0.0)
    line = Line(along, numpy.zeros(()), numpy.ones(()), float(abs(gy * t.y).sum()))
    numeric, off = line.five_point()
    along(0.0)  # the parameters are as they were
    y = _forward(of_complex, shadow, x + 1j * COMPLEX_STEP * directions["x"])
    return abs((gy * y).sum().imag / COMPLEX_STEP - numeric) > 10 * off  # off may be infinite


def _dropped(layer, t, x):
    """The places in forward where an imaginary part is lost that y depends on.

    What lost it is made a little larger, then a little smaller. If y moves both times, it depends
    on it. If only a branch does, as in `where(x.real > 0, x, 0)`, y stays, and so it does if what
    was added is taken away again, as in log(sum(exp(x - m))) + m: the complex step is right there.
    """
    places = _Places()
    try:
        y = _traced_forward(layer, t, x, places)
        least = 100 * EPSILON * max(1.0, float(abs(y).max()))

        def moves(*chosen):
            moved = [
                abs(_traced_forward(layer, t, x, _Places(chosen, factor)) - y)
                for factor in _FACTORS
            ]
            return bool((numpy.minimum(*moved) > least).any())

        each = list(dict.fromkeys(places))
        if not each or not moves(*each):
            return []
        return [place for place in each if moves(place)] or each
    except Exception:  # code that can't take a subclass of ndarray; differences have to do
        return []


def _traced_forward(layer, t, x, places):
    """y = f(x), while every complex array that forward can reach notes where it loses numbers."""
    t.x[...] = x
    plain = [
        (vars(owner), name, getattr(owner, name))
        for owner, names in ((t, t.arrays()), (layer, layer.shapes()))
        for name in names
    ]
    try:
        for names, name, array in plain:
            if array.dtype.kind == "c":
                names[name] = _traced(array, places)
        y = layer.forward(t.x, t)
        return numpy.array(t.y if y is None else y).view(numpy.ndarray)
    finally:
        for names, name, array in plain:
            names[name] = array


class _Places(list):
    """The places found; what loses its imaginary part at those in `moved` is times `factor`."""

    def __init__(self, moved=(), factor=1.0):
        super().__init__()
        self.moved, self.factor = frozenset(moved), factor


def _traced(array, places):
    traced = numpy.asarray(array).view(_Movable)
    traced.found = places
    return traced


class _Movable(imaginary.Traced):
    """As there; complex results stay traced, and what has lost its imaginary part can be moved."""

    def _moves(self, before):
        """Whether a place that was found after `before` others is one to move."""
        return not getattr(self.found, "moved", frozenset()).isdisjoint(self.found[before:])

    def _result(self, result, before):
        """`result`, traced; multiplied by the factor if it is to be moved."""
        if isinstance(result, (numpy.ndarray, numpy.inexact)) and self._moves(before):
            result = numpy.asarray(result) * self.found.factor
        if isinstance(result, (numpy.ndarray, numpy.complexfloating)):
            return _traced(result, self.found)
        return result

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        before = len(self.found)
        result = super().__array_ufunc__(ufunc, method, *inputs, out=out, **options)
        if out is None:
            return self._result(result, before)
        if self._moves(before):
            plain = numpy.asarray(out[0])
            plain *= self.found.factor
        return result

    def __array_function__(self, function, types, args, kwargs):
        before = len(self.found)
        return self._result(super().__array_function__(function, types, args, kwargs), before)

    def __getitem__(self, key):
        return self._result(super().__getitem__(key), len(self.found))

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    @property  # type: ignore[misc]
    def real(self):
        before = len(self.found)
        return self._result(super().real, before)

    def astype(self, dtype, *args, **kwargs):
        before = len(self.found)
        return self._result(super().astype(dtype, *args, **kwargs), before)

    def var(self, *args, **kwargs):
        before = len(self.found)
        return self._result(super().var(*args, **kwargs), before)

    def std(self, *args, **kwargs):
        before = len(self.found)
        return self._result(super().std(*args, **kwargs), before)
