"""How fast is an iteration, beside the same iteration in another checkout of numpygan?

    git worktree add ../before COMMIT
    python benchmarks/versions.py ../before             (a minute)

Each checkout has a process of its own (turns.py). They take turns, and the one that waits computes
nothing. The games have the networks of the recipes `mnist` (Adam with β₁ = 0, no average),
`mnist-authors` (momentum) and `ring`; the rows are random numbers.
"""

import os
import statistics
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import timing  # before NumPy, see there

import numpygan as ng

from turns import ITERATIONS

TURNS = Path(__file__).resolve().with_name("turns.py")


def process(name, checkout):
    """A process of the checkout that takes turns."""
    command = [sys.executable, str(TURNS), name, str(checkout)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    environment.pop("OPENBLAS_THREAD_TIMEOUT", None)  # this numpygan has set it; each sets its own
    return subprocess.Popen(command, env=environment, **pipes)


def take_turn(running):
    """[clock, CPU] seconds of a turn; nothing if the process has failed."""
    with suppress(OSError):  # BrokenPipeError; on Windows EINVAL
        running.stdin.write(b"\n")
    return [float(t) for t in running.stdout.readline().split()]


def measure(name, checkouts, rounds):
    """Seconds of an iteration: {checkout: [[clock, CPU], one for each round]}."""
    times = {checkout: [] for checkout in checkouts}
    with ExitStack() as stack:
        running = {one: stack.enter_context(process(name, one)) for one in checkouts}
        stack.callback(lambda: [one.kill() for one in running.values()])
        for order in timing.rotations(list(checkouts), rounds + 2):  # two to warm up
            for checkout in order:
                told = take_turn(running[checkout])
                if not told:
                    timing.stop(f"{checkout}: its numpygan failed, see above.", status=1)
                times[checkout].append([t / ITERATIONS[name] for t in told])
    return {checkout: found[2:] for checkout, found in times.items()}


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=24)
    parser.add_argument("other", type=Path, help="the folder of the other checkout")
    parser.add_argument("--games", nargs="+", choices=ITERATIONS, default=list(ITERATIONS))
    options = parser.parse_args(arguments)
    this, other = Path(ng.__file__).resolve().parents[1], options.other.resolve()
    if not (other / "numpygan" / "__init__.py").is_file() or this == other:
        timing.stop(f"{options.other}: expected the folder of another checkout of numpygan.")
    rows, found = [], {}
    for name in options.games:
        times = measure(name, (this, other), 2 if options.brief else options.rounds)
        found[name] = {"this": times[this], "other": times[other]}
        for i, what in enumerate(("clock", "CPU")):
            ours, theirs = ([row[i] for row in times[one]] for one in (this, other))
            pairs = statistics.median(a / b for a, b in zip(ours, theirs))
            both = 1e3 * statistics.median(ours), 1e3 * statistics.median(theirs)
            rows.append(
                [f"{name}, {what}", *both, timing.interval(timing.ratio(ours, theirs)), pairs]
            )
    head = ["an iteration", "this, ms", "other, ms", "this / other [95 %]", "median of pairs"]
    print(timing.table(head, rows))
    timing.save(options.file, {"this": str(this), "other": str(other), "seconds": found})


if __name__ == "__main__":
    sys.exit(main())
