"""The state of play that the two training algorithms share."""

import math

from ..arrays import Array, to_host
from ..errors import NumpyganError
from ..nn.layers import Sigmoid
from ..nn.mlp import MLP
from ..numbers import whole
from . import objective


class Game:
    """G, D and the tapes of one iteration; `algorithm1` and `authors2014` yield it.

    pass_g      G's pass over m noise rows
    pass_d      D's pass over 2m rows: m examples (`real`), then m generated rows (`fake`)
    pass_dg     D's pass over the m generated rows that teach G; `fake` itself if G learns from the
                pass that D learns from
    """

    def __init__(self, G: MLP, D: MLP, m: int, one_pass: bool = False):
        if G.n_out != D.n_in or D.n_out != 1:
            raise NumpyganError(
                f"game: G makes rows of width {G.n_out}, D takes {D.n_in} and gives {D.n_out} "
                f"numbers; expected D to take G's rows and to give one logit."
            )
        if G is D or G.dtype != D.dtype or G.xp is not D.xp:
            raise NumpyganError(
                f"game: G and D must be two networks of one dtype and one array module, "
                f"got {_kind(G)} and {'the same network' if G is D else _kind(D)}."
            )
        self.G, self.D, self.m = G, D, whole("game: m, the rows of a minibatch,", m)
        self.pass_g = G.tape(m)
        self.pass_d = D.tape(2 * m)
        self.real, self.fake = self.pass_d[:m], self.pass_d[m:]
        self.pass_dg = self.fake if one_pass else D.tape(m)

    @property
    def V(self) -> Array:
        """V(D, G) = mean log D(x) + mean log(1 − D(G(z))) of the last D step, in nats."""
        return self.scores()[0]

    @property
    def D_real(self) -> Array:
        """The mean of D(x) over the examples of the last D step."""
        return self.scores()[1]

    @property
    def D_fake(self) -> Array:
        """The mean of D(G(z)) over the samples of the last D step."""
        return self.scores()[2]

    def __repr__(self):
        V, real, fake = to_host(self.scores())[:3]
        return f"Game of {self.m} rows: V = {V:.4g}, D(x) = {real:.3g}, D(G(z)) = {fake:.3g}"

    def scores(self) -> Array:
        """V, D_real, D_fake and the sum of all logits: one array of four numbers on the device."""
        xp = self.D.xp
        scores = xp.empty(4, self.D.real_dtype)
        scores[0] = objective.value(xp, self.real.y, self.fake.y)
        D = objective.probability(xp, self.pass_d.y)  # D(x), then D(G(z))
        D.reshape(2, self.m).mean(1, out=scores[1:3])
        scores[3] = self.pass_d.y.sum() + self.pass_dg.y.sum()
        return scores


def _kind(net):
    return f"{net.dtype} of {getattr(net.xp, '__name__', net.xp)}"


def check_players(G, D, p_data, p_z, rule_g, rule_d):
    """p_data and p_z, each `Watched`.

    Raises TypeError unless G and D are networks; NumpyganError unless sources can be drawn from and
    optimizers move their networks.
    """
    for name, net in (("G", G), ("D", D)):
        if not isinstance(net, MLP):
            raise TypeError(f"game: {name} must be an MLP, got {_what(net)}.")
        if not net.theta.size:
            raise NumpyganError(f"game: {name} has no parameters, so there is nothing to train.")
        if net.dtype.kind == "c":
            raise NumpyganError(f"game: {name} is {net.dtype}; train in float32 or float64.")
    if isinstance(D.layers[-1], Sigmoid):
        raise NumpyganError(
            "game: D ends with Sigmoid(), but its output is taken as the logit, so a sigmoid would "
            "be applied twice; leave the layer out."
        )
    if any(layer.random for layer in G.layers):
        raise NumpyganError(
            "game: G has random layers, but masks are drawn for D alone; leave them out of G."
        )
    for name, source in (("p_data", p_data), ("p_z", p_z)):
        if not _has(source, "minibatch"):
            raise NumpyganError(
                f"game: {name} must have minibatch(out), such as Shuffled(rows, stream) or "
                f"Noise(kind, stream), got {_what(source)}."
            )
    for name, rule, net, other in (("rule_g", rule_g, G, D), ("rule_d", rule_d, D, G)):
        if not (_has(rule, "ascend") and _has(rule, "descend")):
            raise NumpyganError(
                f"game: {name} must be an optimizer, such as Momentum(net), got {_what(rule)}."
            )
        moved = getattr(rule, "net", net)  # an optimizer of the user's own may have no `net`
        if moved is not net:
            which = "the other player" if moved is other else "a network that doesn't play"
            raise NumpyganError(
                f"game: {name} moves {which}; each network needs an optimizer of its own, "
                f"this one must move {name[-1].upper()}."
            )
    return Watched("p_data", p_data), Watched("p_z", p_z)


class Watched:
    """A source that must not end, and whose first minibatch, on a CPU, must fill all of `out`."""

    def __init__(self, name, source):
        self._name, self._source, self._first = name, source, True

    def minibatch(self, out):
        look = self._first and not hasattr(out, "get")  # on a GPU it would have to wait
        if look:
            out[...] = math.nan  # what is written nowhere stays NaN
        try:
            self._source.minibatch(out)
        except NumpyganError:
            raise
        except StopIteration:
            raise NumpyganError(
                f"game: {self._name} has no more minibatches; a source must begin anew at its end."
            ) from None
        except (TypeError, ValueError) as error:
            raise NumpyganError(
                f"game: {self._name}.minibatch(out) raises {type(error).__name__}: {error}; it "
                f"must fill the array out, here {' × '.join(map(str, out.shape))}."
            ) from error
        if look and (out != out).any():
            raise NumpyganError(
                f"game: {self._name}.minibatch(out) does not write a number to every place of out; "
                "it must fill out itself, out[...] = rows: what it returns is not used."
            )
        self._first = False


def _has(thing, method):
    """Whether `thing`, and not the class of such things, has the method."""
    return callable(getattr(thing, method, None)) and not isinstance(thing, type)


def _what(thing):
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    return f"an object of type {type(thing).__name__}"
