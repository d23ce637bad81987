"""Compare optimizers, average and schedules with their formulas.

The recipes give the number of updates and the constants.
"""

from dataclasses import replace
from itertools import product

import numpy

from ..arrays import Stream, normal, uniform
from ..gan.average import Average
from ..nn.layers import Affine
from ..nn.mlp import MLP
from ..nn.optimizers import OPTIMIZERS
from ..recipes.builtin import RECIPES
from .verdicts import judge, judge_all

_ETA = 0.1
_MU = 0.5, 0.0  # Adam at β₁ = 0 has a formula of its own
# Updates of a small network; of one whose θ has several pieces (PIECE in nn/optimizers.py).
_LONG, _SHORT = 2500, 3
_TURNS = (0, 1, 2, 3, 4, 5, 10, 99, 100, 1000, 10_000, 100_000, 1_000_000)  # iterations of a run
LARGE = 1200, 1200  # widths of an Affine whose θ has several pieces
_MANY = 100_000  # if there are more numbers, only the worst one is judged
_TOLERANCE = {"float32": 1e-4, "float64": 1e-11}


class Formula:
    """An optimizer written out for whole vectors: `move(θ, g, η, μ)` is the next θ."""

    def __init__(self, name, beta=0.0, epsilon=0.0):
        self.name, self.beta, self.epsilon = name, beta, epsilon
        self.v = self.s = 0.0
        self.t = 0

    def move(self, theta, g, eta, mu):
        self.t += 1
        if self.name == "momentum":  # v ← μ v − η g,  θ ← θ + v
            self.v = mu * self.v - eta * g
            return theta + self.v
        # Kingma and Ba 2015, Algorithm 1
        self.v, self.s = mu * self.v + (1 - mu) * g, self.beta * self.s + (1 - self.beta) * g**2
        v, s = self.v / (1 - mu**self.t), self.s / (1 - self.beta**self.t)
        return theta - eta * v / (numpy.sqrt(s) + self.epsilon)


@numpy.errstate(all="ignore")  # as gradcheck
def check_optimizers(seed=0):
    """A Check for each optimizer and direction in a large network, and for each recipe."""
    checks = []
    for name, mu in product(OPTIMIZERS, _MU):
        for direction, dtype in (
            ("descend", "float64"),
            ("ascend", "float64"),
            ("descend", "float32"),
        ):
            optimizer = OPTIMIZERS[name](MLP([Affine(*LARGE)], dtype), _ETA, mu)
            place = f"optimizer {name}, momentum {mu}, {dtype if dtype == 'float32' else direction}"
            checks.append(_check_optimizer(place, optimizer, direction, _SHORT, seed))
    for done in _TURNS[-5:]:
        optimizer = OPTIMIZERS["adam"](MLP([Affine(3, 2)], "float64"), _ETA)
        place = f"optimizer adam, after {done:,} updates"
        checks.append(_check_optimizer(place, optimizer, "descend", _SHORT, seed, done=done))
    for recipe in RECIPES.values():
        checks.append(_check_recipe(recipe, seed))
        checks.append(_check_schedules(recipe))
    return (*checks, *_check_constants(seed), *check_average(seed))


def _check_optimizer(
    place, optimizer, direction, updates, seed, schedule=None, max_norm=None, done=0
):
    """Compare θ after many updates. `schedule(t)` gives the rate and momentum of update t; the
    optimizer counts `done` updates before.
    """
    stream, net = Stream(seed), optimizer.net
    if max_norm is not None:  # else θ starts at 0, so that float32 keeps small moves, too
        net.initialize(stream)
    start = net.theta.astype("float64")
    constants = ("momentum",)
    if hasattr(optimizer, "beta2"):
        constants = "adam", optimizer.beta2, optimizer.epsilon
    theta, formula = start.copy(), Formula(*constants)
    optimizer.updates = formula.t = done
    sizes = 10 ** uniform(net.theta.size, -5, 2, stream)
    for t in range(updates):
        if schedule is not None:
            optimizer.learning_rate, optimizer.momentum = schedule(t)
        g = normal(net.theta.size, stream) * sizes  # gradients of many sizes, which change
        net.grad[...] = g * (1 + 3 * (t % 7 == 0))
        getattr(optimizer, direction)()
        sign = 1 if direction == "descend" else -1
        eta, mu = optimizer.learning_rate, optimizer.momentum
        theta = formula.move(theta, sign * net.grad.astype("float64"), eta, mu)
        if max_norm is not None:
            theta = _limited(net, theta, max_norm)
    moved, expected = net.theta - start, theta - start
    if formula.name == "momentum" and max_norm is None:  # moves are proportional to gradients
        moved, expected = moved / sizes, expected / sizes
    largest, gap = float(abs(expected).max()), abs(moved - expected)
    gap[~numpy.isfinite(gap)] = numpy.inf
    worst = numpy.argpartition(gap, -1)[-1:] if gap.size > _MANY else numpy.arange(gap.size)
    check = judge(
        place,
        "theta",
        moved[worst],
        expected[worst],
        shape=moved.shape,
        indices=[(int(i),) for i in worst],
        largest=largest,
        tolerance=_TOLERANCE[str(net.dtype)],
    )
    return replace(check, checked=moved.size)


def _limited(net, theta, max_norm):
    """θ with the length of every column of every W limited."""
    theta, start = theta.copy(), 0
    for layer in net.layers:
        n = layer.n_in * layer.n_out
        W = theta[start : start + n].reshape(layer.n_in, layer.n_out)
        for column in W.T:
            column *= min(1.0, max_norm / max(numpy.sqrt((column**2).sum()), 1e-300))
        start += n + layer.n_out
    return theta


def _check_recipe(recipe, seed):
    """D's optimizer in a recipe, with its rate, momentum and limit over the run."""
    limit = recipe.max_norm or None
    net = MLP([Affine(3, 2), Affine(2, 2), Affine(2, 2), Affine(2, 4)], "float64")
    optimizer = OPTIMIZERS[recipe.rule](net, recipe.learning_rate_d, recipe.momentum, limit)

    def schedule(t):
        return recipe.learning_rates(t)[1], recipe.momentum_in(1 + t // 10)

    updates = 400 if limit else _LONG
    return _check_optimizer(
        f"optimizer of {recipe.name}", optimizer, "ascend", updates, seed, schedule, limit
    )


def _check_constants(seed):
    """Each optimizer, as G's, with constants that no recipe has; the rate falls.

    In float64 over many updates, and in float32, the dtype of training.
    """
    checks = []
    for name, constants in (
        ("momentum", {"momentum": 0.0, "max_norm": 0.3}),
        ("momentum", {"momentum": 0.99}),
        ("adam", {"momentum": 0.0, "max_norm": 0.3}),
        ("adam", {"momentum": 0.9, "decay": 0.9999, "epsilon": 1e-3}),
    ):
        limit, mu = constants.get("max_norm"), constants["momentum"]
        for dtype, updates in (("float64", 400 if limit else _LONG), ("float32", 300)):
            optimizer = OPTIMIZERS[name](
                MLP([Affine(3, 2), Affine(2, 1)], dtype), 1e-3, **constants
            )
            said = ", ".join(f"{key} {value}" for key, value in constants.items())
            place = f"optimizer {name}, {said}, {dtype}"
            schedule = lambda t, mu=mu: (1e-3 / (1 + t / 100), mu)
            checks.append(
                _check_optimizer(place, optimizer, "descend", updates, seed, schedule, limit)
            )
    return checks


def _check_schedules(recipe):
    """Learning rates and momentum at iterations and epochs early and late."""
    found, expected = [], []
    for t in _TURNS:
        found += recipe.learning_rates(t)
        for rate in (recipe.learning_rate_g, recipe.learning_rate_d):
            falls = rate * numpy.exp(-t * numpy.log(recipe.learning_rate_decay))
            expected.append(max(recipe.learning_rate_floor, falls))
    last = max(2, recipe.momentum_epochs)
    for epoch in (1, 2, 3, 10, last - 1, last, last + 1, 10 * last):
        found.append(recipe.momentum_in(epoch))
        at = numpy.interp(epoch, [1, last], [recipe.momentum, recipe.momentum_final])
        expected.append(at)
    found, expected = numpy.array(found, float), numpy.array(expected, float)
    size = numpy.maximum(abs(expected), 1e-300)
    return judge_all(
        f"schedules of {recipe.name}", "η, μ", found / size, expected / size, 1.0, 1e-9
    )


def check_average(seed=0):
    """A Check for each β: θ̄ ← θ̄ + (1 − min(β, (t − 1)/(t + 2))) (θ − θ̄), early and late."""
    checks, recipes = [], {(recipe.average, recipe.average_every) for recipe in RECIPES.values()}
    each = {(beta, 1) for beta in (0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)}
    for beta, every in sorted((each | recipes) - {(0.0, 1)}):
        large = [400] if beta == 0.9 else []  # θ has more than one piece
        for width in (2, *large):
            for dtype in ("float64", "float32"):
                net = MLP([Affine(width, width)], dtype)
                checks.append(_check_average(net, beta, every, Stream(seed)))
    return checks


def _check_average(net, beta, every, stream):
    """The Check of the average after the update at which it is farthest from its formula."""
    net.initialize(stream)
    average, mean, worst = Average(net, beta, every), net.theta.astype("float64"), -1.0
    full = int((1 + 2 * beta) / (1 - beta))  # about where β is reached
    turns = [*range(1, 200), *range(full - 3, full + 50), 10 * full, 100 * full]
    for t in turns if net.theta.size < 100 else turns[-4:]:
        stream.normal(net.theta)
        average.update(t)
        if t < every:
            mean = net.theta.astype("float64")
        elif t % every == 0:
            j = t // every
            mean += (1 - min(beta**every, (j - 1) / (j + 2))) * (net.theta - mean)
        gap = abs(average.net.theta - mean).max()
        if not gap <= worst:
            worst, found, expected = gap, average.net.theta.astype("float64"), mean.copy()
    place = f"average, β = {beta}" + f", every {every}th iterate" * (every > 1)
    place += ", float32" * (net.dtype == "float32")
    tolerance = {"float64": 1e-12, "float32": 1e-4}[str(net.dtype)]
    return judge_all(place, "theta", found, expected, float(abs(expected).max()), tolerance)
