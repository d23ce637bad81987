"""Every layer against values worked by hand, its rules at ties, its layouts, and the complex step."""

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from tests.helpers.numeric import DTYPES, RTOL, alone, assert_near, complex_step_gradients, run

LOG2, LOG3 = numpy.log(2), numpy.log(3)

# layer, x, y, gy, gx: one row each
BY_HAND = {
    "relu": (ng.ReLU, [-2, 0, 0.5, 3], [0, 0, 0.5, 3], [5, 7, 6, 11], [0, 0, 6, 11]),
    "leaky": (
        lambda: ng.LeakyReLU(0.25),
        [-2, 0, 0.5, 3],
        [-0.5, 0, 0.5, 3],
        [4, 8, 6, 11],
        [1, 2, 6, 11],
    ),
    # σ(log 3) = 1/(1 + 1/3) = 3/4, σ' = 3/4 · 1/4 = 3/16
    "sigmoid": (ng.Sigmoid, [0, LOG3, -LOG3], [0.5, 0.75, 0.25], [4, 16, -16], [1, 3, -3]),
    # tanh(log 2) = (2 − 1/2)/(2 + 1/2) = .6, tanh(log 3) = (3 − 1/3)/(3 + 1/3) = .8; tanh' = 1 −
    # .36, 1 − .64
    "tanh": (ng.Tanh, [0, LOG2, -LOG3], [0, 0.6, -0.8], [2, 100, 100], [2, 64, 36]),
    # three pieces (1, 5), (4, 2), (3, 9) of two units
    "maxout": (lambda: ng.Maxout(3), [1, 5, 4, 2, 3, 9], [4, 9], [10, 20], [0, 0, 10, 0, 0, 20]),
    "maxout, all negative": (
        lambda: ng.Maxout(2),
        [-1, -5, -3, -2],
        [-1, -2],
        [10, 20],
        [10, 0, 0, 20],
    ),
}

# every layer behind an Affine, and a deep stack: (n_in, the layers)
STACKS = {
    "affine": (3, lambda: [ng.Affine(3, 4)]),
    "relu": (3, lambda: [ng.Affine(3, 4), ng.ReLU()]),
    "leaky": (3, lambda: [ng.Affine(3, 4), ng.LeakyReLU(0.2)]),
    "sigmoid": (3, lambda: [ng.Affine(3, 4), ng.Sigmoid()]),
    "tanh": (3, lambda: [ng.Affine(3, 4), ng.Tanh()]),
    "maxout": (3, lambda: [ng.Affine(3, 6), ng.Maxout(3)]),
    "dropout": (3, lambda: [ng.Affine(3, 4), ng.Dropout(0.5)]),
    "dropout first": (3, lambda: [ng.Dropout(0.8), ng.Affine(3, 4)]),
    "generator": (
        2,
        lambda: [
            ng.Affine(2, 5),
            ng.ReLU(),
            ng.Affine(5, 4),
            ng.Tanh(),
            ng.Affine(4, 3),
            ng.Sigmoid(),
        ],
    ),
    "discriminator": (
        4,
        lambda: [
            ng.Dropout(0.8),
            ng.Affine(4, 15),
            ng.Maxout(5),
            ng.Dropout(0.5),
            ng.Affine(3, 4),
            ng.LeakyReLU(),
            ng.Affine(4, 1),
        ],
    ),
}


@pytest.mark.parametrize("pairs", [1, 600])  # 1,200 rows: more than any recipe's minibatch
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name, dtype, pairs):
    make, x, y, gy, gx = BY_HAND[name]
    # every second row has no upstream gradient: rows must not mix
    rows = numpy.array([x, numpy.full(len(x), 0.5)] * pairs, dtype)
    upstream = numpy.array([gy, numpy.zeros(len(gy))] * pairs, dtype)
    out, back, _ = run(alone(make(), len(x), dtype), rows, upstream)
    assert out.dtype == back.dtype == dtype
    numpy.testing.assert_allclose(out[::2], [y] * pairs, RTOL[dtype], 1e-16)
    numpy.testing.assert_allclose(back[::2], [gx] * pairs, RTOL[dtype])
    assert (back[1::2] == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_affine_by_hand(dtype):
    net = ng.MLP([ng.Affine(2, 3)], dtype=dtype)
    net.layers[0].W[...] = [[1, 2, 3], [4, 5, 6]]
    net.layers[0].b[...] = [0.5, -0.5, 1]
    x, gy = numpy.array([[1, 2], [-1, 3]], dtype), numpy.array([[1, 0, 2], [3, 1, -1]], dtype)
    y, gx, _ = run(net, x, gy)
    # first row: 1·1 + 2·4 + .5, 1·2 + 2·5 − .5, 1·3 + 2·6 + 1
    assert y.tolist() == [[9.5, 11.5, 16], [11.5, 12.5, 16]]
    # gy Wᵀ: 1·1 + 0·2 + 2·3, 1·4 + 0·5 + 2·6; …
    assert gx.tolist() == [[7, 16], [2, 11]]
    # xᵀ gy: 1·1 − 1·3, 1·0 − 1·1, 1·2 + 1·1; 2·1 + 3·3, …: sums over the rows, not means
    assert net.layers[0].gW.tolist() == [[-2, -1, 3], [11, 3, 1]]
    assert net.layers[0].gb.tolist() == [4, 1, 1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_by_hand(dtype):
    net = alone(ng.Dropout(0.25), 3, dtype)
    tape = net.tape(1)
    net.draw_masks(tape, Stream(0))
    tape.layers[1].mask[...] = [[4, 0, 4]]
    assert net.forward(numpy.array([[1, 2, 3]], dtype), tape).tolist() == [[4, 0, 12]]
    assert net.backward(numpy.array([[1, 1, 2]], dtype), tape).tolist() == [[4, 0, 8]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_derivative_is_zero_at_zero(dtype):
    x = numpy.array([[0.0, -0.0, 1e-30]], dtype)
    _, gx, _ = run(alone(ng.ReLU(), 3, dtype), x, numpy.ones((1, 3), dtype))
    assert gx.tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_leaky_relu_derivative_is_the_slope_at_zero(dtype):
    x = numpy.array([[0.0, -0.0]], dtype)
    _, gx, _ = run(alone(ng.LeakyReLU(0.25), 2, dtype), x, numpy.ones((1, 2), dtype))
    assert gx.tolist() == [[0.25, 0.25]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "pieces, winner",
    [
        ([7, 7, 7, 7], 0),
        ([1, 7, 7, 2], 1),
        ([1, 2, 7, 7], 2),
        ([7, 1, 7, 7], 0),
        ([0.0, -0.0, 0.0, -1], 0),
        ([1, 2, 3, 7], 3),
        ([3, 7, 5, 7], 1),
    ],
)
def test_maxout_first_piece_wins_alone_at_a_tie(pieces, winner, dtype):
    y, gx, _ = run(
        alone(ng.Maxout(4), 4, dtype), numpy.array([pieces], dtype), numpy.array([[3]], dtype)
    )
    assert y.tolist() == [[pieces[winner]]]
    assert gx.tolist() == [[3 if p == winner else 0 for p in range(4)]]


@pytest.mark.parametrize("imaginary", [1e-30j, -1e-30j])
def test_the_complex_step_follows_the_rules_at_ties(imaginary):
    one = numpy.array([[1 + 0j]])
    for moved, slope in (([1 + imaginary, 1], 1), ([1, 1 + imaginary], 0)):  # the first piece wins
        y, gx, _ = run(alone(ng.Maxout(2), 2, "complex128"), numpy.array([moved]), one)
        assert y[0, 0] == 1 + slope * imaginary and gx.tolist() == [[1, 0]]
    for layer, slope in ((ng.ReLU(), 0), (ng.LeakyReLU(0.5), 0.5)):
        y, gx, _ = run(alone(layer, 1, "complex128"), numpy.array([[imaginary]]), one)
        assert y[0, 0] == slope * imaginary and gx[0, 0] == slope


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_never_overflows(dtype):
    logits = [
        -1e4,
        -709.8,
        -708.4,
        -104,
        -88.73,
        -87.4,
        -1,
        0,
        1,
        87.4,
        88.73,
        104,
        708.4,
        709.8,
        1e4,
    ]
    x = numpy.array([logits], dtype)
    with numpy.errstate(over="raise", invalid="raise", divide="raise"):
        y, gx, _ = run(alone(ng.Sigmoid(), x.size, dtype), x, numpy.ones_like(x))
    assert (0 <= y.real).all() and (y.real <= 1).all() and (numpy.diff(y.real) >= 0).all()
    assert y[0, 0] < 1e-37 and y[0, 7] == 0.5 and y[0, -1] == 1
    assert (
        numpy.isfinite(gx).all()
        and abs(gx[0, 0]) < 1e-37
        and gx[0, 7] == 0.25
        and abs(gx[0, -1]) < 1e-15
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_smallest_sigmoid_is_the_smallest_power_of_e_that_keeps_all_its_digits(dtype):
    y, _, _ = run(
        alone(ng.Sigmoid(), 1, dtype), numpy.array([[-1e4]], dtype), numpy.ones((1, 1), dtype)
    )
    tiny = float(numpy.finfo(dtype).tiny)  # below it numbers lose digits
    assert tiny <= y[0, 0].real < numpy.e * tiny


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.8, 0.95, 0.999, 1.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_rate_and_values(keep, dtype):
    net = alone(ng.Dropout(keep), 100, dtype)
    tape = net.tape(10_000)
    net.draw_masks(tape, Stream(3))
    mask = tape.layers[1].mask
    kept = mask != 0
    assert (mask[kept] == mask.dtype.type(1 / keep)).all()
    standard_error = numpy.sqrt(keep * (1 - keep) / mask.size)
    assert abs(kept.mean() - keep) <= 5 * standard_error
    # a column has 1/100 of the entries
    assert numpy.abs(kept.mean(0) - keep).max() <= 5 * 10 * standard_error


def test_dropout_masks_differ_between_draws_layers_and_rows():
    net = ng.MLP([ng.Dropout(0.5), ng.Affine(64, 64), ng.Dropout(0.5)])
    tape, stream = net.tape(4), Stream(1)
    net.draw_masks(tape, stream)
    first, second = (tape.layers[i].mask.copy() for i in (0, 2))
    assert (first != second).any() and (first[0] != first[1]).any()
    net.draw_masks(tape, stream)
    assert (tape.layers[0].mask != first).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_is_off_without_training(dtype, rng):
    x, gy = rng.standard_normal((2, 5, 3)).astype(dtype)
    y, gx, _ = run(alone(ng.Dropout(0.5), 3, dtype), x, gy, training=False)
    assert (y == x).all() and (gx == gy).all()


def layouts(a):
    """The same numbers laid out in memory in four ways."""
    m, n = a.shape
    strided = numpy.zeros((2 * m, 3 * n), a.dtype)
    strided[::2, ::3] = a
    return {
        "C": a.copy(),
        "Fortran": numpy.asfortranarray(a),
        "strided": strided[::2, ::3],
        "reversed": a[::-1, ::-1].copy()[::-1, ::-1],
    }


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STACKS)
def test_layout_changes_no_byte_and_inputs_are_left_alone(name, dtype, rng):
    n_in, make = STACKS[name]
    net = ng.MLP(make(), dtype=dtype)
    net.initialize(Stream(1))
    x, gy = (
        rng.standard_normal((5, n_in)).astype(dtype),
        rng.standard_normal((5, net.n_out)).astype(dtype),
    )
    expected = [a.tobytes() for a in run(net, x.copy(), gy.copy())]
    for kind, (x_laid_out, gy_laid_out) in {
        k: (layouts(x)[k], layouts(gy)[k]) for k in layouts(x)
    }.items():
        assert [a.tobytes() for a in run(net, x_laid_out, gy_laid_out)] == expected, kind
        assert (x_laid_out == x).all() and (gy_laid_out == gy).all(), kind


@pytest.mark.parametrize("name", STACKS)
def test_a_pass_sees_nothing_of_the_one_before(name, rng):
    n_in, make = STACKS[name]
    net = ng.MLP(make(), "float64")
    net.initialize(Stream(0))
    used, fresh = net.tape(5), net.tape(5)
    passes = [
        rng.standard_normal((2, 5, n)) * scale
        for n in (n_in, net.n_out)
        for scale in ([[[3.0]], [[1.0]]],)
    ]
    for i in (0, 1):  # a larger x first, then a smaller one
        net.draw_masks(used, Stream(1))
        y, gx = net.forward(passes[0][i], used).copy(), net.backward(passes[1][i], used).copy()
    net.draw_masks(fresh, Stream(1))
    assert net.forward(passes[0][1], fresh).tobytes() == y.tobytes()
    assert net.backward(passes[1][1], fresh).tobytes() == gx.tobytes()


@pytest.mark.parametrize("name", STACKS)
def test_a_pass_keeps_what_it_saw(name, rng):
    """Forward from tape.x and backward overwrite no input, output or mask of any layer."""
    n_in, make = STACKS[name]
    net = ng.MLP(make(), dtype="float64")
    net.initialize(Stream(1))
    tape = net.tape(5)
    net.draw_masks(tape, Stream(2))
    tape.x[...] = x = rng.standard_normal((5, n_in))
    net.forward(tape.x, tape)
    assert (tape.x == x).all()
    seen = [
        {name: a.copy() for name, a in t.arrays().items() if name not in ("gx", "gy")}
        for t in tape.layers
    ]
    net.backward(rng.standard_normal((5, net.n_out)), tape)
    for before, t in zip(seen, tape.layers):
        assert all((a == getattr(t, name)).all() for name, a in before.items())
    # Nor does a layer's backward change the adjoint that it is given
    for layer, t in zip(net.layers, tape.layers):
        gy, gx = t.gy.copy(), t.gx.copy()
        layer.backward(t.gy, t)
        assert (t.gy == gy).all() and (t.gx == gx).all()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", STACKS)
def test_backward_is_the_complex_step(name, seed):
    n_in, make = STACKS[name]
    rng = numpy.random.default_rng(seed)
    net = ng.MLP(make(), dtype="float64")
    net.theta = 0.7 * rng.standard_normal(net.theta.size)
    x, gy = rng.standard_normal((4, n_in)), rng.standard_normal((4, net.n_out))
    _, gx, grad = run(net, x, gy)
    expected_grad, expected_gx = complex_step_gradients(make(), net.theta, x, gy)
    assert_near(grad, expected_grad, 1e-13)
    assert_near(gx, expected_gx, 1e-13)


@pytest.mark.parametrize("name", STACKS)
def test_three_dtypes_agree(name, rng):
    n_in, make = STACKS[name]
    nets = {dtype: ng.MLP(make(), dtype=dtype) for dtype in DTYPES}
    theta = 0.7 * rng.standard_normal(nets["float64"].theta.size)
    x, gy = rng.standard_normal((4, n_in)), rng.standard_normal((4, nets["float64"].n_out))
    results = {}
    for dtype, net in nets.items():
        net.theta = theta.astype(dtype)
        results[dtype] = run(net, x.astype(dtype), gy.astype(dtype))
    for low, exact, high in zip(results["float32"], results["float64"], results["complex128"]):
        assert_near(low, exact, 1e-6)
        assert_near(high, exact, 1e-14)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: ng.Dropout(0), "keep"),
        (lambda: ng.Dropout(1.5), "keep"),
        (lambda: ng.Dropout(float("nan")), "keep"),
        (lambda: ng.Maxout(1), "pieces"),
        (lambda: ng.Maxout(2.0), "pieces"),
        (lambda: ng.LeakyReLU(1), "slope"),
        (lambda: ng.LeakyReLU(-0.1), "slope"),
        (lambda: ng.LeakyReLU(1.5), "slope"),
        (lambda: ng.Dropout(-0.5), "keep"),
        (lambda: ng.Affine(0, 3), "n_in"),
        (lambda: ng.Affine(3, 2.5), "n_out"),
    ],
)
def test_a_wrong_argument_is_named(make, words):
    with pytest.raises(ng.NumpyganError, match=words):
        make()


@pytest.mark.parametrize(
    "n_in, n_out, scale, bound",
    [(200, 100, None, 0.02**0.5), (2, 1000, None, (6 / 1002) ** 0.5), (9, 99, 3.0, 3.0)],
)
def test_the_range_that_w_is_drawn_from(n_in, n_out, scale, bound):
    net = ng.MLP([ng.Affine(n_in, n_out, scale=scale)], dtype="float64")
    net.initialize(Stream(0))
    W, b = net.layers[0].W, net.layers[0].b
    assert -bound <= W.min() < -0.99 * bound and 0.99 * bound < W.max() <= bound and (b == 0).all()


@pytest.mark.parametrize("bias", [0.5, [1.0, -2.0, 3.0]])
def test_the_bias_starts_where_it_is_told(bias):
    net = ng.MLP([ng.Affine(2, 3, bias=bias)])
    net.initialize(Stream(0))
    assert net.layers[0].b.tolist() == numpy.broadcast_to(bias, 3).tolist()


def test_a_leaky_relu_of_slope_0_is_a_relu():
    x = numpy.array([[-2.0, 0.0, 3.0]])
    y, gx, _ = run(alone(ng.LeakyReLU(0), 3), x, numpy.ones((1, 3)))
    assert y.tolist() == [[0, 0, 3]] and gx.tolist() == [[0, 0, 1]]


class Wider(ng.Layer):
    def width(self, n_in):
        return n_in + 1


def test_a_layer_before_the_first_affine_must_keep_the_width():
    for layer in (Wider(), ng.Maxout(2)):
        with pytest.raises(
            ng.NumpyganError, match=f"layer 0, {type(layer).__name__}.*keep the width"
        ):
            ng.MLP([layer, ng.Affine(4, 1)])


def test_a_bias_that_does_not_fit_is_named():
    with pytest.raises(ng.NumpyganError, match="bias"):
        ng.MLP([ng.Affine(2, 3, bias=[1.0, 2.0])]).initialize(Stream(0))


def test_maxout_with_and_without_ties_in_one_batch():
    """Whether a tie is somewhere else in the minibatch changes nothing for the rows without one."""
    rows = numpy.random.default_rng(0).standard_normal((50, 12))
    tied = rows.copy()
    tied[7, [0, 4, 8]] = 2.0, 3.0, 3.0  # pieces 2 and 3 of unit 0; the second wins
    net = alone(ng.Maxout(3), 12)
    seen = []
    for x in (rows, tied):
        tape = net.tape(50)
        y = net.forward(x, tape).copy()
        numpy.testing.assert_array_equal(y, x.reshape(50, 3, 4).max(1))
        seen.append(tape.layers[1].won.copy())
    assert seen[1][7, :, 0].tolist() == [False, True, False]
    assert (seen[1].sum(1) == 1).all() and (seen[0].sum(1) == 1).all()
    assert (numpy.delete(seen[0], 7, 0) == numpy.delete(seen[1], 7, 0)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", [ng.ReLU, lambda: ng.LeakyReLU(0.5), lambda: ng.Maxout(2)])
def test_the_largest_numbers_pass(layer, dtype):
    net = ng.MLP([ng.Affine(2, 2), layer()], dtype)
    t = net.tape(1).layers[1]
    t.x[...] = [[1e30, -1e30]]
    t.gy[...] = 1
    net.layers[1].forward(t.x, t)
    net.layers[1].backward(t.gy, t)
    assert t.y[0, 0] == t.x[0, 0] and t.gx[0, 0] == 1
