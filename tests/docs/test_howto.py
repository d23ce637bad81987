"""The pages of docs/howto: their Python runs and prints what they say."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "howto"
BLOCKS = [
    (f"{page.name} {number}", code)
    for page in sorted(FOLDER.glob("*.md"))
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    )
]


def test_there_are_blocks():
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize(("name", "code"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_the_code_runs_and_prints_what_the_page_says(name, code, capsys):
    promised = re.findall(r"^# … (.*)$", code, re.M)
    exec(compile(code, name, "exec"), {})
    printed = capsys.readouterr().out
    assert promised and all(one in printed for one in promised)
