"""A signal to stop while the program imports its modules, or when it is done: one sentence."""

import os
import signal
import sys
from contextlib import contextmanager


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


@contextmanager
def interruptible():
    """Within the block Ctrl-C, SIGTERM and SIGHUP raise KeyboardInterrupt.

    After it the program is done, and a Ctrl-C changes nothing: it would kill the interpreter,
    which is about to end.
    """
    for number in _waiting:
        if signal.getsignal(number) is _end:
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in _waiting:
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)


_waiting: list[int] = []  # the signals for which the end of the imports is awaited
if _is_program():
    for _name in ("SIGINT", "SIGTERM", "SIGHUP"):
        _number = getattr(signal, _name, None)  # Windows has no SIGHUP
        _usual = (signal.default_int_handler, signal.SIG_DFL)
        if _number is not None and signal.getsignal(_number) in _usual:
            signal.signal(_number, _end)
            _waiting.append(_number)
