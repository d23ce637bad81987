"""A layer of one's own: what is natural but wrong is refused in a sentence that says what to write."""

import re
from pathlib import Path

import numpy as np
import pytest

import numpygan as ng
from tests.helpers.double import device

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
    report = ng.gradcheck([ng.Affine(3, 4), keeps("float")])
    assert (report.passed, report.oracle) == (True, "five-point"), report
    assert "does not take complex numbers: ComplexWarning" in report.notes[0], report
    assert 'keeps values of x has the kind "value"' in report.notes[0], report


def test_the_examples_of_the_docs_run():
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S)
    assert len(blocks) >= 4
    world = {}
    for block in blocks:
        exec(compile(block, str(DOCS), "exec"), world)


# A network on a GPU (its strict double): a layer that mixes devices is refused in a sentence

HOST = np.ones((2, 4))


class Gain(ng.Layer):
    n_in = 4

    def shapes(self):
        return {"s": (4,)}

    def forward(self, x, t):
        t.y[...] = x * self.s

    def backward(self, gy, t):
        t.gx[...] = gy * self.s

    def backward_params(self, gy, t):
        self.gs[...] = np.ones(4)


def on_the_device(one):
    net = ng.MLP([ng.Affine(3, 4), one], "float64", xp=device)
    net.initialize(ng.Stream(0))
    tape = net.tape(2)
    net.forward(device.asarray(np.ones((2, 3))), tape)
    return net.backward(device.asarray(HOST), tape)


SQUARE = {
    "forward": lambda self, x, t: t.y.__setitem__(..., x * x),
    "backward": lambda self, gy, t: t.gx.__setitem__(..., t.x * gy * 2),
}


def test_a_layer_that_mixes_nothing_runs_on_the_device():
    assert on_the_device(layer(**SQUARE)).shape == (2, 3)


@pytest.mark.parametrize(
    "method, change, words",
    [
        ("forward", lambda self, x, t: HOST, "y of the tape of Mine() takes an array of"),
        ("forward", lambda self, x, t: setattr(t, "y", HOST), "got numpy.ndarray of shape (2, 4)"),
        ("forward", lambda self, x, t: t.y.__setitem__(..., HOST), "Mine(): METHOD raises"),
        ("forward", lambda self, x, t: t.y.__setitem__(..., x * HOST), "Mine(): METHOD raises"),
        ("forward", lambda self, x, t: np.tanh(x), "never with numpy"),
        ("backward", lambda self, gy, t: HOST, "gx of the tape of Mine() takes an array of"),
        ("backward", lambda self, gy, t: t.gx.__setitem__(..., HOST), "Mine(): METHOD raises"),
    ],
)
def test_a_layer_that_mixes_devices_is_refused_in_a_sentence(method, change, words):
    with pytest.raises(ng.NumpyganError, match=re.escape(words.replace("METHOD", method))) as error:
        on_the_device(layer(**SQUARE | {method: change}))
    assert "self.xp" in str(error.value) and "numpygan.arrays.to_device" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_gradient_of_a_parameter_from_the_other_device_is_refused_too():
    with pytest.raises(ng.NumpyganError, match=r"Gain\(\): backward_params raises .*self.xp"):
        on_the_device(Gain())


def test_an_array_of_a_gpu_in_a_network_on_the_cpu_is_refused():
    net = ng.MLP([ng.Affine(3, 4), layer(forward=lambda *_: device.asarray(HOST))], "float64")
    with pytest.raises(ng.NumpyganError, match="takes an array of numpy .*to_device"):
        net.forward(np.ones((2, 3)), net.tape(2))


class Shift(ng.Layer):
    def __init__(self, n):
        self.n_in = n

    def shapes(self):
        return {"b": (self.n_in,)}

    def forward(self, x, t):
        t.y[...] = x + self.b

    def backward(self, gy, t):
        t.gx[...] = gy

    def backward_params(self, gy, t):
        self.gb[...] = gy.sum(0)


def forgets_y(self, x, t):
    y = x + self.b  # noqa: F841


def forgets_gx(self, gy, t):
    gx = gy  # noqa: F841


def writes_half(self, gy, t):
    t.gx[:, :2] = gy[:, :2]


def writes_elsewhere(self, gy, t):
    self.grad_b = gy.sum(0)


def writes_on_the_tape(self, gy, t):
    t.gb = gy.sum(0)


def adds(self, gy, t):
    self.gb += gy.sum(0)


@pytest.mark.parametrize(
    "method, wrong, words",
    [
        ("forward", forgets_y, "forward writes nothing to t.y; write `t.y[...] = …`"),
        ("backward", forgets_gx, "backward writes nothing to t.gx; write `t.gx[...] = …`"),
        ("backward", writes_half, "backward leaves 6 of 12 numbers of t.gx as they were"),
        ("backward_params", writes_elsewhere, "backward_params writes nothing to self.gb; write"),
        ("backward_params", writes_on_the_tape, "backward_params writes nothing to self.gb; write"),
        ("backward_params", adds, "backward_params adds to what self.gb held before; write"),
    ],
)
def test_what_is_not_written_is_named(method, wrong, words):
    assert ng.gradcheck([ng.Affine(3, 4), Shift(4)]).passed
    layer = type("Wrong", (Shift,), {method: wrong})(4)
    report = ng.gradcheck([ng.Affine(3, 4), layer])
    assert words in str(report.failures[0]), report


class Normalized(ng.Layer):
    """Of two rows that lie near each other, gx is the small rest of large numbers."""

    factor = 1.0

    def forward(self, x, t):
        c = x - x.mean(0)
        t.y[...] = c / self.xp.sqrt((c**2).mean(0) + 1e-5)

    def backward(self, gy, t):
        s = self.xp.sqrt(t.x.var(0) + 1e-5)
        t.gx[...] = (gy - gy.mean(0) - self.factor * t.y * (gy * t.y).mean(0)) / s


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_normalization_of_two_rows_is_right(seed):
    assert ng.gradcheck([ng.Affine(3, 4), Normalized()], seed=seed).passed
    layer = Normalized()
    layer.factor = 1 + 1e-9
    assert not ng.gradcheck([ng.Affine(3, 4), layer], seed=seed).passed


class Slopes(ng.Layer):
    """y = a ⊙ x,  ga = Σ_rows gy ⊙ x"""

    def __init__(self, n):
        self.n_in = n

    def shapes(self):
        return {"a": (self.n_in,)}

    def initialize(self, stream):
        stream.uniform(self.a, 0.5, 1.5)

    def forward(self, x, t):
        t.y[...] = self.a * x

    def backward(self, gy, t):
        t.gx[...] = self.a * gy

    def backward_params(self, gy, t):
        self.ga[...] = (gy * t.x).sum(0)


@pytest.mark.parametrize("params_too", [True, False])
def test_backward_alone_must_leave_the_gradients_as_they_are(params_too):
    class Greedy(Slopes):
        def backward(self, gy, t):
            t.gx[...] = self.a * gy
            self.ga[...] = (gy * t.x).sum(0)

        def backward_params(self, gy, t):
            if params_too:
                super().backward_params(gy, t)

    report = ng.gradcheck([ng.Affine(3, 4), Greedy(4)])
    assert "backward writes self.ga, which must stay as it is" in str(report)
    assert ng.gradcheck([ng.Affine(3, 4), Slopes(4)]).passed


def undeclared(backward_params):
    def start(self):
        self.a = np.ones(4)

    return [
        ng.Affine(3, 4),
        layer(
            __init__=start,
            forward=Slopes.forward,
            backward=Slopes.backward,
            backward_params=backward_params,
        ),
    ]


def test_a_parameter_that_is_not_declared_is_named():
    with pytest.raises(ng.NumpyganError, match=r'a is not declared .*return {"a": \(n,\)}'):
        ng.gradcheck(undeclared(Slopes.backward_params))

    def sets(self, gy, t):
        self.ga = (gy * t.x).sum(0)

    report = ng.gradcheck(undeclared(sets))
    assert "sets self.ga, which nobody reads; declare the parameter: `def shapes" in str(report)


def test_an_abs_is_checked_by_differences_and_named():
    def forward(self, x, t):
        t.y[...] = abs(x)

    def backward(self, gy, t):
        t.gx[...] = factor * gy * np.sign(t.x)

    for factor in (1, 1.001):
        report = ng.gradcheck([ng.Affine(3, 4), layer(forward=forward, backward=backward)])
        assert report.passed == (factor == 1) and report.oracle == "five-point", report
        assert "layer 1, Mine(): its forward drops the imaginary part in numpy.absolute" in str(
            report
        )
    report = ng.gradcheck([ng.Affine(3, 4), ng.ReLU(), ng.Maxout(2)], np.zeros((3, 3)))
    assert report.oracle == "complex"


SMALL = {  # a term that loses its imaginary part; its slope
    "abs": (lambda x, W: np.abs(x), lambda x, W: np.sign(x)),
    "each number": (lambda x, W: [[abs(one) for one in row] for row in x], lambda x, W: np.sign(x)),
    "where": (lambda x, W: abs(np.where(x.real > 9, 0, x)), lambda x, W: np.sign(x)),
    "norm": (
        lambda x, W: np.linalg.norm(x, axis=1, keepdims=True) * np.ones(4),
        lambda x, W: 4 * x / np.linalg.norm(x, axis=1, keepdims=True),
    ),
    "parameter": (lambda x, W: np.abs(W) * x, lambda x, W: np.abs(W)),
    "only large x": (lambda x, W: np.where(x.real > 6, abs(x), x), lambda x, W: 1 + 0 * x),
}


class SmallTerm(ng.Layer):
    """y = x² + c f(x),  gx = gy ⊙ (2x + c f'(x)), where f(x) loses its imaginary part"""

    n_in = 4

    def __init__(self, name, c, forgets):
        self.f, self.slope = SMALL[name]
        self.c, self.forgets, self.norm = c, forgets, name == "norm"

    def shapes(self):
        return {"W": (4,)}

    def initialize(self, stream):
        stream.uniform(self.W, -2, -1)

    def forward(self, x, t):
        t.y[...] = x**2 + self.c * np.array(self.f(x, self.W))

    def backward(self, gy, t):
        slope = self.slope(t.x, self.W)
        sums = gy.sum(1, keepdims=True) / 4 if self.norm else gy
        t.gx[...] = 2 * t.x * gy + (not self.forgets) * self.c * slope * sums

    def backward_params(self, gy, t):
        self.gW[...] = 0
        if self.f is SMALL["parameter"][0]:
            self.gW[...] = self.c * (gy * t.x).sum(0) * np.sign(self.W)


@pytest.mark.parametrize("c", [1e-2, 1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("name", list(SMALL))
def test_a_small_term_without_its_imaginary_part(name, c):
    """However small the term is, the complex step doesn't see it, and five-point differences do."""
    for forgets in (False, True):
        report = ng.gradcheck([ng.Affine(3, 4), SmallTerm(name, c, forgets)])
        wrong = [k for k in report.checks if k.verdict == "wrong"]
        assert report.oracle == "five-point" and bool(wrong) is forgets, report
        assert "SmallTerm(): its forward drops the imaginary part in " in report.notes[0], report


def without_a_trace(self, x, t):
    t.y[...] = x**2 + 1e-6 * abs(np.asarray(x))


@pytest.mark.parametrize("forgets", [False, True])
def test_a_small_term_where_it_is_lost_without_a_trace(forgets):
    def backward(self, gy, t):
        t.gx[...] = gy * (2 * t.x + (not forgets) * 1e-6 * np.sign(t.x))

    report = ng.gradcheck([ng.Affine(3, 4), layer(forward=without_a_trace, backward=backward)])
    assert (report.passed, report.oracle) == (not forgets, "five-point"), report
    assert "another derivative with complex numbers" in report.notes[0], report


def softmax(x):
    e = np.exp(x - x.real.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


ANALYTIC = {  # forward; the slope or the product with gy. Branches and shifts alone use x.real
    "where": (
        lambda x: np.where(x.real > 0, x, 0.1 * x),
        lambda gy, x: gy * np.where(x > 0, 1, 0.1),
    ),
    "sign": (lambda x: x * np.sign(x.real), lambda gy, x: gy * np.sign(x)),
    "clip by size": (
        lambda x: np.where(abs(x) > 1, x * x, x),
        lambda gy, x: gy * np.where(abs(x) > 1, 2 * x, 1),
    ),
    "softmax": (softmax, lambda gy, x: softmax(x) * (gy - (gy * softmax(x)).sum(1)[:, None])),
    "log sum exp": (
        lambda x: (
            (np.log(np.exp(x - x.real.max(1)[:, None]).sum(1)) + x.real.max(1))[:, None] + 0 * x
        ),
        lambda gy, x: softmax(x) * gy.sum(1)[:, None],
    ),
}


@pytest.mark.parametrize("name", ANALYTIC)
def test_branches_and_shifts_go_by_the_complex_step(name):
    f, product = ANALYTIC[name]
    for factor in (1, 1 + 1e-11):  # too small for differences
        mine = layer(
            forward=lambda self, x, t: t.y.__setitem__(..., f(x)),
            backward=lambda self, gy, t: t.gx.__setitem__(..., factor * product(gy, t.x)),
        )
        report = ng.gradcheck([ng.Affine(3, 4), mine])
        assert (report.passed, report.oracle) == (factor == 1, "complex"), report


@pytest.mark.parametrize("seed", range(5))
def test_numpygans_own_layers_go_by_the_complex_step(seed):
    layers = [ng.Affine(3, 8), ng.Maxout(2), ng.Dropout(0.5), ng.LeakyReLU(0.1), ng.Affine(4, 4)]
    report = ng.gradcheck([*layers, ng.ReLU(), ng.Affine(4, 4), ng.Tanh(), ng.Sigmoid()], seed=seed)
    assert report.oracle == "complex" and report.notes[0].startswith("also tried"), report
