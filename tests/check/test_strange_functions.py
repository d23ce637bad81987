"""Functions that are right though a checker has trouble with them, and mistakes beside them."""

import numpy as np
import pytest

import numpygan as ng

rng = np.random.default_rng(3)
HILBERT = 1 / (np.arange(8)[:, None] + np.arange(8) + 1.0)
TINY = 1e-8 * rng.normal(size=(4, 3))


def sinc(x):
    return np.where(x == 0, 1, np.sin(x) / np.where(x == 0, 1, x))


def sinc_back(g, x):
    s = np.where(x == 0, 1, x)
    series = -x / 3 + x**3 / 30 - x**5 / 840
    return g * np.where(abs(x) < 0.01, series, (x * np.cos(x) - np.sin(x)) / s**2)


def newton(a):
    x = a
    for _ in range(20):
        x = 0.5 * (x + a / x)
    return x


def qr(a):
    q, r = np.linalg.qr(a)
    s = np.sign(np.diag(r))
    return q * s, r * s[:, None]


def qr_back(gq, gr, a):
    q, r = qr(a)
    m = r @ gr.T - gq.T @ q
    m = np.tril(m, -1) + np.tril(m, -1).T + np.diag(np.diag(m))
    return np.linalg.solve(r, (gq + q @ m).T).T


def longest(x):
    """−log of the sum over paths of three steps; −∞ is a large number, as it often is."""
    if len(x) < 3:
        return np.full((), 1e9, x.dtype)
    e = np.exp(x)
    return -np.log(e[0] * e[1:-1].sum() * e[-1])


def longest_back(g, x):
    p = np.exp(x[1:-1] - x[1:-1].max(initial=-np.inf))
    return g * np.concatenate([[-1], -p / p.sum(), [-1]])[-len(x) :]


def median(x):
    return np.median(x, axis=0)


def median_back(g, x):
    n, order, gx = len(x), np.argsort(x, 0), np.zeros_like(x)
    columns = np.arange(x.shape[1])
    if n % 2:
        gx[order[n // 2], columns] = g
    else:
        gx[order[n // 2], columns] = gx[order[n // 2 - 1], columns] = g / 2
    return gx


def odd_median_back(g, x):
    gx = np.zeros_like(x)
    gx[np.argsort(x, 0)[len(x) // 2], np.arange(x.shape[1])] = g
    return gx


def narrow(x):
    return (x**2 / (x**2 + 1e-16)).sum(1)


def narrow_back(g, x):
    return g[:, None] * 2 * x * 1e-16 / (x**2 + 1e-16) ** 2


def spread(x):
    d = x - x.mean()
    return np.sqrt(d * d + 1).sum()


def spread_back(x):
    d = x - x.mean()
    s = d / np.sqrt(d * d + 1)
    return s - s.mean()


def mean_deviation(x):
    d = x - x.mean()
    return np.sqrt(d * d).sum()


def saturated(w):
    """Logistic regression as in course assignments: log(1 − A), where A is almost 1."""
    A = 1 / (1 + np.exp(-w @ FEATURES))
    return -np.mean(LABELS * np.log(A) + (1 - LABELS) * np.log(1 - A))


def saturated_back(w):
    return FEATURES @ (1 / (1 + np.exp(-w @ FEATURES)) - LABELS) / len(LABELS)


FEATURES = np.random.default_rng(1).normal(size=(4, 80))
LABELS = 1.0 * (np.random.default_rng(2).uniform(size=80) > 0.5)

RIGHT = {
    "a probability of almost 1": (saturated, saturated_back, 8 * np.array([0.9, -1.3, 0.7, 1.1])),
    "a spread far from 0": (spread, spread_back, 1e6 + 3 * rng.normal(size=12)),
    "sin x/x near 0": (sinc, sinc_back, np.array([0.0, 1e-9, 1e-5, -1e-3, 0.5, -2, 7])),
    "sin x/x by its formula, float32": (
        lambda x: np.sin(x) / x,
        lambda g, x: g * (x * np.cos(x) - np.sin(x)) / x**2,
        np.array([0.02, -0.03, 0.05, 0.01], "float32"),
    ),
    "np.sinc": (
        np.sinc,
        lambda g, x: g * np.pi * sinc_back(1, np.pi * x),
        np.array([[0.3, -1.2, 2.4], [0.7, 0.05, -0.4]]),
    ),
    "(eˣ − 1)/x": (
        lambda x: np.expm1(x) / x,
        lambda g, x: (
            g
            * np.where(
                abs(x) < 0.01,
                0.5 + x / 3 + x**2 / 8 + x**3 / 30 + x**4 / 144 + x**5 / 840,
                (x * np.exp(x) - np.expm1(x)) / x**2,
            )
        ),
        np.array([1e-9, -1e-4, 0.3, -2.0, 3.0]),
    ),
    "a badly conditioned matrix": (
        lambda b: np.linalg.solve(HILBERT, b),
        lambda g, b: np.linalg.solve(HILBERT.T, g),
        rng.normal(size=8),
    ),
    "Newton's iteration for √a": (newton, lambda g, a: g * 0.5 / np.sqrt(a), 2.5),
    "QR of a tall matrix": (qr, qr_back, rng.normal(size=(5, 3))),
    "a sum over paths": (longest, longest_back, rng.normal(size=6)),
    "median": (median, median_back, rng.normal(size=(5, 3))),
    "a narrow function": (narrow, narrow_back, TINY),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_one_passes(name):
    report = ng.gradcheck(*RIGHT[name])
    assert report.passed, report


@pytest.mark.parametrize(
    "function, backward, x",
    [
        (sinc, lambda g, x: 1.0001 * sinc_back(g, x), RIGHT["sin x/x near 0"][2]),
        (sinc, lambda g, x: sinc_back(g, x).astype("float32"), rng.normal(size=5)),
        (newton, lambda g, a: g * 0.51 / np.sqrt(a), 2.5),
        (saturated, lambda w: saturated_back(w) + 1e-5, RIGHT["a probability of almost 1"][2]),
        (qr, lambda gq, gr, a: qr_back(gq, -gr, a), rng.normal(size=(5, 3))),
        (median, odd_median_back, rng.normal(size=(5, 3))),
        (narrow, lambda g, x: narrow_back(g[:1] * np.ones_like(g), x), TINY),
        (mean_deviation, spread_back, 1e6 + 3 * rng.normal(size=12)),
        (lambda x: np.tanh(x), lambda g, x: g * (1 - np.tanh(x) ** 2 + 1e-8), rng.normal(size=5)),
    ],
    ids=[
        "factor",
        "cast",
        "newton",
        "saturated",
        "qr",
        "odd median",
        "narrow",
        "spread",
        "one part in 10⁸",
    ],
)
def test_a_mistake_beside_it_is_found(function, backward, x):
    report = ng.gradcheck(function, backward, x)
    assert [check.verdict for check in report.checks] == ["wrong"], report


@pytest.mark.parametrize("oracle", [None, "five-point"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", [slice(None), -1], ids=["everywhere", "at one entry"])
def test_a_gradient_that_is_not_finite_is_not_taken_for_rounding(where, bad, oracle):
    def backward(g, x):
        gx = 2 * g * x
        gx[where] = bad
        return gx

    report = ng.gradcheck(lambda x: x**2, backward, np.array([1.0, 2.0, 3.0]), oracle=oracle)
    assert [check.verdict for check in report.checks] == ["wrong"]
    assert "backward gives values that are not finite" in str(report)


@pytest.mark.parametrize("size", [1e-250, 1e-200, 1e-100, 1e100, 1e200, 1e250])
def test_inputs_whose_squares_are_no_numbers(size):
    x = size * np.array([1.0, 0.5, 2.0])
    assert ng.gradcheck(lambda x: 2 * x, lambda g, x: 2 * g, x).passed
    assert not ng.gradcheck(lambda x: 2 * x, lambda g, x: 2.1 * g, x).passed


def test_a_mistake_at_inputs_of_another_sign_says_how_to_leave_them_out():
    report = ng.gradcheck(lambda x: x**2, lambda g, x: 2 * g * abs(x), np.array([1.0, 2.0]))
    assert "domain=" in report.failures[0].hint


ZEROS = np.array([[0.0, 1.0, -2.0], [3.0, 0.0, 0.5]])


@pytest.mark.parametrize(
    "function, right, wrong",
    [
        (abs, lambda g, x: g * np.sign(x), lambda g, x: -g * np.sign(x)),
        (lambda x: np.abs(x).sum(), lambda g, x: g * np.sign(x), lambda g, x: 2 * g * np.sign(x)),
        (
            lambda x: np.where(abs(x) < 1, x**2 / 2, abs(x) - 0.5),
            lambda g, x: g * np.clip(x, -1, 1),
            lambda g, x: g * np.clip(x, -1.2, 1),
        ),
    ],
)
def test_abs_is_named_although_an_input_lies_at_its_kink(function, right, wrong):
    report = ng.gradcheck(function, right, ZEROS)
    assert report.passed and "drops the imaginary part in numpy.absolute" in str(report)
    assert not ng.gradcheck(function, wrong, ZEROS).passed
