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


V = np.random.default_rng(1).normal(size=7)


def length(x):
    return np.linalg.norm(x)


def standardized(x):
    return (x - x.mean()) / x.std()


def standardized_back(gy, x):
    u = standardized(x)
    return (gy - gy.mean() - u * (gy * u).mean()) / x.std()


DROPPED = {  # each function drops imaginary parts, so its complex step is wrong in the same way
    "the term of the standard deviation is missing": (
        standardized,
        standardized_back,
        {"jvp": lambda u, x: (u - u.mean()) / x.std()},
    ),
    "0 for abs": (np.abs, lambda gy, x: gy * np.sign(x), {"jvp": lambda u, x: 0 * u}),
    "the second term is missing": (
        lambda x: length(x) ** 3 / 3,
        lambda x: x * length(x),
        {"hvp": lambda u, x: u * length(x)},
    ),
    "a Hessian where there is none": (
        lambda x: abs(x).sum(),
        lambda x: np.sign(x),
        {"hvp": lambda u, x: u / abs(x)},
    ),
}


@pytest.mark.parametrize("what", DROPPED)
def test_mistakes_that_the_complex_step_shares(what):
    function, backward, product = DROPPED[what]
    assert ng.gradcheck(function, backward, V).passed
    assert not ng.gradcheck(function, backward, V, **product).passed


@pytest.mark.parametrize("seed", range(6))
def test_a_hessian_that_is_zero_for_one_row(seed):
    """H v of ‖x‖ is 0 for a vector of one entry; the complex step of x/‖x‖ is not."""
    hvp = lambda u, x: u / length(x) - x * (x @ u) / length(x) ** 3
    assert ng.gradcheck(length, lambda x: x / length(x), V, hvp=hvp, seed=seed).passed


def test_a_hessian_of_zeros_is_no_mistake():
    given = lambda x: abs(x).sum(), np.sign, V
    assert ng.gradcheck(*given, form="gradient", hvp=lambda u, x: 0 * u).passed
    assert not ng.gradcheck(*given, form="gradient", hvp=lambda u, x: u).passed


def test_results_that_are_not_numbers():
    back = lambda gy, x: gy * np.cos(x)
    assert not ng.gradcheck(np.sin, back, V, jvp=lambda u, x: u * np.nan).passed
    half = lambda u, x: np.where(x > 0, u * np.cos(x), np.nan)
    assert not ng.gradcheck(np.sin, back, V, jvp=half).passed


def test_products_that_draw_randomness():
    back = lambda gy, x: gy * np.cos(x)
    draw = np.random.default_rng(0)
    found = ng.gradcheck(np.sin, back, V, jvp=lambda u, x: draw.normal(size=x.shape))
    assert "when it is called again" in found.failures[0].hint


@pytest.mark.parametrize("seed", range(6))
def test_a_kink_at_zeros_is_left_out(seed):
    function, backward = (lambda a: max(a, 0.0 * a)), (lambda gy, a: gy * (a > 0))
    assert ng.gradcheck(function, backward, 0.5, jvp=lambda u, a: u * (a > 0), seed=seed).passed


def test_a_buffer_that_is_used_again():
    kept = np.empty(7)

    def cube(x):
        return np.multiply(x * x, x, out=kept) if x.dtype == float and x.size == 7 else x**3

    square = lambda gy, x: 3 * x**2 * gy
    assert ng.gradcheck(cube, square, V, jvp=lambda u, x: 3 * x**2 * u).passed
    assert not ng.gradcheck(cube, square, V, jvp=lambda u, x: 2 * x**2 * u).passed


def test_a_hessian_for_a_dict():
    loss = lambda p: (p["a"] ** 4).sum() / 4 + (p["b"] ** 2).sum()
    gradient = lambda p: {"a": p["a"] ** 3, "b": 2 * p["b"]}
    right = lambda u, p: {"a": 3 * p["a"] ** 2 * u["a"], "b": 2 * u["b"]}
    wrong = lambda u, p: {"a": 3 * p["a"] ** 2 * u["a"], "b": u["b"]}
    given = loss, gradient, {"a": V, "b": X}
    assert ng.gradcheck(*given, hvp=right).passed
    assert "½" in ng.gradcheck(*given, hvp=wrong).failures[0].hint


@pytest.mark.parametrize("second", [None, np.zeros(7, int)], ids=["None", "zeros"])
def test_an_output_of_integers_has_no_derivative(second):
    function, back = (lambda x: (np.sin(x), np.argsort(x))), (lambda gy, _, x: gy * np.cos(x))
    right, wrong = (lambda u, x: (u * np.cos(x), second)), (lambda u, x: (u * np.sin(x), second))
    assert ng.gradcheck(function, back, V, jvp=right).passed
    assert not ng.gradcheck(function, back, V, jvp=wrong).passed
