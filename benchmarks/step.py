"""One training iteration compared: numpygan, PyTorch, JAX, NumPy's peers, the products alone.

    python benchmarks/step.py -o step.json            (needs the extra `peers`; everything takes
                                                      over an hour, most of it compiling)
    python benchmarks/step.py --recipes mnist ring --batch 100 --k 1 --threads 2

PyTorch runs eager and with torch.compile, JAX with jit. Peers that compute with NumPy are HIPS
autograd, MyGrad and thinc. The matrix products alone are called the floor. Each candidate is a
process of its own. The candidates take turns in strict alternation, and the others are stopped
(SIGSTOP), so that no thread pool disturbs another. All use the same processors.
An iteration contains everything of training: collecting a minibatch, noise, dropout masks, the
passes and updates of both players, and the average of θ_g where the recipe has one. The step in
each framework is in peers/. Before it is timed, it must compute numpygan's gradient from the same
draws, and the same θ and average of θ_g as numpygan in five iterations of the recipe's optimizer.
"""

import json
import math
import os
import signal
import statistics
import subprocess
import sys
from itertools import product
from pathlib import Path

import timing

from numpygan.commands.arguments import add_set, changed_fields
from numpygan.errors import NumpyganError
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change

WORKER = Path(__file__).parent / "peers" / "worker.py"
NAMES = ("mnist", "mnist-authors", "ring", "grid", "gauss1d", "cifar10")
CANDIDATES = {
    "numpygan": None,
    "floor": None,
    "torch": "torch",
    "torch.compile": "torch",
    "torch.compile autotuned": "torch",
    "torch graph": "torch",
    "jax.jit": "jax",
    "autograd": "autograd",
    "mygrad": "mygrad",
    "thinc": "thinc",
}
TOLERANCE = 1e-7  # of a move in float64, relative to its largest entry
CHECKS = {  # the comparisons: iterations, and fields of the recipe
    "gradient": (1, {"rule": "momentum"}),  # the first move is η times the gradient
    # PyTorch multiplies the velocity by η: this is the same if η is constant.
    "5 iterations": (5, {"learning_rate_decay": 1.0, "average_every": 2}),
}
SAMPLE = 0.3  # seconds per sample
LONGEST = 240  # seconds; a longer configuration gets only 5 rounds


class Worker:
    """A candidate in a process, which is stopped except when it is asked for something."""

    def __init__(self, candidate, recipe, changes, threads, check=None, device=None):
        self.name = candidate
        order = {"candidate": candidate, "recipe": recipe, "set": changes}
        order |= {"threads": threads, "check": check} | ({"device": device} if device else {})
        environment = timing.environment(threads)
        # Otherwise JAX takes three quarters of a GPU's memory, which the others need, too.
        environment |= {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        if threads == 1:
            flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
            environment["XLA_FLAGS"] = flags.strip()
        command = [sys.executable, WORKER, json.dumps(order)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, env=environment, **pipes)

    def answer(self):
        """The next answer; the process is stopped after it."""
        line = self._process.stdout.readline()
        if not line:
            words = f"{self.name}: its process ended with status {self._process.wait()}"
            timing.stop(f"{words}; its messages are above.", status=1)
        self._process.send_signal(signal.SIGSTOP)
        return json.loads(line)

    def time(self, iterations):
        """Seconds per iteration of `iterations` iterations in a row."""
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.write(f"{iterations}\n")
        self._process.stdin.flush()
        return self.answer()

    def end(self):
        self._process.kill()
        self._process.communicate()


def check(candidates, recipe, changes, device=None):
    """Compare each candidate's moves with numpygan's in float64; end the program if they differ.

    numpygan moves on the CPU, the candidates on the `device`.
    """
    found = {}
    for candidate in (name for name in candidates if CANDIDATES.get(name)):
        found[candidate] = {}
        for name, (iterations, fields) in CHECKS.items():
            worker = Worker(candidate, recipe, changes | fields, 1, iterations, device)
            try:
                found[candidate][name] = worker.answer()
            finally:
                worker.end()
            differ = max(found[candidate][name]["differences"].values())
            words = f"{candidate} differs from numpygan by {differ:.1g} of the largest move"
            print(f"{recipe}, {name}: {words}", flush=True)
            if not differ <= TOLERANCE:
                words = f"{candidate} does not do numpygan's step of {recipe} to {TOLERANCE:g}"
                timing.stop(f"{words}, so nothing is timed.", status=1)
    return found


def measure(candidates, recipe, changes, threads, rounds, device=None):
    """{candidate: [seconds per iteration, one per round]}, and the floating-point operations.

    The operations are the floor's.
    """
    workers, flop = {}, None
    try:
        for name in candidates:  # one after the other: each compiles alone
            workers[name] = Worker(name, recipe, changes, threads, device=device)
            flop = workers[name].answer()["flop"] or flop
        iterations = {}
        for name, worker in workers.items():
            once = worker.time(1)
            once = min(once, worker.time(max(1, math.ceil(SAMPLE / 5 / once))))
            iterations[name] = max(1, math.ceil(SAMPLE / once))
        times = {name: [] for name in candidates}
        for names in timing.rotations(list(candidates), rounds):
            for name in names:
                times[name].append(workers[name].time(iterations[name]))
            spent = sum(sum(times[name]) * iterations[name] for name in candidates)
            if len(times[name]) >= 5 and spent > LONGEST:
                break
        return times, flop
    finally:
        for worker in workers.values():
            worker.end()


def show(title, times, flop, threads):
    """Print the table of one configuration."""
    ours, rows = times["numpygan"], []
    for name, theirs in times.items():
        median, least = statistics.median(theirs), min(theirs)
        rate = f"{flop / least / 1e9:.1f}" if flop else ""
        ratio, of_least = timing.interval(timing.ratio(theirs, ours)), f"{least / min(ours):.2f}"
        rows.append([name, f"{1e3 * median:.3f}", f"{1e3 * least:.3f}", ratio, of_least, rate])
    head = ["", "median ms", "least ms", "× ours [95 %]", "least × ours", "GFLOP/s at least"]
    print(f"\n{title}\n{timing.table(head, rows, threads)}")
    if "floor" in times:
        print(f"numpygan takes {timing.interval(timing.ratio(ours, times['floor']))} × the floor")
    sys.stdout.flush()


def configurations(options):
    """(recipe, batch, k, threads) of all that is timed."""
    found = []
    for name in options.recipes:
        batches = options.batch or ([32, 100, 500, 1000] if name == "mnist" else [100])
        found += [(name, *rest) for rest in product(batches, options.k, options.threads)]
    return found


def main(arguments=None):
    cores = timing.machine()["cores"]
    parser = timing.arguments(__doc__, rounds=20)
    count = {"type": timing.at_least_one, "nargs": "+", "metavar": "N"}
    parser.add_argument(
        "--recipes",
        nargs="+",
        choices=NAMES,
        metavar="NAME",
        help=f"of {', '.join(NAMES)} (default: all)",
    )
    parser.add_argument(
        "--batch", **count, help="rows of a minibatch (default: 100; mnist also 32, 500, 1000)"
    )
    parser.add_argument("--k", **count, help="steps of D in an iteration (default: 1 5)")
    on_cpu = [name for name in CANDIDATES if name != "torch graph"]
    told = f"numbers of threads (default: 1 and all, {cores})"
    parser.add_argument("--threads", **count, help=told)
    parser.add_argument(
        "--candidates",
        nargs="+",
        choices=on_cpu,
        metavar="NAME",
        help=f"compare with these of {', '.join(on_cpu)} (default: all but autotuned)",
    )
    add_set(parser)
    parser.add_argument(
        "--no-check",
        dest="check",
        action="store_false",
        help="do not compare the steps with numpygan's before timing them",
    )
    options = parser.parse_args(arguments)
    brief = options.brief
    options.recipes = options.recipes or (["mnist", "ring"] if brief else list(NAMES))
    options.batch = options.batch or ([100] if brief else None)
    options.k = options.k or ([1] if brief else [1, 5])
    options.threads = options.threads or ([cores] if brief else sorted({1, cores}))
    if max(options.threads) > cores:
        parser.error(
            f"--threads: {max(options.threads)} is more than the {cores} processors that this "
            f"process may use"
        )
    options.rounds = min(options.rounds, 7) if brief else options.rounds
    try:
        changed = changed_fields(options.set)
        for name in options.recipes:
            change(RECIPES[name], **changed)
    except NumpyganError as error:
        parser.error(str(error))
    for field in changed.keys() & {"batch", "k"}:
        parser.error(f"--set {field}: give --{field} instead")
    candidates = options.candidates or [
        name for name in on_cpu if name != "torch.compile autotuned"
    ]
    candidates = ["numpygan", *(name for name in candidates if name != "numpygan")]
    for module in {CANDIDATES[name] for name in candidates} - {None}:
        timing.need(module, extra="peers")

    found = {"checks": {}, "configurations": []}
    if options.check:
        for name in options.recipes:
            sizes = {"batch": (options.batch or [100])[0], "k": options.k[0]}
            found["checks"][name] = check(candidates, name, changed | sizes)
    for name, batch, k, threads in configurations(options):
        load = os.getloadavg()[0]
        changes = changed | {"batch": batch, "k": k}
        times, flop = measure(candidates, name, changes, threads, options.rounds)
        rounds = len(times["numpygan"])
        title = f"{name}, batch {batch}, k = {k}, threads: {threads}"
        show(f"{title}; load before: {load:.1f}; rounds: {rounds}", times, flop, threads)
        ratios = {other: timing.ratio(theirs, times["numpygan"]) for other, theirs in times.items()}
        found["configurations"].append(
            {
                "recipe": name,
                "set": changed,
                "batch": batch,
                "k": k,
                "threads": threads,
                "load": load,
                "flop": flop,
                "seconds": times,
                "ratio_low_high": ratios,
            }
        )
        # After each, so that an interrupted run of an hour leaves its results.
        timing.save(options.file, found)


if __name__ == "__main__":
    main()
