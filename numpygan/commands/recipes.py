"""numpygan recipes: the list of recipes, and the fields of one."""

from dataclasses import fields

from ..recipes.builtin import RECIPES
from ..recipes.settings import as_text, recipe_named
from ..tables import wrapped

_NAME, _SHORT = 22, 18  # columns: of a field's name, of a recipe's


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
            print(*wrapped(f"{recipe.name:{_SHORT}}{recipe.about}", _SHORT), sep="\n")
        print("`numpygan recipes NAME` shows the fields of a recipe. To change a field:")
        print("`numpygan train NAME --set FIELD=VALUE`.")
        return
    recipe = recipe_named(options.name)
    for field in fields(recipe):
        text = as_text(getattr(recipe, field.name))
        print(*wrapped(f"{field.name:{_NAME}}{text}", _NAME), sep="\n")
        print(*wrapped(" " * _NAME + "# " + field.metadata["meaning"], _NAME + 2), sep="\n")
