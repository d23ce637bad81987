"""Mistakes that an attacker found to pass ng.gradcheck, each beside the right backward pass."""

import numpy as np
import pytest

import numpygan as ng

V = np.random.default_rng(1).normal(size=7)
X = np.random.default_rng(1).normal(size=(5, 3))
W = np.random.default_rng(2).normal(size=(3, 4))


def passes(*arguments, **options):
    return ng.gradcheck(*arguments, **options).passed


@pytest.mark.parametrize("factor", [1.0, 1e-9, 1e-12])
def test_a_small_gradient_is_not_twice_itself(factor):
    function, right = (lambda x: factor * np.sin(x)), (lambda gy, x: factor * gy * np.cos(x))
    assert passes(function, right, V)

    kept = np.zeros(7)

    def adds(gy, x):
        kept[...] += right(gy, x)
        return kept

    assert not passes(function, adds, V, only_given=True)


def affine(x, W, b):
    return np.tanh(x @ W + b)


def affine_back(gy, x, W, b):
    ga = gy * (1 - affine(x, W, b) ** 2)
    return ga @ W.T, x.T @ ga, ga.sum(0)


def without_bias(gy, x, W, b):
    return affine_back(gy, x, W, 0 * b)


def test_a_bias_of_zeros_hides_nothing():
    assert passes(affine, affine_back, X, W, np.zeros(4))
    assert not passes(affine, without_bias, X, W, np.zeros(4))


def test_a_penalty_of_zero_hides_nothing():
    loss = lambda w, penalty: (X @ w).sum() + penalty * (w**2).sum()
    right = lambda w, penalty: (X.sum(0) + 2 * penalty * w, (w**2).sum())
    wrong = lambda w, penalty: (X.sum(0), (w**2).sum())
    assert passes(loss, right, V[:3], 0.0)
    assert not passes(loss, wrong, V[:3], 0.0)


LEAKY = lambda x: np.where(x > 0, x, 0.1 * x)


def half_written(gy, x, gx):
    gx[x > 0] = gy[x > 0]


def written(gy, x, gx):
    gx[...] = np.where(x > 0, gy, 0.1 * gy)


ROOT = lambda x: np.sqrt(x * x + 1)
SMOOTH = {  # function, right, wrong: not a number where the function is smooth
    "half written": (LEAKY, written, half_written, abs(V)),
    "a cube root of negative numbers": (
        np.cbrt,
        lambda gy, x: gy / (3 * np.cbrt(x) ** 2),
        lambda gy, x: gy * x ** (-2 / 3) / 3,
        abs(V),
    ),
    "0/0 at 0": (ROOT, lambda gy, x: gy * x / ROOT(x), lambda gy, x: gy * x * x / (x * ROOT(x)), V),
}


@pytest.mark.parametrize("what", SMOOTH)
def test_gradients_that_are_no_numbers(what):
    function, right, wrong, x = SMOOTH[what]
    assert passes(function, right, x)
    report = ng.gradcheck(function, wrong, x)
    assert "not finite" in report.failures[0].hint


EDGES = {  # no derivative at 0, or no function below it
    "sqrt": (np.sqrt, lambda gy, x: gy / (2 * np.sqrt(x))),
    "log": (np.log, lambda gy, x: gy / x),
    "x^2.5": (lambda x: x**2.5, lambda gy, x: gy * 2.5 * x**1.5),
    "x log x": (lambda x: x * np.log(x), lambda gy, x: gy * (np.log(x) + 1)),
    "cube root": (np.cbrt, lambda gy, x: gy / (3 * np.cbrt(x) ** 2)),
    "|x|/‖x‖": (
        lambda x: np.linalg.norm(np.atleast_1d(x)),
        lambda gy, x: gy * x / np.linalg.norm(np.atleast_1d(x)),
    ),
}


@pytest.mark.parametrize("what", EDGES)
def test_an_infinite_gradient_at_an_edge_is_no_mistake(what):
    assert passes(*EDGES[what], abs(V))


@pytest.mark.parametrize("rows", [4, 5])
def test_one_row_where_two_lengths_are_equal(rows):
    """With 4 rows x is as long as W is wide."""
    x = np.random.default_rng(3).normal(size=(rows, 3))
    product = lambda x, W: x @ W
    assert passes(product, lambda gy, x, W: (gy @ W.T, x.T @ gy), x, W)
    assert not passes(product, lambda gy, x, W: ((gy @ W.T).squeeze(), x.T @ gy), x, W)


def test_as_many_rows_as_classes():
    def p(x):
        e = np.exp(x - x.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    cross_entropy = lambda x, y: -np.log(p(x)[np.arange(len(x)), y]).mean()
    right = lambda x, y: (p(x) - np.eye(x.shape[1])[y]) / len(x)
    wrong = lambda x, y: (p(x) - np.eye(x.shape[1])[y]) / x.shape[1]
    given = X[:3], np.array([0, 2, 1])
    assert passes(cross_entropy, right, *given)
    assert not passes(cross_entropy, wrong, *given)


def unit(x):
    return x / np.sqrt((x * x).sum())


def unit_back(gy, x, more=0.0):
    return (gy - x * (gy @ x) / (x @ x)) / (np.sqrt(x @ x) + more)


def test_a_mistake_that_long_double_hides_is_not_rounding():
    assert passes(unit, unit_back, V)
    epsilon = lambda gy, x: unit_back(gy, x, np.sqrt(np.finfo(x.dtype).eps))
    assert not passes(unit, epsilon, V)
    assert passes(np.square, lambda gy, x: 2 * x * gy, V)
    only_here = lambda gy, x: 2 * x * gy * (1.009 if x.dtype == float else 1)
    assert not passes(np.square, only_here, V)


def test_a_backward_that_runs_once_is_watched_too():
    kept = {}

    def square(x):
        kept["x"] = x
        return x**2, lambda gy: 2 * kept.pop("x") * gy

    assert "another forward" in ng.gradcheck(square, V).failures[0].hint


def test_noise_at_large_inputs_alone():
    draw = np.random.default_rng(1)

    def noisy(gy, x):
        return 2 * x * gy * np.where(abs(x) > 4, draw.normal(size=x.shape), 1)

    assert "draws randomness" in ng.gradcheck(np.square, noisy, V).failures[0].hint


def test_more_rows_than_a_block():
    wrong = lambda gy, x: gy * np.cos(x) * (1 + (np.arange(len(x)) >= 16))
    assert not passes(np.sin, wrong, V)


@pytest.mark.parametrize("what", ["x", "gy"])
def test_changes_in_place_at_other_inputs_alone(what):
    def changes(gy, x):
        right = 2 * x * gy
        if abs(x).max() > 4:
            {"x": x, "gy": gy}[what][...] = 0
        return right

    assert "in place" in ng.gradcheck(np.square, changes, V).failures[0].hint
    assert passes(np.square, changes, V, only_given=True)
