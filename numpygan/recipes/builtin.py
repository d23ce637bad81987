"""The recipes that numpygan has, as plain data."""

from dataclasses import replace

from .recipe import Recipe

# The authors' networks and dropout. This learns faster than their numbers because of Adam, a
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
        # Bounded (tanh) units cut the tails off; leaky units keep the tails of the noise. From one
        # noise value G folds the line in some seeds, which costs a tail; from two it does not.
        replace(
            _LINE,
            name="gauss1d-averaged",
            about="gauss1d with tails in G, samples from averaged iterates",
            generator=("leaky 64", "leaky 64", "linear"),
            noise_dim=2,
            average=0.999,
        ),
        replace(
            _AVERAGED,
            name="ring-averaged",
            about="ring, closer to the data: samples from averaged iterates",
            data="ring",
        ),
        # 25 modes over ±4 with σ .05: D needs more units than on ring to see within a mode. With
        # the saturating loss and a slower D, G loses no mode early on.
        replace(
            _AVERAGED,
            name="grid-averaged",
            about="grid, closer to the data: a wider D, samples from averaged iterates",
            data="grid",
            discriminator=("leaky 256", "leaky 256"),
            scale_d=(0.02, 0.0, 0.0),
            loss="saturating",
            batch=1024,
            learning_rate_d=5e-4,
            learning_rate_decay=1.00007,
            iterations=72_000,
        ),
    )
}

DOWNLOADS = {  # data of these recipes that numpygan does not ship -> what they are
    "cifar-10-batches-bin": "the folder of the binary version of CIFAR-10 (for C programs) from "
    "https://www.cs.toronto.edu/~kriz/cifar.html",
    "tfd.npy": "the Toronto Face Database, N × 48 × 48, which is not public",
}
