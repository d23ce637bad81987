"""What the library is given: NumPy's numbers are numbers, and what doesn't fit is refused."""

import random
from fractions import Fraction

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.data.sources import Mixture, Noise
from numpygan.gan.average import Average
from tests.gan.test_game_inputs import player, refused
from tests.helpers.double import device
from tests.helpers.numeric import matrix


@pytest.mark.parametrize(
    "stream",
    [
        None,
        0,
        numpy.random.default_rng(0),
        numpy.random.RandomState(0),
        numpy.random,
        random,
        Stream,
    ],
)
def test_noise_from_what_is_no_stream(stream):
    """A generator of NumPy has `normal`, too, but fills nothing: the noise would never change."""
    refused("Noise: expected a random stream", lambda: Noise("gaussian", stream))
    refused(
        "initialize: expected a random stream", lambda: ng.MLP([ng.Affine(2, 2)]).initialize(stream)
    )


@pytest.mark.parametrize("kind", ["normal", "Gaussian", None, ["uniform"], 1])
def test_an_unknown_noise(kind):
    refused("Noise: there is no .*uniform or gaussian", lambda: Noise(kind, Stream(0)))


NUMBERS = {  # what takes a number: (make it, what it holds, a number that it takes)
    "Affine n_in": (lambda n: ng.Affine(n, 2), lambda layer: layer.n_in, 3),
    "Affine n_out": (lambda n: ng.Affine(2, n), lambda layer: layer.n_out, 3),
    "Affine scale": (lambda s: ng.Affine(2, 3, s), lambda layer: layer.scale, 0.5),
    "LeakyReLU": (ng.LeakyReLU, lambda layer: layer.slope, 0.25),
    "Maxout": (ng.Maxout, lambda layer: layer.pieces, 4),
    "Dropout": (ng.Dropout, lambda layer: layer.keep, 0.5),
    "tape": (lambda m: ng.MLP([ng.Affine(2, 3)]).tape(m), lambda tape: tape.m, 2),
    "rate": (lambda r: ng.Momentum(player(2, 3, 1), r), lambda rule: rule.learning_rate, 0.125),
    "momentum": (
        lambda mu: ng.Adam(player(2, 3, 1), momentum=mu),
        lambda rule: rule.momentum,
        0.75,
    ),
    "max_norm": (
        lambda c: ng.Momentum(player(2, 3, 1), max_norm=c),
        lambda rule: rule.max_norm,
        2.0,
    ),
    "decay": (lambda b: ng.Adam(player(2, 3, 1), decay=b), lambda rule: rule.decay, 0.5),
    "epsilon": (lambda e: ng.Adam(player(2, 3, 1), epsilon=e), lambda rule: rule.epsilon, 0.5),
    "Average": (lambda b: Average(player(2, 3, 1), b), lambda average: average._beta, 0.5),
    "std": (lambda s: Mixture([[0.0]], s), lambda mixture: mixture.std, 0.5),
    "rows": (
        lambda m: ng.gradcheck([ng.Affine(2, 3)], rows=m),
        lambda report: report.checks[0].size // 2,
        4,
    ),
}
WHOLE = {"Affine n_in", "Affine n_out", "Maxout", "tape", "rows"}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_numpy_are_numbers(name):
    make, held, value = NUMBERS[name]
    kinds = "int8 int64 uint16" if name in WHOLE else "float16 float32 float64 longdouble"
    for given in (
        value,
        *(numpy.dtype(kind).type(value) for kind in kinds.split()),
        numpy.array(value),
    ):
        found = held(make(given))
        assert found == value and type(found) is type(value), type(given)


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number_there(name):
    make = NUMBERS[name][0]
    wrong = [
        -1,
        -0.5,
        numpy.nan,
        numpy.inf,
        numpy.float32("nan"),
        "1",
        True,
        numpy.True_,
        [1],
        numpy.ones(1),
        1j,
        Fraction(1, 2),
        object,
    ]
    for value in wrong + [0, 1.5] * (name in WHOLE):
        with pytest.raises(ng.NumpyganError, match=r"must be a (whole )?number.*got"):
            make(value)


@pytest.mark.parametrize(
    "make, value",
    [
        (lambda: ng.LeakyReLU(1), 1),
        (lambda: ng.Dropout(0), 0),
        (lambda: ng.Dropout(1.01), 1.01),
        (lambda: ng.Maxout(1), 1),
        (lambda: ng.Momentum(player(2, 3, 1), momentum=1), 1),
        (lambda: ng.Momentum(player(2, 3, 1), max_norm=0), 0),
        (lambda: Average(player(2, 3, 1), 1), 1),
        (lambda: Average(player(2, 3, 1), 0), 0),
    ],
)
def test_the_ends_of_a_range(make, value):
    refused(f"got {value}", make)


def test_a_float_of_numpy_trains_as_a_float_does():
    """NumPy's float64 would make a float32 network compute in float64 and round at the end."""
    for rule in (ng.Momentum, ng.Adam):
        thetas = []
        for kind in (float, numpy.float64):
            net = player(30, 20, 10)
            net.grad[...] = numpy.random.default_rng(2).standard_normal(net.grad.size)
            made = rule(net, kind(0.1), kind(0.3), kind(0.7))
            for _ in range(3):
                made.descend()
            thetas.append(net.theta)
        assert numpy.array_equal(*thetas)


@pytest.mark.parametrize("net", [None, ng.MLP, "G", [], numpy.ones(3), ng.Affine(2, 3)])
def test_a_rule_for_what_is_no_network(net):
    for make in (ng.Momentum, ng.Adam, lambda net: Average(net, 0.9)):
        refused("expected the MLP whose θ", lambda make=make: make(net))


@pytest.mark.parametrize(
    "bias",
    ["zero", None, [1, 2], [[1, 2, 3]], [1, [2]], True, [0, 0, numpy.nan], 1j, numpy.inf, object()],
)
def test_a_bias_that_is_none(bias):
    refused(r"Affine\(2, 3\): bias", lambda: ng.Affine(2, 3, bias=bias))


@pytest.mark.parametrize(
    "bias", [2, numpy.float32(2), [2, 2, 2], (2.0, 2, 2), numpy.full(3, 2), numpy.array(2.0)]
)
def test_a_bias_of_any_kind(bias):
    net = ng.MLP([ng.Affine(2, 3, bias=bias)])
    net.initialize(Stream(0))
    assert (net.layers[0].b == 2).all()


@pytest.mark.parametrize(
    "layers, words",
    [
        (None, "got None"),
        (3, "got 3"),
        ([ng.Affine(2, 3), ng.ReLU], r"in place 1; write ReLU\(…\)"),
        ("relu", "got 'r"),
        ([ng.Affine(2, 3), "relu"], "got 'relu' in place 1"),
        ([[ng.Affine(2, 3)]], "in place 0"),
        ([], "no layer says"),
    ],
)
def test_what_is_no_list_of_layers(layers, words):
    refused(words, lambda: ng.MLP(layers))
    refused(words, lambda: ng.gradcheck(layers))


@pytest.mark.parametrize("xp", [None, "numpy", "gpu", numpy.ndarray])
def test_what_is_no_array_module(xp):
    for make in (
        lambda: ng.MLP([ng.Affine(2, 3)], xp=xp),
        lambda: ng.Shuffled(numpy.ones((3, 2)), Stream(0), xp),
        lambda: ng.CounterStream(Stream(0), xp),
    ):
        refused("xp must be the module numpy or cupy", make)


@pytest.mark.parametrize("tape", [None, numpy.ones((3, 2)), player(2, 3, 1).tape(3)])
def test_what_is_no_tape_of_the_network(tape):
    net, rows = player(2, 3, 1), numpy.ones((3, 2), "float32")
    for act in (
        lambda: net.forward(rows, tape),
        lambda: net.backward(rows[:, :1], tape),
        lambda: net.draw_masks(tape, Stream(0)),
    ):
        refused("make one with the network's own tape", act)
    words = "made by another network" if hasattr(tape, "net") else "expected a tape, got"
    refused(words, lambda: net.forward(rows, tape))


@pytest.mark.parametrize("stream", [None, 0, Stream])
def test_masks_from_what_is_no_stream(stream):
    net = ng.MLP([ng.Dropout(0.5), ng.Affine(2, 1)])
    refused("draw_masks: expected a random stream", lambda: net.draw_masks(net.tape(3), stream))


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"x": [[0.5, 1.0]]}, "gradcheck: x: expected an array of numpy, got builtins.list"),
        ({"x": numpy.float64(1)}, "gradcheck: x: expected an array"),
        ({"x": numpy.array(1.0)}, "number of rows m"),
        ({"x": numpy.ones((0, 2))}, "number of rows m"),
        ({"x": numpy.array([[1, numpy.inf]])}, "x holds a value that is not finite"),
        ({"x": numpy.ones((2, 2), int)}, "x is int64"),
        ({"x": numpy.ones((2, 2), object)}, "x is object"),
        ({"seed": -1}, "seed must be a whole number ≥ 0"),
        ({"seed": "a"}, "seed"),
        ({"oracle": "exact"}, "there is no 'exact'"),
    ],
)
def test_what_gradcheck_is_given(settings, words):
    refused(words, lambda: ng.gradcheck([ng.Affine(2, 3)], **settings))


def test_gradcheck_of_a_network_on_a_gpu():
    refused(
        "on a GPU; make it with xp=numpy",
        lambda: ng.gradcheck(player(2, 3, 1, dtype="float64", xp=device)),
    )


ROWS = numpy.ones((4, 2), "float32")
ODD = [numpy.ma.masked_array(ROWS, ROWS > 0), matrix(ROWS)]
STATE_DICT = {"0.weight": ROWS[:1], "0.bias": ROWS[0, :1]}


@pytest.mark.parametrize("rows", ODD, ids=lambda rows: type(rows).__name__)
def test_masked_arrays_and_matrices_are_no_arrays(rows):
    """The values under a mask are no data, and the products of matrices are others."""
    net, rule = ng.MLP([ng.Affine(2, 1)]), ng.Momentum(ng.MLP([ng.Affine(3, 1)]))
    tape = net.tape(4)
    net.forward(tape.x, tape)
    for act in (
        lambda: net.forward(rows, tape),
        lambda: net.backward(rows[:, :1], tape),
        lambda: setattr(net, "theta", rows[0]),
        lambda: setattr(net, "grad", rows[0]),
        lambda: ng.Shuffled(rows, Stream(0)),
        lambda: ng.Shuffled(ROWS, Stream(0)).minibatch(rows),
        lambda: rule.restore({"velocity": rows.reshape(-1)[:4], "updates": 1}),
        lambda: ng.load_theta(net, STATE_DICT | {"0.weight": rows[:1]}),
        lambda: ng.gradcheck(lambda x: x + 0, lambda gy, x: gy, rows.astype("float64")),
    ):
        refused("(?i)array|matrix", act)
    masked = numpy.ma.masked_array(ROWS, ROWS > 0)
    refused("use array.filled", lambda: setattr(tape, "x", masked))


def test_sizes_that_no_memory_holds():
    net = player(2, 3, 1)
    for make in (
        lambda: ng.MLP([ng.Affine(10**9, 10**9)]),
        lambda: ng.MLP([ng.Affine(10**30, 2)]),
        lambda: net.tape(10**14),
        lambda: net.tape(10**30),
        lambda: ng.gradcheck([ng.Affine(2, 3)], rows=10**14),
    ):
        refused("not enough memory for an array of .* numbers of float", make)


@pytest.mark.parametrize("training", ["no", None, 0, [True]])
def test_training_is_true_or_false(training):
    refused(
        "tape: training must be True or False", lambda: player(2, 3, 1).tape(2, training=training)
    )


ORDER = [3, 0, 1, 2]
NO_STATES = [{}, None, [], "order", {"order": ORDER}, {"position": 0}]
NO_STATES += [{"order": order, "position": 0} for order in (None, ["a"] * 4, [0, 1, [2], 3], 3)]
NO_STATES += [
    {"order": [0.0, 1.0, 2.0, 3.0], "position": 0},
    {"order": [0, 1, 2, 2], "position": 0},
]
NO_STATES += [{"order": ORDER, "position": at} for at in (None, "a", 2.5, numpy.nan, -1, 5)]


@pytest.mark.parametrize("state", NO_STATES, ids=repr)
def test_an_order_that_is_none(state):
    rows = ng.Shuffled(ROWS, Stream(0))
    refused("order of the data is not one of 4 rows", lambda: rows.restore(state))


OUTS = [numpy.ones((2, 2), dtype) for dtype in ("int32", "float16", bool, object)]
OUTS += [numpy.float32(3), numpy.array(3.0), numpy.ones((0, 2)), numpy.ones(2)]


@pytest.mark.parametrize("out", OUTS, ids=lambda out: f"{out.dtype} {out.shape}")
def test_minibatches_fill_arrays_of_floats(out):
    refused("minibatch: ", lambda: ng.Shuffled(ROWS, Stream(0)).minibatch(out))


def test_an_order_needs_a_stream_that_permutes():
    """A CounterStream only fills arrays."""
    refused(
        "Shuffled: expected a random stream .* got CounterStream",
        lambda: ng.Shuffled(ROWS, ng.CounterStream(Stream(0))),
    )


@pytest.mark.parametrize("algorithm", [ng.algorithm1, ng.authors2014])
@pytest.mark.parametrize("dropout", [0.5, "0.5", 0, numpy.random.default_rng(0)])
def test_dropout_is_a_stream_and_no_probability(algorithm, dropout):
    """Also where D has no dropout layer: who gives ½ expects dropout."""
    G, D = player(2, 3, 2), player(2, 3, 1)
    noise = Noise("uniform", Stream(0))
    refused(
        "game: mask_stream: expected a random stream",
        lambda: next(algorithm(G, D, noise, noise, ng.Adam(G), ng.Adam(D), dropout, m=3)),
    )


@pytest.mark.parametrize("moment", [[[0.0], [1, 2]], [0.0] * 13, None, numpy.zeros(13, int)])
def test_moments_are_the_arrays_that_state_gave(moment):
    refused(
        "Momentum: restore: expected what state",
        lambda: ng.Momentum(player(2, 3, 1)).restore({"velocity": moment, "updates": 1}),
    )


@pytest.mark.parametrize("seed", [0.5, -1, "a", [0.5], numpy.nan])
def test_a_seed_that_is_none(seed):
    with pytest.raises(ng.NumpyganError, match="Stream: seed must be a whole number"):
        ng.Stream(seed)


def test_rows_that_float32_cannot_hold():
    for rows in (numpy.full((9, 2), 1e300), numpy.full((9, 2), -numpy.inf)):
        with pytest.raises(ng.NumpyganError, match="too large for float32"):
            ng.Shuffled(rows, ng.Stream(0))


def test_integers_from_minus_one_to_one_are_no_pixels():
    rows, out = numpy.array([[-1, 0], [1, 1]], "int8"), numpy.empty((2, 2), "float32")
    ng.Shuffled(rows, ng.Stream(0)).minibatch(out)
    assert sorted(map(tuple, out)) == [(-1, 0), (1, 1)]


@pytest.mark.parametrize("path", [None, 3, ["runs"]])
def test_a_run_without_a_path(path):
    with pytest.raises(ng.NumpyganError, match="load: path"):
        ng.load(path)
