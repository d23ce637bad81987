"""Pages made from the code when the site is built, so that they never differ from it."""

import inspect
import io
import json
import re
from contextlib import redirect_stdout
from dataclasses import fields
from inspect import ismodule

import numpygan as ng
from numpygan import cli
from numpygan.check.result import Report
from numpygan.check.verdicts import Check
from numpygan.errors import NumpyganError
from numpygan.gan.game import Game
from numpygan.nn.optimizers import Optimizer
from numpygan.nn.tape import LayerTape, Tape
from numpygan.pages import layer_text as explain
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.recipe import Recipe
from numpygan.recipes.settings import change
from numpygan.runs.load import Run

GIVEN_BACK = (Tape, LayerTape, Optimizer, Game, Report, Check, Run)  # public, but made by others

ELSEWHERE = {  # pages that lie elsewhere in the repository, as pages of docs/ link to them
    "../tests/mutation/SUMMARY.md": "_made/mutation.md",
    "../benchmarks/RESULTS.md": "_made/benchmarks.md",
}


def make_pages(folder, lessons):
    """Write the lessons, the reference, the worked examples and ELSEWHERE to `folder`."""
    pages = lessons | {"api.rst": _api(), "commands.rst": _commands(), "worked.rst": _worked()}
    pages["recipes.rst"] = _recipes()
    for link, page in ELSEWHERE.items():
        pages[page.removeprefix("_made/")] = (folder.parent / link).read_text(encoding="utf-8")
    for name, words in pages.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != words:  # Sphinx reads new ones
            file.write_text(words, encoding="utf-8")


def relink(app, page, source):
    """Links to ELSEWHERE lead to the copies."""
    for link, copy in ELSEWHERE.items():
        source[0] = source[0].replace(f"]({link})", f"]({copy})")


def _heading(words, line="="):
    return f"{words}\n{line * len(words)}\n\n"


def _literal(words, indent=""):
    lines = inspect.cleandoc(words).splitlines()
    inside = "".join(f"{indent}   {line}".rstrip() + "\n" for line in lines)
    return f"{indent}.. code-block:: text\n\n{inside}\n"


def _api():
    page = _heading("The Python interface")
    page += (
        "Every name of ``import numpygan as ng``, as its docstring has it; at the end the classes "
    )
    page += "whose objects they return. A test runs the lines after ``>>>``.\n\n"
    page += ".. py:module:: numpygan\n\n"
    things = {name: getattr(ng, name) for name in ng.__all__ if not ismodule(getattr(ng, name))}
    things |= {
        f"testing.{name}": thing
        for name, thing in vars(ng.testing).items()
        if inspect.isfunction(thing) and thing.__module__ == ng.testing.__name__ and thing.__doc__
    }
    for name, thing in things.items():
        page += _heading(name, "-")
        kind = "class" if inspect.isclass(thing) else "function"
        page += f".. py:{kind}:: {name}{_signature(thing)}\n\n" + _literal(thing.__doc__, "   ")
        if kind == "class":
            page += "".join(_members(thing))
    for kind in GIVEN_BACK:
        page += _heading(kind.__name__, "-")
        place = f"{kind.__module__}.{kind.__name__}".removeprefix("numpygan.")
        page += f".. py:class:: {place}\n\n" + _literal(kind.__doc__, "   ")
        page += "".join(_members(kind))
    return page


def _members(kind):
    for name, member in vars(kind).items():
        if name.startswith("_") or not member.__doc__:
            continue
        if inspect.isfunction(member):
            head = f"py:method:: {name}" + re.sub(r"\(self(, )?", "(", _signature(member))
        elif isinstance(member, property):
            head = f"py:property:: {name}"
        else:
            continue
        yield f"   .. {head}\n\n" + _literal(member.__doc__, "      ")


def _signature(thing):
    try:
        signature = str(inspect.signature(thing))
    except ValueError:
        return "()"
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)  # types that are texts
    return re.sub(r"<module '(\w+)'[^>]*>", r"\1", signature)


def _commands():
    page = _heading("The commands")
    page += "What ``numpygan COMMAND -h`` prints.\n\n"
    for name, parser in cli.parser().commands.items():
        page += _heading(f"numpygan {name}", "-") + _literal(parser.format_help())
    return page


def _recipes():
    page = _heading("The recipes")
    page += _heading("The fields of a recipe", "-") + _fields()
    page += _heading("The recipes that there are", "-")
    page += "What ``numpygan recipes`` and ``numpygan recipes NAME`` print.\n\n"
    for names in ([], *([name] for name in RECIPES)):
        printed = io.StringIO()
        with redirect_stdout(printed):
            cli.main(["recipes", *names])
        page += _heading(" ".join(["numpygan recipes", *names]), "~") + _literal(printed.getvalue())
    return page


# By the type of a field: values of which one is refused
_WRONG = {str: ("", "\0"), tuple[str, ...]: (("?",) * 2, ("?",) * 3)}


def _fields():
    """A table of the fields."""
    rows = [("field", "meaning", "what is allowed", "default")]
    for field in fields(Recipe):
        default = json.dumps(field.default, ensure_ascii=False).strip("[]")
        rows.append((f"``{field.name}``", field.metadata["meaning"], _allowed(field), default))
    table = ".. list-table::\n   :header-rows: 1\n   :widths: 20 38 28 14\n\n"
    for row in rows:
        cells = [cell.replace("*", "\\*") for cell in row]
        table += "   * - " + "\n     - ".join(cells) + "\n"
    return (
        "Change one with ``--set FIELD=VALUE``; lists are written with commas. The defaults are "
        f"the values of ``{Recipe().name}``. Some fields have to fit each other: ``keep`` and "
        "``scale_d`` have a number for each of D's layers, ``scale_g`` one for each of G's; the "
        f"sentence of the error says what fits.\n\n{table}\n"
    )


def _allowed(field):
    """What is allowed: the field's Range in words, or what the error says of a wrong value."""
    if allowed := field.metadata["allowed"]:
        return allowed.words
    for value in _WRONG[field.type]:
        try:
            change(Recipe(), **{field.name: value})
        except NumpyganError as error:
            if str(error).startswith(f"{field.name}:"):
                return re.search(r"expected (.*?)(, got .*|\.)$", str(error), re.S)[1]
    raise RuntimeError(f"{field.name}: no value is refused")


def _worked():
    page = _heading("Worked examples")
    page += "What ``numpygan explain LAYER`` prints: each layer and Algorithm 1, by hand.\n\n"
    for topic in explain.TOPICS:
        page += _heading(topic, "-") + _literal(explain.explain(topic))
    return page
