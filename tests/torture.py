"""Kill the trainer again and again, break its disk, resume, and require the very bytes of the run that was never stopped.

    TMPDIR=/dev/shm python -m tests.torture --minutes 10        (0: the short form, which is in the suite)

Half of the time real trainers are killed with SIGKILL at random moments; in the other half every single write, flush, rename and
mkdir of a run meets every fault in turn (tests/faults.py). After each: the newest checkpoint loads and is no older than the one
seen before, samples can be drawn from it, and a resume is refused only if the run is complete. At the end of each run: θ, velocities,
streams, metrics, pictures, best checkpoint and the list of files are those of the uninterrupted run. Exits 1 if anything differs.
"""

import argparse
import contextlib
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy

from numpygan.cli import main
from numpygan.data.sources import Mixture
from numpygan.errors import NumpyganError
from numpygan.files import write_whole
from numpygan.metrics import parzen
from numpygan.runs import checkpoint, train
from numpygan.study import pictures
from tests.cli_helpers import TINY, TINY_TOY, files, images, metrics, sets
from tests.faults import FAULTS, faulty

KINDS = {  # epochs of 5 iterations, so that a run is mostly writing
    "images": [*TINY, *sets(batch=80), "--iterations", "12"],
    "authors2014": [*TINY, *sets(batch=80, algorithm="authors2014"), "--iterations", "10"],
    "toy": [*TINY_TOY, "--iterations", "8"],  # this one with a checkpoint at every iteration
}


def small():
    """A world in which a run takes tenths of a second: small epochs, few Parzen samples, pictures that nothing is drawn in."""
    parzen.SAMPLES, Mixture.size = 50, 250
    pictures.save_samples = lambda path, samples, *_: write_whole(path, lambda file: numpy.save(file, samples))
    pictures.save_learning_curves = lambda path, rows: write_whole(path, lambda file: file.write(repr(rows[-1]["V"]).encode()))
    numpy.save("images.npy", images())


def trained(command, fault=None, folder=None, at=0):
    """Run `command` in a child process: its exit code (negative: the signal that ended it), and its stderr."""
    report = tempfile.TemporaryFile("w+")
    child = os.fork()
    if child == 0:
        os.dup2(report.fileno(), 2)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        code = 1
        train._SECONDS_BETWEEN_CHECKPOINTS = 0 if "ring" in command else 60
        try:
            with faulty(folder, at, fault) if fault else contextlib.nullcontext():
                code = main(command)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return child, report


def finished(child, report):
    """Wait for the child: its exit code and its stderr."""
    _, status = os.waitpid(child, 0)
    report.seek(0)
    with report:
        return os.waitstatus_to_exitcode(status), report.read()


def outcome(folder):
    """Everything that a run made, but for what tells the time, the lock, and rows and pictures made where a session ended."""
    arrays = {}
    for name in ("checkpoint.npz", "best.npz"):
        if (folder / name).exists():
            arrays |= {(name, key): value.tobytes() for key, value in checkpoint.load(folder / name).items() if key != "seconds"}
    content = files(folder)
    pictures = {name: value for name, value in content.items() if name.endswith("0.png")}  # of whole epochs
    return arrays, pictures, content["config.toml"], [row for row in metrics(folder) if int(row["iteration"]) % 5 == 0]


class Run:
    """One run of a kind, hurt again and again until it is complete."""

    def __init__(self, kind, folder, reference):
        self.command, self.folder, self.reference = [*KINDS[kind], "--out", str(folder)], folder, reference
        self.seen = -1  # the iteration of the newest checkpoint

    def start(self, **fault):
        """Start the trainer: anew while there is no config.toml, else to go on."""
        resume = ["--resume"] if (self.folder / "config.toml").exists() else []
        return trained(self.command + resume, folder=self.folder, **fault)

    def check(self, code, stderr):
        """After each end of the trainer; returns whether the run is complete."""
        assert "Traceback" not in stderr, stderr
        assert code in (0, -signal.SIGKILL) or (code == 2 and stderr.count("\n") == 1), (code, stderr)
        if not (self.folder / "checkpoint.npz").exists():
            assert self.seen < 0, "the checkpoint is gone"
            return False
        iteration = int(checkpoint.load(self.folder / "checkpoint.npz")["iteration"])
        assert iteration >= self.seen, f"the checkpoint went back from {self.seen} to {iteration}"
        self.seen = iteration
        with contextlib.redirect_stdout(io.StringIO()):
            assert main(["sample", str(self.folder), "-n", "3", "-o", str(self.folder.parent / "s.npy"), "--force"]) == 0
        return iteration == int(self.command[self.command.index("--iterations") + 1])

    def complete(self):
        """Let it end undisturbed, and compare."""
        code, stderr = finished(*self.start())
        assert self.check(code, stderr) and (code == 0 or "iterations already" in stderr), (code, stderr)
        finished(*self.start())  # refused; whatever the last kill left is gone after that
        assert not list(self.folder.rglob("*.tmp")), "temporary files are left"
        mine, never_stopped = outcome(self.folder), outcome(self.reference)
        for ours, theirs in zip(mine, never_stopped, strict=True):
            assert ours == theirs, sorted(ours.keys() ^ theirs.keys()) if isinstance(ours, dict) else (ours, theirs)


def random_kills(kind, place, reference, seconds, chance, tally):
    """Kill one run of a kind at random moments until it is complete."""
    run = Run(kind, place, reference)
    complete, kills = False, 0
    while not complete and kills < 50:
        child, report = run.start()
        time.sleep(chance.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        code, stderr = finished(child, report)
        kills += code == -signal.SIGKILL
        complete = run.check(code, stderr)
    run.complete()
    tally["SIGKILL at a random moment"] += kills
    tally["runs completed"] += 1


def one_fault(kind, place, reference, fault, at, tally):
    """Let the `at`-th file operation of a run meet `fault`, then resume."""
    run = Run(kind, place, reference)
    code, stderr = finished(*run.start(fault=fault, at=at))
    assert code == (-signal.SIGKILL if "SIGKILL" in fault else 2), (code, stderr)
    run.check(code, stderr)
    run.complete()
    tally[f"{fault} at a file operation"] += 1
    tally["runs completed"] += 1


def torture(minutes, seed=0, step=1, kinds=tuple(KINDS)):
    """Hurt runs for so long, or (0) until every `step`-th fault was tried once: how often what was done."""
    tally, chance, start = Counter(), random.Random(seed), time.monotonic()
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place), contextlib.redirect_stdout(io.StringIO()):
        small()
        references, lengths, plans = {}, {}, {}
        for kind in kinds:
            references[kind] = Path(place, f"never-stopped-{kind}")
            with faulty(references[kind]) as calls:
                assert main([*KINDS[kind], "--out", str(references[kind])]) == 0
            before = time.monotonic()
            assert finished(*trained([*KINDS[kind], "--out", f"timed-{kind}"]))[0] == 0
            lengths[kind] = time.monotonic() - before
            plans[kind] = [(fault, at) for at in range(1, len(calls) + 1) for fault in FAULTS]
            chance.shuffle(plans[kind])
            tally["file operations of a run"] += len(calls)
        plan = [(kind, *case) for kind in kinds for case in plans[kind][::step]]
        chance.shuffle(plan)
        number = 0
        while plan if minutes == 0 else time.monotonic() - start < 60 * minutes:
            number += 1
            run = Path(place, f"run-{number}")
            if number % 2 or not plan:
                kind = chance.choice(kinds)
                case = (kind, "random kills")
                hurt = lambda: random_kills(kind, run, references[kind], 1.2 * lengths[kind], chance, tally)  # noqa: E731
            else:
                kind, fault, at = case = plan.pop()
                hurt = lambda: one_fault(kind, run, references[kind], fault, at, tally)  # noqa: E731
            try:
                hurt()
            except (AssertionError, NumpyganError) as error:
                raise AssertionError(f"case {number}, seed {seed}, {case}: {error}") from error
            shutil.rmtree(run)
        tally["faults not yet tried"] = len(plan)
    return tally


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for what, times in torture(options.minutes, options.seed, step=1 if options.minutes else 1500).items():
        print(f"{times:8,}  {what}")
    print("every run ended with the bytes of the one that was never stopped; no checkpoint was ever lost")
