"""Compare the gradients of a whole game with the complex step.

The real algorithm runs. Its optimizers are replaced: at each update they first compare `grad` with
the derivative of the value function, recomputed from θ, the minibatches and the masks.
"""

import inspect
from collections.abc import Callable

import numpy

from ..arrays import Stream, streams
from ..data.sources import Noise
from ..errors import NumpyganError
from ..gan.algorithm1 import algorithm1
from ..gan.authors2014 import authors2014
from ..gan.game import Game
from ..gan.objective import g_loss
from ..nn.layers import Affine
from ..nn.mlp import MLP
from ..nn.optimizers import Momentum
from ..numbers import whole
from .each_layer import check_network
from .goals import of_the_paper, of_the_user
from .result import Report
from .stand_ins import Stopped
from .witness import Witness

# The second game of the user's own losses: a hinge loss has its kinks at outputs of −1 and 1
_LARGE, _MANY = 4.0, 50  # outputs of D, rows
ROWS = 5  # of a minibatch: more than 1 and not 2, so that a missing 1/m can't hide


@numpy.errstate(all="ignore")  # as gradcheck
def check_game(
    G: MLP,
    D: MLP,
    algorithm: str | Callable = "algorithm1",
    k: int = 1,
    loss: str | Callable = "non_saturating",
    noise: str = "uniform",
    seed: int = 0,
    iterations: int = 2,
    rows: int = ROWS,
    numbers: int = 2,
    value: Callable | None = None,
) -> Report:
    """Check ∂V/∂θ_d and ∂L_G/∂θ_g in every update of a game between G and D; returns a Report.

    algorithm    "algorithm1": θ_d ascends V (paper, Eq. 1), or descends −V, which is the same step;
                 θ_g descends its loss through the updated D, with its dropout. "authors2014":
                 θ_d ascends ½ V and θ_g descends −log D, both from the same pass. Or a loop of
                 your own with the arguments of `ng.algorithm1`, which is checked as "algorithm1"
    k, loss      as in `ng.algorithm1`
    noise, seed  the density of z; the seed of everything random, the data too
    iterations   how many are played
    rows         the rows of a minibatch
    numbers      in this many iterations each entry of the gradient is checked; later, and in
                 float32, one random direction for each update

    A game with losses of your own is a loop of your own, which needs no argument `loss`, and two
    functions of D's outputs (m, 1) that give one number and are written for complex numbers:

        def least_squares(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, k): …

        ng.check_game(G, D, least_squares, value=lambda real, fake: …, loss=lambda fake: …)

    θ_d must ascend `value(real, fake)`, or descend its negative; θ_g must descend `loss(fake)`
    through the updated D with fresh noise. A second game has a D whose outputs, if it ends with
    Affine, reach to ±4, so that both sides of a kink, of a hinge loss for example, are seen.
    Between two updates the loop may clip θ_d to [−c, c]; nothing else may move. A gradient penalty
    is not a function of D's outputs: docs/checker.md has an example that checks one with
    `ng.gradcheck`.

    Raises NumpyganError if an argument is not what is said here, if the loop never yields, or if
    `value` or `loss` drops the imaginary part.

    >>> G = ng.MLP([ng.Affine(2, 3), ng.Tanh(), ng.Affine(3, 2)], "float64")
    >>> D = ng.MLP([ng.Affine(2, 3), ng.Tanh(), ng.Affine(3, 1)], "float64")
    >>> G.initialize(ng.Stream(0)); D.initialize(ng.Stream(1))
    >>> ng.check_game(G, D, k=2).passed
    True
    """
    k, rows = whole("check_game: k", k), whole("check_game: rows", rows)
    iterations = whole("check_game: iterations", iterations)
    numbers = whole("check_game: numbers", numbers, 0)
    own = value is not None or callable(loss)
    if own and not (callable(value) and callable(loss) and callable(algorithm)):
        raise NumpyganError(
            f"check_game: losses of your own need three functions, a loop, value(real, fake) and "
            f"loss(fake); got the loop {_what(algorithm)}, value={_what(value)}, "
            f"loss={_what(loss)}."
        )
    if not own:
        g_loss(loss)
    if not callable(algorithm) and algorithm not in ("algorithm1", "authors2014"):
        raise NumpyganError(
            f"check_game: there is no algorithm {algorithm!r}; expected 'algorithm1', "
            f"'authors2014' or a loop of your own."
        )
    for player, net in (("G", G), ("D", D)):
        if not isinstance(net, MLP):
            raise NumpyganError(
                f"check_game: {player} must be an MLP, got {type(net).__name__}; write "
                f"ng.MLP([ng.Affine(…), …], 'float64')."
            )
        check_network(net, ("float64", "float32"))
    Game(G, D, rows)  # they must fit
    seed = whole("check_game: seed", seed, 0)
    numbers = numbers if G.dtype == numpy.float64 else 0
    one_pass = algorithm == "authors2014"
    k = 1 if one_pass else k
    name = _what(algorithm) if own else "authors2014" if one_pass else "algorithm1"
    goals = of_the_user(value, loss) if own else of_the_paper(loss, 0.5 if one_pass else 1.0)
    large = G.copy(), _with_large_outputs(D)

    def played(name, G, D, rows):
        """The Checks of one game between G and D."""
        named = streams(seed)
        drawn = Noise(noise, named["noise"]), named, rows, {"D": numbers * k, "G": numbers}
        witness = Witness(G, D, name, goals, one_pass, *drawn)
        rate = 0.1 if iterations <= 2 else 0.02  # a long game must not run away
        optimizers = (
            Stopped(Momentum(G, rate), witness, "G"),
            Stopped(Momentum(D, rate), witness, "D"),
        )
        arguments = [G, D, witness.p_data, witness.p_z, *optimizers, witness.masks, rows]
        if one_pass:
            game = authors2014(*arguments)
        else:
            loop = algorithm1 if algorithm == "algorithm1" else algorithm
            game = _start(loop, [*arguments, k] if own else [*arguments, k, loss])
        witness.play(game, ["D"] * k + ["G"], iterations)
        return (*witness.checks, *witness.later.values())

    checks = played(name, G, D, rows)
    if own and all(check.passed for check in checks):
        checks += played(f"{name}, D with large outputs", *large, max(rows, _MANY))
    return Report(checks, "complex")


def _with_large_outputs(D):
    """A copy of D whose outputs for random rows reach to ±_LARGE, over the kinks of a loss.

    That is so where D ends with Affine. Another last layer with parameters is scaled, not centred.
    """
    large, stream = D.copy(), Stream(0)
    tape = large.tape(_MANY, training=False)
    stream.normal(tape.x)
    last = next((layer for layer in reversed(large.layers) if layer.shapes()), None)
    if isinstance(last, Affine):
        outputs = large.forward(tape.x, tape)
        last.b -= (outputs.min() + outputs.max()) / 2
    largest = abs(large.forward(tape.x, tape)).max()
    if last is not None and largest > 0:
        for parameter in last.shapes():
            getattr(last, parameter)[...] *= _LARGE / largest
    return large


def _start(loop, arguments):
    """The iterator that the user's loop returns."""
    names = [*inspect.signature(algorithm1).parameters][: len(arguments)]
    try:
        inspect.signature(loop).bind(*arguments)
    except TypeError:
        raise NumpyganError(
            f"check_game: {_what(loop)} takes the arguments {inspect.signature(loop)}; expected "
            f"({', '.join(names)})."
        ) from None
    game = loop(*arguments)
    if not hasattr(game, "__next__"):
        raise NumpyganError(
            f"check_game: {_what(loop)} returns {type(game).__name__}; expected a generator, a "
            f"loop with a `yield` at the end of each iteration."
        )
    return game


def _what(thing):
    return getattr(thing, "__name__", repr(thing))
