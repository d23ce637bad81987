"""gradcheck is itself checked: every verdict caused on purpose, what a failure says, bad input, and
the command.
"""

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.check.game_check import check_game
from tests.helpers.contract import players
from tests.helpers.numeric import Scale


class Square(ng.Layer):
    """A layer of one's own, as the documentation of gradcheck writes it."""

    def forward(self, x, t):
        self.xp.multiply(x, x, out=t.y)

    def backward(self, gy, t):
        self.xp.multiply(gy, 2 * t.x, out=t.gx)


def changed(base, **methods):
    return type(base.__name__, (base,), methods)


def gives(formula):
    """A backward that writes formula(gy, t)."""
    return lambda self, gy, t: t.gx.__setitem__(..., formula(gy, t))


def gives_params(W, b=lambda gy: gy.sum(axis=0)):
    def backward_params(self, gy, t):
        self.gW[...], self.gb[...] = W(t.x.T @ gy), b(gy)

    return backward_params


def identity(x):
    """A network whose layer 0 passes x on, before a ReLU."""
    net = ng.MLP([ng.Affine(x.shape[1], x.shape[1]), ng.ReLU()], "float64")
    net.layers[0].W[...] = numpy.eye(x.shape[1])
    return net


def verdicts(report, place):
    return {check.verdict for check in report.checks if check.place.startswith(place)}


X = numpy.array([[0.5, -1.0, 2.0], [1.5, 0.7, -0.3]])


# Verdicts


@pytest.mark.parametrize("oracle", ["complex", "five-point"])
def test_ok(oracle):
    report = ng.gradcheck(
        [ng.Affine(3, 6), ng.Maxout(2), ng.Dropout(0.5), ng.Affine(3, 2), ng.Sigmoid()],
        oracle=oracle,
    )
    assert (
        report.passed
        and not report.failures
        and {check.verdict for check in report.checks} == {"ok"}
    )
    assert all(check.error <= check.tolerance < 1e-3 for check in report.checks)
    assert oracle == "five-point" or all(check.tolerance == 1e-13 for check in report.checks)
    assert "whole network" in str(report) and "layer 2, Dropout(keep=0.5)" in str(report)


@pytest.mark.parametrize("oracle", ["complex", "five-point"])
def test_a_dead_relu_is_uninformative(oracle):
    report = ng.gradcheck(identity(X), -numpy.abs(X), oracle=oracle)
    assert (
        verdicts(report, "layer 1") == verdicts(report, "whole") == {"uninformative"}
        and not report.passed
    )
    assert "wrong one would look the same" in str(report)


def test_a_gradient_in_the_noise_of_the_oracle_is_uninformative():
    """Against 1000 a slope of 2e−6 is as small as the rounding of a difference: a wrong one could
    agree by chance.
    """

    def forward(self, x, t):
        t.y[...] = 1e3 + 2e-6 * x

    for factor in (1, 1.1):
        faint = changed(ng.Layer, forward=forward, backward=gives(lambda gy, t: factor * 2e-6 * gy))
        assert verdicts(
            ng.gradcheck([ng.Affine(3, 4), faint()], oracle="five-point"), "layer 1"
        ) == {"uninformative"}
        assert verdicts(ng.gradcheck([ng.Affine(3, 4), faint()]), "layer 1") == {
            "ok" if factor == 1 else "wrong"
        }


@pytest.mark.parametrize(
    "oracle, near", [("complex", 0.0), ("five-point", 0.0), ("five-point", 1e-4)]
)
def test_a_relu_at_zero_is_at_a_kink(oracle, near):
    x = X.copy()
    x[1, 1] = near
    report = ng.gradcheck(identity(x), x, oracle=oracle)
    assert verdicts(report, "layer 0") == {"ok"} and verdicts(report, "layer 1") == verdicts(
        report, "whole"
    ) == {"at a kink"}
    assert not report.passed and "move the input off the tie" in str(report)
    assert ng.gradcheck(identity(X), X, oracle=oracle).passed


@pytest.mark.parametrize(
    "oracle, near", [("complex", 0.0), ("five-point", 0.0), ("five-point", -1e-4)]
)
@pytest.mark.parametrize("kink", [lambda: ng.Maxout(2), lambda: ng.LeakyReLU(0.1)])
def test_a_tie_is_at_a_kink(kink, oracle, near):
    net = ng.MLP([ng.Affine(4, 4), kink()], "float64")
    net.layers[0].W[...] = numpy.eye(4)
    # Both a zero and a tie of the pieces 2 and 4
    x = numpy.array([[0.5, near, 2.0, 0.0], [1.5, 0.7, -0.3, 1.0]])
    assert verdicts(ng.gradcheck(net, x, oracle=oracle), "layer 1") == {"at a kink"}


def test_a_leaky_relu_that_hardly_bends_has_its_kink():
    net = ng.MLP([ng.Affine(3, 3), ng.LeakyReLU(0.9)], "float64")
    net.layers[0].W[...] = numpy.eye(3)
    assert verdicts(ng.gradcheck(net, numpy.where(X > 1, 0, X)), "layer 1") == {"at a kink"}


def test_near_a_kink_the_complex_step_still_decides():
    x = X.copy()
    x[1, 1] = 1e-4
    assert ng.gradcheck(identity(x), x).passed


# What a failure says


def test_a_failure_says_where_and_what():
    class Off(ng.Tanh):
        def backward(self, gy, t):
            super().backward(gy, t)
            t.gx[1, 2] *= 3

    report = ng.gradcheck([ng.Affine(3, 4), Off(), ng.Affine(4, 1)])
    check = next(check for check in report.failures if check.place.startswith("layer"))
    assert (check.place, check.tensor, check.index) == ("layer 1, Off()", "x", (1, 2))
    assert abs(check.analytic / check.numeric - 3) < 1e-12
    for part in (
        "layer 1, Off()",
        "x is wrong at [1, 2]",
        f"{check.analytic:.10g}",
        f"{check.numeric:.10g}",
        "ratio 3",
    ):
        assert part in str(check) and part in str(report)


HINTS = {
    "transposed": changed(ng.Affine, backward_params=gives_params(lambda g: g.T)),
    "the sign is turned": changed(ng.Affine, backward_params=gives_params(lambda g: -g)),
    "factor of 2 too large": changed(ng.Affine, backward_params=gives_params(lambda g: 2 * g)),
    "factor of ½ too small": changed(ng.Affine, backward_params=gives_params(lambda g: g / 2)),
    "missing 1/m, m = 5": changed(ng.Affine, backward_params=gives_params(lambda g: 5 * g)),
    "1/m too often, m = 5": changed(ng.Affine, backward_params=gives_params(lambda g: g / 5)),
    "everywhere 0.7 times": changed(ng.Affine, backward_params=gives_params(lambda g: 0.7 * g)),
    "nothing but zeros": changed(ng.Affine, backward_params=gives_params(lambda g: 0 * g)),
    "not finite": changed(ng.Affine, backward_params=gives_params(lambda g: g * numpy.nan)),
}


@pytest.mark.parametrize("hint", HINTS)
def test_a_known_pattern_is_named(hint):
    failures = ng.gradcheck([HINTS[hint](4, 4)], rows=5).failures
    assert [check.tensor for check in failures if check.place.startswith("layer 0")] == ["W"]
    assert hint in failures[0].hint


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf])
def test_one_entry_that_is_not_finite_is_wrong_there(value):
    def backward(self, gy, t):
        t.gx[...] = 2 * gy * t.x
        t.gx[1, 2] = value

    check = ng.gradcheck([ng.Affine(3, 4), changed(Square, backward=backward)()]).failures[0]
    assert (check.verdict, check.index) == ("wrong", (1, 2)) and "not finite" in check.hint


# Layers of one's own


@pytest.mark.parametrize("oracle", ["complex", "five-point"])
def test_a_layer_of_ones_own(oracle):
    assert ng.gradcheck([ng.Affine(3, 4), Square()], oracle=oracle).passed
    assert ng.gradcheck([ng.Affine(3, 4), Scale(), ng.Tanh(), Scale()], oracle=oracle).passed
    for wrong, tensor in (
        (changed(Square, backward=gives(lambda gy, t: gy * t.x)), "x"),
        # Upstream gradients are not ones
        (changed(Square, backward=gives(lambda gy, t: 2 * t.x)), "x"),
        (changed(Scale, backward_params=lambda self, gy, t: self.gs.fill(t.x.sum())), "s"),
    ):
        failures = ng.gradcheck([ng.Affine(3, 4), wrong()], oracle=oracle).failures
        assert [check.tensor for check in failures if check.place.startswith("layer 1")] == [tensor]
        assert failures[0].verdict == "wrong"


def test_a_single_layer_needs_no_list():
    assert ng.gradcheck(ng.Affine(3, 4)).passed


@pytest.mark.parametrize(
    "layer, words",
    [
        (changed(ng.Layer, forward=Square.forward), "Layer.*no backward;"),
        (changed(Scale, backward_params=ng.Layer.backward_params), "Scale.*no backward_params"),
    ],
)
def test_a_layer_that_cannot_be_checked_is_named(layer, words):
    with pytest.raises(ng.NumpyganError, match=words):
        ng.gradcheck([ng.Affine(3, 4), layer()])


# Forwards that refuse complex numbers: (forward, its slope)
REFUSE = {
    "logaddexp": (lambda x: numpy.logaddexp(0, x), lambda x: 1 / (1 + numpy.exp(-x))),
    "hypot": (lambda x: numpy.hypot(x, 1), lambda x: x / numpy.hypot(x, 1)),
    "floor": (lambda x: x * numpy.floor(x), numpy.floor),
    "arctan2": (lambda x: numpy.arctan2(x, 2), lambda x: 2 / (4 + x**2)),
}


@pytest.mark.parametrize("name", REFUSE)
def test_a_forward_that_refuses_complex_numbers(name):
    f, slope = REFUSE[name]
    for factor in (1, 1.0001):
        layer = changed(
            ng.Layer,
            forward=lambda self, x, t: t.y.__setitem__(..., f(x)),
            backward=gives(lambda gy, t: factor * gy * slope(t.x)),
        )
        report = ng.gradcheck([ng.Affine(3, 4), layer(), ng.Tanh()])
        assert (report.passed, report.oracle) == (factor == 1, "five-point"), report
        start = "layer 1, Layer(): its forward does not take complex numbers: TypeError: ufunc "
        assert report.notes[0].startswith(f"{start}'{name}' not supported"), report
        assert f"numpy.{name}(" in report.notes[0]  # its line
    with pytest.raises(ng.NumpyganError, match="layer 1, Layer.*complex.*five-point"):
        ng.gradcheck([ng.Affine(3, 4), layer()], oracle="complex")


@pytest.mark.parametrize("seed", [0, 3, 6, 9])
@pytest.mark.parametrize("bend", [0.1, 0.03])
def test_a_forward_that_bends_within_a_few_steps_of_a_difference(bend, seed):
    """√(x² + bend²): its fifth derivative is about bend⁻⁴, so the step has to be shorter."""
    for factor in (1, 1 + 1e-4):
        layer = changed(
            ng.Layer,
            forward=lambda self, x, t: t.y.__setitem__(..., numpy.hypot(x, bend)),
            backward=gives(lambda gy, t: factor * gy * t.x / numpy.hypot(t.x, bend)),
        )
        report = ng.gradcheck([ng.Affine(3, 4), layer(), ng.Affine(4, 2)], rows=9, seed=seed)
        assert report.passed == (factor == 1), report


# Forwards that drop an imaginary part: (forward, the right backward, what the complex step sees)
DROPS = {
    "abs": (lambda x: abs(x), lambda gy, t: gy * numpy.sign(t.x), lambda gy, t: 0 * gy),
    "real": (lambda x: x * x.real, lambda gy, t: 2 * gy * t.x, lambda gy, t: gy * t.x),
    "norm": (
        lambda x: x / numpy.linalg.norm(x, axis=1, keepdims=True),
        lambda gy, t: (
            (gy - t.y * (gy * t.y).sum(axis=1, keepdims=True))
            / numpy.linalg.norm(t.x, axis=1, keepdims=True)
        ),
        lambda gy, t: gy / numpy.linalg.norm(t.x, axis=1, keepdims=True),
    ),
}


@pytest.mark.parametrize("name", DROPS)
def test_a_forward_that_drops_the_imaginary_part(name):
    """What was dropped is a constant to the complex step; a backward that agrees with that is wrong
    all the same.
    """
    f, right, naive = DROPS[name]
    stack = lambda formula: [
        ng.Affine(3, 4),
        changed(
            ng.Layer, forward=lambda self, x, t: t.y.__setitem__(..., f(x)), backward=gives(formula)
        )(),
    ]
    assert ng.gradcheck(stack(right), oracle="five-point").passed
    assert not ng.gradcheck(stack(naive), oracle="five-point").passed
    for formula in (right, naive):
        report = ng.gradcheck(stack(formula))
        assert report.passed == (formula is right) and report.oracle == "five-point", report
        assert "forward drops the imaginary part in" in report.notes[0], report
        report = ng.gradcheck(stack(formula), oracle="complex")
        assert not report.passed and verdicts(report, "layer 1") <= {"wrong", "uninformative"}
        hint = "use oracle='five-point'" if formula is right else "imaginary part"
        # Zeros all over: uninformative
        assert hint in str(report) or (name, formula) == ("abs", naive)


def test_a_forward_that_differs_between_real_and_complex_is_wrong():
    def forward(self, x, t):
        ng.Tanh.forward(self, x if numpy.iscomplexobj(x) else 2 * x, t)

    report = ng.gradcheck([ng.Affine(3, 4), changed(ng.Tanh, forward=forward)()])
    assert verdicts(report, "layer 1") == {"wrong"}


def in_place(array):
    def method(self, v, t):
        getattr(t, array)[...] *= 0.5
        (Square.forward if array == "x" else Square.backward)(self, v, t)

    return method


@pytest.mark.parametrize(
    "methods, name",
    [
        ({"forward": in_place("x")}, "x"),
        ({"backward": in_place("gy")}, "gy"),
        ({"backward": in_place("x")}, "x"),
    ],
)
def test_a_pass_that_modifies_what_it_was_given_is_wrong(methods, name):
    failures = ng.gradcheck([ng.Affine(3, 4), changed(Square, **methods)()]).failures
    assert failures[0].place.startswith("layer 1") and failures[0].verdict == "wrong"
    assert f"must leave {name} as it was" in str(failures[0]) and "nan" not in str(failures[0])


# What is checked, and how much of it


def test_the_same_seed_gives_the_same_report():
    report = lambda seed: str(
        ng.gradcheck([ng.Affine(3, 40), ng.Dropout(0.5), ng.Affine(40, 30)], seed=seed)
    )
    assert report(3) == report(3) != report(4)


def test_an_input_of_any_layout_gives_the_same_report():
    x = numpy.random.default_rng(0).standard_normal((6, 3))
    wide, net = numpy.zeros((12, 6)), ng.MLP([ng.Affine(3, 4), ng.Tanh()], "float64")
    net.initialize(Stream(1))
    wide[::2, ::2] = x
    layouts = [x, numpy.asfortranarray(x), wide[::2, ::2], x[::-1, ::-1].copy()[::-1, ::-1]]
    assert len({array.strides for array in layouts}) == 4
    before = [array.copy() for array in layouts]
    assert (
        len({str(ng.gradcheck(net, array)) for array in layouts}) == 1
        and ng.gradcheck(net, x).passed
    )
    assert all((array == copy).all() for array, copy in zip(layouts, before))


@pytest.mark.parametrize("entry", [(0, 0), (29, 39), (17, 5)])
def test_one_wrong_entry_of_a_large_matrix_is_seen(entry):
    def backward_params(self, gy, t):
        ng.Affine.backward_params(self, gy, t)
        self.gW[entry] *= 1 + 1e-6

    check = ng.gradcheck([changed(ng.Affine, backward_params=backward_params)(30, 40)]).checks[1]
    assert (check.tensor, check.verdict) == ("W", "wrong") and check.checked < check.size == 1200


def test_bad_input_is_named():
    net = ng.MLP([ng.Affine(3, 4), ng.Tanh(), ng.Affine(4, 1)], "float64")
    for act, words in (
        (lambda: ng.gradcheck(net.copy("float32")), "float32, expected float64"),
        (lambda: ng.gradcheck(net.copy("complex128")), "complex128, expected float64"),
        (lambda: ng.gradcheck(net, X.astype("float32")), "gradcheck: x is float32"),
        (
            lambda: ng.gradcheck(net, X[:, :2]),
            r"gradcheck: x has shape \(2, 2\), expected \(2, 3\)",
        ),
        (lambda: ng.gradcheck(net, oracle="magic"), "'magic'; expected 'complex' or 'five-point'"),
        (
            lambda: check_game(*(player.copy("complex128") for player in players())),
            "complex128, expected float64 or",
        ),
        (
            lambda: net.layers[2].W.fill(numpy.inf) or ng.gradcheck(net),
            r"W of layer 2, Affine\(4, 1\), .*not finite",
        ),
    ):
        with pytest.raises(ng.NumpyganError, match=words):
            act()


@pytest.mark.parametrize(
    "method, bug, tensor, words",
    [
        (
            "backward",
            lambda self, gy, t: numpy.matmul(gy, self.W, out=t.gx),
            "x",
            "backward raises ValueError",
        ),
        (
            "backward_params",
            lambda self, gy, t: numpy.matmul(gy.T, t.x, out=self.gW),
            "x",
            "backward_params raises ValueError",
        ),
        (
            "forward",
            lambda self, x, t: numpy.matmul(x, self.W.T, out=t.y),
            "x",
            "forward raises ValueError",
        ),
    ],
)
def test_a_layer_that_raises_is_wrong_and_named(method, bug, tensor, words):
    """A transposed W does not even fit where it isn't square."""
    report = ng.gradcheck(
        [ng.Affine(3, 4), ng.Tanh(), changed(ng.Affine, **{method: bug})(4, 2), ng.Tanh()]
    )
    assert [check.place.split(",")[0] for check in report.failures][0] == "layer 2"
    assert report.failures[0].tensor == tensor and words in report.failures[0].hint
    assert {check.verdict for check in report.failures} == {"wrong"}


def test_a_network_that_was_not_initialized_is_told_so():
    net = ng.MLP([ng.Affine(3, 4), ng.ReLU(), ng.Affine(4, 1)], "float64")
    assert "call net.initialize(stream) first" in str(ng.gradcheck(net))
    net.initialize(ng.Stream(0))
    assert "initialize" not in str(ng.gradcheck(net))
