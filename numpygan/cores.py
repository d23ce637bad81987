"""Several cores at work on one iteration.

BLAS alone would put every core to work on each product and leave the updates, which are as large as the networks, to one; and its
threads, which spin for a while after a product, would be in the way of any others. So within `several_cores()` BLAS computes on one
thread, and products and updates are shared out here. NumPy lets go of the interpreter while it computes, so threads do at once.
"""

import contextvars
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

_WORTH = 5_000_000  # multiply-adds: a smaller product is done before another thread has woken up
_LEAST = 64  # columns of a share

_threads, _cores = None, 1


@contextmanager
def several_cores():
    """Within it `matmul` and `at_once` use as many cores as BLAS would (see OPENBLAS_NUM_THREADS), and BLAS one for each product."""
    global _threads, _cores
    from threadpoolctl import ThreadpoolController

    blas = ThreadpoolController().select(user_api="blas")
    cores = max((library["num_threads"] for library in blas.info()), default=1)
    if cores == 1 or _threads:
        yield
        return
    with blas.limit(limits=1), ThreadPoolExecutor(cores - 1, "numpygan") as _threads:
        _cores = cores
        try:
            yield
        finally:
            _threads, _cores = None, 1


def at_once(work, parts):
    """work(part) for each of `parts`, not more than there are cores (see `shares`), at the same time."""
    first, *others = parts
    running = [_threads.submit(contextvars.copy_context().run, work, part) for part in others]  # with this thread's numpy.errstate
    try:
        work(first)
    finally:
        wait(running)
    for done in running:
        done.result()


def shares(n, least=1):
    """range(n) in slices, one for each core but none shorter than `least`; at least one."""
    parts = max(1, min(_cores, n // least))
    return [slice(i * n // parts, (i + 1) * n // parts) for i in range(parts)]


def matmul(xp, a, b, out):
    """a b into `out`; columns of `b` are shared out."""
    if _cores == 1 or out.size * len(b) < _WORTH:
        xp.matmul(a, b, out=out)
        return
    at_once(lambda columns: xp.matmul(a, b[:, columns], out=out[:, columns]), shares(out.shape[1], _LEAST))
