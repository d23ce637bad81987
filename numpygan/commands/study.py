"""numpygan study: Algorithm 1, line by line, as a page for the browser."""

import os
from dataclasses import replace
from pathlib import Path

import numpy

from ..data.dataset import load_dataset
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..figures import pictures
from ..files import write_bytes
from ..pages import study_page as page
from ..pages.record import record, widened
from ..pages.toy_game import ToyGame
from ..recipes.builtin import RECIPES
from ..recipes.networks import sizes
from ..recipes.settings import check_data_are_there, recipe_named
from ..runs.directory import RunDirectory
from ..runs.provenance import dataset_of
from ..runs.trainer import Training, iterations_in_epoch
from .arguments import add_force, add_moved_data, natural, new_file, positive

_ROWS = 16  # of a minibatch: the reader can see each
_STEPS = 10  # of D in an iteration, also to see each; k = 1,000 would make a page of 400 MB
_LARGEST = 150_000_000  # parameters of about 70 bytes, most of it for complex copies: 10 GB


def add(command):
    parser = command(
        "study",
        study,
        "See backprop: write a page that steps through real iterations and proves every "
        "derivative.",
        "numpygan study ring -o study.html",
    )
    parser.add_argument(
        "what",
        nargs="?",
        default="ring",
        metavar="RECIPE|RUN",
        help="a recipe, from its start; or a run, from its last checkpoint (default: ring)",
    )
    parser.add_argument(
        "--iterations",
        type=positive(int, 20),
        default=3,
        metavar="N",
        help="iterations on the page (default: 3)",
    )
    parser.add_argument(
        "--after", type=natural, default=0, metavar="N", help="play N iterations first (default: 0)"
    )
    parser.add_argument(
        "--batch",
        type=positive(int, 256),
        default=_ROWS,
        metavar="M",
        help=f"rows of a minibatch (default: {_ROWS}, to see each)",
    )
    parser.add_argument(
        "-o",
        dest="file",
        default="study.html",
        metavar="FILE.html",
        help="the file to write (default: study.html)",
    )
    add_moved_data(parser)
    add_force(parser, "FILE.html")


def study(options):
    file = new_file(options.file, options, ".html")
    recipe, state, run = _what(options.what)
    if run is None and options.data is not None:
        raise NumpyganError("--data: is the new path of a RUN's data; a recipe has its own data.")
    fields = {"batch": min(options.batch, recipe.batch), "k": min(_STEPS, recipe.k)}
    small = replace(recipe, dtype="float64", last_batch="drop", **fields)
    dataset = load_dataset(small) if run is None else dataset_of(run, options.data)
    _check_size(small, dataset, options.what)
    training = Training(small, dataset, numpy)
    # The schedules of the recipe are kept, although its minibatch is not.
    training.iterations_per_epoch = iterations_in_epoch(recipe, training.p_data.size)
    if state is not None:
        _restore(training, state, options.what)
    for _ in range(options.after):
        training.advance()
        training.check_finite()
    start = f"iteration {training.iteration:,}" if training.iteration else "its start"
    title = f"{options.what}, from {start}"
    toy = ToyGame(training) if small.data in TOYS else None
    on_frame = toy.add_frame if toy else lambda _: None
    shape = dataset and dataset.image_shape
    recorder = record(training, options.iterations, shape, on_frame)
    limits = (0.0, 1.0) if dataset is None else pictures.limits(small, dataset.train)
    text = page.page(recorder, toy, title, _notes(recipe, small, recorder), limits)
    write_bytes(file, text.encode())
    print(
        f"{file}: {options.iterations} iterations of {title}, {len(recorder.steps)} lines, "
        f"{len(text) / 1e6:.1f} MB; open it in a browser"
    )
    if small.k < recipe.k:
        print(_fewer_steps(recipe))


def _check_size(recipe, dataset, what):
    """Raise NumpyganError if the study would take too much memory."""
    dim = TOYS[recipe.data]()[0].shape[1] if dataset is None else dataset.dim
    parameters, units = sizes(recipe, dim)
    if parameters > _LARGEST:
        raise NumpyganError(
            f"study: {what} has {parameters:,} parameters, too many to show; "
            f"expected at most {_LARGEST:,}."
        )
    if recipe.batch * units > _LARGEST:
        raise NumpyganError(
            f"study: {what} has {units:,} units, too many to show for each of {recipe.batch} rows; "
            f"expected at most {_LARGEST // recipe.batch:,}, so give a smaller --batch."
        )


def _what(name):
    """The recipe; for a run also its state and its RunDirectory, else None and None."""
    if name in RECIPES or not Path(os.path.expanduser(name)).exists():
        recipe = recipe_named(name)
        check_data_are_there(recipe)
        return recipe, None, None
    run = RunDirectory.existing(name)
    return run.recipe(), run.state(), run


def _restore(training, state, name):
    """Continue from the state of a run, in float64."""
    try:
        training.restore(widened(state))
    except NumpyganError as error:
        raise NumpyganError(f"{name}: {str(error).removeprefix('resume: ')}") from None


def _fewer_steps(recipe):
    return (
        f"An iteration has k = {_STEPS} steps of D, to see each; the recipe has k = {recipe.k:,}."
    )


def _notes(recipe, small, recorder):
    """Sentences about the differences from the recipe, and about what is not shown."""
    notes = [
        "The numbers are float64, so that every sum can be followed to its last digit; a training "
        "run computes in float32."
    ]
    if small.batch < recipe.batch:
        notes.append(
            f"A minibatch has m = {small.batch} rows, to see each; the recipe has {recipe.batch} "
            f"(--batch {recipe.batch})."
        )
    if small.k < recipe.k:
        notes.append(_fewer_steps(recipe))
    return notes + page.left_out(recorder)
