"""A lesson's text: with its solution, with blanks, as cells, as a notebook.

A lesson is Python in the "percent" format: `# %%` begins a cell, `# %% [markdown]` one of prose.
The solution of a blank stands between `# BEGIN SOLUTION` and `# END SOLUTION`. Lines after it that
begin with `#:` are what the learner finds there, for example code with a mistake; without such
lines the learner finds `raise NotImplementedError`.
"""

import ast
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

NUMBERS = range(1, 8)
_NOT_YET = "this blank is not yet filled in"
_REGION = re.compile(
    r"^(?P<indent> *)# BEGIN SOLUTION\n.*?^ *# END SOLUTION\n(?P<found>(?: *#:[^\n]*\n)*)",
    re.M | re.S,
)


@dataclass(frozen=True)
class Cell:
    """A cell: "markdown" or "code"; its text; the line of the file where the text begins."""

    kind: str
    text: str
    line: int = 1


def lesson(number):
    """The text of a lesson as it is kept: solutions, and what a learner finds in their place."""
    file = resources.files(__package__) / f"lesson_{number}.py"
    return file.read_text(encoding="utf-8")


def title(number):
    """The title of a lesson, such as "One layer"."""
    return re.search(r"^# # Lesson \d\. (.+)$", lesson(number), re.M)[1]


def with_solution(text):
    """The text of a lesson with its solutions, between their markers."""
    return _REGION.sub(lambda region: region[0].removesuffix(region["found"]), text)


def with_blanks(text):
    """The text of a lesson as a learner gets it."""

    def blank(region):
        found = re.findall(r"^ *#: ?(.*)$", region["found"], re.M)
        lines = found or ["# Your code goes here.", f'raise NotImplementedError("{_NOT_YET}")']
        return "".join(f"{region['indent']}{line}".rstrip() + "\n" for line in lines)

    return _REGION.sub(blank, text)


def cells(text):
    """The Cells of a text in percent format."""
    found, kind, lines, start = [], "code", [], 1
    for number, line in enumerate([*text.splitlines(), "# %%"], 1):
        if not line.startswith("# %%"):
            lines.append(line)
            continue
        inside = "\n".join(lines).strip("\n")
        if inside:
            skipped = next(i for i, inner in enumerate(lines) if inner)
            if kind == "markdown":
                inside = re.sub(r"^# ?", "", inside, flags=re.M)
            found.append(Cell(kind, inside, start + skipped))
        kind, lines, start = ("markdown" if "[markdown]" in line else "code"), [], number + 1
    return found


def as_notebook(text):
    """The notebook (nbformat 4.5) of a text in percent format, as JSON."""
    made = []
    for number, cell in enumerate(cells(text)):
        one = {"id": f"cell-{number}", "cell_type": cell.kind, "metadata": {}}
        if cell.kind == "code":
            one |= {"execution_count": None, "outputs": []}
        made.append(one | {"source": cell.text.splitlines(keepends=True)})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


@cache
def blanks(number):
    """The definitions of a lesson that have a blank, as a learner gets them: name -> its AST."""
    text = lesson(number)
    solved, empty = definitions(with_solution(text)), definitions(with_blanks(text))
    return {name: empty[name] for name in empty if _differ(empty[name], solved[name])}


def definitions(text):
    """The functions and classes at the top of a Python text: name -> its AST."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name: node for node in ast.parse(text).body if isinstance(node, kinds)}


def untouched(node, empty):
    """Whether a definition is as the learner found it, or a blank of it holds nothing yet.

    `raise NotImplementedError`, `pass` and `...` are nothing.
    """
    found, came = _functions(node), _functions(empty)
    return not _differ(node, empty) or any(
        raises(came[name]) and name in found and _bare(found[name]) == _bare(came[name])
        for name in came
    )


def _functions(node):
    """The functions in a definition, itself included: name -> AST."""
    kinds = ast.FunctionDef
    return {inner.name: inner for inner in ast.walk(node) if isinstance(inner, kinds)}


def _bare(function):
    """The lines of a function without those that do nothing."""
    lines = ast.unparse(function.body).splitlines()
    return [
        line for line in lines if not re.match(r" *(pass|\.\.\.|raise NotImpl.*|[\"'].*)$", line)
    ]


def raises(node):
    """Whether a definition raises NotImplementedError somewhere."""
    raised = (inner.exc for inner in ast.walk(node) if isinstance(inner, ast.Raise) and inner.exc)
    return any("NotImplementedError" in ast.dump(one) for one in raised)


def _differ(one, other):
    return ast.dump(one) != ast.dump(other)
