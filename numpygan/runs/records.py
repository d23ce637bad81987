"""What a session of a run writes beside its checkpoints: rows of metrics, pictures, curves."""

import gc
import sys
import time

from ..arrays import streams
from ..data.sources import Noise
from ..errors import NumpyganError, printable
from ..figures import pictures
from ..gan.sampling import generate
from .ownership import NotOwner

_SECONDS_BETWEEN_PLOTS = 20


class Records:
    """The rows of metrics, the pictures of samples and the learning curves of a session.

    They are written after the checkpoint that they belong to, by the first rank. So an error here
    is printed and does not end the training; what could not be written is tried again next time.

    unwritten  the rows that metrics.csv does not have yet; a checkpoint keeps them
    trouble    the sentence about what the last `show` could not write, or None
    """

    def __init__(self, run, training, dataset):
        self.run, self.training = run, training
        self.unwritten, self.trouble = [], None
        self._undrawn = {}  # the samples of pictures that could not be written yet, by path
        self._told = set()  # the troubles that were printed
        self._plotted = time.monotonic()  # before that, a curve would be a point or two
        self._z = training.xp.zeros((100, training.G.n_in), training.G.dtype)
        fixed = streams(training.recipe.seed)["sample"]
        Noise(training.recipe.noise, fixed).minibatch(self._z)
        self._image_shape = self._limits = None
        if dataset is not None:
            self._image_shape = dataset.image_shape
            self._limits = pictures.limits(training.recipe, dataset.train)

    @property
    def plot_is_old(self):
        return time.monotonic() - self._plotted > _SECONDS_BETWEEN_PLOTS

    def show(self, picture=True, curves=False):
        """Write a picture, the curves, and rows of metrics."""
        self.trouble = None
        if picture:
            self._attempt(self._draw)
        if curves:
            self._attempt(self._plot)
        # The metrics last: if a row is missing, a resumed run also writes the picture and curves.
        self._attempt(self._add_metrics)
        if curves or picture and self._image_shape is None:
            gc.collect()  # the reference cycles of matplotlib's figures would grow to 10 MB

    def catch_up(self, rows, ended):
        """Write the rows and the picture of a checkpoint if they are missing.

        They are missing if a trainer was killed after its checkpoint. At the end of a run also the
        curves are written.
        """
        iteration, per_epoch = self.training.iteration, self.training.iterations_per_epoch
        if not ended:
            self.run.rewind_metrics(iteration, per_epoch)
        rows = [row for row in rows if ended or row["iteration"] % per_epoch == 0]
        missing = self.run.add_missing_rows(rows)
        self.show(picture=not self._picture.exists(), curves=ended and missing)

    def _attempt(self, write):
        try:
            write()
        except NotOwner:
            raise
        except Exception as error:  # a broken matplotlib can raise anything
            self.trouble = str(error)
            if not isinstance(error, NumpyganError):
                words = f"{type(error).__name__}: {error}".removesuffix(": ")
                self.trouble = printable(f"a picture: {words}.")
            if self.trouble not in self._told:
                self._told.add(self.trouble)
                words = f"{self.trouble} The state is saved, and training goes on."
                print(f"numpygan: {words}", file=sys.stderr, flush=True)

    @property
    def _picture(self):
        return self.run.samples / f"{self.training.iteration:08d}.png"

    def _draw(self):
        """Draw the present samples, and earlier samples whose pictures could not be written."""
        self._undrawn[self._picture] = generate(self.training.sampler, self._z)
        self.run.check_owner()
        self.run.make_samples()
        for path, samples in list(self._undrawn.items()):
            pictures.save_samples(self.run.owned(path), samples, self._image_shape, self._limits)
            del self._undrawn[path]

    def _plot(self):
        if rows := self.run.read_metrics() + self.unwritten:
            self.run.check_owner()
            pictures.save_learning_curves(self.run.owned(self.run.learning), rows)
            self._plotted = time.monotonic()

    def _add_metrics(self):
        while self.unwritten:
            self.run.add_metrics(self.unwritten[0])
            del self.unwritten[0]
