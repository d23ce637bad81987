"""The runs of a sweep: playing one, and the measures of one that is finished."""

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy

from ..data.sources import TOYS
from ..errors import Finished, NumpyganError
from ..files import write_json
from ..metrics import toys
from ..reading import read_json
from .directory import RunDirectory
from .loop import train

RESULT = "result.json"  # a file in the directory of a finished run
_MEASURES = {"V", "D_real", "D_fake", "iteration", "seconds"}
_COUNTED = ("iteration", "seconds", "modes", "HQ")  # none is less than 0


def finished(recipe, path):
    """The measures of the run of `recipe` in the directory `path`, or None if it is not finished.

    They are read from result.json, which `play` writes. Raises NumpyganError if the directory
    holds a run with other settings, or if the file is damaged.
    """
    run, file = RunDirectory(path), Path(path) / RESULT
    if run.config.exists():
        recipe = _in_its_words(recipe, run)
        run.expect(recipe)
    if not os.path.lexists(file):
        return None
    if run.recipe() != replace(recipe, data=run.recipe().data):  # of another length
        return None
    again = "delete it, and the sweep makes it again"
    result = read_json(file, again)
    complete = isinstance(result, dict) and result.keys() >= _MEASURES
    if not complete or any(type(x) not in (int, float) for x in result.values()):
        raise NumpyganError(
            f"{file}: is damaged (expected a number for each of {', '.join(sorted(_MEASURES))}); "
            f"{again}."
        )
    for name in _COUNTED:
        if result.get(name, 0) < 0:
            raise NumpyganError(
                f"{file}: is damaged ({name} is {result[name]:g}, less than 0); {again}."
            )
    return {name: float(value) for name, value in result.items()}


def _in_its_words(recipe, run):
    """The recipe with the text `about` of the run, which an older version may have worded."""
    return replace(recipe, about=run.recipe().about)


def play(recipe, path, device="cpu"):
    """Train `recipe` to its end in the run directory `path`, and return the measures by name.

    A run that has begun is resumed. Raises what training raises.
    """
    run = RunDirectory(path)
    (run.path / RESULT).unlink(missing_ok=True)  # it may be the result of a shorter run
    try:
        if run.config.exists():
            train(_in_its_words(recipe, run), run, device, resume=True)
        else:
            train(recipe, run, device)
    except Finished:  # the process was killed before it wrote the result
        pass
    rows = run.read_metrics()
    if not rows:
        raise NumpyganError(
            f"{run.metrics}: has no rows; delete {run.path}, and the same command makes this run "
            "again."
        )
    parzen = [row["parzen"] for row in rows if not math.isnan(row["parzen"])]
    result = {"parzen": max(parzen)} if parzen else {}
    result |= {name: rows[-1][name] for name in _MEASURES}
    if recipe.data in TOYS:
        result |= toys.score(run.generator()[0], recipe)
    with run.locked():
        write_json(run.path / RESULT, result)
    return result


def mean_and_se(values):
    """The mean of some runs' measures, and its standard error s/√n, s² = Σ (x − mean)²/(n − 1).

    The standard error is None for one run.
    """
    n = len(values)
    se = float(numpy.std(values, ddof=1) / math.sqrt(n)) if n > 1 else None
    return float(numpy.mean(values)), se
