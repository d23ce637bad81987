"""p_g of a trained G on the plane, by a grid of z and the linear part of G on each of its cells,
with a proven error.
"""

import numpy

from ..errors import NumpyganError
from ..nn.layers import Affine, LeakyReLU, ReLU, Sigmoid, Tanh
from .pushforward import PRIORS, mass

_BLOCK = 2048  # cells whose Jacobians are held at a time


class PushedGrid:
    """G(z) for z ∈ R² from the prior `noise`, as points with masses.

    The square of z is cut into `cells`² cells. On each, G(z) is replaced by its linear part at the
    centre, G(c) + J (z − c), and the cell's probability, which is exact, is shared out over
    `split`² points of it.

    points   (n, 2) in data space;  masses  (n,), sum 1 − outside
    outside  the probability of z beyond the square (N(0, 1): 5e−9 beyond ±6; uniform: 0)
    error    an upper bound of the Wasserstein distance W₁ between p_g and the points, both within
             the square: the mean over the masses of how far G(z) can be from the point that stands
             for z. By the mean value theorem |G(z) − G(c) − J (z − c)| ≤ sup |J′ − J| |z − c|,
             where J′ ranges over the cell, and that by interval arithmetic through the layers;
             where no ReLU switches within the cell it is 0.
    Raises NumpyganError unless G maps R² to R² by Affine, ReLU, LeakyReLU, Tanh and Sigmoid layers.
    """

    dim = 2

    def __init__(self, G, noise, cells=200, split=4):
        if (G.n_in, G.n_out) != (2, 2):
            raise NumpyganError(
                f"PushedGrid: expected a G from R² to R², got one from R^{G.n_in} to R^{G.n_out}."
            )
        for layer in G.layers:
            if not isinstance(layer, (Affine, ReLU, LeakyReLU, Tanh, Sigmoid)):
                raise NumpyganError(
                    f"PushedGrid: {layer} has no slopes here; expected Affine, ReLU, LeakyReLU, "
                    f"Tanh or Sigmoid."
                )
        end = min(PRIORS[noise][0], 6.0)
        cuts = numpy.linspace(-end, end, cells + 1)
        half, centres = end / cells, (cuts[1:] + cuts[:-1]) / 2
        z = numpy.stack(numpy.meshgrid(centres, centres, indexing="ij"), -1).reshape(-1, 2)
        fine = mass(noise, numpy.linspace(-end, end, cells * split + 1)).reshape(cells, split)
        masses = numpy.einsum("ip,jq->ijpq", fine, fine).reshape(len(z), split * split)
        ticks = (2 * numpy.arange(split) + 1 - split) / split * half
        offsets = numpy.stack(numpy.meshgrid(ticks, ticks, indexing="ij"), -1).reshape(-1, 2)
        points, reach = [], []
        for start in range(0, len(z), _BLOCK):
            y, J, radius = enclose(G, z[start : start + _BLOCK], half)
            points.append(y[:, None] + numpy.einsum("bji,pj->bpi", J, offsets))
            within = numpy.abs(J).sum(1) * half / split + radius.sum(1) * half
            reach.append(numpy.sqrt((within**2).sum(1)))
        self.points, self.masses = numpy.concatenate(points).reshape(-1, 2), masses.ravel()
        self.error = float((numpy.concatenate(reach) * masses.sum(1)).sum())
        self.outside = float(max(0.0, 1 - masses.sum()))

    def density(self, edges):
        """The mean density in each bin between `edges` = (x₁ edges, x₂ edges): (n₁, n₂)."""
        share, *_ = numpy.histogram2d(*self.points.T, bins=edges, weights=self.masses)
        return share / numpy.multiply.outer(*map(numpy.diff, edges))


def enclose(G, z, half):
    """G and its derivative on squares of half-width `half` about z (n, 2).

    Returns y = G(z) (n, n_out); J (n, 2, n_out), a middle of ∂y/∂z over the square; and radius (n,
    2, n_out), with |∂y/∂z − J| ≤ radius everywhere in the square.
    """
    y = numpy.asarray(z, "float64")
    J = numpy.broadcast_to(numpy.eye(2), (len(z), 2, 2))
    radius = numpy.zeros_like(J)
    for layer in G.layers:
        if isinstance(layer, Affine):
            W = layer.W.astype("float64")
            y, J, radius = y @ W + layer.b, J @ W, radius @ numpy.abs(W)
            continue
        # How far y can be from its centre within the square
        reach = (numpy.abs(J) + radius).sum(1) * half
        least, most = slopes(layer, y - reach, y + reach)
        middle, spread = ((most + least) / 2)[:, None], ((most - least) / 2)[:, None]
        radius = (middle + spread) * radius + spread * numpy.abs(J)
        J = middle * J
        y = _VALUES[type(layer)](layer, y)
    return y, J, radius


def slopes(layer, low, high):
    """The least and the greatest slope of a nonlinearity over low ≤ x ≤ high."""
    if isinstance(layer, (ReLU, LeakyReLU)):
        slope = getattr(layer, "slope", 0.0)
        return numpy.where(low > 0, 1.0, slope), numpy.where(high > 0, 1.0, slope)
    nearest, farthest = numpy.clip(0, low, high), numpy.maximum(numpy.abs(low), numpy.abs(high))
    # The slopes of tanh and σ fall away from 0 on both sides
    return _slope(layer, farthest), _slope(layer, nearest)


def _slope(layer, x):
    return 1 - numpy.tanh(x) ** 2 if isinstance(layer, Tanh) else (1 - numpy.tanh(x / 2) ** 2) / 4


_VALUES = {
    ReLU: lambda layer, x: numpy.maximum(x, 0),
    LeakyReLU: lambda layer, x: numpy.where(x > 0, x, layer.slope * x),
    Tanh: lambda layer, x: numpy.tanh(x),
    Sigmoid: lambda layer, x: (1 + numpy.tanh(x / 2)) / 2,
}
