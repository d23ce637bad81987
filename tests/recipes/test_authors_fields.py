"""The fields that the authors' TFD recipe needs: what they do, by hand, and that old runs stay."""

import math
from dataclasses import replace

import numpy
import pytest

import numpygan as ng
from numpygan.data.dataset import Dataset, as_float
from numpygan.metrics import parzen
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.recipe import Recipe
from numpygan.recipes.settings import change
from numpygan.runs.directory import RunDirectory
from numpygan.runs.grid import finished, play
from numpygan.runs.trainer import Training
from tests.helpers.cli import TINY, checkpoint, images, learned, metrics, run, sets

NETS = {
    "generator": "relu 6, sigmoid 5, sigmoid",
    "scale_g": "0.05,0.05,0.05",
    "discriminator": "maxout 3x2",
    "scale_d": "0.05,0.05",
    "keep": "0.8,0.5",
    "noise_dim": 3,
    "batch": 4,
}


def training(rows=10, recipe="paper", **values):
    x = numpy.random.default_rng(1).integers(1, 255, (rows, 7)).astype("uint8")
    return Training(change(RECIPES[recipe], **(NETS | values)), Dataset(x, x, x, None), numpy)


def affines(net):
    return [layer for layer in net.layers if isinstance(layer, ng.Affine)]


def test_the_bias_of_hidden_sigmoid_layers_alone():
    first, hidden, visible = affines(training(bias_sigmoid="-2").G)
    assert (first.b == 0).all() and (hidden.b == -2).all() and (visible.b > -2).any()
    assert (affines(training().G)[1].b == 0).all()


def test_sparse_visible_weights():
    G = training(generator="relu 6, sigmoid 2000, sigmoid", sparse="100").G
    W = affines(G)[-1].W
    assert ((W != 0).sum(0) == 100).all()
    assert len({tuple(numpy.flatnonzero(column)) for column in W.T}) == 7  # each its own
    some = W[W != 0]  # 700 draws from N(0, 1)
    assert abs(some.mean()) < 4 / math.sqrt(700) and abs(some.std() - 1) < 4 / math.sqrt(1400)
    below = affines(training(generator="relu 6, sigmoid 2000, sigmoid").G)[1].W
    assert (affines(G)[1].W == below).all() and abs(below).max() <= 0.05


def test_max_norm_g_limits_g_alone():
    def longest(**values):
        t = training(bias="zero", **values)
        for _ in range(5):
            t.advance()
        lengths = lambda net: max(numpy.linalg.norm(a.W, axis=0).max() for a in affines(net))
        return lengths(t.G), lengths(t.D)

    (free_g, free_d), (g, d) = longest(), longest(max_norm_g="0.05")
    assert free_g > 0.06 and g <= 0.05 * (1 + 1e-6) < d
    assert longest(max_norm="0.02")[0] > 0.06 and free_d > 0.02


def test_the_last_minibatch_by_hand():
    """10 rows in minibatches of 4: 4, 4 and the 2 that are left, each row once in an epoch."""
    t = training(last_batch="use")
    assert t.iterations_per_epoch == 3 and training().iterations_per_epoch == 2
    data = t.p_data
    seen, sizes, place = [], [], data.minibatch

    def minibatch(out):
        place(out)
        seen.extend(map(tuple, out.tolist()))
        sizes.append(len(out))

    data.minibatch = minibatch
    for _ in range(6):
        t.advance()
    assert sizes == [4, 4, 2] * 2 and t.epoch == 2
    for epoch in (seen[:10], seen[10:]):
        assert len(set(epoch)) == 10
    assert seen[:10] != seen[10:]


@pytest.mark.parametrize("algorithm", ["authors2014", "algorithm1"])
def test_the_last_minibatch_is_a_mean_over_its_own_rows(algorithm):
    """An epoch of 4 + 2 rows is a game of m = 4 and then a game of m = 2 on the same players."""
    t = training(rows=6, last_batch="use", algorithm=algorithm)
    twin = training(rows=6, last_batch="use", algorithm=algorithm)
    for _ in range(2):
        t.advance()
    s = twin.streams
    for rule in (twin.optimizer_g, twin.optimizer_d):
        rule.momentum = 0.5
    for m, iteration in ((4, 0), (2, 1)):
        rates = twin.recipe.learning_rates(iteration)
        twin.optimizer_g.learning_rate, twin.optimizer_d.learning_rate = rates
        args = (
            twin.G,
            twin.D,
            twin.p_data,
            twin.p_z,
            twin.optimizer_g,
            twin.optimizer_d,
            s["dropout"],
            m,
        )
        next(getattr(ng, algorithm)(*args))
    assert (t.G.theta == twin.G.theta).all() and (t.D.theta == twin.D.theta).all()


def test_without_a_rest_use_and_drop_are_the_same_bits():
    kept, dropped = training(rows=8, last_batch="use"), training(rows=8)
    for _ in range(5):
        kept.advance()
        dropped.advance()
    assert (kept.G.theta == dropped.G.theta).all()


REFUSED = [
    ("paper", {"sparse": "1201"}, "sparse"),
    ("paper", {"sparse": "-1"}, "sparse"),
    ("paper", {"bias_sigmoid": "nan"}, "bias_sigmoid"),
    ("paper", {"max_norm_g": "-1"}, "max_norm_g"),
    ("paper", {"sigma_rows": "-1"}, "sigma_rows"),
    ("paper", {"last_batch": "keep"}, "last_batch"),
    ("ring", {"last_batch": "use"}, "last_batch"),
    ("mnist", {"last_batch": "use", "k": "2"}, "k"),
]


@pytest.mark.parametrize("name, values, field", REFUSED)
def test_what_does_not_fit_is_refused_by_name(name, values, field):
    with pytest.raises(ng.NumpyganError, match=f"^{field}: "):
        change(RECIPES[name], **values)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parzen, "SAMPLES", 50)
    numpy.save("images.npy", images(620))
    return tmp_path


USE = [*TINY, *sets(last_batch="use", max_norm_g=1.9, bias_sigmoid=-2, sparse=3)]


def test_a_run_with_a_last_minibatch_resumes_bit_for_bit(here):
    # Of 620 rows 414 train: 20 minibatches of 20 and one of 14.
    assert run(*USE, "--iterations", 46, "--out", "whole") == 0
    for iterations in (5, 21, 30, 46):
        again = ["train", "part", "--resume"] if iterations > 5 else [*USE, "--out", "part"]
        assert run(*again, "--quiet", "--iterations", iterations) == 0
    assert learned(here / "whole") == learned(here / "part")
    assert [row["epoch"] for row in metrics(here / "whole")][:2] == ["1", "2"]
    assert checkpoint(here / "whole")["position"] == 4 * 20


def test_a_config_from_before_loads_and_resumes_bit_for_bit(here):
    new = "bias_sigmoid", "sparse", "last_batch", "max_norm_g", "sigma_rows"
    assert run(*TINY, "--iterations", 30, "--out", "whole") == 0
    assert run(*TINY, "--iterations", 12, "--out", "old") == 0
    config = here / "old/config.toml"
    lines = config.read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.split(" = ")[0] not in new]
    assert len(lines) - len(kept) == len(new)
    config.write_text("".join(kept))
    assert run("train", "old", "--resume", "--quiet", "--iterations", 30) == 0
    assert learned(here / "whole") == learned(here / "old")


def test_sigma_is_chosen_on_as_many_rows_as_the_recipe_says(here, monkeypatch):
    seen, best = [], parzen.best_bandwidth

    def spy(samples, validation, *args, **named):
        seen.append(len(validation))
        return best(samples, validation, *args, **named)

    monkeypatch.setattr(parzen, "best_bandwidth", spy)
    for rows in (7, 0):
        where = "--iterations", 1, "--out", f"it{rows}"
        assert run(*TINY, *sets(sigma_rows=rows), *where) == 0
        assert run("evaluate", f"it{rows}") == 0
    whole = len(as_float(ng.data.dataset.load("images.npy").validation))
    assert set(seen[: len(seen) // 2]) == {7} and set(seen[len(seen) // 2 :]) == {whole}


def test_the_words_about_a_recipe_may_change_between_versions(here):
    """A sweep goes on with the runs of an older version whose recipe had other words."""
    fields = {item.split("=", 1)[0]: item.split("=", 1)[1] for item in TINY[6::2]}
    old = change(RECIPES["mnist-authors"], data=str(here / "images.npy"), iterations=4, **fields)
    new = replace(old, about="other words")
    measures = play(old, here / "run")
    assert finished(new, here / "run") == measures
    (here / "run/result.json").unlink()
    assert finished(new, here / "run") is None and play(new, here / "run") == measures
    assert RunDirectory(here / "run").recipe().about == old.about
    with pytest.raises(ng.NumpyganError, match="batch"):
        finished(replace(new, batch=5), here / "run")


def test_tfd_starts_as_the_authors_did():
    """On made-up data of the right size, with narrow layers."""
    x = numpy.random.default_rng(0).integers(0, 256, (30, 2304)).astype("uint8")
    narrow = {
        "generator": "relu 80, sigmoid 10, relu 80, sigmoid 120, sigmoid",
        "discriminator": "maxout 12x5, maxout 12x5",
        "batch": 7,
    }
    t = Training(change(RECIPES["tfd"], **narrow), Dataset(x, x, x, (48, 48)), numpy)
    layers = affines(t.G)
    assert [float(layer.b[0]) for layer in layers[:-1]] == [0, -2, 0, -2]
    assert ((layers[-1].W != 0).sum(0) == 100).all()
    mean = x.mean(0) / 255
    numpy.testing.assert_allclose(layers[-1].b, numpy.log(mean / (1 - mean)), 1e-4, 1e-5)
    for _ in range(5):
        t.advance()
    assert t.iterations_per_epoch == 5 and t.game.m == 2
    longest = max(numpy.linalg.norm(a.W, axis=0).max() for a in (*layers, *affines(t.D)))
    assert longest <= 1.9365 * (1 + 1e-6)


def test_defaults_are_what_runs_had_before():
    new = Recipe()
    assert (new.bias_sigmoid, new.sparse, new.max_norm_g) == (0, 0, 0)
    assert (new.last_batch, new.sigma_rows) == ("drop", 1000)
