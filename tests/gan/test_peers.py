"""The same trajectory as PyTorch and JAX: from the same θ with the same draws, autodiff gets to
where numpygan gets.
"""

import functools
from dataclasses import replace

import numpy
import pytest

from numpygan.data.dataset import Dataset, load
from numpygan.recipes.builtin import RECIPES
from tests.helpers import peers
from tests.helpers.cli import images

TOLERANCE = 1e-10
ITERATIONS = 100

# `mnist-authors` with narrow networks, and with weights and schedules by which much happens in 100
# iterations: an epoch is 10 of them (5 with k = 2), μ arrives at .7 in epoch 8, η falls to .37 of
# itself, D's to its floor in iteration 92.
REDUCED = {
    "dtype": "float64",
    "generator": ("relu 24", "relu 24", "sigmoid"),
    "discriminator": ("maxout 12x5", "maxout 12x5"),
    "noise_dim": 10,
    "batch": 20,
    "scale_g": (0.3, 0.3, 0.3),
    "scale_d": (0.3, 0.3, 0.3),
    "momentum_epochs": 8,
    "learning_rate_decay": 1.01,
    "learning_rate_g": 0.15,
    "learning_rate_floor": 0.04,
}
ALGORITHM1 = replace(RECIPES["mnist-authors"], **REDUCED)
AUTHORS2014 = replace(ALGORITHM1, algorithm="authors2014")
ADAM = {
    "rule": "adam",
    "momentum_final": 0.5,
    "learning_rate_g": 2e-3,
    "learning_rate_d": 1e-3,
    "learning_rate_floor": 1e-6,
}
GAMES = {
    "k=1 saturating": (replace(ALGORITHM1, k=1, loss="saturating"), ITERATIONS),
    "k=1 non_saturating": (replace(ALGORITHM1, k=1, loss="non_saturating"), ITERATIONS),
    "k=1 maximum_likelihood": (replace(ALGORITHM1, k=1, loss="maximum_likelihood"), ITERATIONS),
    "k=2 saturating": (replace(ALGORITHM1, k=2, loss="saturating"), ITERATIONS),
    "k=2 non_saturating": (replace(ALGORITHM1, k=2, loss="non_saturating"), ITERATIONS),
    "authors2014": (AUTHORS2014, ITERATIONS),
    "adam": (replace(ALGORITHM1, **ADAM), 50),
}


@pytest.fixture(params=["torch", "jax"])
def peer(request):
    pytest.importorskip(request.param, reason="install numpygan[peers]")
    return {"torch": peers.play_torch, "jax": peers.play_jax}[request.param]


@functools.cache
def played(game):
    """What numpygan drew and where it got to, on 8 × 8 pictures of which the last 10 are left over
    in every epoch.
    """
    recipe, iterations = GAMES[game]
    rows = images(rows=210).reshape(210, 64)
    return peers.play(recipe, Dataset(rows, rows, rows, (8, 8)), iterations)


def difference(ours, theirs):
    """max |ours − theirs| / max |theirs| over all the arrays of a network."""
    ours, theirs = (
        numpy.concatenate([array.ravel() for array in arrays]) for arrays in (ours, theirs)
    )
    return numpy.abs(ours - theirs).max() / numpy.abs(theirs).max()


@pytest.mark.parametrize("game", GAMES)
def test_the_same_trajectory(peer, game):
    recipe, iterations = GAMES[game]
    draws, ours = played(game)
    draws = draws.fresh()
    theirs = peer(recipe, draws, iterations)
    assert draws.left() == 0
    for name in ours._fields:
        assert difference(getattr(ours, name), getattr(theirs, name)) <= TOLERANCE, name


@pytest.mark.parametrize("game", GAMES)
def test_both_players_go_far(game):
    """An agreement about θ that has hardly moved would say little."""
    draws, ours = played(game)
    assert (
        difference(draws.theta_g, ours.theta_g) > 0.02
        and difference(draws.theta_d, ours.theta_d) > 0.02
    )


@pytest.mark.parametrize(
    "change",
    [
        {"momentum_epochs": 9},
        {"momentum": 0.501},
        {"momentum_final": 0.701},
        {"learning_rate_decay": 1.0101},
        {"learning_rate_floor": 0.0401},
        {"learning_rate_g": 0.1501},
        {"learning_rate_d": 0.1001},
        {"loss": "saturating"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_slightly_different_recipe_is_no_agreement(change):
    pytest.importorskip("torch", reason="install numpygan[peers]")
    game = "k=1 non_saturating"
    recipe, iterations = GAMES[game]
    draws, ours = played(game)
    theirs = peers.play_torch(replace(recipe, **change), draws.fresh(), iterations)
    assert (
        max(difference(ours.theta_g, theirs.theta_g), difference(ours.theta_d, theirs.theta_d))
        > 1e4 * TOLERANCE
    )


@functools.cache
def full_width():
    recipe = replace(RECIPES["mnist-authors"], dtype="float64")
    return recipe, *peers.play(recipe, load("mnist"), 1)


def test_the_gradients_of_mnist_at_full_width(peer):
    """Of every single W and b, in the first iteration on the images themselves."""
    recipe, draws, ours = full_width()
    theirs = peer(recipe, draws.fresh(), 1)
    for name in ("gradient_g", "gradient_d"):
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert difference([a], [b]) <= 1e-12, name
