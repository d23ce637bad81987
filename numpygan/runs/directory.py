"""The run directory: the files of a run, and who may write them."""

import itertools
import math
import os
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy

from ..data.sources import TOYS
from ..errors import NumpyganError, Unreadable
from ..files import OwnedPath, append_line, leftovers, make_folder, remove_leftovers, write_bytes
from ..recipes.networks import build
from ..terminal import shell_word
from . import checkpoint, config_file, evaluation_file, provenance
from . import metrics_file as metrics
from .ownership import locked

CHECKPOINTS = ("best", "newest")
_MISFITS = (KeyError, TypeError, ValueError, OverflowError)  # from values of the wrong kind


class RunDirectory:
    """The files of a run.

    config.toml, metrics.csv, samples/*.png, checkpoint.npz, best.npz, learning.png,
    evaluation.json, ais.npz, and lock, which a trainer holds.

    A trainer may be killed at any moment. It leaves a whole checkpoint; or only config.toml, and
    then the run starts from the beginning; or no config.toml, and then the directory is still
    free. It can also leave temporary files and an unfinished last line in metrics.csv; the next
    trainer removes them.
    """

    def __init__(self, path):
        self.path = Path(os.path.expanduser(path))
        self.config, self.metrics = self.path / "config.toml", self.path / "metrics.csv"
        self.samples, self.learning = self.path / "samples", self.path / "learning.png"
        self.checkpoint, self.best = self.path / "checkpoint.npz", self.path / "best.npz"
        self.evaluation, self.ais = self.path / "evaluation.json", self.path / "ais.npz"
        self.lock = self.path / "lock"
        self.held = None  # the Held of the lock during training
        self._reserved = []

    @classmethod
    def next_free(cls, name, parent="runs"):
        """The first of runs/NAME-1, runs/NAME-2, … that does not exist.

        It is made at once, so that no other process takes it. Raises NumpyganError if it can't be
        made.
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
        """If the block fails, remove the folders that `next_free` made and that are still empty."""
        try:
            yield
        except BaseException:
            for folder in reversed(self._reserved):
                with suppress(OSError):
                    folder.rmdir()
            raise

    @contextmanager
    def locked(self):
        """Hold the lock of the directory. Raises NumpyganError if another process holds it."""
        with locked(self.lock) as self.held:
            try:
                yield
            finally:
                self.held = None

    def check_owner(self):
        """Raise NotOwner if this is no longer the directory that the trainer locked.

        This is called before each write.
        """
        if self.held is not None:
            self.held.check()

    def owned(self, path):
        """`path` for a file that takes time to make: the owner is checked when it is ready, too."""
        path = OwnedPath(path)
        path.check = self.check_owner
        return path

    @classmethod
    def latest(cls, name, parent="runs"):
        """The newest run of the recipe `name` in runs/. Raises NumpyganError if there is none."""
        runs = {}
        for config in Path(parent).glob("*/config.toml"):
            recipe, _, number = config.parent.name.rpartition("-")
            if recipe == name and number.isdecimal():
                runs[int(number)] = config.parent
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
                f"{run.path}: there is no run here (no config.toml); expected a directory that "
                f"`numpygan train` made."
            )
        return run

    def make(self):
        """Make the directory, which can then be locked.

        Raises NumpyganError if it already holds something or can't be written.
        """
        self._check_free()
        try:
            make_folder(self.path)
        except (OSError, ValueError) as error:
            raise self._unwritable(error) from None

    def create(self, recipe):
        """Write the configuration into the locked directory.

        Raises NumpyganError if it now holds a run, or can't be written.
        """
        self._check_free()
        self.make_samples()
        self.write_config(recipe)

    def make_samples(self):
        """Make the folder of pictures if it does not exist.

        Raises NumpyganError if that fails, or if a symlink is in its place.
        """
        if self.samples.is_symlink():
            raise NumpyganError(
                f"{self.samples}: is a symlink, which numpygan does not follow here; remove it."
            )
        try:
            make_folder(self.samples)
        except OSError as error:
            raise self._unwritable(error) from None

    def _check_free(self):
        if self.config.exists():
            raise NumpyganError(
                f"{self.path}: already holds a run; resume it with `numpygan train --resume --out "
                f"{shell_word(self.path)}`, or choose another --out."
            )
        if not self.path.exists():
            return
        if not self.path.is_dir() or not all(map(self._harmless, self.path.iterdir())):
            raise NumpyganError(
                f"{self.path}: exists and is not an empty directory; choose another --out."
            )

    def _harmless(self, path):
        """Whether a trainer that was killed before it wrote config.toml can have left `path`."""
        empty_samples = path == self.samples and not any(path.iterdir())
        return path == self.lock or empty_samples or path in leftovers(self.config)

    def _unwritable(self, error):
        return NumpyganError(
            f"{self.path}: cannot be written ({getattr(error, 'strerror', error)}); choose another "
            f"--out."
        )

    def remove_leftovers(self):
        """Remove half-written files of a killed trainer; the directory must be locked."""
        for path in (self.config, self.metrics, self.learning, self.checkpoint, self.best):
            remove_leftovers(path)
        if not self.samples.is_symlink():
            remove_leftovers(self.samples / "*.png")

    @property
    def begun(self):
        """Whether this run ever had a checkpoint."""
        return any(os.path.lexists(path) for path in (self.checkpoint, self.best, self.metrics))

    def write_config(self, recipe):
        """Write config.toml."""
        self.check_owner()
        write_bytes(self.config, config_file.to_toml(recipe).encode())

    def recipe(self):
        """The recipe in config.toml. Raises NumpyganError if it can't be read."""
        return config_file.read(self.config)

    def expect(self, wanted):
        """Raise NumpyganError if the run was made with other settings than `wanted`.

        The length may differ. The path of the data may differ if they have the digest in the
        checkpoint.
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
        """The state to resume from.

        Raises NumpyganError that says which file is damaged and which is still good.
        """
        return self._good(self.checkpoint, self.best)

    def _good(self, path, other):
        """The checkpoint at `path`; if it is damaged the error says whether the other is good."""
        try:
            return checkpoint.load_finite(path)
        except Unreadable:
            raise
        except NumpyganError as error:
            raise NumpyganError(f"{error} {self._still_good(other, path)}") from None

    def _still_good(self, other, damaged):
        try:
            iteration = int(checkpoint.load_finite(other)["iteration"])
        except Unreadable as error:
            return f"Whether {other.name} is good is not known ({error})."
        except (*_MISFITS, NumpyganError):
            return "No other checkpoint in this run is good; start a new run."
        return (
            f"Still good: {other.name}, of iteration {iteration}; copy it over {damaged.name} "
            f"to use it."
        )

    def best_state(self):
        """The state with the best validation log-likelihood, else the newest, and its file's name.

        Raises NumpyganError if the file is damaged.
        """
        if not os.path.lexists(self.best):
            return self.state(), self.checkpoint.name
        return self._good(self.best, self.checkpoint), self.best.name

    def generator(self, which="best"):
        """G, the shape of its images, and its checkpoint: what `players` gives, without D."""
        G, _, image_shape, where = self.players(which)
        return G, image_shape, where

    def players(self, which="best"):
        """The trained networks on the host: G, D, the shape of an image, and the checkpoint.

        `which` of CHECKPOINTS they are from. The shape is None if the samples are no images; the
        checkpoint is {"file": name, "iteration": number}.
        Raises NumpyganError if a file is damaged or doesn't fit the recipe, or if config.toml was
        edited.
        """
        newest = which == "newest"
        state, name = (self.state(), self.checkpoint.name) if newest else self.best_state()
        recipe = self.recipe()
        provenance.check_samples(recipe, provenance.of_state(state, self.path / name), self)
        try:
            dim, iteration = int(state["dim"]), int(state["iteration"])
            shape = tuple(int(n) for n in state["image_shape"])
            if not 0 <= iteration <= metrics.MOST_ITERATIONS:
                raise ValueError(f"iteration {iteration}")
            is_image = not shape or (min(shape) > 0 and math.prod(shape) == dim)
            if not 0 < dim <= state["theta_g"].size or not is_image:
                raise ValueError(f"rows of width {dim}, images {shape}")
            if shape and len(shape) != 2 and (len(shape), shape[0]) != (3, 3):
                raise ValueError(f"images {shape}")
            if shape and recipe.data in TOYS:
                raise ValueError(f"images {shape} of {recipe.data}")
            G, D = build(recipe, dim, numpy)
            G.theta = state["average_g" if recipe.average else "theta_g"]
            D.theta = state["theta_d"]
        except (*_MISFITS, MemoryError, NumpyganError) as error:
            raise NumpyganError(
                f"{self.path / name}: does not fit {self.config.name} ({error})."
            ) from None
        return G, D, shape or None, {"file": name, "iteration": iteration}

    def rewind_metrics(self, iteration, iterations_per_epoch):
        """Drop the rows that a run resumed at `iteration` writes again.

        These are the later rows, and a row from the end of a run in the middle of an epoch.
        """
        rows = [
            row
            for row in self.read_metrics()
            if row["iteration"] <= iteration and row["iteration"] % iterations_per_epoch == 0
        ]
        self._write_metrics(rows)

    def add_missing_rows(self, rows):
        """Add those `rows` of a checkpoint that metrics.csv lacks; whether there were any."""
        there = self.read_metrics()
        known = {row["iteration"] for row in there}
        missing = [row for row in rows if row["iteration"] not in known]
        if missing:
            self._write_metrics(sorted(there + missing, key=lambda row: row["iteration"]))
        return bool(missing)

    def _write_metrics(self, rows):
        self.check_owner()
        text = "".join(line + "\n" for line in (metrics.HEADER, *map(metrics.line, rows)))
        write_bytes(self.metrics, text.encode())

    def add_metrics(self, row):
        """Append a row (column -> number) to metrics.csv."""
        self.check_owner()
        append_line(self.metrics, metrics.line(row), first=metrics.HEADER)

    def read_metrics(self):
        """The rows of metrics.csv as numbers, NaN for an empty cell; none without a file."""
        return metrics.read(self.metrics) if os.path.lexists(self.metrics) else []

    def read_evaluation(self):
        """The result that `numpygan evaluate` wrote to evaluation.json, or None.

        Raises NumpyganError if the file is damaged.
        """
        return evaluation_file.read(self.evaluation) if os.path.lexists(self.evaluation) else None
