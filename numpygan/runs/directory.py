"""The run directory: where everything of a run lies, and how its configuration is written and read."""

import csv
import io
import json
import tomllib
from pathlib import Path

import numpy

from .. import __version__
from ..errors import NumpyganError
from ..files import write_whole
from ..gan.networks import build
from ..gan.recipes import Recipe
from ..gan.settings import change
from . import checkpoint

OBJECTIVE = "max over D of V(D, G) = mean log D(x) + mean log(1 - D(G(z)))"
G_OBJECTIVES = {
    "saturating": "min over G of mean log(1 - D(G(z)))",
    "non_saturating": "max over G of mean log D(G(z))",
    "maximum_likelihood": "max over G of mean exp(logit D(G(z)))/2",
}
COLUMNS = (
    "iteration", "epoch", "seconds", "V", "D_real", "D_fake", "parzen", "sigma", "learning_rate_g", "learning_rate_d", "momentum",
)  # fmt: skip


def rules_in_force(recipe):
    """What is optimised and in which order, in three lines."""
    if recipe.algorithm == "algorithm1":
        order = f"Algorithm 1: {recipe.k} step{'s' * (recipe.k > 1)} of D, then one of G against the updated D"
        objective = OBJECTIVE
    else:
        order = "authors' 2014 code: D and G at once, from one pass"
        objective = OBJECTIVE.replace("V(D, G)", "V(D, G)/2").replace("mean", "1/2 mean")
    return [f"D      {objective}", f"G      {G_OBJECTIVES[recipe.loss]} ({recipe.loss})", f"order  {order}"]


class RunDirectory:
    """The files of one run.

    config.toml, metrics.csv, samples/*.png, checkpoint.npz, best.npz, learning.png, evaluation.json
    """

    def __init__(self, path):
        self.path = Path(path)
        self.config, self.metrics = self.path / "config.toml", self.path / "metrics.csv"
        self.samples, self.learning = self.path / "samples", self.path / "learning.png"
        self.checkpoint, self.best = self.path / "checkpoint.npz", self.path / "best.npz"
        self.evaluation = self.path / "evaluation.json"

    @classmethod
    def next_free(cls, name, parent="runs"):
        """The first of runs/NAME-1, runs/NAME-2, … that does not exist."""
        n = 1
        while (Path(parent) / f"{name}-{n}").exists():
            n += 1
        return cls(Path(parent) / f"{name}-{n}")

    @classmethod
    def latest(cls, name, parent="runs"):
        """The newest run of the recipe `name` under runs/. Raises NumpyganError if there is none."""
        runs = [
            path.parent for path in Path(parent).glob(f"{name}-*/config.toml") if path.parent.name[len(name) + 1 :].isdecimal()
        ]
        if not runs:
            raise NumpyganError(f"--resume: there is no run of {name} under {parent}/; name one with --out DIR.")
        return cls(max(runs, key=lambda path: int(path.name[len(name) + 1 :])))

    @classmethod
    def existing(cls, path):
        """The run at `path`. Raises NumpyganError if there is none."""
        run = cls(path)
        if not run.config.is_file():
            raise NumpyganError(
                f"{path}: there is no run here (no config.toml); expected a directory that `numpygan train` made."
            )
        return run

    def create(self, recipe):
        """Make the directory and write the configuration. Raises NumpyganError if a run is there already or it can't be written."""
        if self.config.exists():
            raise NumpyganError(f"{self.path}: already holds a run; add --resume to go on with it, or choose another --out.")
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise NumpyganError(f"{self.path}: exists and is not an empty directory; choose another --out.")
        try:
            self.samples.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NumpyganError(f"{self.path}: cannot be written ({error.strerror}); choose another --out.") from None
        self.write_config(recipe)

    def write_config(self, recipe):
        """Write config.toml."""
        write_whole(self.config, lambda file: file.write(_to_toml(recipe).encode()))

    def recipe(self):
        """The recipe in config.toml. Raises NumpyganError if it can't be read."""
        try:
            fields = tomllib.loads(self.config.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NumpyganError(f"{self.config}: cannot be read ({error}).") from None
        fields.pop("numpygan", None)
        try:
            return change(Recipe(), **fields)
        except NumpyganError as error:
            raise NumpyganError(f"{self.config}: {error}") from None

    def state(self):
        """The state to go on from. Raises NumpyganError that says which file is damaged and what is still good."""
        try:
            return checkpoint.load(self.checkpoint)
        except NumpyganError as error:
            raise NumpyganError(f"{error} {self._still_good(self.best, self.checkpoint)}") from None

    def _still_good(self, other, damaged):
        try:
            iteration = int(checkpoint.load(other)["iteration"])
        except NumpyganError:
            return "No other checkpoint in this run is good; start a new run."
        return f"Still good: {other.name}, of iteration {iteration}; copy it over {damaged.name} to use it."

    def best_state(self):
        """The state with the best validation log-likelihood, else the newest one, and the name of its file."""
        if not self.best.exists():
            return self.state(), self.checkpoint.name
        try:
            return checkpoint.load(self.best), self.best.name
        except NumpyganError as error:
            raise NumpyganError(f"{error} {self._still_good(self.checkpoint, self.best)}") from None

    def generator(self):
        """The trained G at its best checkpoint, on the host, the shape of its images (None if they are none), and the checkpoint:
        {"file": name, "iteration": number}.
        """
        state, name = self.best_state()
        try:
            G, _ = build(self.recipe(), int(state["dim"]), numpy)
            G.theta = state["theta_g"]
        except (KeyError, NumpyganError) as error:
            raise NumpyganError(f"{self.path / name}: does not fit {self.config.name} ({error}).") from None
        shape = tuple(int(n) for n in state["image_shape"]) or None
        return G, shape, {"file": name, "iteration": int(state["iteration"])}

    def rewind_metrics(self, iteration, iterations_per_epoch):
        """Drop the rows that a run resumed at `iteration` will write again: later ones, and one made where a run ended mid-epoch."""
        rows = [
            row for row in self.read_metrics() if row["iteration"] <= iteration and row["iteration"] % iterations_per_epoch == 0
        ]
        cells = [{name: f"{value:.10g}" if value == value else "" for name, value in row.items()} for row in rows]
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(cells)
        write_whole(self.metrics, lambda file: file.write(text.getvalue().encode()))

    def add_metrics(self, row):
        """Append a row (column -> number) to metrics.csv."""
        new = not self.metrics.exists()
        try:
            with open(self.metrics, "a", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                if new:
                    writer.writeheader()
                writer.writerow({name: f"{row[name]:.10g}" if name in row else "" for name in COLUMNS})
        except OSError as error:
            raise NumpyganError(f"{self.metrics}: cannot be written ({error.strerror}); the last checkpoint is kept.") from None

    def read_metrics(self):
        """The rows of metrics.csv as numbers, NaN where a cell is empty."""
        if not self.metrics.exists():
            return []
        try:
            with open(self.metrics, newline="") as file:
                return [{name: float(row[name]) if row[name] else numpy.nan for name in COLUMNS} for row in csv.DictReader(file)]
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise NumpyganError(f"{self.metrics}: is damaged ({error}); repair or delete it.") from None


def _to_toml(recipe):
    lines = [f"# {line}" for line in rules_in_force(recipe)]
    lines += [f"numpygan = {json.dumps(__version__)}"]
    for name, value in vars(recipe).items():
        lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")  # JSON's strings, numbers and arrays are TOML's
    return "\n".join(lines) + "\n"
