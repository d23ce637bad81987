"""What the benchmarks share: alternating measurement, ratios with an interval, the machine, tables,
JSON, and the arguments.

The load of a machine drifts by tens of percent within minutes, so candidates are only ever compared
inside one run, in strict alternation, round by round; what is reported is a ratio of medians with
the interval that the rounds themselves give.
"""

import argparse
import datetime
import importlib
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import sys
import time
from pathlib import Path

import numpygan  # noqa: F401  before NumPy, whose BLAS it tells how long to spin

import numpy

from numpygan.errors import NumpyganError
from numpygan.files import write_whole

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "jax",
    "cupy-cuda12x",
    "cupy-cuda13x",
    "mpi4py",
)
RESAMPLES = 2000


def machine():
    """Where numbers come from: processor, cores, Python, the versions of what is installed, BLAS,
    thread settings, load and date.
    """
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "blas": _blas(),
        "threads": {name: os.environ[name] for name in THREADS if name in os.environ},
        "load": os.getloadavg()[0],
        "date": datetime.datetime.now().isoformat(timespec="minutes"),
    }


def alternate(candidates, rounds, seconds=0.2):
    """Time `candidates`, {name: callable}, in strict alternation: {name: [seconds per call, one for
    each round]}.

    Each is called a few times to warm up; then each sample is as many calls as last about
    `seconds`. The order of the candidates is rotated from round to round, so that none always
    follows the same other.
    """
    calls, times = {}, {name: [] for name in candidates}
    for name, call in candidates.items():
        for _ in range(2):
            call()
        calls[name] = max(1, math.ceil(seconds / max(_time(call, 1), 1e-9)))
    for names in rotations(list(candidates), rounds):
        for name in names:
            times[name].append(_time(candidates[name], calls[name]))
    return times


def rotations(names, rounds):
    """The order in each round: `names`, each time starting one further on."""
    for round in range(rounds):
        first = round % len(names)
        yield names[first:] + names[:first]


def _time(call, calls):
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


def ratio(theirs, ours):
    """median(theirs)/median(ours) and the ends of its 95 % interval: (ratio, low, high).

    The interval is the percentile bootstrap's over rounds: theirs and ours of a round stay
    together, so a slow minute counts for both. The resampling is seeded.
    """
    theirs, ours = numpy.asarray(theirs, float), numpy.asarray(ours, float)
    if theirs.shape != ours.shape or theirs.ndim != 1 or not len(ours):
        raise ValueError(
            f"ratio: expected two lists of as many rounds, got {theirs.shape} and {ours.shape}"
        )
    picks = numpy.random.default_rng(0).integers(len(ours), size=(RESAMPLES, len(ours)))
    low, high = numpy.quantile(
        numpy.median(theirs[picks], 1) / numpy.median(ours[picks], 1), [0.025, 0.975]
    )
    return float(numpy.median(theirs) / numpy.median(ours)), float(low), float(high)


def interval(ratio_low_high):
    """A ratio and its interval as text, such as 1.31 [1.28, 1.35]."""
    ratio, low, high = ratio_low_high
    return f"{ratio:.2f} [{low:.2f}, {high:.2f}]"


def table(head, rows, threads=None):
    """Lines of text with aligned columns: the first to the left, the others to the right;
    `blas(threads)` below.

    Floats have four significant digits.
    """
    cells = [
        [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
        for row in [head, *rows]
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in cells
    ]
    return "\n".join(
        [lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:], blas(threads)]
    )


def blas(threads=None):
    """The line below each table: NumPy's BLAS, its kernel, and its threads, which are `threads`
    where others compute.
    """
    found = _blas()
    kernel = found.get("kernel") or "unknown (`pip install threadpoolctl` tells it)"
    threads = threads or found.get("threads", "unknown")
    return f"BLAS {found['name']} {found['version']}, kernel {kernel}, threads: {threads}"


def save(path, payload):
    """Write `payload`, a dict, and the machine to the JSON file `path`, unless that is None."""
    if path is not None:
        write(
            path,
            json.dumps(
                {"machine": machine(), **payload}, indent=1, default=lambda value: value.tolist()
            )
            + "\n",
        )


def write(path, text):
    """Write the file `path`, all of it or nothing; ends the program with one sentence if it can't
    be written.
    """
    try:
        write_whole(path, lambda file: file.write(text.encode()))
    except NumpyganError as error:
        stop(str(error), status=1)


def environment(threads=None):
    """The environment of a process that is to import the numpygan that this one does, on so many
    threads (None: as here).
    """
    package = importlib.util.find_spec("numpygan").submodule_search_locations[0]
    path = os.pathsep.join(
        [str(Path(package).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    return (
        os.environ
        | {"PYTHONPATH": path}
        | ({} if threads is None else dict.fromkeys(THREADS, str(threads)))
    )


def need(module, extra):
    """The module `module`, imported; ends the program with one sentence if it isn't installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        stop(f"{module} is not installed; install it with `pip install 'numpygan[{extra}]'`.")


def stop(sentence, status=2):
    """End the program with one sentence: status 2 for a user's error, 1 for what has failed."""
    print(f"{Path(sys.argv[0]).name}: {sentence}", file=sys.stderr)
    raise SystemExit(status)


def arguments(doc, rounds):
    """A parser with what every benchmark takes: -o FILE.json, --rounds N (default `rounds`),
    --brief.
    """
    parser = argparse.ArgumentParser(description=doc.strip().splitlines()[0])
    parser.add_argument(
        "-o",
        dest="file",
        type=_json_file,
        metavar="FILE.json",
        help="also write everything as JSON",
    )
    parser.add_argument(
        "--rounds",
        type=at_least_one,
        default=rounds,
        metavar="N",
        help=f"samples of each (default: {rounds})",
    )
    parser.add_argument("--brief", action="store_true", help="a short run, for a first look")
    return parser


def at_least_one(text):
    """An argument that is a whole number ≥ 1."""
    if not (text.isascii() and text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"expected a whole number ≥ 1, got {text!r}")
    return int(text)


def _json_file(text):
    if not Path(text).parent.is_dir():  # said before, not after, the minutes of measurement
        raise argparse.ArgumentTypeError(f"there is no folder {Path(text).parent}")
    return text


def _cpu_model():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _blas():
    """NumPy's BLAS as it was built, and, where threadpoolctl is installed, the kernel it picked for
    this processor.
    """
    found = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    blas = {"name": found["name"], "version": found["version"]}
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return blas
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    pools.sort(key=lambda pool: "numpy" not in pool["filepath"])  # SciPy has one of its own
    return blas | (
        {"kernel": pools[0].get("architecture"), "threads": pools[0]["num_threads"]}
        if pools
        else {}
    )
