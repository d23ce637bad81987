"""Two methods of one object, forward and backward: the arrays that the object keeps.

Courses write a layer as a class that keeps its parameters in `self.W` and leaves their gradients in
`self.dW`. To check these, W becomes an input of forward, and dW a result of backward.
"""

import inspect

import numpy

from .functions import input_names
from .problem import copies_of
from .trees import is_real

# Where the gradient of self.W or self.params["W"] is looked for, as an attribute or a key of a dict
_GRADIENTS = ("d{}", "g{}", "d_{}", "g_{}", "grad_{}", "{}_grad", "grad{}", "{}grad", "delta_{}")
_IN_DICTS = ("grads", "gradients", "grad", "dparams", "d")


class Own:
    """An array that an object keeps: as an attribute, or in a dict that is one."""

    def __init__(self, holder, key, dict_name=None):
        self.holder, self.key, self.is_dict = holder, key, dict_name is not None
        self.label = f"{dict_name}[{key!r}]" if self.is_dict else key

    def is_at(self, other):
        return self.holder is other.holder and self.key == other.key

    def get(self):
        return self.holder[self.key] if self.is_dict else getattr(self.holder, self.key)

    def set(self, value):
        if self.is_dict:
            self.holder[self.key] = value
        else:
            setattr(self.holder, self.key, value)


class OwnArrays:
    """The object whose methods `function` and `backward` are, with its arrays as inputs.

    parameters  the arrays with a gradient, by name; `values` holds copies of them
    forward     function(*inputs, *parameters)
    backward    backward(*gys): the gradients of the inputs, then of the parameters
    notes       sentences on what is checked
    """

    def __init__(self, function, backward, inputs, parameters, gradients, left):
        self._thing, self._count = function.__self__, len(inputs)
        self._function, self._backward = function, backward
        self.parameters, self._gradients = parameters, gradients
        self._kept = [one.get() for one in parameters.values()]
        self.values = [array.copy() for array in self._kept]
        names = input_names(function, inputs)
        names += [f"self_{key}" if key in names else key for key in parameters]
        kind = inspect.Parameter.POSITIONAL_ONLY
        # gradcheck names the inputs by the signature.
        self.forward = lambda *given: self._forward(given)
        self.forward.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])
        self.forward.__qualname__ = function.__qualname__
        self.notes = []
        if parameters:
            also = ", ".join(f"{key} by {gradients[key].label}" for key in parameters)
            self.notes.append(f"also checked: {also}")
        if left:
            self.notes.append(f"not checked, as no gradient of it was found: {', '.join(left)}")

    def _forward(self, given):
        for one, value in zip(self.parameters.values(), given[self._count :]):
            one.set(value)
        return self._function(*given[: self._count])

    def backward(self, *gys):
        if callable(getattr(self._thing, "zero_grad", None)):
            self._thing.zero_grad()
        gx = self._backward(*gys)
        gx = gx if isinstance(gx, (tuple, list)) else (gx,)
        return (*gx, *(self._gradients[key].get() for key in self.parameters))

    def restore(self):
        for one, array in zip(self.parameters.values(), self._kept):
            one.set(array)


def of_methods(function, backward, inputs):
    """The OwnArrays of two methods of one object; None if they are not, or don't fit together.

    An array that forward sets anew, such as a copy of x, is no parameter.
    """
    thing = getattr(function, "__self__", None)
    if thing is None or thing is not getattr(backward, "__self__", None):
        return None
    kept = {one.key: one for one in _arrays(thing)}
    before = {key: one.get() for key, one in kept.items()}
    try:
        ys = function(*copies_of(inputs))
        kept = {key: one for key, one in kept.items() if one.get() is before[key]}
        backward(*(numpy.ones_like(y) for y in (ys if isinstance(ys, tuple) else (ys,))))
    except Exception:  # the check itself says what it raises
        return None
    found = {key: _gradient(thing, key) for key in kept}
    gradients = [one for one in found.values() if one]
    kept = {key: one for key, one in kept.items() if not any(one.is_at(g) for g in gradients)}
    parameters = {key: one for key, one in kept.items() if found[key]}
    left = [key for key in kept if key not in parameters]
    return OwnArrays(function, backward, inputs, parameters, found, left)


def _arrays(thing):
    """The arrays of floats among its attributes, and in a dict `params`."""
    params = _dict(thing, "params")
    kept = [Own(thing, key) for key in getattr(thing, "__dict__", {})]
    for one in kept + [Own(params, key, "params") for key in params]:
        value = one.get()
        real = isinstance(value, numpy.ndarray) and value.size and is_real(value)
        if real and isinstance(one.key, str) and one.key.isidentifier():
            yield one


def _gradient(thing, key):
    """Where the gradient of `key` is, after a backward pass; None if it is not found."""
    for pattern in _GRADIENTS:
        if isinstance(getattr(thing, pattern.format(key), None), numpy.ndarray):
            return Own(thing, pattern.format(key))
    for name in _IN_DICTS:
        holder = _dict(thing, name)
        for inner in (key, *(pattern.format(key) for pattern in _GRADIENTS)):
            if isinstance(holder.get(inner), numpy.ndarray):
                return Own(holder, inner, name)
    return None


def _dict(thing, name):
    found = getattr(thing, name, None)
    return found if isinstance(found, dict) else {}
