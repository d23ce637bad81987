"""jvp= and hvp= of ng.gradcheck: at many inputs, without false alarms where numbers are rounded."""

import numpy as np
import pytest

import numpygan as ng

rng = np.random.default_rng(0)
X, W = rng.normal(size=(4, 5)), rng.normal(size=5)
DATA, SIGNS = rng.normal(size=(6, 5)), np.array([1, -1, 1, 1, -1, 1.0])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def swish(x):
    return x * sigmoid(x)


def slope(x):
    return sigmoid(x) + swish(x) * (1 - sigmoid(x))


def logistic(w, x, y):
    return np.log(1 + np.exp(-y * (x @ w))).sum()


def logistic_gradient(w, x, y):
    return -x.T @ (y * sigmoid(-y * (x @ w)))


WHERE = {
    "x > 4": lambda x: x > 4,
    "|x| < 0.01": lambda x: abs(x) < 0.01,
    "m > 8": lambda x: np.full(x.shape, len(x) > 8),
    "m = 1": lambda x: np.full(x.shape, len(x) == 1),
    "not contiguous": lambda x: np.full(x.shape, not x.flags.c_contiguous),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("where", WHERE)
def test_a_mistake_of_jvp_at_other_inputs(where, dtype):
    x = X.astype(dtype)
    right = lambda v, x: v * slope(x)
    wrong = lambda v, x: v * slope(x) * np.where(WHERE[where](x), np.float32(0.9), np.float32(1))
    back = lambda g, x: g * slope(x)
    assert ng.gradcheck(swish, back, x, jvp=right).passed
    report = ng.gradcheck(swish, back, x, jvp=wrong)
    assert not report.passed and report.failures[0].place == "swish, jvp"
    assert ng.gradcheck(swish, back, x, jvp=wrong, only_given=True).passed


@pytest.mark.parametrize("where", ["x > 4", "m > 8", "m = 1"])
def test_a_mistake_of_hvp_at_other_inputs(where):
    def hvp(v, w, x, y):
        p = sigmoid(x @ w)
        return x.T @ (p * (1 - p) * (x @ v))

    def wrong(v, w, x, y):
        p = sigmoid(x @ w)
        return x.T @ (p * (1 - p) * (x @ v) * np.where(WHERE[where](abs(x @ w)), 0.9, 1))

    given = logistic, logistic_gradient, W, DATA, SIGNS
    assert ng.gradcheck(*given, wrt="w", hvp=hvp).passed
    assert not ng.gradcheck(*given, wrt="w", hvp=wrong).passed


def test_rounding_is_no_mistake():
    """log(1 − σ(x)) loses digits; the Hessian of log det is a difference of near-equal matrices."""
    x = np.array([3.0, 20, 25, -1])
    minus = lambda v, x: -v * sigmoid(x)
    assert ng.gradcheck(lambda x: np.log(1 - sigmoid(x)), minus, x, jvp=minus).passed
    worse = lambda v, x: minus(v, x) + 1e-4 * v
    assert not ng.gradcheck(lambda x: np.log(1 - sigmoid(x)), minus, x, jvp=worse).passed

    def inverse(A):
        return np.linalg.inv(A @ A.T + np.eye(8))

    def hvp(V, A):
        return 2 * inverse(A) @ (V - (V @ A.T + A @ V.T) @ inverse(A) @ A)

    A = np.random.default_rng(1).normal(size=(8, 8))
    logdet = lambda A: np.log(np.linalg.det(A @ A.T + np.eye(8)))
    assert ng.gradcheck(logdet, lambda A: 2 * inverse(A) @ A, A, hvp=hvp).passed


@pytest.mark.parametrize("changed", ["a direction", "x"])
def test_a_product_that_changes_its_arguments(changed):
    def jvp(v, x):
        out = v * slope(x)
        part = v if changed == "a direction" else x
        part *= 2
        return out

    report = ng.gradcheck(swish, lambda g, x: g * slope(x), X, jvp=jvp)
    assert f"it changes {changed} in place; work on a copy" in str(report)


@pytest.mark.parametrize("power", [3, 4])
def test_a_product_that_takes_the_inputs_first_is_told_the_order(power):
    x, p = np.array([0.3, -0.7, 1.1]), power
    f, back = (lambda x: x**p), (lambda g, x: p * x ** (p - 1) * g)
    g = lambda x: p * x ** (p - 1)
    for first in (True, False):
        turn = (lambda a, b: (b, a)) if first else (lambda a, b: (a, b))

        def jvp(a, b):
            v, x = turn(a, b)
            return p * x ** (p - 1) * v

        def hvp(a, b):
            v, x = turn(a, b)
            return p * (p - 1) * x ** (p - 2) * v

        reports = [ng.gradcheck(f, back, x, jvp=jvp)]
        if p == 4:  # at p = 3 the product x v is symmetric
            reports.append(ng.gradcheck(lambda x: (x**p).sum(), g, x, hvp=hvp))
        for report in reports:
            assert report.passed != first
            assert ("must take the directions, then the inputs" in str(report)) == first, report


def test_a_wrong_product_is_named_and_the_report_is_a_table_in_a_terminal():
    x = np.array([0.3, -0.7, 1.1])
    report = ng.gradcheck(np.sin, lambda g, x: g * np.cos(x), x, jvp=lambda v, x: 2 * v * np.cos(x))
    assert "jvp gives" in str(report) and "backward gives" not in str(report)
    assert repr(report) == str(report)
