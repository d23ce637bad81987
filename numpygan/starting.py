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
    """Within the block a Ctrl-C is a KeyboardInterrupt again.

    After it the program is done, and a Ctrl-C changes nothing: it would kill the interpreter,
    which is about to end.
    """
    for number, handler in _before.items():
        if signal.getsignal(number) is _end:
            signal.signal(number, handler)
    try:
        yield
    finally:
        if signal.SIGINT in _before:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


_before: dict[int, object] = {}  # the handlers that wait for the end of the imports
if _is_program():
    for _name in ("SIGINT", "SIGTERM", "SIGHUP"):
        _number = getattr(signal, _name, None)  # Windows has no SIGHUP
        _usual = (signal.default_int_handler, signal.SIG_DFL)
        if _number is not None and signal.getsignal(_number) in _usual:
            _before[_number] = signal.signal(_number, _end)
