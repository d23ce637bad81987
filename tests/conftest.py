"""One BLAS thread, signals as a terminal leaves them, and a generator of numbers."""

import os
import signal

# The networks here are small: on a busy machine threads wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy
import pytest

from tests.helpers.browser import chromium, open_page

__all__ = ["chromium", "open_page"]

# Under nohup, or in a script's background, signals are ignored, and programs that tests start would
# inherit that.
for name, handler in (
    ("SIGINT", signal.default_int_handler),
    ("SIGTERM", signal.SIG_DFL),
    ("SIGHUP", signal.SIG_DFL),
):
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, name), handler)


@pytest.fixture
def rng():
    return numpy.random.default_rng(20140610)
