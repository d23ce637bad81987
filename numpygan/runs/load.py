"""A finished or unfinished run in your hands: its networks, its recipe, its curves, samples."""

from __future__ import annotations

import base64
import os
from html import escape

import numpy

from ..arrays import Stream
from ..errors import NumpyganError
from ..gan import sampling
from ..numbers import whole
from .directory import CHECKPOINTS, RunDirectory
from .metrics_file import COLUMNS


class Run:
    """What `ng.load` finds in a run directory.

    G, D         MLPs in the recipe's dtype, on the CPU. G is the network that samples come from:
                 the average of the iterates, if the recipe averages.
    recipe       the recipe; its fields are attributes (`run.recipe.batch`)
    metrics      the columns of metrics.csv: {name: (rows,) float64}, NaN where a cell is empty
    evaluation   the content of evaluation.json, or None if `numpygan evaluate` wrote none
    image_shape  the shape of a sample as an image, or None
    iteration    the iteration that G and D are of
    """

    def __init__(self, directory: RunDirectory, checkpoint: str):
        self.path = directory.path
        self.G, self.D, self.image_shape, where = directory.players(checkpoint)
        self.checkpoint, self.iteration = where["file"], where["iteration"]
        self.recipe = directory.recipe()
        rows = directory.read_metrics()
        self.metrics = {name: numpy.array([row[name] for row in rows]) for name in COLUMNS}
        self.evaluation = directory.read_evaluation()

    def sample(self, n: int, seed: int = 0) -> numpy.ndarray:
        """n samples x = G(z), as `numpygan sample` makes them: (n, d)."""
        n, seed = whole("sample: n", n), whole("sample: seed", seed, 0)
        return sampling.sample(self.G, self.recipe.noise, n, Stream(seed))

    def interpolate(self, n: int = 8, steps: int = 11, seed: int = 0) -> numpy.ndarray:
        """G along n straight lines between two draws of z: (n, steps, d)."""
        n, steps = whole("interpolate: n", n), whole("interpolate: steps", steps, 2)
        stream = Stream(whole("interpolate: seed", seed, 0))
        return sampling.interpolate(
            self.G, sampling.ends(self.G, self.recipe.noise, n, stream), steps
        )

    def images(self, n: int, seed: int = 0) -> numpy.ndarray:
        """n samples as images: (n, *image_shape).

        Raises NumpyganError if the samples are not images.
        """
        if self.image_shape is None:
            raise NumpyganError(f"{self.path}: the samples of this run are not images; use sample.")
        return self.sample(n, seed).reshape(n, *self.image_shape)

    def __repr__(self):
        ends = {name: column[-1] for name, column in self.metrics.items() if len(column)}
        shown = ", ".join(f"{name} {value:.4g}" for name, value in ends.items() if value == value)
        return (
            f"Run {self.path}: {self.recipe.name}, iteration {self.iteration:,} "
            f"({self.checkpoint})\n  G  {self.G}\n  D  {self.D}\n"
            f"  at its end: {shown or 'no row yet'}"
        )

    def _repr_html_(self):
        text = f"<pre>{escape(repr(self))}</pre>"
        if self.image_shape is None:
            return text
        from ..figures import pictures

        images = pictures.as_images(self.sample(24), self.image_shape, pictures.limits(self.recipe))
        data = base64.b64encode(pictures.png(pictures.tile(images, 12))).decode()
        return f'{text}<img alt="24 samples of G" src="data:image/png;base64,{data}">'


def load(path: str | os.PathLike, checkpoint: str = "best") -> Run:
    """The run in the directory `path`, or in a copy of it; its data are not needed.

    checkpoint  "best": by the validation log-likelihood, where there is one; "newest"
    Raises NumpyganError if there is no run, or a file of it is damaged.

    >>> run = ng.load("runs/ring-1")
    >>> run.sample(3).shape
    (3, 2)
    >>> run.iteration, run.recipe.batch
    (2, 128)
    """
    if not isinstance(path, str | os.PathLike):
        raise NumpyganError(f"load: path must be a str or a Path, got {path!r}.")
    if checkpoint not in CHECKPOINTS:
        raise NumpyganError(f'load: checkpoint must be "best" or "newest", got {checkpoint!r}.')
    return Run(RunDirectory.existing(path), checkpoint)
