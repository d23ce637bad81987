"""The exact p_g of a trained G on the line: p_g(x) = Σ p_z(z)/|G′(z)| over all z with G(z) = x."""

import math

import numpy

from ..errors import NumpyganError
from ..nn.layers import Affine, LeakyReLU, ReLU

# By prior: the end of the interval (−end, end) that holds p_z (N(0, 1): all but 1e−19), log p_z.
PRIORS = {
    "uniform": (math.sqrt(3), lambda z: numpy.full_like(z, -math.log(2 * math.sqrt(3)))),
    "gaussian": (9.0, lambda z: -0.5 * z**2 - 0.5 * math.log(2 * math.pi)),
}
_GRID = 4096  # intervals of z in which the turning points of a smooth G are searched
_STRETCHES = 64  # the least number of intervals of z: p_z must be smooth enough on each


class PushForward:
    """The density of G(z), z ∈ R from the prior `noise` ("uniform" or "gaussian"), G: R → R.

    The line of z is cut into intervals on which G is monotone. If G has only Affine, ReLU and
    LeakyReLU layers it is linear on each, and its breakpoints are found exactly. Otherwise the
    cuts are a grid of 4,096 intervals and G's turning points, each to the last digit; two turning
    points in one interval would be missed. Newton's method then solves G(z) = x.

    cuts   z, ascending
    at     G(cuts)
    atoms  the probability that G maps to single points, where no density exists: a G with ReLU may
           be constant on an interval
    Raises NumpyganError unless G maps R to R.
    """

    dim = 1

    def __init__(self, G, noise):
        if (G.n_in, G.n_out) != (1, 1):
            raise NumpyganError(
                f"PushForward: expected a G from R to R, got one from R^{G.n_in} to R^{G.n_out}."
            )
        self._twin = G.copy("complex128")
        end, self._log_prior = PRIORS[noise]
        self._linear = all(isinstance(layer, (Affine, ReLU, LeakyReLU)) for layer in G.layers)
        if self._linear:
            self.cuts = breakpoints(self._twin, numpy.linspace(-end, end, _STRETCHES + 1))
        else:
            self.cuts = self._grid_and_turning_points(end)
        self.at = self._evaluate(self.cuts)[0]
        self._direction = numpy.sign(numpy.diff(self.at))
        self.atoms = float(mass(noise, self.cuts)[self._direction == 0].sum())

    def _evaluate(self, z):
        """G(z), and G′(z) by the complex step."""
        y = self._twin.forward((z + 1e-30j)[:, None], self._twin.tape(len(z)))[:, 0]
        return y.real.copy(), y.imag / 1e-30

    def _grid_and_turning_points(self, end):
        z = numpy.linspace(-end, end, _GRID + 1)
        direction = numpy.sign(numpy.diff(self._evaluate(z)[0]))
        turns = numpy.flatnonzero(direction[1:] * direction[:-1] < 0)
        if not len(turns):
            return z
        low, high, sign = z[turns], z[turns + 2], direction[turns]
        for _ in range(60):
            middle = (low + high) / 2
            before = self._evaluate(middle)[1] * sign > 0
            low, high = numpy.where(before, middle, low), numpy.where(before, high, middle)
        return numpy.unique(numpy.concatenate([z, low]))

    def log_density(self, x):
        """log p_g(x) for points x (n, 1); −inf if G(z) = x has no solution."""
        x = x[:, 0]
        density = numpy.zeros(len(x))
        for first, last in self._branches():
            rows, z = self._inverse(x, first, last)
            if len(rows):
                density[rows] += numpy.exp(self._log_prior(z)) / numpy.abs(self._evaluate(z)[1])
        with numpy.errstate(divide="ignore"):
            return numpy.log(density)

    def _branches(self):
        """The first and last cut of each maximal interval on which G is strictly monotone."""
        ends = numpy.flatnonzero(numpy.diff(self._direction)) + 1
        bounds = [0, *ends, len(self._direction)]
        return [(a, b) for a, b in zip(bounds[:-1], bounds[1:]) if self._direction[a] != 0]

    def _inverse(self, x, first, last):
        """The rows of x that G reaches on this branch, and their z."""
        sign = self._direction[first]
        at, cuts = sign * self.at[first : last + 1], self.cuts[first : last + 1]
        rows = numpy.flatnonzero((at[0] <= sign * x) & (sign * x < at[-1]))
        wanted = sign * x[rows]
        piece = numpy.clip(numpy.searchsorted(at, wanted, side="right") - 1, 0, len(at) - 2)
        low, high = cuts[piece], cuts[piece + 1]
        z = low + (high - low) * (wanted - at[piece]) / (at[piece + 1] - at[piece])
        if self._linear or not len(rows):
            return rows, z
        for _ in range(60):
            value, slope = self._evaluate(z)
            error = sign * value - wanted
            low, high = numpy.where(error <= 0, z, low), numpy.where(error >= 0, z, high)
            with numpy.errstate(divide="ignore", invalid="ignore"):
                newton = z - error / (sign * slope)
            new = numpy.where((low < newton) & (newton < high), newton, (low + high) / 2)
            done = numpy.abs(new - z).max() < 1e-13
            z = new
            if done:
                break
        return rows, z

    def edges(self):
        """The points where p_g is not smooth, and points between them for a quadrature."""
        if self._linear:
            return [numpy.unique(self.at)]
        turns = numpy.flatnonzero(numpy.diff(self._direction)) + 1
        every = self.at[:: _GRID // _STRETCHES]
        return [numpy.unique(numpy.concatenate([every, self.at[turns], self.at[-1:]]))]


def breakpoints(G, z):
    """The points z, ascending, and each z between them at which a unit of G switches.

    G has Affine, ReLU and LeakyReLU layers. Between the breakpoints of the layers before, each
    unit is a linear function of z, so its zeros are found exactly.
    """
    units = z[:, None]
    for layer in G.layers:
        if isinstance(layer, Affine):
            units = units @ layer.W.real + layer.b.real
            continue
        piece, unit = numpy.nonzero(units[:-1] * units[1:] < 0)
        share = units[piece, unit] / (units[piece, unit] - units[piece + 1, unit])
        at_zero = units[piece] + share[:, None] * (units[piece + 1] - units[piece])
        z = numpy.concatenate([z, z[piece] + share * (z[piece + 1] - z[piece])])
        units = numpy.concatenate([units, at_zero])
        order = numpy.argsort(z, kind="stable")
        z, units = z[order], units[order]
        units = numpy.where(units > 0, units, units * getattr(layer, "slope", 0.0))
    return numpy.unique(z)


def mass(noise, cuts):
    """The probability under p_z of each interval between the cuts."""
    if noise == "uniform":
        return numpy.diff(cuts) / (2 * math.sqrt(3))
    return numpy.diff([math.erf(z / math.sqrt(2)) / 2 for z in cuts])
