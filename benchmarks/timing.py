"""Shared by the benchmarks: alternating measurement, ratios, tables, JSON, arguments.

The load of a machine changes by tens of percent within minutes. Therefore candidates are only
compared within one run, in strict alternation, round by round. Reported is a ratio of medians with
the interval that the rounds give.
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

import numpygan  # noqa: F401  before NumPy: it sets how long the threads of BLAS spin

import numpy

from numpygan.errors import NumpyganError
from numpygan.files import write_whole
from numpygan.tables import as_text

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
PACKAGES = "numpy scipy scikit-learn torch jax autograd mygrad thinc".split()
PACKAGES += "cupy-cuda12x cupy-cuda13x mpi4py".split()
RESAMPLES = 2000


def machine():
    """Processor, cores, Python, package versions, BLAS, thread settings, load and date."""
    some = hasattr(os, "sched_getaffinity")
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if some else os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "blas": _blas(),
        "threads": {name: os.environ[name] for name in THREADS if name in os.environ},
        "load": os.getloadavg()[0],
        "date": datetime.datetime.now().isoformat(timespec="minutes"),
    }


def alternate(candidates, rounds, seconds=0.2):
    """Time `candidates`, {name: callable}, in strict alternation: {name: [seconds per call]}.

    There is one entry per round. Each candidate is called a few times to warm up; then a sample is
    a number of calls that last about `seconds`. The order of the candidates rotates from round to
    round, so that none always follows the same other.
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
    """The order in each round: `names`, starting one further on each time."""
    for round in range(rounds):
        first = round % len(names)
        yield names[first:] + names[:first]


def _time(call, calls):
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


def ratio(theirs, ours):
    """median(theirs)/median(ours) and its 95 % interval: (ratio, low, high).

    The interval is the percentile bootstrap over rounds. `theirs` and `ours` of a round stay
    together, so a slow minute counts for both. The resampling has a fixed seed.
    """
    theirs, ours = numpy.asarray(theirs, float), numpy.asarray(ours, float)
    if theirs.shape != ours.shape or theirs.ndim != 1 or not len(ours):
        raise ValueError(
            f"ratio: expected two lists of equally many rounds, got {theirs.shape} and {ours.shape}"
        )
    picks = numpy.random.default_rng(0).integers(len(ours), size=(RESAMPLES, len(ours)))
    ratios = numpy.median(theirs[picks], 1) / numpy.median(ours[picks], 1)
    low, high = numpy.quantile(ratios, [0.025, 0.975])
    return float(numpy.median(theirs) / numpy.median(ours)), float(low), float(high)


def interval(ratio_low_high):
    """A ratio and its interval as text, such as 1.31 [1.28, 1.35]."""
    ratio, low, high = ratio_low_high
    return f"{ratio:.2f} [{low:.2f}, {high:.2f}]"


def table(head, rows, threads=None):
    """Aligned columns, the first to the left, the others to the right; `blas(threads)` below.

    Floats have four significant digits.
    """
    text = lambda cell: f"{cell:.4g}" if isinstance(cell, float) else str(cell)
    lines = as_text(list(head), [[text(cell) for cell in row] for row in rows]).splitlines()
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:], blas(threads)])


def blas(threads=None):
    """The line below each table: NumPy's BLAS, its kernel, and the number of its threads.

    threads  the number of threads of other processes that computed, else this one's
    """
    found = _blas()
    kernel = found.get("kernel") or "unknown (needs `pip install threadpoolctl`)"
    threads = threads or found.get("threads", "unknown")
    return f"BLAS {found['name']} {found['version']}, kernel {kernel}, threads: {threads}"


def save(path, payload):
    """Write `payload`, a dict, and the machine to the JSON file `path`, unless it is None."""
    if path is not None:
        payload = {"machine": machine(), **payload}
        write(path, json.dumps(payload, indent=1, default=lambda value: value.tolist()) + "\n")


def write(path, text):
    """Write the file `path` whole or not at all; end the program with one sentence on failure."""
    try:
        write_whole(path, lambda file: file.write(text.encode()))
    except NumpyganError as error:
        stop(str(error), status=1)


def environment(threads=None):
    """The environment of a process that must import the same numpygan, with `threads` threads.

    None: the thread settings of this process.
    """
    package = importlib.util.find_spec("numpygan").submodule_search_locations[0]
    path = filter(None, [str(Path(package).parent), os.environ.get("PYTHONPATH")])
    limits = {} if threads is None else dict.fromkeys(THREADS, str(threads))
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)} | limits


def need(module, extra):
    """The imported module `module`; ends the program with one sentence if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        stop(f"{module} is not installed; install it with `pip install 'numpygan[{extra}]'`.")


def stop(sentence, status=2):
    """End the program with one sentence; status 2 for a user's error, 1 for a failure."""
    print(f"{Path(sys.argv[0]).name}: {sentence}", file=sys.stderr)
    raise SystemExit(status)


def arguments(doc, rounds):
    """A parser with the options of every benchmark: -o FILE.json, --rounds N, --brief.

    rounds  the default of --rounds
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
    parser.add_argument("--brief", action="store_true", help="a short run, for a first impression")
    return parser


def at_least_one(text):
    """A command-line argument that is a whole number ≥ 1."""
    if not (text.isascii() and text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"expected a whole number ≥ 1, got {text!r}")
    return int(text)


def _json_file(text):
    if not Path(text).parent.is_dir():  # checked before the minutes of measurement
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
    """NumPy's BLAS, and, if threadpoolctl is installed, its kernel for this processor."""
    found = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    blas = {"name": found["name"], "version": found["version"]}
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return blas
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    pools.sort(key=lambda pool: "numpy" not in pool["filepath"])  # SciPy has its own BLAS
    if pools:
        blas |= {"kernel": pools[0].get("architecture"), "threads": pools[0]["num_threads"]}
    return blas
