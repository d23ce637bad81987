"""What `numpygan evaluate` does on toys: one run, samples from a file, or a recipe trained with
many seeds.
"""

import os
import sys
from concurrent.futures import BrokenExecutor
from contextlib import closing
from dataclasses import replace

from ..arrays import Stream
from ..data.readers import read_numpy
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..figures.toy_plot import save_toy_plot
from ..files import write_json
from ..gan import sampling
from ..metrics import toys
from ..metrics.modes import SAMPLES
from ..nn.threads import cpus
from ..recipes.settings import change, recipe_named
from ..runs.directory import RunDirectory
from ..runs.grid import finished, play
from ..runs.loop import Interrupted
from ..runs.pool import carry_out, in_words
from ..terminal import Progress
from .arguments import changed_fields, folder_of_runs, new_file, positive, result_file

_PROCESSES = min(2, cpus())  # that train at a time, where there are no MPI ranks


def add(parser):
    """The options of `evaluate` that only toys have."""
    parser.add_argument(
        "--seeds",
        type=positive(int, 1000),
        metavar="N",
        help=(
            f"train the toy RECIPE with the seeds 0 … N−1, on {_PROCESSES} processes, and "
            f"evaluate them together"
        ),
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="where the runs of --seeds lie; what is there is kept (default: runs/RECIPE-seeds)",
    )


def check(options):
    """Raise NumpyganError if options of --seeds were given without it, or others with it."""
    if options.seeds is None and (options.set or options.out):
        raise NumpyganError(
            "--set and --out: go with --seeds, which trains; a finished run or samples can't be "
            "changed."
        )
    if options.seeds is not None and options.run is None:
        raise NumpyganError(
            "--seeds: expected the name of a toy recipe, such as ring, and no --samples or --data."
        )


def evaluate_toy(options, run, toy):
    """The toy table of a run or, if `run` is None, of the samples in a file."""
    file = (
        result_file(options, run, ".json")
        if run
        else new_file(options.file or "evaluation.json", options, ".json")
    )
    _picture_of(file, options)
    if run is None:
        _report(
            toy,
            [read_numpy(os.path.expanduser(options.samples))],
            file,
            {"source": {"file": options.samples}},
            options.samples,
        )
    else:
        G, _, source = run.generator()
        _report(
            toy,
            [_draw(G, run.recipe(), options.seed)],
            file,
            {"source": source, "seed": options.seed},
            str(run.path),
        )


def evaluate_seeds(options):
    """Train the recipe with many seeds, or take up where that ended before, and print the toy table
    of them all.
    """
    recipe = change(recipe_named(options.run), **changed_fields(options.set))
    if recipe.data not in TOYS:
        raise NumpyganError(
            f"--seeds: is for the toys, {', '.join(TOYS)}; {recipe.name} is trained on "
            f"{recipe.data}."
        )
    folder = folder_of_runs(options.out or f"runs/{recipe.name}-seeds")
    jobs = [(replace(recipe, seed=seed), folder / str(seed)) for seed in range(options.seeds)]
    file, todo = options.ranks.from_first(
        lambda: (_file(options, folder), [job for job in jobs if finished(*job) is None])
    )
    try:
        _train(todo, len(jobs), options.ranks)
    except Interrupted:
        print("Stopped and saved. The same command goes on.", file=sys.stderr)
        return 130
    if options.ranks.rank:
        return 0
    runs = [RunDirectory(path) for _, path in jobs]
    draws = [_draw(run.generator()[0], recipe, options.seed) for run in runs]
    for run in runs:
        print(f"{run.path}: trained in {run.read_metrics()[-1]['seconds']:.0f} s")
    _report(
        recipe.data,
        draws,
        file,
        {"seeds": list(range(options.seeds)), "seed": options.seed},
        f"{recipe.name}, seed 0",
    )


def _file(options, folder):
    """The file for the result of many seeds.

    Raises NumpyganError if it or the picture beside it is there already.
    """
    file = (
        folder / "evaluation.json"
        if options.file is None
        else new_file(options.file, options, ".json")
    )
    _picture_of(file, options)
    return file


def _train(jobs, total, ranks):
    """Play `jobs`, (recipe, path) each; the progress counts up to `total`.

    Raises NumpyganError if a run can't be finished.
    """
    killed, done = [], total - len(jobs)
    with (
        Progress("runs", quiet=ranks.rank > 0) as progress,
        closing(carry_out(play, jobs, _PROCESSES, ranks)) as ended,
    ):
        for (_, path), future in ended:
            error = future.exception()
            # Perhaps as this process is being stopped, too
            if isinstance(error, (Interrupted, BrokenExecutor)):
                killed.append(f"{path}: {in_words(error)}.")
            elif error is not None:
                raise NumpyganError(f"{path}: {in_words(error)}") from None
            else:
                done += 1
                progress.show(done, total, f"{path} is finished", line=True)
    if killed:
        raise NumpyganError(" ".join(killed))


def _draw(G, recipe, seed):
    return sampling.sample(G, recipe.noise, toys.DRAWS, Stream(seed))


def _picture_of(file, options=None):
    """The path of the picture beside `file`.

    Given `options`, raises NumpyganError if it would overwrite one of the user's.
    """
    picture = file.with_suffix(".png")
    if options is not None and (options.file or options.samples):
        new_file(picture, options, ".png")
    return picture


def _report(toy, draws, file, about, title):
    """Print the toy table of `draws`, write it to `file` as JSON, and beside it a picture of the
    first of them.
    """
    rows = toys.evaluate(draws, toy)
    print("\n".join(toys.table(rows, toy)), flush=True)
    write_json(file, {"rows": rows, "data": toy} | about)
    picture = file.with_suffix(".png")
    save_toy_plot(picture, draws[0][:SAMPLES], toys.real_draw(toy, SAMPLES), *TOYS[toy](), title)
    print(f"{file}: the same as JSON; {picture.name}: the samples over the modes")
