"""Work shared out over the cores of one machine.

NumPy releases the interpreter's lock while it computes, so threads compute at the same time.
"""

import contextvars
import os
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue

import numpy

_threads: ThreadPoolExecutor | None = None  # beside the caller's own


def cpus():
    """The number of CPUs that this process may use; if the system does not tell, of all CPUs."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores(xp):
    """The number of threads for an update: the CPUs of this process, at most the threads of BLAS.

    OPENBLAS_NUM_THREADS or, without it, OMP_NUM_THREADS limits the threads of BLAS. For CuPy it
    is 1.
    """
    if xp is not numpy:
        return 1
    here = cpus()
    allowed = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    return min(here, int(allowed)) if allowed.isdecimal() and int(allowed) > 0 else here


def at_once(function, lanes, *numbers):
    """function(*piece, *numbers) for each piece of each lane, each exactly once.

    No lane may wait for a thread that never starts. So each free thread takes the next lane, and
    the caller's thread does, too. The pieces of a lane come one after the other, so they may share
    scratch memory. Returns when all are done. If lanes raise errors, the error of the first such
    lane is raised then.
    """
    if len(lanes) == 1:
        for piece in lanes[0]:
            function(*piece, *numbers)
        return
    waiting, results = SimpleQueue(), [Future() for _ in lanes]
    for lane in zip(lanes, results):
        waiting.put(lane)

    def take():
        while True:
            try:
                lane, result = waiting.get_nowait()
            except Empty:
                return
            try:
                for piece in lane:
                    function(*piece, *numbers)
                result.set_result(None)
            except BaseException as error:
                result.set_exception(error)

    _call_helpers(len(lanes) - 1, take)
    take()
    wait(results)
    for result in results:
        result.result()


def _call_helpers(n, take):
    """Let n threads call `take` in the errstate of this one.

    They are fewer if the system refuses new threads, or Python does because it is about to end.
    """
    global _threads
    threads = _threads = _threads or ThreadPoolExecutor(os.cpu_count(), "numpygan")
    try:
        for _ in range(n):
            threads.submit(contextvars.copy_context().run, take)
    except (RuntimeError, MemoryError):
        # The refused call is queued already. Drop it with the pool, or the queue grows for ever.
        _threads = None
        threads.shutdown(wait=False, cancel_futures=True)


def _forget():
    global _threads
    _threads = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # a forked process has none of its parent's threads
