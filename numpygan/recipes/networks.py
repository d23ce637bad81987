"""From a recipe's few words ("relu 1200", "maxout 240x5") to the networks G and D."""

import numpy

from ..arrays import to_device
from ..errors import NumpyganError
from ..nn.layers import Affine, Dropout, LeakyReLU, Maxout, ReLU, Sigmoid, Tanh
from ..nn.mlp import MLP

NONLINEARITIES = {"relu": ReLU, "leaky": LeakyReLU, "tanh": Tanh, "sigmoid": Sigmoid}
VISIBLE = ("sigmoid", "tanh", "linear")
_MOST = 999_999  # units of a hidden layer, and pieces of a maxout unit


def hidden_layer(field, text):
    """Read a hidden layer such as "relu 1200" or "maxout 240x5".

    Returns the width of its Affine, its nonlinearity, and the width of its output.
    Raises NumpyganError, naming `field`, if `text` is no such layer.
    """
    kind, _, size = text.partition(" ")
    units, x, pieces = size.partition("x")
    if kind == "maxout" and _count(units) and _count(pieces) and int(pieces) > 1:
        return int(units) * int(pieces), Maxout(int(pieces)), int(units)
    if kind in NONLINEARITIES and _count(units) and not x:
        return int(units), NONLINEARITIES[kind](), int(units)
    raise NumpyganError(
        f"{field}: {text!r} is not a hidden layer; expected {', '.join(NONLINEARITIES)} and a "
        f"width from 1 to {_MOST:,} (relu 1200), or maxout, a width, 2 to {_MOST:,} pieces "
        f"(maxout 240x5)."
    )


def sizes(recipe, dim):
    """How large the networks of `recipe` are for rows of width `dim`; nothing is made.

    (parameters of both, units of all their layers)
    """
    parameters, units = 0, 0
    players = (
        ("generator", recipe.noise_dim, recipe.generator[:-1], dim),
        ("discriminator", dim, recipe.discriminator, 1),
    )
    for name, n, hidden, last in players:
        for text in hidden:
            affine, _, width = hidden_layer(name, text)
            parameters, units = parameters + (n + 1) * affine, units + n + affine
            n = width
        parameters, units = parameters + (n + 1) * last, units + n + last
    return parameters, units


def build(recipe, dim, xp, visible_bias=0.0):
    """The networks (G, D) of `recipe` for rows of width `dim`, not yet initialized.

    The bias of G's visible layer starts at `visible_bias`.
    """
    layers, n = [], recipe.noise_dim
    for text, scale in zip(recipe.generator[:-1], recipe.scale_g):
        affine, nonlinearity, units = hidden_layer("generator", text)
        bias = recipe.bias_sigmoid if isinstance(nonlinearity, Sigmoid) else 0.0
        layers += [Affine(n, affine, scale or None, bias), nonlinearity]
        n = units
    layers.append(Affine(n, dim, recipe.scale_g[-1] or None, visible_bias))
    if recipe.generator[-1] != "linear":
        layers.append(NONLINEARITIES[recipe.generator[-1]]())
    G = MLP(layers, recipe.dtype, xp)

    layers, n = [], dim
    for text, keep, scale in zip(recipe.discriminator, recipe.keep, recipe.scale_d):
        affine, nonlinearity, units = hidden_layer("discriminator", text)
        layers += [*_dropout(keep), Affine(n, affine, scale or None), nonlinearity]
        n = units
    layers += [*_dropout(recipe.keep[-1]), Affine(n, 1, recipe.scale_d[-1] or None)]
    return G, MLP(layers, recipe.dtype, xp)


def draw_sparse(layer, count, stream):
    """Draw the W of an Affine again: each unit has `count` weights from N(0, 1), the others are 0.

    Which ones is random (Martens 2010, §5; the authors' TFD recipe).
    """
    some = numpy.zeros(layer.W.shape, layer.W.dtype)
    for column in some.T:
        column[stream.permutation(layer.n_in)[:count]] = 1
    stream.normal(layer.W)
    layer.W *= to_device(some, layer.xp)


def _dropout(keep):
    return [Dropout(keep)] if keep < 1 else []


def _count(text):
    return text.isascii() and text.isdecimal() and len(text) <= 6 and 0 < int(text) <= _MOST


def visible_bias(recipe, dataset):
    """The bias b of G's visible layer for which G(0) is the mean training example x̄.

    sigmoid  b = log x̄ − log(1 − x̄)
    tanh     b = artanh x̄
    linear   b = x̄
    x̄ is clipped away from the ends of the range, as in the authors' code.
    """
    scale = 1 / 255 if dataset.train.dtype == numpy.uint8 else 1.0
    mean = dataset.train.mean(0, dtype="float64") * scale
    if recipe.generator[-1] == "linear":
        return mean
    if recipe.generator[-1] == "tanh":
        return numpy.arctanh(numpy.clip(mean, -1 + 1e-7, 1 - 1e-7))
    mean = numpy.clip(mean, 1e-7, 1 - 1e-7)
    return numpy.log(mean / (1 - mean))
