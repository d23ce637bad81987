"""README and docs: their Python runs and prints what they say, their links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
README = PAGES["README.md"]
CODE = {name: re.findall(r"```python\n(.*?)```", page, re.S) for name, page in PAGES.items()}


@pytest.mark.parametrize("name", [name for name, blocks in CODE.items() if blocks])
def test_the_code_on_a_page_runs(name, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in CODE[name]:
        exec(compile(code, name, "exec"), names)
        printed = capsys.readouterr().out
        for promised in re.findall(r"^# … (.*)$", code, re.M):
            assert promised in printed


def test_the_ten_lines_print_what_the_readme_shows(capsys):
    code, shown = re.search(r"```python\n(.*?)```.*?```\n(.*?)```", README, re.S).groups()
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert [line.rstrip() for line in printed.splitlines()] == shown.splitlines()
    assert len(code.strip().splitlines()) <= 12


@pytest.mark.parametrize("name", PAGES)
def test_the_files_that_a_page_names_exist(name):
    named = re.findall(r"\]\(([\w./-]+)\)|<img src=\"([\w./-]+)\"", PAGES[name])
    for link in map("".join, named):
        assert (ROOT / name).parent.joinpath(link).exists(), link
    for test in re.findall(r"`((?:tests|benchmarks)/\w+\.py)`", PAGES[name]):
        assert (ROOT / test).exists(), test


def test_every_page_can_be_reached_from_the_readme():
    assert {name for name in PAGES if name != "README.md"} <= set(
        re.findall(r"\]\((docs/[\w.-]+\.md)\)", README)
    )


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150
    assert len(README.split()) <= 1400


@pytest.mark.parametrize("name", PAGES)
def test_prose_has_lines_of_at_most_100_characters(name):
    prose = re.sub(r"```.*?```", "", PAGES[name], flags=re.S)
    long = [line for line in prose.splitlines() if len(line) > 100]
    # A row of a table can't be broken.
    assert not [line for line in long if name == "README.md" or not line.startswith("|")]
