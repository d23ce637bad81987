"""Each derivative and its proof: the complex step ∂f/∂p = Im f(p + ih)/h of the whole objective."""

import numpy

from ..check.compare import COMPLEX_TOLERANCE
from ..check.layer_pass import same_masks
from ..check.oracles import COMPLEX_STEP
from ..check.verdicts import judge
from ..nn.tape import run_forward


class Chain:
    """The layers of one or two networks in a row, with complex numbers, and the objective.

    parts      [(net, tape)]: the passes of the networks; the output of one is the input of the next
    objective  maps the complex logits (m, 1) to V or L
    No backward pass is used.
    """

    def __init__(self, parts, objective):
        self.links, self._objective = [], objective
        self._output = parts[-1][1].y
        for net, tape in parts:
            twin = net.copy("complex128")
            memory = twin.tape(tape.m)
            for layer, t, mine, s in zip(net.layers, tape.layers, twin.layers, memory.layers):
                same_masks(layer, t, s)
                self.links.append((mine, s, t.x))

    def derivatives(self, index, name, entries):
        """∂f/∂ of the tensor `name` ("x", "W", "b") of layer `index` at the flat `entries`: Im f/h.

        One entry at a time is moved by ih in place. The "x" of the layer after the last are the
        logits.
        """
        layer, _, x = self.links[index] if index < len(self.links) else (None, None, self._output)
        x = x.astype("complex128")
        numbers = (x if name == "x" else getattr(layer, name)).reshape(-1)
        found = []
        for entry in entries:
            numbers[entry] += 1j * COMPLEX_STEP
            found.append(float(self._rest(index, x).imag / COMPLEX_STEP))
            numbers[entry] = numbers[entry].real
        return numpy.array(found)

    def _rest(self, index, x):
        for layer, t, _ in self.links[index:]:
            t.x[...] = x
            run_forward(layer, t)
            x = t.y
        return self._objective(x)


def prove(chain, index, name, g, places, stream, most, size):
    """Compare up to `most` entries of the adjoint g with the complex step, the largest among them.

    places  the rows and columns, or the entries, of g that are shown
    size    the error is relative to it: max |g|, or the largest Σ |terms| if g is a sum whose terms
            may cancel

    Returns {"at": [positions in the shown block], "step": [complex-step values], "error":
    max |g − step|/size, "size", "verdict"}.
    """
    shown = g[numpy.ix_(*places)]
    picked = stream.permutation(shown.size)
    if shown.size > most:
        picked = numpy.append(picked[: most - 1], numpy.abs(shown).argmax())
    at = [numpy.unravel_index(entry, shown.shape) for entry in numpy.unique(picked)]
    indices = [tuple(int(place[i]) for place, i in zip(places, position)) for position in at]
    entries = [int(numpy.ravel_multi_index(i, g.shape)) for i in indices]
    step = chain.derivatives(index, name, entries)
    where = {"shape": g.shape, "indices": indices, "rows": len(g)}
    bounds = {"largest": size, "floor": 1e-270, "tolerance": COMPLEX_TOLERANCE}
    check = judge(name, name, g.reshape(-1)[entries], step, **where, **bounds)
    at = [[int(i) for i in position] for position in at]
    return {"at": at, "step": step, "error": check.error, "size": size, "verdict": check.verdict}
