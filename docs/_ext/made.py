"""Pages made from the code when the site is built, so that they never differ from it."""

import inspect
import io
import re
from contextlib import redirect_stdout
from inspect import ismodule

import numpygan as ng
from numpygan import cli
from numpygan.pages import layer_text as explain
from numpygan.recipes.builtin import RECIPES

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
    page += "Every public name, as its docstring has it. ``import numpygan as ng``.\n\n"
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
            page += "".join(map(_method, _methods(thing)))
    return page


def _methods(kind):
    for name, function in vars(kind).items():
        if inspect.isfunction(function) and not name.startswith("_") and function.__doc__:
            yield name, function


def _method(item):
    name, function = item
    signature = re.sub(r"\(self(, )?", "(", _signature(function))
    return f"   .. py:method:: {name}{signature}\n\n" + _literal(function.__doc__, "      ")


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
    page += "What ``numpygan recipes`` and ``numpygan recipes NAME`` print.\n\n"
    for names in ([], *([name] for name in RECIPES)):
        printed = io.StringIO()
        with redirect_stdout(printed):
            cli.main(["recipes", *names])
        page += _heading(" ".join(["numpygan recipes", *names]), "-") + _literal(printed.getvalue())
    return page


def _worked():
    page = _heading("Worked examples")
    page += "What ``numpygan explain LAYER`` prints: each layer and Algorithm 1, by hand.\n\n"
    for topic in explain.TOPICS:
        page += _heading(topic, "-") + _literal(explain.explain(topic))
    return page
