"""A long run costs at its end what it cost at its beginning: memory, open files, time per
iteration.

    python -m tests.longrun --iterations 1000000

Trains a toy through the command line, as a user does, and looks at the process at 40 moments.
Compared are the medians of the first and the last quarter of them, after a warm-up of a tenth of
the run: resident memory may grow by 2 MB, the number of open files not at all, and the time of an
iteration (of the processor, so that other programs don't count) by a quarter. At the end the run
must be whole: the newest checkpoint, and a row of metrics and a picture of each epoch. Exits 1 if
not.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from statistics import median

import numpy

from numpygan.data.sources import Mixture
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change
from numpygan.runs import loop as train
from numpygan.runs.directory import RunDirectory
from numpygan.runs.trainer import Training

MOMENTS = 40


def watched(iterations, folder, epochs=60):
    """Train so long, with a row of metrics, a picture and a checkpoint in each of so many epochs.

    (iteration, resident bytes, open files, seconds of processor time) at each moment.
    """
    recipe = change(
        RECIPES["ring"],
        generator="relu 8, linear",
        scale_g="0,0",
        discriminator="relu 8",
        keep="0.9,1",
        scale_d="0,0",
        batch=50,
        iterations=iterations,
    )
    rows, page = [], resource.getpagesize()
    advance = Training.advance

    def counted(self):
        advance(self)
        if self.iteration % (iterations // MOMENTS) == 0:
            with open("/proc/self/statm") as file:
                resident = int(file.read().split()[1]) * page
            rows.append(
                (self.iteration, resident, len(os.listdir("/proc/self/fd")), time.process_time())
            )

    Training.advance = counted
    Mixture.size = 50 * (iterations // epochs)
    try:
        train.train(recipe, RunDirectory(os.path.join(folder, "long")))
    finally:
        Training.advance = advance
    return numpy.array(rows)


def missing(run, iterations, epochs=60):
    """What is not as such a run must leave it: a list of sentences."""
    state, length = run.state(), iterations // epochs
    ends = [length * (epoch + 1) for epoch in range(epochs)]
    rows = run.read_metrics()
    numbers, seconds = ([row[name] for row in rows] for name in ("iteration", "seconds"))
    pictures = {path.name for path in run.samples.iterdir()}
    checks = {
        f"the checkpoint is of iteration {state['iteration']}": int(state["iteration"])
        == iterations,
        "θ is not finite": all(
            numpy.isfinite(state[name]).all() for name in ("theta_g", "theta_d")
        ),
        # There are more rows than epochs if an epoch takes more than a minute
        "metrics.csv lacks the row of an epoch, or has one twice": set(ends) <= set(numbers)
        and numbers == sorted(set(numbers)),
        "the seconds fall": seconds == sorted(seconds),
        "pictures are missing": pictures >= {f"{iteration:08d}.png" for iteration in [0, *ends]},
        "temporary files are left": not list(run.path.rglob("*.tmp")),
    }
    return [sentence for sentence, good in checks.items() if not good]


def growth(rows):
    """From the first to the last quarter of the moments after the warm-up: bytes, files, and the
    ratio of the times of an iteration.
    """
    rows = rows[len(rows) // 10 :]
    times = numpy.diff(rows[:, 3]) / numpy.diff(rows[:, 0])
    quarter = len(rows) // 4
    memory, opened = (median(rows[-quarter:, i]) - median(rows[:quarter, i]) for i in (1, 2))
    return memory, opened, median(times[-quarter:]) / median(times[:quarter]), median(times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--iterations", type=int, default=1_000_000)
    options = parser.parse_args()
    # Whole epochs and moments
    iterations = options.iterations - options.iterations % (60 * MOMENTS)
    with tempfile.TemporaryDirectory() as place:
        rows = watched(iterations, place)
        lacks = missing(RunDirectory(os.path.join(place, "long")), iterations)
    memory, opened, ratio, seconds = growth(rows)
    print(
        f"{iterations:,} iterations of {1e6 * seconds:.0f} µs; from the first to the last quarter:"
    )
    print(f"  memory       {memory / 2**20:+.2f} MB of {rows[-1, 1] / 2**20:.0f} MB")
    print(f"  open files   {opened:+.0f} of {rows[-1, 2]:.0f}")
    print(f"  iteration    {ratio:.2f} times as long")
    print(
        f"  the run      "
        f"{'; '.join(lacks) or 'whole: its checkpoint, metrics and pictures are there'}"
    )
    sys.exit(int(memory > 2 * 2**20 or opened > 0 or ratio > 1.25 or bool(lacks)))
