"""Annealed importance sampling for a run, batch by batch: what is finished lies in RUN/ais.npz and is not computed again."""

import hashlib
import json

import numpy

from ..arrays import Stream
from ..data.dataset import as_float
from ..errors import NumpyganError
from ..metrics import ais
from . import checkpoint

BATCH = 10  # examples in one pass: with their chains 200 rows


def batches(examples):
    """The number of batches that `bounds` computes; one more, of simulated data, comes first."""
    return -(-examples // BATCH)


def bounds(run, G, noise, test, examples, distributions, seed, force=False, progress=lambda: None):
    """Lower bounds of log p(x) for `examples` random rows of `test`, and the bidirectional gap on simulated ones.

    A dict: `lower` (examples,) in nats; `acceptance` (batches,); `simulated_lower`, `simulated_upper` (BATCH,).
    Each batch has random numbers of its own, so a computation that was stopped and gone on with has the bits of one that wasn't.

    progress  called after each of the `distributions` of a batch; twice for the simulated one, there and back
    Raises NumpyganError if RUN/ais.npz is of other parameters or settings, unless `force`: then it starts anew.
    """
    betas = ais.schedule(distributions)
    order = Stream(seed).permutation(len(test))[:examples]
    settings = {"examples": examples, "distributions": distributions, "seed": seed, "chains": ais.CHAINS, "noise": noise}
    settings["theta_g"] = hashlib.sha256(numpy.ascontiguousarray(G.theta)).hexdigest()
    state = {} if force else _load(run, json.dumps(settings))
    if not state:
        lower, upper = ais.gap(G, noise, BATCH, betas, _stream(seed, 0), progress=progress)
        state = {"settings": json.dumps(settings), "simulated_lower": lower, "simulated_upper": upper,
                 "lower": numpy.empty(0), "acceptance": numpy.empty(0)}  # fmt: skip
        checkpoint.save(run.ais, state)
    else:
        _skip(progress, 2 * distributions)
    for batch in range(batches(examples)):
        if batch < len(state["acceptance"]):
            _skip(progress, distributions)
            continue
        x = as_float(test[order[batch * BATCH : (batch + 1) * BATCH]])
        weights, _, accepted = ais.forward(G, noise, x, betas, _stream(seed, batch + 1), progress=progress)
        state["lower"] = numpy.append(state["lower"], ais.log_mean(weights))
        state["acceptance"] = numpy.append(state["acceptance"], accepted)
        checkpoint.save(run.ais, state)
    return state


def _stream(seed, batch):
    return Stream(numpy.random.SeedSequence((seed, batch)))


def _skip(progress, steps):
    for _ in range(steps):
        progress()


def _load(run, settings):
    """The state in RUN/ais.npz, {} if there is none."""
    if not run.ais.exists():
        return {}
    state = checkpoint.load(run.ais)
    if str(state.get("settings")) != settings:
        raise NumpyganError(
            f"{run.ais}: holds a computation with another checkpoint, --examples, --distributions or --seed; give the same to "
            f"go on with it, or add --force to start anew."
        )
    return state
