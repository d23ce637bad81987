"""config.toml: the recipe of a run, after the lines that say what it optimises."""

import json

from ..errors import NumpyganError
from ..gan.objective import VALUE, g_loss
from ..reading import read_toml
from ..recipes.recipe import Recipe
from ..recipes.settings import change
from ..version import __version__

OBJECTIVE = f"max over D of V(D, G) = {VALUE}"


def rules_in_force(recipe):
    """Lines that say what D and G optimise and in which order."""
    if recipe.algorithm == "algorithm1":
        order = (
            f"Algorithm 1: {recipe.k} step{'s' * (recipe.k > 1)} of D, then one of G against "
            f"the updated D"
        )
        objective = OBJECTIVE
    else:
        order = "authors' 2014 code: D and G at once, from one pass"
        objective = OBJECTIVE.replace("V(D, G)", "V(D, G)/2").replace("mean", "1/2 mean")
    lines = [
        f"D      {objective}",
        f"G      min over G of {g_loss(recipe.loss).formula} ({recipe.loss})",
        f"order  {order}",
    ]
    if recipe.average:
        which = f" (every {recipe.average_every}th)" if recipe.average_every > 1 else ""
        lines.append(
            f"G(z)   samples use the running average of θ_g{which}, β = {recipe.average:g}; "
            "training does not use it"
        )
    return lines


def to_toml(recipe):
    lines = [f"# {line}" for line in rules_in_force(recipe)]
    lines += [f"numpygan = {json.dumps(__version__)}"]
    for name, value in vars(recipe).items():
        # With these two changes a value in JSON is a value in TOML.
        text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        lines.append(f"{name} = {text}")
    return "\n".join(lines) + "\n"


def read(path):
    """The recipe in config.toml. Raises NumpyganError if it can't be read."""
    fields = read_toml(path)
    fields.pop("numpygan", None)
    try:
        return change(Recipe(), **fields)
    except NumpyganError as error:
        raise NumpyganError(f"{path}: {error}") from None
