"""ng.gradcheck of any function: correct ones of many kinds pass, planted mistakes are found."""

import numpy as np
import pytest

import numpygan as ng
from tests.helpers.catalogue import CASES
from tests.helpers.functions import W, X, Y, softmax, softmax_back
from tests.helpers.planted import MISTAKES, as_dtype, planted

NAMES = list(CASES)
EVERY = [  # by default every eighth
    pytest.param(number, name, marks=[pytest.mark.slow] * (number % 8 != 0))
    for number, name in enumerate(NAMES)
]


def test_the_catalogue_is_large():
    assert len(NAMES) >= 200 and len(MISTAKES) >= 12


@pytest.mark.parametrize("number, name", EVERY)
def test_a_correct_function_passes(number, name):
    function, backward, inputs, options = CASES[name]
    report = ng.gradcheck(function, backward, *inputs, **options)
    assert report.passed, report
    worst = max(check.tolerance for check in report.checks)
    assert worst < (1e-3 if report.oracle == "five-point" or "tan" in name else 1e-9)


@pytest.mark.parametrize("number, name", EVERY[::3])
def test_a_correct_function_passes_in_float32(number, name):
    function, backward, inputs, options = CASES[name]
    report = ng.gradcheck(function, backward, *as_dtype(inputs, "float32"), **options)
    assert report.passed and all(1e-8 < check.tolerance < 1e-3 for check in report.checks), report


@pytest.mark.parametrize("number, name", EVERY)
def test_planted_mistakes_are_found(number, name):
    """Each function with two of the mistakes; `python -m tests.helpers.planted` tries every pair."""
    titles = list(MISTAKES)
    turn = number % len(titles)
    found = []
    for title in [*titles[turn:], *titles[:turn]]:
        wrong = planted(name, MISTAKES[title], CASES[name])
        if wrong is None or (name, title) == ("loss, gradients of a dict", "stale"):
            continue  # it changes nothing
        function, backward, inputs, options, changed = wrong
        report = ng.gradcheck(function, backward, *inputs, **options)
        if any(changed):
            assert not report.passed, (title, str(report))
            found.append(title)
        if len(found) == 2:
            break
    assert len(found) == 2


def test_what_a_missing_term_says():
    report = ng.gradcheck(softmax, lambda gy, x: softmax(x) * gy, X)
    assert not report.passed and report.failures[0].tensor == "x"
    assert "softmax: x is wrong at [" in str(report) and "the oracle" in str(report)
    assert ng.gradcheck(softmax, softmax_back, X).passed


def back(gy, x, w):
    return gy @ w.T, x.T @ gy


def product(x, w):
    return x @ w


def test_float32_tells_rounding_from_a_mistake():
    """A part in 1,000 is a mistake, what float32 rounds is not; float64 finds a part in 10^11."""
    for dtype, mistake in (("float32", 1e-3), ("float64", 1e-11)):
        x, w = X.astype(dtype), W.astype(dtype)
        report = ng.gradcheck(product, back, x, w)
        assert report.passed and all(c.error <= c.tolerance < mistake for c in report.checks)
        wrong = ng.gradcheck(product, lambda *a: (back(*a)[0], (1 + mistake) * back(*a)[1]), x, w)
        assert [check.tensor for check in wrong.failures] == ["w"]


# What drops the imaginary part is named, and differences in float64 decide


def norm(x):
    size = np.linalg.norm(x)
    return size


@pytest.mark.parametrize(
    "function, backward, words",
    [
        (norm, lambda g, x: g * x / norm(x), ["numpy.linalg.norm", "size = np.linalg.norm(x)"]),
        (lambda x: abs(x) ** 2, lambda g, x: 2 * g * x, ["numpy.absolute"]),
        (lambda x: x * x.real, lambda g, x: 2 * g * x, [".real"]),
        (lambda x: x.var(0), lambda g, x: 2 * g * (x - x.mean(0)) / len(x), [".var()"]),
        (lambda x: np.logaddexp(x, 0), lambda g, x: g / (1 + np.exp(-x)), ["logaddexp"]),
        (lambda x: float(x[0, 0]) * x, None, ["float(x[0, 0])", "ComplexWarning"]),
    ],
)
def test_what_drops_the_imaginary_part_is_named(function, backward, words):
    if backward is None:

        def backward(g, x):
            gx = g * x[0, 0]
            gx[0, 0] += (g * x).sum()
            return gx

    report = ng.gradcheck(function, backward, X, only_given=True)
    assert report.passed and report.oracle == "five-point", report
    for word in ["five-point", *words]:
        assert word in report.notes[0]
    wrong = ng.gradcheck(function, lambda g, x: 1.001 * backward(g, x), X, only_given=True)
    assert not wrong.passed


def test_a_norm_taken_for_a_constant_is_found_though_the_complex_step_agrees():
    unit = lambda x: x / np.linalg.norm(x)
    assert not ng.gradcheck(unit, lambda g, x: g / np.linalg.norm(x), X).passed


# What a function does besides computing


class Counts:
    calls = 0

    def __call__(self, x):
        self.calls += 1
        return x * self.calls


def in_place(x):
    x += 1
    return x


def scaled_in_place(gy, x):
    gy *= 2
    return gy


def accumulating():
    gx = np.zeros_like(X)

    def backward(gy, x):
        gx[...] += 2 * gy
        return gx

    return backward


def remembers_globally():
    kept = {}

    def function(x):
        kept["y"] = np.tanh(x)
        return kept["y"]

    return function, lambda gy, x: gy * (1 - kept["y"] ** 2)


def drains_its_cache():
    def function(x):
        y = np.tanh(x)
        return y, [y.copy()]

    def backward(gy, cache):
        cache[0] **= 2
        return gy * (1 - cache[0])

    return function, backward


@pytest.mark.parametrize(
    "function, backward, words",
    [
        (lambda x: x * np.random.rand(), lambda g, x: g, "draws from numpy.random inside"),
        (Counts(), lambda g, x: g, "keeps state between calls"),
        (in_place, lambda g, x: g, "changes its input x in place"),
        (lambda x: 2 * x, scaled_in_place, "backward changes gy in place"),
        (lambda x: 2 * x, accumulating(), "adds to its last result"),
        (*remembers_globally(), "another forward before backward changes the gradient"),
        (*drains_its_cache(), "it changes what forward kept"),
        (
            lambda x: 2 * x,
            lambda g, x: 2 * g.sum(0),
            "its gradient has shape (3,), expected (5, 3)",
        ),
        (lambda x: 2 * x, lambda g, x: g @ x, "backward raises ValueError"),
        (lambda x: x @ np.ones((3, 1)), lambda g, x: np.tile(g, (1, 3))[:4], "has shape (4, 3)"),
    ],
)
def test_what_else_it_does_is_named(function, backward, words):
    report = ng.gradcheck(function, backward, X)
    assert not report.passed and words in str(report.failures[0])


def returns_instead(gy, x, gx):
    return 2 * gy


def writes_instead(gy, x):
    x = 2 * gy  # noqa: F841


def adds_to_the_array(gy, x, gx):
    gx += 2 * gy


@pytest.mark.parametrize(
    "backward, words",
    [
        (returns_instead, "takes arrays to write into but returns its result"),
        (writes_instead, "backward returns None"),
    ],
)
def test_returned_instead_of_written_and_the_reverse(backward, words):
    with pytest.raises(ng.NumpyganError, match=words):
        ng.gradcheck(lambda x: 2 * x, backward, X)
    assert not ng.gradcheck(lambda x: 2 * x, adds_to_the_array, X).passed


def test_forms_are_told_apart_and_named():
    forms = {
        name: next(
            note
            for note in ng.gradcheck(*CASES[name][:2], *CASES[name][2]).notes
            if note.startswith("taken as")
        )
        for name in (
            "y, cache",
            "y, pullback",
            "backward that writes",
            "two methods",
            "loss, gradients of a dict",
            "gradient of a loss",
            "affine",
        )
    }
    kinds = {name: text.split("form='")[1][:-2] for name, text in forms.items()}
    assert kinds == {
        "y, cache": "cache",
        "y, pullback": "pullback",
        "backward that writes": "writes",
        "two methods": "methods",
        "loss, gradients of a dict": "loss",
        "gradient of a loss": "gradient",
        "affine": "returns",
    }


def test_a_gradient_that_is_missing_is_named():
    def loss(p):
        return (p["w"] ** 2).sum() + p["b"].sum(), {"w": 2 * p["w"]}

    report = ng.gradcheck(loss, {"w": X, "b": Y[0]})
    assert [check.tensor for check in report.checks] == ["p['b']"] and not report.passed
    assert "backward gives no gradient for it" in str(report)


# Kinks


def test_ties_are_left_out_or_named():
    relu, slope = (lambda x: np.maximum(x, 0)), (lambda g, x: g * (x >= 0))
    report = ng.gradcheck(relu, slope, X)
    assert report.passed and "zeros among the inputs (at a kink)" in str(report)
    assert ng.gradcheck(relu, lambda g, x: g * (x >= 0), np.zeros((2, 2))).passed  # at other inputs


# Products with the Jacobian and the Hessian


def test_jvp_and_dot_product():
    jvp = lambda vx, vw, x, w: vx @ w + x @ vw
    assert ng.gradcheck(product, back, X, W, jvp=jvp).passed
    for wrong in (
        lambda vx, vw, x, w: vx @ w,
        lambda *a: 1.0001 * jvp(*a),
        lambda *a: jvp(*a).T,
        lambda *a: 1 / 0,
    ):
        report = ng.gradcheck(product, back, X, W, jvp=wrong)
        assert not report.passed and report.failures[0].place == "product, jvp"


def test_hvp():
    energy, gradient = (lambda x: (x**4).sum() / 4), (lambda x: x**3)
    report = ng.gradcheck(energy, gradient, X, hvp=lambda v, x: 3 * x**2 * v)
    assert report.passed and report.checks[-1].tolerance < 1e-12
    for factor in (1 + 1e-11, 2):
        report = ng.gradcheck(energy, gradient, X, hvp=lambda v, x: factor * 3 * x**2 * v)
        assert not report.passed and report.failures[0].tensor == "H v, x"


# Bad input


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: ng.gradcheck(product, back), "expected the inputs"),
        (lambda: ng.gradcheck(product, back, X, W, wrt="z"), "there is no input 'z'"),
        (lambda: ng.gradcheck(product, back, X, W, form="torch"), "there is no form 'torch'"),
        (lambda: ng.gradcheck(product, back, X, W, oracle="exact"), "there is no 'exact'"),
        (lambda: ng.gradcheck(product, back, X.astype("f2"), W), "x is float16"),
        (lambda: ng.gradcheck(np.sum, lambda g, x: g, np.arange(3)), "is an array of floats"),
        (lambda: ng.gradcheck(product, lambda gy: gy, X, X), "function raises ValueError"),
        (lambda: ng.gradcheck(product, lambda a, b, c, d, e, f, g: g, X, W), "no known form fits"),
        (lambda: ng.gradcheck(np.tanh, None, X), "no backward is given"),
        (lambda: ng.gradcheck(np.tanh, np.tanh, X * np.nan), "not finite"),
        (lambda: ng.gradcheck([ng.Affine(2, 2)], wrt=0), "not with layers"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(call, words):
    with pytest.raises(ng.NumpyganError, match=words) as error:
        call()
    assert "\n" not in str(error.value) and str(error.value).endswith(".")
