"""What holds for every network: random stacks, widths, batch sizes and dtypes, drawn by hypothesis."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numpygan as ng
from numpygan.arrays import Stream
from tests.helpers.numeric import DTYPES, RTOL, assert_near

SEEDS = st.integers(0, 2**32 - 1)
MANY = settings(max_examples=40)
FEW = settings(MANY, max_examples=25)


@st.composite
def stacks(draw):
    """The layers of a network, afresh: Dropout or not, then one to three Affines, each with up to
    two layers after it.
    """
    layers = [ng.Dropout(draw(st.sampled_from([0.5, 0.8, 1.0])))] if draw(st.booleans()) else []
    widths = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    for n, n_out in zip(widths, widths[1:]):
        pieces = draw(st.sampled_from([1, 1, 2, 3]))
        layers.append(ng.Affine(n, n_out * pieces))
        layers += [ng.Maxout(pieces)] if pieces > 1 else []
        kinds = [ng.Tanh, ng.Sigmoid, ng.ReLU, lambda: ng.LeakyReLU(0.2), lambda: ng.Dropout(0.7)]
        layers += [kind() for kind in draw(st.lists(st.sampled_from(kinds), max_size=2))]
    return layers


def network(layers, dtype, seed):
    """A network over the layers, with biases away from 0 and no unit far in its saturation, and a
    stream.
    """
    net, stream = ng.MLP(layers, dtype), Stream(seed)
    theta = 0.4 * numpy.random.default_rng(seed).standard_normal(net.theta.size)
    net.theta = theta.astype(dtype)
    return net, stream


def rows(seed, m, n, dtype):
    return numpy.random.default_rng([seed, m, n]).standard_normal((m, n)).astype(dtype)


def passed(net, seed, m, x, gy):
    """The tape of a pass there and back."""
    tape = net.tape(m)
    net.draw_masks(tape, Stream(seed))
    net.forward(x, tape)
    net.backward(gy, tape)
    return tape


@MANY
@given(stacks(), st.integers(1, 6), SEEDS, st.sampled_from(["complex", "five-point"]))
@pytest.mark.slow
def test_gradcheck_never_calls_a_right_network_wrong(layers, m, seed, oracle):
    net, _ = network(layers, "float64", seed)
    report = ng.gradcheck(net, rows=m, seed=seed % 1000, oracle=oracle)
    assert {check.verdict for check in report.checks} <= {"ok", "uninformative", "at a kink"}, str(
        report
    )


@MANY
@given(stacks(), st.integers(1, 6), SEEDS)
@pytest.mark.slow
def test_gradcheck_passes_a_smooth_network(layers, m, seed):
    kinks = (ng.ReLU, ng.Dropout)  # which can cut everything off
    net, _ = network([layer for layer in layers if not isinstance(layer, kinks)], "float64", seed)
    assert ng.gradcheck(net, rows=m, seed=seed % 1000).passed


@MANY
@given(stacks(), st.integers(1, 4), SEEDS)
@pytest.mark.slow
def test_gradcheck_sees_any_parameter_go_wrong(layers, m, seed):
    """One number of one parameter's gradient off by a millionth of the largest: never a pass."""
    net, _ = network(layers, "float64", seed)
    affines = [i for i, layer in enumerate(layers) if isinstance(layer, ng.Affine)]
    index = affines[seed % len(affines)]
    entry = seed % net.layers[index].W.size

    class Off(ng.Affine):
        def backward_params(self, gy, t):
            super().backward_params(gy, t)
            self.gW.flat[entry] += 1e-6 * abs(self.gW).max()

    net.layers[index].__class__ = Off
    report = ng.gradcheck(net, rows=m, seed=seed % 1000)
    assert not report.passed
    wrong = [
        check
        for check in report.failures
        if check.verdict == "wrong" and check.place.startswith(f"layer {index},")
    ]
    dead = [
        check
        for check in report.checks
        if check.place.startswith(f"layer {index},") and check.verdict == "uninformative"
    ]
    assert [check.tensor for check in wrong] == ["W"] or dead, str(report)


@MANY
@given(stacks(), st.integers(2, 7), st.data(), SEEDS, st.sampled_from(DTYPES))
def test_slices_of_a_tape_are_passes_of_their_own(layers, m, data, seed, dtype):
    net, _ = network(layers, dtype, seed)
    cut = data.draw(st.integers(1, m - 1))
    x, gy = rows(seed, m, net.n_in, dtype), rows(seed, m, net.n_out, dtype)
    whole = net.tape(m)
    net.draw_masks(whole, Stream(seed))
    for part in (slice(0, cut), slice(cut, m)):
        piece, apart = whole[part], net.tape(len(x[part]))
        for layer, t, u in zip(net.layers, piece.layers, apart.layers):
            if layer.random:
                u.mask[...] = t.mask
        apart.drawn[...] = True
        assert net.forward(x[part], piece).tobytes() == net.forward(x[part], apart).tobytes()
        gx, grad = net.backward(gy[part], piece).copy(), net.grad.copy()
        assert (
            gx.tobytes() == net.backward(gy[part], apart).tobytes()
            and grad.tobytes() == net.grad.tobytes()
        )
    y, gx = whole.y.copy(), whole.gx.copy()
    assert_near(net.forward(x, whole), y, 100 * RTOL[dtype])
    assert_near(net.backward(gy, whole), gx, 100 * RTOL[dtype])


def played(layers, m, seed, dtype):
    """A network, an input, an upstream gradient, and the tape of both passes."""
    net, _ = network(layers, dtype, seed)
    x, gy = rows(seed, m, net.n_in, dtype), rows(seed, m, net.n_out, dtype)
    return net, x, gy, passed(net, seed, m, x, gy)


@MANY
@given(stacks(), st.integers(1, 6), SEEDS, st.sampled_from(DTYPES))
def test_the_same_pass_gives_the_same_bytes(layers, m, seed, dtype):
    net, x, gy, tape = played(layers, m, seed, dtype)
    first = tape.y.tobytes(), tape.gx.tobytes(), net.grad.tobytes()
    net.forward(x, tape)
    net.backward(gy, tape)
    assert (tape.y.tobytes(), tape.gx.tobytes(), net.grad.tobytes()) == first
    other = passed(net, seed, m, x, gy)
    assert (other.y.tobytes(), other.gx.tobytes(), net.grad.tobytes()) == first


@FEW
@given(stacks(), st.integers(1, 6), SEEDS, st.sampled_from(DTYPES))
def test_frozen_and_input_free_passes_give_the_same_gradients(layers, m, seed, dtype):
    net, _, gy, tape = played(layers, m, seed, dtype)
    gx, grad = tape.gx.tobytes(), net.grad.tobytes()
    net.grad[...] = 7
    assert net.backward(gy, tape, params=False).tobytes() == gx and (net.grad == 7).all()
    assert net.backward(gy, tape, inputs=False) is None and net.grad.tobytes() == grad


@FEW
@given(
    stacks(),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(1, 6),
    SEEDS,
    *[st.sampled_from(DTYPES)] * 2,
)
def test_a_wrong_array_is_named(layers, m, given_m, n, seed, dtype, given_dtype):
    net, _ = network(layers, dtype, seed)
    tape = passed(net, seed, m, rows(seed, m, net.n_in, dtype), rows(seed, m, net.n_out, dtype))
    for act, layer, argument, width in (
        (net.forward, net.layers[0], "x", net.n_in),
        (net.backward, net.layers[-1], "gy", net.n_out),
    ):
        array = rows(seed, given_m, n, given_dtype)
        if array.shape == (m, width) and given_dtype == dtype:
            act(array, tape)
            continue
        with pytest.raises(ng.NumpyganError) as raised:
            act(array, tape)
        wrong_shape = array.shape != (m, width)
        expected, found = ((m, width), array.shape) if wrong_shape else (dtype, given_dtype)
        for word in (repr(layer), f" {argument} ", f"expected {expected}", str(found)):
            assert word in str(raised.value).replace(":", ": ").replace("  ", " ")


@FEW
@given(
    stacks(), st.integers(1, 6), SEEDS, st.sampled_from(["theta", "step", "masks", "initialize"])
)
def test_a_stale_tape_raises_and_forward_heals_it(layers, m, seed, how):
    net, stream = network(layers, "float64", seed)
    x, gy = rows(seed, m, net.n_in, "float64"), rows(seed, m, net.n_out, "float64")
    tape = passed(net, seed, m, x, gy)
    act = {
        "theta": lambda: setattr(net, "theta", net.theta.copy()),
        "step": ng.Momentum(net).descend,
        "masks": lambda: net.draw_masks(tape, stream),
        "initialize": lambda: net.initialize(stream),
    }
    act[how]()
    with pytest.raises(ng.NumpyganError, match="stale"):
        net.backward(gy, tape)
    with pytest.raises(ng.NumpyganError, match="stale"):
        net.backward(gy[:1], tape[:1])
    net.forward(x, tape)
    net.backward(gy, tape)
