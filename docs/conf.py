"""The site: `python -m sphinx -W --keep-going docs build/site`. It needs `.[site]`, no network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import gallery
from executed import lessons
from made import make_pages, relink

import numpygan

project = "numpygan"
release = version = numpygan.__version__
extensions = ["myst_nb", "mathml"]
exclude_patterns = ["_ext"]
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True  # lines that one cell prints stay together
smartquotes = False
html_theme = "pydata_sphinx_theme"
html_title = "numpygan"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {"index": [], "gallery": []}  # they have no pages below them
html_theme_options = {
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "show_prev_next": True,
}

_docs = Path(__file__).parent
make_pages(_docs / "_made", lessons(_docs / "_made"))
gallery.make_pictures(_docs / "gallery", _docs / "_made" / "gallery")


def setup(app):
    app.connect("source-read", relink)
    app.connect("source-read", gallery.show)
