"""One training iteration: numpygan beside PyTorch (eager, torch.compile), JAX (jit) and the floor,
its matrix products alone.

    python benchmarks/step.py -o step.json            (needs the extra `peers`; everything takes
    over an hour, most of it compiling) python benchmarks/step.py --recipes mnist ring --batch 100
    --k 1 --threads 2

Each candidate is a process of its own that runs in its turn only, in strict alternation, and is
stopped (SIGSTOP) while the others run, so that no thread pool disturbs another's. All may use the
same processors. An iteration holds everything that training does: data gathering, noise, dropout
masks, both players' passes and updates, the average of θ_g where the recipe has one. See peers/:
the step in each framework; before it is timed, each is checked to compute numpygan's gradient from
the same draws, and to go where numpygan goes in three iterations of the recipe's own rule, the
average of θ_g included.
"""

import json
import math
import os
import signal
import statistics
import subprocess
import sys
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
    "jax.jit": "jax",
}
TOLERANCE = 1e-7  # of a move in float64, relative to its largest entry
CHECKS = {  # what is compared: iterations, and fields of the recipe
    "gradient": (1, {"rule": "momentum"}),  # its first move is η times the gradient
    # PyTorch's velocity has η outside: the same as long as η is
    "3 iterations": (3, {"learning_rate_decay": 1.0}),
}
SAMPLE = 0.3  # seconds of a sample
LONGEST = 240  # seconds after which a configuration gets no more than 5 rounds


class Worker:
    """A candidate in its process, stopped except while it is asked for something."""

    def __init__(self, candidate, recipe, changes, threads, check=None):
        self.name = candidate
        order = {
            "candidate": candidate,
            "recipe": recipe,
            "set": changes,
            "threads": threads,
            "check": check,
        }
        environment = timing.environment(threads)
        if threads == 1:
            environment["XLA_FLAGS"] = (
                f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
            )
        self._process = subprocess.Popen(
            [sys.executable, WORKER, json.dumps(order)],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def answer(self):
        """The next answer; the process is stopped after it."""
        line = self._process.stdout.readline()
        if not line:
            timing.stop(
                f"{self.name}: its process ended with status {self._process.wait()}; what it said "
                f"is above.",
                status=1,
            )
        self._process.send_signal(signal.SIGSTOP)
        return json.loads(line)

    def time(self, iterations):
        """Seconds of each of `iterations` iterations in a row."""
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.write(f"{iterations}\n")
        self._process.stdin.flush()
        return self.answer()

    def end(self):
        self._process.kill()
        self._process.communicate()


def check(candidates, recipe, changes):
    """Compare each candidate's moves with numpygan's, in float64 at the recipe's width; ends the
    program if they differ.
    """
    found = {}
    for candidate in (name for name in candidates if CANDIDATES[name]):
        found[candidate] = {}
        for name, (iterations, fields) in CHECKS.items():
            worker = Worker(candidate, recipe, changes | fields, 1, check=iterations)
            try:
                found[candidate][name] = worker.answer()
            finally:
                worker.end()
            differ = max(found[candidate][name]["differences"].values())
            print(
                f"{recipe}, {name}: {candidate} differs from numpygan by {differ:.1g} of the "
                f"largest move",
                flush=True,
            )
            if not differ <= TOLERANCE:
                timing.stop(
                    f"{candidate} does not do numpygan's step of {recipe} to {TOLERANCE:g}, so "
                    f"nothing is timed.",
                    status=1,
                )
    return found


def measure(candidates, recipe, changes, threads, rounds):
    """Seconds per iteration, {candidate: [one for each round]}, and the floor's floating-point
    operations.
    """
    workers, flop = {}, None
    try:
        for name in candidates:  # one after the other: each compiles alone
            workers[name] = Worker(name, recipe, changes, threads)
            flop = workers[name].answer()["flop"] or flop
        iterations = {}
        for name, worker in workers.items():
            once = worker.time(1)
            iterations[name] = max(
                1, math.ceil(SAMPLE / min(once, worker.time(max(1, math.ceil(SAMPLE / 5 / once)))))
            )
        times = {name: [] for name in candidates}
        for names in timing.rotations(list(candidates), rounds):
            for name in names:
                times[name].append(workers[name].time(iterations[name]))
            done = len(times[name])
            if (
                done >= 5
                and sum(sum(times[name]) * iterations[name] for name in candidates) > LONGEST
            ):
                break
        return times, flop
    finally:
        for worker in workers.values():
            worker.end()


def show(title, times, flop, threads):
    """The table of one configuration."""
    ours, rows = times["numpygan"], []
    for name, theirs in times.items():
        median, least = statistics.median(theirs), min(theirs)
        rate = f"{flop / least / 1e9:.1f}" if flop else ""
        rows.append(
            [
                name,
                f"{1e3 * median:.3f}",
                f"{1e3 * least:.3f}",
                timing.interval(timing.ratio(theirs, ours)),
                f"{least / min(ours):.2f}",
                rate,
            ]
        )
    head = ["", "median ms", "least ms", "× ours [95 %]", "least × ours", "GFLOP/s at least"]
    print(f"\n{title}\n{timing.table(head, rows, threads)}")
    if "floor" in times:
        print(f"numpygan takes {timing.interval(timing.ratio(ours, times['floor']))} × the floor")
    sys.stdout.flush()


def configurations(options):
    """(recipe, batch, k, threads) of everything to be timed."""
    batches = {
        name: options.batch or ([32, 100, 500, 1000] if name == "mnist" else [100])
        for name in options.recipes
    }
    return [
        (name, batch, k, threads)
        for name in options.recipes
        for batch in batches[name]
        for k in options.k
        for threads in options.threads
    ]


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
    parser.add_argument("--threads", **count, help=f"(default: 1 and all, {cores})")
    parser.add_argument(
        "--candidates",
        nargs="+",
        choices=list(CANDIDATES),
        metavar="NAME",
        help=f"beside numpygan, of {', '.join(CANDIDATES)} (default: all but autotuned)",
    )
    add_set(parser)
    parser.add_argument(
        "--no-check",
        dest="check",
        action="store_false",
        help="time without comparing with numpygan first",
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
        parser.error(f"--set {field}: what is timed is chosen by --{field}")
    candidates = options.candidates or [
        name for name in CANDIDATES if name != "torch.compile autotuned"
    ]
    candidates = ["numpygan", *(name for name in candidates if name != "numpygan")]
    for module in {CANDIDATES[name] for name in candidates} - {None}:
        timing.need(module, extra="peers")

    found = {"checks": {}, "configurations": []}
    if options.check:
        for name in options.recipes:
            found["checks"][name] = check(
                candidates,
                name,
                changed | {"batch": (options.batch or [100])[0], "k": options.k[0]},
            )
    for name, batch, k, threads in configurations(options):
        load = os.getloadavg()[0]
        times, flop = measure(
            candidates, name, changed | {"batch": batch, "k": k}, threads, options.rounds
        )
        title = (
            f"{name}, batch {batch}, k = {k}, threads: {threads}; load before: {load:.1f}; "
            f"rounds: {len(times['numpygan'])}"
        )
        show(title, times, flop, threads)
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
        # After each: a run of an hour that is interrupted leaves what it has
        timing.save(options.file, found)


if __name__ == "__main__":
    main()
