"""How the time of an iteration grows with width, depth, batch, k and the number of examples.

    python benchmarks/scaling.py --plot scaling.png           (five minutes, 2 GB; --brief, without
                                                              the largest: 20 s)

The MNIST recipe (two hidden layers of 1200 units in G and in D, batch 100, k = 1) is changed in
one of these at a time. Its matrix products alone (`Floor` in peers/ours.py) are timed in
alternation with the iteration. Reported:

    t ∝ n^p                  p by least squares of log t over log n, with its 95 % interval
                             (Student's t, from the residuals)
    t / products ∝ n^q       the same; q > 0 means that the time grows faster than the products
    t ≈ a + b·n              for depth, batch and k, by least squares of relative errors, and its R²

t is the least time of each size, because other programs disturb it least.

The number of examples is changed with narrow networks (20 units), where its effect would be
visible; the time of an iteration is then the mean over whole epochs.
"""

import math
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import timing  # before NumPy, see there

import numpy

from numpygan.data.dataset import Dataset
from numpygan.recipes.builtin import RECIPES
from numpygan.runs.trainer import Training

# The scripts in this folder import each other by name.
sys.path.append(str(Path(__file__).parent / "peers"))

from ours import Floor

SWEEPS = {
    "width": (150, 300, 600, 1200, 2400),
    "depth": (1, 2, 3, 4, 6),
    "batch": (25, 50, 100, 200, 400, 800),
    "k": (1, 2, 3, 5, 8),
    "examples": (2_000, 6_000, 20_000, 60_000),
}
UNITS = {
    "width": "units or pieces of a hidden layer",
    "depth": "hidden layers",
    "batch": "rows m",
    "k": "steps of D",
    "examples": "rows of data",
}
LINEAR = ("depth", "batch", "k")
# 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom
T975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def recipe(width=1200, depth=2, batch=100, k=1):
    """The MNIST recipe with `depth` hidden layers of `width` units (G) or pieces (D)."""
    return replace(
        RECIPES["mnist"],
        generator=(f"relu {width}",) * depth + ("sigmoid",),
        discriminator=(f"maxout {width // 5}x5",) * depth,
        keep=(0.8,) + (0.5,) * depth,
        scale_g=(0.0,) * (depth + 1),
        scale_d=(0.0,) * (depth + 1),
        batch=batch,
        k=k,
    )


def dataset(examples):
    pixels = numpy.random.default_rng(0).integers(0, 256, (examples, 784), dtype="uint8")
    return Dataset(pixels, pixels[:1], pixels[:1], (28, 28))


def fit_power(n, t):
    """(p, half the width of its 95 % interval) of t ∝ n^p."""
    x, y = numpy.log(n), numpy.log(t)
    x = x - x.mean()
    slope = x @ y / (x @ x)
    free = len(x) - 2
    if free < 1:
        return float(slope), math.nan
    residual = y - y.mean() - slope * x
    se = math.sqrt(residual @ residual / free / (x @ x))
    return float(slope), T975[min(free, len(T975)) - 1] * se


def fit_line(n, t):
    """(a, b, R²) of t ≈ a + b·n by least squares of relative errors.

    With absolute errors the largest n would decide alone.
    """
    n, t = numpy.asarray(n, float), numpy.asarray(t, float)
    (a, b), *_ = numpy.linalg.lstsq(numpy.stack([1 / t, n / t], 1), numpy.ones(len(t)), rcond=None)
    return float(a), float(b), float(1 - ((a + b * n - t) ** 2).sum() / ((t - t.mean()) ** 2).sum())


def measure(sweep, sizes, rounds, seconds):
    """{size: {"iteration": [s], "products": [s]}} of one sweep; all sizes take turns."""
    calls = {}
    for n in sizes:
        changed = recipe(width=20) if sweep == "examples" else recipe(**{sweep: n})
        data = dataset(n if sweep == "examples" else 5000)
        it = Training(changed, data, numpy)
        calls[n, "iteration"] = partial(_epoch, it) if sweep == "examples" else it.advance
        calls[n, "products"] = partial(Floor(changed, data, None).iterate, 1)
    times = timing.alternate(calls, rounds, seconds)
    if sweep == "examples":
        for n in sizes:
            times[n, "iteration"] = [t / (n // 100) for t in times[n, "iteration"]]
    return {n: {what: times[n, what] for what in ("iteration", "products")} for n in sizes}


def _epoch(it):
    for _ in range(it.iterations_per_epoch):
        it.advance()


def fits(sweep, times):
    n = list(times)
    t, bare = ([min(times[size][what]) for size in n] for what in ("iteration", "products"))
    found = {"power": fit_power(n, t), "products": fit_power(n, bare)}
    found["beyond"] = fit_power(n, numpy.divide(t, bare))
    if sweep in LINEAR:
        found |= {"line": fit_line(n, t), "line_products": fit_line(n, bare)}
    return found


def show(results):
    rows = [
        [
            f"{sweep} {n:,}",
            f"{1e3 * min(t['iteration']):.2f}",
            f"{1e3 * min(t['products']):.2f}",
            timing.interval(timing.ratio(t["iteration"], t["products"])),
        ]
        for sweep, result in results.items()
        for n, t in result["times"].items()
    ]
    head = ["one changed", "iteration, least ms", "products, least ms", "ratio of medians"]
    print(timing.table(head, rows))
    rows = []
    for sweep, result in results.items():
        line = result["fits"].get("line")
        told = f"{1e3 * line[0]:.2f} + {1e3 * line[1]:.4g}·n, {line[2]:.4f}" if line else "–"
        fitted = (result["fits"][key] for key in ("power", "products", "beyond"))
        powers = (f"{p:.2f} ± {half:.2f}" for p, half in fitted)
        rows.append([f"{sweep} {min(result['times'])}–{max(result['times'])}", *powers, told])
    head = ["exponents", "iteration p", "products", "their ratio q", "line in ms, R²"]
    print(f"\n{timing.table(head, rows)}")


def draw(results, path):
    """A log-log panel for each sweep: the least time of an iteration and of its products over n.

    The lines are the fitted powers.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import LogLocator

    figure, axes = pyplot.subplots(
        1, len(results), figsize=(2.9 * len(results), 3.1), layout="constrained", squeeze=False
    )
    for axis, (sweep, result) in zip(axes[0], results.items()):
        n = numpy.array(list(result["times"]), float)
        for what, colour, marker, key in (
            ("iteration", "#0072B2", "o-", "power"),
            ("products", "#D55E00", "s--", "products"),
        ):
            least = 1e3 * numpy.array([min(times[what]) for times in result["times"].values()])
            power, half = result["fits"][key]
            log_n = numpy.log(n) - numpy.log(n).mean()
            fitted = numpy.exp(numpy.log(least).mean() + power * log_n)
            axis.plot(n, fitted, marker[1:], color=colour, lw=1.2)
            label = f"{what} ∝ n^{power:.2f} ± {half:.2f}"
            axis.plot(n, least, marker[0], color=colour, ms=5, label=label)
        axis.set(xscale="log", yscale="log", title=sweep, xlabel=UNITS[sweep])
        axis.set(xticks=n, xticklabels=[f"{size:,.0f}" for size in n])
        axis.set_ylim(top=2.2 * axis.get_ylim()[1])  # room for the legend
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.minorticks_off()
        axis.grid(color="#dddddd", lw=0.6)
        axis.legend(fontsize=8, frameon=False, loc="upper left", handletextpad=0.2)
    axes[0][0].set_ylabel("least milliseconds per iteration")
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=15)
    parser.add_argument("--only", choices=SWEEPS, help="change only this one")
    parser.add_argument("--plot", metavar="FILE.png", help="also draw the result")
    options = parser.parse_args(arguments)
    rounds, seconds = (min(options.rounds, 5), 0.05) if options.brief else (options.rounds, 0.2)
    results = {}
    for sweep in [options.only] if options.only else SWEEPS:
        sizes = SWEEPS[sweep][:-1] if options.brief else SWEEPS[sweep]
        times = measure(sweep, sizes, rounds, seconds)
        results[sweep] = {"times": times, "fits": fits(sweep, times)}
    show(results)
    if options.plot:
        draw(results, options.plot)
    timing.save(options.file, {"rounds": rounds, "sweeps": results})


if __name__ == "__main__":
    main()
