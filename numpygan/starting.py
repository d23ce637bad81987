"""A Ctrl-C while the program still imports its modules ends it without a traceback."""

import os
import signal
import sys


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
        os.write(2, b"numpygan: interrupted; give the same command to start again.\n")
    finally:
        os._exit(130)


def imported():
    """From here on a Ctrl-C is a KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if _is_program() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
