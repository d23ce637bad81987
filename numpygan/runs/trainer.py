"""Everything that changes while a recipe is trained, and how one iteration changes it."""

import math
import zlib

import numpy

from ..arrays import all_finite, streams, to_host
from ..data.sources import TOYS, Mixture, Noise, Shuffled
from ..errors import Diverged, NumpyganError
from ..gan.algorithm1 import algorithm1
from ..gan.authors2014 import authors2014
from ..gan.average import Average
from ..nn.optimizers import RULES
from ..ranks import ALONE
from ..reading import LARGEST
from ..recipes.networks import build
from .parallel import share

_MOST = 10**15  # iterations; more than anybody can make
_ADVICE = "the last good checkpoint is kept; try smaller learning rates or momentum"


class Training:
    """A recipe in training: the networks, their rules, the streams, the data, and the number of
    iterations made.

    advance()   one iteration
    state()     what a checkpoint holds; restore(state) goes on from it bit for bit

    Over several `ranks` all of it is the same on each of them; only the tapes of `game` hold a
    rank's rows alone.
    """

    def __init__(self, recipe, dataset, xp, ranks=ALONE):
        self.recipe, self.xp, self._ranks = recipe, xp, ranks
        self._image_shape = dataset.image_shape or () if dataset else ()
        self.streams = streams(recipe.seed)
        if dataset is None:
            self.p_data = Mixture(*TOYS[recipe.data](), self.streams["data"], xp)
            dim = self.p_data.means.shape[1]
        else:
            self.p_data = Shuffled(dataset.train, self.streams["data"], xp)
            dim = dataset.dim
        self.G, self.D = build(
            recipe, dim, xp, _visible_bias(recipe, dataset) if recipe.bias == "mean" else 0.0
        )
        self.G.initialize(self.streams["init"])
        self.D.initialize(self.streams["init"])
        rule = RULES[recipe.rule]
        self.rule_g = rule(self.G, recipe.learning_rate_g, recipe.momentum)
        self.rule_d = rule(self.D, recipe.learning_rate_d, recipe.momentum, recipe.max_norm or None)
        self.average = Average(self.G, recipe.average) if recipe.average else None
        self.p_z = Noise(recipe.noise, self.streams["noise"])
        args = (
            self.p_data,
            self.p_z,
            self.rule_g,
            self.rule_d,
            self.streams["dropout"],
            recipe.batch,
        )
        args = self.G, self.D, *share(ranks, *args)
        m_r = args[-1]  # this rank's rows
        # Of three means and a sum
        self._shares = xp.asarray(numpy.array([m_r / recipe.batch] * 3 + [1], self.G.dtype))
        self._games = (
            algorithm1(*args, recipe.k, recipe.loss)
            if recipe.algorithm == "algorithm1"
            else authors2014(*args)
        )
        self.game = None
        self.iterations_per_epoch = max(1, self.p_data.size // (recipe.batch * recipe.k))
        self.iteration = 0
        # Of V, D(x), D(G(z)) and the logits since the last restart
        self._sums, self._count = xp.zeros(4), 0

    @property
    def epoch(self):
        """Passes over the data made so far."""
        return self.iteration / self.iterations_per_epoch

    def advance(self):
        """One iteration of the recipe's algorithm."""
        rates = self.recipe.learning_rates(self.iteration)
        momentum = self.recipe.momentum_in(1 + self.iteration // self.iterations_per_epoch)
        for rule, rate in zip((self.rule_g, self.rule_d), rates):
            rule.learning_rate, rule.momentum = rate, momentum
        self.game = next(self._games)
        self.iteration += 1
        if self.average:
            self.average.update(self.iteration)
        self._sums += self._ranks.mean(self.game.scores(), self._shares, self.xp)
        self._count += 1

    @property
    def sampler(self):
        """The network that samples come from: G, or the average of its iterates if the recipe has
        one.
        """
        return self.average.net if self.average else self.G

    def means(self, restart=False):
        """The means of V, D(x) and D(G(z)) over the iterations since the last restart, on the host
        (waits for a GPU).
        """
        means = to_host(self._sums)[:3] / max(1, self._count)
        if restart:
            self._sums, self._count = self.xp.zeros(4), 0
        return means

    def check_finite(self):
        """Raise Diverged, naming network and layer, if V, a logit or a parameter is not finite
        (waits for a GPU).
        """
        if not all_finite(self.xp, self._sums):
            raise Diverged(
                f"training diverged at iteration {self.iteration}: {self._first_of_all_ranks()}; "
                f"{_ADVICE}."
            )
        # θ·θ is not finite if a parameter isn't; it may overflow, so the parameters decide.
        if not all(
            all_finite(self.xp, self.xp.dot(net.theta, net.theta)) for net in (self.D, self.G)
        ):
            self.check_parameters()

    def check_replicas(self):
        """Raise NumpyganError unless every rank has the same θ, bit for bit (waits for a GPU)."""
        mine = [zlib.crc32(to_host(net.theta)) for net in (self.G, self.D)]
        differing = [rank for rank, theirs in enumerate(self._ranks.gather(mine)) if theirs != mine]
        if differing:
            raise NumpyganError(
                f"ranks: θ of rank {differing[0]} is not that of rank {self._ranks.rank} at "
                f"iteration {self.iteration}, so an Allreduce or a machine computes wrongly; the "
                "last checkpoint is kept."
            )

    def check_parameters(self):
        """Raise Diverged, naming network and layer, if a parameter is not finite: such a state is
        never saved.
        """
        for name, net in (("D", self.D), ("G", self.G)):
            for index, layer in enumerate(net.layers):
                for parameter in layer.shapes():
                    if not all_finite(self.xp, getattr(layer, parameter)):
                        raise Diverged(
                            f"training diverged at iteration {self.iteration}: {parameter} of "
                            f"{name}'s layer {index}, {layer}, is not finite; {_ADVICE}."
                        )

    def _first_of_all_ranks(self):
        """Where the first value that isn't finite came from, and the rank if it was one: by the
        gradient it spreads to all.
        """
        places = self._ranks.gather(self._first_not_finite())
        first = min(
            (place for place in places if place),
            default=(0, 0, "V, or the sum of all logits, is not finite"),
        )
        one = self._ranks.size > 1 and places.count(first) == 1
        return f"{first[-1]} (rank {places.index(first)})" if one else first[-1]

    def _first_not_finite(self):
        """Where this rank's first value that isn't finite came from: pass, layer, and both in
        words; None if all are finite.
        """
        game = self.game
        passes = [("D", game.pass_d)]
        if not all_finite(self.xp, game.fake.x):
            passes.insert(0, ("G", game.pass_g))
        for name, tape in passes:
            for index, (layer, t) in enumerate(zip(tape.net.layers, tape.layers)):
                if not all_finite(self.xp, t.y):
                    return (
                        name == "D",
                        index,
                        f"the output of {name}'s layer {index}, {layer}, is not finite",
                    )
        if all_finite(self.xp, game.pass_dg.y):
            return None
        last = f"the output of D's layer {len(self.D.layers) - 1}, {self.D.layers[-1]}"
        return 2, 0, f"a logit of the G step is not finite, {last}"

    def state(self):
        """What a checkpoint holds, on the host: θ, the rules' states, every stream's, the position
        in the data order.
        """
        state = {"iteration": self.iteration, "sums": to_host(self._sums), "count": self._count}
        # To draw samples without the data
        state |= {"dim": self.G.n_out, "image_shape": numpy.array(self._image_shape, "int64")}
        for suffix, net, rule in (("g", self.G, self.rule_g), ("d", self.D, self.rule_d)):
            state[f"theta_{suffix}"] = to_host(net.theta)
            state |= {f"{name}_{suffix}": value for name, value in rule.state().items()}
        if self.average:
            state["average_g"] = to_host(self.average.net.theta)
        state |= {f"stream_{name}": stream.state for name, stream in self.streams.items()}
        return state | self.p_data.state()

    def restore(self, state):
        """Go on from `state`.

        Raises NumpyganError if it is of another architecture, dtype or rule.
        """
        for name, mine in self.state().items():
            if name not in state:
                raise NumpyganError(
                    f"resume: the checkpoint has no {name}; it was made by another recipe or "
                    f"version."
                )
            shape, dtype = numpy.shape(mine), numpy.asarray(mine).dtype
            if state[name].shape != shape or (dtype.kind != "U" and state[name].dtype != dtype):
                raise NumpyganError(
                    f"resume: {name} in the checkpoint is {state[name].dtype} {state[name].shape}, "
                    f"the recipe's networks and data have {dtype} {shape}; resume with the "
                    "architecture that the run was started with."
                )
        names = "iteration", "count", "updates_g", "updates_d"
        counters = {name: int(state[name]) for name in names}
        if not all(0 <= number <= _MOST for number in counters.values()):
            words = ", ".join(f"{name} {number}" for name, number in counters.items())
            raise NumpyganError(
                f"resume: the checkpoint counts {words}, expected 0 to 10¹⁵; use another "
                f"checkpoint."
            )
        if not (numpy.abs(state["sums"]) <= LARGEST).all():
            raise NumpyganError(
                "resume: sums in the checkpoint hold a huge number, or none; use another "
                "checkpoint."
            )
        for suffix, net, rule in (("g", self.G, self.rule_g), ("d", self.D, self.rule_d)):
            net.theta = self.xp.asarray(state[f"theta_{suffix}"])
            rule.restore(
                {
                    name[: -len(suffix) - 1]: value
                    for name, value in state.items()
                    if name.endswith(f"_{suffix}")
                }
            )
        if self.average:
            self.average.net.theta = self.xp.asarray(state["average_g"])
        for name, stream in self.streams.items():
            try:
                stream.state = str(state[f"stream_{name}"])
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
                raise NumpyganError(
                    f"resume: stream_{name} in the checkpoint is not the state of a random stream."
                ) from None
        self.p_data.restore(state)
        self.iteration, self._count = int(state["iteration"]), int(state["count"])
        self._sums = self.xp.asarray(state["sums"])


def _visible_bias(recipe, dataset):
    """The bias b of G's visible layer for which G(0) is the mean training example x̄.

    sigmoid  b = log x̄ − log(1 − x̄);  tanh  b = artanh x̄;  linear  b = x̄
    x̄ is clipped away from the ends, as in the authors' code.
    """
    scale = 1 / 255 if dataset.train.dtype == numpy.uint8 else 1.0
    mean = dataset.train.mean(0, dtype="float64") * scale
    if recipe.generator[-1] == "linear":
        return mean
    if recipe.generator[-1] == "tanh":
        return numpy.arctanh(numpy.clip(mean, -1 + 1e-7, 1 - 1e-7))
    mean = numpy.clip(mean, 1e-7, 1 - 1e-7)
    return numpy.log(mean / (1 - mean))


def length(training):
    """The number of iterations that the recipe's run is long: its `iterations` or, where these are
    0, its `epochs` of the data.
    """
    recipe = training.recipe
    if recipe.iterations:
        return recipe.iterations
    iterations = recipe.epochs * training.iterations_per_epoch
    if iterations > 1e15:
        raise NumpyganError(
            f"epochs: {recipe.epochs:g} would never end; expected fewer than 10¹⁵ iterations."
        )
    return max(1, math.ceil(iterations))
