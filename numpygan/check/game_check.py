"""The derivatives of the whole game: what an algorithm is about to move θ_d and θ_g along, against
the complex step.

The real algorithm runs; its learning rules are replaced by ones that stop the clock at each update
and compare `grad` with the derivative of the paper's value function, recomputed from θ, the
minibatches and the masks alone.
"""

from dataclasses import replace

import numpy

from ..arrays import Stream, streams
from ..data.sources import Noise
from ..errors import NumpyganError
from ..gan.algorithm1 import algorithm1
from ..gan.authors2014 import authors2014
from ..gan.objective import G_LOSSES
from ..nn.layers import Affine, Dropout, LeakyReLU, Maxout, ReLU, Sigmoid, Tanh
from ..nn.optimizers import Momentum
from ..recipes.builtin import RECIPES
from ..recipes.networks import build
from .compare import compare
from .layer_check import Report, check_network, gradcheck
from .rules import check_rules
from .verdicts import WRONG, Check

ROWS = 5  # of a minibatch: more than 1 and not 2, so that a missing 1/m can't hide
_WIDTHS = {
    "relu": "relu 9",
    "leaky": "leaky 9",
    "tanh": "tanh 9",
    "sigmoid": "sigmoid 6",
    "maxout": "maxout 4x3",
}


_PRINTED_LOSSES = {  # of G, as a function of D(G(z))
    "saturating": lambda D: numpy.log(1 - D).mean(),
    "non_saturating": lambda D: -numpy.log(D).mean(),
    "maximum_likelihood": lambda D: -(D / (1 - D)).mean() / 2,
}


def reduced(recipe, dim=7):
    """The recipe with the same layers at small widths, in float64, weights scaled up so that every
    gradient can be seen.
    """
    narrow = lambda layers: tuple(_WIDTHS[text.split()[0]] for text in layers)
    return replace(
        recipe,
        generator=(*narrow(recipe.generator[:-1]), recipe.generator[-1]),
        discriminator=narrow(recipe.discriminator),
        scale_g=(0.0,) * len(recipe.scale_g),
        scale_d=(0.0,) * len(recipe.scale_d),
        noise_dim=min(recipe.noise_dim, 4),
        dtype="float64",
        batch=ROWS,
    )


def check_recipe(recipe, seed=0):
    """The Report of a recipe at reduced width: every layer of G and D, then two iterations of its
    game.
    """
    small = reduced(recipe)
    dim = 2 if recipe.data in ("ring", "grid") else 1 if recipe.data == "gauss1d" else 7
    checks = []
    for name, net in zip("GD", _networks(small, dim, seed)):
        report = gradcheck(net, rows=ROWS, seed=seed)
        checks += [replace(check, place=f"{name} {check.place}") for check in report.checks]
    G, D = _networks(small, dim, seed)
    checks += check_game(G, D, small.algorithm, small.k, small.loss, small.noise, seed).checks
    return Report(tuple(checks), "complex")


def check_all(seed=0):
    """Every layer, every recipe and every form of the game: a table with a line for each as text,
    and whether all passed.
    """
    every = [
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
    reports = {
        "every layer": gradcheck(every, rows=ROWS, seed=seed),
        "learning rules": Report(check_rules(seed), "formula"),
    }
    reports |= {f"recipe {recipe.name}": check_recipe(recipe, seed) for recipe in RECIPES.values()}
    for loss in G_LOSSES:
        for k in (1, 2, 5):
            networks = _networks(reduced(RECIPES["mnist"]), 7, seed)
            reports[f"algorithm1, k = {k}, {loss}"] = check_game(
                *networks, "algorithm1", k, loss, seed=seed
            )
    reports["authors2014"] = check_game(
        *_networks(reduced(RECIPES["mnist"]), 7, seed), "authors2014", seed=seed
    )
    width = max(map(len, reports))
    lines = [
        f"{'checked':{width}} {'tensors':>8} {'numbers':>8} {'worst error':>12} {'allowed':>8}  "
        f"verdict"
    ]
    for name, report in reports.items():
        worst, numbers = (
            max(check.error for check in report.checks),
            sum(check.checked for check in report.checks),
        )
        verdict = "ok" if report.passed else f"{len(report.failures)} not ok"
        lines.append(
            f"{name:{width}} {len(report.checks):8} {numbers:8,} {worst:12.1e} "
            f"{report.checks[0].tolerance:8.0e}  {verdict}"
        )
    lines += [
        f"{name}: {failure}" for name, report in reports.items() for failure in report.failures
    ]
    return lines, all(report.passed for report in reports.values())


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


@numpy.errstate(all="ignore")  # as gradcheck
def check_game(
    G, D, algorithm="algorithm1", k=1, loss="non_saturating", noise="uniform", seed=0, iterations=2
):
    """The Report of ∂V/∂θ_d and ∂L_G/∂θ_g in every update of `iterations` iterations of a game
    between G and D, in float64.

    algorithm1   θ_d ascends V (paper, Eq. 1); θ_g descends its loss through the updated, frozen,
                 dropped-out D
    authors2014  θ_d ascends ½V; θ_g descends −log D, both from the same pass
    `algorithm` may also be a function of one's own with the arguments of `algorithm1`, which is
    checked as that is.
    """
    play = algorithm if callable(algorithm) else None
    algorithm = "algorithm1" if play else algorithm
    for net in (G, D):
        check_network(net)
    named = streams(seed)
    witness = _Witness(G, D, algorithm, loss, named)
    p_data, p_z = _Kept("x", _Blobs(named["data"])), _Kept("z", Noise(noise, named["noise"]))
    witness.p_data, witness.p_z = p_data, p_z
    rules = _Stopped(Momentum(G), witness, "G"), _Stopped(Momentum(D), witness, "D")
    if algorithm == "algorithm1":
        play = play or algorithm1
        game = play(G, D, p_data, p_z, *rules, witness, ROWS, k, loss)
    else:
        game = authors2014(G, D, p_data, p_z, *rules, witness, ROWS)
    try:
        for _ in range(iterations):
            next(game)
    except NumpyganError:
        raise
    except Exception as error:  # whatever a wrong layer or game raises is its verdict
        witness.wrong("G", f"the game raises {type(error).__name__}: {error}")
    witness.check_moves(["D"] * (k if algorithm == "algorithm1" else 1) + ["G"], iterations)
    return Report(tuple(witness.checks), "complex")


class _Blobs:
    """Some p_data."""

    def __init__(self, stream):
        self._stream = stream

    def minibatch(self, out):
        self._stream.uniform(out, 0.0, 1.0)


class _Kept:
    """A source that keeps a copy of the minibatch it drew last, and whether an update has come
    since.
    """

    def __init__(self, name, source):
        self.name, self._source, self.fresh = name, source, False

    def minibatch(self, out):
        self._source.minibatch(out)
        self.last, self.fresh = out.copy(), True


class _Stopped:
    """A learning rule that stops the clock before it moves."""

    def __init__(self, rule, witness, name):
        self.net, self._rule, self._witness, self._name = rule.net, rule, witness, name

    def ascend(self):
        self._witness.check(self._name, "ascend")
        self._rule.ascend()
        self._witness.remember()

    def descend(self):
        self._witness.check(self._name, "descend")
        self._rule.descend()
        self._witness.remember()


class _Witness:
    """Draws D's dropout masks and keeps them; recomputes the game at each update, from the formulas
    as the paper prints them.
    """

    def __init__(self, G, D, algorithm, loss, named):
        self.G, self.D, self.algorithm, self.loss = G, D, algorithm, loss
        self._dropout, self._stream = named["dropout"], named["sample"]
        self._layers_with_masks = sum(layer.random for layer in D.layers)
        self.masks, self.checks, self.moves = [], [], []
        self.remember()

    def keep(self, out, keep):
        """Stands in for the dropout stream."""
        self._dropout.keep(out, keep)
        self.masks = (self.masks + [out.copy()])[-self._layers_with_masks :]

    def remember(self):
        self.thetas = {"G": self.G.theta.copy(), "D": self.D.theta.copy()}

    def check(self, name, direction):
        """The update that is about to happen: who has moved since the last one, which way, along
        what.
        """
        self.moves.append(name)
        for other, net in (("G", self.G), ("D", self.D)):
            if not numpy.array_equal(self.thetas[other], net.theta, equal_nan=True):
                self.wrong(other, "θ has moved between two updates")
        if direction != {"D": "ascend", "G": "descend"}[name]:
            self.wrong(name, f"θ {direction}s; D ascends V, G descends its loss")
        # G learns from the pass that D learns from
        one_pass = name == "G" and self.algorithm == "authors2014"
        for source in () if one_pass else (self.p_z, self.p_data)[: 2 if name == "D" else 1]:
            if not source.fresh:
                self.wrong(
                    name, f"no minibatch of {source.name} has been drawn since the last update"
                )
            source.fresh = False
        rows = [ROWS if name == "G" else 2 * ROWS] * self._layers_with_masks
        if not one_pass and [len(mask) for mask in self.masks] != rows:
            self.wrong(name, "no dropout masks have been drawn for its pass")
        else:
            self._check_d() if name == "D" else self._check_g()
        self.masks = []

    def check_moves(self, iteration, iterations):
        """Whether as many updates came, and in the order, as the algorithm says."""
        if self.moves != iteration * iterations:
            self.wrong(
                "G",
                f"the updates were {' '.join(self.moves)}, expected {' '.join(iteration)} in each "
                f"iteration",
            )

    def wrong(self, name, hint):
        place = f"{self.algorithm}, update {self.moves.count(name)} of {name}"
        size = self.thetas[name].size
        self.checks.append(
            Check(place, f"theta_{name.lower()}", WRONG, numpy.inf, 0.0, size, size, hint=hint)
        )

    def _check_d(self):
        x, z = self.p_data.last, self.p_z.last
        self.theta_d = self.D.theta.copy()  # authors2014 teaches G with this D
        self.drawn = [mask.copy() for mask in self.masks]
        generated = self._forward(self.G, z, [])
        share = 1.0 if self.algorithm == "algorithm1" else 0.5

        def value(theta_d):
            probability = _sigmoid(
                self._forward(self.D, numpy.concatenate([x, generated]), self.drawn, theta_d)
            )
            real, fake = probability[: len(x)], probability[len(x) :]
            return share * (numpy.log(real).mean() + numpy.log(1 - fake).mean())

        self._compare("D", value)

    def _check_g(self):
        z = self.p_z.last
        if self.algorithm == "algorithm1":
            theta_d, masks = self.D.theta.copy(), self.masks
        else:
            theta_d, masks = self.theta_d, [mask[len(z) :] for mask in self.drawn]

        def value(theta_g):
            generated = self._forward(self.G, z, [], theta_g)
            probability = _sigmoid(self._forward(self.D, generated, masks, theta_d))
            return _PRINTED_LOSSES[self.loss](probability)

        self._compare("G", value)

    def _compare(self, name, value):
        net = self.D if name == "D" else self.G
        place = f"{self.algorithm}, update {self.moves.count(name)} of {name}"
        point = net.theta.copy()
        self.checks.append(
            compare(
                place,
                f"theta_{name.lower()}",
                net.grad.copy(),
                value,
                point,
                self._stream,
                "complex",
                ROWS,
            )
        )

    def _forward(self, net, x, masks, theta=None):
        """The complex forward pass of a network of its own."""
        twin = net.copy("complex128")
        if theta is not None:
            twin.theta = theta.astype("complex128")
        tape, masks = twin.tape(len(x)), iter(masks)
        for layer, t in zip(twin.layers, tape.layers):
            if layer.random:
                t.mask[...] = next(masks)
        tape.drawn[...] = True
        return twin.forward(x.astype("complex128"), tape)


def _sigmoid(a):
    return 1 / (1 + numpy.exp(-a))
