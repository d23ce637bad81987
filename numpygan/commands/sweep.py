"""numpygan sweep: a recipe at many settings, with several seeds each."""

import shlex
import sys
from functools import partial
from pathlib import Path

from ..arrays import array_module
from ..files import write_json
from ..nn.threads import cpus
from ..runs.grid import finished, mean_and_se, play, read_sweep
from ..runs.loop import Interrupted
from ..runs.pool import carry_out, in_words
from .arguments import folder_of_runs, positive

_COLUMNS = {"parzen": "best Parzen/nats", "V": "V", "D_real": "D(x)", "D_fake": "D(G(z))"}


def add(command):
    parser = command(
        "sweep",
        sweep,
        "Train a recipe at many settings: a grid or random draws of its fields, each with several "
        "seeds. Runs that are finished are kept, interrupted ones gone on with.",
        "numpygan sweep rates.toml --jobs 4",
    )
    parser.add_argument(
        "file", metavar="SWEEP.toml", help="recipe, seeds, and a table [grid] or [random] of fields"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="where the runs go, DIR/SETTING/seed-N (default: runs/SWEEP)"
    )
    parser.add_argument(
        "--device",
        choices=("cpu", "gpu"),
        default="cpu",
        help="where to compute (default: cpu); gpu: all runs on a machine share its first one",
    )
    parser.add_argument(
        "--jobs",
        type=positive(int, 10**4),
        metavar="N",
        default=cpus(),
        help=(
            "runs at a time (default: one for each CPU it may use); after `mpiexec -n P python "
            "-m mpi4py -m` P − 1"
        ),
    )


def sweep(options):
    out, settings = options.ranks.from_first(
        lambda: (
            folder_of_runs(options.out or Path("runs", Path(options.file).stem)),
            read_sweep(options.file),
        )
    )
    array_module(options.device)  # one sentence, not one for each run, if there is no GPU
    names = {
        (recipe, str(out / setting.name / f"seed-{recipe.seed}")): setting.name
        for setting in settings
        for recipe in setting.recipes
    }
    results = options.ranks.from_first(
        lambda: {job: result for job in names if (result := finished(*job)) is not None}
    )
    print(
        f"{len(settings)} settings, {len(names)} runs -> {out}, of which {len(results)} are "
        f"finished",
        flush=True,
    )
    jobs, failures, done = [job for job in names if job not in results], {}, len(results)
    try:
        for job, future in carry_out(
            partial(play, device=options.device), jobs, options.jobs, options.ranks
        ):
            error, done = future.exception(), done + 1
            if error is None:
                results[job] = future.result()
            else:
                failures[job] = in_words(error)
            told = failures[job] if error else _measures(results[job])
            print(f"[{done}/{len(names)}] {names[job]}, seed {job[0].seed}: {told}", flush=True)
    except Interrupted:
        again = f"{shlex.quote(options.file)} --out {shlex.quote(str(out))}"
        again += "" if options.device == "cpu" else f" --device {options.device}"
        print(
            f"Stopped; what was running is saved. Go on with: numpygan sweep {again}",
            file=sys.stderr,
        )
        return 130
    if options.ranks.rank:
        return 0
    rows = [
        _row(
            setting,
            [results[job] for job in names if names[job] == setting.name and job in results],
        )
        for setting in settings
    ]
    failed = {job[1]: failures[job] for job in names if job in failures}
    file = out / "sweep.json"
    print(
        "\n".join([*_table(rows), *(f"failed: {path}: {told}" for path, told in failed.items())]),
        flush=True,
    )
    write_json(file, {"settings": rows, "failed": failed})
    print(f"{file}: the same as JSON")
    return 1 if failed else 0


def _measures(result):
    return ", ".join(
        f"{title} {result[column]:.4g}" for column, title in _COLUMNS.items() if column in result
    )


def _row(setting, results):
    """A setting's mean and standard error of every measure, for sweep.json."""
    row = {"setting": setting.name, "runs": len(setting.recipes), "finished": len(results)}
    for column in _COLUMNS:
        values = [result[column] for result in results if column in result]
        if values:
            row[column] = dict(zip(("mean", "se"), mean_and_se(values)))
    return row


def _table(rows):
    """Lines of text; a measure that no run has is left out."""
    columns = {
        column: title for column, title in _COLUMNS.items() if any(column in row for row in rows)
    }
    width = max(len("setting"), *(len(row["setting"]) for row in rows))
    lines = [
        f"{'setting':{width}}{'runs':>8}" + "".join(f"{title:>20}" for title in columns.values())
    ]
    for row in rows:
        cells = (_cell(row[column]) if column in row else "–" for column in columns)
        lines.append(
            f"{row['setting']:{width}}{row['finished']:>6}/{row['runs']}"
            + "".join(f"{cell:>20}" for cell in cells)
        )
    lines.append(
        "Mean ± standard error over the seeds of finished runs; V, D(x) and D(G(z)) are those of "
        "the last epoch."
    )
    return lines


def _cell(measure):
    se = "" if measure["se"] is None else f" ± {measure['se']:.2g}"
    return f"{measure['mean']:.4g}{se}"
