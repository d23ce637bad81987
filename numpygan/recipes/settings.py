"""A recipe by name, its fields changed and checked."""

import difflib
import math
import os
import re
from dataclasses import fields, replace
from pathlib import Path

from ..data.dataset import SHIPPED
from ..data.names import local_path
from ..data.shapes import read_size
from ..data.sources import TOYS
from ..errors import NumpyganError
from .builtin import DOWNLOADS, RECIPES
from .networks import VISIBLE, hidden_layer
from .recipe import Recipe

_MOST_NAMES = 3  # that "did you mean" lists
_LONGEST_TEXT = 4096  # characters: the longest path that Linux has
# Of a network; in float32, with gradient and velocity, 12 GB
_MOST_LAYERS, _MOST_PARAMETERS = 100, 10**9


def recipe_named(name):
    """The recipe called `name`. Raises NumpyganError with the nearest name if there is none."""
    if name not in RECIPES:
        raise NumpyganError(
            f"recipe: there is no {name!r}{nearest(name, RECIPES)}; `numpygan recipes` lists them."
        )
    return RECIPES[name]


def change(recipe, /, **values):
    """The recipe with some fields changed; a string is read as the type of its field.

    Raises NumpyganError for an unknown field (with the nearest name), a wrong type, a value out of
    range, or fields that don't fit each other.
    """
    types = {field.name: field.type for field in fields(Recipe)}
    for name in values:
        if name not in types:
            raise NumpyganError(
                f"{name}: no recipe has this field{nearest(name, types)}; `numpygan recipes NAME` "
                f"lists them."
            )
    changed = replace(
        recipe, **{name: _read(name, types[name], value) for name, value in values.items()}
    )
    _check(changed)
    return changed


def with_length(values):
    """The fields `values` that a user gives, so that `epochs` count if they are among them.

    A recipe's `iterations` would take precedence. Raises NumpyganError if both are given.
    """
    if "epochs" not in values:
        return values
    if str(values.get("iterations", 0)).strip() != "0":
        raise NumpyganError(
            "epochs and iterations both give the length of the run; give one of them."
        )
    return values | {"iterations": 0}


def check_data_are_there(recipe):
    """Raise NumpyganError if the recipe needs data that the user must download, and has not."""
    if recipe.data in DOWNLOADS and not os.path.exists(recipe.data):
        raise NumpyganError(
            f"{recipe.data}: there is no such file or folder; the recipe {recipe.name} needs "
            f"{DOWNLOADS[recipe.data]}; put it here, or with train give its path with --data PATH."
        )


def check_data_fields(data, values):
    """Raise NumpyganError if `values` say how to read files, but `data` are not read from such."""
    for name in ("size", "drop", "transpose"):
        if values.get(name, "auto") in ("auto", 0, "0"):
            continue
        if data in TOYS or (name == "drop" and data in SHIPPED):
            what = "a toy, which is not read from files" if data in TOYS else "not a table"
            raise NumpyganError(f"{name}: {data} is {what}; leave {name} out.")


def named_after_data(recipe):
    """The recipe for own data, if none was asked for, named after the data."""
    stem = Path(recipe.data).name
    name = re.sub(r"[^\w.-]+", "-", re.split(r"\.(?!.*\.)", stem)[0] or stem).strip(".-_")[:80]
    name = f"my-{name or 'data'}" if not name or name in (*RECIPES, *SHIPPED, *TOYS) else name
    return change(
        recipe,
        name=name,
        about=f"own data, {stem[:200]}, by Algorithm 1: Adam, samples from averaged iterates",
    )


def absolute_data(data):
    """The path of the data, absolute and with ~ expanded; the name of a dataset stays.

    So a run can be resumed from another folder. Raises NumpyganError as `local_path` does.
    """
    return data if data in (*SHIPPED, *TOYS) else os.path.realpath(local_path(data))


def fitted(recipe, dataset, given):
    """The recipe with what follows from the data, except for the fields `given` by the user.

    visible layer  a sigmoid stays where the data lie in [0, 1], else it is tanh on [−1, 1], linear
        on real numbers
    scales         on real numbers G's last and D's first weights start at Glorot's scale, times
        and by the data's spread
    batch          at most the number of training examples
    """
    changes = {}
    if "generator" not in given and recipe.generator[-1] == "sigmoid" and dataset.range != (0, 1):
        changes["generator"] = (
            *recipe.generator[:-1],
            "linear" if dataset.range is None else "tanh",
        )
        spread = float(dataset.train.std(0, dtype="float64").mean()) or 1.0
        if dataset.range is None and not {"scale_g", "scale_d"} & set(given):
            glorot = lambda n: math.sqrt(6 / (n + dataset.dim))
            g, d = (
                hidden_layer("generator", recipe.generator[-2])[2],
                hidden_layer("discriminator", recipe.discriminator[0])[0],
            )
            changes["scale_g"] = (*recipe.scale_g[:-1], float(f"{spread * glorot(g):.3g}"))
            changes["scale_d"] = (float(f"{glorot(d) / spread:.3g}"), *recipe.scale_d[1:])
    if "batch" not in given:
        changes["batch"] = min(recipe.batch, len(dataset.train))
    return change(recipe, **changes)


def _read(name, kind, value):
    """`value` as the type `kind` of the field `name`."""
    if kind in (tuple[str, ...], tuple[float, ...]):
        items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)) or len(items) > _MOST_LAYERS:
            raise NumpyganError(
                f"{name}: expected a list of at most {_MOST_LAYERS} items, got {value!r}."
            )
        return tuple(_read(name, kind.__args__[0], item) for item in items)
    if kind is float and type(value) is int and abs(value) < 1e300:
        return float(value)
    if kind is not str and isinstance(value, str):
        try:
            return kind(value)
        except ValueError:
            pass
    elif type(value) is kind:
        return value
    expected = {int: "a whole number", float: "a number", str: "a text"}[kind]
    raise NumpyganError(f"{name}: expected {expected}, got {value!r}.")


def _check(recipe):
    """Raise NumpyganError unless every field is in its range, and the fields fit each other."""

    def expect(condition, name, what):
        if not condition:
            raise NumpyganError(f"{name}: expected {what}, got {getattr(recipe, name)!r}.")

    for field in fields(recipe):
        if allowed := field.metadata["allowed"]:
            expect(allowed.holds(getattr(recipe, field.name)), field.name, allowed.words)
    expect(re.fullmatch(r"\w[\w.-]*", recipe.name), "name", "letters, digits, dots and hyphens")
    expect(recipe.data, "data", "mnist, stacked-mnist, gauss1d, ring, grid or a path")
    read_size(recipe.size, "size")
    for name in ("name", "about", "data", "drop"):
        expect(
            len(getattr(recipe, name)) <= _LONGEST_TEXT,
            name,
            f"at most {_LONGEST_TEXT:,} characters",
        )
    for name in ("about", "data", "drop"):
        # What config.toml or a path can't hold.
        expect(
            not re.search("[\0\ud800-\udfff]", getattr(recipe, name)),
            name,
            "text in UTF-8, without NUL",
        )
    for name in ("learning_rate_g", "learning_rate_d"):
        expect(
            getattr(recipe, name) >= recipe.learning_rate_floor,
            name,
            f"at least learning_rate_floor, {recipe.learning_rate_floor}",
        )
    hidden_d = len(recipe.discriminator)
    expect(
        len(recipe.keep) == hidden_d + 1,
        "keep",
        f"{hidden_d + 1} numbers, for D's input and each of its hidden layers",
    )
    expect(
        len(recipe.scale_d) == hidden_d + 1,
        "scale_d",
        f"{hidden_d + 1} numbers, one for each Affine of D",
    )
    expect(
        len(recipe.scale_g) == len(recipe.generator),
        "scale_g",
        f"{len(recipe.generator)} numbers, one for each Affine of G",
    )
    expect(
        recipe.generator[-1] in VISIBLE,
        "generator",
        f"the visible layer, {' or '.join(VISIBLE)}, at the end",
    )
    expect(
        recipe.bias == "zero" or recipe.data not in TOYS,
        "bias",
        "zero, as a toy has no mean training example",
    )
    if recipe.last_batch == "use":
        expect(recipe.data not in TOYS, "last_batch", "drop, as a toy has no last minibatch")
        expect(recipe.k == 1, "k", '1, as last_batch is "use"')
    if recipe.rule == "adam":
        expect(
            recipe.momentum == recipe.momentum_final,
            "momentum_final",
            f"momentum, {recipe.momentum}, as a recipe with Adam has one β₁",
        )
    if recipe.algorithm == "authors2014":
        expect(recipe.k == 1, "k", "1, as authors2014 updates D and G at once")
        expect(
            recipe.loss == "non_saturating", "loss", "non_saturating, which authors2014 always uses"
        )
    for name, n, hidden in (
        ("generator", recipe.noise_dim, recipe.generator[:-1]),
        ("discriminator", 1, recipe.discriminator),
    ):
        parameters = 0
        for layer in hidden:
            affine, _, units = hidden_layer(name, layer)
            parameters, n = parameters + n * affine, units
        if name == "generator":
            expect(recipe.sparse <= n, "sparse", f"at most {n}, the width below the visible layer")
        expect(
            parameters <= _MOST_PARAMETERS, name, f"layers of at most {_MOST_PARAMETERS:,} weights"
        )


def as_text(value):
    """The value of a field as --set reads it."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def nearest(name, names):
    """ " (did you mean 'x'?)" with the names nearest to `name`, or nothing.

    Those that begin with `name` are nearer than any other. The dashes of options don't count.
    """
    plain = {known.lstrip("-"): known for known in names}
    typed = name.lstrip("-").lower()
    begun = [known for known in plain if typed and known.lower().startswith(typed)]
    close = [known for known in begun if known.lower() == typed] or begun
    if not 0 < len(close) <= _MOST_NAMES:
        close = difflib.get_close_matches(typed, plain, 1)
    words = " or ".join(repr(plain[known]) for known in close)
    return f" (did you mean {words}?)" if words else ""
