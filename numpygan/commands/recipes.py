"""numpygan recipes: the list of recipes, and the fields of one."""

import textwrap
from dataclasses import fields

from ..recipes.builtin import RECIPES
from ..recipes.settings import recipe_named

_WIDTH, _NAME, _SHORT = 90, 22, 18  # columns: of a line, of a field's name, of a recipe's


def add(command):
    parser = command(
        "recipes", recipes, "List the recipes, or every field of one.", "numpygan recipes mnist"
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="show the fields of this recipe (default: list all)"
    )


def recipes(options):
    if options.name is None:
        for recipe in RECIPES.values():
            print(_wrapped(f"{recipe.name:{_SHORT}}{recipe.about}", _SHORT))
        print("`numpygan recipes NAME` shows the fields of a recipe. To change a field:")
        print("`numpygan train NAME --set FIELD=VALUE`.")
        return
    recipe = recipe_named(options.name)
    for field in fields(recipe):
        value = getattr(recipe, field.name)
        text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        print(_wrapped(f"{field.name:{_NAME}}{text}"))
        print(_wrapped(" " * _NAME + field.metadata["meaning"]))


def _wrapped(line, indent=_NAME):
    return textwrap.fill(line, _WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)
