"""Wrong uses of the checker and of a layer of one's own: each is refused in one true sentence."""

import json
import os

import numpy as np
import pytest

import numpygan as ng
from numpygan.cli import main

x = np.random.default_rng(0).normal(size=(3, 4))


def square(x):
    return x**2


def back(g, x):
    return 2 * g * x


class Pair:
    """Not derived from ng.Layer."""

    def forward(self, x):
        return x

    def backward(self, gy):
        return gy


class Closed:
    """As a tensor of PyTorch that requires a gradient."""

    def __init__(self, *values):
        pass

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("can't call numpy() on it")


def refused(call, words):
    with pytest.raises(ng.NumpyganError, match=words) as error:
        call()
    assert "\n" not in str(error.value) and str(error.value).endswith(".")


@pytest.mark.parametrize(
    "arguments, options, words",
    [
        ((square, back, x), {"eps": 1e-6}, "no option 'eps'; expected .*domain.*tolerance"),
        ((square, back, x), {"rows": 4}, "rows goes with layers"),
        ((square, back, x), {"domain": 3}, r"domain must be \(low, high\), got 3"),
        ((square, back, x), {"domain": "12"}, r"domain must be \(low, high\), got '12'"),
        (
            (square, back, x),
            {"domain": "positive"},
            r"domain must be \(low, high\), got 'positive'",
        ),
        ((square, back, x), {"domain": (1, -1)}, r"domain must be \(low, high\), got \(1, -1\)"),
        ((square, back, x), {"domain": (None, None, 3)}, r"domain must be \(low, high\), got"),
        ((square, back, x), {"jvp": 3}, "jvp must be a function, got int"),
        ((square, back, x), {"hvp": "H"}, "hvp must be a function, got str"),
        ((square, back, x), {"wrt": 1.5}, "there is no input 1.5; expected some of x"),
        ((square, back, x), {"wrt": square}, "there is no input <function square"),
        ((square, back, x), {"form": ["returns"]}, r"no form \['returns'\]; expected one of"),
        ((square, back, x), {"wrt": np.array([1, 2])}, r"there is no input array\(\[1, 2\]\)"),
        ((square, back, x), {"oracle": np.array([1, 2])}, r"oracle: there is no array\(\[1, 2\]\)"),
        (([ng.Affine(2, 2)],), {"oracle": np.array([1, 2])}, "oracle: there is no array"),
        (
            (lambda x: (x**2).sum(), x),
            {"form": "loss"},
            "form='loss' means loss, .gx, gw. = function.x, w., but the function returns a number",
        ),
        (
            (square, back, x),
            {"form": "loss"},
            r"form='loss' means .*, but the function returns an array of shape \(3, 4\)",
        ),
        ((square, None, x), {"form": "pullback"}, "form='pullback' means .*returns an array of"),
        ((square, back, x), {"form": "cache"}, "form='cache' means .*function returns an array of"),
        (
            (lambda x: (x, 1), back, x),
            {"form": "pullback"},
            "form='pullback' means .*, but the function returns a tuple of 2",
        ),
        ((square, x), {"form": "returns"}, "form='returns' means .*; give function and backward"),
        (
            (lambda x: (x.sum(), x), back, x),
            {"form": "loss"},
            "form='loss' means .*; give the function alone, then the inputs",
        ),
        ((square, back, x), {"only_given": "no"}, "only_given must be True or False, got 'no'"),
        ((lambda x, c: x * c.real, back, x, x * 1j), {}, "c is complex, expected real numbers"),
        (
            (lambda x: (x.sum(), {"g": x}), x),
            {},
            "a dict, but no input is one and .g. is not an input",
        ),
        ((lambda x: None, back, x), {}, "function returns NoneType; expected an array, a number"),
        ((lambda x: "a", back, x), {}, "function returns str; expected an array, a number"),
        ((lambda x: {"y": x}, back, x), {}, "function returns dict; expected an array, a number"),
        ((lambda x: (x, None), lambda g, h, x: g, x), {}, "function returns NoneType in a tuple"),
        ((lambda x: [[1.0, 2.0], [3.0]], back, x), {}, "function returns list; expected an array"),
        ((lambda x: np.ma.masked_array(x), back, x), {}, "function returns MaskedArray; expected"),
        ((square, back, np.ma.masked_array(x)), {}, r"x is a MaskedArray.*numpy.asarray\(x\)"),
        ((lambda p: (0, p), {"w": np.ma.masked_array(x)}), {}, r"p\['w'\] is a MaskedArray, whose"),
        ((square, back, np.array([1, 2])), {}, r"x is int64, .*pass numpy.asarray\(x, float\)"),
        ((square, back, object()), {}, r"x is object, .*pass numpy.asarray\(x, float\)"),
        (
            (square, lambda g, x: (g for _ in "a"), x),
            {},
            "backward returns a generator; return the",
        ),
        ((square, lambda g, x: map(abs, x), x), {}, "backward returns a map; return the gradients"),
        ((Pair(), x), {}, r"Pair is no layer; write .*gradcheck\(it.forward, it.backward, x\)"),
        ((lambda x: Closed(), back, x), {}, "function returns Closed; expected an array"),
        (
            ([ng.Affine(2, 2)], [[1.0, 2.0]]),
            {},
            "x: expected an array of numpy, got .*list; .*asarray",
        ),
    ],
)
def test_of_gradcheck(arguments, options, words):
    refused(lambda: ng.gradcheck(*arguments, **options), words)


def test_a_matrix_is_refused():
    """For numpy.matrix * is the matrix product."""
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.asmatrix(x)
    refused(lambda: ng.gradcheck(square, back, matrix), r"x is a matrix, whose .*asarray\(x\)")


@pytest.mark.parametrize("kind, mine", [("MaskedArray", np.ma.masked_array), ("Closed", Closed)])
def test_a_gradient_that_is_no_array_is_wrong(kind, mine):
    report = ng.gradcheck(square, lambda g, x: mine(2 * g * x), x)
    assert f"its gradient is {kind}, expected an array of floats" in report.failures[0].hint


def test_a_masked_array_is_no_input_of_a_network():
    """What is masked would be read as if it were not."""
    net = ng.MLP([ng.Affine(4, 2)], "float64")
    masked = np.ma.masked_array(x, x > 0)
    refused(
        lambda: net.forward(masked, net.tape(3)), r"x: expected an array of numpy, got numpy.ma"
    )
    refused(lambda: ng.gradcheck(net, masked), r"x: expected an array of numpy, got numpy.ma")


def test_a_domain_may_be_open():
    assert ng.gradcheck(np.log, lambda g, x: g / x, abs(x), domain=(0, None)).passed
    assert ng.gradcheck(np.exp, lambda g, x: g * np.exp(x), -abs(x), domain=(None, 0)).passed


def test_several_outputs_may_be_a_list():
    def both(x):
        return [x**2, x.sum(0)]

    def both_back(g, h, x):
        return 2 * g * x + h

    assert ng.gradcheck(both, both_back, x).passed
    assert not ng.gradcheck(both, lambda g, h, x: 2 * g * x, x).passed


@pytest.mark.parametrize("nothing", [(), []])
def test_a_function_that_returns_no_numbers_is_not_ok(nothing):
    report = ng.gradcheck(lambda x: nothing, lambda *args: 0 * x, x)
    assert not report.passed and "function gives no numbers" in str(report)


def test_a_gradient_may_be_a_list_of_rows():
    assert ng.gradcheck(square, lambda g, x: back(g, x).tolist(), x).passed


def test_an_empty_list_is_a_gradient_of_a_wrong_shape():
    report = ng.gradcheck(square, lambda g, x: [], x)
    assert "its gradient has shape (0,), expected (3, 4)" in report.failures[0].hint


def test_a_pair_that_refuses_inputs_beside_those_given():
    edge = np.array([1.0, 0.5, 0.0])

    def within(x):
        assert (x.real <= 1).all()
        return x

    report = ng.gradcheck(square, lambda g, x: 1.01 * back(g, within(x)), edge)
    assert [check.verdict for check in report.checks] == ["wrong"]
    report = ng.gradcheck(lambda x: square(within(x)), back, edge, only_given=True)
    assert not report.passed and "near it the code raises AssertionError" in str(report)


def test_code_for_float32_alone_is_told_that_it_gets_float64():
    def single(x):
        assert x.dtype == np.float32
        return x**2

    report = ng.gradcheck(single, back, x.astype("float32"))
    assert not report.passed
    assert "at float64 copies of inputs near it the code raises AssertionError" in str(report)


def layer(**members):
    def forward(self, x, t):
        t.y[...] = x**2

    def backward(self, gy, t):
        t.gx[...] = 2 * t.x * gy

    members = {"forward": forward, "backward": backward} | members
    return type("Mine", (ng.Layer,), members)()


@pytest.mark.parametrize(
    "members, words",
    [
        (
            {"width": lambda self, n: "a"},
            r"Mine\(\): width\(2\) gives 'a'; expected a whole number",
        ),
        ({"width": lambda self, n: None}, r"Mine\(\): width\(2\) gives None; expected"),
        ({"width": lambda self, n: 0}, r"Mine\(\): width\(2\) gives 0; expected"),
        ({"shapes": lambda self: ["a"]}, r"shapes\(\) gives \['a'\]; expected a dict"),
        ({"shapes": lambda self: {"forward": (2,)}}, "parameter is named forward, as .* of Layer"),
        ({"memory": lambda self, n: {"x": ((n,), "value")}}, "memory.. names an array x, as"),
        ({"random": True}, "is random but has no draw_mask; write"),
    ],
)
def test_of_a_layer(members, words):
    refused(lambda: ng.gradcheck([ng.Affine(2, 2), layer(**members)]), words)


def test_an_array_that_memory_does_not_declare_is_named():
    def forward(self, x, t):
        t.mask[...] = x > 0

    words = r'has no mask; .*memory.self, n_in.: return {"mask": ..n_in,., "value".}'
    refused(lambda: ng.gradcheck([ng.Affine(2, 2), layer(forward=forward)]), words)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (((3,), {}), "expected shapes such as 'm n', got 3"),
        (((), {}), "expected shapes such as 'm n', got nothing"),
        ((("m",), {"most": 0}), "most must be a whole number ≥ 1, got 0"),
        ((("m",), {"dtype": "int"}), "dtype must be float32 or float64, got 'int'"),
        ((("3 n",), {}), "'3' is no name of a size; expected names with blanks"),
        ((("(m, n)",), {}), "'.m,' is no name of a size"),
    ],
)
def test_of_inputs(arguments, words):
    refused(lambda: ng.testing.inputs(*arguments[0], **arguments[1]), words)


FILE = """import numpy as np
def check_raises():
    return 1 / 0
def check_option():
    return np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2), np.ones(3), {"domain": (0, 2), "eps": 3}
"""


@pytest.mark.parametrize(
    "text, name, words",
    [
        (FILE, "u.py::check_raises", "raises ZeroDivisionError in line 3: division by zero;"),
        (FILE, "u.py::check_option", "there is no option 'eps'"),
        (FILE, "u.py:check_raises", "u.py:check_raises: write u.py::check_raises"),
        ("from numpy.testing import assert_allclose as check_all\n", "u.py", "no name starts with"),
        ("def f(x): return x\n", "u.py::f", "got function with arguments"),
        ("import nowhere_at_all\n", "u.py::f", "raises ModuleNotFoundError in line 1: No module"),
        ("a = 1\0", "u.py::f", "raises SyntaxError: source code"),
    ],
)
def test_of_a_file(text, name, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "u.py").write_text(text, encoding="utf-8")
    assert main(["gradcheck", name]) == 2
    assert words in capsys.readouterr().err


PRINTS = """from __future__ import annotations
import numpy as np
import pickle
from dataclasses import dataclass
@dataclass
class Setting:
    factor: float
print("one line")
def f(x):
    print("another")
    return pickle.loads(pickle.dumps(Setting(2.0))).factor * x
check_f = (f, lambda g, x: 2 * g, np.ones(3))
"""


def test_a_file_that_prints_and_has_classes_of_its_own(tmp_path, monkeypatch, capsys):
    """Dataclasses and pickle look up the module of a class; prints must not get into the JSON."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_classes.py").write_text(PRINTS, encoding="utf-8")
    assert main(["gradcheck", "own_classes.py", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["passed"] and "one line\nanother" in err
    assert main(["gradcheck", "own_classes.py"]) == 0
    assert "another" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="Windows allows no colon in the name of a folder")
def test_a_folder_may_have_a_colon_in_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:b").mkdir()
    (tmp_path / "a:b" / "u.py").write_text(FILE, encoding="utf-8")
    assert main(["gradcheck", "a:b/u.py::check_raises"]) == 2
    assert "a:b/u.py::check_raises: its code raises ZeroDivisionError" in capsys.readouterr().err


def test_a_prefix_that_no_name_has_is_told(tmp_path):
    net = ng.MLP([ng.Affine(2, 1)], "float64")
    names = {"G.0.weight": np.ones((1, 2)), "G.0.bias": np.ones(1)}
    refused(
        lambda: ng.load_theta(net, names, prefix="gen."), "no name starts with 'gen.'; .*G.0.bias"
    )
