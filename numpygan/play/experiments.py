"""Prepared experiments: settings that tell a story, and where its code is."""

import textwrap
from importlib import resources

from ..errors import NumpyganError
from .setup import setup_of as setup_of_recipe

_LINES = 60  # lines of code that are shown

# name: (title, recipe, fields, story, file and line of its code, lesson of the course)
_EXPERIMENTS = {
    "ring": (
        "Eight modes, one by one",
        "ring",
        {},
        "Algorithm 1 to the letter, on a ring. Watch D's surface: it rises where there are data "
        "but no samples, and the arrows pull samples there.",
        "gan/algorithm1.py: def algorithm1(",
        5,
    ),
    "figure1": (
        "Figure 1, live",
        "gauss1d",
        {},
        "The paper's Figure 1. D follows D*, the arrows z → x crowd where p_g is high, and V "
        "meets C(G) at −log 4.",
        "theory/pushforward.py: class PushForward",
        6,
    ),
    "saturating": (
        "Saturating loss early on",
        "ring",
        {"loss": "saturating", "k": "10", "learning_rate_d": "0.005"},
        "D is trained ten times as often, and is soon sure. The saturating loss then has no "
        "slope: look how short the arrows get. Change G's loss to non-saturating while it "
        "runs.",
        "gan/objective.py: def saturating_slope(",
        4,
    ),
    "nonsaturating": (
        "Non-saturating: the remedy, and its price",
        "ring",
        {"loss": "non_saturating", "k": "10", "learning_rate_d": "0.005"},
        "The same strong D. Now the arrows stay long where D is sure, as the paper promises in "
        "§3. The price: samples become sharp, but gather on a few modes. Count them.",
        "gan/objective.py: def non_saturating_slope(",
        4,
    ),
    "k5": (
        "k = 5",
        "ring",
        {"k": "5"},
        "Five steps of D in each iteration. D stays near D*: choose the surface D − D*. All modes "
        "are found early, but after some hundred iterations D is sure, and the saturating loss "
        "starves G.",
        "gan/algorithm1.py: for _ in range(k)",
        5,
    ),
    "eaten": (
        "Modes get lost",
        "ring",
        {"loss": "non_saturating", "learning_rate_g": "0.004"},
        "G moves twice as fast as D. All samples run to the place that D likes best now, D "
        "notices, and they run on. Count the modes found.",
        "metrics/modes.py: def count_modes(",
        5,
    ),
    "toohigh": (
        "A learning rate that is too high",
        "ring",
        {
            "rule": "momentum",
            "learning_rate_g": "50",
            "learning_rate_d": "50",
            "learning_rate_decay": "1",
        },
        "Momentum with a learning rate that is far too high. Within a few iterations a number is "
        "not finite any more. The page names the layer and goes back to the iteration before.",
        "runs/trainer.py: def check_finite(",
        5,
    ),
    "strongd": (
        "D too strong",
        "ring",
        {"learning_rate_d": "0.02", "learning_rate_g": "0.0002", "k": "5"},
        "V rises towards 0: D tells everything apart. With the saturating loss G stands still.",
        "gan/objective.py: def value(",
        7,
    ),
    "weakd": (
        "D too weak",
        "ring",
        {"discriminator": "leaky 4"},
        "D has four hidden units, and can't surround eight modes. Far from the data its logit is "
        "a slope without end, and G's samples run along it, out of the picture.",
        "nn/layers.py: class LeakyReLU",
        2,
    ),
    "averaging": (
        "Why averaging helps",
        "ring",
        {"average": "0.999", "learning_rate_decay": "1"},
        "The learning rates do not fall, so G keeps circling. Samples come from the average of "
        "its iterates, and three times as many lie within 3σ of a mode. Set the average to 0 while "
        "it runs, and see the jitter.",
        "gan/average.py: class Average",
        6,
    ),
    "narrow": (
        "A generator that is too small",
        "grid",
        {"generator": "relu 6, linear"},
        "G has six hidden units, so it is a sheet with few folds. Show the image of the grid in z: "
        "it can cover the place of the 25 modes, but not gather at them.",
        "nn/mlp.py: class MLP",
        3,
    ),
    "atonce": (
        "Both at once",
        "ring",
        {"algorithm": "authors2014", "loss": "non_saturating", "k": "1"},
        "The authors' released code moves D and G from the same pass. Step through its lines "
        "and compare them with Algorithm 1.",
        "gan/authors2014.py: def authors2014(",
        5,
    ),
    "curve": (
        "One number of noise",
        "ring",
        {"data": "moons", "learning_rate_decay": "1.0001", "noise_dim": "1"},
        "z is one number, so all samples lie on a curve. G has to draw two moons with one stroke.",
        "data/sources.py: class Noise",
        5,
    ),
    "digits": (
        "Digits",
        "mnist",
        {},
        "The MNIST recipe. Strokes appear after a few hundred iterations, digits after an "
        "epoch, which is 500 iterations.",
        "recipes/builtin.py: _MNIST = Recipe(",
        6,
    ),
}


def listed():
    """For the page: each experiment with its story, its code and its lesson."""
    return [
        {"name": name, "title": title, "story": story, "code": _code(code), "lesson": lesson}
        for name, (title, _, _, story, code, lesson) in _EXPERIMENTS.items()
    ]


def _code(where):
    """{"file", "line", "text"}: the block of code that begins where `where` says."""
    name, _, start = where.partition(": ")
    lines = (resources.files("numpygan") / name).read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.strip().startswith(start))
    depth, block = len(lines[first]) - len(lines[first].lstrip()), [lines[first]]
    for line in lines[first + 1 :]:
        inside = not line.strip() or line.startswith((" " * (depth + 1), " " * depth + ")"))
        if not inside or len(block) == _LINES:
            break
        block.append(line)
    text = textwrap.dedent("\n".join(block)).rstrip()
    return {"file": f"numpygan/{name}", "line": first + 1, "text": text}


def setup_of(command):
    """The Setup of {"name": …}, or of {"recipe": …, "fields": …, "drawing": …}: an address.

    Raises NumpyganError if there is no such experiment or its settings are out of range.
    """
    name = command.get("name")
    if name is None:
        recipe = command.get("recipe")
        if not isinstance(recipe, str):
            raise NumpyganError("experiment: expected the name of one, or a recipe and fields.")
        return setup_of_recipe(recipe).changed(command.get("fields", {}), command.get("drawing"))
    if not isinstance(name, str) or name not in _EXPERIMENTS:
        raise NumpyganError(f"experiment: expected one of {', '.join(_EXPERIMENTS)}.")
    _, recipe, fields, *_ = _EXPERIMENTS[name]
    return setup_of_recipe(recipe).changed(fields)
