"""The part of versions.py that runs in a process of each checkout: iterations, when it is its turn.

It uses only names that every version of numpygan has.
"""

import sys
import time
from pathlib import Path

import numpygan as ng  # before NumPy: it sets how long the threads of BLAS spin

import numpy

from numpygan.arrays import streams
from numpygan.data.sources import Noise, Shuffled

ITERATIONS = {"mnist": 12, "mnist-authors": 12, "ring": 400}  # in a turn


def game(name):
    """The generator of the iterations of the game `name`."""
    A, draw = ng.Affine, streams(0)
    if name == "ring":
        G = [A(2, 128), ng.ReLU(), A(128, 128), ng.ReLU(), A(128, 2)]
        D = [A(2, 128), ng.LeakyReLU(), A(128, 128), ng.LeakyReLU(), A(128, 1)]
    else:
        G = [A(100, 1200), ng.ReLU(), A(1200, 1200), ng.ReLU(), A(1200, 784), ng.Sigmoid()]
        D = [ng.Dropout(0.8), A(784, 1200), ng.Maxout(5), ng.Dropout(0.5), A(240, 1200)]
        D += [ng.Maxout(5), ng.Dropout(0.5), A(240, 1)]
    G, D = ng.MLP(G), ng.MLP(D)
    for net in (G, D):
        net.initialize(draw["init"])
    rows = numpy.random.default_rng(0).random((6000, D.n_in), dtype="float32")
    optimizers = [
        ng.Momentum(net, 0.01) if name == "mnist-authors" else ng.Adam(net, 2e-4, 0.0)
        for net in (G, D)
    ]
    sources = Shuffled(rows, draw["data"]), Noise("uniform", draw["noise"])
    return ng.algorithm1(G, D, *sources, *optimizers, draw["dropout"], m=100)


def take_turns(name):
    """In a process of one checkout: for each line of stdin a turn; tells its clock and CPU time."""
    iterations = game(name)
    for _ in sys.stdin:
        clock, cpu = time.perf_counter(), time.process_time()
        for _ in range(ITERATIONS[name]):
            next(iterations).scores()
        print(time.perf_counter() - clock, time.process_time() - cpu, flush=True)


if __name__ == "__main__":
    name, checkout = sys.argv[1:]
    if Path(ng.__file__).resolve().parents[1] != Path(checkout):
        sys.exit(f"turns.py: expected numpygan of {checkout}, imported {ng.__file__}")
    take_turns(name)
