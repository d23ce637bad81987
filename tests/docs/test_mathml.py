"""The formulas of the site: MathML that a browser without a font for mathematics sets right, too."""

import html
import importlib.util
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip(
    "latex2mathml", reason="needs the site's packages: pip install 'numpygan[site]'"
)
ROOT = Path(__file__).parents[2]
CHILDREN = {
    "msup": 2,
    "msub": 2,
    "mfrac": 2,
    "mover": 2,
    "munder": 2,
    "msubsup": 3,
    "munderover": 3,
}
BLOCK = re.compile(r"\$\$(.+?)\$\$", re.S)
INLINE = re.compile(r"\$([^$`]+?)\$", re.S)


@pytest.fixture(scope="module")
def mathml():
    spec = importlib.util.spec_from_file_location("mathml", ROOT / "docs" / "_ext" / "mathml.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.mathml


def children_of(formula):
    """The tags of a formula with a fixed number of children, and how many each has."""
    return {
        (node.tag.split("}")[1], len(node))
        for node in ElementTree.fromstring(formula).iter()
        if node.tag.split("}")[1] in CHILDREN
    }


@pytest.mark.parametrize("tex", [r"\tanh' = 1 - \tanh^2", r"1 - \tanh^2", r"\log^2 x", r"f''(p)"])
def test_a_power_of_a_function_has_a_base_and_a_power(mathml, tex):
    assert children_of(mathml(tex)) <= {*CHILDREN.items()}


@pytest.mark.parametrize(("tex", "prime"), [("f'(p)", "′"), ("f''(p)", "″"), ("f'''(p)", "‴")])
def test_a_prime_is_a_sign_of_full_size(mathml, tex, prime):
    made = html.unescape(mathml(tex))
    assert "<msup>" not in made and f">{prime}</mo>" in made


def test_every_formula_of_the_pages_is_well_formed(mathml):
    lessons = (ROOT / "numpygan" / "lessons").glob("lesson_*.py")
    pages = [*lessons, *(ROOT / "docs").rglob("*.md")]
    found = 0
    for page in pages:
        words = re.sub(r"^# ?", "", page.read_text(encoding="utf-8"), flags=re.M)
        words = re.sub(r"```.*?```|`[^`\n]*`", "", words, flags=re.S)
        formulas = BLOCK.findall(words)
        formulas += INLINE.findall(BLOCK.sub("", words)) if page.suffix == ".py" else []
        for tex in formulas:
            found += 1
            assert children_of(mathml(tex)) <= {*CHILDREN.items()}, (page.name, tex)
            for part in re.split(
                r"\\qquad", tex
            ):  # each is a formula of its own on a narrow screen
                assert children_of(mathml(part)) <= {*CHILDREN.items()}, (page.name, part)
            letters = re.sub(r"\\(?:mathrm|text)\{[^}]*\}|\\[a-zA-Z]+", "", tex)
            words_in_it = re.findall(r"[A-Za-z]{3,}|KL", letters)
            assert not words_in_it, (
                f"{page.name}: {tex}: a word is \\mathrm, or it reads as a product"
            )
    assert found > 150
