"""gradcheck on a layer that draws random numbers in forward: the verdict says so."""

import numpy
import pytest

import numpygan as ng
from tests.helpers.numeric import Scale


class Mask(ng.Layer):
    """y = x ⊙ mask, the mask drawn in forward."""

    def __init__(self, keep):
        self.keep, self.generator = keep, numpy.random.default_rng(0)

    def memory(self, n_in):
        return {"mask": ((n_in,), "float")}

    def forward(self, x, t):
        t.mask[...] = self.generator.random(x.shape) < self.keep
        self.xp.multiply(x, t.mask, out=t.y)

    def backward(self, gy, t):
        self.xp.multiply(gy, t.mask, out=t.gx)


class Random(Mask):
    """Says that it is random, has a mask drawn, and draws another one."""

    random = True

    def draw_mask(self, t, stream):
        stream.keep(t.mask, self.keep)


class Noisy(Scale):
    """y = s r x, with one random factor r for all of x."""

    def __init__(self):
        self.generator = numpy.random.default_rng(0)

    def initialize(self, stream):
        stream.uniform(self.s, 1, 2)

    def forward(self, x, t):
        self.xp.multiply(x, self.s * self.generator.random(), out=t.y)


class Counting(ng.Tanh):
    """No random numbers, but a state: every pass gives more."""

    calls = 0

    def forward(self, x, t):
        self.calls += 1
        self.xp.multiply(x, self.calls, out=t.y)


@pytest.mark.parametrize("oracle", ["complex", "five-point"])
@pytest.mark.parametrize(
    "layer",
    [
        lambda: Mask(0.5),
        lambda: Mask(0.97),
        lambda: Random(0.5),
        lambda: Random(0.97),
        Noisy,
        Counting,
    ],
)
def test_a_forward_that_draws_anew_is_called_that(layer, oracle):
    report = ng.gradcheck([ng.Affine(3, 4), layer(), ng.Affine(4, 2)], oracle=oracle)
    (check,) = report.failures  # and nothing is said of a network that has no derivative
    assert check.place.startswith("layer 1, ") and check.verdict == "wrong"
    assert "forward draws its randomness anew or keeps a state" in str(
        report
    ) and "draw_mask(t, stream)" in str(report)
    assert "times" not in check.hint and "factor" not in check.hint


def test_a_backward_that_draws_anew_is_called_that():
    class Backward(ng.Tanh):
        def backward(self, gy, t):
            super().backward(gy, t)
            t.gx *= numpy.random.random()

    (check,) = ng.gradcheck([ng.Affine(3, 4), Backward()]).failures
    assert (check.tensor, check.verdict) == (
        "x",
        "wrong",
    ) and "backward draws its randomness anew" in check.hint


def test_a_forward_that_adds_to_y_is_not_called_random():
    class Adds(ng.Layer):
        def forward(self, x, t):
            t.y += x

        def backward(self, gy, t):
            t.gx[...] = gy

    check = ng.gradcheck([ng.Affine(3, 4), Adds()]).failures[0]
    assert check.verdict == "wrong" and "must leave y as it was" in check.hint


def test_dropout_as_it_should_be_passes():
    assert ng.gradcheck([ng.Affine(3, 4), ng.Dropout(0.5), ng.Affine(4, 2)]).passed
