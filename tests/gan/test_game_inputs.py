"""What `algorithm1` and `authors2014` are given: what doesn't fit is refused before anyone moves."""

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream, streams
from numpygan.data.sources import Mixture, Noise, Shuffled
from tests.helpers.double import device

OTHERS = "p_data", "p_z", "optimizer_g", "optimizer_d", "mask_stream"
BOTH = [ng.algorithm1, ng.authors2014]


def player(*widths, dtype="float32", xp=numpy, before=()):
    net = ng.MLP([*before, ng.Affine(*widths[:2]), ng.ReLU(), ng.Affine(*widths[1:])], dtype, xp)
    net.initialize(Stream(1))
    return net


def play(algorithm=ng.algorithm1, rows=None, **changed):
    """One iteration of a game in which everything fits, but for what is `changed`."""
    named = streams(3)
    rows = numpy.random.default_rng(0).random((12, 4)).astype("float32") if rows is None else rows
    G, D = (
        changed.pop("G", player(2, 5, 4)),
        changed.pop("D", player(4, 5, 1, before=[ng.Dropout(0.5)])),
    )
    given = {
        "p_z": Noise("uniform", named["noise"]),
        "optimizer_g": ng.Momentum(G),
        "optimizer_d": ng.Momentum(D),
        "mask_stream": named["dropout"],
        "m": 3,
    }
    given["p_data"] = (
        changed.pop("p_data") if "p_data" in changed else Shuffled(rows, named["data"])
    )
    for name, value in changed.items():
        given[name] = value(G, D) if name.startswith("optimizer") else value
    return next(algorithm(G, D, **given))


@pytest.mark.parametrize("algorithm", BOTH)
def test_the_names_of_version_0_1_still_work(algorithm):
    older = {"optimizer_g": "rule_g", "optimizer_d": "rule_d", "mask_stream": "dropout"}

    def called(*args, **given):
        return algorithm(*args, **{older.get(name, name): value for name, value in given.items()})

    assert numpy.array_equal(play(algorithm).D.theta, play(called).D.theta)
    with pytest.raises(TypeError, match="rule_g"):
        play(lambda *args, **given: algorithm(*args, rule_g=given["optimizer_g"], **given))


def refused(words, act):
    with pytest.raises(ng.NumpyganError, match=words) as caught:
        act()
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


@pytest.mark.parametrize("algorithm", BOTH)
def test_what_fits_plays(algorithm):
    before = play(algorithm, m=3).G.theta.copy()
    assert numpy.array_equal(before, play(algorithm, m=numpy.int64(3)).G.theta)
    assert not numpy.array_equal(before, player(2, 5, 4).theta)


@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize(
    "changed, words",
    [
        (
            {
                "optimizer_g": lambda G, D: ng.Momentum(D),
                "optimizer_d": lambda G, D: ng.Momentum(G),
            },
            "optimizer_g moves the other player",
        ),
        ({"optimizer_g": lambda G, D: ng.Adam(D)}, "optimizer_g moves the other player"),
        ({"optimizer_d": lambda G, D: ng.Adam(G)}, "optimizer_d moves the other player"),
        (
            {"optimizer_d": lambda G, D: ng.Momentum(D.copy())},
            "optimizer_d moves a network that doesn't play",
        ),
        (
            {"optimizer_g": lambda G, D: ng.Momentum},
            "optimizer_g must be an optimizer.*the class Momentum",
        ),
        ({"optimizer_g": lambda G, D: "adam"}, "optimizer_g must be an optimizer.*str"),
        ({"p_data": numpy.ones((12, 4), "float32")}, "p_data must have minibatch.*ndarray"),
        ({"p_data": Shuffled}, "p_data must have minibatch.*the class Shuffled"),
        ({"p_z": None}, "p_z must have minibatch.*NoneType"),
        ({"p_z": Stream(0)}, "p_z must have minibatch.*Stream"),
        (
            {"p_data": Mixture([[0.0, 1.0]], 0.1, Stream(0))},
            r"mixture has rows of width 2.*\(3, 4\)",
        ),
        ({"p_data": Mixture([[0.0]], 0.1, Stream(0))}, r"mixture has rows of width 1.*\(3, 4\)"),
        (
            {"mask_stream": numpy.random.default_rng(0)},
            "game: mask_stream: expected a random stream.*got Generator",
        ),
        ({"mask_stream": streams(0)}, "game: mask_stream: expected a random stream.*got dict"),
        ({"mask_stream": 7}, "game: mask_stream: expected a random stream.*got int"),
        ({"m": 0}, "m, the rows of a minibatch, must be a whole number ≥ 1, got 0"),
        ({"m": 2.5}, "must be a whole number ≥ 1, got 2.5"),
        ({"m": None}, "got None"),
        ({"m": True}, "got True"),
        ({"m": numpy.array([3])}, "must be a whole number"),
        ({"m": 13}, "13 rows asked for, but the data has 12"),
        (
            {"G": player(2, 5, 4, dtype="float64")},
            "one dtype and one array module, got float64 of numpy and float32 of numpy",
        ),
        (
            {"D": player(4, 5, 1, dtype="float64")},
            "one dtype and one array module, got float32 of numpy and float64 of numpy",
        ),
        ({"G": player(2, 5, 4, xp=device)}, "one dtype and one array module"),
        ({"G": player(2, 5, 4, before=[ng.Dropout(0.5)])}, "G has random layers"),
        ({"G": player(2, 5, 1)}, "G makes rows of width 1, D takes 4"),
    ],
)
def test_a_game_that_does_not_fit(algorithm, changed, words):
    refused(words, lambda: play(algorithm, **changed))


def test_one_rule_for_both_players_is_refused():
    G, D = player(2, 5, 4), player(4, 5, 1)
    shared = ng.Momentum(G)
    refused(
        "optimizer_d moves the other player",
        lambda: play(G=G, D=D, optimizer_g=lambda *_: shared, optimizer_d=lambda *_: shared),
    )


def test_nobody_has_moved_when_a_game_is_refused():
    G, D = player(2, 5, 4), player(4, 5, 1)
    before = G.theta.copy(), D.theta.copy()
    refused("width 3", lambda: play(G=G, D=D, rows=numpy.ones((12, 3), "float32")))
    refused("optimizer_d", lambda: play(G=G, D=D, optimizer_d=lambda G, D: ng.Adam(G)))
    assert (G.theta == before[0]).all() and (D.theta == before[1]).all()


@pytest.mark.parametrize("only", ["ascend", "descend"])
def test_a_rule_of_ones_own_needs_both_directions(only):
    half = type("Half", (), {only: lambda self: None})()
    refused("optimizer_d must be an optimizer.*Half", lambda: play(optimizer_d=lambda G, D: half))


def test_a_rule_of_ones_own_need_not_tell_its_network():
    class Still:
        def ascend(self):
            """Stand still."""

        descend = ascend

    assert play(optimizer_d=lambda G, D: Still()).D.version == 2  # as made and initialized


@pytest.mark.parametrize("k", [0, -1, 1.0, "1", None, True, numpy.float64(1), numpy.bool_(True)])
def test_a_k_that_is_no_whole_number(k):
    refused("algorithm1: k must be a whole number ≥ 1", lambda: play(k=k))


@pytest.mark.parametrize("loss", ["hinge", None, [], 3])
def test_an_unknown_loss(loss):
    refused("loss: there is no", lambda: play(loss=loss))


@pytest.mark.parametrize(
    "rows, words",
    [
        ([[0.5] * 4] * 12, "array of NumPy, got list"),
        (None, "got NoneType"),
        ("rows", "got str"),
        (numpy.ones((12, 2, 2), "float32"), r"shape \(N, d\).*got shape \(12, 2, 2\)"),
        (numpy.ones(12, "float32"), r"got shape \(12,\)"),
        (numpy.float32(1), "got float32"),
        (numpy.ones((0, 4), "float32"), r"got shape \(0, 4\)"),
        (numpy.ones((12, 0)), r"got shape \(12, 0\)"),
        (numpy.ones((12, 4), "complex64"), "real numbers, got complex64"),
        (numpy.ones((12, 4), object), "got object"),
        (numpy.full((12, 4), "a"), "got <U1"),
        (numpy.ma.masked_array(numpy.ones((12, 4)), True), "got MaskedArray"),
        (numpy.full((12, 4), numpy.nan), "not finite"),
        (numpy.array([[1.0, 2, -numpy.inf, 3]]), "not finite"),
    ],
)
def test_rows_that_are_no_data(rows, words):
    refused(words, lambda: Shuffled(rows, Stream(0)))


@pytest.mark.parametrize("width", [1, 3, 5])
def test_rows_of_another_width_are_not_repeated(width):
    for rows in (numpy.ones((12, width), "float32"), numpy.ones((12, width), "uint8")):
        refused(f"rows of width {width}", lambda rows=rows: play(rows=rows))


class Source:
    """A source as people write one: `minibatch(out)` is `fill`."""

    def __init__(self, fill):
        self.minibatch = fill


def assigned(out):
    out = numpy.ones_like(out)  # the name alone: the array that was passed stays as it is


def half(out):
    out[: len(out) // 2] = 1


@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize("player", ["p_data", "p_z"])
@pytest.mark.parametrize("fill", [numpy.ones_like, lambda out: None, assigned, half])
def test_a_source_that_does_not_fill_out(algorithm, player, fill):
    refused(
        rf"{player}.minibatch\(out\) does not write.*out\[...\] = rows",
        lambda: play(algorithm, **{player: Source(fill)}),
    )


@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize(
    "fill, words",
    [
        (lambda out: next(iter(())), "p_data has no more minibatches"),
        (lambda: None, r"p_data.minibatch\(out\) raises TypeError.*here 3 × 4"),
        (lambda out: out.__setitem__(..., numpy.ones((3, 5))), "raises ValueError.*3,5.*3 × 4"),
    ],
)
def test_a_source_that_ends_or_does_not_fit(algorithm, fill, words):
    refused(words, lambda: play(algorithm, p_data=Source(fill)))


@pytest.mark.parametrize("algorithm", BOTH)
def test_hidden_units_of_D_may_be_sigmoids(algorithm):
    D = ng.MLP([ng.Affine(4, 3), ng.Sigmoid(), ng.Affine(3, 1)])
    assert numpy.isfinite(play(algorithm, D=D, mask_stream=None).V)


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_D_with_dropout_needs_a_stream(algorithm):
    D = ng.MLP([ng.Dropout(0.5), ng.Affine(4, 1)])
    refused(
        "game: mask_stream: expected a random stream",
        lambda: play(algorithm, D=D, mask_stream=None),
    )


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_source_that_fills_out_plays(algorithm):
    assert numpy.isfinite(play(algorithm, p_data=Source(lambda out: out.fill(1))).V)


@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize(
    "changed, words",
    [
        ({"D": ng.MLP([ng.Affine(4, 1), ng.Sigmoid()])}, "D ends with Sigmoid.*twice"),
        (
            {"D": ng.MLP([ng.Affine(4, 3), ng.Tanh(), ng.Affine(3, 1), ng.Sigmoid()])},
            "D ends with Sigmoid.*twice",
        ),
        ({"D": player(4, 5, 1, dtype="complex128")}, "D is complex128"),
    ],
)
def test_what_is_no_player(algorithm, changed, words):
    both = {"G": player(2, 5, 4), "D": player(4, 5, 1)} | changed
    refused(words, lambda: next(algorithm(**both, **dict.fromkeys(OTHERS))))


@pytest.mark.parametrize("seed", [-1, 1.5, "1", float("nan"), numpy.array(3)])
def test_what_is_no_seed(seed):
    refused("Stream: seed must be a whole number", lambda: Stream(seed))
    refused("streams: seed must be a whole number", lambda: streams(seed))


@pytest.mark.parametrize("stream", [0, "0", None, {}])
def test_what_is_no_stream_is_called_what_it_is(stream):
    refused(
        f"Shuffled: .*got {type(stream).__name__}", lambda: Shuffled(numpy.ones((3, 2)), stream)
    )


def test_a_whole_number_beyond_every_float():
    refused("learning_rate must be a number", lambda: ng.Momentum(player(2, 3, 1), 10**400))


@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize(
    "changed, words",
    [
        ({"G": None}, "G must be an MLP, got an object of type NoneType"),
        ({"D": [ng.Affine(4, 1)]}, "D must be an MLP, got an object of type list"),
        ({"G": ng.MLP}, "G must be an MLP, got the class MLP"),
    ],
)
def test_what_is_no_network_is_a_type_error(algorithm, changed, words):
    both = {"G": player(2, 5, 4), "D": player(4, 5, 1)} | changed
    with pytest.raises(TypeError, match=words):
        next(algorithm(**both, **dict.fromkeys(OTHERS)))
