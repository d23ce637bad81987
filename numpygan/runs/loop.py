"""The training loop of a run: iterations, and between them metrics, pictures and checkpoints."""

import gc
import math
import sys
import time
from contextlib import nullcontext

import numpy

from ..arrays import array_module, streams
from ..data.dataset import as_float, load_dataset
from ..data.sources import Noise
from ..errors import Finished, NumpyganError, printable
from ..figures import pictures
from ..gan.sampling import generate, sample
from ..metrics import parzen
from ..ranks import ALONE
from . import checkpoint, provenance
from . import metrics_file as metrics
from .ownership import NotOwner
from .stop import StopSignals, go_on
from .trainer import Training, length

_SECONDS_BETWEEN_CHECKPOINTS = 60
_SECONDS_BETWEEN_PLOTS = 20
_SECONDS_BETWEEN_LOOKS = 0.2  # at V, for the progress bar
_SMALL = 10_000  # training examples; with fewer, records would take most of the time of an epoch
_SHARE, _FIRST = 0.1, 10  # of the time of training that their records may take; epochs before that


class Interrupted(Exception):
    """Ctrl-C: the iteration was finished and saved."""


def train(
    recipe,
    run,
    device="cpu",
    resume=False,
    progress=None,
    ranks=ALONE,
    profile=None,
    say=lambda line: None,
    dataset=None,
):
    """Train `recipe` in the RunDirectory `run` up to the recipe's `iterations` or, where these are
    0, its `epochs` in all.

    progress  called now and then, and when an epoch ends, with (iteration, total, means of V, D(x),
              D(G(z)), whether one has)
    ranks     the processes that share each minibatch; only the first reads and writes the directory
    profile   a Profile that is to watch
    say       called with a line for each thing that a resumed run has changed and that can change
              bits
    dataset   the recipe's, if it is read already
    A resumed run whose recipe has another length than its config.toml gets the new one written
    there. Raises NumpyganError before anything is written if the recipe, the data or the directory
    won't do; Diverged if training does; Interrupted, after saving, on SIGINT, SIGTERM or SIGHUP (to
    any rank). A second SIGINT ends the process at once.
    """
    xp = array_module(device, ranks.local)
    before = ranks.from_first(lambda: provenance.recorded(run)) if resume else {}
    if resume:
        provenance.check_recipe(recipe, before, run)
    if dataset is None:
        dataset = provenance.load_again(recipe, before, run) if resume else load_dataset(recipe)
    now = provenance.environment(device, ranks, xp)
    training = Training(recipe, dataset, xp, ranks)
    if profile:
        profile.watch(training)
    session = _Session(run, training, dataset, progress, ranks, length(training), device)
    session.made = provenance.Made(
        recipe, dataset and dataset.digest(), before.get("sessions", []), now
    )
    first = ranks.rank == 0
    # Training looks for values that aren't finite itself
    with numpy.errstate(all="ignore"), StopSignals(session.last_words) as stop:
        if first and not resume:
            run.make()
        with run.locked() if first else nullcontext():
            if first:
                run.remove_leftovers()
            if resume:
                session.resume()
                for line in session.made.changes():
                    say(line)
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

    def __init__(self, run, training, dataset, progress, ranks, total, device):
        self.run, self.training, self.ranks, self.total, self.device = (
            run,
            training,
            ranks,
            total,
            device,
        )
        self.progress = progress or (lambda *_: None)
        self.kept = None  # the iteration of the checkpoint
        self.best = -math.inf
        self.seconds, self.started_at = 0.0, 0  # seconds and iterations of earlier sessions
        self.started = self.saved = time.monotonic()
        self.plotted = -math.inf
        self.unwritten = []  # rows of metrics
        # Why a picture or a row could not be written; what was said of that
        self.trouble, self.told = None, set()
        self.recording = 0.0  # seconds
        self.look_at_each = training.xp is numpy  # on a GPU every look waits for it
        fixed = streams(training.recipe.seed)["sample"]
        self.z = training.xp.zeros((100, training.G.n_in), training.G.dtype)
        Noise(training.recipe.noise, fixed).minibatch(self.z)
        self.validation = (
            None if dataset is None else as_float(dataset.validation[: parzen.VALIDATION])
        )
        self.image_shape = None if dataset is None else dataset.image_shape
        self.limits = None if dataset is None else pictures.limits(training.recipe, dataset.train)

    def begin(self):
        self.save(self.run.checkpoint)
        self.show()

    def resume(self):
        state = self.ranks.from_first(lambda: self.run.state() if self.run.begun else None)
        if state is not None:
            self.training.restore(state)
        ended = self.training.iteration >= self.total
        told = NumpyganError(
            f"resume: {self.run.path} has {self.training.iteration} iterations already, and "
            f"{self.total} were asked for in all; ask for more with --epochs or --iterations."
        )
        if self.training.iteration > self.total:
            raise told
        if self.ranks.rank == 0 and state is None:  # killed before the first checkpoint
            self.begin()
        elif self.ranks.rank == 0:
            self._catch_up(state, ended)
        if ended:
            raise Finished(*told.args)
        if state is None:
            return
        if self.ranks.rank == 0 and self.run.recipe() != self.training.recipe:
            self.run.write_config(self.training.recipe)
        self.started_at = self.kept = self.training.iteration
        self.best, self.seconds = (checkpoint.number(state, name) for name in ("best", "seconds"))
        if not 0 <= self.seconds < math.inf or math.isnan(self.best):
            raise NumpyganError(
                f"{self.run.checkpoint}: counts {self.seconds} seconds of training, its best "
                f"log-likelihood is {self.best}; expected numbers, the first ≥ 0."
            )

    def _catch_up(self, state, ended):
        """Write what a trainer that was killed after its checkpoint wrote no more: the row, the
        picture, at the end the curves.
        """
        iteration, per_epoch = self.training.iteration, self.training.iterations_per_epoch
        if not ended:
            self.run.rewind_metrics(iteration, per_epoch)
        seconds = checkpoint.number(state, "seconds")
        rows = (
            metrics.from_array(state["rows"], seconds, self.run.checkpoint)
            if "rows" in state
            else []
        )
        missing = self.run.add_missing_rows(
            [row for row in rows if ended or row["iteration"] % per_epoch == 0]
        )
        self.show(picture=not self.picture_path.exists(), curves=ended and missing)

    def play(self, stop):
        training, looked = self.training, -math.inf
        always = self.validation is None or training.p_data.size >= _SMALL
        while training.iteration < self.total:
            training.advance()
            now = time.monotonic()
            look, save, stopping = self.ranks.any(
                now - looked > _SECONDS_BETWEEN_LOOKS,
                now - self.saved > _SECONDS_BETWEEN_CHECKPOINTS,
                stop.asked,
            )
            if look or self.look_at_each:
                training.check_finite()
            if look:
                looked = now
                self.progress(training.iteration, self.total, training.means(), False)
            epoch_ends = training.iteration % training.iterations_per_epoch == 0
            due = always or (
                epoch_ends
                and self.ranks.any(
                    records_are_due(training.epoch, self.recording, now - self.started)
                )[0]
            )
            if training.iteration == self.total or epoch_ends and (due or stopping or save):
                self.record(with_parzen=self.validation is not None)
                self.progress(training.iteration, self.total, self.last, True)
            elif stopping or save:
                self.record(with_parzen=False)
            elif epoch_ends:
                training.means(restart=True)  # so that a row is of one epoch, whenever it is made
            if stopping and training.iteration < self.total:
                self.show(picture=False, curves=True)
                # An exit of one ends them all, and the first may still be writing
                self.ranks.wait()
                raise Interrupted
        if self.trouble:
            raise NumpyganError(f"the training is done and its state saved, but {self.trouble}")

    def record(self, with_parzen):
        before = time.monotonic()
        self._record(with_parzen)
        self.recording += time.monotonic() - before

    def _record(self, with_parzen):
        """A checkpoint, the best one, too, if the validation log-likelihood says so; then a row of
        metrics and a picture.
        """
        training = self.training
        training.check_finite()
        training.check_replicas()
        rates = training.recipe.learning_rates(training.iteration - 1)
        row = dict.fromkeys(metrics.COLUMNS, math.nan) | {
            "iteration": training.iteration,
            "epoch": training.epoch,
            "seconds": self.elapsed(),
            "learning_rate_g": rates[0],
            "learning_rate_d": rates[1],
            "momentum": training.rule_g.momentum,
        }
        at_end_of_epoch = training.iteration % training.iterations_per_epoch == 0
        self.last = training.means(restart=at_end_of_epoch)
        row |= zip(("V", "D_real", "D_fake"), self.last)
        improved = False
        if with_parzen:
            recipe = training.recipe
            samples = sample(
                training.sampler, recipe.noise, parzen.SAMPLES, streams(recipe.seed)["sample"]
            )
            row["parzen"], row["sigma"] = parzen.best_bandwidth(
                samples, self.validation, ranks=self.ranks
            )
            improved = row["parzen"] > self.best
            self.best = max(self.best, row["parzen"])
        self.saved = time.monotonic()
        if self.ranks.rank > 0:
            return
        # The checkpoint has it, too: a kill can come between the two files
        self.unwritten.append(row)
        if improved:
            self.save(self.run.best)
        self.save(self.run.checkpoint)
        self.show(
            curves=training.iteration == self.total
            or time.monotonic() - self.plotted > _SECONDS_BETWEEN_PLOTS
        )

    def show(self, picture=True, curves=False):
        """Write what people look at.

        The state is safe by now: what can't be written is told, and ends no training.
        """
        if self.ranks.rank > 0:
            return
        self.trouble = None
        # The metrics last: as long as a row is missing, a resumed run makes up for what came before
        # it, too.
        for wanted, write in (
            (picture, self.picture),
            (curves, self.plot),
            (True, self.add_metrics),
        ):
            if wanted:
                self._attempt(write)
        # a figure is a knot of reference cycles; left to Python, 10 MB of them pile up
        gc.collect()

    def _attempt(self, write):
        try:
            write()
        except NotOwner:
            raise
        except Exception as error:  # matplotlib's set-up can be broken in any way
            known = isinstance(error, NumpyganError)
            self.trouble = (
                str(error) if known else printable(f"a picture: {type(error).__name__}: {error}.")
            )
            if self.trouble not in self.told:
                self.told.add(self.trouble)
                print(
                    f"numpygan: {self.trouble} The state is saved, and training goes on.",
                    file=sys.stderr,
                    flush=True,
                )

    @property
    def picture_path(self):
        return self.run.samples / f"{self.training.iteration:08d}.png"

    def picture(self):
        self.run.check_owner()
        self.run.make_samples()
        samples = generate(self.training.sampler, self.z)
        pictures.save_samples(self.picture_path, samples, self.image_shape, self.limits)

    def plot(self):
        if rows := self.run.read_metrics() + self.unwritten:
            self.run.check_owner()
            pictures.save_learning_curves(self.run.learning, rows)
            self.plotted = time.monotonic()

    def add_metrics(self):
        while self.unwritten:
            self.run.add_metrics(self.unwritten[0])
            del self.unwritten[0]

    def save(self, path):
        self.training.check_parameters()
        self.run.check_owner()
        checkpoint.save(
            path,
            self.training.state()
            | {
                "best": self.best,
                "seconds": self.elapsed(),
                "rows": metrics.as_array(self.unwritten),
                "made": self.made.text(self.started_at),
            },
        )
        self.saved = time.monotonic()
        if path == self.run.checkpoint:
            self.kept = self.training.iteration

    def last_words(self):
        """What is told when a second Ctrl-C ends the process in the middle of an iteration."""
        if self.ranks.rank > 0:
            return ""
        where = f"ended at once, after iteration {self.training.iteration:,}"
        if self.kept is None:
            return f"{where}; nothing is saved yet. Give the same command again."
        return (
            f"{where}; saved is iteration {self.kept:,}. Go on with: "
            f"{go_on(self.run.path, self.device)}"
        )

    def elapsed(self):
        return self.seconds + time.monotonic() - self.started
