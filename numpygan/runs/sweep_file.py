"""The file of a sweep, SWEEP.toml: one recipe with many settings, each with several seeds."""

import hashlib
import itertools
import math
import os
import re
from dataclasses import dataclass, replace

from ..arrays import Stream
from ..data.dataset import SHIPPED, prepared
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..reading import read_toml
from ..recipes.recipe import Recipe
from ..recipes.settings import (
    absolute_data,
    change,
    check_data_are_there,
    check_data_fields,
    fitted,
    nearest,
    recipe_named,
    with_length,
)

_MOST_RUNS = 10_000
_KEYS = ("recipe", "seeds", "epochs", "iterations", "set", "grid", "random")


@dataclass(frozen=True)
class Setting:
    """One setting of a sweep: its name, such as "k=1,batch=50", and a recipe for each seed."""

    name: str
    recipes: tuple


def read_sweep(path):
    """The Settings in the sweep file at `path`.

    recipe = "ring"
    seeds = 3                         # 0, 1, 2; or a list
    iterations = 2000                 # or epochs; default: the recipe's
    [set]                             # for every run
    batch = 64
    [grid]                            # every combination of these values
    k = [1, 2]
    "learning_rate_g learning_rate_d" = [1e-4, 1e-3]        # two fields with the same value
    [random]                          # instead of [grid]: random draws
    settings = 20                     # the number of draws
    seed = 0
    learning_rate_g = { low = 1e-4, high = 1e-2, scale = "log" }
    momentum = [0.5, 0.9]             # one of these

    Raises NumpyganError, with the name of the file, if an entry or a setting is not allowed.
    """
    table = read_toml(os.path.expanduser(path))
    try:
        return _settings(table)
    except NumpyganError as error:
        raise NumpyganError(f"{path}: {error}") from None


def _settings(table):
    for key in table:
        if key not in _KEYS:
            raise NumpyganError(
                f"{key}: a sweep has no such entry{nearest(key, _KEYS)}; expected "
                f"{', '.join(_KEYS)}."
            )
    if ("grid" in table) == ("random" in table):
        raise NumpyganError("expected either a table [grid] or a table [random].")
    for key in ("set", "grid", "random"):
        if not isinstance(table.get(key, {}), dict):
            raise NumpyganError(
                f"{key}: expected a table, [{key}] and lines of FIELD = …, got {table[key]!r}."
            )
    seeds, fixed = _seeds(table.get("seeds", 1)), dict(table.get("set", {}))
    _refuse_seed(fixed)
    for key in ("epochs", "iterations"):
        if key in table and key in fixed:
            raise NumpyganError(f"{key}: is also in [set]; expected each field once.")
    fixed |= {key: table[key] for key in ("epochs", "iterations") if key in table}
    if not isinstance(table.get("recipe"), str):
        raise NumpyganError(
            'recipe: expected the name of a recipe, such as recipe = "mnist"; `numpygan recipes` '
            "lists them."
        )
    base = change(recipe_named(table["recipe"]), **with_length(fixed))
    kind = "grid" if "grid" in table else "random"
    points = _grid(table["grid"]) if kind == "grid" else _draws(dict(table["random"]))
    runs = len(points) * len(seeds)
    if runs > _MOST_RUNS:
        raise NumpyganError(
            f"{runs:,} runs are more than the {_MOST_RUNS:,} that a sweep may have."
        )
    settings, loaded = {}, {}
    for point in points:
        values = {field: value for key, value in point.items() for field in _fields(key)}
        if twice := sorted(fixed.keys() & values.keys()):
            where = "a line at the top" if twice[0] in table else "[set]"
            raise NumpyganError(
                f"{twice[0]}: is set by {where} and in [{kind}]; expected each field once."
            )
        name = _name(point)
        if name not in settings:
            with_length(fixed | values)  # refuses epochs here and iterations there
            changed = change(base, **with_length(values))
            check_data_are_there(changed)
            check_data_fields(changed.data, vars(changed))
            changed = change(changed, data=absolute_data(changed.data))
            changed = _fitted(changed, {**fixed, **values}, loaded)
            settings[name] = Setting(name, tuple(replace(changed, seed=seed) for seed in seeds))
    return list(settings.values())


def _fitted(recipe, given, loaded):
    """The recipe fitted to the user's own data; `loaded` keeps the data for the next setting.

    If the data can't be read, the run will say why.
    """
    if recipe.data in (*SHIPPED, *TOYS):
        return recipe
    key = recipe.data, recipe.size, recipe.drop, recipe.transpose, recipe.preprocess
    if key not in loaded:
        loaded.clear()
        try:
            loaded[key] = prepared(recipe)
        except NumpyganError:
            return recipe
    return fitted(recipe, loaded[key], given)


def _seeds(seeds):
    if isinstance(seeds, int) and not isinstance(seeds, bool) and 0 < seeds <= _MOST_RUNS:
        return range(seeds)
    numbers = isinstance(seeds, list) and all(type(seed) is int and seed >= 0 for seed in seeds)
    if not numbers or not seeds or len(set(seeds)) < len(seeds):
        raise NumpyganError(
            f"seeds: expected how many, or a list of different whole numbers ≥ 0, got {seeds!r}."
        )
    return seeds


def _fields(key):
    """The fields that a line of [grid] or [random] sets."""
    return re.split(r"[ ,]+", key.strip())


def _check_fields(keys):
    """Raise NumpyganError unless [grid] or [random] set fields of a recipe, each once."""
    fields = [field for key in keys for field in _fields(key)]
    _refuse_seed(fields)
    known = vars(Recipe())
    for field in fields:
        if field not in known:
            raise NumpyganError(
                f"{field}: no recipe has this field{nearest(field, known)}; `numpygan recipes "
                f"NAME` lists them."
            )
        if fields.count(field) > 1:
            raise NumpyganError(
                f"{field}: is set by two lines, or twice by one; expected each field once."
            )


def _refuse_seed(fields):
    if "seed" in fields:
        raise NumpyganError(
            "seed: every setting is run with the same seeds; give these with seeds = 3 or seeds = "
            "[0, 1, 2]."
        )


def _grid(grid):
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            raise NumpyganError(f"grid: {key}: expected a list of values, got {values!r}.")
    if not grid:
        raise NumpyganError("grid: expected at least one FIELD = [values].")
    _check_fields(grid)
    count = math.prod(map(len, grid.values()))
    if count > _MOST_RUNS:
        raise NumpyganError(f"grid: has {count:,} combinations, more than {_MOST_RUNS:,}.")
    return [dict(zip(grid, values)) for values in itertools.product(*grid.values())]


def _draws(random):
    count, seed = random.pop("settings", None), random.pop("seed", 0)
    if type(count) is not int or not 0 < count <= _MOST_RUNS:
        raise NumpyganError(
            f"random: settings: expected how many to draw, from 1 to {_MOST_RUNS:,}, got {count!r}."
        )
    if type(seed) is not int or seed < 0:
        raise NumpyganError(f"random: seed: expected a whole number ≥ 0, got {seed!r}.")
    if not random:
        raise NumpyganError(
            "random: expected at least one FIELD = [values] or FIELD = {low = …, high = …}."
        )
    _check_fields(random)
    generator = Stream(seed).generator
    draw = lambda: {key: _draw(key, values, generator) for key, values in random.items()}
    return [draw() for _ in range(count)]


def _draw(key, values, generator):
    """A value from a list, or a number from low to high.

    The number is whole if low and high are. With scale = "log" its logarithm is uniform.
    """
    if isinstance(values, list) and values:
        return values[int(generator.integers(len(values)))]
    scale = values.get("scale", "linear") if isinstance(values, dict) else None
    if scale not in ("linear", "log") or not values.keys() <= {"low", "high", "scale"}:
        raise NumpyganError(
            f'random: {key}: expected a list of values or {{low = …, high = …, scale = "log"}}, '
            f"got {values!r}."
        )
    low, high = values.get("low"), values.get("high")
    numbers = all(type(end) in (int, float) and abs(end) < 1e15 for end in (low, high))
    if not numbers or not low < high or (scale == "log" and low <= 0):
        raise NumpyganError(
            f"random: {key}: expected numbers low < high{', both > 0' * (scale == 'log')}, got "
            f"{values!r}."
        )
    share, whole = generator.random(), type(low) is type(high) is int
    top = high + 1 if whole else high
    value = low * (top / low) ** share if scale == "log" else low + (top - low) * share
    return min(int(value), high) if whole else float(f"{value:.4g}")


def _name(point):
    """The name of a setting, which is also the name of its folder."""
    words = ",".join(f"{'+'.join(_fields(key))}={_word(value)}" for key, value in point.items())
    name = re.sub(r"[^\w.,=+-]+", "_", words)
    if name == words and len(name) <= 120:
        return name
    return f"{name[:100]}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"


def _word(value):
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
