"""A layer of one's own: what is natural but wrong is refused in a sentence that says what to write."""

import re
from pathlib import Path

import numpy as np
import pytest

import numpygan as ng

DOCS = Path(__file__).parents[2] / "docs" / "checker.md"


def layer(name="Mine", **methods):
    methods.setdefault("forward", lambda self, x, t: t.y.__setitem__(..., x**2))
    methods.setdefault("backward", lambda self, gy, t: t.gx.__setitem__(..., 2 * t.x * gy))
    return type(name, (ng.Layer,), methods)()


def test_the_layer_of_these_tests_is_right():
    assert ng.gradcheck([ng.Affine(3, 4), layer()]).passed


def bind_y(self, x, t):
    t.y = x**2


def bind_gx(self, gy, t):
    t.gx = 2 * t.x * gy


@pytest.mark.parametrize(
    "methods",
    [
        {"forward": lambda self, x, t: x**2},
        {"backward": lambda self, gy, t: 2 * t.x * gy},
        {"forward": bind_y},
        {"backward": bind_gx},
    ],
)
def test_what_is_natural_is_right(methods):
    report = ng.gradcheck([ng.Affine(3, 4), layer(**methods)])
    assert report.passed, str(report)


@pytest.mark.parametrize(
    "methods, words",
    [
        ({"forward": lambda self, x, t: t.y.__setitem__(..., x * self.W)}, "has no W; a parameter"),
        ({"forward": ng.Layer.forward}, "the layer has no forward; write"),
    ],
)
def test_what_is_missing_is_refused_in_a_sentence(methods, words):
    with pytest.raises(ng.NumpyganError, match=re.escape(words)):
        ng.gradcheck([ng.Affine(3, 4), layer(**methods)])


@pytest.mark.parametrize(
    "methods, words",
    [
        (
            {"backward": lambda self, gy, t: t.gy.__setitem__(..., 2 * t.x * gy)},
            "must leave gy as it",
        )
    ],
)
def test_what_a_wrong_method_is_told(methods, words):
    report = ng.gradcheck([ng.Affine(3, 4), layer(**methods)])
    assert not report.passed and words in str(report)


@pytest.mark.parametrize(
    "methods, words",
    [
        ({"shapes": lambda self: {"W": (self.n_in, 3)}}, "with n_in set in __init__"),
        ({"shapes": lambda self: {"W": 4}}, "expected a tuple of whole numbers"),
        ({"shapes": lambda self: {"b": (4,)}}, "has parameters but no backward_params"),
        ({"memory": lambda self, n: {"s": (n,)}}, "expected for each array the shape of one row"),
        ({"memory": lambda self, n: {"s": ((n,), "complex")}}, "kinds: value, float, bool"),
    ],
)
def test_what_is_declared_wrongly_is_refused_in_a_sentence(methods, words):
    with pytest.raises(ng.NumpyganError, match=re.escape(words)):
        ng.gradcheck([ng.Affine(3, 4), layer(**methods)])


def keeps(kind):
    def forward(self, x, t):
        t.s[...] = 1 / (1 + np.exp(-x))
        t.y[...] = t.s

    return layer(
        memory=lambda self, n: {"s": ((n,), kind)},
        forward=forward,
        backward=lambda self, gy, t: t.gx.__setitem__(..., gy * t.s * (1 - t.s)),
    )


def test_saved_values_follow_the_dtype_of_the_pass():
    assert ng.gradcheck([ng.Affine(3, 4), keeps("value")]).passed
    with pytest.raises(ng.NumpyganError, match='needs the kind "value"'):
        ng.gradcheck([ng.Affine(3, 4), keeps("float")])


def test_the_examples_of_the_docs_run():
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S)
    assert len(blocks) >= 4
    world = {}
    for block in blocks:
        exec(compile(block, str(DOCS), "exec"), world)
