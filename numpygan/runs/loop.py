"""The training loop of a run: iterations; between them metrics, pictures and checkpoints."""

import math
import time
from contextlib import nullcontext

import numpy

from ..arrays import array_module, streams
from ..data.dataset import as_float, load_dataset
from ..errors import Finished, NumpyganError
from ..gan.sampling import sample
from ..metrics import parzen
from ..nn.graphs import with_graphs
from ..ranks import ALONE
from . import checkpoint, provenance
from . import metrics_file as metrics
from .records import Records
from .stop import StopSignals, resume_command
from .trainer import Training, length

_SECONDS_BETWEEN_CHECKPOINTS = 60
_SECONDS_BETWEEN_LOOKS = 0.2  # the progress bar reads V this often
_FIRST = 5  # epochs that always get their records
_BETWEEN_RECORDS = 20_000  # training rows; a record takes as long as 500 to 1,400 of them


class Interrupted(Exception):
    """Training was asked to stop: the iteration was finished and saved."""


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
    begin=lambda: None,
):
    """Train `recipe` in the RunDirectory `run` until the run has its whole length.

    The length is the recipe's `iterations` or, if these are 0, its `epochs`. The iterations of
    earlier sessions count.

    progress  called now and then, and at the end of each epoch, with (iteration, total, means of V,
              D(x), D(G(z)), whether an epoch has ended)
    ranks     the processes that share each minibatch; only the first reads and writes the directory
    profile   a Profile to fill, or None
    say       called with a line for each change since the last session that can change bits
    dataset   the recipe's Dataset, if it was read before
    begin     called on the first rank when nothing is left to refuse, before anything is trained
    If a resumed run's recipe has another length than its config.toml, the new length is written
    there.
    Raises NumpyganError before anything is written if the recipe, the data or the directory can't
    be used; Diverged if training diverges; Interrupted, after saving, on SIGINT, SIGTERM or SIGHUP
    (to any rank). A second SIGINT ends the process at once.
    """
    xp = array_module(device, ranks.local)
    before = ranks.from_first(lambda: provenance.recorded(run)) if resume else {}
    if resume:
        provenance.check_recipe(recipe, before, run)
    if dataset is None:
        dataset = provenance.load_again(recipe, before, run) if resume else load_dataset(recipe)
    now = provenance.environment(device, ranks, xp)
    if recipe.launches == "graph" and xp is not numpy:
        xp = with_graphs(xp, records=not profile)  # a profile takes the time within a pass
    training = Training(recipe, dataset, xp, ranks)
    if profile:
        profile.watch(training)
    digest, earlier = dataset and dataset.digest(), before.get("sessions", [])
    made = provenance.Made(recipe, digest, earlier, now)
    session = _Session(run, training, dataset, made, progress, ranks, device)
    first = ranks.rank == 0
    # No warnings: Training checks for values that are not finite.
    with numpy.errstate(all="ignore"), StopSignals(session.last_words) as stop:
        if first and not resume:
            run.make()
        with run.locked() if first else nullcontext():
            if first:
                run.remove_leftovers()
            if resume:
                session.resume()
                if first:
                    begin()
                for line in made.changes():
                    say(line)
            elif first:
                run.create(recipe)
                begin()
                session.begin()
            session.play(stop)


def is_recorded(epoch, size, left=math.inf):
    """Whether the end of this epoch of `size` rows gets a row of metrics, pictures, a checkpoint.

    The first five epochs do. Later epochs do when the rows seen so far pass a multiple of 20,000,
    so that in a long run records of small data take less than a tenth of the time (docs/speed.md).
    With fewer than half of these rows to the end of the run, `left` epochs, the record of the end
    is enough: its row would be the mean of few iterations, an outlier of the curves.
    The clock does not matter: a slow machine makes the same records and the same best.npz as a fast
    one.
    """
    before, now = ((epochs * size) // _BETWEEN_RECORDS for epochs in (epoch - 1, epoch))
    near = max(left, 1) * size < _BETWEEN_RECORDS / 2
    return epoch <= _FIRST or (now > before and not near)


class _Session:
    """One session of a run, from its start or a checkpoint to its end or an interruption."""

    def __init__(self, run, training, dataset, made, progress, ranks, device):
        self.run, self.training, self.made = run, training, made
        self.ranks, self.device, self.total = ranks, device, length(training)
        self.progress = progress or (lambda *_: None)
        self.last = None  # the means in the last row of metrics
        self.kept = None  # the iteration of the checkpoint
        self.best = -math.inf
        self.seconds, self.started_at = 0.0, 0  # seconds and iterations of earlier sessions
        self.started = self.saved = time.monotonic()
        self.records = Records(run, training, dataset)
        self.look_at_each = training.xp is numpy  # on a GPU every check waits for it
        self.validation = None
        if dataset is not None:
            self.validation = as_float(dataset.validation[: training.recipe.sigma_rows or None])

    def begin(self):
        self.save(self.run.checkpoint)
        self.records.show()

    def resume(self):
        state = self.ranks.from_first(lambda: self.run.state() if self.run.begun else None)
        rows = []
        if state is not None:
            self.training.restore(state)
            rows = self._restore(state)
        ended = self.training.iteration >= self.total
        words = (
            f"resume: {self.run.path} has {self.training.iteration} iterations already, and the "
            f"total asked for is {self.total}; ask for more with --epochs or --iterations."
        )
        if self.training.iteration > self.total:
            raise NumpyganError(words)
        if self.ranks.rank == 0 and state is None:  # the run was killed before a checkpoint
            self.begin()
        elif self.ranks.rank == 0:
            self.records.catch_up(rows, ended)
        if ended:
            raise Finished(words)
        if state is None:
            return
        if self.ranks.rank == 0 and self.run.recipe() != self.training.recipe:
            self.run.write_config(self.training.recipe)
        self.started_at = self.kept = self.training.iteration

    def _restore(self, state):
        """Continue the best log-likelihood and the seconds of `state`; return its rows of metrics.

        Raises NumpyganError if they are damaged. Nothing is written before that.
        """
        self.best, self.seconds = (checkpoint.number(state, name) for name in ("best", "seconds"))
        if not 0 <= self.seconds < math.inf or math.isnan(self.best):
            raise NumpyganError(
                f"{self.run.checkpoint}: counts {self.seconds} seconds of training, its best "
                f"log-likelihood is {self.best}; expected numbers, the first ≥ 0."
            )
        if "rows" not in state:  # of an older version
            return []
        return metrics.from_array(state["rows"], self.seconds, self.run.checkpoint)

    def play(self, stop):
        training, looked = self.training, -math.inf
        while training.iteration < self.total:
            training.advance()
            now = time.monotonic()
            look, save, stopping = self.ranks.any(
                now - looked > _SECONDS_BETWEEN_LOOKS,
                now - self.saved > _SECONDS_BETWEEN_CHECKPOINTS,
                stop.asked,
            )
            if look or self.look_at_each:
                training.check_finite(sums=look)
            if look:
                looked = now
                self.progress(training.iteration, self.total, training.means(), False)
            epochs, rest = divmod(training.iteration, training.iterations_per_epoch)
            left = (self.total - training.iteration) / training.iterations_per_epoch
            due = rest == 0 and is_recorded(epochs, training.p_data.size, left)
            if training.iteration == self.total or due:
                self.record(with_parzen=self.validation is not None, regular=rest == 0)
                self.progress(training.iteration, self.total, self.last, True)
            elif stopping or save:
                self.record(with_parzen=False, regular=False)
            if stopping and training.iteration < self.total:
                if self.ranks.rank == 0:
                    self.records.show(picture=False, curves=True)
                # The first rank may still be writing, and the exit of one rank ends all of them.
                self.ranks.wait()
                raise Interrupted
        if trouble := self.records.trouble:
            raise NumpyganError(f"the training is done and its state saved, but {trouble}")

    def record(self, with_parzen, regular):
        """Write a checkpoint, best.npz if the log-likelihood improved, a row and a picture.

        regular  the next row is of the iterations after this one. The moment of other records, such
                 as that of a Ctrl-C, must not change later rows.
        """
        training = self.training
        training.check_finite()
        training.check_replicas()
        recipe = training.recipe
        row = dict.fromkeys(metrics.COLUMNS, math.nan)
        row |= {"iteration": training.iteration, "epoch": training.epoch, "seconds": self.elapsed()}
        rates = recipe.learning_rates(training.iteration - 1)
        row |= zip(("learning_rate_g", "learning_rate_d"), rates)
        row["momentum"] = training.optimizer_g.momentum
        self.last = training.means(restart=regular)
        row |= zip(("V", "D_real", "D_fake"), self.last)
        improved = False
        if with_parzen:
            stream = streams(recipe.seed)["sample"]
            n = parzen.samples_in_record(training.p_data.size)
            samples = sample(training.sampler, recipe.noise, n, stream)
            best = parzen.best_bandwidth(samples, self.validation, ranks=self.ranks)
            row["parzen"], row["sigma"] = best
            improved = row["parzen"] > self.best
            self.best = max(self.best, row["parzen"])
        self.saved = time.monotonic()
        if self.ranks.rank > 0:
            return
        # The checkpoint also holds the row: the process can be killed between the two files.
        self.records.unwritten.append(row)
        if improved:
            self.save(self.run.best)
        self.save(self.run.checkpoint)
        ended = training.iteration == self.total
        self.records.show(curves=ended or self.records.plot_is_old)

    def save(self, path):
        self.training.check_parameters()
        self.run.check_owner()
        state = self.training.state() | {"best": self.best, "seconds": self.elapsed()}
        state["rows"] = metrics.as_array(self.records.unwritten)
        state["made"] = self.made.text(self.started_at)
        checkpoint.save(self.run.owned(path), state)
        self.saved = time.monotonic()
        if path == self.run.checkpoint:
            self.kept = self.training.iteration

    def last_words(self):
        """The sentence for a second Ctrl-C, which ends the process during an iteration."""
        if self.ranks.rank > 0:
            return ""
        where = f"ended at once, after iteration {self.training.iteration:,}"
        if self.kept is None:
            return f"{where}; nothing is saved yet. Give the same command again."
        command = resume_command(self.run.path, self.device)
        return f"{where}; iteration {self.kept:,} is saved. Go on with: {command}"

    def elapsed(self):
        return self.seconds + time.monotonic() - self.started
