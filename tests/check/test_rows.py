"""ng.gradcheck tries other numbers of rows: which inputs have rows, and what is no mistake then."""

import numpy as np
import pytest

import numpygan as ng

rng = np.random.default_rng(0)
X, Y, W, B = rng.normal(size=(6, 4)), rng.normal(size=6), rng.normal(size=4), np.array(0.2)
ORDER, PLACES = rng.permutation(5), np.array([7, 2, 9, 4])
COUNTS = rng.integers(1, 9, size=(5, 4))


def least_squares(w, x, y):
    return ((x @ w - y) ** 2).mean() / 2


def in_columns(w, b, x, y):
    return ((w @ x + b - y) ** 2).sum() / (2 * x.shape[1])


def factor(m, when):
    return 1.5 if when(m) else 1.0


@pytest.mark.parametrize("when", [lambda m: m == 1, lambda m: m > 8], ids=["m = 1", "m > 8"])
@pytest.mark.parametrize(
    "function, backward, inputs, wrt",
    [
        (
            least_squares,
            lambda when, w, x, y: x.T @ (x @ w - y) / len(x) * factor(len(x), when),
            (W, X, Y),
            "w",
        ),
        (
            in_columns,
            lambda when, w, b, x, y: (
                x @ (w @ x + b - y) / x.shape[1] * factor(x.shape[1], when),
                (w @ x + b - y).mean(),
            ),
            (W, B, X.T, Y),
            ("w", "b"),
        ),
        (
            lambda table, index: (table[index] ** 2).sum(),
            lambda when, table, index: (
                2 * table * np.bincount(index, minlength=len(table)) * factor(len(index), when)
            ),
            (Y, PLACES % 6),
            None,
        ),
    ],
    ids=["data that are not differentiated", "examples in columns", "indices"],
)
def test_a_mistake_with_one_or_many_examples(function, backward, inputs, wrt, when):
    def right(*inputs):
        return backward(lambda m: False, *inputs)

    def wrong(*inputs):
        return backward(when, *inputs)

    assert ng.gradcheck(function, right, *inputs, wrt=wrt, form="gradient").passed
    report = ng.gradcheck(function, wrong, *inputs, wrt=wrt, form="gradient")
    assert not report.passed and ("changed to" in str(report) or "row" in str(report))


def permuted_back(g, x, order):
    gx = np.empty_like(x)
    gx[order] = 2 * x[order] * g
    return gx


def scattered(x, places):
    y = np.zeros(10, x.dtype)
    y[places] = x**2
    return y


def sparse(data, x, columns, starts):
    return np.array([data[a:b] @ x[columns[a:b]] for a, b in zip(starts, starts[1:])])


def sparse_back(g, data, x, columns, starts):
    gd, gx = np.empty_like(data), np.zeros_like(x)
    for row, (a, b) in enumerate(zip(starts, starts[1:])):
        gd[a:b] = g[row] * x[columns[a:b]]
        np.add.at(gx, columns[a:b], g[row] * data[a:b])
    return gd, gx


def two_gates(x, w):
    return np.tanh(x @ w[0]) * (x @ w[1])


def two_gates_back(g, x, w):
    a, b = np.tanh(x @ w[0]), x @ w[1]
    ga, gb = g * b * (1 - a * a), g * a
    return ga @ w[0].T + gb @ w[1].T, np.stack([x.T @ ga, x.T @ gb])


RIGHT = {
    "a permutation": (lambda x, order: x[order] ** 2, permuted_back, X[:5, 0], ORDER),
    "each place written once": (scattered, lambda g, x, places: 2 * x * g[places], X[0], PLACES),
    "a sparse matrix": (
        sparse,
        sparse_back,
        rng.normal(size=7),
        rng.normal(size=5),
        np.array([0, 2, 4, 1, 2, 3, 0]),
        np.array([0, 2, 3, 5, 7]),
    ),
    "a length that another input has elsewhere": (
        lambda a, n: (a**2 + a * n).sum(),
        lambda a, n: (2 * a + n).sum(0),
        W,
        COUNTS,
    ),
    "a length that a constant has": (lambda x: (W * x**2).sum(), lambda x: 2 * W * x, X[0]),
    "a fixed number of gates": (two_gates, two_gates_back, X[:2], rng.normal(size=(2, 4, 2))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name):
    report = ng.gradcheck(*RIGHT[name])
    assert report.passed, report


@pytest.mark.parametrize(
    "function, backward, x, index",
    [
        (
            lambda x, order: x[order] ** 2,
            lambda g, x, order: permuted_back(g, x, order) * factor(len(x), lambda m: m > 8),
            X[:5, 0],
            ORDER,
        ),
        (
            lambda x, label: x[np.arange(len(x)), label] ** 2,
            lambda g, x, label: (
                (2 * x * g[:, None] * (np.arange(4) == label[:, None]))
                * factor(len(x), lambda m: m > 8)
            ),
            X[:3],
            np.array([2, 0, 3]),
        ),
        (
            lambda table, index: table[index] ** 2,
            lambda g, table, index: (
                np.where(np.isin(np.arange(len(table)), index), 1.0, 0)
                * 2
                * table
                * np.bincount(index, g, len(table))
                / np.maximum(1, np.bincount(index, minlength=len(table)))
            ),
            Y,
            np.array([5, 1, 3]),
        ),
    ],
    ids=["permutation", "labels that differ", "gradients not added up"],
)
def test_a_mistake_with_indices_is_found(function, backward, x, index):
    report = ng.gradcheck(function, backward, x, index)
    assert not report.passed


def test_rows_stay_in_the_domain():
    def f(p):
        return np.sqrt(1 - p)

    def back(g, p):
        return -g / (2 * np.sqrt(1 - p))

    p = np.array([0.2, 0.97, 0.5, 0.93, 0.04])
    report = ng.gradcheck(f, back, p, domain=(0, 1))
    assert report.passed and "many rows" in report.notes[2]
