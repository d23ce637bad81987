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
