"""Memory of the training loop, and what `import numpygan` pulls in."""

import json
import subprocess
import sys
import tracemalloc

import numpy
import pytest

from numpygan.data.dataset import Dataset
from numpygan.gan.recipes import RECIPES
from numpygan.gan.settings import change
from numpygan.runs.training import Training

KINDS = {
    "algorithm1": {},
    "k2": {"k": "2"},
    "saturating": {"loss": "saturating"},
    "authors2014": {"algorithm": "authors2014"},
    "adam": {"rule": "adam", "momentum": "0.5", "momentum_final": "0.5"},
    "adam authors2014": {"rule": "adam", "momentum": "0.5", "momentum_final": "0.5", "algorithm": "authors2014"},
    "gaussian": {"noise": "gaussian"},
    "max-norm": {"max_norm": "1.9"},
}


def training(**changes):
    """The authors' recipe at full widths, one hidden layer each, on random pictures of MNIST's size."""
    pixels = numpy.random.default_rng(0).integers(0, 256, (2000, 784), dtype="uint8")
    recipe = change(
        RECIPES["mnist-authors"], generator="relu 1200, sigmoid", scale_g="0.05,0.05", discriminator="maxout 240x5",
        keep="0.8,0.5", scale_d="0.005,0.005", **changes,
    )  # fmt: skip
    return Training(recipe, Dataset(pixels, pixels[:100], pixels[:100], (28, 28)), numpy)


def peak(step):
    """How far the traced memory rises above its level before, in bytes, while `step` runs."""
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    step()
    return tracemalloc.get_traced_memory()[1] - before


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_step_allocates_no_array_above_64_kb(kind):
    it = training(**KINDS[kind])
    tracemalloc.start()
    try:
        for _ in range(2):
            it.advance()
            it.check_finite()
        peaks = []
        for _ in range(3):  # all within the first epoch: the order of the next one is drawn at its end
            peaks.append(peak(it.advance))
            peaks.append(peak(it.check_finite))
    finally:
        tracemalloc.stop()
    assert max(peaks) < 64 * 1024  # all that is alive at once, so each array too


def test_the_measurement_sees_an_array():
    tracemalloc.start()
    try:
        assert peak(lambda: numpy.empty(70 * 1024, "uint8")) >= 70 * 1024
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


def imported(statement):
    """The modules that `statement` leaves in a fresh interpreter."""
    code = f"import json, sys; {statement}; print(json.dumps(list(sys.modules)))"
    return set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout))


@pytest.mark.parametrize("statement", ["import numpygan", "import numpygan.cli"])
def test_import_is_light(statement):
    modules = imported(statement)
    assert "numpygan" in modules and not modules & {"matplotlib", "tqdm", "cupy", "PIL", "scipy"}


def test_import_numpygan_leaves_the_command_line_out():
    assert not imported("import numpygan") & {"numpygan.cli", "argparse"} - imported("import numpy")
