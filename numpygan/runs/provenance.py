"""What made a run: program, BLAS, threads, data and recipe.

Checkpoints keep it as one JSON text, `made`.
"""

import json
import platform
from contextlib import suppress
from dataclasses import fields, replace

import numpy
from threadpoolctl import threadpool_info

from ..data.dataset import check_fits, prepared
from ..data.names import local_path
from ..errors import NumpyganError, printable
from ..nn.threads import cores
from ..reading import read_arrays
from ..recipes.recipe import Recipe
from ..version import __version__

LENGTH = ("epochs", "iterations")  # the fields that may change in a run
_NAMES = {  # the bits of θ depend on these
    "numpygan": "numpygan",
    "python": "Python",
    "numpy": "NumPy",
    "blas": "the BLAS library",
    "kernel": "the BLAS kernel",
    "blas_threads": "the number of BLAS threads",
    "ranks": "the number of MPI ranks",
    "device": "the device",
}


def environment(device, ranks, xp=numpy):
    """What computes now, by name. `threads` are numpygan's own, which never change a result."""
    blas = next((library for library in threadpool_info() if library["user_api"] == "blas"), {})
    return {
        "numpygan": __version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "blas": f"{blas['internal_api']} {blas['version']}" if blas else None,
        "kernel": blas.get("architecture"),
        "blas_threads": blas.get("num_threads"),
        "threads": cores(xp),
        "ranks": ranks.size,
        "device": device,
    }


class Made:
    """What makes a run: `recipe`, `digest` of its data, environments `earlier` and `now`.

    A session with the environment of the session before is not listed: it has the same bits.
    """

    def __init__(self, recipe, digest, earlier, now):
        self._recipe, self._digest, self._earlier, self._now = recipe, digest, earlier, now

    def text(self, iteration):
        """The text for a checkpoint; this session began at `iteration`."""
        sessions = self._earlier
        if not sessions or self._now | {"iteration": 0} != sessions[-1] | {"iteration": 0}:
            sessions = [*sessions, {"iteration": iteration} | self._now]
        made = {"recipe": vars(self._recipe), "data": self._digest, "sessions": sessions}
        return json.dumps(made)

    def changes(self):
        """A line for each part of the environment that changed since the last session.

        Only parts that can change bits are named.
        """
        before, now = self._earlier[-1] if self._earlier else {}, self._now
        for name, what in _NAMES.items():
            if name in before and before[name] != now[name]:
                hint = ""
                if name == "blas_threads":
                    hint = f"; to keep them, set OPENBLAS_NUM_THREADS={before[name]!s:.60}"
                yield printable(
                    "resume: the bits can differ from those of an uninterrupted run, because "
                    f"{what} was {before[name]!s:.60} and is {now[name]} now{hint}"
                )


def recorded(run):
    """The text of `Made.text` in the newest readable checkpoint of `run`, as a dict.

    It is {} if there is no checkpoint, or an old one. Raises NumpyganError if it is damaged.
    """
    for path in (run.checkpoint, run.best):
        try:
            arrays = read_arrays(path, lambda names: [name for name in names if name == "made"])
        except NumpyganError:  # the code that needs the checkpoint reports it
            continue
        return of_state(arrays, path)
    return {}


def of_state(arrays, path):
    """`recorded` of the arrays of the checkpoint at `path`."""
    return _read(path, str(arrays["made"])) if "made" in arrays else {}


def _read(path, text):
    try:
        found = json.loads(text)
        recipe, data, sessions = found["recipe"], found["data"], found["sessions"]
        good = isinstance(recipe, dict) and isinstance(data, str | None)
        good = good and isinstance(sessions, list) and len(sessions) > 0
        good = good and all(isinstance(session, dict) for session in sessions)
    except (ValueError, KeyError, TypeError, RecursionError):
        good = False
    if not good:
        raise NumpyganError(
            f"{path}: `made`, the record of what made the run, is damaged; use another checkpoint."
        )
    return found


def check_samples(recipe, before, run):
    """`check_recipe` for a command that reads the run: the text `about` may differ, too."""
    check_recipe(recipe, before, run, ("about",))


def check_recipe(recipe, before, run, may_differ=()):
    """Raise NumpyganError if the run's checkpoint was made by another recipe.

    The length and the path of the data may differ, and the fields `may_differ`.
    """
    if not before:
        return
    # A field that is newer than the checkpoint counts as its default.
    was = {field.name: field.default for field in fields(Recipe)} | before["recipe"]
    now, was = (json.loads(json.dumps(table)) for table in (vars(recipe), was))
    for name, value in now.items():
        if name not in ("data", *LENGTH, *may_differ) and value != was[name]:
            raise NumpyganError(
                f"{run.config}: {name} is {value!r}, but the run was made with {was[name]!r}, as "
                f"its checkpoint says; only the length of a run can change, so put {name} back, or "
                "train another run with a new --out."
            )


def load_again(recipe, before, run):
    """The Dataset of a run's `recipe`, None for a toy.

    Raises NumpyganError if it can't be read or is not the data that the run was trained on.
    """
    try:
        dataset = _prepared(recipe, before)
    except NumpyganError as error:
        if before and recipe.data != before["recipe"].get("data"):
            raise  # the new path was given
        raise NumpyganError(
            f"{str(error).removesuffix('.')}; if the data of {run.path} were moved, give the new "
            "path with --data PATH."
        ) from None
    digest = dataset and dataset.digest()
    if before and digest != before["data"]:
        raise NumpyganError(
            f"data: {recipe.data} (sha256 {_short(digest)}) is not what {run.path} was trained on, "
            f"{before['recipe'].get('data')} (sha256 {_short(before['data'])}); give those data "
            "with --data PATH, or train a new run on these."
        )
    if dataset is not None:
        check_fits(recipe, dataset)
    return dataset


def _prepared(recipe, before):
    """The Dataset of `recipe`, read in the way that gives the digest in `before`, if one does.

    Older versions kept all columns of an array where "auto" now leaves labels out, or asks.
    """
    ways = ("auto", "none") if before and recipe.drop == "auto" else ()
    for drop in ways:
        with suppress(NumpyganError):
            dataset = prepared(replace(recipe, drop=drop))
            if (dataset and dataset.digest()) == before["data"]:
                return dataset
    return prepared(recipe)  # its error, or other data


def _short(digest):
    return "none, a toy" if digest is None else f"{digest[:12]}…"


def dataset_of(run, place=None):
    """The Dataset that `run` was trained on, read from `place` if it is given.

    Raises NumpyganError if the data can't be read or are other data, or config.toml was edited.
    """
    recipe, before = run.recipe(), recorded(run)
    check_samples(recipe, before, run)
    if place is not None:
        if not before:
            raise NumpyganError(
                f"--data: {run.path} was made by a version that kept no digest of its data, so "
                f"numpygan can't check that {place} holds the same; if it does, write this path "
                f"into {run.config}."
            )
        recipe = replace(recipe, data=local_path(place))
    return load_again(recipe, before, run)
