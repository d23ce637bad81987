"""Many independent runs: on the other ranks of an MPI job, or each in a process of its own on this
machine.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import resource_tracker

from ..errors import NumpyganError
from .loop import Interrupted
from .stop import StopSignals

_SECONDS_BETWEEN_LOOKS = 0.3  # at whether somebody wants to stop
_SECONDS_TO_SAVE = 10  # for a process whose parent has died
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_AT_ONCE = (
    "ended at once; runs that are finished are kept, others go on from their checkpoints: "
    "give the same command again."
)


def carry_out(function, jobs, workers, ranks):
    """Yield (job, future) for each of `jobs`, tuples of arguments, as function(*job) is done or has
    raised.

    workers  how many at a time, if there are no other ranks
    Raises Interrupted on a signal to stop: nothing more is begun, what runs is asked to stop, and
    yielded when it has ended. Without MPI it starts processes by `spawn`: a script that calls it
    needs `if __name__ == "__main__":`.
    """
    waiting, running = deque(jobs), {}
    last_words = lambda: "" if ranks.rank else _AT_ONCE
    with (
        StopSignals(last_words) as stop,
        ranks.executor() if ranks.size > 1 else _processes(workers) as pool,
    ):
        if pool is None:  # another rank than the first: it has done what it was sent
            return
        places = ranks.size - 1 if ranks.size > 1 else workers
        while running or (waiting and not stop.asked):
            # What waits in the pool itself would be begun after a stop
            while waiting and len(running) < places and not stop.asked:
                job = waiting.popleft()
                running[pool.submit(function, *job)] = job
            done, _ = wait(running, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
            if stop.asked and ranks.size == 1:
                pool.stop()
            for future in done:
                yield running.pop(future), future
    if stop.asked:
        raise Interrupted


def in_words(error):
    """What became of a run whose future has the exception `error`."""
    if isinstance(error, Interrupted):
        return "interrupted and saved"
    if isinstance(error, BrokenExecutor):
        return "its process was killed; the same command goes on with it"
    return str(error) if isinstance(error, NumpyganError) else f"{type(error).__name__}: {error}"


class _Processes(ThreadPoolExecutor):
    """An executor that gives every call a process of its own: one that is killed takes no other
    with it.

    A process is held by a connection. A message on it asks the process to stop; so does its end,
    which comes when this process ends, however that happens and on every system.
    """

    def __init__(self, workers):
        super().__init__(workers, initializer=_leave_ctrl_c_to_the_parent)
        self._held, self._stopped, self._lock = set(), False, threading.Lock()

    def submit(self, function, *args):
        return super().submit(self._in_own_process, function, args)

    def stop(self):
        """Ask every process to save and end."""
        with self._lock:
            told, self._held, self._stopped = self._held, set(), True
            for connection in told:
                try:
                    connection.send("stop")
                except OSError:  # it has ended
                    pass

    def _in_own_process(self, function, args):
        # a fork would inherit BLAS's threads and locks
        context = multiprocessing.get_context("spawn")
        connection, its_own = context.Pipe()
        process = context.Process(target=_work, args=(its_own, function, args))
        with connection:
            with its_own, self._lock:
                if self._stopped:
                    raise Interrupted
                process.start()
                self._held.add(connection)
            try:
                result, error = connection.recv()
            except (EOFError, OSError):
                raise BrokenExecutor("its process was killed") from None
            finally:
                process.join()
                with self._lock:
                    self._held.discard(connection)
        if error is not None:
            raise error
        return result


def _leave_ctrl_c_to_the_parent():
    """Ctrl-C reaches every process of a terminal, also one that is still loading NumPy.

    A blocked signal stays so in a child.
    """
    if hasattr(signal, "pthread_sigmask"):
        # Its start, which is part of a first child's, would unblock it
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


def _work(parent, function, args):
    """In a process of its own: send the parent (result, None) or (None, exception)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_obey, args=(parent,), daemon=True).start()
    try:
        outcome = function(*args), None
    except BaseException as error:
        outcome = None, error
    try:
        parent.send(outcome)
    except OSError:  # the parent has died
        pass
    except Exception as error:  # what can't be pickled
        parent.send(
            (None, NumpyganError(f"{type(outcome[1] or error).__name__}: {outcome[1] or error}"))
        )


def _obey(parent):
    """End this process when the parent asks for it, and soon when the parent has died."""
    asked = _received(parent)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)
    else:
        signal.raise_signal(signal.SIGTERM)
    if asked:
        _received(parent)
    else:
        time.sleep(_SECONDS_TO_SAVE)
    os._exit(1)


def _received(parent):
    """Wait for a message; whether one came before the connection's end."""
    try:
        parent.recv()
        return True
    except (EOFError, OSError):
        return False


@contextmanager
def _processes(workers):
    """Its processes have one BLAS thread each, a number that NumPy reads from the environment when
    it is loaded.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ |= dict.fromkeys(_THREADS, "1")
    try:
        with _Processes(workers) as pool:
            try:
                yield pool
            except BaseException:  # whoever asked for the runs wants no more of them
                pool.stop()
                raise
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value
