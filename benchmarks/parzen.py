"""Parzen log-likelihoods compared: numpygan, SciPy, PyTorch, scikit-learn.

    python benchmarks/parzen.py     (20 minutes; --brief, 500 points, once: 30 s; needs the extra
                                    test)

10,000 points (MNIST test images) under 10,000 Gaussian kernels (at training images, σ = 0.1668) in
784 dimensions. All programs must give the same values to 1e-6 relative, for which they need
float64 distances; if one does not, the exit status is 1.

    numpygan      numpygan.metrics.parzen.log_likelihoods
    SciPy         logsumexp over cdist, 1,000 points at a time
    PyTorch       torch.logsumexp over torch.cdist (by a matrix product), 1,000 points at a time;
                  only if it is installed
    scikit-learn  KernelDensity, as a tree with one leaf. With more leaves, also by default, it adds
                  and subtracts bounds and is wrong in 784 dimensions (scikit-learn issue 25799).
                  The default is shown for 100 points; it need not be equal.

All are compared on one thread, and again with all cores. Only numpygan and PyTorch use these:
cdist and KernelDensity have one thread.
"""

import importlib.util
import math
import sys
import time
from statistics import median

import timing  # before NumPy, see there

import numpy

from numpygan.data.dataset import as_float, load
from numpygan.metrics.parzen import log_likelihoods

SIGMA = 0.1668
TOLERANCE = 1e-6
BLOCK = 1000


def numpygan(samples, points):
    return log_likelihoods(samples, points, [SIGMA])[:, 0]


def _normalizer(samples):
    """log n + d log(σ√2π), the constant that is subtracted from log Σ_j exp(−‖x − μ_j‖²/2σ²)."""
    n, d = samples.shape
    return math.log(n) + d * math.log(SIGMA * math.sqrt(2 * math.pi))


def _blocks(points):
    return [points[start : start + BLOCK] for start in range(0, len(points), BLOCK)]


def scipy_way(distance, special):
    def scipy(samples, points):
        found = []
        for part in _blocks(points):
            exponents = distance.cdist(part, samples, "sqeuclidean") * (-0.5 / SIGMA**2)
            found.append(special.logsumexp(exponents, axis=1))
        return numpy.concatenate(found) - _normalizer(samples)

    return scipy


def torch_way(torch):
    def pytorch(samples, points):
        centres, found = torch.from_numpy(samples), []
        with torch.no_grad():
            for part in map(torch.from_numpy, _blocks(points)):
                exponents = torch.cdist(part, centres).square_().mul_(-0.5 / SIGMA**2)
                found.append(torch.logsumexp(exponents, 1))
            return torch.cat(found).numpy() - _normalizer(samples)

    return pytorch


def sklearn_way(neighbors, **leaves):
    def scikit_learn(samples, points):
        return neighbors.KernelDensity(bandwidth=SIGMA, **leaves).fit(samples).score_samples(points)

    return scikit_learn


def difference(values, expected):
    """The largest |value/expected − 1|."""
    return float(numpy.abs(values / expected - 1).max())


def measure(contenders, samples, points, rounds):
    """{name: [s]} of each program's whole computation in turn, and {name: its values}."""
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
    """Print the table of all programs with this number of threads."""
    rounds = len(times["numpygan"])
    # One round has no interval.
    told = timing.interval if rounds > 1 else lambda ratio: f"{ratio[0]:.2f}"
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
    count = {"type": timing.at_least_one, "metavar": "N"}
    for name, what in (("--samples", "kernels"), ("--points", "points")):
        parser.add_argument(name, **count, default=10_000, help=f"{what} (default: 10,000)")
    cores = timing.machine()["cores"]
    told = f"numbers of threads (default: 1 and all, {cores})"
    parser.add_argument("--threads", **count, nargs="+", default=sorted({1, cores}), help=told)
    options = parser.parse_args(arguments)
    neighbors = timing.need("sklearn.neighbors", "test")
    threadpoolctl = timing.need("threadpoolctl", "test")
    torch = importlib.import_module("torch") if importlib.util.find_spec("torch") else None
    distance = timing.need("scipy.spatial.distance", "test")
    special = timing.need("scipy.special", "test")
    many, rounds = options.points, options.rounds
    if options.brief:
        many, rounds = min(500, many), 1
    data = load("mnist")
    samples = as_float(data.train[: options.samples], "float64")
    points = as_float(data.test[:many], "float64")
    contenders = {
        "numpygan": numpygan,
        "SciPy": scipy_way(distance, special),
        "scikit-learn": sklearn_way(neighbors, leaf_size=len(samples)),
    }
    if torch:
        contenders["PyTorch"] = torch_way(torch)
    else:
        print("PyTorch is not installed and is left out; `pip install 'numpygan[peers]'` adds it.")
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
    words = f"differs by {default:.1e} on {len(points[:100])} points"
    print(f"scikit-learn with its default leaves: {words}")
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
