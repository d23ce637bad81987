"""How near each layer's forward and backward pass come to their limit, in the MNIST recipe.

    python benchmarks/layers.py            (two minutes; --brief: 20 s)

The limit of an Affine layer is arithmetic: its matrix products alone. The limit of an outer
product and of every other layer is memory: a copy, on one core, of all bytes that the pass must
read and write. Forward: from x (and a mask) to y and the arrays kept for backward. Backward: from
gy and these arrays to gx. Layer and limit are timed in alternation, with arrays that fit into the
same cache. This is the best case for both, because in training other layers come between. G's pass
has the recipe's 100 rows. D's pass has 200, examples and generated rows together.
"""

from statistics import median

import timing  # before NumPy, see there

import numpy

from numpygan.arrays import Stream
from numpygan.recipes.networks import build
from numpygan.recipes.builtin import RECIPES


def networks(recipe, dim, xp=numpy):
    """("G", network, tape) and ("D", …) of the recipe for data of width `dim`.

    A forward and a backward pass have been made.
    """
    stream = Stream(recipe.seed)
    for name, net, rows in zip("GD", build(recipe, dim, xp), (recipe.batch, 2 * recipe.batch)):
        net.initialize(stream)
        tape = net.tape(rows)
        stream.normal(tape.x)
        net.draw_masks(tape, stream)
        stream.normal(tape.gy)
        net.forward(tape.x, tape)
        net.backward(tape.gy, tape)
        yield name, net, tape


def passes(net, tape):
    """(layer's index, name of the pass, call) of every pass of every layer."""
    for index, (layer, t) in enumerate(zip(net.layers, tape.layers)):
        yield index, "forward", lambda layer=layer, t=t: layer.forward(t.x, t)
        yield index, "backward", lambda layer=layer, t=t: layer.backward(t.gy, t)
        if layer.shapes():
            yield index, "backward_params", lambda layer=layer, t=t: layer.backward_params(t.gy, t)


def limit(layer, t, name):
    """The limit of a pass: a call, its number of operations or bytes, and "product" or "copy"."""
    if layer.shapes():
        a, b = {
            "forward": (t.x, layer.W),
            "backward": (t.gy, layer.W.T),
            "backward_params": (t.x.T, t.gy),
        }[name]
        out = numpy.empty((len(a), b.shape[1]), a.dtype)
        if a.shape[1] > 1:
            return lambda: numpy.matmul(a, b, out=out), 2 * a.size * b.shape[1], "product"
        size = a.nbytes + b.nbytes + out.nbytes  # an outer product is mostly memory traffic
    else:
        kept = sum(getattr(t, own).nbytes for own in t.own)
        if name == "forward":
            size = t.x.nbytes + t.y.nbytes + kept
        else:
            # A layer that keeps no array of its own reads y.
            size = t.gy.nbytes + t.gx.nbytes + (kept or t.y.nbytes)
    source, target = numpy.ones(size // 2, "uint8"), numpy.ones(size // 2, "uint8")
    return lambda: numpy.copyto(target, source), size, "copy"


def measure(recipe, dim, rounds, seconds):
    """A dict for each pass of each layer of both networks."""
    found = []
    for net_name, net, tape in networks(recipe, dim):
        for index, name, call in passes(net, tape):
            bound, work, kind = limit(net.layers[index], tape.layers[index], name)
            times = timing.alternate({"layer": call, "limit": bound}, rounds, seconds)
            found.append(
                {
                    "network": net_name,
                    "index": index,
                    "layer": repr(net.layers[index]),
                    "pass": name,
                    "rows": tape.m,
                    "limit": kind,
                    "work": work,
                    "seconds": times,
                    "share": timing.ratio(times["limit"], times["layer"]),
                }
            )
    return found


def show(found):
    rows = []
    for row in found:
        ours, bound = (1e6 * median(row["seconds"][name]) for name in ("layer", "limit"))
        unit = "GFLOP/s" if row["limit"] == "product" else "GB/s"
        rows.append(
            [
                f"{row['network']} {row['index']} {row['layer']}",
                row["pass"],
                row["rows"],
                f"{ours:.1f}",
                row["limit"],
                f"{bound:.1f}",
                f"{row['work'] / ours / 1e3:.1f} {unit}",
                timing.interval(row["share"]),
            ]
        )
    head = ["layer", "pass", "rows", "µs", "limit", "µs", "rate", "share of the limit"]
    print(timing.table(head, rows))
    for kind, name in (("product", "Affine layers"), ("copy", "everything else")):
        these = [row["seconds"] for row in found if row["limit"] == kind]
        ours, bound = (sum(median(row[part]) for row in these) for part in ("layer", "limit"))
        times = f"{1e3 * ours:.2f} ms, limit {1e3 * bound:.2f} ms, share {bound / ours:.2f}"
        print(f"{name} together: {times}")


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=25)
    options = parser.parse_args(arguments)
    recipe = RECIPES["mnist"]
    rounds, seconds = (min(options.rounds, 7), 0.01) if options.brief else (options.rounds, 0.05)
    found = measure(recipe, 784, rounds, seconds)
    show(found)
    timing.save(options.file, {"recipe": recipe.name, "rounds": rounds, "layers": found})


if __name__ == "__main__":
    main()
