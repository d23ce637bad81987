"""Copies of the contents of tapes and networks for the study page: numbers, statistics, proofs."""

import numpy

from ..arrays import Stream
from ..gan import objective
from ..nn.layers import Maxout, ReLU
from .proof import Chain, prove
from .shown import describe, rows_as_images, strip, units


def shown_losses(loss):
    """The losses of G that the page compares: the paper's two, and `loss`, the recipe's own."""
    return dict.fromkeys(("saturating", "non_saturating", loss))


class Snapshots:
    """What was copied during the training of `nets`, {"G": G, "D": D}.

    units   for each network the shown columns of its input and of each layer's output
    passes  the contents of the tapes: values, adjoints, masks, gradients with their proofs
    thetas  {"G": […], "D": […]}: each version of the parameters
    """

    def __init__(self, nets, recipe, image_shape):
        self.nets, self.recipe, self.image_shape = nets, recipe, image_shape
        self.units = {name: units(net, image_shape=image_shape) for name, net in nets.items()}
        self.passes, self.thetas = [], {"G": [], "D": []}
        # In small networks a pass takes less than a millisecond, so there is time for many proofs.
        if sum(net.theta.size for net in nets.values()) > 200_000:
            self._proven = {"theta": 6, "x": 6}
        elif recipe.batch > 32:
            self._proven = {"theta": 100, "x": 24}
        else:
            self._proven = {"theta": 1000, "x": 48}
        self._stream = Stream(0)
        for name in nets:
            self.keep_theta(name)

    def columns(self, which):
        return self.units["G"][0] if which == "z" else self.units["D"][0]

    def keep_theta(self, name):
        self.thetas[name].append(
            [
                {part: self._tensor(name, i, getattr(layer, part)) for part in layer.shapes()}
                for i, layer in enumerate(self.nets[name].layers)
            ]
        )

    def _tensor(self, name, i, array):
        """A parameter or its gradient: the shown block, statistics, and pictures.

        There are pictures only if one side is the pixels of an image.
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
        """The rows of a pass: all rows in the shown columns, and some rows as pictures."""
        found = {"block": array[:, columns], "stats": describe(array)}
        if self._is_image(array.shape[1]):
            rows = rows_as_images(len(array), self._halves(len(array)), array.shape[1])
            found["images"] = array[rows].astype("float32")
        return found

    def _halves(self, m):
        return 2 if m == 2 * self.recipe.batch else 1

    def keep_pass(self, name, tape):
        columns, values = self.units[name], [tape.x, *(t.y for t in tape.layers)]
        own = []
        for layer, t, shown in zip(tape.net.layers, tape.layers, columns[1:]):
            if isinstance(layer, Maxout):
                piece = t.won.argmax(1)
                won = {"block": piece[:, shown].astype("uint8"), "stats": describe(piece)}
                found = {"won": won, "share": [float(share) for share in t.won.mean((0, 2))]}
            else:
                found = {n: self._keep_rows(getattr(t, n), shown) for n in t.own}
            if isinstance(layer, ReLU):
                found["dead"] = float((~t.mask.any(0)).mean())
            own.append(found)
        kept = {
            "net": name,
            "rows": tape.m,
            "halves": self._halves(tape.m),
            "theta": len(self.thetas[name]) - 1,
            "own": own,
            "values": [self._keep_rows(array, shown) for array, shown in zip(values, columns)],
        }
        self.passes.append(kept)
        return len(self.passes) - 1

    def keep_adjoints(self, name, tape, kept, lowest, params):
        """Keep the adjoints from layer `lowest` up, and the gradients, each with its proof."""
        columns, rows = self.units[name], numpy.arange(tape.m)
        adjoints = [tape.gx, *(t.gy for t in tape.layers)]
        parts = [(tape.net, tape)] + ([(self.nets["D"], self._teacher)] if name == "G" else [])
        chain = Chain(parts, self._complex_objective(name, tape, params))

        def proof(i, part, g, places, size):
            most = self._proven["x" if part == "x" else "theta"]
            return prove(chain, i, part, g, places, self._stream, most, float(size))

        kept["adjoints"] = [None] * lowest
        for i in range(lowest, len(adjoints)):
            g, found = adjoints[i], self._keep_rows(adjoints[i], columns[i])
            found["proof"] = proof(i, "x", g, [rows, columns[i]], numpy.abs(g).max())
            kept["adjoints"].append(found)
        kept["grads"] = []
        for i, layer in enumerate(tape.net.layers):
            found = {}
            for parameter in layer.shapes() if params else ():
                g, t = getattr(layer, "g" + parameter), tape.layers[i]
                found[parameter] = self._tensor(name, i, g)
                # size: the largest Σ |terms| of the sums over the rows
                gy = numpy.abs(t.gy[:, columns[i + 1]])
                if g.ndim == 2:
                    places, size = columns[i : i + 2], numpy.abs(t.x[:, columns[i]]).T @ gy
                else:
                    places, size = [columns[i + 1]], gy.sum(0)
                found[parameter]["proof"] = proof(i, parameter, g, places, size.max())
            kept["grads"].append(found)
        if name == "D":
            self._teacher = tape

    def _complex_objective(self, name, tape, params):
        """V in a D step, G's loss in a G step, as a function of complex logits."""
        recipe = self.recipe
        if name == "D" and params:
            m, share = tape.m // 2, 0.5 if recipe.algorithm == "authors2014" else 1.0
            return lambda a: share * objective.value(numpy, a[:m], a[m:])
        loss = objective.g_loss(recipe.loss)
        return lambda a: loss.value(numpy, a)

    def keep_slopes(self, tape, kept):
        """Keep −∂L/∂G(z), from which G learns, for the losses of the paper and the recipe.

        D and its masks are the same for all of them.
        """
        twin, kept["push"] = self.nets["D"].copy(), {}
        memory = twin.tape(tape.m)
        for t, mine in zip(tape.layers, memory.layers):
            for own in t.own:
                getattr(mine, own)[...] = getattr(t, own)
        memory.drawn[...] = True
        logits = twin.forward(tape.x, memory)
        for loss in shown_losses(self.recipe.loss):
            objective.g_loss(loss).slope(numpy, logits, out=memory.gy)
            push = -twin.backward(memory.gy, memory, params=False)
            kept["push"][loss] = self._keep_rows(push, self.columns("x"))
            kept["push"][loss]["length"] = float(numpy.linalg.norm(push, axis=1).mean())
        kept["verdicts"] = objective.probability(numpy, logits)[:, 0]
