"""Many independent runs at a time: on the ranks of an MPI job, or in processes of this machine."""

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

_SECONDS_BETWEEN_LOOKS = 0.3  # a signal to stop is looked for this often
_SECONDS_TO_SAVE = 10  # a process whose parent has died may take this long to save
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_AT_ONCE = (
    "ended at once; finished runs are kept; to resume the others from their checkpoints, give the "
    "same command again."
)


def carry_out(function, jobs, workers, ranks):
    """Yield (job, future) for each of `jobs`, tuples of arguments, when function(*job) is done.

    The future holds the result or the exception.

    workers  the number of jobs at a time, if there are no other ranks
    Raises Interrupted on a signal to stop: no job is begun any more, and running jobs are asked to
    stop and are yielded when they have ended. Raises NumpyganError where no process can be started:
    without MPI they are made by `spawn`, so a script needs `if __name__ == "__main__":`.
    """
    if ranks.size == 1:
        _check_may_start()
    waiting, running = deque(jobs), {}
    last_words = lambda: "" if ranks.rank else _AT_ONCE
    with (
        StopSignals(last_words) as stop,
        ranks.executor() if ranks.size > 1 else _processes(workers) as pool,
    ):
        if pool is None:  # this is not the first rank, and its work is done
            return
        places = ranks.size - 1 if ranks.size > 1 else workers
        while running or (waiting and not stop.asked):
            # No job waits inside the pool: the pool would begin it after a stop.
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


def _check_may_start():
    process = multiprocessing.current_process()
    if getattr(process, "_inheriting", False):  # it still imports the script of its parent
        raise NumpyganError(
            "a script that trains many runs starts processes, and each of them imports the script; "
            'put what the script does under `if __name__ == "__main__":`.'
        )
    if process.daemon:
        raise NumpyganError(
            "a daemonic process can't start the processes of many runs; start it with daemon=False."
        )


def in_words(error, path):
    """The words for the exception `error` of the future of the run at `path`, without the path."""
    if isinstance(error, Interrupted):
        return "interrupted and saved"
    if isinstance(error, BrokenExecutor):
        return f"{error}; the same command resumes it"
    if isinstance(error, OSError):
        return f"the system says: {error.strerror or error}"
    if isinstance(error, NumpyganError):
        return str(error).removeprefix(f"{path}: ")
    return f"{type(error).__name__}: {error}"


class _Processes(ThreadPoolExecutor):
    """An executor with a process for every call: if one is killed, the others go on.

    A connection leads to each process. A message on it asks the process to stop. The end of the
    connection does the same; it comes when this process ends, however it ends, on every system.
    """

    def __init__(self, workers):
        super().__init__(workers)
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
        _leave_ctrl_c_to_the_parent()
        # A fork would inherit the threads and locks of BLAS.
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
                process.join()
                how = "was killed"
                if process.exitcode >= 0:
                    how = f"ended with exit code {process.exitcode}; what it printed says why"
                raise BrokenExecutor(f"its process {how}") from None
            finally:
                process.join()
                with self._lock:
                    self._held.discard(connection)
        if error is not None:
            raise error
        return result


def _leave_ctrl_c_to_the_parent():
    """Block SIGINT in the processes that this thread starts.

    Ctrl-C reaches every process of a terminal, also one that is still importing NumPy. A child
    keeps the signals blocked that were blocked in its parent.
    """
    if hasattr(signal, "pthread_sigmask"):
        # Starting the resource tracker, with the first child, would unblock the signal again.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


def _work(parent, function, args):
    """In the new process: send the parent (result, None) or (None, exception)."""
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
    except Exception as error:  # the outcome can't be pickled
        error = outcome[1] or error
        parent.send((None, NumpyganError(f"{type(error).__name__}: {error}")))


def _obey(parent):
    """End this process when the parent asks for it, or soon after the parent has died."""
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
    """Wait for a message; False if the connection ended instead."""
    try:
        parent.recv()
        return True
    except (EOFError, OSError):
        return False


@contextmanager
def _processes(workers):
    """A pool whose processes have one BLAS thread each.

    NumPy reads this number from the environment when it is imported.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ |= dict.fromkeys(_THREADS, "1")
    try:
        with _Processes(workers) as pool:
            try:
                yield pool
            except BaseException:  # the caller does not want the other runs any more
                pool.stop()
                raise
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value
