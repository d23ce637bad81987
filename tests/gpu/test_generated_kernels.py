"""The kernels that CuPy makes of numpygan's fused functions compute what NumPy computes.

No GPU is needed, but CuPy and g++.
"""

import shutil
from copy import deepcopy

import numpy
import pytest

pytest.importorskip("cupy", reason="install numpygan[gpu]")
if shutil.which("g++") is None:
    pytest.skip("needs g++", allow_module_level=True)

from numpygan import counter_stream
from numpygan.gan.average import average_update
from numpygan.gan.objective import softplus
from numpygan.nn.layers import (
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
    first_largest,
    one_minus_sigmoid,
    sigmoid,
)
from numpygan.nn.one_kernel import of_arrays
from numpygan.nn.optimizers import adam, adam_without_momentum, momentum
from tests.helpers.generated import on_cpu

N = 1000
rng = numpy.random.default_rng(0)


def normal(scale=1.0):
    return (scale * rng.standard_normal(N)).astype("float32")


def positive():
    return normal() ** 2


def index():
    return numpy.arange(N, dtype="uint64")


DRAWN, KEY = numpy.uint64(2**40 + 3), numpy.uint64(0xC8E4FD154CE32F6D)
PIECES = [rng.integers(-2, 3, N).astype("float32") for _ in range(4)]  # with many ties
FUSED = {
    "sigmoid": (sigmoid, normal(30), normal()),
    "one_minus_sigmoid": (one_minus_sigmoid, normal(30), normal()),
    "softplus": (softplus, normal(30)),
    "first_largest": (first_largest, normal(), *PIECES, *numpy.zeros((4, N), bool)),
    "momentum": (momentum, normal(), normal(), normal(), normal(), -0.1, 0.7),
    "adam": (adam, normal(), normal(), positive(), normal(), normal(), 0.5, 0.999, -1e-3, 1e-8),
    "adam_without_momentum": (
        adam_without_momentum,
        *(normal(), normal(), positive(), normal(), normal(), 0.0, 0.999, -1e-3, 1e-8),
    ),
    "average_update": (average_update, normal(), normal(), normal(), 1e-4),
    "uniform": (counter_stream._uniform, index(), DRAWN, KEY, -(3**0.5), 12**0.5, normal()),
    "normal": (counter_stream._normal, index(), DRAWN, KEY, normal()),
    "keep": (counter_stream._keep, index(), DRAWN, KEY, 0.3, 1 / 0.3, normal()),
}


def method(of, arrays, *numbers):
    """A layer's pass as the function (xp, *arrays, *numbers) that CuPy makes a kernel of."""
    return lambda xp, *values: of_arrays(of.__wrapped__, xp, arrays, numbers)(*values)


TAPE = "x", "y", "gx", "gy"
MASK, SLOPES, SLOPE = numpy.zeros(N, bool), normal(), numpy.float32(0.2)
PASS = normal(), normal(), normal(), normal()
FUSED |= {
    "ReLU": (method(ReLU.forward, (*TAPE, "mask")), *PASS, MASK),
    "LeakyReLU": (method(LeakyReLU.forward, (*TAPE, "slopes"), "slope"), *PASS, SLOPES, SLOPE),
    "Sigmoid": (method(Sigmoid.backward, TAPE), *PASS),
    "Tanh": (method(Tanh.backward, TAPE), *PASS),
}


@pytest.mark.parametrize("name", FUSED)
def test_the_kernel_computes_what_numpy_computes(name, tmp_path):
    function, *args = FUSED[name]
    function = getattr(function, "__wrapped__", function)  # what `fused` gives to CuPy
    by_numpy, by_kernel = deepcopy(args), deepcopy(args)
    expected = function(numpy, *by_numpy)
    found = on_cpu(function, tmp_path)(*by_kernel)
    changed = False
    for before, mine, theirs in zip(args, by_numpy, by_kernel):
        if isinstance(before, numpy.ndarray):
            changed |= not numpy.array_equal(before, mine)
            # exp, log and cos of two libraries may differ in the last bits.
            numpy.testing.assert_allclose(theirs, mine, rtol=1e-6, atol=1e-7)
    if expected is not None:
        numpy.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-37)
    assert changed or expected is not None  # premise: the function did something


def test_random_bits_are_the_same(tmp_path):
    masks = [numpy.empty(N, "float32") for _ in range(2)]
    function = counter_stream._keep.__wrapped__
    function(numpy, index(), DRAWN, KEY, 0.3, 1 / 0.3, masks[0])
    on_cpu(function, tmp_path)(index(), DRAWN, KEY, 0.3, 1 / 0.3, masks[1])
    assert (masks[0] == masks[1]).all() and 0.2 < (masks[0] > 0).mean() < 0.4
