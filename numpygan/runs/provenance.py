"""What made a run: program, BLAS, threads, data and recipe. Checkpoints keep it as one JSON text, `made`."""

import json
import os
import platform
from dataclasses import fields, replace

import numpy
from threadpoolctl import threadpool_info

from .. import __version__
from ..cores import cores
from ..errors import NumpyganError, printable
from ..reading import read_arrays
from ..gan.recipes import Recipe
from .training import load_dataset

LENGTH = ("epochs", "iterations")  # what may change in a run
_NAMES = {  # of what the bits of θ depend on
    "numpygan": "numpygan", "python": "Python", "numpy": "NumPy", "blas": "the BLAS library",
    "kernel": "the BLAS kernel", "blas_threads": "the number of BLAS threads",
    "ranks": "the number of MPI ranks", "device": "the device",
}  # fmt: skip


def environment(device, ranks, xp=numpy):
    """What computes now, by name. `threads` are numpygan's own, which never change a result."""
    blas = next((library for library in threadpool_info() if library["user_api"] == "blas"), {})
    return {
        "numpygan": __version__, "python": platform.python_version(), "numpy": numpy.__version__,
        "blas": f"{blas['internal_api']} {blas['version']}" if blas else None,
        "kernel": blas.get("architecture"), "blas_threads": blas.get("num_threads"),
        "threads": cores(xp), "ranks": ranks.size, "device": device,
    }  # fmt: skip


class Made:
    """What makes a run: its `recipe`, the `digest` of its data, the environments of `earlier` sessions and that of this one.

    A session that has the environment of the one before it is the same session: it has the same bits.
    """

    def __init__(self, recipe, digest, earlier, now):
        self._recipe, self._digest, self._earlier, self._now = recipe, digest, earlier, now

    def text(self, iteration):
        """The text for a checkpoint; this session began at `iteration`."""
        sessions = self._earlier
        if not sessions or self._now | {"iteration": 0} != sessions[-1] | {"iteration": 0}:
            sessions = [*sessions, {"iteration": iteration} | self._now]
        return json.dumps({"recipe": vars(self._recipe), "data": self._digest, "sessions": sessions})

    def changes(self):
        """A line for each part of the environment that was another in the session before and can change bits."""
        before, now = self._earlier[-1] if self._earlier else {}, self._now
        for name, what in _NAMES.items():
            if name in before and before[name] != now[name]:
                hint = ""
                if name == "blas_threads":
                    hint = f"; to keep them, set OPENBLAS_NUM_THREADS={before[name]!s:.60}"
                yield printable(
                    f"resume: the bits can differ from those of an uninterrupted run, because {what} "
                    f"was {before[name]!s:.60} and is {now[name]} now{hint}"
                )


def recorded(run):
    """What `Made.text` wrote into the newest checkpoint of `run` that can be read; {} if there is none, or an old one.

    Raises NumpyganError if it is something else.
    """
    for path in (run.checkpoint, run.best):
        try:
            arrays = read_arrays(path, lambda names: [name for name in names if name == "made"])
        except NumpyganError:  # whoever needs the checkpoint reports it
            continue
        return _read(path, str(arrays["made"])) if "made" in arrays else {}
    return {}


def _read(path, text):
    try:
        found = json.loads(text)
        recipe, data, sessions = found["recipe"], found["data"], found["sessions"]
        good = isinstance(recipe, dict) and isinstance(data, str | None) and isinstance(sessions, list) and len(sessions) > 0
        good = good and all(isinstance(session, dict) for session in sessions)
    except (ValueError, KeyError, TypeError, RecursionError):
        good = False
    if not good:
        raise NumpyganError(f"{path}: `made`, which says what made the run, is damaged; use another checkpoint.")
    return found


def check_recipe(recipe, before, run):
    """Raise NumpyganError if the run's checkpoint was made by another recipe; its length and the place of its data apart."""
    if not before:
        return
    defaults = {field.name: field.default for field in fields(Recipe)}  # of fields that are newer than the checkpoint
    now, was = (json.loads(json.dumps(table)) for table in (vars(recipe), defaults | before["recipe"]))
    for name, value in now.items():
        if name not in ("data", *LENGTH) and value != was[name]:
            raise NumpyganError(
                f"{run.config}: {name} is {value!r}, but the run was made with {was[name]!r}, as its checkpoint says; only the "
                f"length of a run can change, so put {name} back, or train another run with a new --out."
            )


def load_again(recipe, before, run):
    """The Dataset of a run's `recipe`, and its digest. Raises NumpyganError if it isn't there or isn't what the run was trained on."""
    try:
        dataset, digest = load_with_digest(recipe)
    except NumpyganError as error:
        raise NumpyganError(
            f"{str(error).removesuffix('.')}; if the data of {run.path} lie elsewhere now, give the place with --data PATH."
        ) from None
    if before and digest != before["data"]:
        raise NumpyganError(
            f"data: {recipe.data} (sha256 {_short(digest)}) is not what {run.path} was trained on, {before['recipe'].get('data')} "
            f"(sha256 {_short(before['data'])}); give those data with --data PATH, or train a new run on these."
        )
    return dataset, digest


def _short(digest):
    return "none, a toy" if digest is None else f"{digest[:12]}…"


def load_with_digest(recipe):
    """The Dataset of `recipe`, preprocessed, and the digest of its rows as they were read; for a toy (None, None)."""
    dataset = load_dataset(recipe)
    if dataset is None:
        return None, None
    read = dataset if recipe.preprocess == "none" else load_dataset(replace(recipe, preprocess="none"))
    return dataset, read.digest()


def dataset_of(run, place=None):
    """The Dataset that `run` was trained on, read from `place` if it lies there now. Raises NumpyganError as `load_again` does."""
    recipe, before = run.recipe(), recorded(run)
    if place is not None:
        if not before:
            raise NumpyganError(
                f"--data: {run.path} was made by a version that kept no digest of its data, so nothing tells whether those of "
                f"{place} are the same; if they are, write their place into {run.config}."
            )
        recipe = replace(recipe, data=os.path.expanduser(place))
    return load_again(recipe, before, run)[0]
