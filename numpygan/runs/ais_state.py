"""Annealed importance sampling for a run, batch by batch: what is finished lies in RUN/ais.npz and
is not computed again.
"""

import hashlib
import json
import os

import numpy

from ..arrays import Stream
from ..data.dataset import as_float
from ..errors import NumpyganError
from ..metrics import ais
from ..ranks import ALONE
from . import checkpoint

BATCH = 10  # examples in one pass: with their chains 200 rows


def batches(examples):
    """The number of batches that `bounds` computes; one more, of simulated data, comes first."""
    return -(-examples // BATCH)


def steps(examples, distributions, ranks=ALONE):
    """How often `bounds` calls its `progress` on this rank, at most."""
    return _steps(ranks.each(range(batches(examples) + 1)), distributions)


def bounds(
    run,
    G,
    noise,
    test,
    examples,
    distributions,
    seed,
    force=False,
    progress=lambda: None,
    ranks=ALONE,
):
    """Lower bounds of log p(x) for `examples` random rows of `test`, and the bidirectional gap on
    simulated ones.

    A dict: `lower` (examples,) in nats; `acceptance` (batches,); `simulated_lower`,
    `simulated_upper` (BATCH,). Each batch has random numbers of its own, so a computation that was
    stopped and gone on with, or shared out over `ranks`, a batch to each at a time, has the bits of
    one that wasn't. After each round of batches the first rank writes RUN/ais.npz.

    progress  called after each of the `distributions` of a batch; twice for the simulated one,
              there and back
    Raises NumpyganError if RUN/ais.npz is of other parameters or settings, unless `force`: then it
    starts anew.
    """
    betas = ais.schedule(distributions)
    order = Stream(seed).permutation(len(test))[:examples]
    settings = {
        "examples": examples,
        "distributions": distributions,
        "seed": seed,
        "chains": ais.CHAINS,
        "noise": noise,
    }
    settings["theta_g"] = hashlib.sha256(numpy.ascontiguousarray(G.theta)).hexdigest()
    state = _nothing(json.dumps(settings), examples)
    if not force:
        state = ranks.from_first(lambda: _load(run, state))
    # 0: simulated; batches 1, 2, …
    waiting = numpy.isnan([state["simulated_lower"][0], *state["acceptance"]]).nonzero()[0].tolist()
    for _ in range(
        steps(examples, distributions, ranks) - _steps(ranks.each(waiting), distributions)
    ):
        progress()

    def compute(batch):
        if batch == 0:
            lower, upper = ais.gap(G, noise, BATCH, betas, _stream(seed, 0), progress=progress)
            return {"simulated_lower": lower, "simulated_upper": upper}
        x = as_float(test[order[_rows(batch)]])
        weights, _, accepted = ais.forward(
            G, noise, x, betas, _stream(seed, batch), progress=progress
        )
        return {"lower": ais.log_mean(weights), "acceptance": accepted}

    for first in range(0, len(waiting), ranks.size):
        round_ = waiting[first : first + ranks.size]
        for batch, found in zip(
            round_, ranks.gather(compute(round_[ranks.rank]) if ranks.rank < len(round_) else None)
        ):
            places = {"lower": _rows(batch), "acceptance": batch - 1}
            for name, value in found.items():
                state[name][places.get(name, ...)] = value
        if ranks.rank == 0:
            checkpoint.save(run.ais, state)
    return state


def _rows(batch):
    """The examples of batch 1, 2, …"""
    return slice((batch - 1) * BATCH, batch * BATCH)


def _steps(batches, distributions):
    return distributions * sum(2 if batch == 0 else 1 for batch in batches)


def _stream(seed, batch):
    return Stream(numpy.random.SeedSequence((seed, batch)))


def _nothing(settings, examples):
    """The state before the first batch: NaN is what is not computed yet."""
    sizes = {
        "simulated_lower": BATCH,
        "simulated_upper": BATCH,
        "lower": examples,
        "acceptance": batches(examples),
    }
    return {"settings": settings} | {
        name: numpy.full(size, numpy.nan) for name, size in sizes.items()
    }


def _load(run, nothing):
    """The state in RUN/ais.npz, `nothing` if there is none."""
    if not os.path.lexists(run.ais):
        return nothing
    state = checkpoint.load(run.ais)
    same = {name: numpy.shape(value) for name, value in state.items()} == {
        name: numpy.shape(value) for name, value in nothing.items()
    }
    if not same or str(state["settings"]) != nothing["settings"]:
        raise NumpyganError(
            f"{run.ais}: holds a computation with another checkpoint, --examples, --distributions, "
            "--seed or version; give the same to go on with it, or add --force to start anew."
        )
    return state
