"""`numpygan evaluate` for toys: a run, samples from a file, or a recipe trained with many seeds."""

import os
import sys
from concurrent.futures import BrokenExecutor
from contextlib import closing
from dataclasses import replace

from ..arrays import Stream
from ..data.readers import read_numpy
from ..data.sources import TOYS
from ..errors import Diverged, NumpyganError
from ..figures.toy_plot import save_toy_plot
from ..files import check_writable, make_folder
from ..gan import sampling
from ..metrics import toys
from ..metrics.modes import SAMPLES
from ..nn.threads import cpus
from ..recipes.settings import change, check_data_fields, recipe_named, with_length
from ..runs.directory import RunDirectory
from ..runs.grid import finished, play
from ..runs.loop import Interrupted
from ..runs.pool import carry_out, in_words
from ..terminal import Progress
from .arguments import changed_fields, data_fields, folder_of_runs, new_file, positive
from .results import result_file, show

_PROCESSES = min(2, cpus())  # training processes at a time without MPI


def add(parser):
    """Add the options of `evaluate` that are only for toys."""
    parser.add_argument(
        "--seeds",
        type=positive(int, 1000),
        metavar="N",
        help=f"train the toy recipe RUN with the seeds 0 … N−1 on {_PROCESSES} processes, and "
        "evaluate all of these runs together",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="the folder of the runs of --seeds; finished runs are kept (default: "
        "runs/RECIPE-seeds)",
    )


def check(options):
    """Raise NumpyganError for options of --seeds without --seeds, or for other options with it."""
    if options.seeds is None and (options.set or options.out):
        raise NumpyganError(
            "--set and --out: only go with --seeds, which trains; a finished run or samples can't "
            "be changed."
        )
    if options.seeds is None:
        return
    if options.run is None:
        raise NumpyganError(
            "--seeds: expected the name of a toy recipe, such as ring, and no --samples or --data."
        )
    for name in ("ais", "baselines", *data_fields(options)):
        if getattr(options, name):
            raise NumpyganError(f"--{name}: does not go with --seeds, which is for toys.")


def evaluate_toy(options, run, toy):
    """Print and write the toy table of a run, or of the samples in a file if `run` is None."""
    file = result_file(options, run)
    _check_picture(file, options)
    if run is None:
        samples = read_numpy(os.path.expanduser(options.samples))
        about, title = {"source": {"file": options.samples}}, options.samples
    else:
        G, _, source = run.generator(options.checkpoint)
        samples = _draw(G, run.recipe(), options.seed)
        about, title = {"source": source, "seed": options.seed}, str(run.path)
    _report(toy, [samples], file, about, title)


def evaluate_seeds(options):
    """Train the recipe with many seeds, print and write the toy table of all runs.

    Runs that are finished are kept; the same command resumes the others. Runs that diverge are
    named and left out of the table. Raises NumpyganError if all diverge.
    """
    recipe = change(recipe_named(options.run), **with_length(changed_fields(options.set)))
    if recipe.data not in TOYS:
        raise NumpyganError(
            f"--seeds: is for the toys, {', '.join(TOYS)}; {recipe.name} is trained on "
            f"{recipe.data}."
        )
    check_data_fields(recipe.data, vars(recipe))
    folder = folder_of_runs(options.out or f"runs/{recipe.name}-seeds")
    jobs = [(replace(recipe, seed=seed), folder / str(seed)) for seed in range(options.seeds)]
    file, todo = options.ranks.from_first(
        lambda: (_file(options, folder), [job for job in jobs if finished(*job) is None])
    )
    try:
        diverged = _train(todo, len(jobs), options.ranks)
    except Interrupted:
        print("Stopped and saved. Give the same command to resume.", file=sys.stderr)
        return 130
    if options.ranks.rank:
        return 0
    seeds = [seed for seed in range(options.seeds) if seed not in diverged]
    if not seeds:
        raise NumpyganError(f"--seeds: each of the runs diverged; the first one, {diverged[0]}")
    runs = [RunDirectory(folder / str(seed)) for seed in seeds]
    draws = [_draw(run.generator(options.checkpoint)[0], recipe, options.seed) for run in runs]
    for run in runs:
        for row in run.read_metrics()[-1:]:
            print(f"{run.path}: trained in {row['seconds']:.0f} s")
    about = {"seeds": seeds, "diverged": diverged, "seed": options.seed}
    _report(recipe.data, draws, file, about, f"{recipe.name}, seed {seeds[0]}")
    return 1 if diverged else 0


def _file(options, folder):
    """The file for the result of many seeds.

    Raises NumpyganError if it can't be written, `-o` names a file that exists, or a picture
    beside it exists.
    """
    if options.file is not None:
        file = new_file(options.file, options, ".json")
    else:
        file = folder / "evaluation.json"
        make_folder(folder)
        check_writable(file)
    _check_picture(file, options)
    return file


def _train(jobs, total, ranks):
    """Play `jobs`, (recipe, path) each; the progress counts up to `total`.

    Returns the runs that diverged, {seed: sentence}. Raises NumpyganError if another run can't be
    finished.
    """
    killed, diverged, done = [], {}, total - len(jobs)
    with (
        Progress("runs", quiet=ranks.rank > 0) as progress,
        closing(carry_out(play, jobs, _PROCESSES, ranks)) as ended,
    ):
        for (recipe, path), future in ended:
            error = future.exception()
            # The user may have stopped this process, too; then closing raises Interrupted.
            if isinstance(error, (Interrupted, BrokenExecutor)):
                killed.append(f"{path}: {in_words(error, path)}.")
            elif isinstance(error, Diverged):
                diverged[recipe.seed] = f"{path}: {in_words(error, path)}"
            elif error is not None:
                raise NumpyganError(f"{path}: {in_words(error, path)}") from None
            else:
                done += 1
                progress.show(done, total, f"{path} is finished", line=True)
    if killed:
        raise NumpyganError(" ".join(killed))
    return diverged


def _draw(G, recipe, seed):
    return sampling.sample(G, recipe.noise, toys.DRAWS, Stream(seed))


def _check_picture(file, options):
    """Raise NumpyganError if the picture beside `file` would overwrite a file of the user."""
    if options.file or options.samples:
        new_file(file.with_suffix(".png"), options, ".png")


def _report(toy, draws, file, about, title):
    """Print the toy table of `draws`, write it to `file` as JSON, and draw the first draw."""
    rows = toys.evaluate(draws, toy)
    lines = toys.table(rows, toy)
    if len(draws) > 1:
        lines += ["", *toys.spread(rows, toy, about["seeds"])]
    lines += [f"diverged, and left out: {told}" for told in about.get("diverged", {}).values()]
    show(lines, {"rows": rows, "data": toy} | about, file)
    picture = file.with_suffix(".png")
    save_toy_plot(picture, draws[0][:SAMPLES], toys.real_draw(toy, SAMPLES), *TOYS[toy](), title)
    print(f"{picture}: the samples and the modes")
