"""Fuzz the readers with Atheris, which looks for inputs that take new ways through the Python code.

    pip install atheris
    python -m tests.fuzz idx --runs 100000        (or: npy, npz, cifar, checkpoint, config, sweep,
    metrics)

Stops with the input, written to tests/fuzz/corpus/TARGET/, at the first that ends in anything but
an array or one sentence; that takes longer than 2 s; or that takes the process above 512 MB.
Unpickling, evaluating, and running programs are forbidden meanwhile.
"""

import argparse
import builtins
import hashlib
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import atheris

from numpygan.data.sources import Mixture

with atheris.instrument_imports(
    include=["numpygan", "zipfile", "gzip", "tomllib", "numpy.lib._format_impl"]
):
    from tests.fuzz import targets

CORPUS = Path(__file__).parent / "corpus"
SECONDS, BYTES = 2, 512 << 20


def forbidden(*_, **__):
    raise AssertionError("code from a file would have been run")


def fuzz(target, runs, place, seed):
    found, slowest = Counter(), 0.0
    for number, data in enumerate(targets.seeds(target)):
        Path(place, "corpus", f"seed{number}").write_bytes(data)
    folder = Path(place, "files")
    targets.give(target, targets.seeds(target)[0], folder)
    for module, name in (
        (pickle, "load"),
        (pickle, "loads"),
        (builtins, "eval"),
        (subprocess, "Popen"),
        (os, "system"),
    ):
        setattr(module, name, forbidden)

    def one(data):
        nonlocal slowest
        start = time.process_time()
        try:
            outcome = targets.give(target, data, folder)
            took = time.process_time() - start
            assert took < SECONDS, f"took {took:.1f} s"
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            assert memory < BYTES, f"took {memory:,} bytes of memory"
        except BaseException:
            (CORPUS / target).mkdir(exist_ok=True, parents=True)
            (CORPUS / target / hashlib.sha1(data).hexdigest()[:10]).write_bytes(data)
            raise
        slowest = max(slowest, took)
        found["read" if outcome == "read" else "refused"] += 1
        if found.total() == runs:
            print(
                f"{target}: {runs:,} inputs, {found['read']:,} read, {found['refused']:,} refused "
                f"in one sentence; "
                f"slowest {slowest:.2f} s, most memory {memory / 2**20:.0f} MB",
                flush=True,
            )
            os._exit(0)

    arguments = [
        sys.argv[0],
        "-runs=-1",
        f"-seed={seed}",
        "-timeout=100",
        "-rss_limit_mb=0",
        "-max_len=20000",
        "-verbosity=0",
    ]
    arguments += [f"-artifact_prefix={place}/", str(Path(place, "corpus"))]
    atheris.Setup(arguments, one)
    atheris.Fuzz()


if __name__ == "__main__":
    Mixture.size = 100  # short epochs
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", choices=targets.TARGETS)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for name in ("corpus", "files"):
            os.mkdir(Path(place, name))
        fuzz(options.target, options.runs, place, options.seed)
