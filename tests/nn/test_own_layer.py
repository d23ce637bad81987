"""A layer of one's own: what is natural is taken, what is missing is said."""

import doctest
import inspect
import textwrap

import numpy
import pytest

import numpygan as ng

X = numpy.array([[1.0, -2.0], [0.5, 3.0]])


def only(layer, dtype="float64"):
    """A network that is `layer` after an Affine with W = I, b = 0."""
    net = ng.MLP([ng.Affine(2, 2), layer], dtype=dtype)
    net.layers[0].W = numpy.eye(2)
    return net


def passed(layer, gy=None):
    """y and gx of one pass of X."""
    net = only(layer)
    tape = net.tape(2)
    y = net.forward(X, tape).copy()
    return y, net.backward(numpy.ones((2, 2)) if gy is None else gy, tape).copy()


class Double(ng.Layer):
    def forward(self, x, t):
        t.y[...] = 2 * x

    def backward(self, gy, t):
        t.gx[...] = 2 * gy


def test_the_example_of_help_runs_and_is_right(capsys):
    text = inspect.cleandoc(ng.Layer.__doc__)
    example = textwrap.dedent(text[text.index("    class NoisyGain") : text.index("`t` is what")])
    exec(example, {"ng": ng})
    printed = capsys.readouterr().out
    assert "NoisyGain" in printed and "wrong" not in printed and "kink" not in printed


def test_after_the_example_of_a_network_its_tape_is_stale():
    lines = doctest.DocTestParser().get_examples(inspect.cleandoc(ng.MLP.__doc__))
    found = {"ng": ng, "numpy": numpy}
    exec("".join(line.source for line in lines), found)
    with pytest.raises(ng.NumpyganError, match="stale"):
        found["net"].backward(found["y"], found["tape"])


WAYS = {
    "returns": (lambda self, x, t: 2 * x, lambda self, gy, t: 2 * gy),
    "sets": (
        lambda self, x, t: setattr(t, "y", 2 * x),
        lambda self, gy, t: setattr(t, "gx", 2 * gy),
    ),
    "returns what it has written": (
        lambda self, x, t: numpy.multiply(x, 2, out=t.y),
        lambda self, gy, t: numpy.multiply(gy, 2, out=t.gx),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_natural_is_taken(way):
    forward, backward = WAYS[way]
    y, gx = passed(type("Mine", (ng.Layer,), {"forward": forward, "backward": backward})())
    assert y.tolist() == [[2, -4], [1, 6]] and gx.tolist() == [[2, 2], [2, 2]]


def test_a_kind_of_array_is_an_array(tmp_path):
    """An array in a file is one, too."""
    on_disk = numpy.memmap(tmp_path / "y", "float64", "w+", shape=(2, 2))
    on_disk[...] = 5
    y, _ = passed(type("Mine", (Double,), {"forward": lambda self, x, t: on_disk})())
    assert (y == 5).all()


def test_a_gradient_that_is_set_lands_in_the_gradient_of_theta():
    class Shift(Double):
        def shapes(self):
            return {"b": (2,)}

        def forward(self, x, t):
            t.y = x + self.b

        def backward(self, gy, t):
            t.gx = gy

        def backward_params(self, gy, t):
            self.gb = gy.sum(0)

    net = only(Shift())
    net.layers[1].b = numpy.array([10.0, 20.0])
    assert net.theta[-2:].tolist() == [10, 20]
    tape = net.tape(2)
    assert net.forward(X, tape).tolist() == [[11, 18], [10.5, 23]]
    net.backward(numpy.array([[1.0, 2], [3, 4]]), tape)
    assert net.grad[-2:].tolist() == [4, 6]
    net.layers[1].b *= 2
    assert net.theta[-2:].tolist() == [20, 40]


def test_a_saved_value_follows_the_dtype_of_the_pass():
    class Square(ng.Layer):
        def memory(self, n_in):
            return {"kept": ((n_in,), "value")}

        def forward(self, x, t):
            t.kept = x
            t.y = x * x

        def backward(self, gy, t):
            t.gx = 2 * gy * t.kept

    assert ng.gradcheck([ng.Affine(3, 2), Square()]).passed


def put(**names):
    return type("Mine", (Double,), names)


WRONG = {
    "y of another shape": (
        put(forward=lambda self, x, t: x[:1]),
        r"y of .*Mine\(\).*\(2, 2\).*\(1, 2\)",
    ),
    "y a number": (put(forward=lambda self, x, t: 3.0), r"y of .*Mine\(\).*float"),
    "gx of another shape": (
        put(backward=lambda self, gy, t: gy.T[:, :1]),
        r"gx of .*Mine\(\).*\(2, 1\)",
    ),
    "no forward": (
        type("Mine", (ng.Layer,), {}),
        r"Mine\(\): .*no forward.*def forward\(self, x, t\)",
    ),
    "no backward": (
        type("Mine", (ng.Layer,), {"forward": Double.forward}),
        r"Mine\(\): .*no backward.*def backward\(self, gy, t\)",
    ),
    "no shapes": (
        put(forward=lambda self, x, t: x * self.scale),
        r"Mine: .*no scale.*def shapes\(self\)",
    ),
    "no n_in": (
        put(shapes=lambda self: {"W": (self.n_in, 3)}),
        r"Mine\(\): .*W.*\(None, 3\).*n_in",
    ),
    "a shape that is a number": (put(shapes=lambda self: {"W": 3}), r"Mine\(\): .*W.*3.*tuple"),
    "a shape in a list": (put(shapes=lambda self: {"W": [2]}), r"Mine\(\): .*W.*\[2\].*tuple"),
    "a shape with a 0": (put(shapes=lambda self: {"W": (2, 0)}), r"Mine\(\): .*W.*\(2, 0\).*≥ 1"),
    "a shape below 0": (put(shapes=lambda self: {"W": (2, -1)}), r"Mine\(\): .*W.*\(2, -1\)"),
    "a shape of a fraction": (
        put(shapes=lambda self: {"W": (2, 1.5)}),
        r"Mine\(\): .*W.*\(2, 1\.5\).*whole numbers",
    ),
    "no width": (put(width=lambda self, n_in: 0), r"Mine\(\): width\(\d\) gives 0; .*≥ 1"),
    "a fraction of a width": (
        put(width=lambda self, n_in: 2.5),
        r"Mine\(\): width\(\d\) gives 2\.5; expected a whole",
    ),
    "no backward_params": (
        put(shapes=lambda self: {"s": (2,)}),
        r"Mine\(\): .*no backward_params.*self\.gs",
    ),
    "an array of no kind": (
        put(memory=lambda self, n_in: {"kept": ((n_in,), "int")}),
        r"Mine\(\): memory\(\) gives .*'int'.*kinds: value",
    ),
    "an array whose shape is a number": (
        put(memory=lambda self, n_in: {"kept": (3, "bool")}),
        r"Mine\(\): memory\(\) gives .*kinds: value",
    ),
    "an array with too much said of it": (
        put(memory=lambda self, n_in: {"kept": ((n_in,), "bool", 0)}),
        r"Mine\(\): memory\(\) gives .*kinds: value",
    ),
    "arrays in a list": (
        put(memory=lambda self, n_in: ["kept"]),
        r"Mine\(\): memory\(\) gives .*kinds: value",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_one_sentence(name):
    layer, words = WRONG[name]
    with pytest.raises(ng.NumpyganError, match=words):
        passed(layer())


def test_a_real_array_takes_no_complex_values():
    class Keeps(Double):
        def memory(self, n_in):
            return {"kept": ((n_in,), "float")}

        def forward(self, x, t):
            t.kept = x
            t.y = 2 * x

    net = only(Keeps(), "complex128")
    with pytest.raises(ng.NumpyganError, match='kept .*complex128.*"value"'):
        net.forward(X.astype("complex128"), net.tape(2))


def test_what_is_not_there_can_be_asked_for():
    layer = Double()
    assert not hasattr(layer, "W") and getattr(layer, "scale", 3) == 3
