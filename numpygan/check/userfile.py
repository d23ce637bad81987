"""Checks in a file of the user's: `numpygan gradcheck FILE.py::NAME`.

NAME is a function without arguments that returns the arguments of `ng.gradcheck`, or such a tuple,
or layers:

    def check_affine():
        return affine, affine_backward, x, w, b

Without `::NAME` every name that starts with `check_` is taken, but no imported function.
"""

import importlib.util
import inspect
import os
import sys
import traceback
from pathlib import Path

import numpy

from ..errors import NumpyganError, words_of
from ..nn.layer import Layer
from ..nn.mlp import MLP
from .functions import needed
from .layer_check import OPTIONS, gradcheck
from .result import Report


def is_file(text: str) -> bool:
    """Whether the argument of the command means a file and not a recipe."""
    name = text.partition("::")[0]
    return name.endswith(".py") or ".py:" in name


def check_file(text: str, seed: int = 0) -> dict[str, Report]:
    """{NAME: Report} for FILE.py::NAME; runs the code of the file.

    Raises NumpyganError if there is no such file or name, or if its code raises.
    """
    name, _, wanted = text.partition("::")
    if ".py:" in name:
        raise NumpyganError(f"{text}: write {name.replace('.py:', '.py::')}.")
    module = _run(Path(os.path.expanduser(name)))
    found = {
        key: value
        for key, value in vars(module).items()
        if key.startswith("check_") and _is_own(value, module)
    }
    if wanted:
        if not hasattr(module, wanted):
            others = ", ".join(found) or "none that starts with check_"
            raise NumpyganError(f"{name}: there is no {wanted!r} in it; it has {others}.")
        found = {wanted: getattr(module, wanted)}
    if not found:
        raise NumpyganError(
            f"{name}: no name starts with check_; write `def check_f(): return f, backward, x`, or "
            f"name one: {name}::NAME."
        )
    return {key: _report(f"{name}::{key}", value, module, seed) for key, value in found.items()}


def _is_own(value, module):
    """False for a function that the file imports, such as scikit-learn's check_array."""
    return not inspect.isfunction(value) or value.__module__ == module.__name__


def _run(path):
    if not path.is_file():
        raise NumpyganError(f"{path}: there is no such file; check the path.")
    file = os.path.abspath(path)
    spec = importlib.util.spec_from_file_location(path.stem, file)
    module = importlib.util.module_from_spec(spec)
    if getattr(sys.modules.get(path.stem), "__file__", file) == file:  # no other module's name
        sys.modules[path.stem] = module  # where dataclasses and pickle look it up
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # leave nothing in the folder
    sys.path.insert(0, str(path.resolve().parent))
    try:
        _call(path, file, lambda: spec.loader.exec_module(module))
    finally:
        sys.path.pop(0)
        sys.dont_write_bytecode = kept
    return module


def _call(place, file, function):
    """function(), with whatever the code in the user's file raises as one sentence."""
    try:
        return function()
    except NumpyganError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == file]
        lines += [error.lineno] if isinstance(error, SyntaxError) and error.lineno else []
        where = f" in line {lines[-1]}" if lines else ""
        raise NumpyganError(
            f"{place}: its code raises {type(error).__name__}{where}: {words_of(error)}; make it "
            "run under python first."
        ) from None


def _report(place, value, module, seed):
    if callable(value) and not isinstance(value, (Layer, type)) and not needed(value):
        value = _call(place, module.__file__, value)
    if isinstance(value, Report):
        return value
    if isinstance(value, Layer):
        value = [value]
    if isinstance(value, MLP) or (
        isinstance(value, list) and all(isinstance(layer, Layer) for layer in value)
    ):
        return gradcheck(value, seed=seed)
    if not isinstance(value, tuple) or not value or not callable(value[0]):
        kind = "an array" if isinstance(value, numpy.ndarray) else type(value).__name__
        kind += " with arguments" if callable(value) else ""
        raise NumpyganError(
            f"{place}: expected (function, backward, *inputs), layers, or a function without "
            f"arguments that returns them, got {kind}."
        )
    *arguments, last = value
    options = last if isinstance(last, dict) and _are_options(last) else {}
    return gradcheck(*(arguments if options else value), **{"seed": seed, **options})


def _are_options(last):
    """Whether a dict holds options, misspelt ones included, and not arrays of parameters."""
    arrays = any(isinstance(value, numpy.ndarray) for value in last.values())
    return not arrays and not set(last).isdisjoint(OPTIONS)
