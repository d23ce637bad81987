"""How fast is an iteration, beside another checkout of numpygan, or under another Python?

    git worktree add ../before COMMIT
    python benchmarks/versions.py ../before             (a minute)
    python benchmarks/versions.py . --python ~/free-threaded/bin/python

Each checkout has a process of its own (turns.py). They take turns, and the one that waits computes
nothing. The games have the networks of the recipes `mnist` (Adam with β₁ = 0, no average),
`mnist-authors` (momentum) and `ring`; the rows are random numbers.
"""

import os
import shutil
import statistics
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import timing  # before NumPy, see there

import numpygan as ng

from turns import ITERATIONS

TURNS = Path(__file__).resolve().with_name("turns.py")


def process(name, python, checkout):
    """A process that takes turns: `checkout` run by `python`."""
    command = [python, str(TURNS), name, str(checkout)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    environment.pop("OPENBLAS_THREAD_TIMEOUT", None)  # this numpygan has set it; each sets its own
    return subprocess.Popen(command, env=environment, **pipes)


def take_turn(running):
    """[clock, CPU] seconds of a turn; nothing if the process has failed."""
    with suppress(OSError):  # BrokenPipeError; on Windows EINVAL
        running.stdin.write(b"\n")
    return [float(t) for t in running.stdout.readline().split()]


def measure(name, compared, rounds):
    """Seconds of an iteration: {key: [[clock, CPU], one for each round]}.

    compared  {key: (Python, checkout)}
    """
    times = {key: [] for key in compared}
    with ExitStack() as stack:
        running = {key: stack.enter_context(process(name, *compared[key])) for key in compared}
        stack.callback(lambda: [one.kill() for one in running.values()])
        for order in timing.rotations(list(compared), rounds + 2):  # two to warm up
            for key in order:
                told = take_turn(running[key])
                if not told:
                    python, checkout = compared[key]
                    told = f"{checkout}: its numpygan failed under {python}, see above."
                    timing.stop(told, status=1)
                times[key].append([t / ITERATIONS[name] for t in told])
    return {key: found[2:] for key, found in times.items()}


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=24)
    parser.add_argument("other", type=Path, help="the folder of the other checkout")
    parser.add_argument(
        "--python",
        metavar="FILE",
        default=sys.executable,
        help="the Python that runs the other checkout; then it may be this one (default: this "
        "Python)",
    )
    parser.add_argument("--games", nargs="+", choices=ITERATIONS, default=list(ITERATIONS))
    options = parser.parse_args(arguments)
    this, other = Path(ng.__file__).resolve().parents[1], options.other.resolve()
    same = (sys.executable, this) == (options.python, other)
    if not (other / "numpygan" / "__init__.py").is_file() or same:
        timing.stop(
            f"{options.other}: expected the folder of another checkout of numpygan, or --python."
        )
    if shutil.which(options.python) is None:
        timing.stop(f"--python: {options.python} is no program; expected a Python.")
    compared = {"this": (sys.executable, this), "other": (options.python, other)}
    rows, found = [], {}
    for name in options.games:
        times = found[name] = measure(name, compared, 2 if options.brief else options.rounds)
        for i, what in enumerate(("clock", "CPU")):
            ours, theirs = ([row[i] for row in times[key]] for key in compared)
            pairs = statistics.median(a / b for a, b in zip(ours, theirs))
            both = 1e3 * statistics.median(ours), 1e3 * statistics.median(theirs)
            rows.append(
                [f"{name}, {what}", *both, timing.interval(timing.ratio(ours, theirs)), pairs]
            )
    head = ["an iteration", "this, ms", "other, ms", "this / other [95 %]", "median of pairs"]
    print(timing.table(head, rows))
    about = {key: [python, str(checkout)] for key, (python, checkout) in compared.items()}
    timing.save(options.file, about | {"seconds": found})


if __name__ == "__main__":
    sys.exit(main())
