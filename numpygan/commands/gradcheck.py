"""numpygan gradcheck: every derivative compared with the complex step."""

import json
import sys
from contextlib import redirect_stdout

from ..check.everything import check_all, check_recipe
from ..check.userfile import check_file, is_file
from ..errors import code_of_the_user
from ..figures.step_plot import save_step_plot
from ..recipes.settings import recipe_named
from ..tables import as_text
from .arguments import add_force, add_seed, new_file


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
        metavar="RECIPE|all|FILE.py::NAME",
        help="check the layers and the game of RECIPE (default: all recipes), or what NAME in "
        "FILE.py returns: (function, backward, *inputs). The code of FILE.py is run",
    )
    add_seed(parser, "θ, inputs and directions")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
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
        if not options.json:
            print(f"{file}: four numerical derivatives, how wrong they are at each step")
    if options.recipe == "all":
        reports = check_all(options.seed)
        lines = as_table(reports)
    elif is_file(options.recipe):
        print(f"numpygan: runs the code of {options.recipe.partition('::')[0]}", file=sys.stderr)
        out = sys.stderr if options.json else sys.stdout  # for what the code prints
        with code_of_the_user(), redirect_stdout(out):
            reports = check_file(options.recipe, options.seed)
        lines = [f"{name}\n{report}" for name, report in reports.items()]
    else:
        reports = {options.recipe: check_recipe(recipe_named(options.recipe), options.seed)}
        lines = map(str, reports.values())
    passed = all(report.passed for report in reports.values())
    if options.json:
        found = {name: report.as_json() for name, report in reports.items()}
        print(json.dumps({"passed": passed, "reports": found}, ensure_ascii=False))
    else:
        print("\n".join(lines))
        print("every derivative is right" if passed else "FAILED: see the lines above")
    return 0 if passed else 1


def as_table(reports):
    """A line for each report, then each failure in words."""
    head, rows = ["checked", "tensors", "numbers", "worst error", "allowed", "verdict"], []
    for name, report in reports.items():
        worst = max(report.checks, key=lambda check: check.error / max(check.tolerance, 1e-300))
        numbers = f"{sum(check.checked for check in report.checks):,}"
        error, allowed = f"{worst.error:.1e}", f"{worst.tolerance:.0e}"
        verdict = "ok" if report.passed else f"{len(report.failures)} not ok"
        rows.append([name, str(len(report.checks)), numbers, error, allowed, verdict])
    failures = [
        f"{name}: {failure}" for name, report in reports.items() for failure in report.failures
    ]
    return [as_text(head, rows, left=(0, 5)), *failures]
