"""numpygan gradcheck: every derivative compared with the complex step."""

from ..check.game_check import check_all, check_recipe
from ..figures.step_plot import save_step_plot
from ..recipes.settings import recipe_named
from .arguments import add_force, natural, new_file


def add(command):
    parser = command(
        "gradcheck",
        gradcheck,
        "Compare every hand-written derivative with the complex step.",
        "numpygan gradcheck mnist",
    )
    parser.add_argument(
        "recipe",
        nargs="?",
        default="all",
        metavar="RECIPE|all",
        help="the recipe to check: its layers and its game (default: all)",
    )
    parser.add_argument(
        "--seed",
        type=natural,
        default=0,
        metavar="S",
        help="the seed of θ, inputs and directions (default: 0)",
    )
    parser.add_argument(
        "--plot",
        metavar="FILE.png",
        help="also plot the error of numerical derivatives against their step",
    )
    add_force(parser, "FILE.png")


def gradcheck(options):
    if options.plot is not None:
        file = new_file(options.plot, options, ".png", option="--plot")
        save_step_plot(file)
        print(f"{file}: the error of four numerical derivatives at each step")
    if options.recipe == "all":
        lines, passed = check_all(options.seed)
    else:
        report = check_recipe(recipe_named(options.recipe), options.seed)
        lines, passed = [str(report)], report.passed
    print("\n".join(lines))
    print("every derivative is right" if passed else "FAILED: see the lines above")
    return 0 if passed else 1
