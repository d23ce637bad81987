"""Drawing samples from p_g, the distribution of G(z)."""

import numpy

from ..arrays import to_host
from ..data.sources import Noise

_ROWS = 250  # rows in a pass: large enough for the products, small enough for the memory


def sample(G, noise, n, stream):
    """n samples G(z), z from the prior `noise` ("uniform" or "gaussian"): (n, d) on the host."""
    return generate(G, _noise(G, noise, n, stream))


def ends(G, noise, lines, stream):
    """The first and the last z of random lines in z space: (2, lines, n_z), a device array."""
    return _noise(G, noise, 2 * lines, stream).reshape(2, lines, -1)


def _noise(G, noise, n, stream):
    z = G.xp.zeros((n, G.n_in), G.dtype)
    Noise(noise, stream).minibatch(z)
    return z


def interpolate(G, ends, steps):
    """G(z) at `steps` points z on straight lines: (lines, steps, d) on the host.

    ends  (2, lines, n_z), a device array: the first and the last z of each line
    """
    share = G.xp.linspace(0, 1, steps, dtype=G.dtype)[None, :, None]
    z = ends[0][:, None] * (1 - share) + ends[1][:, None] * share  # (lines, steps, n_z)
    return generate(G, z.reshape(-1, G.n_in)).reshape(len(z), steps, G.n_out)


def generate(G, z):
    """G(z) for the rows of z (n, n_z), a device array: (n, d) on the host."""
    rows = min(_ROWS, len(z))
    tape = G.tape(rows, training=False)
    out = numpy.empty((len(z), G.n_out), G.dtype)
    for start in range(0, len(z), rows):
        part = tape[: min(rows, len(z) - start)]
        out[start : start + rows] = to_host(G.forward(z[start : start + rows], part))
    return out
