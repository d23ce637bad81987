"""Memory of the training loop, and what `import numpygan` pulls in."""

import json
import subprocess
import sys
import tracemalloc
from functools import cache
from pathlib import Path

import numpy
import pytest

from numpygan.data.dataset import Dataset
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change
from numpygan.runs.trainer import Training

KINDS = {
    "algorithm1": {},
    "k2": {"k": "2"},
    "saturating": {"loss": "saturating"},
    "authors2014": {"algorithm": "authors2014"},
    "adam": {"rule": "adam", "momentum": "0.5", "momentum_final": "0.5"},
    "adam authors2014": {
        "rule": "adam",
        "momentum": "0.5",
        "momentum_final": "0.5",
        "algorithm": "authors2014",
    },
    "gaussian": {"noise": "gaussian"},
    "max-norm": {"max_norm": "1.9"},
}


def training(**changes):
    """The authors' recipe at full widths, one hidden layer each, on random pictures of MNIST's
    size.
    """
    pixels = numpy.random.default_rng(0).integers(0, 256, (2000, 784), dtype="uint8")
    recipe = change(
        RECIPES["mnist-authors"],
        generator="relu 1200, sigmoid",
        scale_g="0.05,0.05",
        discriminator="maxout 240x5",
        keep="0.8,0.5",
        scale_d="0.005,0.005",
        **changes,
    )
    return Training(recipe, Dataset(pixels, pixels[:100], pixels[:100], (28, 28)), numpy)


def rises(step):
    """How far the traced memory rises while each line of numpygan runs within `step`: {(file,
    line): bytes}, the largest first.

    An array as large as that can only have been made by a line that rises at least as far.
    """
    found, last = {}, [None, 0]

    def note(frame):
        if last[0] is not None:
            rise = tracemalloc.get_traced_memory()[1] - last[1]
            found[last[0]] = max(rise, found.get(last[0], 0))
        last[0] = frame and (Path(frame.f_code.co_filename).name, frame.f_lineno)
        tracemalloc.reset_peak()
        last[1] = tracemalloc.get_traced_memory()[0]

    def trace(frame, event, argument):
        if "numpygan" not in frame.f_code.co_filename and frame.f_code.co_filename != __file__:
            return None
        note(frame)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        step()
    finally:
        sys.settrace(before)
    note(None)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_step_allocates_no_array_above_64_kb(kind):
    it = training(**KINDS[kind])
    tracemalloc.start()
    try:
        # All within the first epoch: the order of the next one is drawn at its end
        for _ in range(2):
            it.advance()
            it.check_finite()
        found = rises(it.advance) | rises(it.check_finite)
    finally:
        tracemalloc.stop()
    assert len(found) > 30
    assert {line: rise for line, rise in found.items() if rise > 64 * 1024} == {}


def test_the_measurement_sees_an_array():
    tracemalloc.start()
    try:
        assert max(rises(lambda: numpy.empty(70 * 1024, "uint8")).values()) >= 70 * 1024
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow():
    it = training()
    tracemalloc.start()
    try:
        for _ in range(2):
            it.advance()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(25):  # across the end of an epoch
            it.advance()
        assert tracemalloc.get_traced_memory()[0] - before < 64 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
def test_the_gradient_of_a_network_that_never_learns_takes_no_memory():
    """As the average's and a copy's: only θ, here 16 MB, is touched."""
    code = """
import numpygan as ng

def resident():
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

net = ng.MLP([ng.Affine(2000, 2000)])
before = resident()
twin = net.copy()
print(resident() - before)
"""
    taken = int(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, text=True
        ).stdout
    )
    assert taken < 1.25 * 4 * 2000 * 2001


@cache
def imported(statement):
    """The modules that `statement` leaves in a fresh interpreter."""
    code = f"import json, sys; {statement}; print(json.dumps(list(sys.modules)))"
    return set(
        json.loads(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, check=True, text=True
            ).stdout
        )
    )


@pytest.mark.parametrize("statement", ["import numpygan", "import numpygan.cli"])
def test_import_is_light(statement):
    modules = imported(statement)
    heavy = {"matplotlib", "tqdm", "cupy", "PIL", "scipy", "asyncio", "unittest", "pdb"}
    heavy |= {"hypothesis", "pytest"}
    assert "numpygan.testing" in modules and not modules & heavy


def test_import_numpygan_leaves_the_command_line_out():
    assert not imported("import numpygan") & {"numpygan.cli", "argparse"} - imported("import numpy")
