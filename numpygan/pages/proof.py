"""Each derivative beside its proof: the objective of the game computed again in complex numbers,
∂/∂p = Im f(p + ih)/h.
"""

import numpy

from ..check.compare import COMPLEX_TOLERANCE
from ..check.layer_check import same_masks
from ..check.oracles import COMPLEX_STEP
from ..check.verdicts import judge


class Chain:
    """The layers of one or two networks in a row, in complex numbers, from the input of each to the
    objective.

    parts      [(net, tape)]: the passes of the networks, the output of one the input of the next
    objective  the logits (m, 1), complex, to V or L
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
        """∂f/∂ of the tensor `name` ("x", "W", "b") of layer `index` at flat `entries`: Im f/h.

        One of them is moved by ih in place. The "x" behind the last layer are the logits.
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
            layer.forward(t.x, t)
            x = t.y
        return self._objective(x)


def prove(chain, index, name, g, places, stream, most, size):
    """Compare up to `most` numbers of the adjoint g at `places` (rows and columns, or entries), the
    largest among them.

    size  what the error is relative to: max |g|, or the largest Σ |terms| where g is a sum whose
          terms may cancel

    Returns {"at": [position in the shown block], "step": [complex-step values], "error": max |g −
    step|/size, "size", "verdict"}.
    """
    shown = g[numpy.ix_(*places)]
    picked = stream.permutation(shown.size)
    if shown.size > most:
        picked = numpy.append(picked[: most - 1], numpy.abs(shown).argmax())
    at = [numpy.unravel_index(entry, shown.shape) for entry in numpy.unique(picked)]
    indices = [tuple(int(place[i]) for place, i in zip(places, position)) for position in at]
    entries = [int(numpy.ravel_multi_index(i, g.shape)) for i in indices]
    step = chain.derivatives(index, name, entries)
    check = judge(
        name,
        name,
        g.reshape(-1)[entries],
        step,
        shape=g.shape,
        indices=indices,
        largest=size,
        floor=1e-270,
        tolerance=COMPLEX_TOLERANCE,
        rows=len(g),
    )
    at = [[int(i) for i in position] for position in at]
    return {"at": at, "step": step, "error": check.error, "size": size, "verdict": check.verdict}
