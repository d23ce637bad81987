"""numpygan recipes: what there is to train."""

from ..gan.recipes import RECIPES
from ..gan.settings import recipe_named


def add(command):
    parser = command("recipes", recipes, "List the recipes, or every field of one.", "numpygan recipes mnist")
    parser.add_argument("name", nargs="?", metavar="NAME")


def recipes(options):
    if options.name is None:
        for recipe in RECIPES.values():
            print(f"{recipe.name:14}{recipe.about}")
        print("`numpygan recipes NAME` shows every field; change any with `numpygan train NAME --set FIELD=VALUE`.")
    else:
        for name, value in vars(recipe_named(options.name)).items():
            print(f"{name:22}{', '.join(map(str, value)) if isinstance(value, tuple) else value}")
