"""Compare the gradients of a whole game with the complex step.

The real algorithm runs. Its optimizers are replaced: at each update they first compare `grad` with
the derivative of the paper's value function, recomputed from θ, the minibatches and the masks.
"""

from dataclasses import replace

import numpy

from ..arrays import streams
from ..data.sources import Noise
from ..errors import NumpyganError
from ..gan.algorithm1 import algorithm1
from ..gan.authors2014 import authors2014
from ..nn.optimizers import Momentum
from .compare import compare
from .derivative import allowed
from .each_layer import check_network
from .oracles import complex_step
from .report import Report
from .verdicts import OK, WRONG, Check

ROWS = 5  # of a minibatch: more than 1 and not 2, so that a missing 1/m can't hide


_PRINTED_LOSSES = {  # of G, as a function of the logit of D(G(z)); 1 − σ(a) is σ(−a)
    "saturating": lambda a: numpy.log(_sigmoid(-a)).mean(),
    "non_saturating": lambda a: -numpy.log(_sigmoid(a)).mean(),
    "maximum_likelihood": lambda a: -(_sigmoid(a) / _sigmoid(-a)).mean() / 2,
}


@numpy.errstate(all="ignore")  # as gradcheck
def check_game(
    G,
    D,
    algorithm="algorithm1",
    k=1,
    loss="non_saturating",
    noise="uniform",
    seed=0,
    iterations=2,
    rows=ROWS,
    numbers=2,
):
    """Check ∂V/∂θ_d and ∂L_G/∂θ_g in every update of a game between G and D; returns a Report.

    algorithm1   θ_d ascends V (paper, Eq. 1); θ_g descends its loss through the updated, frozen,
                 dropped-out D
    authors2014  θ_d ascends ½V; θ_g descends −log D, both from the same pass

    `algorithm` may also be a function of your own with the arguments of `algorithm1`, which is
    checked as that is.

    In the first `numbers` iterations of a game in float64 the gradient is checked number by number;
    later, and in float32, along one random direction for each update.
    """
    play = algorithm if callable(algorithm) else None
    algorithm = "algorithm1" if play else algorithm
    for net in (G, D):
        check_network(net, ("float64", "float32"))
    numbers = numbers if G.dtype == numpy.float64 else 0
    named = streams(seed)
    witness = _Witness(G, D, algorithm, loss, named, rows, {"D": numbers * k, "G": numbers})
    p_data, p_z = _Kept("x", _Blobs(named["data"])), _Kept("z", Noise(noise, named["noise"]))
    witness.p_data, witness.p_z = p_data, p_z
    rate = 0.1 if iterations <= 2 else 0.02  # a long game must not run away
    rules = _Stopped(Momentum(G, rate), witness, "G"), _Stopped(Momentum(D, rate), witness, "D")
    if algorithm == "algorithm1":
        play = play or algorithm1
        game = play(G, D, p_data, p_z, *rules, witness, rows, k, loss)
    else:
        game = authors2014(G, D, p_data, p_z, *rules, witness, rows)
    try:
        for _ in range(iterations):
            next(game)
    except NumpyganError:
        raise
    except Exception as error:  # whatever a wrong layer or game raises is its verdict
        witness.wrong("G", f"the game raises {type(error).__name__}: {error}")
    witness.check_moves(["D"] * (k if algorithm == "algorithm1" else 1) + ["G"], iterations)
    return Report((*witness.checks, *witness.later.values()), "complex")


class _Blobs:
    """Data for a check; many values lie far outside [0, 1]."""

    def __init__(self, stream):
        self._stream = stream

    def minibatch(self, out):
        self._stream.normal(out)
        out *= 2.5


class _Kept:
    """A source that keeps a copy of its last minibatch, and whether an update has used it."""

    def __init__(self, name, source):
        self.name, self._source, self.fresh = name, source, False

    def minibatch(self, out):
        self._source.minibatch(out)
        self.last, self.fresh = out.copy(), True


class _Stopped:
    """An optimizer that lets the witness check the gradient before it moves θ."""

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
    """Recomputes the game at each update by the paper's formulas; keeps D's dropout masks."""

    def __init__(self, G, D, algorithm, loss, named, rows, numbers):
        self.G, self.D, self.algorithm, self.loss = G, D, algorithm, loss
        self._rows, self._numbers, self.later = rows, numbers, {}
        self._dropout, self._stream = named["dropout"], named["sample"]
        self._layers_with_masks = sum(layer.random for layer in D.layers)
        self.masks, self.checks, self.moves = [], [], []
        self._twins, self._tapes = {net: net.copy("complex128") for net in (G, D)}, {}
        self.remember()

    def keep(self, out, keep):
        """Stands in for the dropout stream."""
        self._dropout.keep(out, keep)
        self.masks = (self.masks + [out.copy()])[-self._layers_with_masks :]

    def remember(self):
        self.thetas = {"G": self.G.theta.copy(), "D": self.D.theta.copy()}

    def check(self, name, direction):
        """Check the update that comes next: whose θ has moved, the direction, the gradient."""
        self.moves.append(name)
        for other, net in (("G", self.G), ("D", self.D)):
            if not numpy.array_equal(self.thetas[other], net.theta, equal_nan=True):
                self.wrong(other, "θ has moved between two updates")
        if direction != {"D": "ascend", "G": "descend"}[name]:
            self.wrong(name, f"θ {direction}s; D ascends V, G descends its loss")
        one_pass = (
            name == "G" and self.algorithm == "authors2014"
        )  # G learns from the pass that D learns from
        for source in () if one_pass else (self.p_z, self.p_data)[: 2 if name == "D" else 1]:
            if not source.fresh:
                self.wrong(
                    name, f"no minibatch of {source.name} has been drawn since the last update"
                )
            source.fresh = False
        rows = [self._rows * (1 if name == "G" else 2)] * self._layers_with_masks
        if not one_pass and [len(mask) for mask in self.masks] != rows:
            self.wrong(name, "no dropout masks have been drawn for its pass")
        else:
            self._check_d() if name == "D" else self._check_g()
        self.masks = []

    def check_moves(self, iteration, iterations):
        """Check the number of updates and their order."""
        if self.moves != iteration * iterations:
            n = len(iteration)
            each = [self.moves[i : i + n] for i in range(0, n * iterations, n)]
            first = next((i for i, moves in enumerate(each) if moves != iteration), iterations)
            shown = " ".join(self.moves[first * n : (first + 1) * n + 1]) or "none"
            self.wrong(
                "G",
                f"the updates from iteration {first + 1} on were {shown}, expected "
                f"{' '.join(iteration)} in each iteration",
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
            logit = self._forward(self.D, numpy.concatenate([x, generated]), self.drawn, theta_d)
            real, fake = logit[: len(x)], logit[len(x) :]
            return share * (numpy.log(_sigmoid(real)).mean() + numpy.log(_sigmoid(-fake)).mean())

        self._compare("D", value)

    def _check_g(self):
        z = self.p_z.last
        if self.algorithm == "algorithm1":
            theta_d, masks = self.D.theta.copy(), self.masks
        else:
            theta_d, masks = self.theta_d, [mask[len(z) :] for mask in self.drawn]

        def value(theta_g):
            generated = self._forward(self.G, z, [], theta_g)
            return _PRINTED_LOSSES[self.loss](self._forward(self.D, generated, masks, theta_d))

        self._compare("G", value)

    def _compare(self, name, value):
        net = self.D if name == "D" else self.G
        place = f"{self.algorithm}, update {self.moves.count(name)} of {name}"
        point, g = net.theta.copy(), net.grad.copy()
        if self.moves.count(name) <= self._numbers[name]:
            self.checks.append(
                compare(
                    place,
                    f"theta_{name.lower()}",
                    g,
                    value,
                    point,
                    self._stream,
                    "complex",
                    self._rows,
                )
            )
        else:
            self._compare_along(name, place, g.astype("float64"), value, point.astype("float64"))

    def _compare_along(self, name, place, g, value, point):
        """Compare along one direction; keep a player's worst update, or the first wrong one."""
        u, dtype = numpy.empty(g.size), str(self.G.dtype)
        self._stream.normal(u)
        analytic, numeric = float(g @ u), complex_step(value, point, u)
        size = float(numpy.abs(g * u).sum()) + 1e-12
        # In float32 a unit of D may fall on the other side of its kink: a part in 1,000.
        tolerance = 4e-3 if dtype == "float32" else max(1e-11, allowed(dtype, g.size, 1.0, 0.0))
        error = abs(analytic - numeric) / size
        right = error <= tolerance
        before = self.later.get(name)
        if before is not None and (not before.passed or right and error <= before.error):
            self.later[name] = replace(before, checked=before.checked + 1)
            return
        label = f"{self.algorithm}, {self._rows} rows, {dtype}, every update of {name}"
        self.later[name] = Check(
            label if right else f"{place} with {self._rows} rows, {dtype}",
            f"theta_{name.lower()}",
            OK if right else WRONG,
            error,
            tolerance,
            1 + (before.checked if before else 0),
            g.size,
            analytic=analytic,
            numeric=numeric,
        )

    def _forward(self, net, x, masks, theta=None):
        """The complex forward pass, by a network of its own, which the game never sees."""
        twin = self._twins[net]
        twin.theta = (net.theta if theta is None else theta).astype("complex128")
        if (net, len(x)) not in self._tapes:
            self._tapes[net, len(x)] = twin.tape(len(x))
        tape, masks = self._tapes[net, len(x)], iter(masks)
        for layer, t in zip(twin.layers, tape.layers):
            if layer.random:
                t.mask[...] = next(masks)
        tape.drawn[...] = True
        return twin.forward(x.astype("complex128"), tape).copy()


def _sigmoid(a):
    return 1 / (1 + numpy.exp(-a))
