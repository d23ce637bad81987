"""No import runs back up: the rooms of the house in the order in which they may use each other."""

import ast
import re
from pathlib import Path

import pytest

import numpygan

ROOT = Path(numpygan.__file__).parent
FLOORS = [  # each uses what stands above it, and its own
    {"errors", "older_names", "starting", "version"},
    {
        "tables",
        "numbers",
        "requirements",
        "locks",
        "files",
        "reading",
        "terminal",
        "arrays",
        "ranks",
    },
    {"counter_stream"},
    {"nn"},
    {"data"},
    {"gan"},
    {"recipes"},
    {"theory", "metrics", "check"},
    {"figures"},
    {"runs"},
    {"pages", "play", "lessons", "testing"},
    {"commands"},
    {"cli"},
    {"__main__"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def imports(path):
    """The rooms of numpygan that a file imports from, in functions, too."""
    package = ("numpygan", *path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            full = (*base, *(node.module or "").split("."))
            names = [alias.name for alias in node.names]
            yield from [full[1]] if len(full) > 1 and full[1] else names
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("numpygan."):
            yield node.module.split(".")[1]


def files():
    for path in sorted(ROOT.rglob("*.py")):
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if room != "__init__" and "examples" not in path.parts:
            yield room, path


def test_no_import_runs_back_up():
    seen = {(room, other) for room, path in files() for other in imports(path)}
    assert len(seen) > 60 and {("gan", "nn"), ("runs", "figures")} <= seen  # it sees imports
    up = [
        f"{path.relative_to(ROOT)} imports {other}"
        for room, path in files()
        for other in imports(path)
        if FLOOR[other] > FLOOR[room] or (FLOOR[other] == FLOOR[room] == FLOOR["cli"])
    ]
    assert up == []


def test_every_room_has_its_floor():
    assert {room for room, _ in files()} <= set(FLOOR)


def test_no_two_files_bear_one_name():
    names = [path.stem for _, path in files() if path.stem != "__init__"]
    assert {name for name in names if names.count(name) > 1} == set()


@pytest.mark.parametrize("room", sorted({room for room, _ in files()} & {"nn", "gan"}))
def test_what_people_come_to_read_is_short(room):
    for path in (ROOT / room).glob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, path


def test_ci_checks_with_the_versions_of_pre_commit():
    tree = ROOT.parent
    hooks = (tree / ".pre-commit-config.yaml").read_text()
    ci = (tree / ".ci" / "run").read_text()
    for hook, tool in (("ruff-pre-commit", "ruff"), ("mirrors-mypy", "mypy")):
        version = re.search(rf"{hook}\n +rev: v([\d.]+)", hooks)[1]
        assert f"{tool}=={version}" in ci


def test_every_explained_mutant_changes_lines_that_are_there():
    """Otherwise the explanation is of code that has gone."""
    files, found = {}, None
    for line in (ROOT.parent / "tests/mutation/equivalent.txt").read_text().splitlines():
        if line.startswith("numpygan/"):
            source = (ROOT.parent / line).read_text().splitlines()
            found = files[line] = {" ".join(text.split("  #")[0].split()) for text in source}
        elif found and line.startswith(("- ", "  ")):
            assert " ".join(line[2:].split()) in found, line
    assert "numpygan/nn/layers.py" in files
