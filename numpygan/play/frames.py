"""What one frame shows: numbers that numpygan computes from the game as it is."""

import math
import zlib

import numpy

from ..gan import objective
from ..pages import pseudocode
from ..pages.typeset import typeset
from ..recipes.settings import as_text
from .digits import Images
from .eye import finite
from .line import Line
from .plane import Plane


class View:
    """Looks at a Training; nothing that it does changes the game."""

    def __init__(self, setup, training, before=None):
        """before: the View of the game until now; its surface and its curve stay."""
        self.setup, self.training = setup, training
        self._networks = {"G": training.G, "D": training.D}
        kind = Images if setup.recipe.data == "mnist" else Line if setup.dim() == 1 else Plane
        self.picture = kind(setup, training)
        if before and isinstance(before.picture, kind) and kind is not Line:
            self.picture.follow(before.picture)
        self.unsee()

    def unsee(self):
        """Forget the passes: they are of an iteration that never was."""
        self.passes = {}

    def saw(self, line, args):
        """A line has run; args: (out,) of a minibatch, (x, tape) of a pass."""
        if line.endswith(("forward", "backward")):
            self.passes[line] = args[1]
        elif line == "d x":
            self.passes[line] = args[0]

    def look(self, surface, mesh=False):
        self.picture.look(surface, mesh)

    def setup_data(self):
        """What stays the same until the settings change."""
        recipe = self.setup.recipe
        lines = pseudocode.lines(recipe.algorithm, recipe.loss)
        players = {
            name: {"layers": [repr(layer) for layer in net.layers], "size": int(net.theta.size)}
            for name, net in self._networks.items()
        }
        return {
            "recipe": {name: as_text(value) for name, value in vars(recipe).items()},
            "lines": [[key, depth, typeset(text)] for key, depth, text in lines],
            "order": pseudocode.order(recipe.algorithm, recipe.k),
            "players": players,
            "least": -math.log(4),
            "changed": self.setup.differences(),
            "drawing": list(self.setup.drawing) if recipe.data == "drawn" else None,
            **self.picture.setup_data(),
        }

    def frame(self, ran, still=True):
        """The frame after the lines `ran` of the iteration; still: nothing moves until it is seen.

        In a game that moves, what takes long is measured now and then.
        """
        return {
            "theta": {name: fingerprint(net) for name, net in self._networks.items()},
            "now": self._numbers(ran),
            "norms": {name: gradients(net) for name, net in self._networks.items()},
            "view": {"kind": self.picture.kind, **self.picture.frame(self._valid(ran), still)},
        }

    def _valid(self, ran):
        """The passes of this iteration, by the line that made them."""
        return {line: tape for line, tape in self.passes.items() if line in ran}

    def _numbers(self, ran):
        """What the last line computed: [[symbol, number], …]."""
        line, m = ran[-1] if ran else "", self.setup.recipe.batch
        tape = self.passes.get(line)
        if line.endswith("D forward") and tape is not None:
            D = objective.probability(numpy, tape.y)
            if line.startswith("d"):
                V = objective.value(numpy, tape.y[:m], tape.y[m:])
                return _finite([["V", V], ["D(x)", D[:m].mean()], ["D(G(z))", D[m:].mean()]])
            loss = objective.g_loss(self.setup.recipe.loss).value(numpy, tape.y)
            return _finite([["L", loss], ["D(G(z))", D.mean()]])
        if line == "g D backward" and tape is not None:
            return _finite(
                [["mean length of −∂L/∂G(z)", numpy.linalg.norm(tape.gx, axis=1).mean()]]
            )
        nets = {
            "d D backward": ("‖∇θ_d V‖", self.training.D),
            "g G backward": ("‖∇θ_g L‖", self.training.G),
        }
        if line in nets:
            return _finite([[nets[line][0], numpy.linalg.norm(nets[line][1].grad)]])
        return []


def fingerprint(net):
    """Eight digits that change with any bit of θ (CRC-32)."""
    return f"{zlib.crc32(net.theta):08x}"


def gradients(net):
    """The length of each layer's gradient: [[layer, number], …]."""
    found = []
    for layer in net.layers:
        squares = sum(
            float(numpy.vdot(g, g)) for g in (getattr(layer, "g" + n) for n in layer.shapes())
        )
        if layer.shapes():
            found.append([repr(layer), math.sqrt(squares)])
    return _finite(found)


def _finite(rows):
    """Numbers as JSON has them: null where one is not finite."""
    return [[name, finite(value)] for name, value in rows]
