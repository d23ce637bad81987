"""Inputs and gradients as people nest them: arrays in dicts, lists and tuples, leaf by leaf."""

import copy
from collections.abc import Mapping

import numpy


def leaves(tree, name, path=()):
    """(name, path, leaf) of each array or number in nested dicts, lists and tuples."""
    if isinstance(tree, Mapping):
        for key, part in tree.items():
            yield from leaves(part, f"{name}[{key!r}]", (*path, key))
    elif isinstance(tree, (list, tuple)):
        for index, part in enumerate(tree):
            yield from leaves(part, f"{name}[{index}]", (*path, index))
    else:
        yield name, path, tree


def filled(tree, values):
    """The tree with its leaves taken in order from the iterator `values`.

    Dicts, lists and tuples of other types keep their type. What was given as a number stays one.
    """
    if isinstance(tree, Mapping):
        return _as_type_of(tree, {key: filled(part, values) for key, part in tree.items()})
    if isinstance(tree, (list, tuple)):
        parts = [filled(part, values) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    value = next(values)
    if type(value) is numpy.ndarray and not isinstance(tree, numpy.ndarray):
        return value[()]  # code may ask for a float, or write `s *= 2`, which changes an array
    return value


def _as_type_of(tree, parts):
    """The dict `parts` as a mapping of the type of `tree`, if one can be made."""

    def changed():
        new = copy.copy(tree)
        for key, part in parts.items():
            new[key] = part
        return new

    if type(tree) is dict:
        return parts
    for make in (changed, lambda: type(tree)(parts), lambda: type(tree)(**parts)):
        try:
            new = make()
            good = type(new) is type(tree) and len(new) == len(tree)
            for key, part in parts.items():
                good = good and new[key] is part
                if isinstance(key, str) and getattr(tree, key, None) is tree[key]:
                    good = good and getattr(new, key) is part  # p.W and p["W"] are the same
        except Exception:  # its class is made in a way of its own
            continue
        if good:
            return new
    return parts


def is_real(leaf):
    """Whether the leaf is a float or an array of floats, so that it has a derivative."""
    return getattr(getattr(leaf, "dtype", None), "kind", "") == "f" or type(leaf) is float


def as_array(thing):
    """`thing` as an array; None for a dict or text, and for an array that hides some numbers."""
    if isinstance(thing, (dict, str, numpy.ma.MaskedArray)):
        return None
    try:
        return numpy.asarray(thing)
    except Exception:  # lists of several lengths, or an object of another library that refuses
        return None


def gradient_of(result, path, tops, count):
    """The part of backward's result that belongs to the leaf at `path`; None if there is none.

    tops   the numbers of the inputs that a gradient is asked for
    count  of all inputs
    """
    top, rest = path[0], path[1:]
    rows = isinstance(result, list) and result and isinstance(result[0], list)
    if rows and len(tops) == 1 and not rest:
        return numpy.asarray(result)
    if isinstance(result, (tuple, list)) and len(result) == count and (count > 1 or not rest):
        result = result[top]
    elif isinstance(result, (tuple, list)) and len(result) == len(tops) > 1:
        result = result[tops.index(top)]
    elif (
        isinstance(result, (tuple, list))
        and len(result) == len(tops) == 1
        and not (rest and isinstance(result[0], (numpy.ndarray, float)))
    ):
        result = result[0]
    elif len(tops) > 1:
        return None
    for key in rest:
        try:
            result = result[key]
        except (KeyError, IndexError, TypeError):
            return None
    return result
