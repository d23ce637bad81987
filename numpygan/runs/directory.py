"""The run directory: the files of a run; its configuration is written and read here."""

import itertools
import json
import math
import os
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy

from .. import __version__
from ..errors import NumpyganError
from ..files import append_line, leftovers, make_folder, remove_leftovers, write_whole
from ..reading import LARGEST, read_json, read_toml
from ..recipes.builtin import Recipe
from ..recipes.networks import build
from ..recipes.settings import change
from . import checkpoint, provenance
from . import metrics_file as metrics
from .ownership import locked

OBJECTIVE = "max over D of V(D, G) = mean log D(x) + mean log(1 - D(G(z)))"
G_OBJECTIVES = {
    "saturating": "min over G of mean log(1 - D(G(z)))",
    "non_saturating": "max over G of mean log D(G(z))",
    "maximum_likelihood": "max over G of mean exp(logit D(G(z)))/2",
}

_UNFIT = (KeyError, TypeError, ValueError, OverflowError, MemoryError)


def rules_in_force(recipe):
    """What is optimised and in which order, in a few lines."""
    if recipe.algorithm == "algorithm1":
        order = (
            f"Algorithm 1: {recipe.k} step{'s' * (recipe.k > 1)} of D, then one of G against "
            f"the updated D"
        )
        objective = OBJECTIVE
    else:
        order = "authors' 2014 code: D and G at once, from one pass"
        objective = OBJECTIVE.replace("V(D, G)", "V(D, G)/2").replace("mean", "1/2 mean")
    lines = [
        f"D      {objective}",
        f"G      {G_OBJECTIVES[recipe.loss]} ({recipe.loss})",
        f"order  {order}",
    ]
    if recipe.average:
        lines.append(
            f"G(z)   samples from the running average of θ_g, β = {recipe.average:g}; training "
            f"itself never reads it"
        )
    return lines


class RunDirectory:
    """The files of one run.

    config.toml, metrics.csv, samples/*.png, checkpoint.npz, best.npz, learning.png,
    evaluation.json, ais.npz, and lock, which is held while training

    A trainer killed at any moment leaves a checkpoint that is whole, or config.toml alone, from
    which the run begins again, or no config.toml, and then the directory is still free. Besides:
    temporary files, and a last line of metrics.csv without its end, which the next trainer removes.
    """

    def __init__(self, path):
        self.path = Path(os.path.expanduser(path))
        self.config, self.metrics = self.path / "config.toml", self.path / "metrics.csv"
        self.samples, self.learning = self.path / "samples", self.path / "learning.png"
        self.checkpoint, self.best = self.path / "checkpoint.npz", self.path / "best.npz"
        self.evaluation, self.ais = self.path / "evaluation.json", self.path / "ais.npz"
        self.lock = self.path / "lock"
        self.held = None  # while training: the Held of the lock
        self._reserved = []

    @classmethod
    def next_free(cls, name, parent="runs"):
        """The first of runs/NAME-1, runs/NAME-2, … that does not exist. It is made at once, so that
        nobody else gets it.

        Raises NumpyganError if it can't be made.
        """
        for n in itertools.count(1):
            run = cls(Path(parent) / f"{name}-{n}")
            try:
                run._reserved = make_folder(run.path, exist_ok=False)
                return run
            except FileExistsError:
                if not Path(parent).is_dir():
                    raise NumpyganError(
                        f"{parent}: is not a folder; choose a place with --out."
                    ) from None
            except OSError as error:
                raise run._unwritable(error) from None

    @contextmanager
    def reserved(self):
        """If what is done within fails, remove what `next_free` made, as far as it is empty: no run
        began.
        """
        try:
            yield
        except BaseException:
            for folder in reversed(self._reserved):
                with suppress(OSError):
                    folder.rmdir()
            raise

    @contextmanager
    def locked(self):
        """Hold the lock of the directory. Raises NumpyganError if another process does."""
        with locked(self.lock) as self.held:
            try:
                yield
            finally:
                self.held = None

    def check_owner(self):
        """Raise NotOwner if this is no longer the directory that the trainer has locked: before
        each write.
        """
        if self.held is not None:
            self.held.check()

    @classmethod
    def latest(cls, name, parent="runs"):
        """The newest run of the recipe `name` under runs/.

        Raises NumpyganError if there is none.
        """
        split = [
            (path.parent, *path.parent.name.rpartition("-"))
            for path in Path(parent).glob("*/config.toml")
        ]
        runs = {
            int(number): path
            for path, its, _, number in split
            if its == name and number.isdecimal()
        }
        if not runs:
            raise NumpyganError(
                f"--resume: there is no run of {name} under {parent}/; name one with --out DIR."
            )
        return cls(runs[max(runs)])

    @classmethod
    def existing(cls, path):
        """The run at `path`. Raises NumpyganError if there is none."""
        run = cls(path)
        if not os.path.lexists(run.config):
            raise NumpyganError(
                f"{path}: there is no run here (no config.toml); expected a directory that "
                f"`numpygan train` made."
            )
        return run

    def make(self):
        """Make the directory, to be locked.

        Raises NumpyganError if something is there already or it can't be written.
        """
        self._check_free()
        try:
            make_folder(self.path)
        except (OSError, ValueError) as error:
            raise self._unwritable(error) from None

    def create(self, recipe):
        """Write the configuration into the locked directory.

        Raises NumpyganError if a run is there by now or that fails.
        """
        self._check_free()
        self.make_samples()
        self.write_config(recipe)

    def make_samples(self):
        """Make the folder of pictures if it isn't there.

        Raises NumpyganError if that fails or somebody put a symlink there.
        """
        if self.samples.is_symlink():
            raise NumpyganError(
                f"{self.samples}: is a symlink, and numpygan follows none here; remove it."
            )
        try:
            make_folder(self.samples)
        except OSError as error:
            raise self._unwritable(error) from None

    def _check_free(self):
        if self.config.exists():
            raise NumpyganError(
                f"{self.path}: already holds a run; add --resume to go on with it, or choose "
                f"another --out."
            )
        if self.path.exists() and not (
            self.path.is_dir() and all(self._harmless(path) for path in self.path.iterdir())
        ):
            raise NumpyganError(
                f"{self.path}: exists and is not an empty directory; choose another --out."
            )

    def _harmless(self, path):
        """Whether `path` is what a trainer leaves that was killed before it wrote config.toml."""
        return (
            path == self.lock
            or (path == self.samples and not any(path.iterdir()))
            or path in leftovers(self.config)
        )

    def _unwritable(self, error):
        return NumpyganError(
            f"{self.path}: cannot be written ({getattr(error, 'strerror', error)}); choose another "
            f"--out."
        )

    def remove_leftovers(self):
        """Remove what a killed trainer left half-written; the directory must be locked."""
        for path in (self.config, self.metrics, self.learning, self.checkpoint, self.best):
            remove_leftovers(path)
        if not self.samples.is_symlink():
            remove_leftovers(self.samples / "*.png")

    @property
    def begun(self):
        """Whether there was ever a checkpoint here."""
        return any(os.path.lexists(path) for path in (self.checkpoint, self.best, self.metrics))

    def write_config(self, recipe):
        """Write config.toml."""
        self.check_owner()
        write_whole(self.config, lambda file: file.write(_to_toml(recipe).encode()))

    def recipe(self):
        """The recipe in config.toml. Raises NumpyganError if it can't be read."""
        fields = read_toml(self.config)
        fields.pop("numpygan", None)
        try:
            return change(Recipe(), **fields)
        except NumpyganError as error:
            raise NumpyganError(f"{self.config}: {error}") from None

    def expect(self, wanted):
        """Raise NumpyganError if the run was made with other settings than those of `wanted`.

        Its length may differ. Its data may lie elsewhere if the digest in its checkpoint is theirs.
        """
        for field, value in vars(self.recipe()).items():
            if field in provenance.LENGTH or getattr(wanted, field) == value:
                continue
            if field == "data" and (before := provenance.recorded(self)):
                provenance.load_again(wanted, before, self)
            else:
                raise NumpyganError(
                    f"{self.path}: was made with {field} {value!r}, not "
                    f"{getattr(wanted, field)!r}; only the length of a run can "
                    f"change, so choose another --out for that."
                )

    def state(self):
        """The state to go on from.

        Raises NumpyganError that says which file is damaged and what is still good.
        """
        try:
            return _finite(self.checkpoint)
        except NumpyganError as error:
            raise NumpyganError(f"{error} {self._still_good(self.best, self.checkpoint)}") from None

    def _still_good(self, other, damaged):
        try:
            iteration = int(_finite(other)["iteration"])
        except (NumpyganError, KeyError, TypeError, ValueError, OverflowError):
            return "No other checkpoint in this run is good; start a new run."
        return (
            f"Still good: {other.name}, of iteration {iteration}; copy it over {damaged.name} "
            f"to use it."
        )

    def best_state(self):
        """The state with the best validation log-likelihood, else the newest one, and the name of
        its file.
        """
        if not os.path.lexists(self.best):
            return self.state(), self.checkpoint.name
        try:
            return _finite(self.best), self.best.name
        except NumpyganError as error:
            raise NumpyganError(f"{error} {self._still_good(self.checkpoint, self.best)}") from None

    def generator(self):
        """G, the shape of its images, and its checkpoint: what `players` gives, without D."""
        G, _, image_shape, where = self.players()
        return G, image_shape, where

    def players(self, newest=False):
        """The trained networks on the host: G, D, the shape of an image, and the checkpoint.

        They are those of the best checkpoint, or of the newest. The shape is None if the samples
        are no images; the checkpoint is {"file": name, "iteration": number}.
        Raises NumpyganError if a file is damaged or doesn't fit the recipe.
        """
        state, name = (self.state(), self.checkpoint.name) if newest else self.best_state()
        try:
            dim, iteration = int(state["dim"]), int(state["iteration"])
            shape = tuple(int(n) for n in state["image_shape"])
            if not 0 <= iteration <= 10**15:
                raise ValueError(f"iteration {iteration}")
            if not 0 < dim <= state["theta_g"].size or (
                shape and (min(shape) < 1 or math.prod(shape) != dim)
            ):
                raise ValueError(f"rows of width {dim}, images {shape}")
            if shape and len(shape) != 2 and (len(shape), shape[0]) != (3, 3):
                raise ValueError(f"images {shape}")
            recipe = self.recipe()
            G, D = build(recipe, dim, numpy)
            G.theta = state["average_g" if recipe.average else "theta_g"]
            D.theta = state["theta_d"]
        except (*_UNFIT, NumpyganError) as error:
            raise NumpyganError(
                f"{self.path / name}: does not fit {self.config.name} ({error})."
            ) from None
        return G, D, shape or None, {"file": name, "iteration": iteration}

    def rewind_metrics(self, iteration, iterations_per_epoch):
        """Drop the rows that a run resumed at `iteration` will write again: later ones, and one
        made where a run ended mid-epoch.
        """
        rows = [
            row
            for row in self.read_metrics()
            if row["iteration"] <= iteration and row["iteration"] % iterations_per_epoch == 0
        ]
        self._write_metrics(rows)

    def add_missing_rows(self, rows):
        """Put those of `rows`, from a checkpoint, that metrics.csv does not have among its rows;
        whether there were any.
        """
        there = self.read_metrics()
        known = {row["iteration"] for row in there}
        missing = [row for row in rows if row["iteration"] not in known]
        if missing:
            self._write_metrics(sorted(there + missing, key=lambda row: row["iteration"]))
        return bool(missing)

    def _write_metrics(self, rows):
        self.check_owner()
        text = "".join(line + "\n" for line in (metrics.HEADER, *map(metrics.line, rows)))
        write_whole(self.metrics, lambda file: file.write(text.encode()))

    def add_metrics(self, row):
        """Append a row (column -> number) to metrics.csv."""
        self.check_owner()
        append_line(self.metrics, metrics.line(row), first=metrics.HEADER)

    def read_metrics(self):
        """The rows of metrics.csv as numbers, NaN for an empty cell; none if there is no file."""
        return metrics.read(self.metrics) if os.path.lexists(self.metrics) else []

    def read_evaluation(self):
        """What `numpygan evaluate` wrote to evaluation.json, None if it hasn't.

        Raises NumpyganError if it is damaged.
        """
        if not os.path.lexists(self.evaluation):
            return None
        result = read_json(self.evaluation, "delete it and evaluate again")
        rows = result.get("rows") if isinstance(result, dict) else None
        if not isinstance(rows, list) or not all(map(_is_measure, rows)):
            raise NumpyganError(
                f"{self.evaluation}: is not an evaluation; delete it and evaluate again."
            )
        return result


def _is_measure(row):
    """Whether `row` is one of evaluation.json: texts where texts are expected, numbers or nothing
    where numbers are.
    """
    if not isinstance(row, dict) or not isinstance(row.get("metric"), str) or "value" not in row:
        return False
    numbers = [row.get(name) for name in ("value", "se", "real", "real_se")]  # each ± its error
    texts = [row.get(name, "") for name in ("detail", "caveat")]
    fit = all(x is None or (type(x) in (int, float) and abs(x) <= LARGEST) for x in numbers)
    return (
        fit
        and all(x is None or x >= 0 for x in numbers[1::2])
        and all(isinstance(text, str) for text in texts)
    )


def _finite(path):
    """The checkpoint at `path`.

    Raises NumpyganError if it is damaged or a parameter in it is not finite.
    """
    state = checkpoint.load(path)
    for name in ("theta_g", "theta_d", "average_g"):
        if name in state and (
            state[name].dtype.kind != "f" or not numpy.isfinite(state[name]).all()
        ):
            raise NumpyganError(
                f"{path}: {name} holds values that are not finite numbers, so nothing can be drawn "
                f"from it."
            )
    return state


def _to_toml(recipe):
    lines = [f"# {line}" for line in rules_in_force(recipe)]
    lines += [f"numpygan = {json.dumps(__version__)}"]
    for name, value in vars(recipe).items():
        # Now JSON's values are TOML's
        text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        lines.append(f"{name} = {text}")
    return "\n".join(lines) + "\n"
