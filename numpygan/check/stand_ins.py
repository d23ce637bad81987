"""What a checked game is given in place of its sources, its optimizers and its dropout stream.

They work like the real ones, and keep what the witness has to know.
"""

import numpy

_DRAWN = 4  # minibatches from one source for one update are kept, one of which has to fit


class Blobs:
    """Data for a check; many values lie far outside [0, 1], in the first row beyond ±4."""

    def __init__(self, stream):
        self._stream = stream

    def minibatch(self, out):
        self._stream.normal(out)
        out *= 2.5
        out[0] += numpy.copysign(4, out[0])


class Kept:
    """A source that keeps copies of what it drew for one update, and whether it is used up.

    A loop may draw more than the update needs, for example to show samples.
    """

    def __init__(self, name, source):
        self.name, self._source, self.drawn, self.fresh = name, source, [], False

    def minibatch(self, out):
        self._source.minibatch(out)
        self.drawn = [*(self.drawn if self.fresh else ()), out.copy()][-_DRAWN:]
        self.fresh = True


class KeptMasks:
    """A dropout stream that keeps the masks drawn since the last update, of two passes at most.

    layers  the number of layers of D that draw masks
    """

    def __init__(self, stream, layers):
        self._stream, self._layers, self._masks = stream, layers, []

    def keep(self, out, keep):
        self._stream.keep(out, keep)
        self._masks = (self._masks + [out.copy()])[-2 * self._layers :]

    def forget(self):
        self._masks = []

    def of_a_pass(self, rows):
        """The masks of all layers for a pass over `rows` rows, in each way they may be meant.

        They were drawn at once, or for the first and the second half of the rows, in either order.
        The list is empty if no such masks have been drawn.
        """
        n, drawn = self._layers, self._masks
        last = drawn[-n:] if n else []
        if all(len(mask) == rows for mask in last) and len(last) == n:
            return [last]
        if len(drawn) < 2 * n or any(len(mask) != rows // 2 for mask in drawn):
            return []
        pairs = [(drawn[:n], drawn[n:]), (drawn[n:], drawn[:n])]
        return [[numpy.concatenate(pair) for pair in zip(*two)] for two in pairs]


class Stopped:
    """An optimizer that lets the witness check the gradient before it moves θ."""

    def __init__(self, optimizer, witness, name):
        self.net, self._optimizer = optimizer.net, optimizer
        self._witness, self._name = witness, name

    def ascend(self):
        self._witness.check(self._name, "ascend")
        self._optimizer.ascend()
        self._witness.remember()

    def descend(self):
        self._witness.check(self._name, "descend")
        self._optimizer.descend()
        self._witness.remember()
