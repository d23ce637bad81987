"""Training: everything that changes while a recipe is trained, and one iteration of it."""

import math
import zlib

import numpy

from ..arrays import all_finite, streams, to_host
from ..counter_stream import CounterStream
from ..data.sources import TOYS, Mixture, Noise, Shuffled
from ..errors import Diverged, NumpyganError
from ..gan.algorithm1 import algorithm1
from ..gan.authors2014 import authors2014
from ..gan.average import Average
from ..nn.layers import Affine
from ..nn.optimizers import OPTIMIZERS
from ..ranks import ALONE
from ..reading import LARGEST
from ..recipes.networks import build, draw_sparse, visible_bias
from .metrics_file import MOST_ITERATIONS
from .parallel import arguments_of_rank
from .score_sums import ScoreSums

_ADVICE = "the last good checkpoint is kept; try smaller learning rates or momentum"


class Training:
    """A recipe in training: networks, optimizers, random streams, data, number of iterations.

    advance()       one iteration
    state()         the content of a checkpoint
    restore(state)  continues from it, bit for bit

    With several `ranks` everything is the same on each, except the tapes of `game`, which hold the
    rank's own rows.
    """

    def __init__(self, recipe, dataset, xp, ranks=ALONE):
        self.recipe, self.xp, self._ranks = recipe, xp, ranks
        self._image_shape = dataset.image_shape or () if dataset else ()
        self.streams = streams(recipe.seed)
        if recipe.draws == "device":
            for name in ("noise", "dropout"):
                self.streams[name] = CounterStream(self.streams[name], xp)
        if dataset is None:
            self.p_data = Mixture(*TOYS[recipe.data](), self.streams["data"], xp)
            dim = self.p_data.means.shape[1]
        else:
            self.p_data = Shuffled(dataset.train, self.streams["data"], xp)
            dim = dataset.dim
        bias = visible_bias(recipe, dataset) if recipe.bias == "mean" else 0.0
        self.G, self.D = build(recipe, dim, xp, bias)
        self.G.initialize(self.streams["init"])
        if recipe.sparse:
            visible = [layer for layer in self.G.layers if isinstance(layer, Affine)][-1]
            draw_sparse(visible, recipe.sparse, self.streams["init"])
        self.D.initialize(self.streams["init"])
        kind = OPTIMIZERS[recipe.rule]
        limit_g, limit_d = recipe.max_norm_g or None, recipe.max_norm or None
        self.optimizer_g = kind(self.G, recipe.learning_rate_g, recipe.momentum, limit_g)
        self.optimizer_d = kind(self.D, recipe.learning_rate_d, recipe.momentum, limit_d)
        self._players = ("g", self.G, self.optimizer_g), ("d", self.D, self.optimizer_d)
        self.average = None
        if recipe.average:
            self.average = Average(self.G, recipe.average, recipe.average_every)
        self.p_z = Noise(recipe.noise, self.streams["noise"])
        self._algorithm = self._start(recipe.batch)
        rest = rest_of_epoch(recipe, self.p_data.size)
        self._last_of_epoch = self._start(rest) if rest else None
        self.game = None
        self.iterations_per_epoch = iterations_in_epoch(recipe, self.p_data.size)
        self.iteration = 0
        self._scores = ScoreSums(xp, ranks)  # since the last restart

    def _start(self, m):
        """(algorithm, weights): the recipe's algorithm as a generator, for minibatches of m rows.

        weights (4,) combine the scores of the ranks: m_rank/m for the three means, 1 for the sum.
        """
        recipe, masks = self.recipe, self.streams["dropout"]
        optimizers = self.optimizer_g, self.optimizer_d
        args = arguments_of_rank(self._ranks, self.p_data, self.p_z, *optimizers, masks, m)
        if recipe.algorithm == "algorithm1":
            algorithm = algorithm1(self.G, self.D, *args, recipe.k, recipe.loss)
        else:
            algorithm = authors2014(self.G, self.D, *args)
        part = args[-1] / m
        return algorithm, self.xp.asarray(numpy.array([part] * 3 + [1], self.G.dtype))

    @property
    def epoch(self):
        """Passes over the data made so far."""
        return self.iteration / self.iterations_per_epoch

    def advance(self):
        """One iteration of the recipe's algorithm."""
        rates = self.recipe.learning_rates(self.iteration)
        momentum = self.recipe.momentum_in(1 + self.iteration // self.iterations_per_epoch)
        for optimizer, rate in zip((self.optimizer_g, self.optimizer_d), rates):
            optimizer.learning_rate, optimizer.momentum = rate, momentum
        at_end = (self.iteration + 1) % self.iterations_per_epoch == 0
        last = self._last_of_epoch if at_end else None
        algorithm, weights = last or self._algorithm
        self.game = next(algorithm)
        self.iteration += 1
        if self.average:
            self.average.update(self.iteration)
        self._scores.add(self.game, weights)

    @property
    def sampler(self):
        """The network that makes samples: G, or the average of its iterates."""
        return self.average.net if self.average else self.G

    def means(self, restart=False):
        """The means of V, D(x) and D(G(z)) since the last restart, on the host.

        Waits for a GPU.
        """
        means = to_host(self._scores.sums())[:3] / max(1, self._scores.count)
        if restart:
            self._scores.restart()
        return means

    def check_finite(self, sums=True):
        """Raise Diverged, naming network and layer, if V, a logit or a parameter is not finite.

        Waits for a GPU. With `sums=False` V and the logits are only looked at if their sums are
        complete or a parameter is not finite; this is faster.
        """
        # θ·θ is not finite if a parameter is not. It may also overflow, so look at each parameter.
        squares = [self.xp.dot(net.theta, net.theta) for net in (self.D, self.G)]
        finite = all(all_finite(self.xp, square) for square in squares)
        if finite and not sums and not self._scores.complete:
            return
        if not all_finite(self.xp, self._scores.sums()):
            raise Diverged(
                f"training diverged at iteration {self.iteration}: {self._first_of_all_ranks()}; "
                f"{_ADVICE}."
            )
        if not finite:
            self.check_parameters()

    def check_replicas(self):
        """Raise NumpyganError unless every rank has the same θ, bit for bit (waits for a GPU)."""
        mine = [zlib.crc32(to_host(net.theta)) for net in (self.G, self.D)]
        differing = [rank for rank, theirs in enumerate(self._ranks.gather(mine)) if theirs != mine]
        if differing:
            raise NumpyganError(
                f"ranks: θ of rank {differing[0]} differs from θ of rank {self._ranks.rank} at "
                f"iteration {self.iteration}, so an Allreduce or a machine computes wrongly; the "
                "last checkpoint is kept."
            )

    def check_parameters(self):
        """Raise Diverged, naming network and layer, if a parameter is not finite.

        Such a state is never saved.
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
        """The words for the first value that is not finite, with its rank if only one rank has it.

        The gradient spreads such a value to all ranks.
        """
        places = self._ranks.gather(self._first_not_finite())
        first = min(
            (place for place in places if place),
            default=(0, 0, "V, or the sum of all logits, is not finite"),
        )
        one = self._ranks.size > 1 and places.count(first) == 1
        return f"{first[-1]} (rank {places.index(first)})" if one else first[-1]

    def _first_not_finite(self):
        """This rank's first value that is not finite: (pass, layer, words), or None."""
        game = self.game
        passes = [("D", game.pass_d)]
        if not all_finite(self.xp, game.fake.x):
            passes.insert(0, ("G", game.pass_g))
        for name, tape in passes:
            for index, (layer, t) in enumerate(zip(tape.net.layers, tape.layers)):
                if not all_finite(self.xp, t.y):
                    words = f"the output of {name}'s layer {index}, {layer}, is not finite"
                    return name == "D", index, words
        if all_finite(self.xp, game.pass_dg.y):
            return None
        last = f"the output of D's layer {len(self.D.layers) - 1}, {self.D.layers[-1]}"
        return 2, 0, f"a logit of the G step is not finite, {last}"

    def state(self):
        """The content of a checkpoint, on the host.

        θ, the states of the optimizers and random streams, and the position in the order of the
        data.
        """
        sums, count = to_host(self._scores.sums()), self._scores.count
        state = {"iteration": self.iteration, "sums": sums, "count": count}
        # These two make it possible to draw samples without the data.
        state |= {"dim": self.G.n_out, "image_shape": numpy.array(self._image_shape, "int64")}
        for suffix, net, optimizer in self._players:
            state[f"theta_{suffix}"] = to_host(net.theta)
            state |= {f"{name}_{suffix}": value for name, value in optimizer.state().items()}
        if self.average:
            state["average_g"] = to_host(self.average.net.theta)
        state |= {f"stream_{name}": stream.state for name, stream in self.streams.items()}
        return state | self.p_data.state()

    def restore(self, state):
        """Continue from `state`.

        Raises NumpyganError if it is of another architecture, dtype or optimizer, or damaged.
        """
        state = self._with_sums(state)
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
        if not all(0 <= number <= MOST_ITERATIONS for number in counters.values()):
            words = ", ".join(f"{name} {number}" for name, number in counters.items())
            raise NumpyganError(
                f"resume: the checkpoint counts {words}, expected 0 to 10¹⁵; use another "
                f"checkpoint."
            )
        if not (numpy.abs(state["sums"]) <= LARGEST).all():
            raise NumpyganError(
                "resume: the sums in the checkpoint hold NaN or a huge number; use another "
                "checkpoint."
            )
        for suffix, net, optimizer in self._players:
            net.theta = self.xp.asarray(state[f"theta_{suffix}"])
            end = f"_{suffix}"
            own = {name: value for name, value in state.items() if name.endswith(end)}
            optimizer.restore({name.removesuffix(end): value for name, value in own.items()})
        if self.average:
            self.average.net.theta = self.xp.asarray(state["average_g"])
        for name, stream in self.streams.items():
            try:
                stream.state = str(state[f"stream_{name}"])
            except (NumpyganError, KeyError):
                raise NumpyganError(
                    f"resume: stream_{name} in the checkpoint is not the state of a random stream."
                ) from None
        self.p_data.restore(state)
        self.iteration = int(state["iteration"])
        self._scores.restart(self.xp.asarray(state["sums"]), int(state["count"]))

    def _with_sums(self, state):
        """`state` with the sums that Adam keeps; an older checkpoint has ±m and v instead.

        The sign is the direction of the player: + for D, which ascends, − for G.
        """
        for suffix, optimizer, sign in (("g", self.optimizer_g, -1), ("d", self.optimizer_d, +1)):
            velocity, square = (state.get(f"{name}_{suffix}") for name in ("velocity", "square"))
            if velocity is not None and square is not None:
                sums = optimizer.from_moments(sign * velocity, square)
                state = state | {f"{name}_{suffix}": value for name, value in sums.items()}
        return state


def rest_of_epoch(recipe, rows):
    """The rows of the smaller minibatch that ends an epoch of `rows` examples; 0: it is dropped."""
    return rows % recipe.batch if recipe.last_batch == "use" else 0


def iterations_in_epoch(recipe, rows):
    """The iterations of an epoch over `rows` examples."""
    return max(1, rows // (recipe.batch * recipe.k)) + (rest_of_epoch(recipe, rows) > 0)


def length(training):
    """The number of iterations of the run: the recipe's `iterations`, or its `epochs` if it is 0.

    Raises NumpyganError if there are more than MOST_ITERATIONS.
    """
    recipe = training.recipe
    iterations = recipe.iterations or recipe.epochs * training.iterations_per_epoch
    if iterations > MOST_ITERATIONS:
        field, asked = "epochs", f"{recipe.epochs:g}"
        if recipe.iterations:
            field, asked = "iterations", f"{recipe.iterations:,}"
        raise NumpyganError(
            f"{field}: {asked} would never end; expected at most 10¹⁵ iterations, give a smaller "
            "number."
        )
    return max(1, math.ceil(iterations))
