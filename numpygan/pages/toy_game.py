"""A toy's game on a grid: the densities, D and D* (Proposition 1), V and C(G) (Theorem 1).

p_g is estimated from samples with a Gaussian kernel of width h. p_data is known; to be comparable
it is smoothed with the same kernel, so its modes have the width √(σ² + h²) instead of σ. Integrals
are sums over the grid.
"""

import numpy

from ..arrays import Stream
from ..gan.objective import probability
from ..gan.sampling import sample
from ..theory import divergences

SAMPLES = 20_000  # samples in the estimate of p_g
CLOUD = 300  # samples that are drawn as points
POINTS = {1: 240, 2: 48}  # grid points on each axis, by the number of dimensions


class ToyGame:
    """A toy's game after each update of a player; `frames` has one entry for each."""

    def __init__(self, training):
        self.training, mixture = training, training.p_data
        self.d = mixture.means.shape[1]
        first = self._samples()
        reach = 5 * mixture.std + 0.4 * max(1.0, numpy.ptp(mixture.means) / 4)
        edge = numpy.abs(mixture.means).max() + reach, numpy.quantile(numpy.abs(first), 0.99)
        self.edge = float(max(edge)) if max(edge) < 3 * edge[0] else float(edge[0])
        self.axis = numpy.linspace(-self.edge, self.edge, POINTS[self.d])
        step = self.axis[1] - self.axis[0]
        self.h = float(max(1.2 * step if self.d == 2 else 3 * step, 0.02))
        self.cell = step**self.d
        width = numpy.hypot(mixture.std, self.h)
        self.p_data = mean_bump(self.axis, mixture.means, width)
        self.frames = []

    def _samples(self):
        return sample(self.training.G.copy(), self.training.recipe.noise, SAMPLES, Stream(1))

    def add_frame(self, _recorder=None):
        """Add the present state of the game to `frames`."""
        samples = self._samples()
        p_g, logit = mean_bump(self.axis, samples, self.h), self._logits()
        best, V, C = against_best(self.p_data, p_g, logit, self.cell)
        self.frames.append(
            {
                "p_g": p_g.astype("float32"),
                "D": probability(numpy, logit).astype("float32"),
                "best": best.astype("float32"),
                "cloud": samples[:CLOUD].astype("float32"),
                "V": V,
                "C": C,
            }
        )

    def _logits(self):
        """D's logits on the grid."""
        D = self.training.D.copy()
        x = numpy.stack(numpy.meshgrid(*[self.axis] * self.d), -1).reshape(-1, self.d)
        return D.forward(x, D.tape(len(x), training=False)).reshape(self.p_data.shape)

    def data(self):
        """The data that the page needs."""
        about = (
            f"p_g is estimated from {SAMPLES:,} samples of G(z) with a Gaussian kernel of width "
            f"h = {self.h:.3g}. p_data is known exactly and smoothed with the same kernel. V and "
            "C(G) are sums over this grid. D* is drawn where p_data + p_g is at least 1/1000 of "
            "its maximum."
        )
        return {
            "d": self.d,
            "axis": self.axis,
            "edge": self.edge,
            "p_data": self.p_data.astype("float32"),
            "about": about,
            "frames": self.frames,
        }


def mean_bump(axis, centres, width):
    """The mean of N(centre, width² I) over centres (n, d): on the axis, or on the grid (y, x)."""
    bumps = [gauss(axis, column, width) for column in centres.T]
    total = bumps[0].sum(1) if len(bumps) == 1 else bumps[1] @ bumps[0].T
    return total / len(centres)


def against_best(p_data, p_g, logit, cell):
    """D* on a grid with cells of this size, and V(D, G) and C(G) as sums over it.

    D* is NaN where p_data + p_g is below 1/1000 of its maximum.
    """
    with numpy.errstate(divide="ignore"):
        log_p, log_q = numpy.log(p_data), numpy.log(p_g)
    seen, best = p_data + p_g, probability(numpy, divergences.log_ratio(log_p, log_q))
    best = numpy.where(seen > seen.max() / 1000, best, numpy.nan)
    w = numpy.full(p_data.shape, cell)
    return best, divergences.value(log_p, log_q, logit, w), divergences.cost(log_p, log_q, w)


def gauss(axis, centres, width):
    """N(axis; centre, width²): (points, centres)."""
    square = ((axis[:, None] - centres) / width) ** 2
    return numpy.exp(-0.5 * square) / (width * numpy.sqrt(2 * numpy.pi))
