"""A Ctrl-C while the program still imports its modules ends it without a traceback."""

import os
import sys


def _watch():
    """Let the program numpygan, but no other that imports it, say what a Ctrl-C did and exit 130.

    `cli.main` does the same as soon as it runs; the imports before take a third of a second.
    """
    program = os.path.splitext(os.path.basename(sys.argv[0]))[0] if sys.argv else ""
    module = sys.orig_argv[sys.orig_argv.index("-m") + 1 :][:1] if program == "-m" else []
    if program == "numpygan" or module == ["numpygan"]:
        sys.excepthook = _end


def _end(kind, error, trace):
    if not issubclass(kind, KeyboardInterrupt):
        return sys.__excepthook__(kind, error, trace)
    try:
        os.write(2, b"numpygan: interrupted; give the same command to start again.\n")
    finally:
        os._exit(130)  # Python's end would wait for what is half imported


_watch()
