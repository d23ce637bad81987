"""FORMS: the ways in which people write a function and its backward pass.

An input may be an array, a float, or a dict, list or tuple of them. A function of several outputs
returns a tuple; backward then takes one gy for each.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

import numpy

from ..errors import NumpyganError
from .imaginary import where
from .trees import as_array, is_real, leaves

FORMS = {
    "returns": "y = function(x, w); gx, gw = backward(gy, x, w)",
    "inputs_first": "y = function(x, w); gx, gw = backward(x, w, gy)",
    "writes": "y = function(x, w); backward(gy, x, w, gx, gw) fills gx and gw",
    "cache": "y, cache = function(x, w); gx, gw = backward(gy, cache)",
    "residuals": "y, saved = function(x, w); gx, gw = backward(saved, gy)",
    "methods": "y = function(x, w); gx, gw = backward(gy)",
    "pullback": "y, pullback = function(x, w); gx, gw = pullback(gy)",
    "gradient": "loss = function(x, w); gx, gw = backward(x, w)",
    "loss": "loss, (gx, gw) = function(x, w)",
}
_SAVED = ("cache", "caches", "saved", "residuals", "res", "ctx", "context", "memo", "tape")
# The names of an argument with a default that is gy; another one, such as eps, is a setting
_UPSTREAM = (
    *("g", "gy", "gout", "grad", "grad_out", "grad_output", "dy", "dout", "dloss", "delta"),
    *("upstream", "seed", "v", "ct", "cotangent"),
)
_FILLER = numpy.nan  # what an array holds before backward writes it


@dataclass(frozen=True)
class Form:
    """A function with its backward pass in one of FORMS.

    others  more kinds that the arguments would fit
    keeps   whether the names and dtypes say that the last output is what backward needs

    values(inputs)       the list of its outputs, as arrays
    pass_over(inputs)    runs forward; returns backward as a function of gys
    """

    kind: str
    function: object
    backward: object
    name: str
    together: bool = False  # whether backward takes the gys as one tuple
    others: tuple = ()
    keeps: bool = False

    def values(self, inputs):
        found = self.function(*inputs)
        if self.kind in ("cache", "residuals", "pullback"):
            found = found[:-1]
        elif self.kind == "loss":
            found = found[:1]
        found = _as_tuple(found)
        several = isinstance(found, tuple)
        return [self._output(y, several) for y in (found if several else (found,))]

    def _output(self, y, several):
        array = as_array(y)
        if array is None or array.dtype.kind not in "fiubc":
            kind = type(y).__name__ + " in a tuple" * several
            raise NumpyganError(
                f"{self.name}: function returns {kind}; expected an array, a number, or a tuple "
                f"of them."
            )
        return array

    @property
    def scalar(self):
        """Whether the function is a scalar loss, so that backward takes no gy."""
        return self.kind in ("loss", "gradient")

    def pass_over(self, inputs, real=()):
        """Run forward; return backward as a function of gys.

        real  the indices of the inputs to differentiate; the form "writes" gets an array for each
        Forward runs in every form but "gradient", because it may keep a mask for backward.
        """
        found = None if self.kind == "gradient" else self.function(*inputs)
        call = {
            "returns": lambda gys: self.backward(*gys, *inputs),
            "inputs_first": lambda gys: self.backward(*inputs, *gys),
            "gradient": lambda gys: self.backward(*inputs),
            "writes": lambda gys: self._written(inputs, gys, real),
            "methods": lambda gys: self.backward(*gys),
            "cache": lambda gys: self.backward(*gys, found[-1]),
            "residuals": lambda gys: self.backward(found[-1], *gys),
            "pullback": lambda gys: found[-1](*gys),
            "loss": lambda gys: found[1],
        }[self.kind]
        return (lambda gys: call([tuple(gys)])) if self.together else call

    def _written(self, inputs, gys, real):
        arrays = [numpy.full_like(inputs[number], _FILLER) for number in real]
        returned = self.backward(*gys, *inputs, *arrays)
        if returned is not None and all(numpy.isnan(array).all() for array in arrays):
            raise NumpyganError(
                f"{self.name}: backward takes arrays to write into but returns its result; "
                f"write `gx[...] = …`, or take gy and the inputs alone."
            )
        return tuple(arrays)


def _as_tuple(found):
    """A list of outputs as a tuple; a list of numbers is one output."""
    listed = isinstance(found, list) and found and not isinstance(found[0], list)
    return tuple(found) if listed and any(map(numpy.ndim, found)) else found


def taken_as(function, backward, inputs, form=None, name=None):
    """The Form of the user's functions: `form` if it is given, else found from the arguments.

    `inputs` are passed to `function` once. Raises NumpyganError where no form fits.
    """
    name = (
        name or getattr(function, "__qualname__", type(function).__name__).split(".<locals>.")[-1]
    )
    try:
        found = function(*inputs)
    except NumpyganError:
        raise
    except Exception as error:
        raise NumpyganError(
            f"{name}: function raises {type(error).__name__}: {error}{where(error)}; it must run "
            f"at the inputs that are given."
        ) from None
    found = _as_tuple(found)
    if form is not None:
        _fits(form, found, backward, name)
        return Form(form, function, backward, name)
    several = isinstance(found, tuple) and len(found) > 1
    scalar, given = _is_number(found), input_names(function, inputs)
    if backward is None:
        if several and callable(found[-1]):
            return Form("pullback", function, None, name)
        if several and len(found) == 2 and _is_number(found[0]):
            by_name = isinstance(found[1], Mapping) and set(found[1]) - {*given}
            if by_name and not any(isinstance(part, Mapping) for part in inputs):
                raise NumpyganError(
                    f"{name}: the gradients are a dict, but no input is one and {by_name.pop()!r} "
                    f"is not an input; give the dict of the parameters: ng.gradcheck(lambda "
                    f"parameters: (loss, gradients), parameters)."
                )
            return Form("loss", function, None, name)
        raise NumpyganError(
            f"{name}: no backward is given, and the function returns {_kind(found)}; give one, "
            f"ng.gradcheck(function, backward, *inputs), or return (y, pullback) or "
            f"(loss, gradients)."
        )
    names, fewest = _parameters(backward)
    if names is None:
        return Form("returns", function, backward, name)

    def takes(count):
        return fewest <= count <= len(names)

    if several and takes(len(found)):
        saved = found[-1]
        plain = isinstance(saved, (numpy.ndarray, numpy.generic, float, int))
        if names[0] in _SAVED:
            return Form("residuals", function, backward, name)
        if not plain or names[len(found) - 1] in _SAVED:
            return Form("cache", function, backward, name)
    if several and len(found) > 2 and len(names) == 2 and names[1] in _SAVED:
        return Form("cache", function, backward, name, together=True)
    outputs = len(found) if several else 1
    others, keeps = (), False  # forms in which the last output is what backward needs
    if several and takes(outputs):
        others, last = ("cache", "residuals"), names[outputs - 1]
        keeps = numpy.asarray(found[-1]).dtype.kind != "f" or last in given
        keeps = keeps or len(last) > 1 and last[0] not in "gd"  # as gy, dy and dout
    real = sum(is_real(leaf) for _, _, leaf in leaves(tuple(inputs), ""))
    of_one = getattr(function, "__self__", None) is not None
    of_one = of_one and function.__self__ is getattr(backward, "__self__", None)
    alike = names == given  # so the method takes the inputs and no gy
    setting = names[fewest] if fewest < len(names) else ""  # has a default
    if scalar and fewest == len(inputs) and setting not in ("", *_UPSTREAM, *given):
        if names[0] not in _UPSTREAM and (names[:fewest] == given or not of_one):
            return Form("gradient", function, backward, name)
    if takes(outputs + len(inputs)):
        first = names[: len(inputs)] == given
        return Form("inputs_first" if first else "returns", function, backward, name)
    if outputs > 1 and names[1:] == given:
        return Form("returns", function, backward, name, True, others, keeps)
    if scalar and takes(len(inputs)) and (alike or not of_one):
        return Form("gradient", function, backward, name)
    if takes(outputs + len(inputs) + real) or takes(outputs + 2 * len(inputs)):
        return Form("writes", function, backward, name)
    if takes(outputs):
        return Form("methods", function, backward, name, False, others, keeps)
    raise NumpyganError(
        f"{name}: backward takes ({', '.join(names)}), and no known form fits {outputs} "
        f"output{'s' * (outputs > 1)} and {len(inputs)} input{'s' * (len(inputs) != 1)}; write "
        f"backward(gy, {', '.join(given)}) that returns the gradients."
    )


def _fits(form, found, backward, name):
    """Raise NumpyganError unless `form`, which the user asks for, fits what the function gives."""
    if not isinstance(form, str) or form not in FORMS:
        raise NumpyganError(
            f"gradcheck: there is no form {form!r}; expected one of {', '.join(FORMS)}."
        )
    several = isinstance(found, tuple) and len(found) > 1
    good = True
    if form in ("cache", "residuals"):
        good = several
    elif form == "pullback":
        good = several and callable(found[-1])
    elif form == "loss":
        good = several and len(found) == 2 and _is_number(found[0])
    if not good:
        raise NumpyganError(
            f"{name}: form={form!r} means {FORMS[form]}, but the function returns {_kind(found)}."
        )
    if (backward is None) is not (form in ("loss", "pullback")):
        both = "function and backward" if backward is None else "the function alone"
        raise NumpyganError(
            f"{name}: form={form!r} means {FORMS[form]}; give {both}, then the inputs."
        )


def _is_number(found):
    array = None if isinstance(found, (list, tuple)) else as_array(found)
    return array is not None and not array.ndim


def _kind(found):
    if isinstance(found, tuple):
        return f"a tuple of {len(found)}"
    if _is_number(found):
        return "a number"
    return f"an array of shape {numpy.shape(found)}" if is_real(found) else type(found).__name__


def _parameters(function):
    """The names of its positional parameters and how many have no default; None for *args."""
    if isinstance(function, numpy.ufunc):  # `out` and `where` are no inputs
        return ["x"] if function.nin == 1 else [
            f"x{i + 1}" for i in range(function.nin)
        ], function.nin
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None, 0
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None, 0
    usual = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [p.name for p in usual], sum(p.default is p.empty for p in usual)


def needed(function):
    """How many arguments the function can't do without, as far as that is known."""
    return _parameters(function)[1]


def input_names(function, inputs):
    """The names of the function's inputs."""
    names, _ = _parameters(function)
    given = names or []
    return [given[i] if i < len(given) else f"input {i}" for i in range(len(inputs))]
