"""Hurt a training in six ways, resume, and require the very bytes of the run that was never
stopped.

    TMPDIR=/dev/shm python -m tests.torture --minutes 60       (0: the short form, in the suite)
    TMPDIR=/dev/shm python -m tests.torture --minutes 60 power race

kill      real trainers are killed with SIGKILL at random moments
fault     each write, flush, rename and mkdir of a run meets every fault in turn (tests/faults.py)
power     the power fails: what was not flushed is lost, cut, zero, or in another order (power.py)
race      two trainers start on one directory at once, and sometimes one of them is killed
full      a file system has too little room, then a little more, until the run is complete
readonly  a run is killed, and its file system can't be written for a while

For `full` and `readonly` root gets a tmpfs; others a limit on the size of files, and folders that
may not be written. After each: the newest checkpoint loads and is no older than the one seen
before, samples can be drawn from it, and a resume is refused only if the run is complete. At the
end of each run: θ, velocities, streams, metrics, pictures, best checkpoint and the list of files
are those of the uninterrupted run. Exits 1 if anything differs.
"""

import argparse
import contextlib
import io
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy

from numpygan.cli import main
from numpygan.data.sources import Mixture
from numpygan.errors import NumpyganError
from numpygan.figures import pictures
from numpygan.files import write_whole
from numpygan.metrics import parzen
from numpygan.runs import checkpoint
from numpygan.runs import loop as train
from numpygan.runs.trainer import Training
from tests.helpers.cli import TINY, TINY_TOY, files, images, metrics, sets
from tests.helpers.faults import FAULTS, faulty
from tests.power import Journal, failures, rebuild

KINDS = {  # epochs of 5 iterations, so that a run is mostly writing
    "images": [*TINY, *sets(batch=80), "--iterations", "12"],
    "authors2014": [*TINY, *sets(batch=80, algorithm="authors2014"), "--iterations", "10"],
    "toy": [*TINY_TOY, "--iterations", "8"],  # this one with a checkpoint at every iteration
}


def small():
    """A world in which a run takes tenths of a second: small epochs, few Parzen samples, pictures
    that nothing is drawn in.
    """
    parzen.SAMPLES, Mixture.size = 50, 250
    pictures.save_samples = lambda path, samples, *_: write_whole(
        path, lambda file: numpy.save(file, samples)
    )
    pictures.save_learning_curves = lambda path, rows: write_whole(
        path, lambda file: file.write(repr(rows[-1]["V"]).encode())
    )
    numpy.save("images.npy", images())


def trained(command, fault=None, folder=None, at=0, gate=None, most=None):
    """Run `command` in a child process: its exit code (negative: the signal that ended it), and its
    stderr.

    gate  a pipe (read, write): the child waits until its parent has closed both
    most  bytes that a file may have
    """
    report = tempfile.TemporaryFile("w+")
    child = os.fork()
    if child == 0:
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        if gate:
            os.close(gate[1])
            os.read(gate[0], 1)
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
    """Everything that a run made, but for what tells the time, the lock, and rows and pictures made
    where a session ended.
    """
    arrays = {}
    for name in ("checkpoint.npz", "best.npz"):
        if (folder / name).exists():
            arrays |= {
                (name, key): value.tobytes()
                for key, value in checkpoint.load(folder / name).items()
                # `rows` are those that were not in metrics.csv then, which a fault can delay
                if key not in ("seconds", "rows")
            }
    content = files(folder)
    # Of whole epochs
    pictures = {name: value for name, value in content.items() if name.endswith("0.png")}
    return (
        arrays,
        pictures,
        content["config.toml"],
        [row for row in metrics(folder) if int(row["iteration"]) % 5 == 0],
    )


class Run:
    """One run of a kind, hurt again and again until it is complete."""

    def __init__(self, kind, folder, reference):
        self.command, self.folder, self.reference = (
            [*KINDS[kind], "--out", str(folder)],
            folder,
            reference,
        )
        self.seen = -1  # the iteration of the newest checkpoint

    def start(self, **how):
        """Start the trainer: anew while there is no config.toml, else to go on."""
        resume = ["--resume"] if (self.folder / "config.toml").exists() else []
        return trained(self.command + resume, folder=self.folder, **how)

    def end_at_random(self, seconds, chance):
        """Start it, kill it within so many seconds, and check: whether the run is complete."""
        child, report = self.start()
        time.sleep(chance.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        return self.check(*finished(child, report))

    def check(self, code, stderr):
        """After each end of the trainer; returns whether the run is complete."""
        assert "Traceback" not in stderr, stderr
        # a picture that could not be written, and then perhaps the state, one each
        sentences = stderr.splitlines()
        assert code in (0, -signal.SIGKILL) or (code == 2 and sentences), (code, stderr)
        assert all(line.startswith("numpygan: ") for line in sentences), stderr
        if not (self.folder / "checkpoint.npz").exists():
            assert self.seen < 0, "the checkpoint is gone"
            return False
        iteration = int(checkpoint.load(self.folder / "checkpoint.npz")["iteration"])
        assert iteration >= self.seen, f"the checkpoint went back from {self.seen} to {iteration}"
        self.seen = iteration
        with contextlib.redirect_stdout(io.StringIO()):
            assert main(["sample", str(self.folder), "-n", "3", "-o", "s.npy", "--force"]) == 0
        return iteration == int(self.command[self.command.index("--iterations") + 1])

    def complete(self):
        """Let it end undisturbed, and compare."""
        code, stderr = finished(*self.start())
        assert self.check(code, stderr) and (code == 0 or "iterations already" in stderr), (
            code,
            stderr,
        )
        finished(*self.start())  # refused; whatever the last kill left is gone after that
        assert not list(self.folder.rglob("*.tmp")), "temporary files are left"
        mine, never_stopped = outcome(self.folder), outcome(self.reference)
        for ours, theirs in zip(mine, never_stopped, strict=True):
            if isinstance(ours, dict):
                names = sorted(n for n in ours | theirs if ours.get(n) != theirs.get(n))
                assert not names, f"{names} differ from the run that was never stopped"
            assert ours == theirs


class World:
    """What the ways to hurt a run share: the runs that were never stopped, and what these did."""

    def __init__(self, place, seed, kinds, step):
        self.place, self.chance, self.tally = Path(place), random.Random(seed), Counter()
        self.number, self.plan = 0, []
        self.references, self.seconds, self.journals = {}, {}, {}
        small()
        for kind in kinds:
            self.references[kind] = self.place / f"never-stopped-{kind}"
            with faulty(self.references[kind]) as calls:
                assert main([*KINDS[kind], "--out", str(self.references[kind])]) == 0
            before = time.monotonic()
            assert finished(*trained([*KINDS[kind], "--out", f"timed-{kind}"]))[0] == 0
            self.seconds[kind] = time.monotonic() - before
            self.journals[kind] = journal(kind, self.place / f"journal-{kind}")
            plan = [(kind, fault, at) for at in range(1, len(calls) + 1) for fault in FAULTS]
            self.chance.shuffle(plan)
            self.plan += plan[::step]
            self.tally["file operations of a run"] += len(calls)
        self.chance.shuffle(self.plan)

    def run(self, kind, folder=None):
        """A Run of a kind in a folder of its own, which may lie in `folder`."""
        self.number += 1
        return Run(kind, (folder or self.place) / f"run-{self.number}", self.references[kind])


def journal(kind, folder):
    """The moments of a run at which the power can fail.

    Promised is the iteration of the checkpoint that the trainer leaves behind when it goes on.
    """
    folder.mkdir()
    seen, advance = Journal(folder), Training.advance

    def promised(self):
        seen.promised = int(checkpoint.load(folder / "run" / "checkpoint.npz")["iteration"])
        advance(self)

    Training.advance = promised
    before = train._SECONDS_BETWEEN_CHECKPOINTS
    train._SECONDS_BETWEEN_CHECKPOINTS = 0 if kind == "toy" else 60
    try:
        with seen.watching():
            assert main([*KINDS[kind], "--out", str(folder / "run")]) == 0
            seen.promised = int(checkpoint.load(folder / "run" / "checkpoint.npz")["iteration"])
    finally:
        Training.advance, train._SECONDS_BETWEEN_CHECKPOINTS = advance, before
    return seen.moments


def kill(world, kind):
    """Kill a run at random moments until it is complete."""
    run, kills = world.run(kind), 0
    while kills < 50 and not run.end_at_random(1.2 * world.seconds[kind], world.chance):
        kills += 1
    run.complete()
    world.tally["SIGKILL at a random moment"] += kills


def fault(world, kind):
    """Let the next file operation of the plan meet its fault; kill a run if all were tried."""
    if not world.plan:
        return kill(world, kind)
    kind, what, at = world.plan.pop()
    run = world.run(kind)
    code, stderr = finished(*run.start(fault=what, at=at))
    try:
        # After a picture that could not be written, training goes on and makes up for it.
        ends = {0, 2} if "training goes on" in stderr else {2}
        assert code in ({-signal.SIGKILL} if "SIGKILL" in what else ends), (code, stderr)
        run.check(code, stderr)
        run.complete()
    except AssertionError as error:
        raise AssertionError(f"{what} at {at}: {error}") from error
    world.tally[f"{what} at a file operation"] += 1


def power(world, kind, times=2):
    """Let the power fail at a random moment; resume from some contents that the disk may then have."""
    at = world.chance.randrange(len(world.journals[kind]))
    moment = world.journals[kind][at]
    for number, content in enumerate(failures(moment, world.chance, times)):
        run = world.run(kind)
        rebuild(content, run.folder)
        run.folder /= "run"
        run.command[-1] = str(run.folder)
        try:
            if moment.promised is not None:
                found = int(checkpoint.load(run.folder / "checkpoint.npz")["iteration"])
                assert found >= moment.promised, f"iteration {found}, {moment.promised} is lost"
            run.complete()
        except (AssertionError, NumpyganError) as error:
            where = f"power failure {number} at moment {at}, {sorted(content)}"
            raise AssertionError(f"{where}: {error}") from error
        shutil.rmtree(run.folder.parent)
    world.tally["contents of the disk after a power failure"] += number + 1


def race(world, kind):
    """Start two trainers at the same moment, and sometimes kill one, until the run is complete."""
    run, complete, rounds = world.run(kind), False, 0
    while not complete and rounds < 50:
        gate = os.pipe()
        both = [run.start(gate=gate) for _ in range(2)]
        for end in gate:
            os.close(end)
        if world.chance.random() < 0.7:
            time.sleep(world.chance.uniform(0, world.seconds[kind]))
            os.kill(world.chance.choice(both)[0], signal.SIGKILL)
        ends = [finished(*one) for one in both]
        assert any(code in (0, -signal.SIGKILL) for code, _ in ends), f"both were refused: {ends}"
        complete = any(run.check(*end) for end in ends)
        world.tally["races of two trainers"] += 1
        world.tally["of which one was refused"] += any(code == 2 for code, _ in ends)
        rounds += 1
    run.complete()


@contextlib.contextmanager
def file_system(folder):
    """A file system at `folder`, and a function that sets its options ("size=8k", "ro").

    Where that takes more rights, a folder and None.
    """
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "numpygan", str(folder)]
    may = os.geteuid() == 0 and shutil.which("mount")
    if not may or subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
        yield None
        return
    again = ["mount", str(folder), "-o"]
    try:
        yield lambda what: subprocess.run([*again, f"remount,{what}"], check=True)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def full(world, kind):
    """Train where there is too little room, then a little more, until the run is complete."""
    with file_system(world.place / "full") as options:
        run, complete, refused = world.run(kind, world.place / "full"), False, 0
        needed = sum(4096 + path.stat().st_size for path in run.reference.rglob("*"))
        size = 8192
        while not complete:
            if options:
                options(f"size={size}")
            code, stderr = finished(*run.start(most=None if options else size))
            complete = run.check(code, stderr)
            assert code == 0 or "cannot be written" in stderr or complete, (code, stderr)
            refused += code == 2
            size += world.chance.randrange(4096, needed // 4)
        run.complete()
        assert refused
        shutil.rmtree(run.folder)
    (world.place / "full").rmdir()
    world.tally["file system full"] += refused


def readonly(world, kind):
    """Kill a run, and begin, go on, evaluate and draw samples while nothing can be written."""
    with file_system(world.place / "readonly") as options:
        run = world.run(kind, world.place / "readonly")
        complete = run.end_at_random(world.seconds[kind], world.chance)
        before = files(run.folder.parent)
        below = [path for path in run.folder.parent.rglob("*") if path.is_dir()]
        folders = [run.folder.parent, *below]
        options("ro") if options else [folder.chmod(0o555) for folder in folders]
        try:
            code, stderr = finished(*run.start())
            told = any(words in stderr for words in ("Read-only", "denied", "iterations already"))
            assert code == 2 and told, (code, stderr)
            assert run.check(code, stderr) == complete
            code, stderr = finished(*trained(["evaluate", str(run.folder)]))
            assert code == 2 and stderr.count("\n") == 1, (code, stderr)
            assert files(run.folder.parent) == before
        finally:
            options("rw") if options else [folder.chmod(0o755) for folder in folders]
        run.complete()
        shutil.rmtree(run.folder)
    (world.place / "readonly").rmdir()
    world.tally["file system read-only"] += 1


WAYS = {way.__name__: way for way in (kill, fault, power, race, full, readonly)}


def torture(minutes, seed=0, step=1, kinds=tuple(KINDS), ways=tuple(WAYS)):
    """Hurt runs for so long, or (0) once in each way and by every `step`-th fault: what was done."""
    start = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as place,
        contextlib.chdir(place),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        world = World(place, seed, kinds, step)
        once = [*ways, *["fault"] * ("fault" in ways) * (len(world.plan) - 1)]
        while once if minutes == 0 else time.monotonic() - start < 60 * minutes:
            way = once.pop(0) if minutes == 0 else world.chance.choice(ways)
            kind = world.chance.choice(kinds)
            try:
                WAYS[way](world, kind)
            except (AssertionError, NumpyganError) as error:
                where = f"run {world.number}, seed {seed}, {kind}, {way}"
                raise AssertionError(f"{where}: {error}") from error
            shutil.rmtree(world.place / f"run-{world.number}", ignore_errors=True)
            world.tally["cases"] += 1
        world.tally["faults not yet tried"] = len(world.plan)
    return world.tally


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"{', '.join(WAYS)} (default: all)")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not WAYS.keys() >= set(options.ways):
        parser.error(f"expected some of {', '.join(WAYS)}")
    step = 1 if options.minutes else 1500
    ways = tuple(options.ways or WAYS)
    for what, times in torture(options.minutes, options.seed, step, ways=ways).items():
        print(f"{times:8,}  {what}")
    print(
        "every run ended with the bytes of the one that was never stopped; no checkpoint was ever "
        "lost"
    )
