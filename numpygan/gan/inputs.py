"""Checks of a game's arguments: networks, sources of minibatches, optimizers."""

import math

from ..errors import NumpyganError
from ..nn.layers import Sigmoid
from ..nn.mlp import MLP
from ..requirements import require_stream


def checked_sources(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream):
    """p_data and p_z, wrapped so that the first minibatch of each is checked.

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
    players = ("optimizer_g", optimizer_g, G, D), ("optimizer_d", optimizer_d, D, G)
    for name, optimizer, net, other in players:
        if not (_has(optimizer, "ascend") and _has(optimizer, "descend")):
            raise NumpyganError(
                f"game: {name} must be an optimizer, such as Momentum(net), got {_what(optimizer)}."
            )
        moved = getattr(optimizer, "net", net)  # an optimizer of the user's own may have no `net`
        if moved is not net:
            which = "the other player" if moved is other else "a network that doesn't play"
            raise NumpyganError(
                f"game: {name} moves {which}; each network needs an optimizer of its own, "
                f"this one must move {name[-1].upper()}."
            )
    if mask_stream is not None or any(layer.random for layer in D.layers):
        require_stream("game: mask_stream", mask_stream)
    return Watched("p_data", p_data), Watched("p_z", p_z)


class Watched:
    """A source that is checked: it must not end; on a CPU its first minibatch must fill `out`."""

    def __init__(self, name, source):
        self._name, self._source, self._first = name, source, True

    def minibatch(self, out):
        look = self._first and not hasattr(out, "get")  # on a GPU it would have to wait
        if look:
            out[...] = math.nan  # an entry that is not written stays NaN
        try:
            self._source.minibatch(out)
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
    """Whether `thing` has the method and is an object, not a class."""
    return callable(getattr(thing, method, None)) and not isinstance(thing, type)


def _what(thing):
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    return f"an object of type {type(thing).__name__}"
