"""The memory of a process that trains, beside the sum of what it has to hold.

    python benchmarks/memory.py            (a minute)

Each recipe is trained in a process of its own, which reads its resident memory from
/proc/self/status: after the imports, at its peak, and when it trains. It may hold θ, the learning
rules' arrays (velocity; Adam's mean square), gradients, the average of G's iterates, tapes and
data, and 60 MB for the interpreter with its libraries. The peak includes reading the data from
their files. A toy is then trained for 10,000 iterations, in which its memory may grow by 1 MiB
(after a tenth of them). Of several rounds the table shows the one that holds most. Exits 1 if a
process of any round holds or grows by more.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import timing  # before NumPy, as it says

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
    """Bytes of this process in memory now; of "VmHWM", the most that there were."""
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(field + ":"))


def owners(arrays):
    """The bytes of the memory that these arrays are views of, each piece counted once."""
    found = {}
    for array in arrays:
        while isinstance(array.base, numpy.ndarray):
            array = array.base
        found[id(array)] = array.nbytes
    return sum(found.values())


def parts(it, dataset):
    """What a Training has to hold, in bytes by name."""
    nets = it.G, it.D
    tapes = [tape for tape in vars(it.game).values() if isinstance(tape, Tape)]
    rules = [
        array
        for rule in (it.rule_g, it.rule_d)
        for array in vars(rule).values()
        if isinstance(array, numpy.ndarray)
    ]
    return {
        "theta": owners(net.theta for net in nets),
        "gradient": owners(net.grad for net in nets),
        "rules": owners(array for array in rules if array.ndim),  # velocity, mean square
        "average": 0 if it.sampler is it.G else owners([it.sampler.theta]),
        "tapes": owners(
            array for tape in tapes for page in tape.layers for array in page.arrays().values()
        ),
        "data": owners([dataset.train, dataset.validation, dataset.test]) if dataset else 0,
    }


def train(name, iterations):
    """In a process of its own: what it holds, and resident memory at MOMENTS moments of the
    training.
    """
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
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([checkout, os.environ.get("PYTHONPATH", "")])
    }
    command = [sys.executable, __file__, "--train", name, "--iterations", str(iterations)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def verdict(found):
    """What a process holds when it trains, what it may hold, and by how much it grows after the
    first tenth: in bytes.
    """
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
        rows.append(
            [
                name,
                *(megabytes(found["parts"][part]) for part in names),
                megabytes(told["allowed"]),
                megabytes(told["steady"]),
                megabytes(found["peak"]),
                megabytes(found["imported"]),
                f"{told['steady'] / told['allowed']:.2f}",
            ]
        )
    print(
        timing.table(
            [
                "MB",
                *names,
                "sum + 60",
                "training",
                "peak",
                "after imports",
                "training / (sum + 60)",
            ],
            rows,
        )
    )
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
        help="of the toy (default: 10,000)",
    )
    parser.add_argument("--train", choices=RECIPES, help=argparse.SUPPRESS)
    parser.add_argument("--iterations", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not Path("/proc/self/status").exists():
        timing.stop(
            "memory is read from /proc/self/status, which this system doesn't have; run it on "
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
    show(
        {
            name: max(found, key=lambda process: process["verdict"]["steady"])
            for name, found in results.items()
        }
    )
    timing.save(options.file, {"interpreter": INTERPRETER, "processes": results})
    verdicts = {name: [process["verdict"] for process in found] for name, found in results.items()}
    over = [
        name for name, all in verdicts.items() if any(one["steady"] > one["allowed"] for one in all)
    ]
    grown = [
        name
        for name, all in verdicts.items()
        if name == TOY and any(one["growth"] > GROWTH for one in all)
    ]
    for name in over:
        print(f"{name}: holds more than the sum and 60 MB")
    for name in grown:
        print(f"{name}: grows by more than {GROWTH / 1e6:.1f} MB")
    return int(bool(over or grown))


if __name__ == "__main__":
    sys.exit(main())
