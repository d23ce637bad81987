"""Figures of matplotlib with the same style on every machine, saved as .png; and the palette.

The user's matplotlibrc, MPLBACKEND, style, fonts and LaTeX have no effect here, and the user's
settings are not changed.
"""

import logging
import os
import sys
import threading
import warnings
from contextlib import contextmanager

import numpy

from ..files import write_whole

# Okabe and Ito's palette, which colour-blind readers can tell apart
BLACK, GREEN, BLUE, ORANGE = "#000000", "#009e73", "#0072b2", "#d55e00"
AMBER, PINK, SKY, GREY = "#e69f00", "#cc79a7", "#9ecae1", "#777777"

_one_at_a_time = threading.RLock()  # matplotlib's settings belong to the whole process


def _unlock():
    global _one_at_a_time
    _one_at_a_time = threading.RLock()


if hasattr(os, "register_at_fork"):
    # A thread that draws while the process is forked is not there in the child, to release it.
    os.register_at_fork(after_in_child=_unlock)


@contextmanager
def saved_figure(target, width, height, columns=1, dpi=110):
    """A figure with `columns` axes side by side; saved as .png when the block ends.

    target         a path, or an open binary file
    width, height  in inches
    Raises NumpyganError if the path can't be written.
    """
    with own_settings():
        figure, axes = new_figure(width, height, columns)
        yield figure, axes
        save = lambda file: figure.savefig(file, format="png", dpi=dpi)
        if hasattr(target, "write"):
            save(target)
        else:
            write_whole(target, save)


def new_figure(width, height, columns=1):
    """A figure with `columns` axes side by side, and its axes; without a window and without pyplot.

    Call it within `own_settings`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns)
    for one in numpy.atleast_1d(axes):
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes


@contextmanager
def own_settings():
    """matplotlib with its default settings and no messages; afterwards as the user had it."""
    log = logging.getLogger("matplotlib")
    with _one_at_a_time, warnings.catch_warnings():
        level = log.level  # read under the lock: another thread may have changed it before
        warnings.simplefilter("ignore")  # a path in a title may hold letters that the font lacks
        log.setLevel(logging.CRITICAL)
        try:
            matplotlib = _import()
            # These settings are about windows, and no window is opened here.
            kept = {"backend", "backend_fallback", "interactive", "toolbar"}
            names = matplotlib.rcParamsDefault.keys() - kept
            with matplotlib.rc_context({name: matplotlib.rcParamsDefault[name] for name in names}):
                yield
        finally:
            log.setLevel(level)


def _import():
    """The module matplotlib, even if the user's settings make importing it fail."""
    try:
        import matplotlib
    except Exception:  # MPLBACKEND is unknown here, or a matplotlibrc is not text
        from unittest import mock  # rare, and it loads asyncio

        for name in [name for name in sys.modules if name.startswith("matplotlib.")]:
            del sys.modules[name]  # they refer to the module that failed
        is_folder, theirs = os.path.isdir, ("MPLBACKEND", "MATPLOTLIBRC")
        elsewhere = lambda path: (
            (os.path.basename(path) == "matplotlibrc" and "mpl-data" not in str(path))
            or is_folder(path)
        )
        clean = {name: value for name, value in os.environ.items() if name not in theirs}
        with mock.patch.dict(os.environ, clean, clear=True), mock.patch("os.path.isdir", elsewhere):
            import matplotlib
    return matplotlib
