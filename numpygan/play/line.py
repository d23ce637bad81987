"""What is shown of a game on the line: the paper's Figure 1, live, with exact densities."""

import numpy

from ..errors import NumpyganError
from ..gan.objective import probability
from ..pages.toy_game import gauss
from ..theory import divergences
from ..theory.densities import GaussianMixture
from ..theory.pushforward import PRIORS, PushForward
from .eye import Eye, finite, fixed_noise, taught

_POINTS = 401
_ARROWS = 41  # arrows from z to G(z)
_SAMPLES = 2_500  # p_g is estimated from these if z has more than one dimension
_WIDTH = 0.1  # width of the kernel in this estimate


class Line:
    """The picture of a game on 1-D data; p_g is exact, by change of variables, if z is a number."""

    kind = "line"

    def __init__(self, setup, training):
        self.training, mixture = training, training.p_data
        self.exact = training.G.n_in == 1
        self.density = GaussianMixture(mixture.means, mixture.std)
        self.edge = float(1.5 * numpy.abs(mixture.means).max() + 4 * mixture.std)
        self.axis = numpy.linspace(-self.edge, self.edge, _POINTS)
        self.log_p = self.density.log_density(self.axis[:, None])
        self.w = numpy.full(_POINTS, self.axis[1] - self.axis[0])
        self.D = Eye(training.D, self.axis[:, None])
        end = min(PRIORS[training.recipe.noise][0], 2.4)
        self.z = numpy.linspace(-end, end, _ARROWS)[:, None]
        noise = numpy.zeros((_ARROWS, training.G.n_in))
        noise[:, :1] = self.z
        self.arrows = Eye(training.sampler, noise)
        self.samples = Eye(training.sampler, fixed_noise(training, _SAMPLES))
        self.curve = []  # nothing is measured now and then

    def look(self, surface, mesh=False):
        if surface != "D":
            raise NumpyganError("surface: a game on the line has only one, D.")

    def setup_data(self):
        how = "exact, by change of variables: Σ p_z(z)/|G′(z)| over all z with G(z) = x"
        if not self.exact:
            how = f"{_SAMPLES:,} samples, smoothed by a Gaussian kernel of width {_WIDTH}"
        return {
            "kind": self.kind,
            "edge": self.edge,
            "axis": self.axis,
            "exact": self.exact,
            "p_data": numpy.exp(self.log_p),
            "z": self.z[:, 0].copy(),
            "surfaces": {},
            "modes": None,
            "about": f"p_g: {how}. V, C(G) and the JSD are sums over the {_POINTS} points shown.",
        }

    def frame(self, valid, still=True):
        log_q = self._log_p_g()
        logit = self.D.see()[:, 0].astype("float64")
        V = divergences.value(self.log_p, log_q, logit, self.w)
        C = divergences.cost(self.log_p, log_q, self.w)
        found = {
            "p_g": numpy.exp(log_q),
            "D": probability(numpy, logit),
            "best": probability(numpy, divergences.log_ratio(self.log_p, log_q)),
            "to": self.arrows.see()[:, 0].astype("float64"),
            "V": finite(V),
            "C": finite(C),
            "JSD": finite(divergences.jsd(self.log_p, log_q, self.w)),
            "modes": None,
        }
        if "d x" in valid:
            found["x"] = valid["d x"].astype("float32")
        return found | taught(valid)

    def _log_p_g(self):
        if self.exact:
            push = PushForward(self.training.sampler, self.training.recipe.noise)
            return push.log_density(self.axis[:, None])
        bumps = gauss(self.axis, self.samples.see()[:, 0], _WIDTH)
        with numpy.errstate(divide="ignore"):
            return numpy.log(bumps.mean(1))
