"""The recipes: the authors' table, its schedules and initial values, and every field that can be
set.
"""

import dataclasses
import math

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.data.dataset import Dataset
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.networks import build, hidden_layer
from numpygan.recipes.recipe import Recipe
from numpygan.recipes.settings import change, nearest, recipe_named
from numpygan.runs.trainer import Training

AUTHORS = recipe_named("mnist-authors")


def test_the_recipes():
    assert {
        "mnist",
        "mnist-authors",
        "mnist-2014",
        "tfd",
        "cifar10",
        "gauss1d",
        "ring",
        "grid",
    } <= set(RECIPES)
    assert all(name == recipe.name == recipe_named(name).name for name, recipe in RECIPES.items())
    assert AUTHORS.algorithm == RECIPES["mnist"].algorithm == "algorithm1"
    assert RECIPES["mnist-2014"].algorithm == "authors2014"


@pytest.mark.parametrize("name", [name for name in RECIPES if name.endswith("-averaged")])
def test_the_averaged_toys_are_one_g_and_one_d_by_algorithm_1(name):
    """They differ from the toy in rates, loss, length and averaging, not in data and D.

    On a line also in G: it has leaky units and two noise values. On a grid also in the width of D
    and in the batch.
    """
    plain, averaged = RECIPES[name.removesuffix("-averaged")], RECIPES[name]
    same = ["data", "algorithm", "noise", "k"]
    same += ["generator", "noise_dim"] if plain.data != "gauss1d" else []
    same += ["discriminator", "batch"] if plain.data != "grid" else []
    assert all(getattr(plain, field) == getattr(averaged, field) for field in same)
    kinds = [[layer.split()[0] for layer in recipe.discriminator] for recipe in (plain, averaged)]
    assert kinds[0] == kinds[1]
    assert plain.average == 0 < averaged.average < 1 and averaged.noise_dim == 2


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_passes_its_own_check(name):
    assert change(RECIPES[name]) == RECIPES[name]


def test_the_authors_table():
    assert (AUTHORS.batch, AUTHORS.k, AUTHORS.keep) == (100, 1, (0.8, 0.5, 0.5))
    assert (AUTHORS.noise, AUTHORS.noise_dim) == ("uniform", 100)
    assert (AUTHORS.rule, AUTHORS.max_norm, AUTHORS.bias) == ("momentum", 0, "mean")
    tfd, cifar = RECIPES["tfd"], RECIPES["cifar10"]
    assert (tfd.learning_rate_g, tfd.learning_rate_d, tfd.max_norm, tfd.noise) == (
        0.05,
        0.05,
        1.9365,
        "gaussian",
    )
    assert (cifar.learning_rate_g, cifar.learning_rate_d, cifar.max_norm) == (0.025, 0.025, 0)
    assert (cifar.noise, cifar.preprocess) == ("gaussian", "contrast")
    assert cifar.scale_g == (0.05, 0.05, 0.5) and cifar.generator == (
        "relu 8000",
        "sigmoid 8000",
        "linear",
    )


def test_learning_rate_schedule():
    assert AUTHORS.learning_rates(0) == (0.1, 0.1)
    assert AUTHORS.learning_rates(1) == pytest.approx((0.1 / 1.000004,) * 2, rel=1e-15)
    assert AUTHORS.learning_rates(125_000) == pytest.approx(
        (0.1 * math.exp(-125_000 * math.log(1.000004)),) * 2, rel=1e-9
    )
    # 250 epochs: about .1 · e^−½
    assert AUTHORS.learning_rates(125_000)[0] == pytest.approx(0.060653, rel=1e-4)
    # .1 · 1.000004^−t = 1e−6 at t = log(1e5)/log(1.000004) ≈ 2,878,237
    assert AUTHORS.learning_rates(2_878_000)[0] > 1e-6
    assert AUTHORS.learning_rates(2_879_000) == AUTHORS.learning_rates(10**9) == (1e-6, 1e-6)


def test_g_and_d_have_their_own_rates():
    assert change(AUTHORS, learning_rate_g=0.2, learning_rate_d=0.3).learning_rates(0) == (0.2, 0.3)


@pytest.mark.parametrize(
    "epoch, momentum",
    [(1, 0.5), (2, 0.5 + 0.2 / 249), (125.5, 0.6), (250, 0.7), (251, 0.7), (10_000, 0.7)],
)
def test_momentum_schedule(epoch, momentum):
    assert AUTHORS.momentum_in(epoch) == pytest.approx(momentum, rel=1e-14)


def test_momentum_schedule_of_one_epoch_does_not_divide_by_zero():
    assert change(AUTHORS, momentum_epochs=1).momentum_in(2) == pytest.approx(0.7)


def test_parameter_counts_and_layers():
    G, D = build(AUTHORS, 784, numpy)
    assert (G.theta.size, D.theta.size) == (2_503_984, 1_231_441)
    assert (G.n_in, G.n_out, D.n_in, D.n_out) == (100, 784, 784, 1)
    assert [type(layer) for layer in G.layers] == [
        ng.Affine,
        ng.ReLU,
        ng.Affine,
        ng.ReLU,
        ng.Affine,
        ng.Sigmoid,
    ]
    assert [type(layer) for layer in D.layers] == 2 * [ng.Dropout, ng.Affine, ng.Maxout] + [
        ng.Dropout,
        ng.Affine,
    ]
    assert [layer.keep for layer in D.layers if isinstance(layer, ng.Dropout)] == [0.8, 0.5, 0.5]
    assert [layer.pieces for layer in D.layers if isinstance(layer, ng.Maxout)] == [5, 5]
    assert G.dtype == D.dtype == "float32"


def test_initial_ranges():
    G, D = build(AUTHORS, 784, numpy, visible_bias=numpy.linspace(-1, 1, 784))
    G.initialize(Stream(0))
    D.initialize(Stream(1))
    for net, scale in ((G, 0.05), (D, 0.005)):
        for layer in (layer for layer in net.layers if isinstance(layer, ng.Affine)):
            assert 0.95 * scale < numpy.abs(layer.W).max() <= numpy.float32(scale)
            assert abs(layer.W.mean()) < 5 * scale / math.sqrt(3 * layer.W.size)
            assert (layer.b == 0).all() or layer is G.layers[-2]
    numpy.testing.assert_allclose(G.layers[-2].b, numpy.linspace(-1, 1, 784), 1e-6)


def test_initial_scale_of_each_layer_is_its_own():
    G, _ = build(change(RECIPES["cifar10"], generator="relu 20,sigmoid 30,linear"), 40, numpy)
    G.initialize(Stream(0))
    largest = [numpy.abs(layer.W).max() for layer in G.layers if isinstance(layer, ng.Affine)]
    numpy.testing.assert_allclose(largest, [0.05, 0.05, 0.5], 0.01)
    assert not isinstance(G.layers[-1], ng.Sigmoid)


def training(**values):
    """A tiny training on images of three pixels whose means are 0, 51/255 = .2 and 1."""
    layers = {
        "generator": "relu 4,sigmoid",
        "scale_g": "0.05,0.05",
        "discriminator": "maxout 3x2",
        "scale_d": "0.005,0.005",
    }
    rows = numpy.tile(numpy.array([[0, 0, 255], [0, 102, 255]], "uint8"), (4, 1))
    recipe = change(AUTHORS, keep="0.8,0.5", batch=4, noise_dim=2, **layers, **values)
    return Training(recipe, Dataset(rows, rows, rows, None), numpy)


def test_the_visible_bias_starts_at_the_logit_of_the_mean_image():
    bias = training().G.layers[-2].b
    assert bias[1] == pytest.approx(math.log(0.2 / 0.8), rel=1e-6)
    assert -25 < bias[0] < -5 and 5 < bias[2] < 25  # clipped away from 0 and 1
    assert (training(bias="zero").G.layers[-2].b == 0).all()


def test_training_follows_the_schedules():
    """Two iterations an epoch: the rate falls with every iteration, the momentum rises with every
    epoch.
    """
    t = training(learning_rate_decay=2.0, learning_rate_d=0.4, momentum_epochs=3)
    seen = []
    for _ in range(6):
        t.advance()
        assert t.optimizer_g.momentum == t.optimizer_d.momentum
        seen.append(
            (t.optimizer_g.learning_rate, t.optimizer_d.learning_rate, t.optimizer_g.momentum)
        )
    expected = [(0.1 / 2**i, 0.4 / 2**i, mu) for i, mu in enumerate([0.5, 0.5, 0.6, 0.6, 0.7, 0.7])]
    numpy.testing.assert_allclose(seen, expected, 1e-14)


@pytest.mark.parametrize(
    "field, text, value",
    [
        ("k", "3", 3),
        ("batch", "64", 64),
        ("noise_dim", "7", 7),
        ("seed", "0", 0),
        ("momentum_epochs", "10", 10),
        ("learning_rate_g", "1e-3", 1e-3),
        ("learning_rate_d", "2", 2.0),
        ("learning_rate_decay", "1", 1.0),
        ("learning_rate_floor", "0", 0.0),
        ("momentum", "0", 0.0),
        ("momentum_final", ".9", 0.9),
        ("max_norm", "1.9365", 1.9365),
        ("epochs", "0.5", 0.5),
        ("keep", "1, .5,0.25", (1.0, 0.5, 0.25)),
        ("scale_g", "0,1,2", (0.0, 1.0, 2.0)),
        ("scale_d", "1,2,3", (1.0, 2.0, 3.0)),
        ("generator", "tanh 3, leaky 4, sigmoid", ("tanh 3", "leaky 4", "sigmoid")),
        ("discriminator", "relu 3,maxout 4x2", ("relu 3", "maxout 4x2")),
        ("loss", "saturating", "saturating"),
        ("algorithm", "authors2014", "authors2014"),
        ("noise", "gaussian", "gaussian"),
        ("bias", "zero", "zero"),
        ("preprocess", "contrast", "contrast"),
        ("dtype", "float64", "float64"),
        ("data", "my.npy", "my.npy"),
    ],
)
def test_a_field_is_read_from_text(field, text, value):
    changed = change(AUTHORS, **{field: text})
    assert getattr(changed, field) == value
    assert type(getattr(changed, field)) is type(value)
    assert changed == dataclasses.replace(AUTHORS, **{field: value})


def test_values_need_not_be_text():
    assert change(AUTHORS, k=2, learning_rate_g=1, keep=[1, 1, 0.5]).keep == (1.0, 1.0, 0.5)
    assert AUTHORS.k == 1  # a recipe is never changed in place


def test_the_rule_adam_needs_a_constant_momentum():
    assert change(AUTHORS, rule="adam", momentum_final="0.5").rule == "adam"
    with pytest.raises(ng.NumpyganError, match="momentum_final"):
        change(AUTHORS, rule="adam")


REFUSED = [
    ("k", "0"),
    ("k", "-1"),
    ("k", "1.5"),
    ("k", 1.0),
    ("k", True),
    ("k", "two"),
    ("k", ""),
    ("batch", "0"),
    ("batch", "nan"),
    ("noise_dim", "0"),
    ("momentum_epochs", "0"),
    ("seed", "-1"),
    ("seed", "x"),
    ("keep", "0,.5,.5"),
    ("keep", ".8,.5,1.1"),
    ("keep", ".8,.5,nan"),
    ("keep", ".8,.5"),
    ("keep", "0.8"),
    ("keep", ""),
    ("keep", ".8,half,.5"),
    ("keep", 0.8),
    ("keep", None),
    ("scale_g", "1"),
    ("scale_g", "-1,1,1"),
    ("scale_g", "nan,1,1"),
    ("scale_d", "inf,1,1"),
    ("scale_d", "1,1"),
    ("scale_g", 0.05),
    *(
        (field, bad)
        for field in ("learning_rate_g", "learning_rate_d", "epochs")
        for bad in ("-0.1", "0", "nan", "inf", "fast", "", "1,2")
    ),
    ("learning_rate_g", None),
    ("learning_rate_g", True),
    ("learning_rate_d", -1),
    ("learning_rate_decay", "0.99"),
    ("learning_rate_decay", "nan"),
    ("learning_rate_floor", "-1"),
    ("learning_rate_floor", "nan"),
    ("momentum", "1"),
    ("momentum", "-0.1"),
    ("momentum", "nan"),
    ("momentum_final", "1.5"),
    ("max_norm", "-1"),
    ("max_norm", "nan"),
    ("loss", "saturatin"),
    ("loss", 3),
    ("algorithm", "algorithm2"),
    ("rule", "rmsprop"),
    ("noise", "cauchy"),
    ("bias", "1"),
    ("preprocess", "whiten"),
    ("dtype", "float16"),
    ("dtype", "complex128"),
    ("data", 5),
    ("generator", "relu 1200,relu 1200,relu"),
    ("generator", "relu,relu 5,sigmoid"),
    ("generator", "relu 0,relu 5,sigmoid"),
    ("generator", "relu 5x5,relu 5,sigmoid"),
    ("generator", "swish 5,relu 5,sigmoid"),
    ("generator", "relu -5,relu 5,sigmoid"),
    ("generator", 5),
    ("discriminator", "maxout 240,maxout 240x5"),
    ("discriminator", "maxout 240x1,maxout 240x5"),
    ("discriminator", "maxout 240x5,maxout 0x5"),
    ("discriminator", ","),
]


@pytest.mark.parametrize("field, bad", REFUSED)
def test_a_bad_value_is_refused_by_name(field, bad):
    with pytest.raises(ng.NumpyganError, match=f"^{field}: "):
        change(AUTHORS, **{field: bad})


@pytest.mark.parametrize(
    "values, field",
    [
        ({"generator": "relu 5,sigmoid"}, "scale_g"),
        ({"discriminator": "relu 5"}, "keep|scale_d"),
        ({"data": "ring"}, "bias"),
    ],
)
def test_fields_that_do_not_fit_each_other(values, field):
    with pytest.raises(ng.NumpyganError, match=f"^({field}): "):
        change(AUTHORS, **values)


@pytest.mark.parametrize("values, field", [({"k": "2"}, "k"), ({"loss": "saturating"}, "loss")])
def test_authors2014_has_one_k_and_one_loss(values, field):
    with pytest.raises(ng.NumpyganError, match=f"^{field}: "):
        change(recipe_named("mnist-2014"), **values)


@pytest.mark.parametrize(
    "wrong, right",
    [
        ("learning_rat_g", "learning_rate_g"),
        ("kep", "keep"),
        ("momentun", "momentum"),
        ("batchs", "batch"),
    ],
)
def test_an_unknown_field_names_the_nearest(wrong, right):
    with pytest.raises(ng.NumpyganError, match=f"{wrong}.*did you mean '{right}'"):
        change(AUTHORS, **{wrong: "1"})


@pytest.mark.parametrize("layer", ["relu 1000000", "relu 0", "maxout 1000000x2", "maxout 2x1"])
def test_a_hidden_layer_of_a_wrong_size_is_told_the_sizes_that_are_right(layer):
    assert hidden_layer("generator", "relu 999999")[0] == 999_999
    assert hidden_layer("generator", "maxout 2x2")[0] == 4
    with pytest.raises(ng.NumpyganError, match="width from 1 to 999,999 .*, 2 to 999,999 pieces"):
        hidden_layer("generator", layer)


@pytest.mark.parametrize(
    "typed, near",
    [
        ("--iter", "'--iterations'"),
        ("--s", "'--seed' or '--size' or '--set'"),
        ("--resmue", "'--resume'"),
        ("--OUT", "'--out'"),
        ("--lr", None),
        ("--verbose", None),
        ("--", None),
    ],
)
def test_names_that_begin_with_what_was_typed_are_nearest(typed, near):
    names = "iterations seed size set resume out loss transpose device data".split()
    words = f" (did you mean {near}?)" if near else ""
    assert nearest(typed, [f"--{name}" for name in names]) == words


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(ng.NumpyganError, match="'mnsit'.*did you mean 'mnist'"):
        recipe_named("mnsit")
    with pytest.raises(ng.NumpyganError, match="^(?!.*did you mean).*'xyzzy'"):
        recipe_named("xyzzy")


def test_every_field_is_plain_data():
    assert all(
        field.type in (str, int, float, tuple[str, ...], tuple[float, ...])
        for field in dataclasses.fields(Recipe)
    )
