"""`python -m mpi4py tests/helpers/faulty_rank.py FAULT RANK ARGUMENTS…`: numpygan, but at iteration
25 something happens on one rank.

Of annealed importance sampling: in the rank's third batch, by when the first rank has saved those
of the first round.
"""

import os
import signal
import sys

import numpy
from mpi4py import MPI

from numpygan.cli import main
from numpygan.errors import NumpyganError
from numpygan.metrics import ais
from numpygan.runs import records
from numpygan.runs.trainer import Training

advance_as_it_is = Training.advance


def advance(self):
    if self.iteration == 25 and MPI.COMM_WORLD.rank == int(sys.argv[2]):
        FAULTS[sys.argv[1]](self)
    advance_as_it_is(self)


forward_as_it_is, batches = ais.forward, []


def forward(*arguments, **named):
    batches.append(1)
    if len(batches) == 3 and MPI.COMM_WORLD.rank == int(sys.argv[2]):
        FAULTS[sys.argv[1]](None)
    return forward_as_it_is(*arguments, **named)


def a_bug(training):
    raise RuntimeError("a bug on one rank")


def an_error(training):
    raise NumpyganError("images.npy: went away.")


def nan(training):
    training.G.layers[0].W[0, 0] = numpy.nan


def drift(training):
    training.G.layers[0].W[0, 0] += 1e-3


FAULTS = {
    "a bug": a_bug,
    "an error": an_error,
    "nan": nan,
    "drift": drift,
    "kill": lambda training: os.kill(os.getpid(), signal.SIGKILL),
    "Ctrl-C": lambda training: os.kill(os.getpid(), signal.SIGINT),
    "SIGTERM": lambda training: os.kill(os.getpid(), signal.SIGTERM),
}

Training.advance, ais.forward = advance, forward
records._SECONDS_BETWEEN_PLOTS = 1e9
sys.exit(main(sys.argv[3:]))
