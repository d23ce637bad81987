"""One recipe with many seeds: a run for each, trained in processes of their own."""

import multiprocessing
import os
import signal
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy

from ..errors import Diverged
from .directory import RunDirectory
from .train import train
from .training import Training, length, load_dataset

_PROCESSES = 2
_SECONDS_BETWEEN_LOOKS = 0.3
_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def seed_runs(recipe, folder, seeds):
    """The runs of `recipe`, FOLDER/SEED for each seed: seed -> RunDirectory.

    Raises NumpyganError if one is there already that was made with other settings.
    """
    runs = {seed: RunDirectory(Path(folder) / str(seed)) for seed in seeds}
    for seed, run in runs.items():
        if run.config.exists():
            run.expect(replace(recipe, seed=seed))
    return runs


def train_seeds(recipe, runs, progress):
    """Train the `runs` of `recipe`, seed -> RunDirectory, each to its end, two at a time.

    A run that is there already is kept, or gone on with if it isn't finished.
    progress  called now and then with the number of runs made, a float
    Raises NumpyganError if training fails; Interrupted, after saving, on SIGINT.
    It starts processes by `spawn`: a script that calls it needs `if __name__ == "__main__":`.
    """
    context = multiprocessing.get_context("spawn")  # a fork would inherit BLAS's threads and locks
    shares = context.Array("d", len(runs))  # how much of each run is made
    todo = [(replace(recipe, seed=seed), run.path, slot) for slot, (seed, run) in enumerate(runs.items())]
    with _one_thread(), ProcessPoolExecutor(_PROCESSES, context, _begin, (shares,)) as pool:
        running = set()
        while todo or running:
            while todo and len(running) < _PROCESSES:  # nothing waits in the pool, so an interruption leaves nothing to start
                running.add(pool.submit(_train, *todo.pop(0)))
            done, running = wait(running, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
            for future in done:
                future.result()
            progress(sum(shares))


@contextmanager
def _one_thread():
    """Give processes that start here one BLAS thread each, which NumPy reads when it is loaded."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ |= dict.fromkeys(_THREADS, "1")
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _begin(shares):
    """In a new process: remember the array that the parent reads; leave Ctrl-C to `train`, which saves first."""
    global _shares
    _shares = shares
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _train(recipe, path, slot):
    """In a process of the pool: train `recipe` to its end in the run directory `path`."""
    run = RunDirectory(path)
    resume = run.config.exists()
    if not resume or int(run.state()["iteration"]) != length(Training(recipe, load_dataset(recipe), numpy)):
        try:
            train(recipe, run, resume=resume, progress=lambda iteration, total, _: _tell(slot, iteration / total))
        except Diverged as error:
            raise Diverged(f"{path}: {error}") from None
    _tell(slot, 1.0)


def _tell(slot, share):
    _shares[slot] = share
