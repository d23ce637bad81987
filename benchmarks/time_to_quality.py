"""Wall time and epochs until the validation Parzen log-likelihood on MNIST reaches 225 nats.

    python benchmarks/time_to_quality.py -o quality.json       (trains the recipe's 60 epochs: about
                                                               40 minutes)
    python benchmarks/time_to_quality.py --run runs/mnist-1    (reads a run that exists)

The targets are 100, 150, 200 and 225 nats. The log-likelihood is the one in metrics.csv: of the
first 1,000 validation images, after each epoch, with the best σ. The seconds are the whole time of
`numpygan train`, with the pictures, checkpoints and Parzen estimates of the epochs before.
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
    """{target: (epochs, seconds) of the first row of metrics that reaches it, or None}."""
    found = {}
    for target in targets:
        # A row without this value has NaN, and NaN ≥ target is False.
        row = next((row for row in rows if row["parzen"] >= target), None)
        found[target] = row and (row["epoch"], row["seconds"])
    return found


def metrics(path):
    """The rows of metrics.csv of the run directory `path`."""
    try:
        return RunDirectory.existing(path).read_metrics()
    except NumpyganError as error:
        timing.stop(str(error))


def train(recipe, epochs, seed):
    """The rows of metrics.csv of a new run, which is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "numpygan", "train", recipe]
        command += ["--seed", str(seed), "--out", f"{folder}/run"]
        command += ["--epochs", str(epochs)] if epochs else []
        # The run directory is temporary, so only the progress, on stderr, is shown.
        done = subprocess.run(command, env=timing.environment(), stdout=subprocess.DEVNULL)
        if done.returncode:
            words = f"the training of {recipe} ended with status {done.returncode}"
            timing.stop(f"{words}; its messages are above.", status=1)
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
        help="length of the training (default: the recipe's; --brief: 1)",
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
