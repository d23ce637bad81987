"""Annealed importance sampling for a run, batch by batch.

RUN/ais.npz holds the finished batches, which are not computed again.
"""

import hashlib
import json
import math
import os

import numpy

from ..arrays import Stream
from ..data.dataset import as_float
from ..data.meaning import UNIT
from ..errors import NumpyganError
from ..metrics import ais
from ..ranks import ALONE
from ..reading import LARGEST
from . import checkpoint

BATCH = 10  # examples per pass; with their chains 200 rows


def batches(examples):
    """The number of batches of real examples; `bounds` also computes one of simulated data."""
    return -(-examples // BATCH)


def steps(examples, distributions, ranks=ALONE):
    """The greatest number of calls of `progress` that `bounds` makes on this rank."""
    return _steps(ranks.each(range(batches(examples) + 1)), distributions)


def bounds(
    run,
    G,
    noise,
    test,
    ends,
    examples,
    distributions,
    seed,
    force=False,
    progress=lambda: None,
    ranks=ALONE,
):
    """Lower bounds of log p(x) for random rows of `test`, and the gap on simulated data.

    Returns a dict: `lower` (examples,) in nats; `acceptance` (batches,); `simulated_lower` and
    `simulated_upper` (BATCH,). Each batch has random streams of its own, and each rank computes
    one batch at a time. So the result has the same bits if the computation was stopped and
    resumed, or had another number of ranks. After each round of batches the first rank writes
    RUN/ais.npz.

    It is the density of x in [0, 1]. If the data lie in [−1, 1], it is the density of (x + 1)/2:
    σ is twice as large, and each log-density is greater by d log 2.

    ends      the range of the data, (0, 1) or (−1, 1)
    examples  the number of rows
    progress  called after each of the `distributions` of a batch; twice for the simulated batch,
              which goes from the prior to the posterior and back
    force     start again, whatever RUN/ais.npz holds
    Raises NumpyganError if RUN/ais.npz is of other parameters or settings.
    """
    betas = ais.schedule(distributions)
    order = Stream(seed).permutation(len(test))[:examples]
    settings = {"examples": examples, "distributions": distributions, "seed": seed}
    settings |= {"chains": ais.CHAINS, "noise": noise}
    if ends != UNIT:
        settings["range"] = ends
    length = ends[1] - ends[0]
    how = {"variance": ais.VARIANCE * length**2, "progress": progress}
    shift = G.n_out * math.log(length)
    settings["theta_g"] = hashlib.sha256(numpy.ascontiguousarray(G.theta)).hexdigest()
    nothing = _nothing(json.dumps(settings), examples)
    state = nothing if force else ranks.from_first(lambda: _load(run, nothing))
    # Batch 0 is the simulated one.
    waiting = numpy.isnan([state["simulated_lower"][0], *state["acceptance"]]).nonzero()[0].tolist()
    to_do = _steps(ranks.each(waiting), distributions)
    for _ in range(steps(examples, distributions, ranks) - to_do):
        progress()

    def compute(batch):
        if batch == 0:
            lower, upper = ais.gap(G, noise, BATCH, betas, _stream(seed, 0), **how)
            return {"simulated_lower": lower + shift, "simulated_upper": upper + shift}
        x = as_float(test[order[_rows(batch)]])
        weights, _, accepted = ais.forward(G, noise, x, betas, _stream(seed, batch), **how)
        return {"lower": ais.log_mean(weights) + shift, "acceptance": accepted}

    for first in range(0, len(waiting), ranks.size):
        round_ = waiting[first : first + ranks.size]
        mine = compute(round_[ranks.rank]) if ranks.rank < len(round_) else None
        for batch, found in zip(round_, ranks.gather(mine)):
            places = {"lower": _rows(batch), "acceptance": batch - 1}
            for name, value in found.items():
                state[name][places.get(name, ...)] = value
        if ranks.rank == 0:
            if not force:
                _add(state, _load(run, nothing))
            checkpoint.save(run.ais, state)
    return state


def _add(state, other):
    """Add the batches that another process has computed at the same time."""
    for name in state.keys() - {"settings"}:
        missing = numpy.isnan(state[name])
        state[name][missing] = other[name][missing]


def _rows(batch):
    """The examples of batch 1, 2, …."""
    return slice((batch - 1) * BATCH, batch * BATCH)


def _steps(batches, distributions):
    return distributions * sum(2 if batch == 0 else 1 for batch in batches)


def _stream(seed, batch):
    return Stream(numpy.random.SeedSequence((seed, batch)))


def _nothing(settings, examples):
    """The state before the first batch; NaN marks a number that is not computed yet."""
    sizes = {"simulated_lower": BATCH, "simulated_upper": BATCH}
    sizes |= {"lower": examples, "acceptance": batches(examples)}
    nothing = {name: numpy.full(size, numpy.nan) for name, size in sizes.items()}
    return {"settings": settings} | nothing


def _load(run, nothing):
    """The state in RUN/ais.npz, or `nothing` if the file does not exist."""
    if not os.path.lexists(run.ais):
        return nothing
    state = checkpoint.load(run.ais)
    shapes = [{name: numpy.shape(x) for name, x in table.items()} for table in (state, nothing)]
    if shapes[0] != shapes[1] or str(state["settings"]) != nothing["settings"]:
        raise NumpyganError(
            f"{run.ais}: holds a computation with another checkpoint, --examples, --distributions, "
            "--seed or version; give the same ones to resume it, or add --force to start again."
        )
    for name in state.keys() - {"settings"}:
        numbers = state[name]
        if numbers.dtype != "float64" or (abs(numbers) > LARGEST).any():
            raise NumpyganError(
                f"{run.ais}: {name} holds a value that is not a log-likelihood or rate, such as "
                "infinity; add --force to start again."
            )
    return state
