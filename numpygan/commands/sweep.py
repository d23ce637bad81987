"""numpygan sweep: a recipe with many settings, each with several seeds."""

import sys
from functools import partial
from pathlib import Path

from ..arrays import array_module
from ..errors import Diverged
from ..files import check_writable, make_folder
from ..nn.threads import cpus
from ..runs.grid import finished, mean_and_se, play
from ..runs.loop import Interrupted
from ..runs.pool import carry_out, in_words
from ..runs.sweep_file import read_sweep
from ..tables import as_text
from ..terminal import shell_word
from .arguments import folder_of_runs, positive
from .results import show
from .train_words import MOST_NATS, has_diverged

_COLUMNS = {
    "parzen": "best Parzen/nats",
    "modes": "modes",
    "HQ": "HQ/%",
    "JSD": "JSD/nats",
    "V": "V",
    "D_real": "D(x)",
    "D_fake": "D(G(z))",
}


def add(command):
    parser = command(
        "sweep",
        sweep,
        "Train a recipe with many settings, a grid or random draws of its fields, each with "
        "several seeds. Finished runs are kept, interrupted runs are resumed.",
        "numpygan sweep rates.toml --jobs 4",
    )
    parser.add_argument(
        "file", metavar="SWEEP.toml", help="recipe, seeds, and a table [grid] or [random] of fields"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="runs are DIR/SETTING/seed-N (default of DIR: runs/SWEEP)"
    )
    parser.add_argument(
        "--device",
        choices=("cpu", "gpu"),
        default="cpu",
        help="where to compute (default: cpu); all runs on a machine share its first GPU",
    )
    parser.add_argument(
        "--jobs",
        type=positive(int, 10**4),
        metavar="N",
        default=cpus(),
        help="runs at a time (default: one per CPU); with `mpiexec -n P python -m mpi4py -m` it "
        "is P − 1",
    )


def sweep(options):
    out, settings = options.ranks.from_first(
        lambda: (
            folder_of_runs(options.out or Path("runs", Path(options.file).stem)),
            read_sweep(options.file),
        )
    )
    array_module(options.device)  # without a GPU this is one error, not one per run
    names = {  # by job, (recipe, path)
        (recipe, str(out / setting.name / f"seed-{recipe.seed}")): setting.name
        for setting in settings
        for recipe in setting.recipes
    }
    results = options.ranks.from_first(
        lambda: {job: result for job in names if (result := finished(*job)) is not None}
    )
    file, jobs = out / "sweep.json", [job for job in names if job not in results]
    if jobs:
        options.ranks.from_first(lambda: (make_folder(out), check_writable(file)))
    runs = f"{len(names)} runs, {len(results)} of them finished"
    print(f"{len(settings)} settings, {runs} -> {out}", flush=True)
    failures, diverged, done = {}, set(), len(results)
    try:
        work = partial(play, device=options.device)
        for job, future in carry_out(work, jobs, options.jobs, options.ranks):
            error, done = future.exception(), done + 1
            if error is None:
                results[job] = future.result()
            else:
                failures[job] = in_words(error, job[1])
                if isinstance(error, Diverged):
                    diverged.add(job)
            told = failures[job] if error else _measures(results[job])
            print(f"[{done}/{len(names)}] {names[job]}, seed {job[0].seed}: {told}", flush=True)
    except Interrupted:
        again = f"{shell_word(options.file)} --out {shell_word(out)}"
        again += "" if options.device == "cpu" else f" --device {options.device}"
        print(f"Stopped; the runs are saved. Go on with: numpygan sweep {again}", file=sys.stderr)
        return 130
    if options.ranks.rank:
        return 0
    huge = {job for job, result in results.items() if has_diverged(result["V"])}
    rows, sentences = [], []
    for setting in settings:
        own = [job for job in names if names[job] == setting.name]
        count = sum(job in diverged | huge for job in own)
        rows.append(_row(setting, [results[job] for job in own if job in results], count))
        sentences += _on_huge_v(setting.name, [job[0].seed for job in own if job in huge])
    failed = {job[1]: failures[job] for job in names if job in failures}
    sentences += [f"failed: {path}: {told}" for path, told in failed.items()]
    lines = [*_table(rows), *sentences]
    show(lines, {"settings": rows, "failed": failed}, file)
    return 1 if failed else 0


def _measures(result):
    words = [
        f"{title} {result[column]:.4g}" for column, title in _COLUMNS.items() if column in result
    ]
    return ", ".join(words + ["diverged"] * has_diverged(result["V"]))


def _on_huge_v(name, seeds):
    """A list with the sentence about the setting `name`, if its runs with `seeds` have a huge |V|.

    For a run that failed because it diverged, the line `failed: …` says so.
    """
    if not seeds:
        return []
    some = ", ".join(map(str, seeds[:10])) + ", …" * (len(seeds) > 10)
    return [
        f"diverged: {name} (seed{'s' * (len(seeds) > 1)} {some}): |V| is above {MOST_NATS} nats at "
        "the end; try smaller learning rates or momentum."
    ]


def _row(setting, results, diverged):
    """A setting's mean and standard error of every measure, for sweep.json."""
    row = {"setting": setting.name, "runs": len(setting.recipes), "finished": len(results)}
    row["diverged"] = diverged
    for column in _COLUMNS:
        values = [result[column] for result in results if column in result]
        if values:
            row[column] = dict(zip(("mean", "se"), mean_and_se(values)))
    return row


def _table(rows):
    """Lines of text; a measure that no run has is left out, and so is a count of 0 diverged."""
    columns = [name for name in _COLUMNS if any(name in row for row in rows)]
    counts = ["diverged"] if any(row["diverged"] for row in rows) else []
    cells = [["setting", "runs", *counts, *(_COLUMNS[name] for name in columns)]]
    for row in rows:
        measures = [_cell(row[name]) if name in row else "–" for name in columns]
        counted = [str(row[name]) for name in counts]
        cells.append([row["setting"], f"{row['finished']}/{row['runs']}", *counted, *measures])
    lines = as_text(cells[0], cells[1:]).splitlines()
    lines.append(
        "Mean ± standard error over the seeds of finished runs; V, D(x) and D(G(z)) are those of "
        "the last row of metrics.csv; modes, HQ and JSD of toys are what `numpygan evaluate RUN` "
        "prints."
    )
    return lines


def _cell(measure):
    se = "" if measure["se"] is None else f" ± {measure['se']:.2g}"
    return f"{measure['mean']:.4g}{se}"
