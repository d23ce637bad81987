"""The site: it builds without a warning, fetches nothing, and reads well at both widths and themes.

Needs `.[site]`; the tests in a browser need `.[pages]` and Chromium, axe needs AXE_CORE. SITE names
a folder with the site, if it is built already.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
for needed in ("sphinx", "myst_nb", "pydata_sphinx_theme", "latex2mathml"):
    pytest.importorskip(needed, reason="needs the site's packages: pip install 'numpygan[site]'")
KINDS = ["index", "course", "_made/lesson_4", "howto/own_data", "explain/theory", "_made/api"]
KINDS += ["_made/recipes", "files", "results", "gallery", "play", "speed"]
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    if "SITE" in os.environ:
        return Path(os.environ["SITE"])
    folder = tmp_path_factory.mktemp("site")
    line = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "docs", str(folder)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_of_docs_and_every_lesson_is_there(site):
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} | {"index"}
    pages |= {f"_made/lesson_{n}" for n in range(1, 8)} | {"_made/api", "_made/commands"}
    assert all((site / f"{page}.html").exists() for page in pages)


def test_a_lesson_has_mathml_and_no_solution(site):
    page = (site / "_made/lesson_4.html").read_text(encoding="utf-8")
    assert page.count("<math") > 20 and "NotImplementedError" in page
    assert page.count("what the cell above draws") >= 1
    assert "SOLUTION" not in page and "MathJax" not in page and "\\frac" not in page


def test_the_reference_has_every_public_name_and_command(site):
    import numpygan

    api = (site / "_made/api.html").read_text(encoding="utf-8")
    names = {*numpygan.__all__} - {"testing"} | {"testing.assert_gradients", "testing.inputs"}
    assert all(f'id="numpygan.{name}"' in api for name in names)
    assert "numpygan lesson" in (site / "_made/commands.html").read_text(encoding="utf-8")


def test_every_field_of_a_recipe_has_its_meaning_and_its_range(site):
    from dataclasses import fields

    from numpygan.recipes.recipe import Recipe

    page = (site / "_made/recipes.html").read_text(encoding="utf-8")
    assert all(f">{field.name}</span>" in page for field in fields(Recipe))
    assert "a number in [0, 1)" in page and "steps of D in an iteration" in page


def test_the_gallery_has_ten_pictures_with_their_code(site):
    page = (site / "gallery.html").read_text(encoding="utf-8")
    scripts = {path.stem for path in (ROOT / "docs" / "gallery").glob("*.py")}
    pictures = re.findall(r'<img alt="[^"]{20,}" src="(_images/(\w+)\.png)"', page)
    assert len(scripts) == 10 and {name for _, name in pictures} == scripts
    assert all((site / path).stat().st_size > 5000 for path, _ in pictures)
    assert page.count("<summary>") == 10


def test_links_inside_the_site_lead_somewhere(site):
    pages = [page for page in site.rglob("*.html") if "_static" not in page.parts]
    assert len(pages) > 40  # the theme's own templates are not pages
    for page in pages:
        for link in re.findall(r'(?:href|src)="([^"#?]+)', page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:|//", link):
                assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", KINDS)
def test_a_page_fits_asks_for_nothing_elsewhere_and_can_be_used_by_all(
    site, open_page, name, theme, width
):
    page = open_page(site / f"{name}.html", width, color_scheme=theme)
    page.wait_for_load_state()
    assert not [address for address in page.requests if not address.startswith("file:")]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = "[...document.querySelectorAll('.prev-next-area *')].map(e => e.scrollWidth - e.clientWidth)"
    assert max(page.evaluate(cut), default=0) <= 0
    axe = os.environ.get("AXE_CORE")
    if axe:
        page.evaluate(Path(axe).read_text(encoding="utf-8"))
        found = page.evaluate("axe.run()")["violations"]
        assert not found, [(one["id"], one["nodes"][0]["html"]) for one in found]
