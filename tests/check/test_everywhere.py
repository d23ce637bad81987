"""What one pass over a few rows of normal numbers never sees: ng.gradcheck and check_game find it."""

from functools import cache

import numpy as np
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.check import everywhere, formulas, values
from numpygan.check.variations import VARIATIONS
from numpygan.gan import average, objective, sampling
from numpygan.gan.algorithm1 import algorithm1
from numpygan.nn import optimizers as sgd


def wrong(base, change, where="backward"):
    """The layer with its gx, or its gW, changed after the right method ran."""

    def method(self, gy, t):
        getattr(base, where)(self, gy, t)
        change(self, t)

    return type(base.__name__, (base,), {where: method})


def scaled(rows=slice(None), columns=slice(None), by=1.5):
    def change(self, t):
        t.gx[rows, columns] *= by

    return change


def where_x(condition, by=1.5):
    def change(self, t):
        t.gx[condition(t.x)] *= by

    return change


def at_call(number):
    def change(self, t):
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls >= number:
            t.gx *= 1.5

    return change


def used_twice(self, t):
    t.used = getattr(t, "used", 0) + 1
    if t.used == 2 and len(t.x) == 13:
        t.gx *= 1.5


def a_slice(self, t):
    if t.x.base is not None and len(t.x.base) > len(t.x):
        t.gx *= 1.5


MISTAKES = {
    "m > 8": (ng.Tanh, scaled(slice(8, None)), "with 13 rows"),
    "one certain row": (ng.Tanh, scaled(slice(250, 251)), "with 300 rows"),
    "m = 1": (
        ng.Tanh,
        lambda self, t: scaled(by=2 if len(t.x) == 1 else 1)(self, t),
        "with one row",
    ),
    "|x| > 4": (ng.Tanh, where_x(lambda x: abs(x) > 4, 0.9), "with large inputs"),
    "exactly 0": (ng.Tanh, where_x(lambda x: x == 0, 0.9), "with zeros"),
    "second use of a tape": (ng.Tanh, used_twice, "with a tape used before"),
    "slice of a tape": (ng.Tanh, a_slice, "with a slice of a tape"),
    "thousandth call": (ng.Tanh, at_call(1000), "with call 1100"),
    "float32 alone": (
        ng.Sigmoid,
        lambda self, t: scaled(by=0.999 if t.gx.dtype == "f4" else 1)(self, t),
        "float32",
    ),
}


@cache
def right(base):
    return ng.gradcheck([ng.Affine(3, 4), base(), ng.Affine(4, 1)]).passed


@pytest.mark.parametrize("name", MISTAKES)
def test_gradcheck_finds_it(name):
    base, change, words = MISTAKES[name]
    report = ng.gradcheck([ng.Affine(3, 4), wrong(base, change)(), ng.Affine(4, 1)])
    assert not report.passed and {c.place.split(",")[0] for c in report.failures} == {"layer 1"}
    assert words in str(report)
    assert right(base)


@pytest.mark.slow
@pytest.mark.parametrize(
    "wide, change, words",
    [
        (ng.Affine(400, 300), scaled(slice(8, None)), "with 13 rows"),
        (ng.Affine(100, 100), at_call(600), "with call 1100"),
        (ng.Affine(400, 300), at_call(600), "with call 1100"),
    ],
)
def test_a_layer_beside_a_wide_one_is_tried_everywhere(wide, change, words):
    """It costs nothing, whatever the others cost."""
    report = ng.gradcheck([wide, wrong(ng.Tanh, change)()])
    assert {c.place.split(",")[0] for c in report.failures} == {"layer 1"}, report
    assert words in str(report)


def notes(layers, **options):
    report = ng.gradcheck(layers, **options)
    return [note.removeprefix("also tried: ") for note in report.notes]


def test_the_report_names_the_inputs_that_were_tried():
    """And for each layer those that were not."""
    every = ", ".join(v.label for v in VARIATIONS)
    assert notes([ng.Affine(3, 4), ng.ReLU()]) == [every]
    tried, left_out, at_ties = notes([ng.Affine(3, 4), ng.ReLU()], oracle="five-point")
    many = "inputs of many sizes (not with five-point differences)"
    assert left_out == f"left out at layer 0, Affine(3, 4): {many}"
    assert at_ties == f"left out at layer 1, ReLU(): {many}; zeros, ties (at a kink)"
    assert "many sizes" not in tried and "ties" not in tried and "call 1100" in tried


@pytest.mark.slow
def test_the_report_names_what_is_too_long_for_wide_layers():
    every = ", ".join(v.label for v in VARIATIONS)
    tried, left_out = notes([ng.Affine(400, 300), ng.ReLU()])
    calls = "call 1100 (not for a layer of more than 20,000 numbers)"
    assert left_out == f"left out at layer 0, Affine(400, 300): {calls}"
    assert tried == every.removesuffix(", call 1100")
    tried, left_out = notes([ng.Affine(2, 20000), ng.Affine(20000, 1)])
    assert "300 rows (not for such a wide layer)" in left_out and "300 rows" not in tried


def test_inputs_at_which_values_are_not_finite_were_not_tried():
    tried, left_out = notes(
        [ng.Affine(2, 2), smooth(lambda x: np.log(x + 9), lambda x: 1 / (x + 9))]
    )
    assert "negative inputs" not in tried and "13 rows" in tried
    assert "left out at layer 1, Smooth(): " in left_out and "negative inputs" in left_out
    assert "(its values are not finite there)" in left_out


def test_a_wrong_layer_is_said_to_be_tried_nowhere_else():
    assert notes([wrong(ng.Affine, scaled(slice(8, None)))(3, 4)]) == []
    assert notes([wrong(ng.Affine, scaled())(3, 4)]) == []


def test_gy_that_is_not_contiguous():
    def backward(self, gy, t):
        self.xp.multiply(gy.ravel(order="K").reshape(gy.shape), t.mask, out=t.gx)

    layer = type("ReLU", (ng.ReLU,), {"backward": backward})()
    report = ng.gradcheck([ng.Affine(3, 4), layer])
    assert "with x and gy not contiguous" in str(report) and not report.passed


def test_width_1():
    def backward_params(self, gy, t):
        ng.Affine.backward_params(self, gy, t)
        if self.n_out == 1:
            self.gb *= 1.5

    layer = type("Affine", (ng.Affine,), {"backward_params": backward_params})
    net = ng.MLP([layer(1, 3), layer(3, 1)], "float64")
    net.initialize(Stream(0))
    bad = [c.place for c in everywhere.check_everywhere(net, Stream(0), True) if not c.passed]
    assert bad == ["layer 1, Affine(3, 1), float64"]  # float32 is compared with this float64


@pytest.mark.parametrize(
    "base, n_in, args, columns",
    [(ng.ReLU, 1200, (), slice(1100, 1101)), (ng.Maxout, 1200, (5,), slice(960, 964))],
)
def test_one_wrong_entry_in_a_wide_layer(base, n_in, args, columns):
    for layer, found in ((base, False), (wrong(base, scaled(columns=columns, by=1.01)), True)):
        net = ng.MLP([ng.Affine(1, n_in), layer(*args)], "float64")
        net.initialize(Stream(0))
        checks = everywhere.check_everywhere(
            net, Stream(0), True, leave_out=[0], variations=VARIATIONS[2:3]
        )
        assert all(c.passed for c in checks) is not found


def test_a_tie_that_is_shared_is_wrong_in_numpygans_layers_and_a_kink_in_others():
    def forward(self, x, t):
        np.greater_equal(x.real, 0, out=t.mask)
        t.y[...] = np.where(x.real > 0, x, 0)

    half = type("ReLU", (ng.ReLU,), {"forward": forward})
    net = ng.MLP([ng.Affine(3, 4), half()], "float64")
    net.initialize(Stream(0))
    strict = everywhere.check_everywhere(net, Stream(0), strict=True)
    assert [c.hint for c in strict if not c.passed] == ["with zeros"]
    assert all(c.passed for c in everywhere.check_everywhere(net, Stream(0)))


# Smooth layers are not at a kink


def smooth(f, slope):
    class Smooth(ng.Layer):
        def forward(self, x, t):
            t.y[...] = f(x)

        def backward(self, gy, t):
            t.gx[...] = gy * slope(t.x)

    return Smooth()


SMOOTH = {
    "x²": (lambda x: x**2, lambda x: 2 * x, 0.0),
    "cubic": (lambda x: -3 * x**3 + 2 * x**2 + 1, lambda x: -9 * x**2 + 4 * x, 0.0),
    "log": (lambda x: np.log(x), lambda x: 1 / x, 1e-7),
    "tan": (lambda x: np.tan(x), lambda x: 1 / np.cos(x) ** 2, np.pi / 2 - 1e-6),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_curvature_is_no_kink(name):
    f, slope, x = SMOOTH[name]
    net = ng.MLP([ng.Affine(2, 2), smooth(f, slope)], "float64")
    net.layers[0].W[...] = np.eye(2)
    x = np.array([[x, 0.5], [0.7, x]])
    assert ng.gradcheck(net, x).passed
    found = {check.verdict for check in ng.gradcheck(net, x, oracle="five-point").checks}
    assert "at a kink" not in found and "wrong" not in found


# Optimizers, average, losses, samples


def failing(checks):
    return {check.place for check in checks if not check.passed}


@pytest.mark.slow
def test_a_bias_correction_that_stops_after_update_60(monkeypatch):
    right = sgd.Adam.constants

    def stops(self, sign):
        updates, self.updates = self.updates, min(self.updates, 60)
        found = right(self, sign)
        self.updates = updates
        return found

    recipes = {name: formulas.RECIPES[name] for name in ("mnist", "ring")}  # a part, for the time
    monkeypatch.setattr(formulas, "RECIPES", recipes)
    monkeypatch.setattr(formulas, "LARGE", (40, 40))
    assert not failing(formulas.check_optimizers())
    monkeypatch.setattr(sgd.Adam, "constants", stops)
    assert failing(formulas.check_optimizers()) >= {"optimizer of mnist", "optimizer of ring"}


@pytest.mark.parametrize("cap", [0.99, 0.9995])
def test_an_average_that_is_capped(cap, monkeypatch):
    right = average.Average.__init__
    monkeypatch.setattr(
        average.Average,
        "__init__",
        lambda self, of, beta, every=1: right(self, of, min(beta, cap), every),
    )
    assert failing(formulas.check_average()) >= {"average, β = 0.9999"}


@pytest.mark.slow
def test_a_slope_that_is_capped_in_float32(monkeypatch):
    loss = objective.G_LOSSES["non_saturating"]

    def capped(xp, a, out):
        loss.slope(xp, a, out=out)
        if a.dtype == "float32":
            np.minimum(out, -1e-4 / len(a), out=out)

    assert not failing(values.check_values())
    monkeypatch.setitem(objective.G_LOSSES, "non_saturating", loss._replace(slope=capped))
    assert failing(values.check_values()) == {
        f"loss non_saturating, {m} rows, float32" for m in (1, 2, 101, 1110)
    }


@pytest.mark.slow
def test_the_last_block_of_samples(monkeypatch):
    def generate(G, z):
        out = sampling.generate(G, z)
        out[250:][-1:] = out[0]
        return out

    monkeypatch.setattr(values, "generate", generate)
    assert failing(values.check_values()) == {
        f"{n} samples, {dtype}" for n in (251, 600) for dtype in ("float32", "float64")
    }


# Games


def players(dtype="float64"):
    G = ng.MLP([ng.Affine(2, 5), ng.ReLU(), ng.Affine(5, 3)], dtype)
    D = ng.MLP([ng.Affine(3, 6), ng.Maxout(2), ng.Dropout(0.5), ng.Affine(3, 1)], dtype)
    for net in (G, D):
        net.initialize(Stream(1))
    return G, D


class ClippedNoise:
    """p_data of which rows beyond 3 are cut."""

    def __init__(self, source):
        self.source = source

    def minibatch(self, out):
        self.source.minibatch(out)
        out.clip(-3, 3, out=out)


def play(change_at=None, **changes):
    """algorithm1 that plays another loss or k from iteration `change_at` on."""

    def game(
        G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m=100, k=1, loss="non_saturating"
    ):
        if changes.get("clipped"):
            return algorithm1(
                G, D, ClippedNoise(p_data), p_z, optimizer_g, optimizer_d, mask_stream, m, k, loss
            )
        first = algorithm1(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, k, loss)
        then = algorithm1(
            G,
            D,
            p_data,
            p_z,
            optimizer_g,
            optimizer_d,
            mask_stream,
            m,
            changes.get("k", k),
            changes.get("loss", loss),
        )
        return (next(first if i + 1 < change_at else then) for i in range(1000))

    return game


def halves_in_float32(*args, **kwargs):
    D, rule = args[1], args[5]

    class Halved:
        net = D

        def ascend(self):
            if D.dtype == "float32":
                D.grad *= 0.5
            rule.ascend()

        descend = rule.descend

    return algorithm1(*args[:5], Halved(), *args[6:], **kwargs)


@pytest.mark.parametrize(
    "game, dtype",
    [
        (play(4, loss="saturating"), "float64"),
        (play(4, k=2), "float64"),
        (play(clipped=True), "float64"),
        (halves_in_float32, "float32"),
    ],
)
def test_a_game_that_goes_wrong_late_or_in_float32(game, dtype, monkeypatch):
    long = {"iterations": 8, "rows": 11, "numbers": 0}
    assert ng.check_game(*players(dtype), **long).passed
    monkeypatch.setattr("numpygan.check.game_check.algorithm1", game)
    assert not ng.check_game(*players(dtype), **long).passed
