"""A witness of a game: it recomputes each update from θ, the minibatches and the masks.

The real loop runs. Its sources and its dropout stream keep what they drew, its optimizers let the
witness compare the gradient before they move θ (`stand_ins`).
"""

from dataclasses import replace
from itertools import product

import numpy

from ..arrays import normal
from ..errors import NumpyganError
from ..gan.game import Game
from .compare import compare
from .derivative import allowed
from .game_outputs import Outputs
from .oracles import complex_step
from .stand_ins import Blobs, Kept, KeptMasks
from .verdicts import OK, WRONG, Check

_TURNED = "the sign is turned"  # as known_pattern says it
_EVERY, _SOME = 120, 47  # of a player's updates the first 120 are compared, then one in 47


class Witness:
    """Recomputes the game at each update by the game's formulas.

    game     its name
    goals    the Goals of the players
    one_pass whether G learns from the pass that D learns from
    """

    def __init__(self, G, D, game, goals, one_pass, noise, named, rows, numbers):
        self.G, self.D, self.game, self.goals, self._one_pass = G, D, game, goals, one_pass
        self._rows, self._numbers, self.later = rows, numbers, {}
        self._stream, self._outputs = named["sample"], Outputs(G, D)
        self.checks, self.moves, self._last_outputs = [], [], None
        self.most = 100  # updates; a loop without a `yield` makes them before it is played
        self.p_data, self.p_z = Kept("x", Blobs(named["data"])), Kept("z", noise)
        self.masks = KeptMasks(named["dropout"], sum(layer.random for layer in D.layers))
        self.remember()

    def remember(self):
        self.thetas = {"G": self.G.theta.copy(), "D": self.D.theta.copy()}

    def check(self, name, direction):
        """Check the update that comes next: whose θ has moved, the direction, the gradient."""
        self.moves.append(name)
        if len(self.moves) > self.most:
            raise NumpyganError(
                f"check_game: {self.game} has made {len(self.moves)} updates and goes on; expected "
                f"a `yield` at the end of each iteration."
            )
        for other, net in (("G", self.G), ("D", self.D)):
            before = self.thetas[other]
            still = numpy.array_equal(before, net.theta, equal_nan=True)
            if not still and not (self.goals.own and other == "D" and clipped(before, net.theta)):
                self.wrong(other, "θ has moved between two updates")
        usual = direction == {"D": "ascend", "G": "descend"}[name]
        self._sign = 1 if usual else -1  # D may descend −V
        self._turned = _TURNED if usual else f"θ {direction}s; D ascends V, G descends its loss"
        one_pass = name == "G" and self._one_pass
        drawn = {"D": (self.p_z, self.p_data), "G": () if one_pass else (self.p_z,)}
        for source in drawn[name]:
            if not source.fresh:
                self.wrong(
                    name, f"no minibatch of {source.name} has been drawn since the last update"
                )
            source.fresh = False
        number = self.moves.count(name)
        if number > _EVERY and number % _SOME:
            self._last_outputs = None
            self.masks.forget()
            return
        possible = self.masks.of_a_pass(self._rows * (1 if name == "G" else 2))
        if not one_pass and not possible:
            self.wrong(name, "no dropout masks have been drawn for its pass")
        elif name == "D":
            self._check_d(possible)
        else:
            self._check_g(possible)
        self.masks.forget()

    def play(self, game, iteration, iterations):
        """Play `iterations` of the game; `iteration` holds the players in the order they move."""
        for done in range(iterations):
            self.most = len(self.moves) + 100 * len(iteration)
            try:
                state = next(game)
            except NumpyganError:
                raise
            except StopIteration:
                self.wrong("G", f"the game ends after {done} iterations, expected {iterations}")
                break
            except Exception as error:  # whatever a wrong layer or game raises is its verdict
                self.wrong("G", f"the game raises {type(error).__name__}: {error}")
                break
            if isinstance(state, Game) and not self.goals.own and done % 10 < 2:
                self._check_scores(state)
        self.check_moves(iteration, iterations)

    def _check_scores(self, state):
        """V, D_real and D_fake of the game, from D's logits in its last step."""
        if self._last_outputs is None:
            return
        real, fake = self._last_outputs
        D_real, D_fake = 1 / (1 + numpy.exp(-real)), 1 / (1 + numpy.exp(-fake))
        V = -numpy.logaddexp(0, -real).mean() - numpy.logaddexp(0, fake).mean()
        for name, numeric in (("V", V), ("D_real", D_real.mean()), ("D_fake", D_fake.mean())):
            analytic = float(getattr(state, name))
            error = abs(analytic - numeric) / (1 + abs(numeric))
            tolerance = 1e-4 if self.G.dtype == "float32" else 1e-12
            if not error <= tolerance and name not in self.later:
                hint = "as the Game says it; the oracle is its formula"
                self.later[name] = Check(
                    self.game, name, WRONG, error, tolerance, 1, 1, None, analytic, numeric, hint
                )

    def check_moves(self, iteration, iterations):
        """Check the number of updates and their order."""
        if self.moves != iteration * iterations:
            n = len(iteration)
            each = [self.moves[i : i + n] for i in range(0, n * iterations, n)]
            first = next((i for i, moves in enumerate(each) if moves != iteration), iterations)
            shown = " ".join(self.moves[first * n : (first + 1) * n + 1]) or "none"
            self.wrong(
                "G",
                f"the updates from iteration {first + 1} on were {shown}, expected "
                f"{' '.join(iteration)} in each iteration",
            )

    def wrong(self, name, hint):
        place = f"{self.game}, update {self.moves.count(name)} of {name}"
        size = self.thetas[name].size
        self.checks.append(
            Check(place, f"theta_{name.lower()}", WRONG, numpy.inf, 0.0, size, size, hint=hint)
        )

    def _check_d(self, possible):
        choices = [
            (self._outputs.in_d_step(x, z, masks), z, masks)
            for x, z, masks in product(self.p_data.drawn, self.p_z.drawn, possible)
        ]
        value = lambda theta_d, outputs, *_: self.goals.of_d(*outputs(theta_d))
        outputs, z, masks = self._taken("D", value, choices)
        self._compare("D", lambda theta_d: value(theta_d, outputs))
        self._last_outputs = [y.real for y in outputs(self.D.theta)]
        self._of_d = self.D.theta.copy(), z, masks  # authors2014 teaches G from this pass

    def _check_g(self, possible):
        if self._one_pass:
            theta_d, z, masks = self._of_d
            zs, masks = [z], [mask[len(z) :] for mask in masks]
        else:
            zs, theta_d, masks = self.p_z.drawn, self.D.theta.copy(), possible[0]
        outputs = self._outputs.in_g_step(theta_d, masks)
        value = lambda theta_g, z: self.goals.of_g(outputs(theta_g, z))
        drawn = self._taken("G", value, [(z,) for z in zs])
        self._compare("G", lambda theta_g: value(theta_g, *drawn))

    def _taken(self, name, value, choices):
        """Which of the minibatches and masks the loop has used: what its gradient fits best."""
        if len(choices) == 1:
            return choices[0]
        net = self.D if name == "D" else self.G
        u, point = normal(net.theta.size, self._stream), net.theta.astype("float64")
        analytic = self._sign * float(net.grad @ u)

        def gap(choice):
            return abs(analytic - complex_step(lambda theta: value(theta, *choice), point, u))

        return min(choices, key=gap)

    def _compare(self, name, value):
        net = self.D if name == "D" else self.G
        place = f"{self.game}, update {self.moves.count(name)} of {name}"
        point, g = net.theta.copy(), self._sign * net.grad
        if self.moves.count(name) <= self._numbers[name]:
            found = compare(
                place, f"theta_{name.lower()}", g, value, point, self._stream, "complex", self._rows
            )
            hint = self._turned if found.hint == _TURNED else found.hint
            self.checks.append(replace(found, hint=hint))
        else:
            self._compare_along(name, place, g.astype("float64"), value, point.astype("float64"))

    def _compare_along(self, name, place, g, value, point):
        """Compare along one direction; keep a player's worst update, or the first wrong one."""
        u, dtype = normal(g.size, self._stream), str(self.G.dtype)
        analytic, numeric = float(g @ u), complex_step(value, point, u)
        size = float(numpy.abs(g * u).sum()) + 1e-12
        # In float32 a unit of D may fall on the other side of its kink: a part in 1,000.
        tolerance = 4e-3 if dtype == "float32" else max(1e-11, allowed(dtype, g.size, 1.0, 0.0))
        error = abs(analytic - numeric) / size
        right = error <= tolerance
        before = self.later.get(name)
        if before is not None and (not before.passed or right and error <= before.error):
            self.later[name] = replace(before, checked=before.checked + 1)
            return
        label = f"{self.game}, {self._rows} rows, {dtype}, every update of {name}"
        self.later[name] = Check(
            label if right else f"{place} with {self._rows} rows, {dtype}",
            f"theta_{name.lower()}",
            OK if right else WRONG,
            error,
            tolerance,
            1 + (before.checked if before else 0),
            g.size,
            analytic=analytic,
            numeric=numeric,
        )


def clipped(before, theta):
    """Whether θ is what it was, clipped to some [−c, c]."""
    moved = before != theta
    c = abs(theta[moved]).max()
    return numpy.array_equal(theta, numpy.clip(before, -c, c))
