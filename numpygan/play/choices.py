"""The settings of the page: what can be chosen, and a sentence on what to expect of each."""

from ..gan.objective import G_LOSSES
from .setup import LIVE

_SETTINGS = (
    # group, field, label, choices (None: a number or a text), what to expect
    (
        "Data",
        "data",
        "Data",
        {
            "ring": "ring of 8",
            "grid": "grid of 25",
            "moons": "two moons",
            "spiral": "spiral",
            "square": "square",
            "bump": "one Gaussian",
            "drawn": "drawn by you",
            "gauss1d": "two Gaussians, 1-D",
            "mnist": "MNIST digits",
        },
        "What p_data is. G has learned the old data, so at first D finds every sample easy to"
        " tell.",
    ),
    (
        "Data",
        "noise",
        "Noise",
        {"uniform": "uniform", "gaussian": "Gaussian"},
        "The density of z. Uniform noise has sharp edges, and G can map them to edges of the data.",
    ),
    (
        "Data",
        "noise_dim",
        "Width of z",
        None,
        "With one number G draws a curve, with two a sheet; more let it cover modes without "
        "stretching.",
    ),
    (
        "Data",
        "seed",
        "Seed",
        None,
        "Another seed is another game. The same seed is the same game, bit for bit.",
    ),
    (
        "Game",
        "loss",
        "G's loss",
        {name: name.replace("_", "-") for name in G_LOSSES},
        "Its slope at D's logit is −D (saturating), −(1 − D) (non-saturating), or −½ D/(1 − D) "
        "(maximum likelihood). Where D is sure that a sample is generated, only "
        "non-saturating still pulls.",
    ),
    (
        "Game",
        "algorithm",
        "Algorithm",
        {"algorithm1": "Algorithm 1", "authors2014": "the authors' 2014 code"},
        "Algorithm 1 moves D, then G against the new D. The authors' code moves both at once,"
        " with k = 1 and the non-saturating loss.",
    ),
    (
        "Game",
        "k",
        "k, steps of D",
        None,
        "More steps bring D nearer to D*, and each iteration takes longer. With the "
        "saturating loss, too many starve G.",
    ),
    (
        "Game",
        "batch",
        "Minibatch m",
        None,
        "Larger minibatches have less noise in their gradients, and take longer.",
    ),
    (
        "Optimizer",
        "rule",
        "Optimizer",
        {"adam": "Adam", "momentum": "momentum"},
        "Adam scales each parameter's step by itself. Momentum needs learning rates about a"
        " hundred times as large.",
    ),
    (
        "Optimizer",
        "learning_rate_g",
        "Learning rate G",
        None,
        "Too high, and samples jump between modes; too low, and G can't follow D.",
    ),
    (
        "Optimizer",
        "learning_rate_d",
        "Learning rate D",
        None,
        "A high learning rate makes D strong: V rises to 0. A low one leaves it at ½: G learns"
        " little from it.",
    ),
    (
        "Optimizer",
        "learning_rate_decay",
        "Decay",
        None,
        "Both learning rates are divided by this number in each iteration. 1 keeps them; falling"
        " learning rates calm the game.",
    ),
    (
        "Optimizer",
        "momentum",
        "Momentum",
        None,
        "Memory of earlier gradients. In a game, much of it makes G and D circle each other.",
    ),
    (
        "Optimizer",
        "average",
        "Average of θ_g",
        None,
        "Samples come from a running average of G's parameters, with this β; 0: none. "
        "Training never reads it.",
    ),
    (
        "Networks",
        "generator",
        "G",
        None,
        "Hidden layers, then linear, tanh or sigmoid. A narrow G can't bend its sheet around "
        "all modes.",
    ),
    (
        "Networks",
        "discriminator",
        "D",
        None,
        "Hidden layers (relu, leaky, tanh, sigmoid, or maxout 60x5). A narrow D draws blunt "
        "borders.",
    ),
    (
        "Networks",
        "keep",
        "Kept by dropout",
        None,
        "The share kept of D's input and of each hidden layer; 1: no dropout. Dropout blurs "
        "D's surface.",
    ),
    (
        "Networks",
        "dtype",
        "Numbers",
        {"float32": "float32", "float64": "float64"},
        "The game is chaotic: if numbers are rounded differently, it goes another way after some "
        "hundred iterations.",
    ),
)


def about_settings():
    """For the page: each setting, its choices, its sentence, whether the game goes on."""
    return [
        {
            "group": group,
            "field": field,
            "label": label,
            "choices": choices,
            "expect": expect,
            "live": field in LIVE,
        }
        for group, field, label, choices, expect in _SETTINGS
    ]
