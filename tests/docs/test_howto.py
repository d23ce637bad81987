"""The pages of docs/howto: each is followed from top to bottom in an empty folder, and prints what
it says (`# … text`).

Commands that need MPI or a GPU are only parsed where there is none.
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from numpygan import cli
from tests.helpers.cli import run

FOLDER = Path(__file__).parents[2] / "docs" / "howto"
PAGES = sorted(FOLDER.glob("*.md"))
LONG = {"own_data", "mpi", "sweep", "resume"}  # seconds each


def blocks(page):
    """Its blocks of code: [(language, code)]."""
    return re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def follow(kind, code, capsys):
    """Do what a block says, and hold what it prints against its promises."""
    promised = re.findall(r"^# … (.*)$", code, re.M)
    capsys.readouterr()
    if kind == "python":
        if "import cupy" in code:
            pytest.importorskip("cupy", reason="needs CuPy: pip install 'numpygan[gpu]'")
        exec(compile(code, "block", "exec"), {})
    elif kind == "toml":
        Path(code.split("\n")[0].removeprefix("# ")).write_text(code, encoding="utf-8")
    else:
        assert kind == "sh"
        for line in code.splitlines():
            command(shlex.split(line, comments=True))
    printed = "".join(capsys.readouterr())
    assert all(one in printed for one in promised), printed


def command(words):
    if words[:1] == ["mpiexec"] and not (shutil.which("mpiexec") and has("mpi4py")):
        words = words[words.index("numpygan") :]
        cli.parser().parse_args(words[1:])
    elif words[:1] == ["mpiexec"]:
        words[words.index("python")] = sys.executable
        assert subprocess.run(words, capture_output=True).returncode == 0
    elif "PATH" in words or ("gpu" in words and not has("cupy")):
        cli.parser().parse_args(words[1:])
    elif words[:1] == ["numpygan"]:
        assert run(*words[1:]) == 0
    else:
        assert not words or words[:2] == ["pip", "install"], words


def has(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0


def test_there_is_a_page_for_each_task():
    tasks = "own_data own_layer load_run export resume sweep mpi gpu check curves"
    assert {page.stem for page in PAGES} >= set(tasks.split())
    index = (FOLDER.parent / "howto.rst").read_text(encoding="utf-8")
    assert all(f"howto/{page.stem}\n" in index for page in PAGES)


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, id=p.stem, marks=[pytest.mark.slow] * (p.stem in LONG)) for p in PAGES],
)
def test_a_page_can_be_followed(page, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert blocks(page)
    for kind, code in blocks(page):
        follow(kind, code, capsys)
