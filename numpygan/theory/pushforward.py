"""p_g of a trained G on the line, exactly: p_g(x) = Σ p_z(z)/|G′(z)| over all z with G(z) = x."""

import math

import numpy

from ..errors import NumpyganError
from ..nn.layers import Affine, LeakyReLU, ReLU

# p_z's logarithm and the interval that holds it (of N(0, 1) all but 1e−19).
PRIORS = {
    "uniform": (math.sqrt(3), lambda z: numpy.full_like(z, -math.log(2 * math.sqrt(3)))),
    "gaussian": (9.0, lambda z: -0.5 * z**2 - 0.5 * math.log(2 * math.pi)),
}
_GRID = 4096  # steps of z in which the turning points of a smooth G are looked for
# In which the line of z is cut anyway, so that p_z is smooth between neighbours for a quadrature
_STRETCHES = 64


class PushForward:
    """The density of G(z), z ∈ R from the prior `noise` ("uniform" or "gaussian"), G: R → R.

    The line of z is cut into pieces on which G is monotone. If G has only Affine, ReLU and
    LeakyReLU layers it is linear on each, and the cuts, all of its breakpoints, are found exactly.
    Otherwise the cuts are a grid of 4,096 steps and G's turning points, each found to the last
    digit (two within one step would be missed), and G(z) = x is solved by Newton's method.

    cuts     z, ascending;  at  G(cuts)
    atoms    the probability that G maps to single points, where there is no density (a ReLU G may
             be constant on an interval)
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
        """G(z) and G′(z), the complex step."""
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
        """log p_g(x) for points x (n, 1), −inf where no z leads."""
        x = x[:, 0]
        density = numpy.zeros(len(x))
        for first, last in self._branches():
            rows, z = self._inverse(x, first, last)
            if len(rows):
                density[rows] += numpy.exp(self._log_prior(z)) / numpy.abs(self._evaluate(z)[1])
        with numpy.errstate(divide="ignore"):
            return numpy.log(density)

    def _branches(self):
        """The first and last cut of each longest stretch where G is strictly monotone."""
        ends = numpy.flatnonzero(numpy.diff(self._direction)) + 1
        bounds = [0, *ends, len(self._direction)]
        return [(a, b) for a, b in zip(bounds[:-1], bounds[1:]) if self._direction[a] != 0]

    def _inverse(self, x, first, last):
        """The rows of x that G reaches on the branch, and where."""
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
        """Where p_g is not smooth, and enough points between for a quadrature."""
        if self._linear:
            return [numpy.unique(self.at)]
        turns = numpy.flatnonzero(numpy.diff(self._direction)) + 1
        return [
            numpy.unique(
                numpy.concatenate([self.at[:: _GRID // _STRETCHES], self.at[turns], self.at[-1:]])
            )
        ]


def breakpoints(G, z):
    """The points z, ascending, and every z between them at which a unit of G, of Affine, ReLU and
    LeakyReLU layers, switches.

    Layer by layer: between the breakpoints so far each unit is a linear function of z, so its zeros
    are known exactly.
    """
    units = z[:, None]
    for layer in G.layers:
        if isinstance(layer, Affine):
            units = units @ layer.W.real + layer.b.real
            continue
        piece, unit = numpy.nonzero(units[:-1] * units[1:] < 0)
        share = units[piece, unit] / (units[piece, unit] - units[piece + 1, unit])
        z = numpy.concatenate([z, z[piece] + share * (z[piece + 1] - z[piece])])
        units = numpy.concatenate(
            [units, units[piece] + share[:, None] * (units[piece + 1] - units[piece])]
        )
        order = numpy.argsort(z, kind="stable")
        z, units = z[order], units[order]
        units = numpy.where(units > 0, units, units * getattr(layer, "slope", 0.0))
    return numpy.unique(z)


def mass(noise, cuts):
    """p_z's probability of each interval between the cuts."""
    if noise == "uniform":
        return numpy.diff(cuts) / (2 * math.sqrt(3))
    return numpy.diff([math.erf(z / math.sqrt(2)) / 2 for z in cuts])
