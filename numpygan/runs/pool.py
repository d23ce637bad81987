"""Many independent runs: on the other ranks of an MPI job, or each in a process of its own on this machine."""

import multiprocessing
import os
import signal
from collections import deque
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager

from .train import Interrupted, StopSignals

_SECONDS_BETWEEN_LOOKS = 0.3  # at whether somebody wants to stop
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def carry_out(function, jobs, workers, ranks):
    """Yield (job, future) for each of `jobs`, tuples of arguments, as function(*job) is done or has raised.

    workers  how many at a time, if there are no other ranks
    Raises Interrupted on SIGINT and SIGTERM: nothing more is begun, what runs is sent SIGTERM, and yielded when it has ended.
    Without MPI it starts processes by `spawn`: a script that calls it needs `if __name__ == "__main__":`.
    """
    waiting, running = deque(jobs), {}
    with StopSignals() as stop, ranks.executor() if ranks.size > 1 else _processes(workers) as pool:
        if pool is None:  # another rank than the first: it has done what it was sent
            return
        places = ranks.size - 1 if ranks.size > 1 else workers
        while running or (waiting and not stop.asked):
            while waiting and len(running) < places and not stop.asked:  # what waits in the pool itself would be begun after a stop
                job = waiting.popleft()
                running[pool.submit(function, *job)] = job
            done, _ = wait(running, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future
            if stop.asked:
                for process in multiprocessing.active_children():
                    process.terminate()
    if stop.asked:
        raise Interrupted


class _Processes(ThreadPoolExecutor):
    """An executor that gives every call a process of its own: one that is killed takes no other with it."""

    def submit(self, function, *args):
        return super().submit(_in_own_process, function, *args)


def _in_own_process(function, *args):
    context = multiprocessing.get_context("spawn")  # a fork would inherit BLAS's threads and locks
    with ProcessPoolExecutor(1, context, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:  # the parent sends SIGTERM
        return pool.submit(function, *args).result()


@contextmanager
def _processes(workers):
    """Its processes have one BLAS thread each, a number that NumPy reads from the environment when it is loaded."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ |= dict.fromkeys(_THREADS, "1")
    try:
        with _Processes(workers) as pool:
            yield pool
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value
