"""Work shared out over the cores of one machine. NumPy lets go of the interpreter while it computes, so threads do at once."""

import contextvars
import os
from concurrent.futures import ThreadPoolExecutor, wait

import numpy

_threads = None  # beside the caller's own


def cpus():
    """The number of CPUs that this process may use; where the system does not tell, the number that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores(xp):
    """Over how many cores work on arrays of `xp` may be shared out: this process's, but no more than BLAS is allowed; of CuPy's, 1.

    BLAS is allowed what OPENBLAS_NUM_THREADS or, without it, OMP_NUM_THREADS says.
    """
    if xp is not numpy:
        return 1
    here = cpus()
    allowed = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    return min(here, int(allowed)) if allowed.isdecimal() and int(allowed) > 0 else here


def at_once(work, n):
    """work(0), …, work(n − 1), each on a core of its own if there are as many; returns when all are done, or raises what one did."""
    global _threads
    if n == 1:
        work(0)
        return
    if _threads is None:
        _threads = ThreadPoolExecutor(os.cpu_count(), "numpygan")
    others = []
    try:
        for i in range(1, n):
            others.append(_threads.submit(contextvars.copy_context().run, work, i))  # with this thread's numpy.errstate
    except RuntimeError:  # the main thread has ended, and Python lets no other start anything: the rest is done here
        pass
    try:
        for i in [0, *range(len(others) + 1, n)]:
            work(i)
    finally:
        wait(others)
    for other in others:
        other.result()


def _forget():
    global _threads
    _threads = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # a forked process has none of its parent's threads
