"""Learning rules over the flat θ: "any standard gradient-based learning rule" (paper, Algorithm 1).
The paper used momentum.

A rule belongs to one network: `descend` moves its θ against its gradient, `ascend` along it.
Whoever trains sets `learning_rate` and `momentum` as the recipe's schedules say.
"""

import numpy

from ..arrays import fused, to_device, to_host
from ..errors import NumpyganError
from ..numbers import number
from .layers import Affine
from .mlp import MLP
from .threads import at_once, cores

# Entries of θ updated at a time, so that a piece of θ, gradient and velocity stays in the cache
PIECE = 131072


class Walk:
    """A walk over vectors as long as `theta` in pieces, on several cores at once; on a GPU in one
    piece.
    """

    def __init__(self, theta, xp):
        size = PIECE if xp is numpy else theta.size  # a GPU is the faster the fewer calls
        self.pieces = [
            slice(start, min(start + size, theta.size)) for start in range(0, theta.size, size)
        ]
        self._scratch = [
            xp.empty(size, theta.dtype) for _ in range(min(cores(xp), len(self.pieces)))
        ]

    def __call__(self, move):
        """move(i, piece, step) for each piece, the i-th, a slice; `step` is scratch memory as long
        as it.
        """

        def share(core):
            for i in range(core, len(self.pieces), len(self._scratch)):
                piece = self.pieces[i]
                move(i, piece, self._scratch[core][: piece.stop - piece.start])

        at_once(share, len(self._scratch))


class Rule:
    """What the rules share: the direction, the walk over θ in pieces, max-norm, and the state to
    save.

    net            the network whose `theta` moves and whose `grad` is read
    learning_rate  η ≥ 0; at 0 the network stands still
    momentum       μ in [0, 1)
    max_norm       if given, each column of each W is scaled down to at most this length after every
                   update

    Raises NumpyganError if `net` is no network or a number lies outside its range.

    `squares` holds ‖θ‖² of each piece after an update: not finite if a parameter isn't, and cheap
    while the piece is in the cache.
    """

    def __init__(self, net, learning_rate=0.1, momentum=0.5, max_norm=None):
        name = type(self).__name__
        if not isinstance(net, MLP):
            raise NumpyganError(
                f"{name}: expected the MLP whose θ is to move, got {type(net).__name__}."
            )
        self.net = net
        self.learning_rate = number(f"{name}: learning_rate", learning_rate, "[0, inf)")
        self.momentum = number(f"{name}: momentum", momentum, "[0, 1)")
        if max_norm is not None:
            max_norm = number(f"{name}: max_norm", max_norm, "(0, inf)")
        self.max_norm = max_norm
        self.velocity = net.xp.zeros_like(net.theta)
        self.updates = 0
        self._walk = Walk(net.theta, net.xp)
        self.squares = net.xp.zeros(len(self._walk.pieces), net.dtype)

    def descend(self):
        """θ one step down the gradient."""
        self._move(-1)

    def ascend(self):
        """θ one step up the gradient."""
        self._move(+1)

    def _move(self, sign):
        self.updates += 1

        def move(i, piece, step):
            theta = self.net.theta[piece]
            self._move_piece(piece, step, sign)
            self.net.xp.dot(theta, theta, out=self.squares[i : i + 1].reshape(()))

        self._walk(move)
        if self.max_norm is not None:
            limit_columns(self.net, self.max_norm)
        self.net.version += 1

    def state(self):
        """What a checkpoint has to hold: arrays on the host by name."""
        return {"velocity": to_host(self.velocity), "updates": numpy.int64(self.updates)}

    def restore(self, state):
        """Take up the `state` of an earlier rule of the same kind over the same network."""
        self.velocity[...] = to_device(state["velocity"], self.net.xp)
        self.updates = int(state["updates"])


class Momentum(Rule):
    """Gradient descent with momentum (paper, §4): v ← μ v − η ∂L/∂θ,  θ ← θ + v.

    Its arguments are those of Rule.
    """

    def _move_piece(self, piece, step, sign):
        theta, v, g = self.net.theta[piece], self.velocity[piece], self.net.grad[piece]
        momentum_update(self.net.xp, theta, v, g, step, sign * self.learning_rate, self.momentum)


class Adam(Rule):
    """Adam (Kingma and Ba 2015, Algorithm 1): v ← μ v + (1−μ) g,  s ← β s + (1−β) g²,  θ ← θ − η
    v̂/(√ŝ + ε).

    v̂ = v/(1 − μᵗ) and ŝ = s/(1 − βᵗ) undo the bias of having started at 0 (t counts the updates).
    `momentum` is μ, their β₁, and must stay constant; `decay` is β, their β₂. The other arguments
    are those of Rule.
    """

    def __init__(
        self, net, learning_rate=2e-4, momentum=0.5, max_norm=None, decay=0.999, epsilon=1e-8
    ):
        super().__init__(net, learning_rate, momentum, max_norm)
        self.decay = number("Adam: decay", decay, "[0, 1)")
        self.epsilon = number("Adam: epsilon", epsilon, "[0, inf)")
        self.square = net.xp.zeros_like(net.theta)

    def _move_piece(self, piece, step, sign):
        theta, v, s, g = (
            self.net.theta[piece],
            self.velocity[piece],
            self.square[piece],
            self.net.grad[piece],
        )
        mu, beta, t = self.momentum, self.decay, self.updates
        rate, unbias = self.learning_rate / (1 - mu**t), 1 / (1 - beta**t)
        adam_update(
            self.net.xp,
            theta,
            v,
            s,
            g,
            step,
            mu,
            sign * (1 - mu),
            beta,
            1 - beta,
            rate,
            unbias,
            self.epsilon,
        )

    def state(self):
        return super().state() | {"square": to_host(self.square)}

    def restore(self, state):
        super().restore(state)
        self.square[...] = to_device(state["square"], self.net.xp)


@fused
def momentum_update(xp, theta, v, g, step, rate, mu):
    """v ← μ v + rate g,  θ ← θ + v  of arrays (n,); `step` (n,) is scratch memory. The minus of a
    descent is in `rate`.
    """
    xp.multiply(g, rate, out=step)
    v *= mu
    v += step
    theta += v


@fused
def adam_update(xp, theta, v, s, g, step, mu, by_g, beta, by_square, rate, unbias, epsilon):
    """v ← μ v + by_g g,  s ← β s + by_square g²,  θ ← θ + rate v/(√(unbias s) + ε)  of arrays (n,);
                          `step` (n,) is scratch memory.

    by_g is ±(1 − μ), the minus that of a descent, by_square 1 − β, rate η/(1 − μᵗ), unbias 1/(1 −
    βᵗ).
    """
    xp.multiply(g, by_g, out=step)
    v *= mu
    v += step
    xp.multiply(g, g, out=step)
    step *= by_square
    s *= beta
    s += step
    xp.multiply(s, unbias, out=step)
    xp.sqrt(step, out=step)
    step += epsilon
    xp.divide(v, step, out=step)
    step *= rate
    theta += step


RULES = {"momentum": Momentum, "adam": Adam}


def limit_columns(net, max_norm):
    """Scale every column of every W down to length at most `max_norm` (Srivastava et al. 2014,
    §5.1; the authors' TFD recipe).
    """
    xp = net.xp
    for layer in net.layers:
        if isinstance(layer, Affine):
            length = xp.sqrt(xp.einsum("ij,ij->j", layer.W, layer.W))
            layer.W *= max_norm / xp.maximum(length, max_norm)
