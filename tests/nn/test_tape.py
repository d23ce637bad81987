"""What a tape takes note of: which θ its rows have seen, whether their masks are drawn, and that it
shares memory, not copies.
"""

import itertools

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from tests.helpers.numeric import run

X, GY = numpy.array([[1.0, 2], [3, 4]]), numpy.array([[1.0], [2]])


def fresh():
    """A network whose θ nobody has touched."""
    return ng.MLP([ng.Affine(2, 2), ng.Dropout(0.5), ng.Affine(2, 1)], dtype="float64")


def test_no_pass_over_an_untouched_network_is_stale_too():
    net = fresh()
    with pytest.raises(ng.NumpyganError, match="stale"):
        net.backward(GY, net.tape(2))


def assign_theta(net):
    net.theta = net.theta + 1


@pytest.mark.parametrize(
    "move", [lambda net: net.initialize(Stream(0)), assign_theta], ids=["initialize", "theta"]
)
def test_every_move_makes_the_pass_before_it_stale(move):
    net = ng.MLP([ng.Affine(2, 1)], dtype="float64")
    tape = net.tape(2)
    for _ in range(3):
        net.forward(X, tape)
        net.backward(GY, tape)
        move(net)
        for earlier in (tape, net.tape(2)):
            with pytest.raises(ng.NumpyganError, match="stale"):
                net.backward(GY, earlier)


def test_a_pass_may_start_from_what_the_last_pass_over_the_tape_gave():
    net = ng.MLP([ng.Affine(2, 2), ng.Tanh()], dtype="float64")
    net.theta = numpy.arange(6.0)
    tape = net.tape(2)
    y = net.forward(X, tape).copy()
    assert (net.forward(tape.y, tape) == net.forward(y, net.tape(2))).all()
    gx = net.backward(X, tape).copy()
    again = net.backward(tape.gx, tape).copy()
    assert (again == net.backward(gx, tape)).all() and (again != gx).any()


def test_masks_drawn_anew_make_the_pass_stale():
    net = fresh()
    tape = net.tape(2)
    net.draw_masks(tape, Stream(0))
    net.forward(X, tape)
    net.backward(GY, tape)
    net.draw_masks(tape[1:], Stream(1))
    net.backward(GY[:1], tape[:1])
    with pytest.raises(ng.NumpyganError, match="stale"):
        net.backward(GY, tape)


def test_without_training_no_mask_is_asked_for_and_none_is_used():
    net = fresh()
    net.theta = numpy.arange(1.0, 10)
    tape = net.tape(2, training=False)
    y = net.forward(X, tape).copy()
    net.draw_masks(tape, Stream(0))
    assert (net.forward(X, tape) == y).all()
    _, gx, _ = run(net, X, GY, training=False)
    assert (net.backward(GY, tape[:]) == gx).all()


def test_the_arrays_of_a_network_without_random_layers_need_no_masks():
    net = ng.MLP([ng.Affine(2, 1)], dtype="float64")
    assert net.forward(X, net.tape(2)).tolist() == [[0], [0]]


def test_neighbouring_layers_share_their_arrays_and_slices_do_too():
    net = fresh()
    whole = net.tape(4)
    for tape in (whole, whole[1:3]):
        for below, above in zip(tape.layers, tape.layers[1:]):
            assert numpy.shares_memory(below.y, above.x) and numpy.shares_memory(below.gy, above.gx)
        assert tape.x is tape.layers[0].x and tape.gx is tape.layers[0].gx
        assert tape.y is tape.layers[-1].y and tape.gy is tape.layers[-1].gy
        arrays = [tape.x, *(page.y for page in tape.layers)]
        arrays += [tape.gx, *(page.gy for page in tape.layers)]
        for first, second in itertools.combinations(arrays, 2):
            assert not numpy.shares_memory(first, second)
    for part, page in zip(whole[1:3].layers, whole.layers):
        for name, array in part.arrays().items():
            whole_array = page.arrays()[name]
            assert array.shape == (2, *whole_array.shape[1:]) and array.dtype == whole_array.dtype
            assert array.__array_interface__["data"] == whole_array[1:3].__array_interface__["data"]


def test_the_rows_of_a_slice_are_counted_as_python_counts_them():
    tape = fresh().tape(5)
    tape.x[...] = numpy.arange(5)[:, None]
    for rows in (slice(-2, None), slice(None, -3), slice(-4, -1), slice(1, 99), slice(-99, 2)):
        assert (tape[rows].x[:, 0] == numpy.arange(5)[rows]).all()


def test_a_slice_may_say_that_its_step_is_1():
    tape = fresh().tape(4)
    assert tape[1:3:1].x.shape == tape[1:3].x.shape == (2, 2)
    for step in (0, 2, -1):
        with pytest.raises(ng.NumpyganError, match="step 1"):
            tape[::step]


@pytest.mark.parametrize(
    "dtype, real", [("float32", "float32"), ("float64", "float64"), ("complex128", "float64")]
)
def test_masks_are_real_and_no_wider_than_the_network(dtype, real):
    net = ng.MLP([ng.Affine(2, 2), ng.Dropout(0.5), ng.LeakyReLU(), ng.Maxout(2)], dtype=dtype)
    _, dropout, leaky, maxout = net.tape(3).layers
    assert dropout.mask.dtype == leaky.slopes.dtype == real and maxout.won.dtype == bool
    assert all(
        t.arrays()[name].dtype == dtype
        for t in net.tape(3).layers
        for name in ("x", "y", "gx", "gy")
    )


class Noted(ng.Affine):
    """An Affine that notes which of its two backward passes are called."""

    def __init__(self, name, calls):
        super().__init__(2, 2)
        self.name, self.calls = name, calls

    def backward(self, gy, t):
        self.calls.append(f"gx {self.name}")
        super().backward(gy, t)

    def backward_params(self, gy, t):
        self.calls.append(f"gW {self.name}")
        super().backward_params(gy, t)


@pytest.mark.parametrize(
    "wanted, expected",
    [
        ({}, ["gW top", "gx top", "gW bottom", "gx bottom"]),
        ({"inputs": False}, ["gW top", "gx top", "gW bottom"]),
        ({"params": False}, ["gx top", "gx bottom"]),
    ],
)
def test_each_layer_is_passed_once_from_the_top_and_only_where_it_is_needed(wanted, expected):
    calls = []
    net = ng.MLP([ng.ReLU(), Noted("bottom", calls), Noted("top", calls)], dtype="float64")
    tape = net.tape(2)
    net.forward(X, tape)
    net.backward(X, tape, **wanted)
    assert calls == expected


def test_an_array_that_does_not_fit_is_named_with_the_layer_that_it_goes_to():
    net = fresh()
    tape = net.tape(2)
    with pytest.raises(ng.NumpyganError, match=r"^Affine\(2, 2\): x has shape"):
        net.forward(X[:1], tape)
    net.draw_masks(tape, Stream(0))
    net.forward(X, tape)
    with pytest.raises(ng.NumpyganError, match=r"^Affine\(2, 1\): gy has shape"):
        net.backward(X, tape)


@pytest.mark.parametrize("name, value", [("x", X), ("gy", [[1.0], [2]]), ("y", [[3.0], [4]])])
def test_an_array_given_to_a_tape_is_copied_into_its_memory(name, value):
    tape = ng.MLP([ng.Affine(2, 1)], dtype="float64").tape(2)
    memory = getattr(tape, name)
    setattr(tape, name, numpy.array(value))
    assert getattr(tape, name) is memory and memory.tolist() == numpy.array(value).tolist()


def test_backward_uses_the_gy_that_was_given_to_the_tape():
    net = ng.MLP([ng.Affine(2, 1)], dtype="float64")
    tape = net.tape(2)
    net.forward(numpy.array([[1.0, 2], [3, 4]]), tape)
    tape.gy = numpy.array([[1.0], [10]])
    net.backward(tape.gy, tape)
    assert net.grad.tolist() == [31, 42, 11]  # gW = xᵀ gy, then gb


@pytest.mark.parametrize(
    "value", [3, numpy.ones((1, 2)), numpy.full((2, 2), "a"), [[1, 2], [3, 4]]]
)
def test_what_does_not_fit_a_tape_is_refused(value):
    tape = ng.MLP([ng.Affine(2, 1)], dtype="float64").tape(2)
    with pytest.raises(ng.NumpyganError, match=r"^x of .*takes .*float64|^x of .*shape \(2, 2\)"):
        tape.x = value


@pytest.mark.parametrize("rows", [slice(0, 1.0), slice("a", None), slice(0, 2, 2), 1, [0, 1]])
def test_rows_of_a_tape_are_a_slice_by_whole_numbers(rows):
    with pytest.raises(ng.NumpyganError, match="expected a slice of rows by whole numbers"):
        fresh().tape(2)[rows]


def test_the_rows_of_a_tape_of_one_layer_share_its_memory():
    tape = ng.MLP([ng.Affine(2, 1)], dtype="float64").tape(3)
    for name in ("x", "y", "gx", "gy"):
        getattr(tape[1:], name)[...] = 7
        assert getattr(tape, name)[:, 0].tolist() == [0, 7, 7]
