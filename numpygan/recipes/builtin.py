"""The experiments as plain data.

Every field can be changed from the command line with --set FIELD=VALUE.
"""

from dataclasses import dataclass, field, replace


def says(default, meaning):
    """A field of a recipe, and what it means, which `numpygan recipes NAME` prints."""
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Recipe:
    """One experiment.

    The defaults are the authors' numbers for MNIST (`mnist.yaml` of their released code, see
    docs/authors.md), played by Algorithm 1.
    """

    name: str = says("mnist-authors", "its name; run directories are called after it")
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
        "auto", 'columns of a CSV to leave out; "none": keep all; "auto": leave out the labels'
    )
    transpose: int = says(0, "1: exchange rows and columns of the images (EMNIST)")
    preprocess: str = says(
        "none", '"none", or "contrast": shift and scale each example to mean 0 and length 55'
    )
    generator: tuple[str, ...] = says(
        ("relu 1200", "relu 1200", "sigmoid"), "G's hidden layers, then its visible nonlinearity"
    )
    discriminator: tuple[str, ...] = says(
        ("maxout 240x5", "maxout 240x5"), "D's hidden layers; one logit follows"
    )
    keep: tuple[float, ...] = says(
        (0.8, 0.5, 0.5), "dropout in D: the share kept of its input and of each hidden layer"
    )
    scale_g: tuple[float, ...] = says(
        (0.05, 0.05, 0.05), "G's weights start in U(−s, s), s for each layer; 0: Glorot's scale"
    )
    scale_d: tuple[float, ...] = says((0.005, 0.005, 0.005), "the same for D's weights")
    bias: str = says("mean", 'visible bias of G: "zero", or such that G(0) is the mean example')
    bias_sigmoid: float = says(0.0, "initial bias of G's hidden sigmoid layers")
    sparse: int = says(
        0,
        "of each visible unit of G this number of weights start in N(0, 1), the others at 0; "
        "0: all start by scale_g",
    )
    noise: str = says("uniform", 'the density of z: "uniform" on (−√3, √3), or "gaussian"')
    noise_dim: int = says(100, "the width of z")
    algorithm: str = says(
        "algorithm1", '"algorithm1", or "authors2014": D and G are updated at once'
    )
    loss: str = says(
        "non_saturating", 'G\'s: "non_saturating", "saturating" or "maximum_likelihood"'
    )
    k: int = says(1, "steps of D in an iteration")
    batch: int = says(100, "rows in a minibatch")
    last_batch: str = says(
        "drop", 'the last rows of an epoch, fewer than a minibatch: "drop" or "use"'
    )
    rule: str = says("momentum", 'the optimizer: "momentum" or "adam"')
    learning_rate_g: float = says(0.1, "G's learning rate in the first iteration")
    learning_rate_d: float = says(0.1, "D's learning rate in the first iteration")
    learning_rate_decay: float = says(
        1.000004, "both rates are divided by this number at every iteration"
    )
    learning_rate_floor: float = says(1e-6, "both rates stay at this value once they reach it")
    momentum: float = says(0.5, "momentum in epoch 1; with rule adam, β₁")
    momentum_final: float = says(
        0.7, "momentum goes linearly to this value; with rule adam it must equal momentum"
    )
    momentum_epochs: int = says(250, "the epoch in which momentum reaches momentum_final")
    average: float = says(
        0.0, "samples come from a running average of θ_g with this β; 0: from θ_g"
    )
    average_every: int = says(
        1, "n: the average takes in every n-th θ_g, with βⁿ in place of β, to save time"
    )
    max_norm: float = says(0.0, "largest length of a column of D's weights; 0: no limit")
    max_norm_g: float = says(0.0, "the same for G's weights")
    sigma_rows: int = says(
        1000, "validation rows on which σ of the Parzen estimate is chosen; 0: all"
    )
    epochs: float = says(250.0, "length of the run in passes over the data")
    iterations: int = says(0, "length of the run in iterations; 0: the epochs count")
    dtype: str = says("float32", "kind of number: float32 or float64")
    seed: int = says(0, "the seed of all randomness")

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


# The authors' networks and dropout. It learns faster than with their numbers because of Adam, a
# higher rate for G than for D, Glorot's initial scales, and samples from the average of G's
# iterates. With β₁ = .5 D can win for good in the second epoch: see docs/results.md.
_MNIST = Recipe(
    name="mnist",
    about="MNIST by Algorithm 1: the authors' networks, Adam, samples from averaged iterates",
    scale_g=(0.0, 0.0, 0.0),
    scale_d=(0.0, 0.0, 0.0),
    rule="adam",
    learning_rate_g=7.5e-4,
    learning_rate_d=5e-4,
    learning_rate_decay=1.0,
    momentum=0.0,
    momentum_final=0.0,
    average=0.9999,
    average_every=8,
    epochs=60.0,
)

# The authors' experiment. Their D ascends ½ V at the rate .1; on V the same step has the rate .05.
_PAPER = Recipe(
    name="paper",
    about="the paper's MNIST experiment: the authors' file mnist.yaml and their update; they give "
    "no end, the 250 epochs are ours",
    algorithm="authors2014",
)

# The authors' tfd_pretrain/pretrain.yaml.
_TFD = Recipe(
    name="tfd-pretrain",
    about="the upper layers of the authors' G for the Toronto Face Database, their first run "
    "(pretrain.yaml); bring your own tfd.npy (N × 48 × 48), as it is not public",
    data="tfd.npy",
    generator=("relu 8000", "sigmoid 8000", "sigmoid"),
    scale_g=(0.05, 0.05, 0.0),
    bias_sigmoid=-2.0,
    sparse=100,
    discriminator=("maxout 1200x5", "maxout 1200x5"),
    noise="gaussian",
    algorithm="authors2014",
    last_batch="use",
    max_norm=1.9365,
    max_norm_g=1.9365,
    sigma_rows=0,
    learning_rate_g=0.05,
    learning_rate_d=0.05,
    epochs=50.0,
)

_TOY = Recipe(
    generator=("relu 128", "relu 128", "linear"),
    discriminator=("relu 128", "relu 128"),
    keep=(1.0, 1.0, 1.0),
    scale_g=(0.0, 0.0, 0.0),
    scale_d=(0.0, 0.0, 0.0),
    bias="zero",
    noise="gaussian",
    noise_dim=2,
    rule="adam",
    batch=128,
    learning_rate_g=1e-3,
    learning_rate_d=1e-3,
    learning_rate_decay=1.0,
    momentum=0.5,
    momentum_final=0.5,
    epochs=4.0,
)

# On a line p_g is p_z divided by the slope of G. Therefore the networks are smooth, D's first units
# are steep, β₁ = 0, and the noise has tails as the data have.
_LINE = replace(
    _TOY,
    name="gauss1d",
    about="two Gaussians on a line",
    data="gauss1d",
    noise_dim=1,
    generator=("tanh 32", "tanh 32", "linear"),
    discriminator=("tanh 64", "tanh 64"),
    scale_d=(3.0, 0.0, 0.0),
    batch=256,
    k=2,
    learning_rate_g=2e-3,
    learning_rate_d=5e-3,
    learning_rate_decay=1.001,
    momentum=0.0,
    momentum_final=0.0,
    iterations=5_000,
)

# Algorithm 1 to the letter, with the saturating loss. The rates fall until the samples settle
# within the narrow modes.
_MODES = replace(
    _TOY,
    discriminator=("leaky 128", "leaky 128"),
    loss="saturating",
    noise="uniform",
    learning_rate_g=2e-3,
    learning_rate_d=2e-3,
    learning_rate_decay=1.00015,
    iterations=20_000,
)

# Chosen for a low JSD: docs/toys.md has what was tried.
_AVERAGED = replace(
    _MODES,
    loss="non_saturating",
    momentum=0.0,
    momentum_final=0.0,
    learning_rate_decay=1.00012,
    average=0.999,
    iterations=36_000,
)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        _MNIST,
        replace(
            _MNIST,
            name="mnist-2014",
            about="the same by the simultaneous update of the authors' code",
            algorithm="authors2014",
        ),
        _PAPER,
        replace(
            _PAPER,
            name="paper-algorithm1",
            about="the authors' mnist.yaml by Algorithm 1, which climbs V and not ½ V, so D's rate "
            "is .05, half of theirs; the 250 epochs are ours",
            algorithm="algorithm1",
            learning_rate_d=0.05,
        ),
        Recipe(),
        replace(
            _MNIST,
            name="stacked-mnist",
            about="three MNIST digits as the planes of a colour image: 1,000 modes; not tuned yet",
            data="stacked-mnist",
        ),
        _TFD,
        replace(
            _TFD,
            name="tfd",
            about="the authors' second run on the Toronto Face Database (train.yaml): two layers "
            "below those of tfd-pretrain, which all start untrained here, as the authors' "
            "pretrained layers are not public; bring your own tfd.npy (N × 48 × 48)",
            generator=("relu 8000", "sigmoid 100", *_TFD.generator),
            scale_g=(0.05, 0.05, *_TFD.scale_g),
            epochs=22.0,
        ),
        replace(
            _PAPER,
            name="cifar10",
            about="CIFAR-10 by the authors' cifar10_fully_connected.yaml; bring the binary "
            "version; they give no end, the 250 epochs are ours",
            data="cifar-10-batches-bin",
            preprocess="contrast",
            generator=("relu 8000", "sigmoid 8000", "linear"),
            scale_g=(0.05, 0.05, 0.5),
            discriminator=("maxout 1600x5", "maxout 1600x5"),
            bias="zero",
            noise="gaussian",
            learning_rate_g=0.025,
            learning_rate_d=0.025,
        ),
        _LINE,
        replace(_MODES, name="ring", about="8 Gaussians on a circle", data="ring"),
        replace(
            _MODES,
            name="grid",
            about="25 Gaussians on a square grid",
            data="grid",
            scale_d=(0.02, 0.0, 0.0),
            learning_rate_d=1e-3,
            learning_rate_decay=1.00008,
            iterations=18_000,
        ),
        # Bounded (tanh) units cut the tails off; leaky units keep the tails of the noise.
        replace(
            _LINE,
            name="gauss1d-averaged",
            about="gauss1d with tails in G, samples from averaged iterates",
            generator=("leaky 64", "leaky 64", "linear"),
            average=0.999,
        ),
        replace(
            _AVERAGED,
            name="ring-averaged",
            about="ring, closer to the data: samples from averaged iterates",
            data="ring",
        ),
    )
}
