"""An input at a kink, a tie or an edge is moved a little; mistakes elsewhere are found."""

import numpy as np
import pytest

import numpygan as ng
from numpygan.check import vjp

X = np.array([[0.0, 1.0, -2.0], [3.0, 0.0, 0.5]])
TIES = np.array([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]])


def norm(x):
    return np.sqrt((x**2).sum(1))


def norm_back(g, x):
    y = norm(x)
    return np.where(y > 0, g / np.where(y > 0, y, 1), 0)[:, None] * x


def largest(x):
    return x[np.arange(len(x)), x.real.argmax(1)]


def largest_back(g, x):
    gx = np.zeros_like(x)
    gx[np.arange(len(x)), x.argmax(1)] = g
    return gx


def sorted_back(g, x):
    gx = np.zeros_like(x)
    np.put_along_axis(gx, x.argsort(1), g, 1)
    return gx


def median(x):
    return np.take_along_axis(x, x.real.argsort(1), 1)[:, x.shape[1] // 2]


def median_back(g, x):
    gx = np.zeros_like(x)
    np.put_along_axis(gx, x.argsort(1)[:, [x.shape[1] // 2]], g[:, None], 1)
    return gx


PAIRS = {
    "relu": (lambda x: x * (x.real > 0), lambda g, x: g * (x > 0), X),
    "relu, the other slope": (lambda x: np.where(x.real > 0, x, 0), lambda g, x: g * (x >= 0), X),
    "abs": (np.abs, lambda g, x: g * np.sign(x), X),
    "clip at its end": (
        lambda x: np.where(abs(x.real) <= 1, x, np.sign(x.real)),
        lambda g, x: g * (abs(x) < 1),
        X,
    ),
    "norm of a row of zeros": (norm, norm_back, np.array([[0.0, 0.0], [3.0, 4.0]])),
    "largest of a row": (largest, largest_back, TIES),
    "sort": (lambda x: np.sort(x, 1), sorted_back, TIES),
    "median": (median, median_back, TIES),
    "sqrt": (np.sqrt, lambda g, x: g / (2 * np.sqrt(x)), np.array([0.0, 1.0, 4.0])),
    "log": (np.log, lambda g, x: g / x, np.array([0.0, 1.0, 4.0])),
    "log below 0": (lambda x: np.log(-x), lambda g, x: g / x, np.array([0.0, -1.0, -4.0])),
}

# Of these, backward takes the other side of the kink than the oracle, or there is no derivative.
OTHER_SIDE = ("relu, the other slope", "clip at its end", "sqrt", "log", "log below 0")


@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", PAIRS)
def test_a_mistake_beside_a_kink_is_found(name, dtype, only):
    function, backward, x = PAIRS[name]
    x = x.astype(dtype)
    report = ng.gradcheck(function, backward, x, only_given=only)
    assert report.passed and report.checks[0].tolerance < 1e-3, report
    if name in OTHER_SIDE:
        assert "as given, moved a little" in str(report), report
        assert "left out: as given (" in str(report)
    else:
        assert "tried: as given" in str(report)

    def wrong(g, x):
        gx = backward(g, x)
        gx.reshape(-1)[-1] += 0.01 * abs(g).max()
        return gx

    found = ng.gradcheck(function, wrong, x, only_given=only)
    assert [check.verdict for check in found.checks] == ["wrong"], found


def test_the_other_inputs_are_compared():
    function, backward = (lambda x, w: np.maximum(x, 0) * w), (lambda g, x, w: (g * w * (x > 0), g))
    report = ng.gradcheck(function, backward, X, X + 1.5, only_given=True)
    assert [check.verdict for check in report.checks] == ["ok", "wrong"]


def test_a_point_beside_stays_in_the_domain():
    seen = []

    def relu(x):
        seen.append(x.real.min())
        return np.sqrt(np.maximum(x, 0))

    x = np.array([0.0, 1.0, 2.0])
    report = ng.gradcheck(
        relu, lambda g, x: g / (2 * np.sqrt(x)), x, domain=(0, None), only_given=True
    )
    assert report.passed and "moved a little" in str(report)


def test_products_are_compared_beside_a_kink():
    relu, slope = (lambda x: np.maximum(x, 0)), (lambda x: x >= 0)
    back = lambda g, x: g * slope(x)
    for factor, right in ((1, True), (1.001, False)):
        jvp = lambda v, x, factor=factor: factor * v * slope(x)
        assert ng.gradcheck(relu, back, X, jvp=jvp).passed is right
        hvp = lambda v, x, factor=factor: factor * 2 * v * slope(x)
        square = lambda x: (np.maximum(x, 0) ** 2).sum()
        assert ng.gradcheck(square, lambda x: 2 * relu(x), X, hvp=hvp).passed is right


def test_an_infinite_entry_does_not_spoil_the_others():
    back = lambda g, x: g / (3 * np.cbrt(x) ** 2)
    assert ng.gradcheck(np.cbrt, back, X).passed
    assert not ng.gradcheck(np.cbrt, lambda g, x: 1.001 * back(g, x), X).passed


@pytest.mark.parametrize("function", [lambda x: np.abs(np.diff(x)).sum(), np.sign])
def test_float32_at_ties_allows_no_more_than_elsewhere(function):
    x = TIES.astype("float32")
    y = lambda x: function(x) * np.exp(x)

    def back(g, x):
        steps = np.zeros_like(x)
        if function is np.sign:
            return g * np.sign(x) * np.exp(x)
        d = np.sign(np.diff(x))
        steps[:, 1:] += d
        steps[:, :-1] -= d
        return g * y(x) + (g * np.exp(x)).sum() * steps

    assert ng.gradcheck(y, back, x, only_given=True).passed
    report = ng.gradcheck(y, lambda g, x: 1.001 * back(g, x), x, only_given=True)
    assert not report.passed, report


def test_a_layer_at_a_kink_is_checked_at_other_inputs():
    class Wrong(ng.Layer):
        def forward(self, x, t):
            return x * (x.real > 0)

        def backward(self, gy, t):
            gx = gy * (t.x > 0)
            gx[:, -1] *= 1.1
            return gx

    net = ng.MLP([ng.Affine(3, 3), Wrong()], "float64")
    net.layers[0].W[...] = np.eye(3)
    found = {(check.place, check.verdict) for check in ng.gradcheck(net, X).failures}
    assert ("layer 1, Wrong()", "at a kink") in found
    assert ("layer 1, Wrong(), float64", "wrong") in found


def test_an_error_of_the_checker_does_not_hide_a_mistake(monkeypatch):
    def broken(*arguments, **options):
        raise ZeroDivisionError("of the checker")

    monkeypatch.setattr(vjp, "judge", broken)
    with pytest.raises(ZeroDivisionError):
        ng.gradcheck(np.sin, lambda g, x: 2 * g * np.cos(x), X)


def test_a_function_that_refuses_what_lies_beside_is_left_out():
    def picky(x):
        if np.any(x != X):
            raise KeyError("not in the table")
        return x**2

    report = ng.gradcheck(picky, lambda g, x: 2 * g * x, X)
    assert "as given (at inputs near it the code raises KeyError)" in str(report)


@pytest.mark.parametrize("near", [1e-6, 1e-5, 5e-5, 3e-4])
def test_differences_that_reach_over_a_kink_are_no_verdict(near):
    """The first number lies between the steps of differences and the kink of |x| at 0."""
    x = np.array([near, 1.0, -2.0, 3.0])
    function, right = (lambda x: (abs(x) + x**2).sum()), (lambda x: np.sign(x) + 2 * x)
    report = ng.gradcheck(function, right, x, only_given=True)
    assert report.passed and report.oracle == "five-point", report
    for k in range(4):
        wrong = lambda x, k=k: right(x) * (1 + 1e-3 * (np.arange(4) == k))
        report = ng.gradcheck(function, wrong, x, only_given=True, form="gradient")
        assert not report.passed and report.checks[0].error < 0.01, report


@pytest.mark.parametrize("seed", range(6))
def test_short_differences_of_a_rounded_function_are_no_verdict(seed):
    """1 − tanh² is 10⁻¹¹ here, a rest of 1: over short steps it does not change at all."""
    rng = np.random.default_rng(0)
    gy, x, W = rng.normal(size=(3, 2)), rng.normal(size=(3, 4)), rng.normal(size=(4, 2))

    def back(gy, x, W):
        ga = gy * (1 - np.tanh(x @ W) ** 2)
        return ga @ W.T, x.T @ ga

    def back_of_back(u, U, gy, x, W):
        y = np.tanh(x @ W)
        d, slope = 1 - y**2, u @ W + x @ U
        g = -2 * gy * slope * y * d
        return slope * d, gy * d @ U.T + g @ W.T, u.T @ (gy * d) + x.T @ g

    assert ng.gradcheck(back, back_of_back, gy, x, W, seed=seed).passed


def test_many_kinks_within_the_steps_of_differences():
    x, y = np.random.default_rng(1).normal(size=(2, 300)).astype("float32")

    def distance(x, y):
        return ((np.sort(x) - np.sort(y)) ** 2).mean()

    def back(x, y):
        i, j = np.argsort(x), np.argsort(y)
        gx, gy = np.empty_like(x), np.empty_like(y)
        gx[i] = 2 * (x[i] - y[j]) / len(x)
        gy[j] = -gx[i]
        return gx, gy

    report = ng.gradcheck(distance, back, x, y)
    assert report.passed and report.oracle == "complex", report
