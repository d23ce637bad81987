"""numpygan: Generative Adversarial Nets (Goodfellow et al., 2014), with hand-written backprop."""

import os

# The threads of BLAS spin for up to 100 ms after a product and occupy cores that the update of θ
# needs; 2^20 cycles, 0.4 ms, are enough. BLAS reads this variable when NumPy is imported, so it has
# an effect only if numpygan is imported first.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")

# `starting` comes first: a Ctrl-C during the other imports needs it.
from . import starting as starting
from . import testing
from .arrays import Stream, streams
from .check.game_check import check_game
from .check.layer_check import gradcheck
from .counter_stream import CounterStream
from .data.sources import Noise, Shuffled
from .errors import Diverged, NumpyganError
from .gan.algorithm1 import algorithm1
from .gan.authors2014 import authors2014
from .nn.layer import Layer
from .nn.layers import Affine, Dropout, LeakyReLU, Maxout, ReLU, Sigmoid, Tanh
from .nn.mlp import MLP
from .nn.optimizers import Adam, Momentum
from .runs.load import load
from .runs.network_files import load_theta
from .version import __version__ as __version__

__all__ = [
    "MLP",
    "Layer",
    "Affine",
    "ReLU",
    "LeakyReLU",
    "Sigmoid",
    "Tanh",
    "Maxout",
    "Dropout",
    "Momentum",
    "Adam",
    "algorithm1",
    "authors2014",
    "gradcheck",
    "check_game",
    "testing",
    "NumpyganError",
    "Diverged",
    "Stream",
    "streams",
    "CounterStream",
    "Shuffled",
    "Noise",
    "load",
    "load_theta",
]
