"""Files that numpygan makes: what comes from outside can't change them, they lie where they were
asked for, and over nothing.
"""

import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.metrics import modes, toys
from numpygan.recipes.builtin import RECIPES
from tests.helpers.cli import TINY, TINY_TOY, files, images, run, sets, small_world

# Two folders, so that the path holds "</script>"; Python's name for a byte that is no text; TeX
# that matplotlib would choke on.
HOSTILE = Path("it<", "script><script>alert(1)<!--]]>-->'\"&amp;$\\x$`\x1b[2J\u202e\n\udcff")
TEXT = str(HOSTILE).replace("\udcff", "")  # config.toml is UTF-8


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Runs on images and on a toy, and the same with everything hostile that a run can have."""
    folder = tmp_path_factory.mktemp("world")
    with small_world(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(toys, "DRAWS", 300)
        patch.setattr(modes, "SAMPLES", 200)
        Path("plain").mkdir()
        HOSTILE.mkdir(parents=True)
        for place, data, about in (
            (Path("plain"), "images.npy", "about"),
            (HOSTILE, f"{TEXT}.npy", TEXT),
        ):
            numpy.save(data, images())
            assert (
                run(
                    *TINY,
                    "--data",
                    data,
                    *sets(about=about),
                    "--iterations",
                    2,
                    "--out",
                    place / "run",
                )
                == 0
            )
            shutil.copytree("toy", place / "toy")
            numpy.save(place / "toys.npy", numpy.random.default_rng(0).normal(size=(200, 2)))
        yield folder


@pytest.fixture(autouse=True)
def here(world, monkeypatch):
    monkeypatch.chdir(world)


class Structure(HTMLParser):
    """The tags of a page, each with the names of its attributes, and the comments: whatever is not
    text.
    """

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, *(name for name, _ in attributes)))

    def handle_endtag(self, tag):
        self.tags.append(f"/{tag}")

    def handle_comment(self, data):
        self.tags.append(data)


PAGES = {
    "report of images": ("report", "run"),
    "report of a toy": ("report", "toy"),
    "study": ("study", "toy", "--iterations", 1, "--batch", 4),
}


@pytest.mark.parametrize("what", PAGES)
def test_names_are_text(what, world):
    command, of, *rest = PAGES[what]
    plain, hostile = (world / f"{command}-{of}-{name}.html" for name in ("plain", "hostile"))
    assert run(command, Path("plain", of), *rest, "-o", plain) == 0
    assert run(command, HOSTILE / of, *rest, "-o", hostile) == 0
    page = hostile.read_text(encoding="utf-8")
    assert Structure(page).tags == Structure(plain.read_text(encoding="utf-8")).tags
    assert (
        not any(character in page for character in "\x1b\u202e")
        and "script&gt;&lt;script&gt;alert(1)" in page
    )


@pytest.mark.parametrize("what", PAGES)
def test_the_page_may_load_nothing(what, world):
    """Its Content-Security-Policy comes before all that it could forbid, refuses what it doesn't
    name, and names no place.
    """
    command, of, *rest = PAGES[what]
    assert run(command, Path("plain", of), *rest, "-o", world / "policy.html", "--force") == 0
    page = (world / "policy.html").read_text(encoding="utf-8")
    head = Policies(page)
    assert head.before == [] and len(head.found) == 1
    sources = {
        name: values for name, *values in (part.split() for part in head.found[0].split(";"))
    }
    assert sources["default-src"] == ["'none'"]
    inline = ("'none'", "'unsafe-inline'", "'sha", "data:")  # of these nothing leaves the page
    assert all(value.startswith(inline) for values in sources.values() for value in values)


class Policies(HTMLParser):
    """The policies of a page, and the tags before the first that could load something."""

    def __init__(self, page):
        super().__init__()
        self.found, self.before = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "meta" and attributes.get("http-equiv", "").lower() == "content-security-policy":
            self.found.append(attributes["content"])
        elif not self.found and tag in ("script", "style", "link", "img", "svg", "iframe", "base"):
            self.before.append(tag)


@pytest.mark.parametrize(
    "arguments", [("toy",), ("--samples", "toys.npy", "--data", "ring")], ids=["run", "samples"]
)
def test_a_toy_is_evaluated_wherever_it_lies(arguments, tmp_path):
    """Its picture has the path for a title."""
    assert (
        run(
            "evaluate",
            *(HOSTILE / word if word.startswith("toy") else word for word in arguments),
            "-o",
            tmp_path / "a.json",
        )
        == 0
    )
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "a.png"}


class Named(ng.ReLU):
    name = "plain"

    def __repr__(self):
        return self.name


def tables():
    net = ng.MLP([ng.Affine(2, 3), Named(), ng.Affine(3, 1)], dtype="float64")
    net.initialize(Stream(0))
    tape = net.tape(2)
    net.forward(numpy.ones((2, 2)), tape)
    return [shown._repr_html_() for shown in (net, tape, ng.gradcheck([ng.Affine(2, 3), Named()]))]


def test_names_of_layers_are_text_in_a_notebook(monkeypatch):
    plain = [Structure(table).tags for table in tables()]
    monkeypatch.setattr(Named, "name", TEXT)
    hostile = tables()
    assert [Structure(table).tags for table in hostile] == plain
    assert all("&lt;script&gt;alert(1)" in table for table in hostile[:2])


COMMANDS = {  # a line, and what it makes
    ("sample", "toy", "-o", "made/a.npy"): {"made/a.npy"},
    ("sample", "toy", "-o", "made/a.png"): {"made/a.png"},
    ("interpolate", "plain/run", "-n", 2, "-o", "made/lines.png"): {"made/lines.png"},
    ("report", "toy", "-o", "made/report.html"): {"made/report.html"},
    ("report", "toy"): {"toy/report.html"},
    ("study", "toy", "--iterations", 1, "--batch", 4, "-o", "made/study.html"): {"made/study.html"},
    ("evaluate", "toy"): {"toy/evaluation.json", "toy/evaluation.png"},
    ("evaluate", "toy", "-o", "made/toy.json"): {"made/toy.json", "made/toy.png"},
    ("evaluate", "plain/run", "--ais", "--examples", 10, "--distributions", 3): {
        "plain/run/ais.npz",
        "plain/run/evaluation.json",
    },
    ("explain", "affine"): set(),
    ("recipes", "mnist"): set(),
    (*TINY_TOY, "--iterations", 2, "--out", "made/run"): {
        f"made/run{name}"
        for name in (
            "",
            "/config.toml",
            "/metrics.csv",
            "/learning.png",
            "/checkpoint.npz",
            "/lock",
            "/samples",
            "/samples/00000000.png",
            "/samples/00000002.png",
        )
    },
}


@pytest.mark.parametrize(
    "line", COMMANDS, ids=lambda line: " ".join(map(str, (*line[:1], *line[-2:])))
)
def test_what_a_command_makes_and_nothing_else(line, world):
    (world / "made").mkdir(exist_ok=True)
    before = files(world)
    assert run(*line) == 0
    after = files(world)
    assert {
        path for path in after if path not in before or after[path] != before[path]
    } == COMMANDS[line]
    assert before.keys() <= after.keys()


def test_a_name_of_a_recipe_stays_a_name(world):
    """The default place of a run, runs/NAME-1, has it."""
    before = files(world)
    for name in ("../up", "a/b", "<b>", "..", "a\nb"):
        assert run(*TINY_TOY, *sets(name=name), "--iterations", 2) == 2
    assert files(world) == before and all(Path(name).name == name for name in RECIPES)
