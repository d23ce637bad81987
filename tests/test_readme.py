"""The README's Python runs, and says what it is said to say."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)


@pytest.mark.parametrize("code", BLOCKS)
def test_the_code_in_the_readme_runs(code, capsys):
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    for promised in re.findall(r"^# … (.*)$", code, re.M):
        assert promised in printed


def test_the_files_that_the_readme_names_exist():
    named = re.findall(r"\]\(([\w./-]+)\)", README) + re.findall(r"`(tests/\w+\.py)`", README)
    assert len(named) > 8
    for name in named:
        assert (Path(__file__).parent.parent / name).exists(), name
