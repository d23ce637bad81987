"""The page of `numpygan play` in a browser: what it shows is what NumPy has, bit for bit."""

import os
import random
import zlib
from pathlib import Path

import numpy
import pytest

import numpygan as ng
from numpygan.runs.trainer import Training
from tests.helpers.play import SMALL, at, shown

pytest.importorskip("aiohttp", reason="needs aiohttp: pip install 'numpygan[play]'")


def assert_same(page, training):
    """The page shows the θ (their fingerprints), scores and arrows of `training`, bit for bit."""
    game = training.game
    assert shown(page, "thetaG") == f"{zlib.crc32(training.G.theta):08x}"
    assert shown(page, "thetaD") == f"{zlib.crc32(training.D.theta):08x}"
    scores = [float(score) for score in game.scores()[:3]]
    assert [float(shown(page, name)) for name in ("V", "real", "fake")] == scores
    push = page.evaluate("Array.from(games[0].frame.view.push.array)")
    assert numpy.array_equal(numpy.array(push, "float32"), -game.pass_dg.gx.reshape(-1))


def test_what_is_shown_is_what_numpy_has_through_rewinds_and_changes(play):
    page, draw, plain = play(), random.Random(0), Training(SMALL, None, numpy)
    thetas = {}
    for iteration in range(1, 31):
        plain.advance()
        thetas[iteration] = f"{zlib.crc32(plain.G.theta):08x}"
        page.keyboard.press("i")
        at(page, iteration)
        if draw.random() < 0.3:
            assert_same(page, plain)
    back = draw.randrange(5, 25)
    page.evaluate(f"games[0].send({{do: 'rewind', to: {back}}})")
    at(page, back)
    assert shown(page, "thetaG") == thetas[back]
    page.keyboard.press("ArrowLeft")
    at(page, back - 1)
    assert shown(page, "thetaG") == thetas[back - 1]
    plain = Training(SMALL, None, numpy)
    for _ in range(back - 1):
        plain.advance()
    for field, text in (("learning_rate_d", "0.02"), ("k", "2")):
        page.fill(f"[data-field={field}]", text)
        page.keyboard.press("Enter")
    page.wait_for_function("games[0].setup.recipe.k === '2'")
    page.select_option("[data-field=loss]", "non_saturating")
    page.wait_for_function("games[0].setup.recipe.loss === 'non_saturating'")
    page.focus("#play")
    players = plain.G, plain.D, plain.p_data, plain.p_z, plain.optimizer_g, plain.optimizer_d
    game = ng.algorithm1(*players, plain.streams["dropout"], m=16, k=2, loss="non_saturating")
    for iteration in range(back, back + 6):
        plain.optimizer_g.learning_rate = 2e-3 * 1.00015 ** -(iteration - 1)
        plain.optimizer_d.learning_rate = 2e-2 * 1.00015 ** -(iteration - 1)
        plain.game = next(game)
        page.keyboard.press("i")
        at(page, iteration)
        assert_same(page, plain)
    assert not page.problems and not page.requests


def test_a_frame_of_older_settings_is_not_drawn(play):
    page = play()
    # A frame is drawn before the screen is painted: here, not before the settings have changed.
    page.evaluate("""() => {
        const paint = requestAnimationFrame;
        window.waiting = [];
        window.requestAnimationFrame = (draw) =>
            draw.name === "drawn" ? waiting.push(draw) : paint(draw);
    }""")
    page.keyboard.press("i")
    page.wait_for_function("waiting.length === 1")
    page.focus("#pad")
    page.keyboard.press(" ")
    page.click("#use")
    page.wait_for_function("games[0].setup.modes === null")
    assert page.evaluate("games[0].frame.view.modes") is not None
    page.evaluate("""() => {
        window.requestAnimationFrame = (draw) => setTimeout(draw);
        for (const draw of waiting) draw();
    }""")
    page.wait_for_function("games[0].frame.view.modes === null")
    page.wait_for_selector("[data-game=A] [data-number=modes]", state="hidden")
    assert not page.problems


def test_space_plays_after_a_click_of_the_mouse(play):
    page = play()
    page.click("#clear")
    page.click("[data-game=A] [data-surface=best]")
    page.click("[data-game=A] input[type=checkbox] >> nth=0")
    page.keyboard.press(" ")
    page.wait_for_selector("#play[data-playing=true]")
    page.keyboard.press(" ")
    page.wait_for_selector("#play[data-playing=false]")
    assert not page.problems


def test_the_page_keeps_to_its_own_policy(play):
    page = play(
        bypass_csp=False
    )  # so that waiting for a function, which Playwright evaluates, is not possible here
    page.keyboard.press("i")
    at(page, 1)
    page.select_option("#experiments", "figure1")
    page.wait_for_selector("[data-game=A][data-kind=line]")
    assert not page.problems and not page.requests


def test_lines_by_keyboard_alone(play):
    page = play()
    for n in range(1, 12):
        page.keyboard.press("ArrowRight")
        at(page, 0, n)
        assert page.locator("#code [aria-current=step]").count() == 1
    assert "backward through" in page.inner_text("#code [aria-current=step]")
    page.keyboard.press("ArrowRight")
    at(page, 1)
    page.keyboard.press(" ")
    page.wait_for_function("games[0].frame.playing && games[0].frame.iteration > 5")
    page.keyboard.press(" ")
    page.wait_for_function("!games[0].frame.playing")
    page.keyboard.press("r")
    at(page, 0)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.id || document.activeElement.dataset.home || ''")
        )
    assert {
        "play",
        "line",
        "rewind",
        "speed",
        "experiments",
        "pad",
        "use",
        "compare",
        "python",
    } <= reached


def test_a_wrong_setting_is_a_sentence_and_the_field_returns(play):
    page = play()
    page.fill("[data-field=generator]", "relu 1000000000, linear")
    page.keyboard.press("Enter")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "generator" in page.inner_text("#trouble")
    assert page.input_value("[data-field=generator]") == "relu 12, linear"


def test_divergence_is_a_sentence(play):
    page = play()
    page.select_option("#experiments", "toohigh")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "diverged at iteration" in page.inner_text("#trouble")
    page.keyboard.press("Escape")
    page.focus("#play")
    page.keyboard.press("r")
    at(page, 0)


def test_the_address_holds_the_settings_and_a_reload_the_game(play):
    page = play(settings="#recipe=ring&k=3&batch=20&generator=relu+8,+linear&seed=5")
    page.wait_for_function("games[0].setup.recipe.k === '3' && games[0].setup.recipe.seed === '5'")
    page.keyboard.press("i")
    at(page, 1)
    theta = shown(page, "thetaG")
    assert "k=3" in page.url and "seed=5" in page.url
    page.reload()
    page.wait_for_function("games[0].frame !== null")
    at(page, 1)
    assert shown(page, "thetaG") == theta


def test_a_drawing_becomes_the_data(play):
    page = play()
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 60, steps=8)
    page.mouse.up()
    page.focus("#pad")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    page.click("#use")
    page.wait_for_function("games[0].setup.recipe.data === 'drawn'")
    assert "drawing=" in page.url
    page.keyboard.press("i")
    at(page, 1)
    x = page.evaluate("Array.from(games[0].frame.view.x.array)")
    assert len(x) == 32 and max(map(abs, x)) <= 2
    assert not page.problems


def test_two_games_of_one_seed_differ_by_one_thing(play):
    page = play()
    page.click("#compare")
    page.wait_for_function(
        "games.length === 2 && games[1].frame && "
        "games[1].setup.recipe.generator === games[0].setup.recipe.generator"
    )
    for n in range(1, 4):
        page.keyboard.press("i")
        page.wait_for_function(f"games.every((one) => one.frame.iteration === {n})")
    theta = page.evaluate("games.map((one) => one.frame.theta.G)")
    assert theta[0] == theta[1]
    page.select_option("[data-field=loss]", "non_saturating")
    page.wait_for_function(
        "games[1].setup.recipe.loss === 'non_saturating' && "
        "games[0].setup.recipe.loss === 'saturating'"
    )
    page.focus("#play")
    page.keyboard.press("i")
    page.wait_for_function("games.every((one) => one.frame.iteration === 4)")
    theta = page.evaluate("games.map((one) => [one.frame.theta.G, one.frame.theta.D])")
    assert theta[0][1] == theta[1][1] and theta[0][0] != theta[1][0]
    page.click("#compare")
    page.wait_for_function("games.length === 1")
    assert not page.problems


def test_home_as_python(play):
    page = play()
    page.click("[data-home=python]")
    page.wait_for_selector("#taken:not([hidden])")
    assert "ng.algorithm1(" in page.inner_text("#taken-text")
    seen = "[...document.querySelectorAll('[hidden]')].filter((e) => e.checkVisibility())"
    assert page.evaluate(f"{seen}.map((e) => e.id || e.className)") == []


def test_an_iteration_is_opened_at_its_line_in_the_page(play):
    page = play(bypass_csp=False)
    page.keyboard.press("i")
    at(page, 1)
    for line in range(1, 6):
        page.keyboard.press("ArrowRight")
        at(page, 1, line)
    page.keyboard.press("o")
    page.wait_for_selector("#opened:not([hidden])")
    inside = page.frame_locator("#opened-page")
    inside.locator("body[data-ready]").wait_for()
    step = inside.locator("#code [aria-current]").first
    assert "backward through" in step.inner_text()
    assert "✓ complex step" in inside.locator("#network").inner_text()
    with page.expect_download() as saved:
        page.click("#opened-link")
    assert saved.value.suggested_filename == "numpygan-ring-iteration-2.html"
    page.click("#shut")
    assert page.locator("#opened").is_hidden()
    assert not page.problems and not page.requests


def test_a_film_is_shown_and_can_be_saved(play):
    page = play(bypass_csp=False)
    for n in range(1, 4):
        page.keyboard.press("i")
        at(page, n)
    page.click("[data-home=film]")
    page.wait_for_selector("#taken-film:not([hidden])")
    with page.expect_download() as saved:
        page.click("#taken-link")
    assert saved.value.suggested_filename == "numpygan-ring-iteration-3.gif"
    assert Path(saved.value.path()).read_bytes().startswith(b"GIF89a")
    assert page.evaluate("document.getElementById('taken-film').complete")
    assert not page.problems and not page.requests


@pytest.mark.parametrize(
    "width, scheme, data",
    [
        (390, "light", "ring"),
        (390, "dark", "gauss1d"),
        (1280, "light", "gauss1d"),
        (1280, "dark", "ring"),
    ],
)
def test_nothing_sticks_out_and_axe_finds_nothing(play, width, scheme, data):
    page = play(width, f"#recipe={data}", color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_function(f"games[0].setup.recipe.data === '{data}'")
    page.keyboard.press("i")
    at(page, 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colours = page.evaluate(
        """(() => {
          const canvas = document.querySelector('.picture');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const seen = new Set();
          for (let i = 0; i < data.length; i += 64) seen.add(data.slice(i, i + 4).join());
          return seen.size;
        })()"""
    )
    assert colours > 5
    page.keyboard.press("o")
    page.wait_for_selector("#opened:not([hidden])")
    page.frame_locator("#opened-page").locator("body[data-ready]").wait_for()
    page.click("[data-home=film]")
    page.wait_for_selector("#taken-film:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.problems
    if axe := os.environ.get("AXE_CORE"):
        page.evaluate(Path(axe).read_text())
        found = "axe.run({iframes: false}).then((found) => found.violations.map((one) => one.id))"
        assert page.evaluate(found) == []


def test_with_reduced_motion_nothing_moves_by_itself(chromium, address):
    context = chromium.new_context(reduced_motion="reduce", bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("games[0].frame !== null")
    assert page.evaluate("games[0].frame.playing") is False
    context.close()


def test_it_plays_as_soon_as_it_is_open(chromium, address):
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    page.wait_for_function(
        "games[0].frame && games[0].frame.playing && games[0].frame.iteration > 10"
    )
    context.close()
