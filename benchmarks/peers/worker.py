"""One candidate in a process of its own. `benchmarks/step.py` starts it and says by lines of JSON
what to do.

    worker.py '{"candidate": "jax.jit", "recipe": "mnist", "set": {"batch": 100}, "threads": 2}'

It answers "ready" with the seconds that getting ready took (compiling above all), then each number
n by the seconds that one of n iterations takes. With "check": n it makes n iterations beside
numpygan's on the CPU, in float64, answers by how far they differ, and ends.
"""

import ctypes
import json
import os
import re
import signal
import sys
import time

FULL_WIDTH = 10_000_000  # parameters up to which the check leaves a network as wide as it is
# name: module, class
CANDIDATES = {
    "numpygan": ("ours", "Ours"),
    "floor": ("ours", "Floor"),
    "floor, TF32": ("ours", "FloorTF32"),
    "torch": ("pytorch", "Eager"),
    "torch.compile": ("pytorch", "Compiled"),
    "torch.compile autotuned": ("pytorch", "CompiledAutotuned"),
    "torch graph": ("pytorch", "Graphed"),
    "jax.jit": ("xla", "Jitted"),
    "autograd": ("hips", "Eager"),
    "mygrad": ("with_mygrad", "Eager"),
    "thinc": ("with_thinc", "Eager"),
}


def main():
    order = json.loads(sys.argv[1])
    if sys.platform == "linux":
        # PR_SET_PDEATHSIG: a stopped process would outlive a parent that is killed
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a framework prints goes to stderr
    if hasattr(os, "sched_setaffinity"):
        # Before any library counts processors
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: order["threads"]])
    result = check(order) if order.get("check") else None

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    if result is not None:
        return answer(result)
    start = time.perf_counter()
    candidate = make(order, recipe(order))
    candidate.iterate(3)
    answer(
        {
            "ready": time.perf_counter() - start,
            "flop": candidate.flop() if hasattr(candidate, "flop") else None,
        }
    )
    for line in sys.stdin:
        iterations = int(line)
        candidate.iterate(1)  # wakes the threads, fills the caches
        start = time.perf_counter()
        candidate.iterate(iterations)
        answer((time.perf_counter() - start) / iterations)


def recipe(order):
    from numpygan.recipes.builtin import RECIPES
    from numpygan.recipes.settings import change

    # The peers play Algorithm 1, so cifar10 does, too.
    return change(RECIPES[order["recipe"]], **{"algorithm": "algorithm1"} | order["set"])


def make(order, recipe):
    """The candidate at the recipe's initial θ."""
    from importlib import import_module

    from game import dataset

    module, name = CANDIDATES[order["candidate"]]
    where = [order["device"]] if "device" in order else []  # NumPy's peers know only the CPU
    return getattr(import_module(module), name)(recipe, dataset(recipe), order["threads"], *where)


def narrow(layers):
    """The layers of a recipe at a hundredth of their width."""
    return tuple(
        re.sub(r" (\d+)", lambda width: f" {max(2, int(width[1]) // 100)}", layer)
        for layer in layers
    )


def check(order):
    """The largest differences of what the candidate has moved from what numpygan has, relative to
    the largest entry of the move.

    Momentum's first move is η ∂L/∂θ, so that under this rule it is the gradients that are compared:
    G's at the moved θ_d.
    """
    import numpy
    from game import parameters

    from numpygan.recipes.settings import change

    chosen = change(recipe(order), dtype="float64")
    reference = order | {"candidate": "numpygan", "device": "cpu"}
    ours = make(reference, chosen).training
    if ours.G.theta.size + ours.D.theta.size > FULL_WIDTH:
        chosen = change(
            chosen, generator=narrow(chosen.generator), discriminator=narrow(chosen.discriminator)
        )
        ours = make(reference, chosen).training
    theirs = make(order, chosen)
    start = [parameters(net) for net in (ours.G, ours.D)]
    theirs.load(*start)
    for _ in range(order["check"]):
        ours.advance()
        theirs.iterate(1)
    nets = {"G": ours.G, "D": ours.D} | ({"average of G": ours.average.net} if ours.average else {})
    differences = {}
    for (name, net), before, moved in zip(
        nets.items(), [*start, start[0]], theirs.moved(), strict=False
    ):
        before, moved, mine = (
            numpy.concatenate([a.ravel() for a in part])
            for part in (before, moved, parameters(net))
        )
        differences[name] = float(numpy.abs(moved - mine).max() / numpy.abs(mine - before).max())
    assert len(differences) == len(nets)
    return {
        "rule": chosen.rule,
        "parameters": {name: net.theta.size for name, net in nets.items()},
        "differences": differences,
    }


if __name__ == "__main__":
    main()
