"""D's outputs as functions of θ_d and of θ_g, in complex numbers.

They are computed by networks of their own, which the game never sees.
"""

import numpy


class Outputs:
    """D's outputs in a game between G and D."""

    def __init__(self, G, D):
        self._G, self._D = G, D
        self._twins, self._tapes = {net: net.copy("complex128") for net in (G, D)}, {}

    def in_d_step(self, x, z, masks):
        """The function θ_d -> (D(x), D(G(z))), where G is as it is now."""
        rows = numpy.concatenate([x, self._forward(self._G, z, [])])

        def outputs(theta_d):
            y = self._forward(self._D, rows, masks, theta_d)
            return y[: len(x)], y[len(x) :]

        return outputs

    def in_g_step(self, theta_d, masks):
        """The function (θ_g, z) -> D(G(z))."""

        def outputs(theta_g, z):
            generated = self._forward(self._G, z, [], theta_g)
            return self._forward(self._D, generated, masks, theta_d)

        return outputs

    def _forward(self, net, x, masks, theta=None):
        """The forward pass of the twin of `net`, at `theta` or at the θ of `net`."""
        twin = self._twins[net]
        twin.theta = (net.theta if theta is None else theta).astype("complex128")
        if (net, len(x)) not in self._tapes:
            self._tapes[net, len(x)] = twin.tape(len(x))
        tape, masks = self._tapes[net, len(x)], iter(masks)
        for layer, t in zip(twin.layers, tape.layers):
            if layer.random:
                t.mask[...] = next(masks)
        tape.drawn[...] = True
        return twin.forward(x.astype("complex128"), tape).copy()
