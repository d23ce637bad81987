"""Links between the Markdown pages, as one reads them in the repository: file and heading exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [
    *sorted((ROOT / "docs/howto").glob("*.md")),
    *sorted((ROOT / "docs/explain").glob("*.md")),
]


def prose(page):
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(page):
    """The anchors that GitHub and the site give to the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_to_files_and_headings(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_script_of_the_gallery_is_on_its_page():
    linked = re.findall(r"^\[(\w+)\.py\]\(gallery/\1\.py\)$", prose(ROOT / "docs/gallery.md"), re.M)
    assert sorted(linked) == sorted(path.stem for path in (ROOT / "docs/gallery").glob("*.py"))
    assert len(linked) == 10
