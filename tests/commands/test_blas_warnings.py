"""OpenBLAS's kernels for AVX-512 say "invalid value" where an operand holds an inf.

Not every machine has such a CPU, so here every product of a layer warns.
"""

import warnings

import numpy
import pytest

import numpygan as ng
from numpygan.check.formulas import check_optimizers
from numpygan.check.game_check import check_game
from numpygan.metrics import toys
from numpygan.nn import layers
from tests.helpers.cli import TINY_TOY, run
from tests.helpers.contract import players


def spurious():
    """Raise the floating-point flags as an ill-behaved kernel does."""
    numpy.multiply(numpy.array([numpy.inf]), 0.0)
    numpy.divide(1.0, numpy.array([0.0]))
    numpy.multiply(numpy.array([1e300]), 1e300)


@pytest.fixture(autouse=True)
def kernel(monkeypatch):
    product = layers.matmul

    def matmul(xp, a, b, out):
        spurious()
        product(xp, a, b, out)

    monkeypatch.setattr(layers, "matmul", matmul)


def test_the_kernel_warns():
    net = ng.MLP([ng.Affine(2, 3)], "float64")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        net.forward(numpy.ones((1, 2)), net.tape(1))
    words = {str(warning.message).split()[0] for warning in heard}
    assert words == {"invalid", "divide", "overflow"}


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf, 1e308])
@pytest.mark.parametrize("oracle", ["complex", "five-point"])
def test_a_gradient_that_is_not_finite_is_a_verdict_and_no_warning(value, oracle):
    class Bad(ng.Layer):
        def forward(self, x, t):
            self.xp.multiply(x, x, out=t.y)

        def backward(self, gy, t):
            spurious()
            t.gx[...] = 2 * gy * t.x
            t.gx[1, 2] = value

    check = ng.gradcheck([ng.Affine(3, 4), Bad()], oracle=oracle).failures[0]
    assert (check.place, check.verdict, check.index) == ("layer 1, Bad()", "wrong", (1, 2))


def test_gradcheck_whatever_the_caller_has_made_of_errors():
    with numpy.errstate(all="raise"):
        assert ng.gradcheck([ng.Affine(3, 4), ng.Tanh()]).passed
        with pytest.raises(FloatingPointError):  # and afterwards it is as it was
            spurious()


def test_what_a_layer_of_ones_own_warns_of_by_itself_is_heard():
    class Loud(ng.Tanh):
        def forward(self, x, t):
            warnings.warn("not for long", DeprecationWarning, stacklevel=2)
            super().forward(x, t)

    with pytest.warns(DeprecationWarning, match="not for long"):
        assert ng.gradcheck([ng.Affine(3, 4), Loud()]).passed


@pytest.mark.parametrize("algorithm", ["algorithm1", "authors2014"])
def test_the_game_is_checked_without_a_warning(algorithm):
    assert check_game(*players(), algorithm).passed


def test_the_optimizers_are_checked_without_a_warning():
    with numpy.errstate(all="raise"):
        assert all(check.passed for check in check_optimizers())


def test_commands_warn_of_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(toys, "DRAWS", 3000)
    monkeypatch.setattr(toys, "PAIRED", 100)
    assert run("gradcheck", "ring") == 0
    assert run(*TINY_TOY, "--iterations", 3, "--out", "run") == 0
    assert run("evaluate", "run") == 0
    assert run("sample", "run", "-n", 4, "-o", "samples.png") == 0
    assert "Warning" not in capsys.readouterr().err
