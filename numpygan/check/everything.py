"""What `numpygan gradcheck` checks: every layer, recipe and game, the losses, the optimizers."""

from dataclasses import replace

import numpy

from ..arrays import Stream
from ..data.sources import TOYS
from ..gan.objective import G_LOSSES
from ..nn.layers import Affine, Dropout, LeakyReLU, Maxout, ReLU, Sigmoid, Tanh
from ..nn.mlp import MLP
from ..recipes.builtin import RECIPES
from ..recipes.networks import build, sizes
from .everywhere import check_everywhere
from .formulas import check_optimizers
from .game_check import ROWS, check_game
from .layer_check import gradcheck
from .result import Report
from .values import check_values
from .variations import OURS, VARIATIONS
from .verdicts import WRONG, Check

HORIZON = 600  # iterations of the longest game; witness.py says which updates are compared
_LONG = 60  # iterations of a game in which each update is checked along one direction
_LARGEST = 6_000_000  # parameters of a recipe whose layers are checked at their own width
_FEW = tuple(v for v in VARIATIONS if v.label in ("13 rows", "large inputs"))
# The width of a row, by the name of the data: in the check at reduced width; as it really is
_WIDTH, _WIDTH_OF_TOYS = 7, {name: toy()[0].shape[1] for name, toy in TOYS.items()}
_OWN_WIDTH = _WIDTH_OF_TOYS | {"mnist": 784, "stacked-mnist": 3 * 784, "tfd.npy": 48 * 48}
_REDUCED = {
    "relu": "relu 9",
    "leaky": "leaky 9",
    "tanh": "tanh 9",
    "sigmoid": "sigmoid 6",
    "maxout": "maxout 4x3",
}


def reduced(recipe):
    """The recipe at small widths, in float64, with weights large enough for every gradient."""
    narrow = lambda layers: tuple(_REDUCED[text.split()[0]] for text in layers)
    return replace(
        recipe,
        generator=(*narrow(recipe.generator[:-1]), recipe.generator[-1]),
        discriminator=narrow(recipe.discriminator),
        scale_g=(0.0,) * len(recipe.scale_g),
        scale_d=(0.0,) * len(recipe.scale_d),
        noise_dim=min(recipe.noise_dim, 4),
        dtype="float64",
        batch=ROWS,
        sparse=0,
    )


def check_recipe(recipe, seed=0):
    """The Report of a recipe.

    All is at reduced width: every layer of G and D, two iterations of the game number by number,
    and a long game in both dtypes. `check_own_size` has the layers at their own width.
    """
    small = reduced(recipe)
    dim = _WIDTH_OF_TOYS.get(recipe.data, _WIDTH)
    checks = []
    for name, net in zip("GD", _networks(small, dim, seed)):
        report = gradcheck(net, rows=ROWS, seed=seed)
        checks += [replace(check, place=f"{name} {check.place}") for check in report.checks]
    game = {name: getattr(small, name) for name in ("algorithm", "k", "loss", "noise")}
    game["seed"] = seed
    checks += check_game(*_networks(small, dim, seed), **game).checks
    for dtype in ("float64", "float32"):
        networks = _networks(replace(small, dtype=dtype), dim, seed)
        checks += check_game(
            *networks, **game, rows=recipe.batch, iterations=_LONG, numbers=0
        ).checks
    return Report(tuple(checks), "complex")


def check_own_size(seed=0):
    """The Report of every layer of the recipes at its own width, without the very largest."""
    done, stream = set(), Stream(seed)
    # Wider than any recipe's
    wide = [Dropout(0.5), Affine(4000, 4), Affine(4, 7200), Maxout(4), Maxout(2), Maxout(3)]
    wide = MLP([*wide, ReLU(), Dropout(0.8), LeakyReLU(0.5), Tanh(), Sigmoid()], "float64")
    wide.initialize(stream)
    checks = _check_new("wide", wide, range(len(wide.layers)), stream)
    for recipe in RECIPES.values():
        dim = _OWN_WIDTH.get(recipe.data, _WIDTH)
        if sizes(recipe, dim)[0] > _LARGEST:
            continue
        for name, net in zip("GD", build(replace(recipe, dtype="float64"), dim, numpy)):
            kinds = [f"{layer} {width}" for layer, width in zip(net.layers, net.widths)]
            new = [i for i, kind in enumerate(kinds) if kind not in done]
            done |= set(kinds)
            net.initialize(stream)
            checks += _check_new(f"{recipe.name}, {name}", net, new, stream)
    return Report(tuple(checks), "complex")


def _check_new(place, net, new, stream):
    """The Checks of the layers with the numbers `new`; also whether a second draw changes masks."""
    tape, checks = net.tape(2), []
    net.draw_masks(tape, stream)
    first = {i: tape.layers[i].mask.copy() for i in new if net.layers[i].random}
    net.draw_masks(tape, stream)
    for i, mask in first.items():
        if mask.size > 100 and (mask == tape.layers[i].mask).all() and net.layers[i].keep < 1:
            hint, where = "a second draw gives the same masks", f"{place} layer {i}"
            checks.append(Check(where, "mask", WRONG, 1.0, 0.0, mask.size, mask.size, hint=hint))
    others = set(range(len(net.layers))) - set(new)
    found = check_everywhere(net, stream, True, leave_out=others, variations=_FEW)
    return [*checks, *(replace(check, place=f"{place} {check.place}") for check in found)]


def check_all(seed=0):
    """{what: Report} of every layer, every recipe and every form of the game."""
    reports = {"every layer": gradcheck(_every(), rows=ROWS, seed=seed)}
    for name, layers in (("at other inputs", _every()), ("one unit wide", _narrow())):
        net, stream = MLP(layers, "float64"), Stream(seed)
        net.initialize(stream)
        reports[f"every layer {name}"] = Report(
            tuple(check_everywhere(net, stream, True, variations=(*VARIATIONS, *OURS))), "complex"
        )
    reports["every layer at its own size"] = check_own_size(seed)
    reports["losses and samples"] = Report(tuple(check_values(seed)), "formula")
    reports["optimizers"] = Report(check_optimizers(seed), "formula")
    reports |= {f"recipe {recipe.name}": check_recipe(recipe, seed) for recipe in RECIPES.values()}
    small = reduced(RECIPES["mnist"])

    def played(algorithm, **game):
        return check_game(*_networks(small, _WIDTH, seed), algorithm, seed=seed, **game).checks

    for loss in G_LOSSES:
        for k in (1, 2, 5):
            game, iterations = {"k": k, "loss": loss}, HORIZON if k < 5 else _LONG
            found = played("algorithm1", **game)
            found += played("algorithm1", **game, rows=23, iterations=iterations, numbers=0)
            reports[f"algorithm1, k = {k}, {loss}"] = Report(found, "complex")
    reports["authors2014"] = Report(played("authors2014"), "complex")
    found = ()
    for algorithm in ("algorithm1", "authors2014"):
        found += check_game(*_smallest(seed), algorithm, rows=1, seed=seed).checks
        found += played(algorithm, rows=1)
        found += check_many(algorithm, seed)
    reports["games of one row, many rows or one layer"] = Report(found, "complex")
    return reports


def check_many(algorithm, seed=0):
    """The Checks of a game with more rows, and more steps of D, than a recipe has."""
    k = 11 if algorithm == "algorithm1" else 1
    many = {"rows": 600, "k": k, "iterations": 2, "numbers": 0, "seed": seed}
    small = reduced(RECIPES["mnist"])
    return check_game(*_networks(small, _WIDTH, seed), algorithm, **many).checks


def _smallest(seed):
    """G and D of one layer each."""
    networks = [MLP([Affine(2, 3)], "float64"), MLP([Affine(3, 1)], "float64")]
    stream = Stream(seed)
    for net in networks:
        stream.normal(net.theta)
    return networks


def _every():
    """A layer of each kind."""
    return [
        Dropout(0.7),
        Affine(5, 6),
        LeakyReLU(0.1),
        Affine(6, 6),
        Maxout(2),
        Affine(3, 4),
        Tanh(),
        Affine(4, 30),
        ReLU(),
        Affine(30, 20),
        Sigmoid(),
    ]


def _narrow():
    """A layer of each kind that takes or gives rows of one number, or that has many pieces."""
    return [
        Affine(1, 1),
        Tanh(),
        Affine(1, 2),
        Maxout(2),
        Affine(1, 3),
        Maxout(3),
        Dropout(0.5),
        Affine(1, 5),
        Maxout(5),
        Affine(1, 9),
        Maxout(9),
        Dropout(1.0),
        ReLU(),
        Affine(1, 1),
        Sigmoid(),
        LeakyReLU(0.2),
        Affine(1, 30),
        ReLU(),
        Dropout(0.2),
        Affine(30, 1),
        LeakyReLU(0),
    ]


def _networks(recipe, dim, seed):
    """G and D with biases away from 0."""
    G, D = build(recipe, dim, numpy)
    stream = Stream(seed)
    for net in (G, D):
        net.initialize(stream)
        for layer in net.layers:
            if "b" in layer.shapes():
                stream.uniform(layer.b, -0.2, 0.2)
    return G, D
