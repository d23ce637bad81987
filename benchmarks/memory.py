"""The memory of a process that trains, compared with the sum of the arrays that it needs.

    python benchmarks/memory.py            (a minute)

Each recipe is trained in a process of its own. The process reads its resident memory from
/proc/self/status: after the imports, during training, and the peak, which includes reading the
data. It needs θ, the optimizers' arrays (first and second moments), gradients, the average of G's
iterates, tapes and data; the interpreter and its libraries may take 60 MB more. A toy is then
trained for 10,000 iterations; after the first tenth its memory may grow by 1 MiB. The table shows
the largest of several rounds. The exit status is 1 if a process of any round takes or grows more.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import timing  # before NumPy, see there

import numpy

import numpygan
from numpygan.recipes.builtin import RECIPES
from numpygan.nn.tape import Tape
from numpygan.data.dataset import load_dataset
from numpygan.runs.trainer import Training

INTERPRETER = 60 * 10**6
GROWTH = 2**20
MOMENTS = 20
TRAINED = ("mnist", "mnist-authors", "ring")
TOY = "ring"


def resident(field="VmRSS"):
    """Bytes of this process in memory now; with "VmHWM" the greatest number so far."""
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(field + ":"))


def owners(arrays):
    """The bytes of the memory that these arrays are views of, each block counted once."""
    found = {}
    for array in arrays:
        while isinstance(array.base, numpy.ndarray):
            array = array.base
        found[id(array)] = array.nbytes
    return sum(found.values())


def parts(it, dataset):
    """The arrays that a Training needs, in bytes by name."""
    nets = it.G, it.D
    tapes = [tape for tape in vars(it.game).values() if isinstance(tape, Tape)]
    optimizers = it.optimizer_g, it.optimizer_d
    return {
        "theta": owners(net.theta for net in nets),
        "gradient": owners(net.grad for net in nets),
        "moments": owners(array for one in optimizers for array in one.moments.values()),
        "average": 0 if it.sampler is it.G else owners([it.sampler.theta]),
        "tapes": owners(
            array for tape in tapes for page in tape.layers for array in page.arrays().values()
        ),
        "data": owners([dataset.train, dataset.validation, dataset.test]) if dataset else 0,
    }


def train(name, iterations):
    """In the new process: the arrays it needs, and its resident memory at MOMENTS moments."""
    imported = resident()
    recipe = RECIPES[name]
    dataset = load_dataset(recipe)
    it = Training(recipe, dataset, numpy)
    moments = []
    for moment in range(1, MOMENTS + 1):
        while it.iteration < moment * iterations // MOMENTS:
            it.advance()
        gc.collect()
        moments.append([it.iteration, resident()])
    return {
        "imported": imported,
        "moments": moments,
        "peak": resident("VmHWM"),
        "parts": parts(it, dataset),
    }


def measure(name, iterations):
    checkout = str(Path(numpygan.__file__).parents[1])
    path = os.pathsep.join([checkout, os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    command = [sys.executable, __file__, "--train", name, "--iterations", str(iterations)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def verdict(found):
    """In bytes: the memory during training, its limit, and its growth after the first tenth."""
    steady = [size for _, size in found["moments"][MOMENTS // 10 - 1 :]]
    return {
        "steady": steady[-1],
        "allowed": sum(found["parts"].values()) + INTERPRETER,
        "growth": steady[-1] - steady[0],
    }


def megabytes(size):
    return f"{size / 1e6:.1f}"


def show(results):
    names = list(next(iter(results.values()))["parts"])
    rows = []
    for name, found in results.items():
        told = found["verdict"]
        sizes = [found["parts"][part] for part in names]
        sizes += [told["allowed"], told["steady"], found["peak"], found["imported"]]
        share = f"{told['steady'] / told['allowed']:.2f}"
        rows.append([name, *map(megabytes, sizes), share])
    head = ["sum + 60", "training", "peak", "after imports", "training / (sum + 60)"]
    print(timing.table(["MB", *names, *head], rows))
    for name, found in results.items():
        (first, before), (last, after) = found["moments"][MOMENTS // 10 - 1], found["moments"][-1]
        print(
            f"{name}: {before / 1e6:.2f} MB after {first:,} iterations, {after / 1e6:.2f} MB "
            f"after {last:,}"
        )


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=1)
    parser.add_argument(
        "--toy-iterations",
        type=timing.at_least_one,
        default=10_000,
        help="iterations of the toy (default: 10,000)",
    )
    parser.add_argument("--train", choices=RECIPES, help=argparse.SUPPRESS)
    parser.add_argument("--iterations", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not Path("/proc/self/status").exists():
        timing.stop(
            "memory is read from /proc/self/status, which this system does not have; run it on "
            "Linux."
        )
    if options.train:
        print(json.dumps(train(options.train, options.iterations)))
        return 0
    results = {}
    for name in TRAINED:
        iterations = options.toy_iterations if name == TOY else 100 if options.brief else 1000
        found = [measure(name, iterations) for _ in range(options.rounds)]
        for process in found:
            process["verdict"] = verdict(process)
        results[name] = found
    steady = lambda process: process["verdict"]["steady"]
    show({name: max(found, key=steady) for name, found in results.items()})
    timing.save(options.file, {"interpreter": INTERPRETER, "processes": results})
    verdicts = {name: [process["verdict"] for process in found] for name, found in results.items()}
    wrong = []
    for name, found in verdicts.items():
        if any(one["steady"] > one["allowed"] for one in found):
            wrong.append(f"{name}: holds more than the sum and 60 MB")
        if name == TOY and any(one["growth"] > GROWTH for one in found):
            wrong.append(f"{name}: grows by more than {GROWTH / 1e6:.1f} MB")
    print("\n".join(wrong), end="\n" * bool(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
