"""What every peer is given: the data, the networks as a plain list of layers, the schedules, and
the draws of chance.

The draws (row numbers, z, toy examples, dropout masks) are NumPy's, by the package's own streams: a
float mask of 16 random bits an entry is several times cheaper than `torch.rand` < keep, `F.dropout`
or `jax.random.bernoulli`, so the peers gain by it. They start from the recipe's seed and so are the
very ones that numpygan draws, which is what makes the check of a step possible. Gathering and
scaling the rows, the masks' products and all the rest is each framework's own.
"""

from dataclasses import replace

import numpy

from numpygan.arrays import streams
from numpygan.data import dataset as datasets
from numpygan.data.sources import TOYS, Mixture, Noise, Shuffled
from numpygan.recipes.networks import build
from numpygan.nn.layers import Affine, Dropout
from numpygan.data.dataset import load_dataset

CIFAR_ROWS = 5000  # enough to be far larger than any cache


def dataset(recipe):
    """The recipe's Dataset; None for a toy. CIFAR-10 is replaced by random uint8 images,
    preprocessed as the recipe says.
    """
    if recipe.name != "cifar10":
        return load_dataset(recipe)
    pixels = numpy.random.default_rng(0).integers(0, 256, (CIFAR_ROWS, 3072), dtype="uint8")
    return datasets.global_contrast_normalise(
        datasets.Dataset(pixels, pixels[:1], pixels[:1], (3, 32, 32))
    )


def width(recipe, data):
    """The width of a row of the data."""
    return data.dim if data else TOYS[recipe.data]()[0].shape[1]


def networks(recipe, data):
    """The networks (G, D) of the recipe at its initial θ (but for G's visible bias, which is 0)."""
    init = streams(recipe.seed)["init"]
    G, D = build(replace(recipe, dtype="float32"), width(recipe, data), numpy)
    G.initialize(init)
    D.initialize(init)
    return G, D


def plan(net):
    """The layers of `net` as (kind, its number or None): ("affine", None), ("maxout", 5),
    ("leaky_relu", 0.01), …
    """
    kinds = {
        "Affine": "affine",
        "Dropout": "dropout",
        "ReLU": "relu",
        "LeakyReLU": "leaky_relu",
        "Sigmoid": "sigmoid",
        "Tanh": "tanh",
        "Maxout": "maxout",
    }
    return [
        (kinds[type(layer).__name__], getattr(layer, "pieces", getattr(layer, "slope", None)))
        for layer in net.layers
    ]


def parameters(net):
    """Copies of W, b, W, b, … of `net`."""
    return [getattr(layer, name).copy() for layer in net.layers for name in layer.shapes()]


class Draws:
    """What chance decides in a recipe, in the order in which numpygan draws it. Every array is
    fresh.

    d_step()  (x, z, masks): m row numbers, or on a toy m examples; z (m, n_z); the masks of D's
              pass over 2m rows
    g_step()  (z, masks) of the pass that teaches G
    """

    def __init__(self, recipe, data, D):
        self._recipe, named = recipe, streams(recipe.seed)
        self._m, self._dtype = recipe.batch, recipe.dtype
        if data is None:
            self._p_data = Mixture(*TOYS[recipe.data](), named["data"])
            self._width = D.n_in
        else:
            self._p_data = Shuffled(
                numpy.arange(len(data.train), dtype="float64")[:, None], named["data"]
            )
            self._width = None
        self._p_z, self._dropout = Noise(recipe.noise, named["noise"]), named["dropout"]
        affine = [layer.n_in for layer in D.layers if isinstance(layer, Affine)]
        self._masks = [(n, keep) for n, keep in zip(affine, recipe.keep) if keep < 1]
        assert len(self._masks) == sum(isinstance(layer, Dropout) for layer in D.layers)

    def d_step(self):
        z = self._noise()
        if self._width is None:
            rows = numpy.empty((self._m, 1))
            self._p_data.minibatch(rows)
            x = rows[:, 0].astype("int32")
        else:
            x = numpy.empty((self._m, self._width), self._dtype)
            self._p_data.minibatch(x)
        return x, z, self._draw_masks(2 * self._m)

    def g_step(self):
        return self._noise(), self._draw_masks(self._m)

    def _noise(self):
        z = numpy.empty((self._m, self._recipe.noise_dim), self._dtype)
        self._p_z.minibatch(z)
        return z

    def _draw_masks(self, rows):
        masks = [numpy.empty((rows, n), self._dtype) for n, _ in self._masks]
        for mask, (_, keep) in zip(masks, self._masks):
            self._dropout.keep(mask, keep)
        return masks


class Schedule:
    """The numbers that an update needs, iteration by iteration, as the recipe says."""

    decay, epsilon = 0.999, 1e-8  # Adam's β₂ and ε

    def __init__(self, recipe, data):
        self.recipe = recipe
        size = len(data.train) if data else Mixture.size
        self._per_epoch = max(1, size // (recipe.batch * recipe.k))

    def rates(self, iteration):
        """η of G and D, and μ, in iteration 0, 1, …"""
        return *self.recipe.learning_rates(iteration), self.recipe.momentum_in(
            1 + iteration // self._per_epoch
        )

    def averages(self, iteration):
        """Whether θ_g goes into its running average after iteration 0, 1, …"""
        return not (iteration + 1) % self.recipe.average_every or self._first(iteration)

    def share(self, iteration):
        """The weight of the newest θ_g in its running average after this iteration."""
        if self._first(iteration):
            return 1.0
        every = self.recipe.average_every
        j = (iteration + 1) // every
        return 1 - min(self.recipe.average**every, (j - 1) / (j + 2))

    def _first(self, iteration):
        return iteration + 1 <= self.recipe.average_every

    def updates(self, iteration):
        """The numbers η, μ, 1/(1 − μᵗ), 1/(1 − β₂ᵗ), share of each of the k updates of D and the
        one of G in this iteration.
        """
        k, (rate_g, rate_d, momentum), share = (
            self.recipe.k,
            self.rates(iteration),
            self.share(iteration),
        )
        counted = [(rate_d, iteration * k + step) for step in range(1, k + 1)] + [
            (rate_g, iteration + 1)
        ]
        return [
            [rate, momentum, 1 / (1 - momentum**t), 1 / (1 - self.decay**t), share]
            for rate, t in counted
        ]
