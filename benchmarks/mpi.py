"""The time of an iteration of Algorithm 1 on P ranks, the Allreduce in it, and the best P.

    python benchmarks/mpi.py -o mpi.json        (needs the extra `mpi`; takes about five minutes)

Measured: iterations on P = 1 … ranks, split into compute, waiting for the slowest rank, and
Allreduce; the Allreduce of buffers of many sizes; an iteration of one process with fewer and fewer
rows. This model is fitted:

    t(P) = s + c·m/P + Σ over the Allreduces of an iteration  [ α log₂P + β·bytes·(P−1)/P ]

s is the work of every rank, whatever its rows (mostly the update of θ), and c the time per row. α
is the latency of one exchange, and β the time per byte (there and back) in the reduce-scatter and
the allgather of which a large Allreduce consists. The table of predictions gives the largest P
with an efficiency t(1)/(P·t(P)) of at least ½, and the fastest P. See ASSUMPTIONS.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import timing  # before NumPy, see there

import numpy

from numpygan.data.dataset import Dataset
from numpygan.recipes.builtin import RECIPES
from numpygan.ranks import ALONE, Ranks
from numpygan.runs.trainer import Training

BYTES = [4 * 4**i for i in range(12)]  # 4 B … 16 MiB
# Assumed: 5 µs per exchange; 40 Gbit/s = 5 GB/s each way; the reduction has the same speed.
CLUSTER = {"alpha": 5e-6, "beta": 2 * 4 / 40e9}
MOST = 1024
ASSUMPTIONS = """\
Assumed: one rank per core, and cores that do not slow each other down; s and c are proportional
to the size of θ; products with few rows take s + c·rows; Allreduce and compute do not overlap; an
Allreduce has log₂P exchanges, in which (P−1)/P of the bytes travel there and back. Left out: every
rank draws the noise of all rows (0.5 µs per row). "cluster" has one rank per node and a network of
5 µs and 40 Gbit/s; these numbers are assumed, not measured."""


class Timed(Ranks):
    """Ranks that measure every sum: the time of waiting for all ranks, and of the Allreduce."""

    waited = reduced = 0.0

    def sum(self, array, xp=numpy):
        start = time.perf_counter()
        self.wait()
        there = time.perf_counter()
        super().sum(array, xp)
        self.waited += there - start
        self.reduced += time.perf_counter() - there
        return array


def recipe(width, batch):
    """The MNIST recipe with hidden layers of `width` units or pieces."""
    layer, maxout = f"relu {width}", f"maxout {width // 5}x5"
    layers = {"generator": (layer, layer, "sigmoid"), "discriminator": (maxout, maxout)}
    return replace(RECIPES["mnist"], batch=batch, **layers)


def training(options, batch, ranks):
    pixels = numpy.random.default_rng(0).integers(0, 256, (max(2000, batch), 784), dtype="uint8")
    dataset = Dataset(pixels, pixels[:1], pixels[:1], (28, 28))
    return Training(recipe(options.width, batch), dataset, numpy, ranks)


def time_iterations(options, ranks):
    """Seconds of each iteration after the first three: [total, waiting, Allreduce]."""
    it, rows = training(options, options.batch, ranks), []
    assert (it.D.theta.size, it.G.theta.size) == sizes(options.width)
    for _ in range(options.iterations + 3):
        ranks.wait()
        ranks.waited = ranks.reduced = 0.0
        start = time.perf_counter()
        it.advance()
        rows.append([time.perf_counter() - start, ranks.waited, ranks.reduced])
    return rows[3:]


def time_allreduces(ranks):
    """The least seconds of 15 Allreduces for each of BYTES."""
    least = []
    for size in BYTES:
        buffer, seconds = numpy.zeros(size // 4, "float32"), []
        for _ in range(15):
            ranks.wait()
            start = time.perf_counter()
            Ranks.sum(ranks, buffer)
            seconds.append(time.perf_counter() - start)
        least.append(min(seconds))
    return least


def on_ranks(options, ranks):
    """The results of `part` on `ranks` ranks, started by mpiexec."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    mpiexec = shutil.which("mpiexec", path=path)
    if mpiexec is None:
        timing.stop(
            "there is no mpiexec; install it with `pip install 'numpygan[mpi]'`, or load the MPI "
            "of this machine."
        )
    command = [mpiexec, "-n", ranks, sys.executable, "-m", "mpi4py", __file__, "--part"]
    for name in ("width", "batch", "iterations"):
        command += [f"--{name}", getattr(options, name)]
    command, environment = [str(part) for part in command], timing.environment(threads=1)
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        words = f"mpiexec -n {ranks} ended with status {done.returncode}"
        timing.stop(f"{words}; its messages are above.", status=1)
    return json.loads(done.stdout.splitlines()[-1])


def part(options):
    """In a rank of mpiexec: measure; rank 0 prints the result.

    A single rank also measures iterations with fewer and fewer rows.
    """
    from mpi4py import MPI

    ranks = Timed(MPI.COMM_WORLD)
    found = {"iterations": time_iterations(options, ranks)}
    if ranks.size > 1:
        found["allreduce"] = time_allreduces(ranks)
    else:
        found["rows"] = {}
        for rows in sorted({max(1, options.batch // 2**i) for i in range(8)}, reverse=True):
            it, seconds = training(options, rows, ALONE), []
            for _ in range(options.iterations + 3):
                start = time.perf_counter()
                it.advance()
                seconds.append(time.perf_counter() - start)
            found["rows"][rows] = min(seconds[3:])
    if ranks.rank == 0:
        print(json.dumps(found))


def fit_line(x, y):
    """The a ≥ 0, b ≥ 0 of y ≈ a + b x with the least squares of relative errors."""
    x, y = numpy.asarray(x, float), numpy.asarray(y, float)
    a, b = numpy.linalg.lstsq(numpy.stack([1 / y, x / y], 1), numpy.ones(len(y)), rcond=None)[0]
    if b < 0:
        return 1 / (1 / y).mean(), 0.0
    if a < 0:
        return 0.0, (x / y).sum() / ((x / y) ** 2).sum()
    return float(a), float(b)


def sizes(width):
    """The number of parameters of D and of G of `recipe`."""
    units = width // 5
    D = (784 + 1) * 5 * units + (units + 1) * 5 * units + units + 1
    return D, (100 + 1) * width + (width + 1) * width + (width + 1) * 784


def predict(model, width, batch, ranks):
    """Seconds of an iteration: (compute, Allreduce)."""
    scale = sum(sizes(width)) / sum(sizes(model["width"]))
    # The gradients in float32; the scores; the truth values of the loop
    sent = [4 * size for size in sizes(width)] + [16, 24]
    compute = scale * (model["s"] + model["c"] * batch / ranks)
    shared = (ranks - 1) / ranks
    alpha, beta = model["alpha"], model["beta"]
    return compute, sum(alpha * math.log2(ranks) + beta * size * shared for size in sent)


def efficient(model, width, batch):
    """The largest P with t(1)/(P·t(P)) ≥ ½, the P with the least t, and its speed-up.

    P is at most MOST and at most `batch`.
    """
    alone = sum(predict(model, width, batch, 1))
    all_ranks = range(1, min(MOST, batch) + 1)
    times = {ranks: sum(predict(model, width, batch, ranks)) for ranks in all_ranks}
    fastest = min(times, key=times.get)
    half = max(ranks for ranks, t in times.items() if alone / (ranks * t) >= 0.5)
    return half, fastest, alone / times[fastest]


def main(arguments=None):
    cores = timing.machine()["cores"]
    parser = timing.arguments(__doc__, rounds=3)
    count = {"type": timing.at_least_one, "metavar": "N"}
    parser.add_argument(
        "--ranks",
        **count,
        default=cores,
        help=f"measure P = 1 … N (default: the number of cores, {cores})",
    )
    parser.add_argument(
        "--width", **count, default=1200, help="width of the hidden layers, ≥ 5 (default: 1200)"
    )
    parser.add_argument(
        "--batch", **count, default=100, help="rows of the whole minibatch (default: 100)"
    )
    parser.add_argument(
        "--iterations", **count, default=30, help="iterations in each round (default: 30)"
    )
    parser.add_argument("--part", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.width < 5:
        parser.error(
            f"--width: a maxout unit has 5 pieces, so expected at least 5, got {options.width}"
        )
    if options.ranks > options.batch:
        parser.error(
            f"--ranks: each needs a row of the minibatch, so expected at most --batch, "
            f"{options.batch}, got {options.ranks}"
        )
    if options.part:
        return part(options)
    timing.need("mpi4py", "mpi")
    if options.brief:
        options.rounds, options.iterations = 1, min(options.iterations, 10)
    rounds = [
        {ranks: on_ranks(options, ranks) for ranks in range(1, options.ranks + 1)}
        for _ in range(options.rounds)
    ]

    print("medians in ms, minima in brackets")
    print(
        f"{'P':>3} {'an iteration':>22} {'compute':>9} {'waiting':>9} {'Allreduce':>10} "
        f"{'model':>9}"
    )
    model, measured = {"width": options.width}, {}
    rows = {n: min(found[1]["rows"][n] for found in rounds) for n in rounds[0][1]["rows"]}
    model["s"], model["c"] = fit_line([float(n) for n in rows], list(rows.values()))
    most = options.ranks
    least = numpy.min([found[most]["allreduce"] for found in rounds], axis=0) if most > 1 else None
    if most > 1:
        exchanges, model["beta"] = fit_line(numpy.array(BYTES) * (most - 1) / most, least)
        model["alpha"] = exchanges / math.log2(most)
    for ranks in range(1, most + 1):
        times = 1e3 * numpy.concatenate([found[ranks]["iterations"] for found in rounds])
        total, waited, reduced = numpy.median(times, axis=0)
        measured[ranks] = {
            "total": total,
            "least": times[:, 0].min(),
            "waiting": waited,
            "allreduce": reduced,
        }
        told = 1e3 * sum(
            predict(model | ({} if most > 1 else CLUSTER), options.width, options.batch, ranks)
        )
        least_total = f"{total:.2f} ({times[:, 0].min():.2f})"
        print(
            f"{ranks:3} {least_total:>22} {total - waited - reduced:9.2f} {waited:9.2f} "
            f"{reduced:10.2f} {told:9.2f}"
        )
    print(timing.blas(threads=1))
    print(
        f"\none process on fewer rows: t = s + c·rows, s = {1e3 * model['s']:.2f} ms, c = "
        f"{1e6 * model['c']:.1f} µs a row"
    )
    print("  rows      " + "".join(f"{n:>9}" for n in rows))
    print("  measured  " + "".join(f"{1e3 * t:9.2f}" for t in rows.values()) + "  ms (least)")
    print(
        "  fitted    " + "".join(f"{1e3 * (model['s'] + model['c'] * float(n)):9.2f}" for n in rows)
    )
    machines = {"cluster": model | CLUSTER}
    if most > 1:
        print(
            f"Allreduce on {most} ranks: α = {1e6 * model['alpha']:.1f} µs an exchange, β = "
            f"{1e9 * model['beta']:.3f} ns a byte"
        )
        print("  bytes     " + "".join(f"{n:>9}" for n in BYTES))
        print("  measured  " + "".join(f"{1e3 * t:9.3f}" for t in least) + "  ms (least)")
        machines = {"these": model} | machines
    predictions = []
    print(
        f"\n{'network':8} {'width':>6} {'θ':>12} {'m':>7} {'P at ½ efficiency':>18} "
        f"{'fastest P':>10} {'speed-up':>9}"
    )
    for name, machine in machines.items():
        for width in (1200, 4800, 19200):
            for batch in (100, 1000, 10000):
                half, fastest, gain = efficient(machine, width, batch)
                size = sum(sizes(width))
                predictions.append(
                    {
                        "network": name,
                        "width": width,
                        "theta": size,
                        "batch": batch,
                        "half": half,
                        "fastest": fastest,
                        "speed_up": gain,
                    }
                )
                print(
                    f"{name:8} {width:6} {size:12,} {batch:7,} {half:18,} {fastest:10,} {gain:9.1f}"
                )
    print(timing.blas(threads=1))
    print(ASSUMPTIONS)
    timing.save(
        options.file,
        {
            "width": options.width,
            "batch": options.batch,
            "bytes": BYTES,
            "rounds": rounds,
            "medians_ms": measured,
            "rows_s": rows,
            "model": model,
            "cluster": CLUSTER,
            "predictions": predictions,
            "assumptions": ASSUMPTIONS,
        },
    )


if __name__ == "__main__":
    main()
