"""More ways in which people write a function and its backward pass, and what is said of them."""

import numpy as np
import pytest

import numpygan as ng

rng = np.random.default_rng(0)
X, W, B, Y = (
    rng.normal(size=(6, 4)),
    rng.normal(size=(4, 2)),
    rng.normal(size=2),
    rng.normal(size=6),
)


def two(x, w):
    return x @ w, np.sin(x)


def two_back(gys, x, w):
    g, h = gys
    return g @ w.T + h * np.cos(x), x.T @ g


def saved(x, w):
    return (*two(x, w), (x, w))


@pytest.mark.parametrize(
    "function, backward",
    [(two, two_back), (saved, lambda gys, cache: two_back(gys, *cache))],
    ids=["inputs", "cache"],
)
@pytest.mark.parametrize("factor", [1, 1.01])
def test_the_gradients_of_several_outputs_in_one_tuple(function, backward, factor):
    def scaled(gys, *rest):
        gx, gw = backward(gys, *rest)
        return gx, factor * gw

    if function is two:
        called = lambda gys, x, w: scaled(gys, x, w)
    else:
        called = lambda gys, cache: scaled(gys, cache)
    report = ng.gradcheck(function, called, X, W)
    assert report.passed is (factor == 1), report


def course(params, x, y):
    """A loss as course assignments have it: gradients of the parameters alone, in a dict."""
    h = np.tanh(x @ params["W"] + params["b"])
    e = h.sum(1) - y
    ga = (e / len(x))[:, None] * (1 - h**2)
    return (e**2).mean() / 2, {"W": x.T @ ga, "b": ga.sum(0)}


def test_a_dict_of_gradients_belongs_to_the_dict_of_parameters():
    params = {"W": W, "b": B}
    report = ng.gradcheck(course, params, X, Y)
    assert report.passed and len(report.checks) == 2, report

    def wrong(params, x, y):
        loss, g = course(params, x, y)
        return loss, g | {"b": g["b"] * len(x)}

    report = ng.gradcheck(wrong, params, X, Y)
    assert [check.tensor for check in report.failures] == ["params['b']"]
    assert ng.gradcheck(course, params, X, Y, wrt="params").passed


def test_fewer_gradients_than_inputs():
    """It cannot be known which inputs they belong to."""

    def loss(w, b, x):
        e = x @ w + b
        return (e**2).sum() / 2, [x.T @ e, e.sum()]

    report = ng.gradcheck(loss, W[:, 0], 0.5, X)
    assert "backward gives 2 gradients for 3 inputs; say which have one with wrt=…" in str(report)
    assert ng.gradcheck(loss, W[:, 0], 0.5, X, wrt=("w", "b")).passed


def huber(r, delta):
    return np.where(np.abs(r) <= delta, r**2 / 2, delta * (np.abs(r) - delta / 2)).sum()


def huber_back(r, delta):
    return np.clip(r, -delta, delta), np.maximum(np.abs(r) - delta, 0).sum()


def test_a_domain_of_one_input():
    r = 2 * rng.normal(size=8)
    report = ng.gradcheck(huber, huber_back, r, 1.0, domain={"delta": (0, None)})
    assert report.passed and "turned signs" in str(report)
    wrong = lambda r, delta: (np.clip(r, 0, delta), huber_back(r, delta)[1])
    assert not ng.gradcheck(huber, wrong, abs(r), 1.0, domain={"delta": (0, None)}).passed
    for domain, words in (
        ({"epsilon": (0, 1)}, "there is no input 'epsilon'; expected some of r, delta"),
        ({"delta": 3}, "domain must be (low, high), got 3; None leaves an end open"),
    ):
        with pytest.raises(ng.NumpyganError, match="^gradcheck: domain") as error:
            ng.gradcheck(huber, huber_back, r, 1.0, domain=domain)
        assert words in str(error.value)


@pytest.mark.parametrize("factor", [1, 1.01])
def test_gradients_in_a_dict_by_the_names_of_the_inputs(factor):
    def back(gy, x, w):
        return {"w": factor * x.T @ gy, "x": gy @ w.T}

    report = ng.gradcheck(lambda x, w: x @ w, back, X, W)
    assert [check.tensor for check in report.failures] == ["w"] * (factor != 1), report

    def loss(w, b):
        return ((X @ w + b) ** 2).sum() / 2, {
            "w": factor * X.T @ (X @ w + b),
            "b": (X @ w + b).sum(0),
        }

    report = ng.gradcheck(loss, W, B)
    assert [check.tensor for check in report.failures] == ["w"] * (factor != 1), report


class Regression:
    """As scikit-learn and SciPy have it: the gradient of a loss, in a method that takes w."""

    def loss(self, w):
        return ((X @ w - Y) ** 2).mean() / 2

    def gradient(self, w):
        return X.T @ (X @ w - Y) / len(Y)

    def twice(self, w):
        return 2 * self.gradient(w)


def test_a_loss_and_its_gradient_as_methods_of_one_object():
    it, w = Regression(), W[:, 0]
    assert ng.gradcheck(it.loss, it.gradient, w).passed
    report = ng.gradcheck(it.loss, it.twice, w)
    assert report.failures[0].hint == "a factor of 2 too large", report


def test_a_backward_that_adds_to_the_array_it_gets():
    def adds(gy, x, gx):
        gx += gy * np.cos(x)

    def fills_a_part(gy, x, gx):
        gx[1:] = (gy * np.cos(x))[1:]

    for backward in (adds, fills_a_part):
        report = ng.gradcheck(np.sin, backward, X)
        hint = "backward adds to the array for its gradient, or leaves a part of it as it was"
        assert hint in report.failures[0].hint, report


def product(x, w):
    return x @ w


def product_back(x, w, gy):
    return gy @ w.T, x.T @ gy


@pytest.mark.parametrize("factor", [1, 1.01])
def test_backward_may_take_the_inputs_before_gy(factor):
    square, back = (lambda x: x * x), (lambda x, gy: factor * 2 * x * gy)
    report = ng.gradcheck(square, back, X)
    assert report.passed is (factor == 1) and "backward(x, w, gy)" in str(report), report

    def scaled(x, w, gy):
        gx, gw = product_back(x, w, gy)
        return gx, factor * gw

    report = ng.gradcheck(product, scaled, X, W)
    assert report.passed is (factor == 1), report
    other_names = lambda a, b, c: scaled(a, b, c)
    assert ng.gradcheck(product, other_names, X, W, form="inputs_first").passed is (factor == 1)
