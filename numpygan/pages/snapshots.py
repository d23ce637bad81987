"""Copies of what the tapes and networks hold: the numbers that the study page shows, statistics of
the rest, and the proofs.
"""

import numpy

from ..arrays import Stream
from ..gan import objective
from ..nn.layers import Maxout, ReLU
from .proof import Chain, prove
from .shown import describe, rows_as_images, strip, units


class Snapshots:
    """What has been kept of a game between the networks of `nets`, {"G": G, "D": D}.

    units   for each network the columns that are shown of its input and of each layer's output
    passes  what a tape held: values, adjoints, masks, gradients with their proofs
    thetas  {"G": […], "D": […]}: each version of the parameters
    """

    def __init__(self, nets, recipe, image_shape):
        self.nets, self.recipe, self.image_shape = nets, recipe, image_shape
        self.units = {name: units(net, image_shape=image_shape) for name, net in nets.items()}
        self.passes, self.thetas = [], {"G": [], "D": []}
        # a pass takes less than a millisecond
        small = sum(net.theta.size for net in nets.values()) < 200_000
        self._proven = {"theta": 1000 if small else 6, "x": 48 if small else 6}
        self._stream = Stream(0)
        for name in nets:
            self.keep_theta(name)

    def columns(self, which):
        return self.units["G"][0] if which == "z" else self.units["D"][0]

    def keep_theta(self, name):
        kept = []
        for i, layer in enumerate(self.nets[name].layers):
            found = {}
            for parameter in layer.shapes():
                found[parameter] = self._tensor(name, i, getattr(layer, parameter))
            kept.append(found)
        self.thetas[name].append(kept)

    def _tensor(self, name, i, array):
        """A parameter, or its gradient: the shown block, the statistics, pictures where one side is
        the pixels.
        """
        places = self.units[name][i : i + 2] if array.ndim == 2 else [self.units[name][i + 1]]
        found = {"block": array[numpy.ix_(*places)], "stats": describe(array)}
        if array.ndim == 2 and self._is_image(array.shape[0]):
            found["images"] = array[:, places[1][: strip(array.shape[0])]].T.astype("float32")
        elif array.ndim == 2 and self._is_image(array.shape[1]):
            found["images"] = array[places[0][: strip(array.shape[1])]].astype("float32")
        return found

    def _is_image(self, width):
        return self.image_shape is not None and width == numpy.prod(self.image_shape)

    def _keep_rows(self, array, columns):
        """Rows of a pass: all of them in the shown columns, some of them as pictures."""
        found = {"block": array[:, columns], "stats": describe(array)}
        if self._is_image(array.shape[1]):
            found["images"] = array[
                rows_as_images(len(array), self._halves(len(array)), array.shape[1])
            ].astype("float32")
        return found

    def _halves(self, m):
        return 2 if m == 2 * self.recipe.batch else 1

    def keep_pass(self, name, tape):
        columns, values = self.units[name], [tape.x, *(t.y for t in tape.layers)]
        own = []
        for i, (layer, t) in enumerate(zip(tape.net.layers, tape.layers)):
            found = {
                n: self._keep_rows(getattr(t, n), columns[i + 1])
                for n in t.own
                if not isinstance(layer, Maxout)
            }
            if isinstance(layer, Maxout):
                piece = t.won.argmax(1)
                found = {
                    "won": {
                        "block": piece[:, columns[i + 1]].astype("uint8"),
                        "stats": describe(piece),
                    }
                }
                found["share"] = [float(share) for share in t.won.mean((0, 2))]
            if isinstance(layer, ReLU):
                found["dead"] = float((~t.mask.any(0)).mean())
            own.append(found)
        self.passes.append(
            {
                "net": name,
                "rows": tape.m,
                "halves": self._halves(tape.m),
                "theta": len(self.thetas[name]) - 1,
                "own": own,
                "values": [self._keep_rows(array, shown) for array, shown in zip(values, columns)],
            }
        )
        return len(self.passes) - 1

    def keep_adjoints(self, name, tape, kept, lowest, params):
        """The adjoints from layer `lowest` up, and the gradients, each with its proof."""
        columns, rows = self.units[name], numpy.arange(tape.m)
        adjoints = [tape.gx, *(t.gy for t in tape.layers)]
        parts = [(tape.net, tape)] + ([(self.nets["D"], self._teacher)] if name == "G" else [])
        chain = Chain(parts, self._complex_objective(name, tape, params))
        kept["adjoints"] = [None] * lowest
        for i in range(lowest, len(adjoints)):
            found = self._keep_rows(adjoints[i], columns[i])
            largest = float(numpy.abs(adjoints[i]).max())
            places = [rows, columns[i]]
            found["proof"] = prove(
                chain, i, "x", adjoints[i], places, self._stream, self._proven["x"], largest
            )
            kept["adjoints"].append(found)
        kept["grads"] = []
        for i, layer in enumerate(tape.net.layers):
            found = {}
            for parameter in layer.shapes() if params else ():
                g = getattr(layer, "g" + parameter)
                found[parameter] = self._tensor(name, i, g)
                places = columns[i : i + 2] if g.ndim == 2 else [columns[i + 1]]
                terms = numpy.abs(tape.layers[i].gy[:, places[-1]])  # of the sums over the rows
                terms = (
                    numpy.abs(tape.layers[i].x[:, places[0]]).T @ terms
                    if g.ndim == 2
                    else terms.sum(0)
                )
                proof = prove(
                    chain,
                    i,
                    parameter,
                    g,
                    places,
                    self._stream,
                    self._proven["theta"],
                    float(terms.max()),
                )
                found[parameter]["proof"] = proof
            kept["grads"].append(found)
        if name == "D":
            self._teacher = tape

    def _complex_objective(self, name, tape, params):
        """V in a D step, G's loss in a G step, of complex logits."""
        recipe = self.recipe
        if name == "D" and params:
            m, share = tape.m // 2, 0.5 if recipe.algorithm == "authors2014" else 1.0
            return lambda a: share * objective.value(numpy, a[:m], a[m:])
        loss = objective.g_loss(recipe.loss)[0]
        return lambda a: loss(numpy, a)

    def keep_slopes(self, tape, kept):
        """−∂L/∂G(z) for both of the paper's losses and the recipe's, through the same D and masks:
        what each would teach.
        """
        twin, kept["push"] = self.nets["D"].copy(), {}
        memory = twin.tape(tape.m)
        for t, mine in zip(tape.layers, memory.layers):
            for own in t.own:
                getattr(mine, own)[...] = getattr(t, own)
        memory.drawn[...] = True
        logits = twin.forward(tape.x, memory)
        for loss in dict.fromkeys(("saturating", "non_saturating", self.recipe.loss)):
            objective.g_loss(loss)[1](numpy, logits, out=memory.gy)
            push = -twin.backward(memory.gy, memory, params=False)
            kept["push"][loss] = self._keep_rows(push, self.columns("x"))
            kept["push"][loss]["length"] = float(numpy.linalg.norm(push, axis=1).mean())
        kept["verdicts"] = objective.probability(numpy, logits)[:, 0]
