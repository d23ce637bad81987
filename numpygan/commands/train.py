"""numpygan train: train a recipe or the user's own data in a run directory."""

import os
import sys

from ..data.dataset import SHIPPED, check_fits, prepared
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..gan.objective import G_LOSSES
from ..recipes.builtin import RECIPES
from ..recipes.recipe import Recipe
from ..recipes.settings import (
    absolute_data,
    change,
    check_data_are_there,
    check_data_fields,
    fitted,
    named_after_data,
    nearest,
    recipe_named,
    with_length,
)
from ..runs import loop, provenance
from ..runs.directory import RunDirectory
from ..runs.profile import Profile
from ..runs.stop import resume_command
from ..terminal import Progress, shell_word
from .arguments import add_data, add_set, changed_fields, data_fields, given, positive
from .train_words import diverged, header, nats, summary


def add(command):
    parser = command(
        "train",
        train,
        "Train a recipe; write pictures, metrics and checkpoints to a run directory.",
        "numpygan train mnist --epochs 20 --set batch=50 --out runs/small-batch",
    )
    parser.refused = {
        f"--{word}": f"--{word}: {field} is a field of the recipe; give --set {field}=…"
        for field in vars(Recipe())
        for word in (field, field.replace("_", "-"))
    } | {
        "--lr": "--lr: give --set learning_rate_g=… and --set learning_rate_d=…",
        "--gpu": "--gpu: give --device gpu",
    }
    parser.add_argument(
        "recipe",
        nargs="?",
        metavar="RECIPE",
        help="a name from `numpygan recipes` (default: mnist); with --resume also a run directory",
    )
    parser.add_argument(
        "--epochs",
        type=positive(float),
        metavar="N",
        help="total length of the run in passes over the data",
    )
    parser.add_argument(
        "--iterations",
        type=positive(int),
        metavar="N",
        help="total length of the run in iterations",
    )
    parser.add_argument("--seed", metavar="S", help="the seed of all random numbers (default: 0)")
    parser.add_argument("--k", metavar="K", help="steps of D in an iteration")
    parser.add_argument("--loss", metavar="|".join(G_LOSSES), help="the generator's loss")
    parser.add_argument(
        "--device", choices=("cpu", "gpu"), default="cpu", help="where to compute (default: cpu)"
    )
    add_data(
        parser, "your own data: .npy, .npz, CSV, IDX, CIFAR-10, or a folder of these or images"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="the run directory (default: the next free runs/RECIPE-N)"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="resume a run: `train RUN --resume`, or --out RUN (default: the newest run of the "
        "recipe)",
    )
    add_set(parser)
    parser.add_argument(
        "--local-batch",
        action="store_true",
        help="with MPI (`mpiexec -n P python -m mpi4py -m numpygan train …`): each of the P ranks "
        "computes the recipe's batch, so a minibatch has P times as many rows; the learning rates "
        "do not change",
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="at the end print how long each part of an iteration took",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print only errors and the table of --profile"
    )


def train(options):
    changes = _changes(options)
    run, recipe = options.ranks.from_first(lambda: _run_and_recipe(options, changes))
    with run.reserved():
        recipe, dataset = _with_data(options, changes, recipe, run)
    say = (lambda *_: None) if options.quiet else print

    def begin():
        for line in header(options, run, recipe, dataset):
            say(line)
        sys.stdout.flush()  # so that a log has these lines before the progress

    profile = Profile() if options.profile else None
    with Progress("iterations", options.quiet or options.ranks.rank > 0) as bar:

        def show(iteration, total, means, epoch_ends):
            text = "V {}, D(x) {:.2f}, D(G(z)) {:.2f}".format(nats(means[0]), *means[1:])
            bar.show(iteration, total, text, line=epoch_ends)

        try:
            with run.reserved():
                loop.train(
                    recipe,
                    run,
                    device=options.device,
                    resume=options.resume,
                    progress=show,
                    ranks=options.ranks,
                    profile=profile,
                    say=say,
                    dataset=dataset,
                    begin=begin,
                )
        except loop.Interrupted:
            if options.ranks.rank:
                return 0
            bar.close()
            if profile:
                print(profile.table())
            command = resume_command(
                run.path, options.device, **given(options, "epochs", "iterations")
            )
            print(f"Stopped and saved. Go on with: {command}", file=sys.stderr)
            return 130
    if options.ranks.rank:
        return 0
    rows = run.read_metrics()[-1:]  # none, if somebody has removed it
    for line in summary(run, rows):
        say(line)
    for sentence in diverged(run, rows):
        print(f"numpygan: {sentence}", file=sys.stderr)
    if profile:
        print(profile.table())


def _changes(options):
    """The fields of the recipe that the options give.

    Raises NumpyganError if two of them give the length.
    """
    fields = given(options, "seed", "k", "loss", "epochs", "iterations")
    changes = fields | data_fields(options)
    by_set = changed_fields(options.set)
    if twice := sorted(changes.keys() & by_set.keys()):
        raise NumpyganError(
            f"--{twice[0]} and --set {twice[0]} both give the {twice[0]}; give one of them."
        )
    changes |= by_set
    if "data" in changes:
        changes["data"] = absolute_data(changes["data"])
    if {"epochs", "iterations"} <= fields.keys():
        raise NumpyganError(
            "--epochs and --iterations both give the length of the run; give one of them."
        )
    return with_length(changes)


def _run_and_recipe(options, changes):
    """The RunDirectory and the recipe that the options ask for.

    Raises NumpyganError if there is no such run or recipe, or if the options contradict each
    other.
    """
    named = _run_named(options.recipe)
    if options.resume and not named and options.recipe not in (None, *RECIPES):
        if os.path.basename(options.recipe) != options.recipe:
            RunDirectory.existing(options.recipe)  # says that there is no run
        if not _is_path(options.recipe):
            words = f"--resume: there is no run and no recipe {options.recipe!r}"
            close = nearest(options.recipe, RECIPES)
            raise NumpyganError(f"{words}{close}; give the run's directory, such as runs/mnist-1.")
    if not named and _is_path(options.recipe):
        if options.resume:
            RunDirectory.existing(options.recipe)  # says that there is no run
        raise NumpyganError(
            f"{options.recipe}: is a path, not a recipe; for your own data give "
            f"`numpygan train --data {shell_word(options.recipe)}`."
        )
    if options.resume:
        if options.local_batch:
            raise NumpyganError(
                "--local-batch: a run that is resumed keeps its minibatch; leave the option out."
            )
        if named and options.out:
            raise NumpyganError(
                f"--resume: {options.recipe} and --out {options.out} both name a run; give one of "
                f"them."
            )
        if options.out:
            run = RunDirectory.existing(options.out)
        else:
            run = named or RunDirectory.latest(_asked_for(options, changes).name)
        recipe = change(run.recipe(), **changes)
        if not named and options.recipe not in (None, run.recipe().name):
            raise NumpyganError(
                f"--resume: {run.path} is a run of {run.recipe().name}, not of {options.recipe}."
            )
        run.expect(recipe)
    elif named:
        raise NumpyganError(f"{options.recipe}: is a run, not a recipe; add --resume to resume it.")
    else:
        recipe = _asked_for(options, changes)
        if options.local_batch:
            recipe = change(recipe, batch=recipe.batch * options.ranks.size)
        run = RunDirectory(options.out) if options.out else RunDirectory.next_free(recipe.name)
    return run, recipe


def _with_data(options, changes, recipe, run):
    """The recipe, fitted to own data, and its Dataset, None for a toy.

    Raises NumpyganError if the data can't be read or do not fit the recipe.
    """
    if options.resume:
        before = options.ranks.from_first(lambda: provenance.recorded(run))
        provenance.check_recipe(recipe, before, run)  # first: some fields change how data are read
        return recipe, provenance.load_again(recipe, before, run)
    dataset = prepared(recipe)
    if dataset is not None:
        recipe = recipe if recipe.data in SHIPPED else fitted(recipe, dataset, changes)
        check_fits(recipe, dataset)
    return recipe, dataset


def _run_named(name):
    """The run at the path `name`, or None.

    The name of a recipe takes precedence over a folder of the same name.
    """
    if name is None or name in RECIPES or not RunDirectory(name).config.is_file():
        return None
    return RunDirectory(name)


def _is_path(name):
    return name not in (None, *RECIPES) and os.path.exists(os.path.expanduser(name))


def _asked_for(options, changes):
    """The named recipe with the changes; if only own data are given, mnist named after the data."""
    recipe = change(recipe_named(options.recipe or "mnist"), **changes)
    check_data_are_there(recipe)
    recipe = change(recipe, data=absolute_data(recipe.data))
    check_data_fields(recipe.data, vars(recipe))
    own = options.recipe is None and recipe.data not in (*SHIPPED, *TOYS)
    return named_after_data(recipe) if own and "name" not in changes else recipe
