"""The training loop of a run: iterations, and between them metrics, pictures and checkpoints."""

import gc
import math
import signal
import time
from contextlib import nullcontext

import numpy

from ..arrays import array_module, streams
from ..data.dataset import as_float, load_dataset
from ..data.sources import Noise
from ..errors import Finished, NumpyganError
from ..gan.sampling import generate, sample
from ..metrics import parzen
from ..ranks import ALONE
from ..study import pictures
from . import checkpoint
from .lock import locked
from .training import Training, length

_SECONDS_BETWEEN_CHECKPOINTS = 60
_SECONDS_BETWEEN_PLOTS = 20
_SECONDS_BETWEEN_LOOKS = 0.2  # at V, for the progress bar
_SMALL = 10_000  # training examples; with fewer, records would take most of the time of an epoch
_SHARE, _FIRST = 0.1, 10  # of the time of training that their records may take; epochs before that


class Interrupted(Exception):
    """Ctrl-C: the iteration was finished and saved."""


def train(
    recipe, run, device="cpu", resume=False, progress=None, ranks=ALONE, profile=None, dataset=None
):
    """Train `recipe` in the RunDirectory `run` up to the recipe's `iterations` or, where these are 0, its `epochs` in all.

    progress  called now and then with (iteration, total, means of V, D(x), D(G(z)))
    ranks     the processes that share each minibatch; only the first reads and writes the directory
    profile   a Profile that is to watch
    dataset   the recipe's, if it is read already
    A resumed run whose recipe has another length than its config.toml gets the new one written there.
    Raises NumpyganError before anything is written if the recipe, the data or the directory won't do; Diverged if training does;
    Interrupted, after saving, on SIGINT or SIGTERM (to any rank).
    """
    xp = array_module(device, ranks.local)
    dataset = load_dataset(recipe) if dataset is None else dataset
    training = Training(recipe, dataset, xp, ranks)
    if profile:
        profile.watch(training)
    session = _Session(run, training, dataset, progress, ranks, length(training))
    first = ranks.rank == 0
    with numpy.errstate(all="ignore"), StopSignals() as stop:  # training looks for values that aren't finite itself
        if first and not resume:
            run.make()
        with locked(run.lock) if first else nullcontext():
            if first:
                run.remove_leftovers()
            if resume:
                session.resume()
            elif first:
                run.create(recipe)
                session.begin()
            session.play(stop)


def records_are_due(epoch, recording, seconds):
    """Whether small data get a row, pictures and a checkpoint at the end of this epoch, if these
    took `recording` of the run's `seconds` so far. The first ten epochs always get them."""
    return epoch <= _FIRST or recording <= _SHARE * (seconds - recording)


class _Session:
    """One stretch of a run, from its start or a checkpoint to its end or an interruption."""

    def __init__(self, run, training, dataset, progress, ranks, total):
        self.run, self.training, self.ranks, self.total = run, training, ranks, total
        self.progress = progress or (lambda *_: None)
        self.best = -math.inf
        self.seconds = 0.0  # of training in earlier sessions
        self.started = self.saved = time.monotonic()
        self.plotted = -math.inf
        self.recording = 0.0  # seconds
        self.look_at_each = training.xp is numpy  # on a GPU every look waits for it
        fixed = streams(training.recipe.seed)["sample"]
        self.z = training.xp.zeros((100, training.G.n_in), training.G.dtype)
        Noise(training.recipe.noise, fixed).minibatch(self.z)
        self.validation = None if dataset is None else as_float(dataset.validation[: parzen.VALIDATION])
        self.image_shape = None if dataset is None else dataset.image_shape

    def begin(self):
        self.picture()
        self.save(self.run.checkpoint)

    def resume(self):
        state = self.ranks.from_first(lambda: self.run.state() if self.run.begun else None)
        if state is not None:
            self._go_on(state)
        if self.ranks.rank > 0:
            return
        if state is None:  # killed before the first checkpoint
            self.begin()
        else:
            self.run.rewind_metrics(self.training.iteration, self.training.iterations_per_epoch)
        if self.run.recipe() != self.training.recipe:
            self.run.write_config(self.training.recipe)

    def _go_on(self, state):
        self.training.restore(state)
        if self.training.iteration >= self.total:
            error = Finished if self.training.iteration == self.total else NumpyganError
            raise error(
                f"resume: {self.run.path} has {self.training.iteration} iterations already, and {self.total} were asked for in all; "
                f"ask for more with --epochs or --iterations."
            )
        self.best, self.seconds = (checkpoint.number(state, name) for name in ("best", "seconds"))

    def play(self, stop):
        training, looked = self.training, -math.inf
        always = self.validation is None or training.p_data.size >= _SMALL
        while training.iteration < self.total:
            training.advance()
            now = time.monotonic()
            look, save, stopping = self.ranks.any(
                now - looked > _SECONDS_BETWEEN_LOOKS, now - self.saved > _SECONDS_BETWEEN_CHECKPOINTS, stop.asked
            )
            if look or self.look_at_each:
                training.check_finite()
            if look:
                looked = now
                self.progress(training.iteration, self.total, training.means())
            epoch_ends = training.iteration % training.iterations_per_epoch == 0
            due = always or (
                epoch_ends
                and self.ranks.any(
                    records_are_due(training.epoch, self.recording, now - self.started)
                )[0]
            )
            if training.iteration == self.total or epoch_ends and (due or stopping or save):
                self.record(with_parzen=self.validation is not None)
            elif stopping or save:
                self.record(with_parzen=False)
            elif epoch_ends:
                training.means(restart=True)  # so that a row is of one epoch, whenever it is made
            if stopping and training.iteration < self.total:
                self.plot()
                self.ranks.wait()  # an exit of one ends them all, and the first may still be writing
                raise Interrupted
        self.progress(training.iteration, self.total, self.last)

    def record(self, with_parzen):
        before = time.monotonic()
        self._record(with_parzen)
        self.recording += time.monotonic() - before

    def _record(self, with_parzen):
        """A row of metrics, a picture, a checkpoint; the best one, too, if the validation log-likelihood says so."""
        training = self.training
        training.check_finite()
        training.check_replicas()
        rates = training.recipe.learning_rates(training.iteration - 1)
        row = {
            "iteration": training.iteration, "epoch": training.epoch, "seconds": self.elapsed(),
            "learning_rate_g": rates[0], "learning_rate_d": rates[1], "momentum": training.rule_g.momentum,
        }  # fmt: skip
        at_end_of_epoch = training.iteration % training.iterations_per_epoch == 0
        self.last = training.means(restart=at_end_of_epoch)
        row |= zip(("V", "D_real", "D_fake"), self.last)
        improved = False
        if with_parzen:
            recipe = training.recipe
            samples = sample(training.sampler, recipe.noise, parzen.SAMPLES, streams(recipe.seed)["sample"])
            row["parzen"], row["sigma"] = parzen.best_bandwidth(samples, self.validation, ranks=self.ranks)
            improved = row["parzen"] > self.best
            self.best = max(self.best, row["parzen"])
        self.saved = time.monotonic()
        if self.ranks.rank > 0:
            return
        self.run.add_metrics(row)
        self.picture()
        if training.iteration == self.total or time.monotonic() - self.plotted > _SECONDS_BETWEEN_PLOTS:
            self.plot()  # before the last checkpoint, which a killed run can't be resumed after
        gc.collect()  # a figure is a knot of reference cycles; left to Python, 10 MB of them pile up
        if improved:
            self.save(self.run.best)
        self.save(self.run.checkpoint)

    def picture(self):
        path = self.run.samples / f"{self.training.iteration:08d}.png"
        pictures.save_samples(path, generate(self.training.sampler, self.z), self.image_shape)

    def plot(self):
        if self.ranks.rank > 0:
            return
        pictures.save_learning_curves(self.run.learning, self.run.read_metrics())
        self.plotted = time.monotonic()

    def save(self, path):
        self.training.check_parameters()
        checkpoint.save(path, self.training.state() | {"best": self.best, "seconds": self.elapsed()})
        self.saved = time.monotonic()

    def elapsed(self):
        return self.seconds + time.monotonic() - self.started


class StopSignals:
    """Turns SIGINT and SIGTERM into a wish, `asked`, that the loop grants at the end of the iteration."""

    def __enter__(self):
        self.asked = False
        self._before = {}
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def _ask(self, number, frame):
        self.asked = True

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)
