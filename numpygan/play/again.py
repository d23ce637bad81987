"""Iterations of a game once more, in a copy: pages and films of it leave the game untouched."""

from dataclasses import replace

import numpy

from ..data.sources import TOYS
from ..errors import NumpyganError
from ..figures.film import film
from ..pages import study_page
from ..pages.pseudocode import order
from ..pages.record import record, widened
from ..pages.toy_game import ToyGame
from .frames import View
from .rewind import copied

PAGE = 3  # iterations on a page
FILM = 120  # iterations of a film
_EVERY = 3  # a film shows every third iteration
_ROWS, _LINES = 256, 130  # most rows of a minibatch and lines of an iteration on a page


def played_again(history, first, last):
    """Yield (Setup, Training) of the copy after each of the iterations `first` to `last`."""
    setup = training = None
    for iteration in range(first, last + 1):
        known, state = history.before(iteration)
        if known is not setup:  # at the start, and where the settings have changed
            setup, training = known, known.training()
            training.restore(state)
        while training.iteration < iteration:
            training.advance()
        yield setup, training


def page(match):
    """The study page of the last iterations that were played with the present settings."""
    text, first, last = _study(match, PAGE)
    about = f"iteration {last:,}" if last == first + 1 else f"iterations {first + 1:,} to {last:,}"
    return _file("study.html", f"A page of {about}", text.encode(), match, last)


def opened(match):
    """The study page of this iteration, at the line that has just run."""
    text, _, last = _study(match, 1, max(0, match.line - 1) if match.line else None)
    return _file("opened.html", f"Iteration {last:,}, opened", text.encode(), match, last)


def recorded(match):
    """A film, a GIF, of the last iterations."""
    last = match.training.iteration
    first = max(match.history.oldest, last - FILM)
    content = film(_pictures(match.history, first, last))
    return _file("film.gif", f"A film of iterations {first:,} to {last:,}", content, match, last)


def _file(name, title, content, match, iteration):
    end = name.partition(".")[2]
    save_as = f"numpygan-{match.setup.recipe.name}-iteration-{iteration}.{end}"
    return {"name": name, "title": title, "save_as": save_as, "bytes": content}


def _pictures(history, first, last):
    """What film() draws: every third iteration, counted back from the last."""
    picture = training = None
    for setup, now in played_again(history, first, last):
        if now is not training:
            training, picture = now, View(setup, now).picture
        if (last - training.iteration) % _EVERY == 0:
            seen = {} if training.game is None else {"g D backward": training.game.pass_dg}
            title = {"title": f"iteration {training.iteration:,}"}
            yield picture.setup_data() | picture.frame(seen) | title


def _study(match, iterations, line=None):
    """(the text of the study page, the iteration that it starts from, the last one).

    The copy computes in float64, as the study page needs. It starts from the game's own numbers
    and draws the game's own z, x and masks.
    """
    now, history = match.training.iteration, match.history
    # Inside an iteration, and before the first one of these settings, it is the coming one.
    earliest = max(now - iterations, history.setups[-1][0], history.oldest)
    first = now if match.line else earliest
    last = max(now, first + 1)
    setup, training = next(played_again(history, first, first))
    recipe = setup.recipe
    _check_size(recipe)
    wide = replace(setup, recipe=replace(recipe, dtype="float64")).training()
    wide.restore(widened(copied(training.state())))
    for source in (wide.p_z, wide.p_data):
        _draw_in(source, recipe.dtype)
    dataset = setup.dataset()
    toy = ToyGame(wide) if recipe.data in TOYS else None
    on_frame = toy.add_frame if toy else lambda _: None
    recorder = record(wide, last - first, dataset and dataset.image_shape, on_frame)
    title = f"{recipe.name}, from iteration {first:,}, as it was played live"
    notes = [_about(recipe.dtype), *study_page.left_out(recorder)]
    return study_page.page(recorder, toy, title, notes, start=line), first, last


def _about(dtype):
    if dtype == "float64":
        return "Each number is the game's own."
    return (
        f"The game computes in {dtype}. The page starts from its θ and its optimizers, draws the "
        "same z, x and masks, and computes in float64, so that every sum can be followed to its "
        "last digit. Its numbers differ from the game's by rounding."
    )


def _check_size(recipe):
    lines = len(order(recipe.algorithm, recipe.k))
    for what, number, most, fix in (
        ("rows in a minibatch", recipe.batch, _ROWS, "batch"),
        ("lines in an iteration", lines, _LINES, "k"),
    ):
        if number > most:
            raise NumpyganError(
                f"page: this game has {number:,} {what}, expected at most {most:,} on a page that "
                f"shows each; choose a smaller {fix}."
            )


def _draw_in(source, dtype):
    """Let the source draw in the game's dtype: in another one it would draw other numbers."""
    draw = source.minibatch

    def minibatch(out):
        own = numpy.empty(out.shape, dtype)
        draw(own)
        out[...] = own

    source.minibatch = minibatch
