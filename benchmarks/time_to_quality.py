"""Wall time and epochs until the validation Parzen log-likelihood on MNIST reaches 100, 150, 200
and 225 nats.

    python benchmarks/time_to_quality.py -o quality.json              (trains for the recipe's 60
    epochs: about 40 minutes)
    python benchmarks/time_to_quality.py --run runs/mnist-1           (reads a run that there is)

The log-likelihood is that of metrics.csv: of the first 1,000 validation images, after each epoch,
at the best σ. The seconds are all that passed in `numpygan train`, with the pictures, checkpoints
and Parzen estimates of the epochs before.
"""

import math
import subprocess
import sys
import tempfile

import timing

from numpygan.errors import NumpyganError
from numpygan.runs.directory import RunDirectory

TARGETS = (100, 150, 200, 225)


def reached(rows, targets=TARGETS):
    """{target: (epochs, seconds) of the first row of metrics whose "parzen" is at least the target,
    or None if there is none}.
    """
    # NaN is never ≥
    first = {
        target: next((row for row in rows if row["parzen"] >= target), None) for target in targets
    }
    return {target: row and (row["epoch"], row["seconds"]) for target, row in first.items()}


def metrics(path):
    """The rows of metrics.csv of the run directory `path`."""
    try:
        return RunDirectory.existing(path).read_metrics()
    except NumpyganError as error:
        timing.stop(str(error))


def train(recipe, epochs, seed):
    """The rows of metrics.csv of a fresh run, which is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "numpygan",
            "train",
            recipe,
            "--seed",
            str(seed),
            "--out",
            f"{folder}/run",
        ]
        command += ["--epochs", str(epochs)] if epochs else []
        # what it says of its folder is of no interest: it is gone; the progress is on stderr
        status = subprocess.run(
            command, env=timing.environment(), check=False, stdout=subprocess.DEVNULL
        ).returncode
        if status:
            timing.stop(
                f"the training of {recipe} ended with status {status}; what it said is above.",
                status=1,
            )
        return metrics(f"{folder}/run")


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=1)
    parser.add_argument(
        "--run", nargs="+", metavar="DIR", help="read these run directories instead of training"
    )
    parser.add_argument(
        "--recipe",
        choices=("mnist", "mnist-2014", "mnist-authors"),
        default="mnist",
        help="(default: mnist)",
    )
    parser.add_argument(
        "--epochs",
        type=timing.at_least_one,
        metavar="N",
        help="train this long (default: as the recipe says; --brief: 1)",
    )
    options = parser.parse_args(arguments)
    epochs = options.epochs or (1 if options.brief else None)
    if options.run:
        runs = {path: metrics(path) for path in options.run}
    else:
        runs = {
            f"{options.recipe}, seed {seed}": train(options.recipe, epochs, seed)
            for seed in range(options.rounds)
        }

    rows, found = [], {}
    for name, metrics_of_run in runs.items():
        curve = [
            (row["epoch"], row["seconds"], row["parzen"])
            for row in metrics_of_run
            if not math.isnan(row["parzen"])
        ]
        found[name] = {"reached": reached(metrics_of_run), "epochs_seconds_parzen": curve}
        for target, first in found[name]["reached"].items():
            epoch, seconds = (f"{number:.0f}" for number in first) if first else "––"
            rows.append([name, target, epoch, seconds])
        for epoch, seconds, parzen in sorted(curve, key=lambda row: row[2])[-1:]:
            rows.append([name, f"best: {parzen:.1f}", f"{epoch:.0f}", f"{seconds:.0f}"])
    print(timing.table(["", "validation Parzen, nats", "epochs", "seconds"], rows))
    timing.save(options.file, {"runs": found})


if __name__ == "__main__":
    main()
