"""NumPy and CuPy compared: iterations, and each layer of the MNIST recipe; the peers on a GPU.

    python benchmarks/device.py            (two minutes; needs a GPU, and the extras gpu or gpu13,
                                            and graphs)
    python benchmarks/device.py --peers    (more; needs PyTorch and JAX for CUDA, too)

Many iterations (or passes of a layer) are sent to the GPU, and only the end of the last one is
waited for, as in training. Random numbers are drawn on the host for both devices, but where a row
says "drawn on the GPU". "As graphs" are rows with `launches = graph`, which need nvmath-python.
Without a GPU the program says so; its exit status is then 0, because nothing failed.

`--peers` compares an iteration with PyTorch (eager, compiled, as a CUDA graph) and jax.jit, in
turns as step.py does, after the same checks in float64. All take their draws from the host. Their
products are float32: TF32 is off. The floor is cuBLAS's products alone, with TF32 off and on.
"""

import warnings
from dataclasses import replace
from statistics import median

import timing  # before NumPy, see there

import numpy
import step
from layers import networks, passes

from numpygan.arrays import array_module, wait_for
from numpygan.data.dataset import Dataset
from numpygan.errors import NumpyganError
from numpygan.nn.graphs import with_graphs
from numpygan.recipes.builtin import RECIPES
from numpygan.runs.trainer import Training

AT_ONCE = 10
TRAINED = {
    "mnist": {},
    "mnist, drawn on the GPU": {"draws": "device"},
    "mnist, drawn on the GPU, as graphs": {"draws": "device", "launches": "graph"},
    "mnist, batch 1000": {"batch": 1000},
    "mnist, batch 1000, drawn on the GPU": {"batch": 1000, "draws": "device"},
    "mnist, batch 1000, drawn on the GPU, as graphs": {
        "batch": 1000,
        "draws": "device",
        "launches": "graph",
    },
    "mnist, k = 5": {"k": 5},
    "ring": {},
    "ring, drawn on the GPU, as graphs": {"draws": "device", "launches": "graph"},
}
PEERS = ("numpygan", "floor", "floor, TF32", "torch", "torch.compile", "torch graph", "jax.jit")
PLAYED = {  # the iterations that the peers make, too
    "mnist": {"batch": 100},
    "mnist, batch 1000": {"batch": 1000},
    "ring": {"batch": 100},
}


def peers(rounds, device="gpu", candidates=PEERS):
    """The times of PLAYED, printed one by one: {name: {candidate: [s]}}, after the checks."""
    found, threads = {}, timing.machine()["cores"]
    for name, changes in PLAYED.items():
        recipe = name.split(",")[0]
        step.check(candidates, recipe, changes, device)
        times, flop = step.measure(candidates, recipe, changes, threads, rounds, device)
        step.show(f"{name}, on the {device}", times, flop, threads)
        found[name] = times
    return found


def training(recipe, xp):
    if xp is numpy:
        recipe = replace(recipe, draws="host", launches="single")
    if recipe.launches == "graph":
        xp = with_graphs(xp)
    if recipe.data != "mnist":
        return Training(recipe, None, xp)
    pixels = numpy.random.default_rng(0).integers(0, 256, (5000, 784), dtype="uint8")
    return Training(recipe, Dataset(pixels, pixels[:1], pixels[:1], (28, 28)), xp)


def many(call, xp):
    """A function that makes AT_ONCE calls and then waits for a GPU."""

    def calls():
        for _ in range(AT_ONCE):
            call()
        if xp is not numpy:
            wait_for(xp)

    return calls


def compare(calls, rounds, seconds):
    """{"NumPy": [s], "CuPy": [s]} per call, measured in alternation.

    calls  {"NumPy": (call, xp), "CuPy": (call, xp)}
    """
    times = timing.alternate({name: many(*call) for name, call in calls.items()}, rounds, seconds)
    return {name: [t / AT_ONCE for t in samples] for name, samples in times.items()}


def measure(modules, rounds, seconds):
    """Two dicts of times: an iteration by recipe, and a pass of each layer by name."""
    steps, layers = {}, {}
    for name, changes in TRAINED.items():
        recipe = replace(RECIPES[name.split(",")[0]], **changes)
        calls = {module: (training(recipe, xp).advance, xp) for module, xp in modules.items()}
        steps[name] = compare(calls, rounds, seconds)
    both = [networks(RECIPES["mnist"], 784, xp) for xp in modules.values()]
    for pairs in zip(*both):
        for same in zip(*(passes(net, tape) for _, net, tape in pairs)):
            network, net, _ = pairs[0]
            index, kind, _ = same[0]
            pairs_of = zip(modules.items(), same)
            calls = {module: (call, xp) for (module, xp), (_, _, call) in pairs_of}
            name = f"{network} {index} {net.layers[index]} {kind}"
            layers[name] = compare(calls, rounds, seconds)
    return steps, layers


def show(title, found):
    rows = [
        [
            name,
            *(f"{1e6 * median(seconds):.1f}" for seconds in times.values()),
            timing.interval(timing.ratio(times["NumPy"], times["CuPy"])),
        ]
        for name, times in found.items()
    ]
    print(timing.table([title, "NumPy, µs", "CuPy, µs", "NumPy / CuPy"], rows))


def gpu_name(xp):
    return xp.cuda.runtime.getDeviceProperties(xp.cuda.runtime.getDevice())["name"].decode()


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=7)
    parser.add_argument(
        "--peers", action="store_true", help="compare with PyTorch and JAX on the GPU"
    )
    options = parser.parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CuPy warns about parts that are not installed
            cupy = array_module("gpu")
    except NumpyganError as reason:
        print(f"There is no GPU to compare with. {reason}")
        timing.save(options.file, {"gpu": None})
        return
    if any("launches" in changes for changes in TRAINED.values()):
        timing.need("nvmath", extra="graphs")
    rounds, seconds = (min(options.rounds, 3), 0.01) if options.brief else (options.rounds, 0.1)
    steps, layers = measure({"NumPy": numpy, "CuPy": cupy}, rounds, seconds)
    print(gpu_name(cupy))
    show("an iteration of", steps)
    print()
    show("a layer's pass", layers)
    found = {"gpu": gpu_name(cupy), "rounds": rounds, "iterations": steps, "layers": layers}
    timing.save(options.file, found)
    if options.peers:
        for module in ("torch", "jax"):
            timing.need(module, extra="peers")
        timing.save(options.file, found | {"peers": peers(rounds)})


if __name__ == "__main__":
    main()
