"""The pages of docs/howto: there is one for each task, and each can be followed."""

import pytest

from tests.helpers.pages import DOCS, blocks, follow

PAGES = sorted((DOCS / "howto").glob("*.md"))
LONG = {"load_run", "own_data", "mpi", "sweep", "resume", "curves", "export", "evaluate"}  # seconds


def test_there_is_a_page_for_each_task():
    tasks = "own_data own_layer load_run export resume sweep mpi gpu check curves evaluate"
    assert {page.stem for page in PAGES} >= set(tasks.split())
    index = (DOCS / "howto.rst").read_text(encoding="utf-8")
    assert all(f"howto/{page.stem}\n" in index for page in PAGES)


@pytest.mark.parametrize(
    "page", [pytest.param(p, id=p.stem, marks=[pytest.mark.slow] * (p.stem in LONG)) for p in PAGES]
)
def test_a_page_can_be_followed(page, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert blocks(page)
    follow(page, capsys)
