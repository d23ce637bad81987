"""One BLAS thread, signals as in a terminal, cheap garbage collection, no pictures, a generator."""

import gc
import os
import signal

# The networks here are small: on a busy machine threads wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy
import pytest
from hypothesis import settings

from tests.helpers.browser import chromium, open_page
from tests.helpers.plain import plain_pictures

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

# The same examples every time, however slow the machine is
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="module")
def frozen():
    """Each picture of a training is followed by a full garbage collection.

    It would look at every module and test that was loaded, for a fifth of a second.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def undrawn(request):
    """Drawing takes longer than the small trainings of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        if "figures" not in request.path.relative_to(request.config.rootpath).parts:
            plain_pictures(patch.setattr)
        yield


@pytest.fixture
def rng():
    return numpy.random.default_rng(20140610)
