"""Attributes that stay where they are: `layer.gW = a` copies a into the view of the gradient."""

import numpy

from ..errors import NumpyganError


class Missing(NumpyganError, AttributeError):
    """A layer or its tape was asked for an array that it doesn't have."""


class Views:
    """An object with attributes that are views of a larger array.

    `thing.name = a` copies a into the view. Raises NumpyganError if a doesn't fit.
    """

    def set_views(self, **views):
        self.__dict__["_views"] = self.__dict__.get("_views", {}) | views
        self.__dict__.update(views)

    def __setattr__(self, name, value):
        view = self.__dict__.get("_views", {}).get(name)
        if view is None:
            object.__setattr__(self, name, value)
        elif value is not view:  # `layer.W *= 2` sets what is there
            copy_into(f"{name} of {self}", view, value)


def copy_into(name, view, value):
    """Copy the array `value` into `view`. Raises NumpyganError if shape or array module differ."""
    masked = isinstance(value, numpy.ma.MaskedArray)
    if getattr(value, "shape", None) != view.shape or not isinstance(value, type(view)) or masked:
        what = f"{type(value).__module__}.{type(value).__name__}"
        shape = getattr(value, "shape", None)
        hint = ""
        if shape is not None and not isinstance(value, type(view)):
            hint = "; compute with self.xp, or move it with numpygan.arrays.to_device"
        if masked:
            hint = ", whose masked values are no numbers; use array.filled(value)"
        raise NumpyganError(
            f"{name} takes an array of {type(view).__module__} of shape {view.shape}, got "
            f"{what}{'' if shape is None else f' of shape {shape}'}{hint}."
        )
    if value.dtype.kind == "c" and view.dtype.kind != "c":
        raise NumpyganError(
            f"{name} takes {view.dtype}, got {value.dtype}; ask for it in `memory` with the kind "
            f'"value", which follows the dtype of the pass.'
        )
    if value.dtype.kind not in "biufc":
        raise NumpyganError(f"{name} takes {view.dtype}, got {value.dtype}, which is no number.")
    view[...] = value
