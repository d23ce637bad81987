"""What a recipe is: its fields, each with its default, its meaning and its range.

Every field can be changed from the command line with --set FIELD=VALUE.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..data.sources import NOISES
from ..gan.objective import G_LOSSES
from ..nn.optimizers import OPTIMIZERS


class Range(NamedTuple):
    """The values that a field may have, in words, and the test of a value."""

    words: str
    holds: Callable[[Any], bool]


def one_of(*choices):
    """The Range of a text that is one of these."""
    return Range(" or ".join(choices), lambda value: value in choices)


COUNT = Range("a whole number from 1 to 1,000,000", lambda n: 1 <= n <= 10**6)
COUNT_OR_NONE = Range("a whole number from 0 to 1,000,000", lambda n: 0 <= n <= 10**6)
# TOML has no larger ones.
WHOLE = Range("a whole number ≥ 0 (and < 2⁶³)", lambda n: 0 <= n < 2**63)
POSITIVE = Range("a number > 0", lambda x: 0 < x < math.inf)
NOT_NEGATIVE = Range("a number ≥ 0", lambda x: 0 <= x < math.inf)
AT_LEAST_1 = Range("a number ≥ 1", lambda x: 1 <= x < math.inf)
BELOW_1 = Range("a number in [0, 1)", lambda x: 0 <= x < 1)
BIAS = Range("a number between −10⁶ and 10⁶", lambda x: abs(x) < 1e6)
FLAG = Range("0 or 1", lambda n: n in (0, 1))
SHARES = Range("numbers in (0, 1]", lambda values: all(0 < x <= 1 for x in values))
SCALES = Range("numbers ≥ 0", lambda values: all(0 <= x < math.inf for x in values))


def says(default, meaning, allowed=None):
    """A field of a recipe: its meaning, which `numpygan recipes NAME` prints, and its Range.

    Without a Range `settings.change` checks the field as a text, a path or a list of layers.
    """
    return field(default=default, metadata={"meaning": meaning, "allowed": allowed})


@dataclass(frozen=True)
class Recipe:
    """One experiment.

    The defaults are the authors' numbers for MNIST (`mnist.yaml` of their released code, see
    docs/authors.md), played by Algorithm 1.
    """

    name: str = says("mnist-authors", "the name of the recipe; run directories are called after it")
    about: str = says(
        "the authors' MNIST numbers by Algorithm 1, where D's steps are twice theirs; "
        "the 250 epochs are ours",
        "the recipe in a line",
    )
    data: str = says(
        "mnist",
        '"mnist", "stacked-mnist", a toy ("gauss1d", "ring", "grid"), or a path (see --data)',
    )
    size: str = says(
        "auto", 'size of the images in own data, "HxW"; "none": a table; "auto": by the data'
    )
    drop: str = says(
        "auto", 'columns of a table to leave out; "none": keep all; "auto": leave out the labels'
    )
    transpose: int = says(0, "1: exchange rows and columns of the images (EMNIST)", FLAG)
    preprocess: str = says(
        "none",
        '"none", or "contrast": shift and scale each example to mean 0 and length 55',
        one_of("none", "contrast"),
    )
    generator: tuple[str, ...] = says(
        ("relu 1200", "relu 1200", "sigmoid"), "G's hidden layers, then its visible nonlinearity"
    )
    discriminator: tuple[str, ...] = says(
        ("maxout 240x5", "maxout 240x5"), "D's hidden layers; one logit follows"
    )
    keep: tuple[float, ...] = says(
        (0.8, 0.5, 0.5),
        "dropout in D: the share kept of its input and of each hidden layer",
        SHARES,
    )
    scale_g: tuple[float, ...] = says(
        (0.05, 0.05, 0.05),
        "G's weights start in U(−s, s), s for each layer; 0: Glorot's scale",
        SCALES,
    )
    scale_d: tuple[float, ...] = says((0.005, 0.005, 0.005), "the same for D's weights", SCALES)
    bias: str = says(
        "mean",
        'visible bias of G: "zero", or such that G(0) is the mean example',
        one_of("mean", "zero"),
    )
    bias_sigmoid: float = says(0.0, "initial bias of G's hidden sigmoid layers", BIAS)
    sparse: int = says(
        0,
        "of each visible unit of G this number of weights start in N(0, 1), the others at 0; "
        "0: all start by scale_g",
        COUNT_OR_NONE,
    )
    noise: str = says(
        "uniform", 'the density of z: "uniform" on (−√3, √3), or "gaussian"', one_of(*NOISES)
    )
    noise_dim: int = says(100, "the width of z", COUNT)
    algorithm: str = says(
        "algorithm1",
        '"algorithm1", or "authors2014": D and G are updated at once',
        one_of("algorithm1", "authors2014"),
    )
    loss: str = says(
        "non_saturating",
        'G\'s loss: "non_saturating", "saturating" or "maximum_likelihood"',
        one_of(*G_LOSSES),
    )
    k: int = says(1, "steps of D in an iteration", COUNT)
    batch: int = says(100, "rows in a minibatch", COUNT)
    last_batch: str = says(
        "drop",
        'the last rows of an epoch, fewer than a minibatch: "drop" or "use"',
        one_of("drop", "use"),
    )
    rule: str = says("momentum", 'the optimizer: "momentum" or "adam"', one_of(*OPTIMIZERS))
    learning_rate_g: float = says(0.1, "G's learning rate in the first iteration", POSITIVE)
    learning_rate_d: float = says(0.1, "D's learning rate in the first iteration", POSITIVE)
    learning_rate_decay: float = says(
        1.000004, "both rates are divided by this number at every iteration", AT_LEAST_1
    )
    learning_rate_floor: float = says(
        1e-6, "both rates stay at this value once they reach it", NOT_NEGATIVE
    )
    momentum: float = says(0.5, "the momentum μ in epoch 1; for adam, β₁", BELOW_1)
    momentum_final: float = says(
        0.7, "μ goes linearly to this value; for adam it equals momentum", BELOW_1
    )
    momentum_epochs: int = says(250, "the epoch in which μ reaches momentum_final", COUNT)
    average: float = says(
        0.0, "samples come from a running average of θ_g with this β; 0: from θ_g", BELOW_1
    )
    average_every: int = says(
        1, "n: the average takes in every n-th θ_g, with βⁿ in place of β, to save time", COUNT
    )
    max_norm: float = says(
        0.0, "largest length of a column of D's weights; 0: no limit", NOT_NEGATIVE
    )
    max_norm_g: float = says(0.0, "the same for G's weights", NOT_NEGATIVE)
    sigma_rows: int = says(
        1000, "validation rows on which σ of the Parzen estimate is chosen; 0: all", COUNT_OR_NONE
    )
    epochs: float = says(250.0, "length of the run in passes over the data", POSITIVE)
    iterations: int = says(0, "length of the run in iterations; 0: the epochs count", WHOLE)
    dtype: str = says("float32", "kind of number: float32 or float64", one_of("float32", "float64"))
    draws: str = says(
        "host",
        'where noise and dropout masks are drawn: "host", with the same numbers on every device, '
        'or "device", so that a GPU does not wait for them',
        one_of("host", "device"),
    )
    launches: str = says(
        "single",
        'how a GPU is asked to compute: "single", kernel by kernel, or "graph", each pass of a '
        "network at once (needs nvmath-python); a CPU ignores it",
        one_of("single", "graph"),
    )
    seed: int = says(0, "the seed of all randomness", WHOLE)

    def learning_rates(self, iteration):
        """The rates of G and D in iteration 0, 1, 2, …: max(floor, rate · decay^−iteration)."""
        factor = self.learning_rate_decay**-iteration
        return tuple(
            max(self.learning_rate_floor, rate * factor)
            for rate in (self.learning_rate_g, self.learning_rate_d)
        )

    def momentum_in(self, epoch):
        """μ in epoch 1, 2, …: from `momentum` linearly to `momentum_final`, then constant.

        It reaches `momentum_final` in epoch `momentum_epochs`.
        """
        share = min(1.0, (epoch - 1) / max(1, self.momentum_epochs - 1))
        return self.momentum + share * (self.momentum_final - self.momentum)
