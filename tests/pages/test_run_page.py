"""The report of a run: what is in the page, and how it behaves in a browser."""

import json
import re
import struct
import zlib
from html.parser import HTMLParser

import numpy
import pytest

from numpygan.figures.pictures import learning_panels
from numpygan.figures.plot import new_figure
from numpygan.pages import run_page as reports
from numpygan.runs.directory import RunDirectory
from tests.helpers.cli import TINY, images, run, small_world

HOSTILE = "<img src=x onerror=alert(1)>$x&\"'</script><script>alert(2)</script>"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Runs on images and on the toys, one with everything hostile that can be put in a run."""
    folder = tmp_path_factory.mktemp("world")
    with small_world(folder):
        numpy.save("images.npy", images())
        assert run(*TINY, "--epochs", 3, "--out", "it") == 0
        assert run("train", "gauss1d", "--quiet", "--iterations", 2, "--out", "line") == 0
        bad = HOSTILE.replace("/", "")
        assert run(*TINY, "--epochs", 1, "--out", bad) == 0
        config = folder / bad / "config.toml"
        about = f"about = {json.dumps(HOSTILE)}"
        config.write_text(
            re.sub("(?m)^about = .*$", lambda _: about, config.read_text(encoding="utf-8")),
            encoding="utf-8",
        )
        row = dict.fromkeys(("metric", "detail", "caveat"), HOSTILE) | {
            "value": 1.5,
            "se": None,
            "real": 2,
            "real_se": 0.5,
        }
        (folder / bad / "evaluation.json").write_text(
            json.dumps({"rows": [row], "parzen": HOSTILE, "real": HOSTILE})
        )
        rows = [
            {
                "metric": "coverage",
                "value": 0.71234,
                "se": 0.0123,
                "real": 0.9687,
                "real_se": None,
                "detail": "k = 5",
                "caveat": "It is blind to details.",
            },
            {
                "metric": "modes",
                "value": -3,
                "se": None,
                "real": None,
                "real_se": None,
                "detail": "",
                "caveat": "Nor here.",
            },
        ]
        rows.insert(
            0,
            {
                "metric": "Parzen log-likelihood (nats)",
                "value": 106.04,
                "se": 1.64,
                "real": 242.5,
                "real_se": 1.64,
                "detail": "n = 50",
                "caveat": "Above the real row it means gaming, not quality.",
            },
        )
        (folder / "it" / "evaluation.json").write_text(json.dumps({"rows": rows, "data": "mnist"}))
        for name in ("it", "toy", "line", bad):
            assert run("report", name, "-o", f"{'bad' if name == bad else name}.html") == 0
    return folder


@pytest.fixture(autouse=True)
def here(world, monkeypatch):
    monkeypatch.chdir(world)


class Page(HTMLParser):
    """What a page is made of: tags with their attributes, and its text."""

    def __init__(self, file):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(file.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    def pictures(self):
        return [attributes for tag, attributes in self.tags if tag == "img"]


def test_every_measure_is_there_with_its_real_row_and_caveat(world):
    text = Page(world / "it.html").text
    for words in (
        "106.0 ± 1.6",
        "242.5 ± 1.6",
        "0.712 ± 0.012",
        "0.9687",
        "−3",
        "Limits: It is blind to details.",
        "Limits: Nor here.",
        "k = 5",
        "Adversarial nets (paper) 225 ± 2",
        "gaming, not quality",
    ):
        assert words in text, words


def test_configuration_and_curves_are_there(world):
    page = Page(world / "it.html")
    for words in (
        "relu 16, sigmoid",
        "maxout 8x2",
        "min over G of −mean log D(G(z)) (non_saturating)",
        "−log 4",
        "mean D(G(z))",
        "validation",
    ):
        assert words in page.text + " ".join(picture["alt"] for picture in page.pictures()), words
    # Three curves; samples at iterations 0, 20, 40, 60; Figures 2 and 3
    assert len(page.pictures()) == 3 + 4 + 2
    assert all(
        picture["src"].startswith("data:image/png;base64,") and picture["alt"]
        for picture in page.pictures()
    )


def test_without_an_evaluation_the_page_says_how_to_make_one(world):
    assert "numpygan evaluate toy" in Page(world / "toy.html").text


@pytest.mark.parametrize(
    ("name", "words"), [("toy", "600 samples of G and 600 of p_data"), ("line", "Densities of")]
)
def test_toys_have_a_panel(world, name, words):
    assert words in Page(world / f"{name}.html").text


def test_pictures_over_time_are_thinned_out_with_the_first_and_the_last(
    world, monkeypatch, tmp_path
):
    monkeypatch.setattr(reports, "FRAMES", 3)
    assert run("report", "it", "-o", tmp_path / "few.html") == 0
    captions = re.findall(
        "<figcaption>(iteration .*?)</figcaption>",
        (tmp_path / "few.html").read_text(encoding="utf-8"),
    )
    assert captions == ["iteration 0, epoch 0", "iteration 40, epoch 2", "iteration 60, epoch 3"]


def damaged(png):
    yield "cut", png[: len(png) // 2]
    yield "empty", b""
    yield "of another kind", b"GIF89a" + png
    yield "a page", b"<script>alert(1)</script>"
    yield "damaged", png[:60] + bytes(4) + png[64:]
    yield "of 100 MB", png + bytes(100_000_000)
    for what, side in {"of 3.6 GB": 60_000, "of 0.1 GB": 10_000}.items():
        size = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        yield what, png[:12] + size + struct.pack(">I", zlib.crc32(size)) + png[33:]


@pytest.mark.parametrize(
    "what",
    ["cut", "empty", "of another kind", "a page", "damaged", "of 100 MB", "of 3.6 GB", "of 0.1 GB"],
)
def test_a_picture_that_is_no_picture_is_left_out_and_named(world, what, tmp_path):
    file = world / "it" / "samples" / "00000040.png"
    png = file.read_bytes()
    assert png[12:16] == b"IHDR" and len(png) > 100  # premise: the parts changed above
    before = (world / "it.html").read_text(encoding="utf-8")
    assert before.count("<figcaption>iteration ") == 4 and "Left out" not in before
    try:
        file.write_bytes(dict(damaged(png))[what])
        assert run("report", "it", "-o", tmp_path / "page.html") == 0
    finally:
        file.write_bytes(png)
    page = tmp_path / "page.html"
    text = page.read_text(encoding="utf-8")
    assert text.count("<figcaption>iteration ") == 3 and "<script>alert" not in text
    assert "Left out: it/samples/00000040.png: " in Page(page).text
    assert len(text) <= len(before) + 300


def test_without_one_whole_picture_there_is_no_slider(world, tmp_path):
    pictures = {file: file.read_bytes() for file in (world / "line" / "samples").glob("*.png")}
    assert pictures
    try:
        for file in pictures:
            file.write_bytes(b"")
        assert run("report", "line", "-o", tmp_path / "page.html") == 0
    finally:
        for file, content in pictures.items():
            file.write_bytes(content)
    page = Page(tmp_path / "page.html")
    assert page.text.count("Left out: ") == len(pictures)
    assert "input" not in [tag for tag, _ in page.tags]


def test_nothing_is_overwritten_without_force(world, tmp_path, capsys):
    file = tmp_path / "page.html"
    file.write_text("mine")
    assert (
        run("report", "it", "-o", file) == 2
        and "--force" in capsys.readouterr().err
        and file.read_text() == "mine"
    )
    assert run("report", "it", "-o", file, "--force") == 0 and "<!doctype html>" in file.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"rows": 3}', '{"rows": [{"metric": "x"}]}'])
def test_a_damaged_evaluation_is_one_sentence(world, text, capsys):
    file = world / "line" / "evaluation.json"
    file.write_text(text)
    assert run("report", "line", "-o", "new.html") == 2
    error = capsys.readouterr().err
    assert (
        error.count("\n") == 1
        and "evaluation.json" in error
        and "evaluate again" in error
        and not (world / "new.html").exists()
    )
    file.unlink()


def test_what_comes_from_a_run_is_text(world):
    page = Page(world / "bad.html")
    assert all(picture["src"].startswith("data:") for picture in page.pictures())
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert page.text.count("alert(2)") >= 8  # title, path, about, metric, value, …


@pytest.mark.parametrize("name", ["it", "toy", "line", "bad"])
def test_the_page_opens_in_silence(world, open_page, name):
    page = open_page(world / f"{name}.html")
    assert page.problems == page.requests == []
    assert page.evaluate(
        "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
    )


def shown(page):
    return page.evaluate(
        "[...document.querySelectorAll('.frames li')].filter(li => li.offsetHeight > 0).map(li => "
        "li.innerHTML)"
    )


def test_the_slider_changes_the_picture_by_keyboard_and_mouse(world, open_page):
    page = open_page(world / "it.html")
    slider, output = page.locator("input[type=range]"), page.locator("output")
    last = shown(page)
    assert len(last) == 1 and output.inner_text() == "iteration 60, epoch 3"
    slider.focus()
    page.keyboard.press("ArrowLeft")
    before = shown(page)
    assert len(before) == 1 and before != last and output.inner_text() == "iteration 40, epoch 2"
    assert slider.get_attribute("aria-valuetext") == "iteration 40, epoch 2"
    page.keyboard.press("Home")
    assert output.inner_text() == "iteration 0, epoch 0"
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert shown(page) == last and page.problems == []


def test_without_javascript_every_picture_is_shown(world, open_page):
    assert len(shown_without_script(open_page(world / "it.html", java_script_enabled=False))) == 4


def shown_without_script(page):
    return [item for item in page.locator(".frames li").all() if item.is_visible()]


def test_the_policy_stops_whatever_would_get_in(world, open_page):
    page = open_page(world / "it.html")
    page.evaluate("""() => {
        const script = document.createElement('script'); script.textContent = 'window.got_in = true'; document.body.append(script);
        const image = document.createElement('img'); image.src = 'http://example.invalid/x.png'; document.body.append(image);
    }""")
    assert page.evaluate("window.got_in === undefined")
    assert (
        page.evaluate("fetch('http://example.invalid/').then(() => 'sent', () => 'refused')")
        == "refused"
    )
    assert len(page.problems) >= 3
    assert all(
        "Content Security Policy" in problem for problem in page.problems if "fetch" not in problem
    )


CONTRAST = """() => {
    const light = text => {
        const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = text.match(/[\\d.]+/g).map(v => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ownText = e => [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
    const paper = light(getComputedStyle(document.body).backgroundColor);
    return Math.min(...[...document.querySelectorAll('body *:not(script)')].filter(ownText).map(e => {
        const style = getComputedStyle(e), ink = light(e.namespaceURI.endsWith('svg') ? style.fill : style.color);
        return (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
    }));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_legible_at_every_width_in_both_schemes(world, open_page, width, scheme):
    page = open_page(world / "it.html", width=width, color_scheme=scheme)
    # Nothing to scroll sideways
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Charts are drawn 4 inches wide with letters of 10 points: at 280 pixels these have 10 pixels.
    charts = [image.bounding_box()["width"] for image in page.locator(".charts img").all()]
    assert charts and min(charts) >= 280
    assert page.evaluate(CONTRAST) >= 4.5
    assert (
        page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    ) == (scheme == "light")


def test_nothing_moves_by_itself(world, open_page):
    page = open_page(world / "it.html", reduced_motion="reduce")
    assert page.evaluate("document.getAnimations().length") == 0
    assert not re.search(
        "transition|animation|scroll-behavior", (world / "it.html").read_text(encoding="utf-8")
    )


ONE_MEASURE = [{"metric": "coverage", "value": 0.5}]


@pytest.fixture
def evaluated(world, tmp_path):
    """`evaluated(source)`: the text of the report of a run at iteration 40 to 60, beside an
    evaluation of `source`.
    """

    def make(source):
        file = world / "it" / "evaluation.json"
        before = file.read_text()
        file.write_text(
            json.dumps(
                {"rows": ONE_MEASURE, "data": "mnist"}
                | ({} if source is None else {"source": source})
            )
        )
        try:
            assert run("report", "it", "-o", tmp_path / "page.html", "--force") == 0
        finally:
            file.write_text(before)
        return Page(tmp_path / "page.html").text

    return make


def samples_of(world):
    return RunDirectory.existing(world / "it").generator()[2]


def test_an_evaluation_of_the_checkpoint_shown_says_so(world, evaluated):
    source = samples_of(world)
    text = evaluated(source)
    assert (
        f"Measured on {source['file']}, iteration {source['iteration']}, like the samples above."
        in text
    )
    assert (
        "Not of the samples above" not in text
        and f"From {source['file']}, iteration {source['iteration']};" in text
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"file": "best.npz", "iteration": 1}, "are of best.npz, iteration 1;"),
        (
            {"file": "checkpoint.npz", "iteration": 12345},
            "are of checkpoint.npz, iteration 12,345;",
        ),
        ({"file": "mine.npy"}, "are of the samples in mine.npy;"),
        (None, "a checkpoint that evaluation.json does not name"),
        ("best.npz", "a checkpoint that evaluation.json does not name"),
        (
            {"file": ["best.npz"], "iteration": "60"},
            "a checkpoint that evaluation.json does not name",
        ),
    ],
)
def test_an_evaluation_of_anything_else_is_marked_with_the_command_that_renews_it(
    world, evaluated, source, words
):
    shown = samples_of(world)
    text = evaluated(source)
    assert (
        "Not of the samples above." in text
        and words in text
        and "To measure these, run numpygan evaluate it and make this page again." in text
    )
    assert (
        f"samples above are from {shown['file']}, iteration {shown['iteration']}." in text
        and "Measured on" not in text
    )


def test_a_run_that_has_gone_on_since_its_best_checkpoint_says_so(world, tmp_path):
    metrics = world / "it" / "metrics.csv"
    before = metrics.read_text()
    metrics.write_text(before + re.sub("^60,", "6000,", before.splitlines()[-1]) + "\n")
    try:
        assert run("report", "it", "-o", tmp_path / "page.html") == 0
    finally:
        metrics.write_text(before)
    assert "The run is now at iteration 6,000." in Page(tmp_path / "page.html").text


@pytest.mark.parametrize(
    "line",
    [
        None,
        "",
        "60,3,,,,,,,,,",
        "60,3,5,0.1,0.1,0.5,,0.5,nan,,",
        "60,3,5,0.1,0.1,0.5,1e17,0.5,0.5,1,1",
    ],
)
def test_few_rows_and_empty_cells_are_survived(world, tmp_path, line):
    metrics = world / "it" / "metrics.csv"
    before = metrics.read_text()
    assert before.splitlines()[0].count(",") == 10
    if line is None:
        metrics.unlink()
    else:
        metrics.write_text(before.splitlines()[0] + "\n" + (line and line + "\n"))
    try:
        assert run("report", "it", "-o", tmp_path / "page.html") == 0
    finally:
        metrics.write_text(before)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"\bnan\b", re.sub('src="[^"]*"', "", text))


def test_the_curve_goes_through_the_rows_that_have_a_value():
    rows = [
        dict.fromkeys(("V", "D_real", "D_fake"), 0.5) | {"epoch": e, "parzen": p}
        for e, p in ((1, 4.0), (2, numpy.nan), (3, 9.0))
    ]
    _, axes = new_figure(4, 3)
    learning_panels(rows)["Parzen log-likelihood"](axes)
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[1, 4], [3, 9]] and line.get_marker() == "o"
    assert "Parzen log-likelihood over the epochs: validation from 4 to 9" in reports._learning(
        rows
    )


def test_without_a_parzen_value_there_is_no_parzen_panel():
    row = {"epoch": 1.0, "V": -1.0, "D_real": 0.6, "D_fake": 0.4, "parzen": numpy.nan}
    assert list(learning_panels([row])) == ["Value of the game", "Verdict of the discriminator"]
