"""How long until `numpygan train` trains, and what share of small data's training do records take?

    python benchmarks/start.py             (two minutes)

Every run is a process of its own, with OPENBLAS_NUM_THREADS as it is set. The start lasts from the
start of the process to the first iteration: imports, reading the data, the first checkpoint and
the first picture. On a busy machine its CPU time is the better measure. Small data are 300 images
of MNIST in a .npy file, trained by `numpygan train --data FILE.npy` at the length that the recipe
has and at ten times that length.
Records are the rows of metrics.csv with their Parzen estimate, pictures, curves and checkpoints.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import timing  # before NumPy, see there

import numpy

from numpygan import cli
from numpygan.data.dataset import load
from numpygan.runs import loop
from numpygan.runs.trainer import Training

STARTED = ("ring", "mnist")
IMAGES = 300
EPOCHS = (50, 500)


def tell(found):
    """In the new process: write what was found as the last line."""
    print(json.dumps(found), flush=True)


def start(began, recipe):
    """In the new process: train until the first iteration, tell seconds since `began`."""

    class Started(BaseException):
        """Not an error: the first iteration is about to begin."""

    def advance(training):
        raise Started

    Training.advance = advance
    imported = time.time()
    try:
        cli.main(["train", recipe, "--iterations", "1", "--quiet"])
    except Started:
        now = time.time()
    tell({"imports": imported - began, "start": now - began, "cpu": time.process_time()})


def small(epochs, *more):
    """In the new process: train the images, tell the seconds of iterations and of records."""
    seconds = {"records": 0.0, "all": 0.0}

    def timed(name, function):
        def call(*args, **options):
            began = time.perf_counter()
            function(*args, **options)
            seconds[name] += time.perf_counter() - began

        return call

    for record in ("begin", "record"):
        setattr(loop._Session, record, timed("records", getattr(loop._Session, record)))
    train = timed("all", cli.main)
    train(["train", "--data", "images.npy", "--epochs", epochs, "--out", "run", "--quiet", *more])
    with open("run/metrics.csv") as file:
        tell(seconds | {"rows": len(file.readlines()) - 1})


def child(*order):
    """What the process `start.py ORDER …` tells; it runs in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if order[0] == "small":
            images = load("mnist").train[:IMAGES].reshape(-1, 28, 28)
            numpy.save(Path(folder) / "images.npy", images)
        command = [sys.executable, str(Path(__file__).resolve()), *map(str, order)]
        if order[0] == "start":
            command.insert(3, repr(time.time()))
        piped = {"stdout": subprocess.PIPE, "text": True, "env": timing.environment()}
        done = subprocess.run(command, cwd=folder, **piped)
    if done.returncode:
        timing.stop(f"{' '.join(map(str, order))}: the training failed, see above.", status=1)
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=5)
    options = parser.parse_args(arguments)
    rounds, lengths = options.rounds, EPOCHS[:1] if options.brief else EPOCHS
    starts = {recipe: [] for recipe in STARTED}
    for _ in range(rounds):
        for recipe in STARTED:
            starts[recipe].append(child("start", recipe))
    rows = []
    for recipe, found in starts.items():
        seconds, *others = ([one[name] for one in found] for name in ("start", "imports", "cpu"))
        rows.append([recipe, statistics.median(seconds), min(seconds), *map(min, others)])
    head = ["seconds to the first iteration", "median", "least", "imports", "CPU"]
    print(timing.table(head, rows))
    records, rows = {}, []
    for epochs in lengths:
        records[epochs] = found = child("small", epochs)
        share = f"{found['records'] / found['all']:.0%}"
        rows.append([f"{IMAGES} images, {epochs} epochs", found["all"], found["rows"], share])
    print(timing.table(["small data", "seconds", "rows of metrics", "records"], rows))
    timing.save(options.file, {"starts": starts, "small": records})


if __name__ == "__main__":
    orders = {"start": start, "small": small}
    if sys.argv[1:2] and sys.argv[1] in orders:
        what, *rest = sys.argv[1:]
        orders[what](float(rest[0]), *rest[1:]) if what == "start" else small(*rest)
    else:
        sys.exit(main())
