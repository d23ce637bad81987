"""Parzen log-likelihoods of 10,000 points under 10,000 kernels in 784 dimensions: numpygan, SciPy,
PyTorch, scikit-learn.

    python benchmarks/parzen.py     (20 minutes; --brief, 500 points, once: 30 s; needs the extra
    test)

Points are MNIST test images, kernels Gaussians of σ = .1668 at training images. Every contender
gives the same values to 1e-6 relative, which takes float64 distances; the program exits 1 if one
doesn't.

    numpygan      numpygan.metrics.parzen.log_likelihoods
    SciPy         logsumexp over cdist, 1,000 points at a time
    PyTorch       torch.logsumexp over torch.cdist (by a matrix product), 1,000 points at a time;
                  where it is installed
    scikit-learn  KernelDensity, as a tree of one leaf: with more leaves it adds and subtracts
                  bounds and is wrong in 784 dimensions (scikit-learn issue 25799), by default too;
                  what the default gives is shown on 100 points, not asked to be equal

All are compared on one thread, and once more where numpygan and PyTorch may use all cores: cdist
and KernelDensity know only one.
"""

import importlib.util
import math
import sys
import time
from statistics import median

import timing  # before NumPy, as it says

import numpy

from numpygan.data.dataset import as_float, load
from numpygan.metrics.parzen import log_likelihoods

SIGMA = 0.1668
TOLERANCE = 1e-6
BLOCK = 1000


def numpygan(samples, points):
    return log_likelihoods(samples, points, [SIGMA])[:, 0]


def _normalizer(samples):
    """What log Σ_j exp(−‖x − μ_j‖²/2σ²) is lessened by: log n + d log(σ√2π)."""
    n, d = samples.shape
    return math.log(n) + d * math.log(SIGMA * math.sqrt(2 * math.pi))


def _blocks(points):
    return [points[start : start + BLOCK] for start in range(0, len(points), BLOCK)]


def scipy_way(distance, special):
    def scipy(samples, points):
        rows = (
            distance.cdist(part, samples, "sqeuclidean") * (-0.5 / SIGMA**2)
            for part in _blocks(points)
        )
        return numpy.concatenate([special.logsumexp(part, axis=1) for part in rows]) - _normalizer(
            samples
        )

    return scipy


def torch_way(torch):
    def pytorch(samples, points):
        centres = torch.from_numpy(samples)
        with torch.no_grad():
            rows = (
                torch.cdist(torch.from_numpy(part), centres).square_().mul_(-0.5 / SIGMA**2)
                for part in _blocks(points)
            )
            return torch.cat([torch.logsumexp(part, 1) for part in rows]).numpy() - _normalizer(
                samples
            )

    return pytorch


def sklearn_way(neighbors, **leaves):
    def scikit_learn(samples, points):
        return neighbors.KernelDensity(bandwidth=SIGMA, **leaves).fit(samples).score_samples(points)

    return scikit_learn


def difference(values, expected):
    """The largest |value/expected − 1|."""
    return float(numpy.abs(values / expected - 1).max())


def measure(contenders, samples, points, rounds):
    """{name: [s]} of each contender's whole computation in turn, and {name: its values}."""
    times, values = {name: [] for name in contenders}, {}
    for contender in contenders.values():
        contender(samples, points[:20])
    for order in timing.rotations(list(contenders), rounds):
        for name in order:
            start = time.perf_counter()
            values[name] = contenders[name](samples, points)
            times[name].append(time.perf_counter() - start)
    return times, values


def show(times, differ, threads, points, samples):
    """The table of all contenders where each may use so many threads."""
    rounds = len(times["numpygan"])
    told = timing.interval if rounds > 1 else lambda ratio: f"{ratio[0]:.2f}"  # one has no interval
    rows = [
        [
            name,
            points,
            samples,
            f"{median(seconds):.2f}",
            f"{1e3 * median(seconds) / points:.3f}",
            told(timing.ratio(seconds, times["numpygan"])),
            f"{differ[name]:.1e}",
        ]
        for name, seconds in times.items()
    ]
    head = ["log p(x)", "points", "kernels", "s", "ms a point", "× numpygan's time", "differs by"]
    print(timing.table(head, rows, threads), end="\n\n", flush=True)


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=3)
    parser.add_argument(
        "--samples",
        type=timing.at_least_one,
        default=10_000,
        metavar="N",
        help="kernels (default: 10,000)",
    )
    parser.add_argument(
        "--points",
        type=timing.at_least_one,
        default=10_000,
        metavar="N",
        help="points (default: 10,000)",
    )
    cores = timing.machine()["cores"]
    parser.add_argument(
        "--threads",
        type=timing.at_least_one,
        nargs="+",
        metavar="N",
        default=sorted({1, cores}),
        help=f"(default: 1 and all, {cores})",
    )
    options = parser.parse_args(arguments)
    neighbors, threadpoolctl = (
        timing.need("sklearn.neighbors", "test"),
        timing.need("threadpoolctl", "test"),
    )
    torch = importlib.import_module("torch") if importlib.util.find_spec("torch") else None
    distance, special = (
        timing.need("scipy.spatial.distance", "test"),
        timing.need("scipy.special", "test"),
    )
    many, rounds = (
        (min(500, options.points), 1) if options.brief else (options.points, options.rounds)
    )
    data = load("mnist")
    samples, points = (
        as_float(data.train[: options.samples], "float64"),
        as_float(data.test[:many], "float64"),
    )
    contenders = {
        "numpygan": numpygan,
        "SciPy": scipy_way(distance, special),
        "scikit-learn": sklearn_way(neighbors, leaf_size=len(samples)),
    }
    if torch:
        contenders["PyTorch"] = torch_way(torch)
    else:
        print("PyTorch is not installed, and left out; `pip install 'numpygan[peers]'` brings it.")
    found, apart = {}, dict.fromkeys(contenders, 0.0)
    for threads in options.threads:
        with threadpoolctl.threadpool_limits(threads, "blas"):
            if torch:
                torch.set_num_threads(threads)
            times, values = measure(contenders, samples, points, rounds)
            found[threads] = times
            differ = {name: difference(value, values["numpygan"]) for name, value in values.items()}
            show(times, differ, threads, len(points), len(samples))
        apart = {name: max(apart[name], differ[name]) for name in apart}
    default = difference(sklearn_way(neighbors)(samples, points[:100]), values["numpygan"][:100])
    print(
        f"scikit-learn with its default leaves: differs by {default:.1e} on {len(points[:100])} "
        f"points"
    )
    timing.save(
        options.file,
        {
            "points": len(points),
            "samples": len(samples),
            "sigma": SIGMA,
            "seconds": found,
            "difference": apart,
            "difference_of_default_leaves": default,
        },
    )
    wrong = [name for name, size in apart.items() if not size <= TOLERANCE]
    if wrong:
        print(f"values differ by more than {TOLERANCE:g} relative: {', '.join(wrong)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
