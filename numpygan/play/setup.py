"""What a page plays: a recipe, and what was drawn; how it may change while it runs."""

import math
from dataclasses import dataclass

import numpy

from ..data.dataset import check_fits
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..recipes.builtin import RECIPES
from ..recipes.networks import sizes
from ..recipes.recipe import Recipe
from ..recipes.settings import as_text, change, recipe_named
from ..runs.trainer import Training
from .datasets import CELLS, NAMES, dataset_of

# A change of these goes on from where the game is; a change of any other starts it again.
LIVE = (
    "data",
    "noise",
    "algorithm",
    "loss",
    "k",
    "batch",
    "rule",
    "learning_rate_g",
    "learning_rate_d",
    "learning_rate_decay",
    "momentum",
    "momentum_final",
    "average",
    "keep",
    "max_norm",
)
ANEW = (
    "generator",
    "discriminator",
    "scale_g",
    "scale_d",
    "noise_dim",
    "seed",
    "dtype",
    "draws",
    "learning_rate_floor",
    "momentum_epochs",
)

# So that one iteration takes seconds at most, and a game at most about a gigabyte.
_PARAMETERS, _VALUES, _WORK = 10_000_000, 20_000_000, 5_000_000_000


@dataclass(frozen=True)
class Setup:
    """A recipe whose data are one of datasets.NAMES, and the drawing if they are "drawn"."""

    recipe: Recipe
    drawing: tuple | None = None

    def changed(self, fields, drawing=None):
        """The Setup with fields of its recipe changed, each a text, as after --set.

        Raises NumpyganError if a page can't change them, a value is out of range, or it would take
        too much time or memory.
        """
        if not isinstance(fields, dict) or not all(
            isinstance(part, str) for pair in fields.items() for part in pair
        ):
            raise NumpyganError("change: expected fields and their values as texts.")
        for name in fields:
            if name not in (*LIVE, *ANEW):
                raise NumpyganError(f"change: a page can't change {name!r}.")
        drawing = self.drawing if drawing is None else _read_drawing(drawing)
        recipe = self.recipe
        fields = _following(recipe, fields)
        if fields.get("data", recipe.data) not in NAMES:
            raise NumpyganError(
                f"data: a page has no {fields['data']!r}; expected {', '.join(NAMES)}."
            )
        setup = Setup(change(recipe, **fields), drawing)
        setup.check_size()
        return setup

    def differences(self):
        """The fields, as texts, in which it differs from the recipe of its name."""
        base = RECIPES[self.recipe.name]
        return {
            name: as_text(value)
            for name, value in vars(self.recipe).items()
            if value != getattr(base, name)
        }

    def dataset(self):
        return dataset_of(self.recipe.data, self.drawing)

    def dim(self):
        """The width of a row of the data."""
        if self.recipe.data in TOYS:
            return TOYS[self.recipe.data]()[0].shape[1]
        return self.dataset().dim

    def check_size(self):
        """Raise NumpyganError if an iteration would take too much time or memory."""
        recipe = self.recipe
        parameters, units = sizes(recipe, self.dim())
        for what, number, most in (
            ("parameters", parameters, _PARAMETERS),
            ("values in a pass (batch × units)", recipe.batch * units, _VALUES),
            (
                "multiplications in an iteration (k × batch × parameters)",
                recipe.k * recipe.batch * parameters,
                _WORK,
            ),
        ):
            if number > most:
                raise NumpyganError(
                    f"settings: this game has {number:,} {what}, expected at most {most:,} "
                    f"to play live; choose smaller networks, batch or k."
                )

    def training(self):
        """A Training from its first iteration."""
        dataset = self.dataset()
        if dataset is not None:
            check_fits(self.recipe, dataset)
        return Training(self.recipe, dataset, numpy)

    def goes_on_from(self, other):
        """Whether a game of `other` can go on as one of this: no network or seed has changed."""
        return self.dim() == other.dim() and all(
            getattr(self.recipe, name) == getattr(other.recipe, name) for name in ANEW
        )


def _following(recipe, fields):
    """The fields, and those that must follow so that they fit each other."""
    fields = dict(fields)
    for name, scales, extra in (("generator", "scale_g", 0), ("discriminator", "scale_d", 1)):
        if name in fields:
            affines = len(fields[name].split(",")) + extra
            if affines != len(getattr(recipe, scales)):
                fields.setdefault(scales, ",".join(["0"] * affines))
                if extra:
                    fields.setdefault("keep", ",".join(["1"] * affines))
    if "momentum" in fields:  # the one that a page shows; it does not change with the epochs
        fields.setdefault("momentum_final", fields["momentum"])
    if fields.get("rule") == "adam" and recipe.momentum != recipe.momentum_final:
        fields.setdefault("momentum_final", fields.get("momentum", f"{recipe.momentum!r}"))
    return fields


def _read_drawing(drawing):
    if (
        not isinstance(drawing, list)
        or len(drawing) != CELLS**2
        or not all(type(value) in (int, float) and 0 <= value <= 1e6 for value in drawing)
        or not math.fsum(drawing)
    ):
        raise NumpyganError(f"drawing: expected {CELLS} × {CELLS} numbers ≥ 0, not all 0.")
    return tuple(float(value) for value in drawing)


def setup_of(name):
    """The Setup of the recipe `name`. Raises NumpyganError if its data can't be played live."""
    recipe = recipe_named(name)
    if recipe.data not in NAMES:
        names = ", ".join(name for name, other in RECIPES.items() if other.data in NAMES)
        raise NumpyganError(
            f"play: the page can't show the data of {name}; expected one of {names}."
        )
    return Setup(recipe)
