"""The page of `numpygan play` in each of its states: nothing sticks out, axe finds nothing, keys do."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.helpers.play import SECONDS, at

pytest.importorskip("aiohttp", reason="needs aiohttp: pip install 'numpygan[play]'")

VIOLATIONS = """axe.run({iframes: false}).then((found) =>
  found.violations.map((one) => [one.id, ...one.nodes.map((node) => node.html)]))"""


def assert_clean(page, width):
    """Nothing is wider than the window, and axe finds nothing in the page or in what it opened."""
    for frame in page.frames:
        if frame.url == "about:blank":
            continue
        inner = frame.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert inner[0] <= inner[1] <= width
        if axe := os.environ.get("AXE_CORE"):
            frame.evaluate(Path(axe).read_text())
            assert frame.evaluate(VIOLATIONS) == []


def steps(page, lines):
    for line in range(1, lines + 1):
        page.keyboard.press("ArrowRight")
        at(page, 0, line)


@pytest.mark.parametrize(
    "width, scheme", [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]
)
def test_every_state_is_clean(play, width, scheme):
    page = play(width, color_scheme=scheme, reduced_motion="reduce")
    assert_clean(page, width)
    # Opened at a line of a backward pass, with the sum behind an entry, and at another line.
    steps(page, 10)
    page.keyboard.press("o")
    inside = page.frame_locator("#opened-page")
    inside.locator("body[data-ready]").wait_for()
    assert len(page.frames) == 2
    assert_clean(page, width)
    for details in inside.locator("details").all():
        details.evaluate("one => { one.open = true; }")
    inside.locator("body").press("ArrowLeft")
    inside.locator("#code [aria-current]").first.wait_for()
    assert_clean(page, width)
    page.click("#shut")
    # Two games, and a sentence on what went wrong.
    page.click("#compare")
    page.wait_for_function("games.length === 2 && games[1].frame !== null")
    page.fill("[data-field=generator]", "relu 1000000000, linear")
    page.keyboard.press("Enter")
    page.wait_for_selector("#trouble:not([hidden])")
    assert page.locator("#trouble").bounding_box()["y"] < 900  # in sight, where the field is
    assert_clean(page, width)
    page.click("#compare")
    page.wait_for_function("games.length === 1")
    # D* and D − D*, the image of a grid in z, drawn data, an experiment with its code.
    page.focus("#pad")
    for key in (" ", "ArrowUp", " "):
        page.keyboard.press(key)
    page.click("#use")
    page.wait_for_function("games[0].setup.recipe.data === 'drawn'")
    for surface in ("best", "difference", "p_g"):
        page.click(f"[data-surface={surface}]")
        page.wait_for_function(f"games[0].frame.view.surface === '{surface}'")
    assert_clean(page, width)
    page.select_option("#experiments", "figure1")
    page.wait_for_selector("[data-game=A][data-kind=line]")
    page.locator("#read summary").click()
    assert "class PushForward" in page.inner_text("#code-text")
    assert "lesson start 6" in page.inner_text("#read")
    assert_clean(page, width)
    page.click("[data-home=python]")
    page.wait_for_selector("#taken-text:not([hidden])")
    assert_clean(page, width)
    assert not page.problems and not page.requests


def test_by_keyboard_alone_through_every_section(play):
    page = play()
    focused = "document.activeElement.id || document.activeElement.dataset.home || ''"

    def tab_to(name):
        for _ in range(90):
            if page.evaluate(focused) == name:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {name}")

    for n in range(1, 6):
        page.keyboard.press("i")
        at(page, n)
    tab_to("rewind")  # to the oldest iteration, and two iterations on
    page.keyboard.press("Home")
    at(page, 0)
    tab_to("play")
    page.keyboard.press("i")
    at(page, 1)
    tab_to("speed")
    page.keyboard.press("ArrowUp")
    assert page.input_value("#speed") == "iteration 60"
    tab_to("pad")
    for key in ("ArrowLeft", " ", "ArrowDown", " ", "Backspace"):
        page.keyboard.press(key)
    tab_to("use")
    page.keyboard.press("Enter")
    page.wait_for_function("games[0].setup.recipe.data === 'drawn'")
    tab_to("set-k")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    page.wait_for_function("games[0].setup.recipe.k === '2'")
    tab_to("compare")
    page.keyboard.press("Enter")
    page.wait_for_function("games.length === 2 && games[1].frame !== null")
    page.keyboard.press("Enter")
    page.wait_for_function("games.length === 1")
    tab_to("open")
    page.keyboard.press("Enter")
    page.frame_locator("#opened-page").locator("body[data-ready]").wait_for()
    assert page.evaluate(focused) == "opened-title"
    tab_to("shut")
    page.keyboard.press("Enter")
    assert page.locator("#opened").is_hidden() and page.evaluate(focused) == "open"
    page.keyboard.press("o")
    page.wait_for_selector("#opened:not([hidden])")
    page.keyboard.press("Escape")
    assert page.locator("#opened").is_hidden() and page.evaluate(focused) == "open"
    tab_to("python")
    page.keyboard.press("Enter")
    page.wait_for_selector("#taken-text:not([hidden])")
    assert not page.problems


# The address


def test_an_address_that_is_pasted_into_an_open_page_takes_effect(play):
    page = play()
    page.evaluate("location.hash = '#recipe=ring&k=4'")
    page.wait_for_function("games[0].setup.recipe.k === '4'")
    assert "k=4" in page.url


@pytest.mark.parametrize(
    "fragment, told",
    [
        ("#k=3", "names no recipe"),
        ("#games", "names no recipe"),
        ("#recipe=nothing", "there is no 'nothing'"),
        ("#recipe=ring&k=0", "k: expected"),
        ("#recipe=ring&data=drawn&drawing=zzzz", "drawing: expected"),
        ("#recipe=ring&colour=red", "can't change 'colour'"),
        ("#recipe=<img src=x onerror=alert(1)>", "there is no '<img"),
        ("#recipe=ring&generator=<script>alert(1)</script>", "generator: expected"),
    ],
)
def test_an_address_that_means_nothing_is_a_sentence(play, fragment, told):
    page = play(settings=fragment)
    page.wait_for_selector("#trouble:not([hidden])")
    assert told in page.inner_text("#trouble")
    assert page.locator("#trouble *, #story *").count() == 0  # text, and no element from outside
    page.focus("#play")
    page.keyboard.press("i")
    at(page, 1)
    assert not page.problems and not page.requests


def test_a_copied_tab_takes_the_game_and_the_first_does_not_take_it_back(play, address):
    page = play()
    copy = page.context.new_page()
    name = page.evaluate("Object.entries(sessionStorage).flat()")
    copy.add_init_script(f"sessionStorage.setItem({name[0]!r}, {name[1]!r})")
    copy.goto(f"{address}?still")
    copy.wait_for_selector("[data-game=A][data-iteration]")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "another window" in page.inner_text("#trouble")
    copy.keyboard.press("i")
    at(copy, 1)
    assert copy.locator("#trouble").is_hidden()


def test_a_game_that_was_ended_while_the_page_was_away_starts_again_with_its_settings(play, served):
    page = play()
    page.fill("[data-field=k]", "3")
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash.includes('k=3')")
    page.evaluate(
        "() => { window.addresses = []; const set = history.replaceState.bind(history);"
        " history.replaceState = (...all) => { addresses.push(all[2]); set(...all); }; }"
    )
    name, server = page.evaluate("games[0].id"), served["server"]

    async def end():
        game = server.games.pop(name)
        game.trainer.close()
        await game.socket.close()

    asyncio.run_coroutine_threadsafe(end(), served["loop"]).result(SECONDS)
    told = "document.getElementById('trouble').textContent"
    page.wait_for_function(f"{told}.includes('starts again with the same settings')")
    page.wait_for_function("games[0].setup.recipe.k === '3' && location.hash.includes('k=3')")
    page.wait_for_function("addresses.length > 0")
    assert all("k=3" in address for address in page.evaluate("addresses"))  # at every moment
    # The same after a reload: the settings are in the address.
    asyncio.run_coroutine_threadsafe(end(), served["loop"]).result(SECONDS)
    page.reload()
    page.wait_for_function("games[0].setup !== null && games[0].setup.recipe.k === '3'")


def test_the_curve_of_modes_begins_anew_with_a_game(play):
    page = play()
    for n in range(1, 4):
        page.keyboard.press("i")
        at(page, n)
    points = "Array.from(games[0].frame.view.modes_found.array).filter((_, i) => i % 3 === 0)"
    assert page.evaluate(points) == [0, 1, 2, 3]
    page.keyboard.press("ArrowLeft")
    at(page, 2)
    assert page.evaluate(points) == [0, 1, 2]
    page.fill("[data-field=seed]", "7")
    page.keyboard.press("Enter")
    page.wait_for_function("games[0].setup.recipe.seed === '7'")
    at(page, 0)
    assert page.evaluate(points) == [0]
