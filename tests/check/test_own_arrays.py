"""Methods of one object: the arrays that it keeps are checked as its inputs are."""

import numpy as np
import pytest

import numpygan as ng

X = np.random.default_rng(0).normal(size=(4, 3))


class Linear:
    """A layer as courses write it."""

    def __init__(self):
        self.W, self.b = np.random.default_rng(1).normal(size=(3, 2)), np.zeros(2)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, gy):
        self.dW, self.db = self.x.T @ gy, gy.sum(0)
        return gy @ self.W.T


class Doubled(Linear):
    def backward(self, gy):
        gx = super().backward(gy)
        self.dW = 2 * self.dW
        return gx


class WrongAxis(Linear):
    def backward(self, gy):
        gx = super().backward(gy)
        self.db = gy.sum(1)
        return gx


class Adds(Linear):
    """Adds gradients up, until they are set to 0."""

    def __init__(self):
        super().__init__()
        self.zero_grad()

    def zero_grad(self):
        self.dW, self.db = np.zeros((3, 2)), np.zeros(2)

    def backward(self, gy):
        self.dW += self.x.T @ gy
        self.db += gy.sum(0)
        return gy @ self.W.T


class InDicts:
    factor = 1.0

    def __init__(self):
        rng = np.random.default_rng(2)
        self.params = {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
        self.grads, self.mean = {}, np.ones(3)

    def forward(self, x):
        self.cache = x - self.mean
        return np.tanh(self.cache @ self.params["W"] + self.params["b"])

    def backward(self, gy):
        y = np.tanh(self.cache @ self.params["W"] + self.params["b"])
        ga = gy * (1 - y**2)
        self.grads["W"], self.grads["b"] = self.cache.T @ ga, self.factor * ga.sum(0)
        return ga @ self.params["W"].T


class WrongInDicts(InDicts):
    factor = 1.01


class Square:
    def forward(self, x):
        self.x = x
        return x**2

    def backward(self, gy):
        self.dx = 2 * self.x * gy  # x is set anew in each pass, so it is no parameter
        return self.dx


def checked(kind):
    layer = kind()
    return ng.gradcheck(layer.forward, layer.backward, X)


@pytest.mark.parametrize("kind", [Linear, Adds, InDicts, Square])
def test_right_ones_pass(kind):
    report = checked(kind)
    assert report.passed, report


@pytest.mark.parametrize("kind, tensor", [(Doubled, "W"), (WrongAxis, "b"), (WrongInDicts, "b")])
def test_a_wrong_gradient_of_a_parameter_is_found(kind, tensor):
    assert [check.tensor for check in checked(kind).failures] == [tensor]


def test_the_report_says_what_was_checked():
    assert "also checked: W by dW, b by db" in str(checked(Linear))
    text = str(checked(InDicts))
    assert "also checked: W by grads['W'], b by grads['b']" in text
    assert "not checked, as no gradient of it was found: mean" in text
    assert "also checked" not in str(checked(Square))


def test_the_object_keeps_its_arrays():
    layer = Linear()
    W, values = layer.W, layer.W.copy()
    ng.gradcheck(layer.forward, layer.backward, X)
    assert layer.W is W and np.array_equal(W, values)


def test_wrt_chooses_among_them():
    layer = Doubled()
    assert ng.gradcheck(layer.forward, layer.backward, X, wrt=("x", "b")).passed


@pytest.mark.parametrize("what", [Linear, "ring"])
def test_a_class_or_a_name_is_no_object(what):
    with pytest.raises(ng.NumpyganError, match="it.forward, it.backward"):
        ng.gradcheck(what, X)
