"""More ways in which people write a function and its backward pass, and what is said of them."""

import collections
import functools
from typing import NamedTuple

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


# Numbers and containers as they are given


def changes_its_own(s):
    s *= 2  # of a number this makes another number
    return s * s


def asks_for_a_float(s):
    assert isinstance(s, (float, complex)) and not isinstance(s, np.ndarray)
    return 4 * s * s


@functools.lru_cache
def remembers(s):
    return 4 * s * s


@pytest.mark.parametrize("s", [0.7, np.float64(0.7)])
@pytest.mark.parametrize("function", [changes_its_own, asks_for_a_float, remembers])
def test_a_number_reaches_the_function_as_a_number(function, s):
    for factor in (8, 9):
        report = ng.gradcheck(function, lambda gy, s: factor * s * gy, s)
        assert (report.passed, report.oracle) == (factor == 8, "complex"), report
    assert not ng.gradcheck(changes_its_own, lambda gy, s: 8 * s * gy, np.array(0.7)).passed


def test_a_number_in_a_dict_is_one_too():
    function = lambda p, x: x * asks_for_a_float(p["s"])
    back = lambda gy, p, x: ({"s": (gy * x).sum() * 8 * p["s"]}, 4 * p["s"] ** 2 * gy)
    assert ng.gradcheck(function, back, {"s": 0.7}, Y).passed


class ByAttribute(dict):
    __getattr__ = dict.__getitem__


class ItsOwnAttributes(dict):
    def __init__(self, *args, **items):
        super().__init__(*args, **items)
        self.__dict__ = self


class ByName(dict):
    """One that is made in a way of its own."""

    def __init__(self, W):
        super().__init__(W=W)

    @property
    def W(self):
        return self["W"]


class Pair(NamedTuple):
    W: np.ndarray


@pytest.mark.parametrize("kind", [ByAttribute, ItsOwnAttributes, ByName, Pair])
@pytest.mark.parametrize("factor", [2, 2.01])
def test_a_container_keeps_its_type(kind, factor):
    def function(p, x):
        assert type(p) is kind
        return p.W**2 * x

    def back(gy, p, x):
        return kind(W=factor * gy * p.W * x), gy * p.W**2

    report = ng.gradcheck(function, back, kind(W=W), W + 1)
    names = ["p[0]" if kind is Pair else "p['W']"]
    assert [check.tensor for check in report.failures] == names * (factor != 2), report


@pytest.mark.parametrize(
    "p",
    [collections.UserDict(W=W), collections.OrderedDict(W=W), collections.defaultdict(int, W=W)],
)
def test_other_mappings(p):
    def function(q):
        assert type(q) is type(p)
        return q["W"] ** 2

    for factor in (2, 3):
        report = ng.gradcheck(function, lambda gy, q: {"W": factor * gy * q["W"]}, p)
        assert report.passed is (factor == 2), report


# How many arguments a gradient takes


def log_cosh(x):
    return np.log(np.cosh(x)).sum()


GRADIENTS = {
    "ufunc": (log_cosh, np.tanh),
    "setting": (lambda x: (x**2).sum(), lambda x, eps=1e-5: 2 * x),
    "ones": (lambda x: x.sum(), np.ones_like),
    "gy with a default": (lambda x: (x**2).sum(), lambda x, gy=1.0: 2 * x * gy),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_an_argument_with_a_default_is_a_gy_only_by_its_name(name):
    report = ng.gradcheck(*GRADIENTS[name], Y)
    assert report.passed, report


def test_a_wrong_ufunc_is_wrong():
    report = ng.gradcheck(log_cosh, np.sinh, Y)
    assert not report.passed and "form='gradient'" in str(report), report


# y, c = function(x) and backward(gy, c): a second output, or what backward needs?

KEPT = {
    "mask": (lambda x: (np.where(x.real > 0, x, 0), x.real > 0), lambda gy, mask: gy * mask),
    "x": (lambda x: (x**2, x), lambda gy, x: 2 * gy * x),
    "tanh": (lambda x: (np.tanh(x), np.tanh(x)), lambda gy, t: gy * (1 - t**2)),
    "before gy": (lambda x: (np.tanh(x), np.tanh(x)), lambda t, gy: gy * (1 - t**2)),
    "loss": (lambda x: ((x**2).sum(), 2 * x), lambda gy, slope: gy * slope),
    "two outputs": (lambda x: (x**2, x**3, 1 * x), lambda g2, g3, x: 2 * g2 * x + 3 * g3 * x**2),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_last_output_that_backward_needs(name):
    function, backward = KEPT[name]
    report = ng.gradcheck(function, backward, Y)
    kind = "residuals" if name == "before gy" else "cache"
    assert report.passed and f"(form={kind!r})" in str(report), report


def test_a_wrong_backward_is_told_that_there_is_a_form_cache():
    twice = lambda gy, t: 2 * gy * (1 - t**2)
    report = ng.gradcheck(KEPT["tanh"][0], twice, Y)
    assert not report.passed and "form='cache' takes the last output as what" in str(report)
    for name in ("mask", "x"):  # their names say it
        function, right = KEPT[name]
        back = {"mask": lambda gy, mask: 2 * gy * mask, "x": lambda gy, x: 4 * gy * x}[name]
        report = ng.gradcheck(function, back, Y)
        assert report.failures[0].hint == "a factor of 2 too large", report


def test_two_outputs_of_a_method_stay_outputs():
    both = lambda x: (np.sin(x), np.cos(x))
    state = {}

    def forward(x):
        state["x"] = x
        return both(x)

    for factor in (1, 1.01):
        back = lambda g, h: factor * g * np.cos(state["x"]) - h * np.sin(state["x"])
        report = ng.gradcheck(forward, back, Y)
        assert report.passed is (factor == 1) and "(form='methods')" in str(report), report


@pytest.mark.parametrize(
    "function, slope",
    [(np.sin, np.cos), (np.exp, np.exp), (lambda x: x**2, lambda x: 2 * x)],
    ids=["sin", "exp", "square"],
)
def test_a_derivative_in_place_of_a_backward_pass(function, slope):
    """A beginner's first try. It is no vector-Jacobian product, and the hint says so."""
    report = ng.gradcheck(function, slope, Y)
    assert not report.passed and "returns gy times it" in report.failures[0].hint
    assert ng.gradcheck(function, lambda gy, x: gy * slope(x), Y).passed
    wrong = ng.gradcheck(function, lambda x: slope(x) + 0.1, Y)
    assert "gy times" not in wrong.failures[0].hint
