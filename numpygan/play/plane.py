"""What is shown of a game in the plane: data, samples, D's surface, and what G is taught."""

import math
import time

import numpy

from ..arrays import Stream
from ..data.sources import Mixture
from ..errors import NumpyganError
from ..gan.objective import probability
from ..metrics.modes import SAMPLES, count_modes
from ..pages.toy_game import against_best, mean_bump
from .eye import Eye, finite, fixed_noise, go_back, go_on, taught

SURFACES = {
    "D": "D, the discriminator",
    "best": "D*, the best D for this G",
    "difference": "D − D*",
    "p_g": "p_g, the density of G(z)",
}
_POINTS = 40  # points of the grid on each axis
_CLOUD = 500  # samples that are drawn
_MESH = 17  # lines of z on each axis
_SECONDS = 0.5  # modes are counted this often while the game plays


class Plane:
    """The picture of a game on 2-D data.

    D is evaluated on a grid. p_g, for D*, is estimated from 2,500 samples by a Gaussian kernel of
    width h; p_data is smoothed by the same kernel. C(G) is a sum over the grid.
    """

    kind = "plane"

    def __init__(self, setup, training):
        self.training, p_data = training, training.p_data
        self.mixture = p_data if isinstance(p_data, Mixture) else None
        x = numpy.empty((SAMPLES, 2), training.D.dtype)
        if self.mixture is None:
            x = setup.dataset().train[:SAMPLES]
        else:
            Mixture(p_data.means, p_data.std, Stream(2)).minibatch(x)
        self.data = x
        self.edge = float(1.4 * numpy.quantile(numpy.abs(x), 0.995))
        self.axis = numpy.linspace(-self.edge, self.edge, _POINTS)
        self.h = 1.2 * (self.axis[1] - self.axis[0])
        self.p_data = mean_bump(self.axis, x, self.h)
        grid = numpy.stack(numpy.meshgrid(self.axis, self.axis), -1).reshape(-1, 2)
        self.D = Eye(training.D, grid)
        z = fixed_noise(training, SAMPLES)
        self.cloud, self.samples = Eye(training.sampler, z[:_CLOUD]), Eye(training.sampler, z)
        self.mesh = Eye(training.sampler, _mesh(training))
        # curve: [(iteration, modes found, share of samples within 3σ), …]
        self.surface, self.with_mesh, self.curve, self.counted = "D", False, [], -math.inf

    def follow(self, before):
        """Show what the picture before a change has shown, and go on with its curve."""
        self.look(before.surface, before.with_mesh)
        if self.mixture and before.mixture and len(self.mixture.means) == len(before.mixture.means):
            self.curve = before.curve

    def look(self, surface, mesh=False):
        """Show this surface, and with `mesh` the image of a grid in z."""
        if not isinstance(surface, str) or surface not in SURFACES:
            raise NumpyganError(f"surface: expected one of {', '.join(SURFACES)}.")
        self.surface, self.with_mesh = surface, mesh is True

    def setup_data(self):
        modes = None if self.mixture is None else self.mixture.means
        return {
            "kind": self.kind,
            "edge": self.edge,
            "data": self.data[:_CLOUD].astype("float32"),
            "surfaces": SURFACES,
            "modes": None if modes is None else modes.tolist(),
            "three_sigma": None if modes is None else 3 * self.mixture.std,
            "about": f"p_g for D*: {SAMPLES:,} samples, smoothed by a Gaussian kernel of width "
            f"h = {self.h:.2g}, and p_data likewise. C(G) is a sum over this grid.",
        }

    def frame(self, valid, still=True):
        n = _POINTS
        logit = self.D.see().reshape(n, n).astype("float64")
        D = probability(numpy, logit)
        found = {"D": D.astype("float32"), "surface": self.surface, "cloud": _rows(self.cloud)}
        if self.with_mesh:
            found["mesh"] = _rows(self.mesh)
        if self.surface != "D":
            found |= self._against_best(logit, D)
        if "d x" in valid:
            found["x"] = valid["d x"].astype("float32")
        found |= taught(valid)
        found |= self._modes(still)
        return found

    def _against_best(self, logit, D):
        """p_g, D* and V against C(G)."""
        p_g = mean_bump(self.axis, self.samples.see(), self.h)
        best, V, C = against_best(self.p_data, p_g, logit, (self.axis[1] - self.axis[0]) ** 2)
        field = {"best": best, "difference": D - best, "p_g": p_g}[self.surface]
        return {
            "field": field.astype("float32"),
            "best": best.astype("float32"),
            "V": finite(V),
            "C": finite(C),
        }

    def _modes(self, still):
        """The count of modes: of this very moment if the game stands still.

        Else it is from the last half second. None if a sample is not finite, or beyond 1e30.
        """
        if self.mixture is None:
            return {"modes": None}
        now, iteration = time.monotonic(), self.training.iteration
        go_back(self.curve, iteration)
        if still or not self.curve or now - self.counted > _SECONDS:
            try:
                modes = count_modes(self.samples.see(), self.mixture.means, self.mixture.std)
            except NumpyganError:
                return {"modes": None}
            go_on(self.curve, (iteration, modes.found, modes.high_quality))
            self.counted = now
        last = self.curve[-1]
        return {"modes": [*last[1:], last[0]], "modes_found": numpy.array(self.curve, "float64")}


def _rows(eye):
    return eye.see().astype("float32")


def _mesh(training):
    """A square lattice of z; the coordinates after the second, if there are any, are 0."""
    n, reach = training.G.n_in, math.sqrt(3) if training.recipe.noise == "uniform" else 2.0
    z = numpy.zeros((_MESH**2, n), training.G.dtype)
    axis = numpy.linspace(-reach, reach, _MESH)
    z[:, : min(n, 2)] = numpy.stack(numpy.meshgrid(axis, axis), -1).reshape(-1, 2)[:, : min(n, 2)]
    return z
