"""A page of the documentation, followed as a reader would: each block of code, from top to bottom.

Python and commands are carried out. What follows `# … ` inside of a block has to be printed by it.
Each line of a `text` block has to be printed by a block before it; numbers may differ a little.
A `toml` block is written to the file that its first line names. Commands that need MPI or a GPU are
only parsed where there is none.
"""

import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from numpygan import cli
from tests.helpers.cli import run

DOCS = Path(__file__).parents[2] / "docs"
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


def blocks(page):
    """Its blocks of code: [(language, code)]."""
    return re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def follow(page, capsys):
    printed = ""
    capsys.readouterr()
    for kind, code in blocks(page):
        if kind == "text":
            for line in code.splitlines():
                assert any(same(line, other) for other in printed.splitlines()), line + printed
            continue
        carry_out(kind, code)
        now = "".join(capsys.readouterr())
        for promise in re.findall(r"^# … (.*)$", code, re.M):
            assert promise in now, f"{promise}\n{now}"
        printed += now


def carry_out(kind, code):
    if kind == "toml":
        Path(code.split("\n")[0].removeprefix("# ")).write_text(code, encoding="utf-8")
    elif kind == "python":
        if "import cupy" in code and not gpu():
            pytest.skip("no CUDA GPU here, or no CuPy")
        exec(compile(code, "block", "exec"), {})
    else:
        assert kind == "sh"
        for line in code.splitlines():
            command(shlex.split(line, comments=True))


def gpu():
    """Whether CuPy is installed and finds a GPU."""
    if not find_spec("cupy"):
        return False
    import cupy

    return cupy.cuda.is_available()


def command(words):
    if words[:1] == ["mpiexec"] and shutil.which("mpiexec") and find_spec("mpi4py"):
        words[words.index("python")] = sys.executable
        assert subprocess.run(words, capture_output=True).returncode == 0
    elif words[:1] == ["mpiexec"]:
        cli.parser().parse_args(words[words.index("numpygan") + 1 :])
    elif "PATH" in words or ("gpu" in words and not gpu()):
        cli.parser().parse_args(words[1:])
    elif words[:1] == ["numpygan"]:
        assert run(*words[1:]) == 0
    else:
        assert not words or words[:2] == ["pip", "install"], words


def same(line, other):
    """Whether two lines have the same words, and numbers that are alike.

    Numbers are alike if neither is twice the other, or both are rounding errors.
    """
    if NUMBER.sub("#", line).split() != NUMBER.sub("#", other).split():
        return False
    pairs = zip(*([float(n.replace(",", "")) for n in NUMBER.findall(x)] for x in (line, other)))
    return all(abs(a - b) <= max(1e-11, 0.5 * max(abs(a), abs(b))) for a, b in pairs)
