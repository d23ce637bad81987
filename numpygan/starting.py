"""A signal to stop while the program imports its modules, or when it is done: one sentence."""

import os
import signal
import sys
import threading
from contextlib import contextmanager

_IMPORT = "<frozen importlib._bootstrap>", "_find_and_load"  # runs in each import of a new module
_SECONDS_LATER, _MOST_TIMES = 0.01, 500  # a signal is sent again after this time, this often


def _is_program():
    """Whether this process is the command numpygan, and not one that imports the library."""
    if "--multiprocessing-fork" in sys.orig_argv:  # a child of the command has its arguments
        return False
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0] if sys.argv else ""
    if name == "-m":
        return "numpygan" in sys.orig_argv[sys.orig_argv.index("-m") + 1 :][:1]
    return name == "numpygan"


def _end(number, frame):
    # An exception would not do: NumPy turns it into an ImportError that tells of a bad install.
    try:
        os.write(2, b"numpygan: Stopped; give the same command to start again.\n")
    finally:
        os._exit(130)


def _is_import(frame):
    """Whether an import statement runs at this frame, or has called it."""
    while frame is not None:
        if (frame.f_code.co_filename, frame.f_code.co_name) == _IMPORT:
            return True
        frame = frame.f_back
    return False


class _Stop:
    """Makes a signal a KeyboardInterrupt, after the import if one is running.

    An exception in an import can get lost: the C code of a module drops it, or makes it an
    ImportError that tells of a damaged package; Python makes it a RuntimeError in __set_name__; and
    a C module can crash if it is dropped half loaded. The import may be of the user's own code,
    which can take any time. So a second signal is raised at once, and the first after 5 seconds.
    """

    def __init__(self):
        self._waiting, self._times = False, 0
        self.raised = False

    def __call__(self, number, frame):
        if self._waiting or self._times > _MOST_TIMES or not _is_import(frame):
            self.raised = True
            raise KeyboardInterrupt
        self._times += 1
        self._later()

    def dropped(self, what):
        """In place of sys.unraisablehook, for an exception in a __del__ and the like."""
        if what.exc_type is KeyboardInterrupt:
            self._later()
        else:
            sys.__unraisablehook__(what)

    def _later(self):
        self._waiting = True
        timer = threading.Timer(_SECONDS_LATER, self._again)
        timer.daemon = True  # the end of the program does not wait for it
        timer.start()

    def _again(self):
        self._waiting = False
        if hasattr(signal, "pthread_kill"):  # also ends a wait of the main thread
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        else:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def interruptible():
    """Within the block Ctrl-C, SIGTERM and SIGHUP raise KeyboardInterrupt.

    Yields an object whose `raised` says whether one did. C code that calls Python, such as
    pybind11's conversion of arguments, can make it another error.

    After it the program is done, and a Ctrl-C changes nothing: it would kill the interpreter,
    which is about to end.
    """
    ours = [number for number in _waiting if signal.getsignal(number) is _end]
    stop = _Stop()
    if not ours:
        yield stop
        return
    sys.unraisablehook = stop.dropped
    for number in ours:
        signal.signal(number, stop)
    try:
        yield stop
    finally:
        for number in _waiting:
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
        sys.unraisablehook = sys.__unraisablehook__


_waiting: list[int] = []  # the signals for which the end of the imports is awaited
if _is_program():
    for _name in ("SIGINT", "SIGTERM", "SIGHUP"):
        _number = getattr(signal, _name, None)  # Windows has no SIGHUP
        _usual = (signal.default_int_handler, signal.SIG_DFL)
        if _number is not None and signal.getsignal(_number) in _usual:
            signal.signal(_number, _end)
            _waiting.append(_number)
