"""The one place where matplotlib draws: a figure in the same style on every machine, saved as .png,
and the palette.

A user's matplotlibrc, MPLBACKEND, style, fonts and LaTeX change nothing here, and nothing here
changes them.
"""

import logging
import os
import sys
import threading
import warnings
from contextlib import contextmanager
from unittest import mock

import numpy

from ..files import write_whole

# Okabe and Ito: colours that the colour-blind can tell apart
BLACK, GREEN, BLUE, ORANGE = "#000000", "#009e73", "#0072b2", "#d55e00"
AMBER, PINK, SKY, GREY = "#e69f00", "#cc79a7", "#9ecae1", "#777777"

_one_at_a_time = threading.RLock()  # matplotlib's settings belong to the whole process


@contextmanager
def saved_figure(path, width, height, columns=1, dpi=110):
    """A figure of `columns` plots side by side, and its axes; saved as .png at `path` when it ends.

    width, height  in inches
    """
    with own_settings():
        figure, axes = new_figure(width, height, columns)
        yield figure, axes
        write_whole(path, lambda file: figure.savefig(file, format="png", dpi=dpi))


def new_figure(width, height, columns=1):
    """A figure of `columns` plots side by side, and its axes; no window, no pyplot.

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
    """matplotlib with its default settings and in silence; afterwards it is as the user had it."""
    log = logging.getLogger("matplotlib")
    with _one_at_a_time, warnings.catch_warnings():
        level = log.level  # read once nobody else has changed it
        warnings.simplefilter("ignore")  # a path in a title may hold letters that the font lacks
        log.setLevel(logging.CRITICAL)
        try:
            matplotlib = _import()
            # Of windows, which we don't open
            kept = {"backend", "backend_fallback", "interactive", "toolbar"}
            names = matplotlib.rcParamsDefault.keys() - kept
            with matplotlib.rc_context({name: matplotlib.rcParamsDefault[name] for name in names}):
                yield
        finally:
            log.setLevel(level)


def _import():
    """The module matplotlib, also where the user's settings are such that importing it fails."""
    try:
        import matplotlib
    except Exception:  # MPLBACKEND is unknown here, or a matplotlibrc is not text
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
