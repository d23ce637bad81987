"""Optimizers over the flat θ: momentum and Adam.

The paper allows "any standard gradient-based learning rule" (Algorithm 1) and used momentum (§4).
An optimizer belongs to one network. `descend` moves its θ against its gradient, `ascend` along it.
A training loop may set an optimizer's numbers, such as `learning_rate`, before each update.
"""

import math
from collections.abc import Callable

import numpy

from ..arrays import Array, kernel, to_device, to_host
from ..errors import NumpyganError
from ..numbers import number, whole
from ..older_names import older_attribute, older_names
from ..requirements import is_array
from .layers import Affine
from .mlp import MLP
from .threads import at_once, cores

PIECE = 131072  # entries of θ updated at a time, so that θ, gradient and moments stay in the cache


def momentum(xp, theta, v, g, step, rate, mu):
    """v ← μ v + rate g,  θ ← θ + v  of arrays (n,); rate is +η to ascend, −η to descend.

    `step` (n,) is scratch memory.
    """
    xp.multiply(g, rate, out=step)
    v *= mu
    v += step
    theta += v


def adam(xp, theta, m, v, g, step, beta1, beta2, rate, epsilon):
    """m ← β₁ m + g,  v ← β₂ v + g²,  θ ← θ + rate m/(√v + ε)  of arrays (n,).

    Here m = Σ β₁ⁱ g and v = Σ β₂ⁱ g², where g is the gradient of i updates ago. Kingma and Ba's
    moments have the factors 1 − β₁ and 1 − β₂, too. `Adam.constants` puts these factors into rate
    and epsilon, which saves three passes over θ. `step` (n,) is scratch memory.
    """
    xp.multiply(g, g, out=step)
    v *= beta2
    v += step
    m *= beta1
    m += g
    xp.sqrt(v, out=step)
    step += epsilon
    xp.divide(m, step, out=step)
    step *= rate
    theta += step


def adam_without_momentum(xp, theta, m, v, g, step, beta1, beta2, rate, epsilon):
    """`adam` at β₁ = 0, where m is g: eight passes, and the same bits. m stays as it is."""
    xp.multiply(g, g, out=step)
    v *= beta2
    v += step
    xp.sqrt(v, out=step)
    step += epsilon
    xp.divide(g, step, out=step)
    step *= rate
    theta += step


class Optimizer:
    """What the optimizers share: the direction, the pieces of θ, max-norm, and the state to save.

    net            the network whose `theta` moves and whose `grad` is read
    learning_rate  η ≥ 0; at 0 the network stands still
    max_norm       if given, each column of W of each Affine layer is scaled down to at most this
                   length after every update

    Raises NumpyganError if `net` is no network or a number lies outside its range, also when it is
    set later.
    """

    formula: Callable[..., None]
    names: tuple[str, ...]
    ranges = {"learning_rate": "[0, inf)", "max_norm": "(0, inf)"}

    def __init__(self, net: MLP, learning_rate: float, max_norm: float | None):
        name = type(self).__name__
        if not isinstance(net, MLP):
            raise NumpyganError(
                f"{name}: expected the MLP whose θ is to move, got {type(net).__name__}."
            )
        self.net = net
        self.learning_rate, self.max_norm = learning_rate, max_norm
        self.updates = 0
        # By the name that a checkpoint gives them
        self.moments = {moment: net.xp.zeros_like(net.theta) for moment in self.names}
        self._lanes = lanes(net.xp, net.theta, *self.moments.values(), net.grad)

    def __setattr__(self, name, value):
        if name in self.ranges and not (name == "max_norm" and value is None):
            value = number(f"{type(self).__name__}: {name}", value, self.ranges[name])
        object.__setattr__(self, name, value)

    def descend(self) -> None:
        """θ one step down the gradient."""
        self._move(-1)

    def ascend(self) -> None:
        """θ one step up the gradient."""
        self._move(+1)

    def _move(self, sign):
        self.updates += 1
        at_once(kernel(self.formula, self.net.xp), self._lanes, *self.constants(sign))
        if self.max_norm is not None:
            limit_columns(self.net, self.max_norm)
        self.net.version += 1

    def state(self) -> dict:
        """What a checkpoint has to hold: arrays on the host by name."""
        moments = {name: to_host(moment) for name, moment in self.moments.items()}
        return moments | {"updates": numpy.int64(self.updates)}

    def restore(self, state: dict) -> None:
        """Go on from the `state` of an earlier optimizer of the same kind over the same network.

        Raises NumpyganError if `state` is not such a state.
        """
        name = f"{type(self).__name__}: restore"
        state = state if isinstance(state, dict) else {}
        for moment, mine in self.moments.items():
            found: Array = state.get(moment)
            fits = is_array(numpy, found) and found.shape == mine.shape
            if not fits or found.dtype.kind != "f":
                raise NumpyganError(
                    f"{name}: expected what state() of the same optimizer gave, with {moment} an "
                    f"array of shape {mine.shape}; got {', '.join(map(str, state)) or 'nothing'}."
                )
        updates = whole(f"{name}: updates", state.get("updates"), 0)
        for moment, mine in self.moments.items():
            mine[...] = to_device(state[moment], self.net.xp)
        self.updates = updates

    def __repr__(self):
        numbers = {name: getattr(self, name) for name in self.ranges}
        given = [f"{name}={x:g}" for name, x in numbers.items() if x is not None]
        name = f"{type(self).__name__}({', '.join(given)})"
        return f"{name}, after {self.updates:,} updates of {self.net}"


class Momentum(Optimizer):
    """Gradient descent with momentum (paper, §4): v ← μ v − η ∂L/∂θ,  θ ← θ + v.

    `momentum` is μ in [0, 1). It also takes the arguments of Optimizer.

    >>> net = ng.MLP([ng.Affine(1, 1)], "float64")  # θ starts at 0
    >>> optimizer = ng.Momentum(net, learning_rate=0.5, momentum=0.5)
    >>> net.grad[:] = 1
    >>> optimizer.descend(); optimizer.descend()
    >>> net.theta  # −½, then −½ − ¾
    array([-1.25, -1.25])
    """

    formula = staticmethod(momentum)
    names = ("velocity",)
    ranges = Optimizer.ranges | {"momentum": "[0, 1)"}

    def __init__(
        self,
        net: MLP,
        learning_rate: float = 0.1,
        momentum: float = 0.5,
        max_norm: float | None = None,
    ):
        super().__init__(net, learning_rate, max_norm)
        self.momentum = momentum

    def constants(self, sign):
        """rate and mu of the formula."""
        return sign * self.learning_rate, self.momentum


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, Algorithm 1):

        m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  θ ← θ − η m̂/(√v̂ + ε)

    m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ) undo the bias of the start at 0; t counts the updates.
    `beta1` and `beta2` are β₁ and β₂ in [0, 1), `epsilon` is ε ≥ 0. It also takes the arguments of
    Optimizer. `beta1` and `beta2` are also called `momentum` and `decay`.

    `moments` holds the sums s₁ = Σ β₁ⁱ g and s₂ = Σ β₂ⁱ g². They are m and v without the factors
    1 − β₁ and 1 − β₂, so keep β₁ and β₂ constant: a new value scales m or v. With
    c = √((1 − β₂)/(1 − β₂ᵗ)) the step is η (1 − β₁)/(1 − β₁ᵗ)/c · s₁/(√s₂ + ε/c). It is the same
    step in fewer passes over θ.

    >>> net = ng.MLP([ng.Affine(1, 1)], "float64")  # θ starts at 0
    >>> optimizer = ng.Adam(net, learning_rate=0.5)
    >>> net.grad[:] = 4, -9
    >>> optimizer.descend()
    >>> net.theta.round(3)  # the first step has length η, whatever the gradient
    array([-0.5,  0.5])
    """

    names = ("gradients", "squares")  # the two sums; at β₁ = 0 the first stays as it is
    ranges = Optimizer.ranges | {"beta1": "[0, 1)", "beta2": "[0, 1)", "epsilon": "[0, inf)"}

    @older_names(momentum="beta1", decay="beta2")
    def __init__(
        self,
        net: MLP,
        learning_rate: float = 2e-4,
        beta1: float = 0.5,
        max_norm: float | None = None,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ):
        super().__init__(net, learning_rate, max_norm)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    momentum = older_attribute("beta1")  # schedules set `momentum` of both optimizers
    decay = older_attribute("beta2")

    @property
    def formula(self):
        return adam if self.beta1 else adam_without_momentum

    def from_moments(self, m: Array, v: Array) -> dict:
        """The sums, by name, from the moments m and v, which checkpoints of older versions hold."""
        return {"gradients": m / (1 - self.beta1), "squares": v / (1 - self.beta2)}

    def constants(self, sign):
        """beta1, beta2, rate and epsilon of the formula, with the factors that correct the bias."""
        beta1, beta2, t = self.beta1, self.beta2, self.updates
        c = math.sqrt((1 - beta2) / (1 - beta2**t))
        rate = sign * self.learning_rate * (1 - beta1) / (1 - beta1**t) / c
        return beta1, beta2, rate, self.epsilon / c


OPTIMIZERS = {"momentum": Momentum, "adam": Adam}


def lanes(xp, *vectors):
    """The vectors (n,) cut into pieces that fit the cache, and shared out over the cores.

    Returns a list of lanes, one for each core. A lane is a list of pieces; a piece is a tuple of
    views, one of each vector, and of its lane's scratch memory. On a GPU there is one piece: the
    fewer calls, the faster.
    """
    n = vectors[0].size
    size = PIECE if xp is numpy else n
    pieces = [tuple(vector[i : i + size] for vector in vectors) for i in range(0, n, size)]
    several = min(cores(xp), len(pieces))
    scratch = [xp.empty(min(size, n), vectors[0].dtype) for _ in range(several)]
    return [
        [(*piece, step[: piece[0].size]) for piece in pieces[i::several]]
        for i, step in enumerate(scratch)
    ]


def limit_columns(net, max_norm):
    """Scale every column of every W down to length at most `max_norm`.

    Srivastava et al. 2014, §5.1; the authors' TFD recipe.
    """
    xp = net.xp
    for layer in net.layers:
        if isinstance(layer, Affine):
            length = xp.sqrt(xp.einsum("ij,ij->j", layer.W, layer.W))
            layer.W *= max_norm / xp.maximum(length, max_norm)
