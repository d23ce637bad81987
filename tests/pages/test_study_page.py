"""The study page in a browser: what it shows is what NumPy has, by mouse and by keyboard, on wide
and narrow screens, in peace.
"""

import os
import random
import re
from dataclasses import replace
from pathlib import Path

import numpy
import pytest

from numpygan.pages import study_page as study_page
from numpygan.pages.record import record
from numpygan.pages.toy_game import ToyGame
from numpygan.recipes.builtin import RECIPES
from numpygan.runs.trainer import Training
from tests.helpers.cli import run

TINY = replace(
    RECIPES["ring"],
    generator=("relu 30", "linear"),
    scale_g=(0.0, 0.0),
    discriminator=("maxout 20x2", "tanh 6"),
    keep=(0.9, 0.7, 1.0),
    scale_d=(0.0, 0.0, 0.0),
    batch=5,
    dtype="float64",
)
ITERATIONS = 2


def written(folder, recipe):
    """The file of a page of `recipe`, a toy."""
    training = Training(recipe, None, numpy)
    toy = ToyGame(training)
    recorder = record(training, ITERATIONS, None, toy.add_frame)
    file = folder / "page.html"
    file.write_text(study_page.page(recorder, toy, "tiny", []), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A page of a small game on the ring."""
    return written(tmp_path_factory.mktemp("study"), TINY)


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """The page of the MNIST recipe, by the command."""
    file = tmp_path_factory.mktemp("study") / "mnist.html"
    assert run("study", "mnist", "-o", file) == 0
    return file


def ready(open_page, file, **options):
    page = open_page(file, **options)
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    return page


def number(text):
    return float(text.replace("−", "-").replace(",", ""))


def assert_shown(text, exact):
    """`exact` to the digits shown: off by half a unit of the last one at most."""
    digits, _, power = text.replace("−", "-").replace(",", "").partition("e")
    unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
    assert abs(number(text) - exact) <= 0.5000001 * unit or number(text) == exact, (text, exact)


def tapes():
    """By (iteration, line) what an unobserved run of the same game has on its tapes: (net, tape,
    units, gradient).
    """
    plain, found = Training(TINY, None, numpy), {}
    for iteration in range(1, ITERATIONS + 1):
        plain.advance()
        game = plain.game
        for line, net, tape in (
            ("d D backward", plain.D, game.pass_d),
            ("g D backward", plain.D, game.pass_dg),
            ("g G backward", plain.G, game.pass_g),
        ):
            layers = [
                {name: array.copy() for name, array in t.arrays().items()} for t in tape.layers
            ]
            for layer, kept in zip(net.layers, layers):
                kept.update(
                    {
                        "g" + name: getattr(layer, "g" + name).copy()
                        for name in layer.shapes()
                        if line != "g D backward"
                    }
                )
            found[iteration, line] = layers
    return found


def test_random_numbers_of_random_layers_are_those_of_numpy(open_page, tiny):
    page, draw, reference, seen = ready(open_page, tiny), random.Random(0), tapes(), 0
    steps = page.evaluate("data.steps.map((step) => [step.iteration, step.line])")
    for iteration, line in sorted(reference):
        page.evaluate(f"go({steps.index([iteration, line])})")
        for index in draw.sample(range(len(reference[iteration, line])), 2):
            page.click(f"[data-layer='{index}']")
            kept = reference[iteration, line][index]
            for key in page.eval_on_selector_all(
                "[data-tensor]", "boxes => boxes.map(box => box.dataset.tensor)"
            ):
                if key not in kept or key == "won":
                    continue
                canvas = page.locator(f"[data-tensor={key}] canvas.map")
                box = canvas.bounding_box()
                canvas.hover(
                    position={
                        "x": draw.uniform(1, box["width"] - 1),
                        "y": draw.uniform(1, box["height"] - 1),
                    }
                )
                text = page.inner_text(f"[data-tensor={key}] .readout")
                place, value = re.match(r"\[([\d, ]+)\] = ([\d.,e−]+)", text).groups()
                assert_shown(value, float(kept[key][tuple(map(int, place.split(", ")))]))
                stats = dict(
                    re.findall(r"(\w+) ([\d.,e−]+)", page.inner_text(f"[data-tensor={key}] .stats"))
                )
                whole = kept[key].astype(float)
                for name, exact in (
                    ("min", whole.min()),
                    ("max", whole.max()),
                    ("mean", whole.mean()),
                    ("norm", numpy.linalg.norm(whole)),
                ):
                    assert number(stats[name]) == pytest.approx(exact, rel=5.1e-4, abs=1e-15)
                seen += 1
    assert seen > 40 and not page.problems


def test_an_entry_of_a_gradient_is_its_sum_digit_for_digit(open_page, tiny):
    page, reference = ready(open_page, tiny), tapes()
    steps = page.evaluate("data.steps.map((step) => [step.iteration, step.line])")
    for line, index, row, column in (
        ("d D backward", 1, 1, 17),
        ("d D backward", 4, 3, 2),
        ("g G backward", 2, 7, 1),
    ):
        page.evaluate(f"go({steps.index([2, line])})")
        page.click(f"[data-layer='{index}']")
        canvas = page.locator("[data-tensor=gW] canvas.map")
        canvas.focus()
        for key, times in (("ArrowDown", row), ("ArrowRight", column)):
            for _ in range(times):
                page.keyboard.press(key)
        page.keyboard.press("Enter")
        kept = reference[2, line][index]
        place = re.search(r"\[([\d, ]+)\]", page.inner_text("#origin")).group(1)
        a, b = map(int, place.split(", "))
        assert_shown(page.inner_text("#entry"), kept["gW"][a, b])
        assert page.inner_text("#sum") == page.inner_text("#entry")
        cells = page.eval_on_selector_all(
            "#origin tbody tr",
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))",
        )
        assert len(cells) == len(kept["x"])
        for r, (name, x, gy, product) in enumerate(cells):
            assert name == str(r)
            for text, exact in (
                (x, kept["x"][r, a]),
                (gy, kept["gy"][r, b]),
                (product, kept["x"][r, a] * kept["gy"][r, b]),
            ):
                assert_shown(text, exact)
        assert (
            "complex step" in page.inner_text("#origin .proof")
            and page.locator(".mark").count() == 3
        )


def test_who_moves_and_who_is_frozen(open_page, tiny):
    page = ready(open_page, tiny)
    steps = page.evaluate("data.steps.map((step) => step.line)")
    for line, moves in (("d D move", "θ_d"), ("g G move", "θ_g")):
        page.evaluate(f"go({steps.index(line)})")
        assert page.get_attribute(
            ".chip.moves [data-symbol]", "data-symbol"
        ) == moves and "moves now" in page.inner_text(".chip.moves")
        frozen = page.inner_text("#items .role:last-child")
        assert "frozen" in frozen and "bit for bit" in frozen and "numbers that moved 0" in frozen
    assert page.locator("#code [aria-current]").count() == 1


def test_of_authors2014_both_wait_then_both_move(open_page, tmp_path):
    recipe = replace(
        TINY, algorithm="authors2014", loss="non_saturating", generator=("relu 4", "linear")
    )
    page = ready(open_page, written(tmp_path, recipe))
    steps = page.evaluate("data.steps.map((step) => step.line)")
    for line, of_d, of_g in (
        ("d z", "moves once both gradients are taken", "moves once both gradients are taken"),
        (
            "g G backward",
            "moves once both gradients are taken",
            "moves once both gradients are taken",
        ),
        ("d D move", "moves now", "moves next"),
        ("g G move", "has just moved", "moves now"),
    ):
        page.evaluate(f"go({steps.index(line)})")
        assert [chip.inner_text().split(" ", 1)[1] for chip in page.locator(".chip").all()] == [
            of_d,
            of_g,
        ]
        assert "frozen" not in page.inner_text("main") and "step of" not in page.inner_text("#side")
    assert not page.problems


def test_by_keyboard_alone(open_page, tiny):
    page = ready(open_page, tiny)
    last = page.evaluate("data.steps.length - 1")
    at = lambda: int(page.evaluate("document.body.dataset.step"))
    for key, step in (
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", last),
        ("ArrowRight", last),
        ("Home", 0),
        ("ArrowLeft", 0),
    ):
        page.keyboard.press(key)
        assert at() == step
    page.keyboard.press("Space")
    page.wait_for_selector("body:not([data-step='0'])", timeout=20_000)
    page.keyboard.press("Space")
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.keyboard.press("End")
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(e => e.id || e.dataset.key || e.dataset.layer || "
                "e.closest('[data-tensor]')?.dataset.tensor)(document.activeElement)"
            )
        )
    assert {"first", "slider", "d D backward", "2", "W"} <= reached


def test_a_button_that_draws_its_place_anew_keeps_the_focus(open_page, tiny):
    page = ready(open_page, tiny)
    page.evaluate("go(data.steps.findIndex((step) => step.line === 'g D backward'))")
    for button in (
        "#tabs button:text-matches('G.s pass')",
        "#game button:text-is('D*')",
        "#game button:text-is('non-saturating')",
    ):
        page.focus(button)
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.ariaPressed") == "true"
        assert page.evaluate("document.activeElement.textContent") == page.inner_text(button)


def test_the_pixels_of_a_picture_by_keyboard(open_page, mnist):
    page = ready(open_page, mnist)
    page.evaluate("go(data.steps.findIndex((step) => step.line === 'd D forward'))")
    images = page.evaluate("[...latest('d', 'D forward').values[0].images.array]")
    strip = page.locator("#game .pictures").first
    assert strip.locator("canvas[tabindex='0']").count() == 1
    strip.locator("canvas").first.focus()
    # Past the right edge into the second picture
    for key in ["ArrowDown"] * 14 + ["ArrowRight"] * (28 + 13):
        page.keyboard.press(key)
    readout = strip.locator("xpath=..").locator("output")
    place, value = re.search(r"\[([\d, ]+)\] = (\S+)$", readout.inner_text()).groups()
    assert place == "14, 13"
    assert_shown(value, images[784 + 14 * 28 + 13])
    cursor = page.locator(".cursor:visible")
    cell, canvas = cursor.bounding_box(), strip.locator("canvas").nth(1).bounding_box()
    assert cell["x"] == pytest.approx(canvas["x"] + canvas["width"] * 13 / 28, abs=2)
    assert cell["y"] == pytest.approx(canvas["y"] + canvas["height"] * 14 / 28, abs=2)
    page.keyboard.press("Tab")
    assert page.locator(".cursor:visible").count() <= 1 and not page.problems


def test_what_a_symbol_means_and_what_each_loss_teaches(open_page, tiny):
    page = ready(open_page, tiny)
    page.hover("#code [data-symbol='p_z']")
    assert page.inner_text("#tip") == study_page.SYMBOLS["p_z"]
    page.click("#game button:has-text('Go there')")
    arrows = lambda: page.eval_on_selector_all(
        ".push", "all => all.map(one => one.getAttribute('d'))"
    )
    other = arrows()
    page.click("#game button:text-is('non-saturating')")
    assert len(other) == len(arrows()) == TINY.batch and arrows() != other
    push = tapes_push(page)
    shown = page.eval_on_selector_all(
        ".saturation tr", "rows => rows.map(row => row.cells[1].textContent)"
    )
    for text, exact in zip(
        shown,
        (push["saturating"], push["non_saturating"], push["saturating"] / push["non_saturating"]),
    ):
        assert_shown(text, exact)
    for name in ("D*", "D − D*", "p_data", "p_g", "D"):
        page.click(f"#game button:text-is('{name}')")
    assert not page.problems


def tapes_push(page):
    """The mean length of the arrows of each loss on the current line, from the arrows."""
    blocks = page.evaluate(
        "Object.entries(latest('g', 'D backward').push).map(([loss, { block }]) => [loss, "
        "[...block.array], block.shape])"
    )
    return {
        loss: float(numpy.linalg.norm(numpy.reshape(array, shape), axis=1).mean())
        for loss, array, shape in blocks
    }


def test_every_symbol_of_every_line_and_layer_is_explained(open_page, tiny):
    """What is italic in a formula, and every operator that isn't an arithmetic sign, has its
    meaning on hover.
    """
    page, bare = ready(open_page, tiny), set()
    find = """() => [...document.querySelectorAll("mi")].filter((mi) => !mi.closest("[data-symbol]")).map((mi) => mi.textContent)"""
    for step in range(page.evaluate("data.steps.length")):
        page.evaluate(f"go({step})")
        for index in range(page.locator("[data-layer]").count()):
            page.click(f"[data-layer='{index}']")
            bare.update(page.evaluate(find))
    assert bare <= {"tanh", "e"}
    for symbol in page.eval_on_selector_all(
        "[data-symbol]", "all => all.map(one => one.dataset.symbol)"
    ):
        assert symbol in study_page.SYMBOLS
    names = set(
        page.eval_on_selector_all(
            "#symbols [data-symbol]", "all => all.map(one => one.dataset.symbol)"
        )
    )
    assert set(study_page.SYMBOLS) == names  # and, without a mouse, in the list


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_on_every_screen(open_page, tiny, width, scheme):
    page = ready(open_page, tiny, width=width, color_scheme=scheme, reduced_motion="reduce")
    for step in range(page.evaluate("data.steps.length")):
        page.evaluate(f"go({step})")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.problems and not page.requests
    assert page.evaluate(
        "getComputedStyle(document.querySelector('#code button')).transitionDuration"
    ) in ("0s", "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(open_page, tiny, scheme):
    axe = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
    if not axe.exists():
        pytest.skip("needs axe-core: npm install axe-core, and AXE_CORE=…/axe-core/axe.min.js")
    page = ready(open_page, tiny, color_scheme=scheme)
    page.evaluate("go(10)")
    page.locator("[data-tensor=gW] canvas.map").click()
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run().then((report) => report.violations.map((v) => [v.impact, v.id, v.nodes.map((n) "
        "=> n.html.slice(0, 120))]))"
    )
    assert [violation for violation in found if violation[0] in ("serious", "critical")] == []


def test_mnist(open_page, mnist, capsys):
    assert mnist.stat().st_size < 5e6
    page = ready(open_page, mnist)
    paint = page.evaluate(
        "performance.getEntriesByType('paint').find((e) => e.name === "
        "'first-contentful-paint')?.startTime ?? 0"
    )
    times = []
    for step in range(page.evaluate("data.steps.length")):
        page.evaluate(f"go({step})")
        times.append(float(page.evaluate("document.body.dataset.milliseconds")))
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    with capsys.disabled():
        print(
            f"\nmnist page: {mnist.stat().st_size / 1e6:.1f} MB, first paint {paint:.0f} ms, "
            f"a step {numpy.median(times):.0f} ms (median), {max(times):.0f} ms (longest)"
        )
    assert paint < 20_000 and numpy.median(times) < 1_000
    assert page.locator("#game .pictures canvas").count() == 16 + 8 + 8
    assert not page.problems and not page.requests


def test_it_opens_on_a_line_where_there_are_derivatives(open_page, tiny):
    page = ready(open_page, tiny)
    assert (
        page.evaluate("data.steps[current].line") == "d D backward" and page.evaluate("current") > 0
    )
    assert page.locator("#network [data-tensor=gW]").count() == 1


def test_proven_entries_are_dotted_in_every_array_of_adjoints(open_page, mnist):
    page = ready(open_page, mnist)
    for line, net in (("d D backward", "D"), ("g D backward", "D"), ("g G backward", "G")):
        page.evaluate(f"go(data.steps.findIndex((step) => step.line === '{line}'))")
        for layer in range(page.evaluate(f"data.nets.{net}.layers.length")):
            page.locator(f"[data-layer='{layer}']").click()
            for name in page.evaluate(
                "[...document.querySelectorAll('#layer [data-tensor^=g]')].map((e) => "
                "e.dataset.tensor)"
            ):
                dots = page.locator(f"#layer [data-tensor={name}] .proven path").last.get_attribute(
                    "d"
                )
                assert dots.count("h0") >= 1, (line, layer, name)
    box = page.locator("#layer .tensor:has(.proven) .map-box").first
    assert box.locator(".proven").bounding_box()["width"] == pytest.approx(
        box.bounding_box()["width"], abs=3
    )


def test_the_dots_are_where_the_proof_is(open_page, tiny):
    page = ready(open_page, tiny)
    proof, dots = page.evaluate(
        "[data.passes[data.steps[current].stack[0].pass].grads[chosen.layer.D].W.proof.at,"
        " document.querySelector('#layer [data-tensor=gW] .proven path').getAttribute('d')]"
    )
    assert dots == "".join(f"M{j + 0.5:g} {i + 0.5:g}h0" for i, j in proof) and len(proof) > 1


PIXELS = """([values, grey]) => {
    data.image = [1, 2];
    const images = { array: Float32Array.from(values), shape: [values.length / 2, 2] };
    const colour = (canvas) => [...canvas.getContext("2d").getImageData(0, 0, 2, 1).data];
    return [...pictures(images, [], { grey }).querySelectorAll("canvas")].map(colour);
}"""


def test_signed_arrays_have_one_scale_and_zeros_the_paper(open_page, tiny):
    page = ready(open_page, tiny, color_scheme="light")
    paper = page.evaluate("[...colours().paper, 255]")
    zeros, signed, small = page.evaluate(PIXELS, [[0, 0, -4, 4, 0, 1], None])
    assert zeros == paper * 2 and signed[4:7] == page.evaluate("colours().plus")
    # a quarter of the largest of all has half of the colour
    assert small[4:7] != signed[4:7] and small[:4] == paper
    assert page.evaluate(PIXELS, [[0, 0], None]) == [paper * 2]


def test_images_are_grey_from_low_to_high(open_page, tiny):
    page = ready(open_page, tiny)
    assert [row[::4] for row in page.evaluate(PIXELS, [[-1, 1, 0, 0], [-1, 1]])] == [
        [0, 255],
        [128, 128],
    ]
    assert [row[::4] for row in page.evaluate(PIXELS, [[0, 1, 0, 2], [0, 1]])] == [
        [0, 255],
        [0, 255],
    ]


def test_the_legend_names_only_what_is_drawn(open_page, tiny):
    page = ready(open_page, tiny)
    seen = set()
    for step in range(page.evaluate("data.steps.length")):
        page.evaluate(f"go({step})")
        arrows, named = (
            page.locator("#game path.push").count(),
            "−∂L/∂G(z)" in page.inner_text("#game .legend"),
        )
        assert named == (arrows > 0)
        seen.add(named)
    assert seen == {True, False}


def test_a_count_is_written_out_however_large(open_page, tiny):
    page = ready(open_page, tiny)
    assert page.evaluate(
        "[0, 7, 1234567, -2000000, 0.5, 1.5e7 + 0.5].map((value) => show(value))"
    ) == ["0", "7", "1,234,567", "−2,000,000", "0.500000", "1.50000e+7"]
