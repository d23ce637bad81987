"""The network and its tape: one small network worked by hand, the views, the slices, and what
raises.
"""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numpygan as ng
from numpygan.arrays import Stream
from tests.helpers.numeric import DTYPES, assert_near, complex_step_gradients, run

# x W1 + b1 = [[3, 1], [1, −3]] -> ReLU [[3, 1], [1, 0]] -> W2, b2 -> [[3.5], [2.5]]
# W1 = [[1, −1], [2, 1]], b1 = [0, 1], W2 = [[2], [−3]], b2 = [.5]
THETA = [1, -1, 2, 1, 0, 1, 2, -3, 0.5]
X = [[1, 1], [3, -1]]
Y = [[3.5], [2.5]]
GY = [[1], [2]]
# at the ReLU's output gy W2ᵀ = [[2, −3], [4, −6]], at its input [[2, −3], [4, 0]]
GW1 = [[14, -3], [-2, -3]]  # [1·2 + 3·4, 1·(−3) + 3·0], [1·2 − 1·4, 1·(−3) − 1·0]
GB1 = [6, -3]
GW2 = [[5], [1]]  # 3·1 + 1·2, 1·1 + 0·2
GB2 = [3]
GX = [[5, 1], [4, 8]]  # 2·1 + 3·1, 2·2 − 3·1; 4·1 − 0·1, 4·2 + 0·1


def small(dtype="float64"):
    net = ng.MLP([ng.Affine(2, 2), ng.ReLU(), ng.Affine(2, 1)], dtype=dtype)
    net.theta = numpy.array(THETA, dtype)
    return net


def with_dropout():
    net = ng.MLP(
        [ng.Dropout(0.8), ng.Affine(3, 8), ng.Maxout(2), ng.Dropout(0.5), ng.Affine(4, 2)],
        dtype="float64",
    )
    net.initialize(Stream(1))
    return net


@pytest.mark.parametrize("dtype", DTYPES)
def test_network_by_hand(dtype):
    net = small(dtype)
    y, gx, grad = run(net, numpy.array(X, dtype), numpy.array(GY, dtype))
    assert y.dtype == gx.dtype == grad.dtype == dtype
    assert y.tolist() == Y
    assert gx.tolist() == GX
    first, _, last = net.layers
    assert (first.gW.tolist(), first.gb.tolist()) == (GW1, GB1)
    assert (last.gW.tolist(), last.gb.tolist()) == (GW2, GB2)
    assert grad.tolist() == [14, -3, -2, -3, 6, -3, 5, 1, 3]


def test_theta_and_grad_are_flat_and_the_layers_hold_views():
    net = small()
    assert net.theta.shape == net.grad.shape == (9,)
    first, _, last = net.layers
    for view, whole in (
        (first.W, net.theta),
        (last.b, net.theta),
        (first.gb, net.grad),
        (last.gW, net.grad),
    ):
        assert numpy.shares_memory(view, whole)
    assert first.W.tolist() == [[1, -1], [2, 1]] and last.b.tolist() == [0.5]
    net.theta -= numpy.arange(9.0)
    assert first.W.tolist() == [[1, -2], [0, -2]] and last.W.tolist() == [[-4], [-10]]
    last.b[...] = 42
    assert net.theta[-1] == 42


def test_setting_the_gradient_copies_into_it():
    net = small()
    kept, grad = net.grad, numpy.arange(9.0)
    net.grad = grad
    assert net.grad is kept and numpy.array_equal(kept, grad)
    net.grad = grad  # it doesn't add to what was there
    assert numpy.array_equal(kept, grad)
    grad[...] = 0
    assert kept.any()
    net.grad += 1
    assert net.grad is kept and kept[0] == 1
    with pytest.raises(ng.NumpyganError, match=r"MLP: grad has shape \(4, 2\), expected \(9,\)"):
        net.grad = numpy.zeros((4, 2))


def test_assigning_theta_copies():
    net, theta = small(), numpy.zeros(9)
    net.theta = theta
    theta[...] = 5
    assert (net.theta == 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_a_copy_has_every_number_in_every_dtype(dtype):
    assert small().copy(dtype).theta.tolist() == THETA


def test_a_copy_is_a_network_of_its_own():
    net = small()
    twin = net.copy("complex128")
    assert (
        twin.theta.tolist() == THETA
        and twin.dtype == "complex128"
        and net.copy().dtype == "float64"
    )
    assert run(twin, numpy.array(X, "complex128"), numpy.array(GY, "complex128"))[1].tolist() == GX
    twin.theta -= 1
    assert net.theta.tolist() == THETA and (net.grad == 0).all()
    assert numpy.shares_memory(net.layers[0].W, net.theta) and numpy.shares_memory(
        twin.layers[0].W, twin.theta
    )


def test_backward_writes_and_does_not_add():
    net = small()
    net.grad[...] = numpy.nan
    tape = net.tape(2)
    net.forward(numpy.array(X, "float64"), tape)
    for _ in range(2):
        gx = net.backward(numpy.array(GY, "float64"), tape)
        assert net.grad.tolist() == [14, -3, -2, -3, 6, -3, 5, 1, 3] and gx.tolist() == GX


def test_without_params_grad_and_theta_are_untouched():
    net = small()
    tape = net.tape(2)
    net.forward(numpy.array(X, "float64"), tape)
    net.grad[...] = 77
    assert net.backward(numpy.array(GY, "float64"), tape, params=False).tolist() == GX
    assert (net.grad == 77).all() and net.theta.tolist() == THETA


def test_without_inputs_the_parameters_gradient_is_the_same(rng):
    net = with_dropout()
    x, gy = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    _, _, grad = run(net, x, gy)
    tape = net.tape(5)
    net.draw_masks(tape, Stream(7))
    net.forward(x, tape)
    net.grad[...] = 0
    assert net.backward(gy, tape, inputs=False) is None
    assert net.grad.tobytes() == grad.tobytes()


def test_a_slice_of_a_tape_is_a_pass_of_its_own(rng):
    """Halves forwarded apart through slices give what separate tapes give; the whole tape then
    holds both.
    """
    net, x, gy = small(), rng.standard_normal((6, 2)), rng.standard_normal((6, 1))
    whole = net.tape(6)
    for rows in (slice(0, 2), slice(2, 6)):
        part = whole[rows]
        assert part.m == len(part) == len(x[rows])
        y, gx, grad = run(net, x[rows], gy[rows])
        assert (net.forward(x[rows], part) == y).all()
        assert (net.backward(gy[rows], part) == gx).all() and (net.grad == grad).all()
    assert numpy.shares_memory(whole[2:].y, whole.y)
    y, gx, grad = run(net, x, gy)
    assert_near(whole.y, y, 1e-15)
    assert_near(net.backward(gy, whole), gx, 1e-15)
    assert_near(net.grad, grad, 1e-14)


def test_one_pass_over_both_halves_is_the_sum_of_two(rng):
    net, x, gy = with_dropout(), rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    tape = net.tape(6)
    net.draw_masks(tape, Stream(3))
    net.forward(x, tape)
    gx = net.backward(gy, tape).copy()
    total, grads = net.grad.copy(), []
    for rows in (slice(0, 3), slice(3, 6)):
        assert_near(net.backward(gy[rows], tape[rows]), gx[rows], 1e-15)
        grads.append(net.grad.copy())
    assert_near(sum(grads), total, 1e-14)


def test_the_pass_over_fake_rows_leaves_the_pass_over_real_rows_alone(rng):
    net, x, gy = with_dropout(), rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    expected_y, expected_gx, expected_grad = run(net, x, gy, seed=5)
    real, fake = net.tape(4), net.tape(4)
    net.draw_masks(real, Stream(5))
    net.draw_masks(fake, Stream(6))
    net.forward(x, real)
    net.forward(rng.standard_normal((4, 3)), fake)
    assert (real.y == expected_y).all()
    net.backward(rng.standard_normal((4, 2)), fake)
    assert (net.backward(gy, real) == expected_gx).all() and (net.grad == expected_grad).all()


def change_theta(net):
    net.theta = net.theta + 1


def move_theta(net):
    net.theta -= 0.1


def move_weights(net):
    for layer in net.layers:
        if layer.shapes():
            layer.W -= 0.1 * layer.gW


def set_bias(net):
    net.layers[0].b = numpy.ones(net.layers[0].b.shape)


@pytest.mark.parametrize(
    "move",
    [
        change_theta,
        move_theta,
        move_weights,
        set_bias,
        lambda net: net.initialize(Stream(0)),
        lambda net: ng.Momentum(net).descend(),
        lambda net: ng.Adam(net).ascend(),
    ],
)
def test_a_stale_tape_raises(move):
    net = small()
    tape, gy = net.tape(2), numpy.array(GY, "float64")
    net.forward(numpy.array(X, "float64"), tape)
    move(net)
    with pytest.raises(ng.NumpyganError, match="stale"):
        net.backward(gy, tape)
    net.forward(numpy.array(X, "float64"), tape)
    net.backward(gy, tape)


def test_backward_without_forward_raises():
    net = small()
    tape = net.tape(2)
    with pytest.raises(ng.NumpyganError, match="forward"):
        net.backward(numpy.array(GY, "float64"), tape)
    net.forward(numpy.array(X[:1], "float64"), tape[:1])  # half of it is not enough
    with pytest.raises(ng.NumpyganError, match="forward"):
        net.backward(numpy.array(GY, "float64"), tape)


def test_missing_masks_raise():
    net, x = with_dropout(), numpy.ones((4, 3))
    tape = net.tape(4)
    with pytest.raises(ng.NumpyganError, match="draw_masks"):
        net.forward(x, tape)
    net.draw_masks(tape[:2], Stream(0))
    with pytest.raises(ng.NumpyganError, match="draw_masks"):
        net.forward(x, tape)
    net.forward(x[:2], tape[:2])
    net.forward(x, net.tape(4, training=False))


def test_forward_is_a_function_of_theta_x_and_masks(rng):
    net, x = with_dropout(), rng.standard_normal((4, 3))
    tape = net.tape(4)
    net.draw_masks(tape, Stream(0))
    first = net.forward(x, tape).tobytes()
    assert net.forward(x, tape).tobytes() == first
    net.forward(-x, tape)
    assert net.forward(x, tape).tobytes() == first


X64, GY64 = numpy.array(X, "float64"), numpy.array(GY, "float64")


@pytest.mark.parametrize(
    "act, words",
    [
        (lambda net, tape: net.forward(X64[:, :1], tape), [r"\bx\b", r"\(2, 1\)", r"\(2, 2\)"]),
        (lambda net, tape: net.forward(X64[:1], tape), [r"\bx\b", r"\(1, 2\)", r"\(2, 2\)"]),
        (
            lambda net, tape: net.forward(numpy.zeros((3, 2)), tape),
            [r"\bx\b", r"\(3, 2\)", r"\(2, 2\)"],
        ),
        (
            lambda net, tape: net.forward(X64.astype("float32"), tape),
            [r"\bx\b", "float32", "float64"],
        ),
        (lambda net, tape: net.forward(X, tape), [r"\bx\b", "list"]),
        (lambda net, tape: net.backward(GY64[:, 0], tape), ["gy", r"\(2,\)", r"\(2, 1\)"]),
        (
            lambda net, tape: net.backward(GY64.astype("complex128"), tape),
            ["gy", "complex128", "float64"],
        ),
        (lambda net, tape: small().forward(X64, tape), ["tape"]),
        (lambda net, tape: small().backward(GY64, tape), ["tape"]),
        (lambda net, tape: small().draw_masks(tape, Stream(0)), ["tape"]),
        (lambda net, tape: setattr(net, "theta", numpy.zeros(8)), ["theta", r"\(8,\)", r"\(9,\)"]),
        (
            lambda net, tape: setattr(net, "theta", numpy.zeros(9, "float32")),
            ["theta", "float32", "float64"],
        ),
        (lambda net, tape: net.tape(0), ["0"]),
        (lambda net, tape: net.tape(2.5), ["2.5"]),
        (lambda net, tape: tape[0], ["slice"]),
        (lambda net, tape: tape[::2], ["slice"]),
        (lambda net, tape: tape[2:], ["empty"]),
    ],
)
def test_errors_name_what_is_wrong(act, words):
    net = small()
    tape = net.tape(2)
    net.forward(X64, tape)
    for word in words:
        with pytest.raises(ng.NumpyganError, match=word):
            act(net, tape)


@pytest.mark.parametrize(
    "layers, words",
    [
        ([ng.Affine(2, 3), ng.ReLU(), ng.Affine(4, 1)], "layer 2.*4.*3"),
        ([ng.Affine(2, 3), ng.Affine(2, 1)], "layer 1.*2.*3"),
        ([ng.Affine(2, 7), ng.Maxout(5)], "Maxout.*5.*7"),
        ([ng.ReLU(), ng.Sigmoid()], "Affine"),
        ([], "Affine"),
        ([ng.Maxout(2), ng.Affine(4, 1)], "Maxout"),
    ],
)
def test_widths_that_do_not_fit(layers, words):
    with pytest.raises(ng.NumpyganError, match=words):
        ng.MLP(layers)


@pytest.mark.parametrize("dtype", ["int32", "float16", "complex64", "flaot32"])
def test_an_unknown_dtype_is_named(dtype):
    with pytest.raises(ng.NumpyganError, match=dtype):
        ng.MLP([ng.Affine(2, 3)], dtype=dtype)


def test_a_layer_belongs_to_one_network():
    shared = ng.Affine(2, 2)
    ng.MLP([shared])
    for layers in ([ng.Affine(2, 2), shared], [again := ng.Affine(2, 2), again]):
        with pytest.raises(ng.NumpyganError, match="layer 1.*Affine"):
            ng.MLP(layers)


@st.composite
def networks(draw):
    """(n_in, a function that makes the layers afresh) of a random stack of one to three Affines."""
    widths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    makers = [lambda: ng.Dropout(0.5)] if draw(st.booleans()) else []
    for n, n_out in zip(widths, widths[1:]):
        pieces = draw(st.integers(2, 3))
        kinds = [
            ng.ReLU,
            lambda: ng.LeakyReLU(0.3),
            ng.Sigmoid,
            ng.Tanh,
            None,
            "maxout",
            lambda: ng.Dropout(0.7),
        ]
        kind = draw(st.sampled_from(kinds))
        makers.append(
            lambda n=n, n_out=n_out * (pieces if kind == "maxout" else 1): ng.Affine(n, n_out)
        )
        if kind is not None:
            makers.append((lambda pieces=pieces: ng.Maxout(pieces)) if kind == "maxout" else kind)
    return widths[0], lambda: [make() for make in makers]


@settings(max_examples=60)
@given(networks(), st.integers(1, 5), st.integers(0, 10**6))
def test_any_stack_agrees_with_the_complex_step(network, m, seed):
    (n_in, make), rng = network, numpy.random.default_rng(seed)
    net = ng.MLP(make(), dtype="float64")
    net.theta = rng.standard_normal(net.theta.size)
    x, gy = rng.standard_normal((m, n_in)), rng.standard_normal((m, net.n_out))
    y, gx, grad = run(net, x, gy)
    assert y.shape == (m, net.n_out) and gx.shape == x.shape
    expected_grad, expected_gx = complex_step_gradients(make(), net.theta, x, gy)
    assert_near(grad, expected_grad, 1e-13)
    assert_near(gx, expected_gx, 1e-13)


def test_what_is_no_layer_is_named_with_its_place():
    with pytest.raises(ng.NumpyganError, match=r"got <class.*ReLU'> in place 1; write ReLU\(…\)"):
        ng.MLP([ng.Affine(1, 1), ng.ReLU])
    with pytest.raises(ng.NumpyganError, match=r"got 3 in place 0\."):
        ng.MLP([3])
