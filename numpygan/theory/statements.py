"""The paper's statements: for each the number that was found and its bounds."""

import math
from dataclasses import dataclass

import numpy

from ..check.oracles import five_point
from ..tables import as_text
from . import known_game, maximum_likelihood, proposition1, theorem1
from .densities import GaussianMixture

_LOG_4 = math.log(4)
_PAIRS = 1000


@dataclass(frozen=True)
class Statement:
    """One statement: what it is about, the number found, the least and the greatest allowed.

    Without bounds the number is only shown.
    """

    place: str
    what: str
    found: float
    least: float
    greatest: float

    @property
    def holds(self):
        return self.least <= self.found <= self.greatest  # False for NaN, too


def at_most(place, what, found, greatest):
    return Statement(place, what, float(found), -math.inf, greatest)


def noted(place, what, found):
    return Statement(place, what, float(found), -math.inf, math.inf)


def between(place, what, found, least, greatest):
    return Statement(place, what, float(found), least, greatest)


def of_proposition1(fits):
    place, most = "Proposition 1", proposition1.EXAMPLES[-1]
    error = {case: proposition1.sup_error(d) for case, d in fits.items()}
    for (units, examples), value in error.items():
        what = f"max |D − D*|, {units} units a layer, {examples:,} examples"
        best = (units, examples) == (proposition1.UNITS[-1], most)
        yield at_most(place, what, value, 0.05) if best else noted(place, what, value)
    by_units = [error[units, most] for units in proposition1.UNITS]
    by_examples = [error[proposition1.UNITS[-1], examples] for examples in proposition1.EXAMPLES]
    for what, values in (("units", by_units), ("examples", by_examples)):
        words = f"largest ratio to the error with fewer {what}"
        yield at_most(place, words, _ratio(values), 1.0)


def _ratio(values):
    return max(later / earlier for earlier, later in zip(values, values[1:]))


def of_theorem1(looks):
    place = "Theorem 1"
    error, least, greatest = theorem1.random_pairs(_PAIRS)
    what = f"max |C − (−log 4 + 2 JSD)|, {_PAIRS:,} random pairs"
    yield at_most(place, what, error, 1e-10)
    what = "least C + log 4 of these pairs (no pair is equal: > 0)"
    yield between(place, what, least, 1e-6, _LOG_4)
    what = "greatest C of these pairs (JSD ≤ log 2: ≤ 0)"
    yield at_most(place, what, greatest, 1e-10)
    at_optimum, _ = theorem1.cost_and_jsd(known_game.P_DATA, known_game.P_DATA)
    yield at_most(place, "|C + log 4| for p_g = p_data", abs(at_optimum + _LOG_4), 1e-10)
    above = max(look.value - look.cost for look in looks)
    yield at_most(place, "greatest V(D, G) − C(G) in training", above, 1e-4)
    first, last = looks[0], looks[-1]
    what = f"C + log 4 after training (from {first.cost + _LOG_4:.3f} at first)"
    yield between(place, what, last.cost + _LOG_4, -1e-4, 0.02)


def of_figure1(looks):
    place, last, p = "Figure 1", looks[-1], numpy.exp(known_game.P_DATA.log_density(known_game.X))
    gap = max(abs(look.mass - 1) for look in looks)
    yield at_most(place, "greatest |∫ p_g − 1|, G's exact push-forward", gap, 1e-3)
    gap = numpy.abs(last.p_g - p).max()
    yield at_most(place, "max |p_g − p_data| in the last panel", gap, 0.1)
    gap = numpy.abs(last.d - 0.5)[p > 0.01].max()
    yield at_most(place, "max |D − ½| in the last panel, at p_data > 0.01", gap, 0.15)


def of_proposition2(descents):
    place, log_4 = "Proposition 2", _LOG_4
    for name, (_, costs, _, theta_costs, gradient) in descents.items():
        yield at_most(place, f"C + log 4, descent of p_g, {name}", costs[-1] + log_4, 1e-10)
        yield at_most(place, "  greatest rise of C in a step", numpy.diff(costs).max(), 1e-14)
        stuck = name == "both modes on one side"
        least, greatest = (0.1, 2.0) if stuck else (-1e-10, 1e-10)
        what = f"C + log 4, descent of θ, {name}{': stuck' * stuck}"
        yield between(place, what, theta_costs[-1] + log_4, least, greatest)
        yield at_most(place, "  ‖∂C/∂θ‖ at the end", gradient, 1e-8)


def of_maximum_likelihood(fits):
    place, p = "Max. likelihood", maximum_likelihood.P_DATA
    entropy = maximum_likelihood.entropy(p)
    gap, rises = numpy.abs(fits.kl + fits.expected + entropy), numpy.diff(fits.on_examples)
    yield at_most(place, "max |KL + E[log p_θ] + H(p_data)| over the steps of EM", gap.max(), 1e-10)
    what = "least rise of the examples' likelihood in a step of EM"
    yield between(place, what, rises.min(), -1e-12, math.inf)
    yield at_most(place, "KL(p_data ‖ p_θ) of the mixture at the end", fits.kl[-1], 0.01)
    mean, std = 0.3, 2.2
    gradient = maximum_likelihood.game_gradient(p, mean, std)
    halved = [_kl_slope(p, numpy.array([mean, std]), axis) / 2 for axis in numpy.eye(2)]
    what = "max |∂L_G − ½ ∂KL| of the loss maximum_likelihood, D = D*"
    yield at_most(place, what, numpy.abs(gradient - halved).max(), 1e-8)


def _kl_slope(p, theta, axis):
    def kl(theta):
        model = GaussianMixture([[theta[0]]], theta[1])
        return maximum_likelihood.divergence_and_likelihood(p, model)[0]

    return five_point(kl, theta, axis)


def table(statements):
    """Lines of a table: place, statement, number found, bounds, verdict."""
    rows = []
    for s in statements:
        required = _required(s)
        verdict = "FAILED" if not s.holds else "ok" if required else ""
        rows.append([s.place, s.what, f"{s.found:.3g}", required, verdict])
    return as_text(rows[0], rows[1:], left=(0, 1, 3, 4)).splitlines()


def _required(s):
    if s.least == -math.inf:
        return "" if s.greatest == math.inf else f"≤ {s.greatest:.3g}"
    return f"≥ {s.least:.3g}" if s.greatest == math.inf else f"{s.least:.3g} … {s.greatest:.3g}"
