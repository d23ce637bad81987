"""The pages of docs/explain: their code and commands print what the pages say."""

import pytest

from tests.helpers.pages import DOCS, blocks, follow, same

PAGES = sorted((DOCS / "explain").glob("*.md"))
LONG = {"theory", "likelihood"}  # numpygan theory, a minute


def test_there_is_a_page_for_each_subject():
    subjects = {"adjoints", "game", "theory", "likelihood", "complex_step", "averaging"}
    assert {page.stem for page in PAGES} >= subjects
    index = (DOCS / "explain.rst").read_text(encoding="utf-8")
    assert all(f"explain/{page.stem}\n" in index for page in PAGES)


def test_lines_are_the_same_up_to_rounding():
    assert same("error  1.2e-16 of 9", "error 3.0e-17  of 9")
    assert not same("error 1.2e-16 of 9", "error 0.1 of 9")
    assert not same("error 1 of 9", "errors 1 of 9")


@pytest.mark.parametrize(
    "page", [pytest.param(p, id=p.stem, marks=[pytest.mark.slow] * (p.stem in LONG)) for p in PAGES]
)
def test_a_page_prints_what_it_says(page, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert blocks(page)
    follow(page, capsys)
