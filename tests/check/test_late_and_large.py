"""Errors of the paper's code that show late, at large numbers or in a game's scores alone."""

import inspect

import numpy as np
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.check import everything, formulas, game_check, values
from numpygan.gan import algorithm1, authors2014, average, game, objective, sampling
from numpygan.nn import mlp
from numpygan.nn import optimizers as sgd

pytestmark = pytest.mark.slow


def failing(checks):
    return {check.place for check in checks if not check.passed}


@pytest.fixture
def few_recipes(monkeypatch):
    recipes = {name: formulas.RECIPES[name] for name in ("mnist", "ring")}
    monkeypatch.setattr(formulas, "RECIPES", recipes)


def test_gradients_of_many_sizes(few_recipes, monkeypatch):
    """An ε of Adam that shows at small gradients alone, in float32; clipping of large ones."""

    def with_epsilon(xp, theta, m, v, g, step, beta1, beta2, rate, epsilon):
        epsilon = 1e-4 if theta.dtype == "float32" else epsilon
        right(xp, theta, m, v, g, step, beta1, beta2, rate, epsilon)

    def clipped(xp, theta, v, g, step, rate, mu):
        sgd.momentum(xp, theta, v, xp.clip(g, -25, 25), step, rate, mu)

    right = sgd.adam
    monkeypatch.setattr(formulas, "LARGE", (40, 40))  # for the time
    assert not failing(formulas.check_optimizers())
    monkeypatch.setattr(sgd.Adam, "formula", staticmethod(with_epsilon))
    constants = ("0.0", "0.5", "0.0, max_norm 0.3", "0.9, decay 0.9999, epsilon 0.001")
    small = {f"optimizer adam, momentum {beta1}, float32" for beta1 in constants}
    assert failing(formulas.check_optimizers()) == small
    monkeypatch.setattr(sgd.Adam, "formula", staticmethod(right))
    monkeypatch.setattr(sgd.Momentum, "formula", staticmethod(clipped))
    assert "optimizer momentum, momentum 0.5, descend" in failing(formulas.check_optimizers())


def test_the_max_norm_of_the_fourth_layer(few_recipes, monkeypatch):
    def forgets(net, max_norm):
        class Few:
            xp, layers = net.xp, net.layers[:3]

        right(Few, max_norm)

    right = sgd.limit_columns
    recipes = {"tfd": everything.RECIPES["tfd"]}
    monkeypatch.setattr(formulas, "RECIPES", recipes)
    monkeypatch.setattr(formulas, "LARGE", (40, 40))
    assert recipes["tfd"].max_norm and not failing(formulas.check_optimizers())
    monkeypatch.setattr(sgd, "limit_columns", forgets)
    assert failing(formulas.check_optimizers()) == {"optimizer of tfd"}


def test_the_last_number_of_a_piece_of_a_large_network(few_recipes, monkeypatch):
    def without_the_last(xp, *vectors):
        lanes = right(xp, *vectors)
        if vectors[0].size > 1_000_000:
            lanes[0][0] = tuple(piece[:-1] for piece in lanes[0][0])
        return lanes

    right = sgd.lanes
    monkeypatch.setattr(sgd, "lanes", without_the_last)
    each = [
        f"optimizer {name}, momentum {mu}" for name in ("momentum", "adam") for mu in (0.5, 0.0)
    ]
    names = {f"{one}, {way}" for one in each for way in ("ascend", "descend", "float32")}
    assert failing(formulas.check_optimizers()) == names


def test_the_last_number_of_a_piece_in_float32(few_recipes, monkeypatch):
    def stands_still(xp, theta, *rest):
        last = theta[-1]
        right(xp, theta, *rest)
        if theta.dtype == "float32" and len(theta) > 5000:
            theta[-1] = last

    right = sgd.adam
    monkeypatch.setattr(sgd.Adam, "formula", staticmethod(stands_still))
    assert failing(formulas.check_optimizers()) == {
        f"optimizer adam, momentum {beta1}, float32" for beta1 in (0.0, 0.5)
    }


def test_a_maxout_of_more_pieces_than_a_recipe_has(monkeypatch):
    def backward(self, gy, t):
        right(self, gy, t)
        if self.pieces > 5:
            t.gx[:, -1] = 0

    right = ng.Maxout.backward
    monkeypatch.setattr(ng.Maxout, "backward", backward)
    net = ng.MLP(everything._narrow(), "float64")
    net.initialize(ng.Stream(0))
    places = failing(everything.check_everywhere(net, ng.Stream(0), True))
    assert places and all("Maxout(pieces=9)" in place for place in places)


def test_maximum_likelihood_beyond_the_largest_logit(monkeypatch):
    loss = objective.G_LOSSES["maximum_likelihood"]

    def flat(xp, a, out):
        loss.slope(xp, a, out)
        out[a > objective.LARGEST_LOGIT] = 0

    def constant(xp, a):
        return loss.value(xp, xp.minimum(a, objective.LARGEST_LOGIT))

    assert not failing(values.check_values())
    for wrong in (loss._replace(slope=flat), loss._replace(value=constant)):
        monkeypatch.setitem(objective.G_LOSSES, "maximum_likelihood", wrong)
        places = failing(values.check_values())
        assert places and all("maximum_likelihood" in place for place in places)


def test_a_small_loss_of_one_row_in_float32(monkeypatch):
    loss = objective.G_LOSSES["non_saturating"]

    def none_beyond_12(xp, a):
        return loss.value(xp, xp.where(a > 12, 200, a) if a.dtype == "float32" else a)

    monkeypatch.setitem(objective.G_LOSSES, "non_saturating", loss._replace(value=none_beyond_12))
    assert failing(values.check_values()) == {"loss non_saturating, 1 rows, float32"}


def test_masks_of_a_wide_layer_that_are_not_drawn_again(monkeypatch):
    def draw_masks(self, tape, stream):
        for layer, t in zip(self.layers, tape.layers):
            if layer.random and (t.x.shape[1] < 1000 or not tape.drawn.all()):
                layer.draw_mask(t, stream)
        tape.drawn[...] = True

    recipes = {"mnist": everything.RECIPES["mnist"]}
    monkeypatch.setattr(everything, "RECIPES", recipes)
    assert everything.check_own_size().passed
    monkeypatch.setattr(mlp.MLP, "draw_masks", draw_masks)
    wrong = everything.check_own_size().failures
    assert [check.hint for check in wrong] == ["a second draw gives the same masks"] * len(wrong)
    assert wrong


def players(dtype="float64"):
    G = ng.MLP([ng.Affine(2, 5), ng.ReLU(), ng.Affine(5, 3)], dtype)
    D = ng.MLP([ng.Affine(3, 6), ng.Maxout(2), ng.Dropout(0.5), ng.Affine(3, 1)], dtype)
    for net in (G, D):
        net.initialize(ng.Stream(1))
    return G, D


def test_a_slope_that_changes_after_iteration_100(monkeypatch):
    name = "non_saturating"
    loss = objective.G_LOSSES[name]
    calls = []

    def late(xp, a, out):
        calls.append(1)
        loss.slope(xp, a, out)
        if len(calls) > 100:
            out *= 0.9

    long = {"iterations": everything.HORIZON, "rows": 11, "numbers": 0}
    assert ng.check_game(*players(), **long).passed
    monkeypatch.setitem(objective.G_LOSSES, name, loss._replace(slope=late))
    wrong = ng.check_game(*players(), **long).failures
    assert len(calls) == everything.HORIZON
    assert [check.tensor for check in wrong] == ["theta_g"]


def test_a_loop_that_draws_more_than_an_update_needs():
    def with_pictures(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, k, loss):
        """Algorithm 1. At each update it also draws an x and a z that only a picture uses."""
        z, x = np.empty((m, G.n_in), G.dtype), np.empty((m, D.n_in), D.dtype)
        shown, seen = np.empty_like(z), np.empty_like(x)
        while True:
            for _ in range(k):
                p_z.minibatch(z), p_data.minibatch(x)
                fake, tape = G.forward(z, G.tape(m)), D.tape(2 * m)
                p_z.minibatch(shown), p_data.minibatch(seen)
                D.draw_masks(tape, mask_stream)
                a = D.forward(np.concatenate([x, fake]), tape)
                slopes = sigma(-a[:m]), -sigma(a[m:])
                D.backward(np.concatenate(slopes) / m, tape)
                optimizer_d.ascend()
            p_z.minibatch(z)
            pass_g, pass_d = G.tape(m), D.tape(m)
            fake = G.forward(z, pass_g)
            p_z.minibatch(shown)
            D.draw_masks(pass_d, mask_stream)
            a = D.forward(fake, pass_d)
            G.backward(D.backward(-sigma(-a) / m, pass_d, params=False), pass_g)
            optimizer_g.descend()
            yield

    assert ng.check_game(*players(), with_pictures, k=2).passed


def sigma(a):
    return 1 / (1 + np.exp(-a))


def swapped(right):
    def scores(self):
        found = right(self)
        found[1:3] = found[2:0:-1].copy()
        return found

    return scores


def of_the_first_rows(right):
    def scores(self):
        found = right(self)
        found[0] = objective.value(np, self.real.y[:2], self.fake.y[:2])
        return found

    return scores


@pytest.mark.parametrize(
    "change, score", [(swapped, "D_real"), (of_the_first_rows, "V")], ids=["swapped", "first rows"]
)
@pytest.mark.parametrize("algorithm", ["algorithm1", "authors2014"])
def test_scores_of_a_game_that_are_wrong(algorithm, change, score, monkeypatch):
    assert ng.check_game(*players(), algorithm).passed
    monkeypatch.setattr(game.Game, "score_array", change(game.Game.score_array))
    wrong, *_ = ng.check_game(*players(), algorithm).failures
    assert wrong.tensor == score and wrong.analytic != wrong.numeric


def test_a_pass_for_g_that_overwrites_the_fake_half(monkeypatch):
    class Overwrites(game.Game):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.pass_dg = self.fake

    monkeypatch.setattr(algorithm1, "Game", Overwrites)
    assert {check.tensor for check in ng.check_game(*players()).failures} >= {"V"}
    assert game_check.algorithm1 is algorithm1.algorithm1


def test_a_bias_correction_that_stops_after_update_5000(few_recipes, monkeypatch):
    right = sgd.Adam.constants

    def stops(self, sign):
        updates, self.updates = self.updates, min(self.updates, 5000)
        found = right(self, sign)
        self.updates = updates
        return found

    monkeypatch.setattr(formulas, "LARGE", (40, 40))
    monkeypatch.setattr(sgd.Adam, "constants", stops)
    assert failing(formulas.check_optimizers()) == {
        f"optimizer adam, after {t} updates" for t in ("10,000", "100,000", "1,000,000")
    }


def test_a_momentum_of_0_that_always_ascends(few_recipes, monkeypatch):
    monkeypatch.setattr(formulas, "LARGE", (40, 40))
    right = sgd.Momentum.constants
    numbers = lambda self, sign: right(self, sign if self.momentum else 1)
    monkeypatch.setattr(sgd.Momentum, "constants", numbers)
    assert failing(formulas.check_optimizers()) == {
        f"optimizer momentum, momentum 0.0, {which}"
        for which in ("descend", "float32", "max_norm 0.3, float32", "max_norm 0.3, float64")
    }


def _first_rate(self, sign):
    self.__dict__.setdefault("first", self.learning_rate)
    return sign * (self.first if sign < 0 else self.learning_rate), self.momentum


def _at_most(**most):
    def constants(self, sign):
        kept = {name: getattr(self, name) for name in most}
        vars(self).update({name: min(kept[name], most[name]) for name in most})
        found = _ADAM(self, sign)
        vars(self).update(kept)
        return found

    return constants


_ADAM = sgd.Adam.constants


@pytest.mark.parametrize(
    "optimizer, constants",
    [
        (sgd.Momentum, _first_rate),  # as G's the rate stays what it was in the first update
        (sgd.Momentum, lambda rule, sign: (sign * rule.learning_rate, min(rule.momentum, 0.9))),
        (
            sgd.Momentum,
            lambda rule, sign: (sign * rule.learning_rate, rule.momentum * (rule.updates < 2000)),
        ),
        (sgd.Adam, _at_most(beta1=0.8)),
        (sgd.Adam, _at_most(beta2=0.9995)),
        (sgd.Adam, _at_most(epsilon=1e-6)),
    ],
    ids=["first rate", "momentum", "momentum of late updates", "beta1", "beta2", "epsilon"],
)
def test_constants_and_rates_that_no_recipe_gives_g(optimizer, constants, monkeypatch):
    monkeypatch.setattr(formulas, "RECIPES", {})
    monkeypatch.setattr(formulas, "LARGE", (40, 40))
    monkeypatch.setattr(optimizer, "constants", constants)
    found = failing(formulas.check_optimizers())
    assert found and all(f"optimizer {optimizer.__name__.lower()}, " in place for place in found)


def test_a_max_norm_that_g_does_not_keep(monkeypatch):
    right = sgd.Optimizer._move

    def forgets(self, sign):
        kept = self.max_norm
        self.max_norm = kept if sign > 0 else None
        right(self, sign)
        self.max_norm = kept

    monkeypatch.setattr(formulas, "RECIPES", {})
    monkeypatch.setattr(formulas, "LARGE", (40, 40))
    monkeypatch.setattr(sgd.Optimizer, "_move", forgets)
    found = failing(formulas.check_optimizers())
    assert len(found) == 4 and all("max_norm" in place for place in found)


def test_a_velocity_in_float32_that_drops_small_numbers(monkeypatch):
    def drops(xp, theta, v, g, step, rate, mu):
        right(xp, theta, v, g, step, rate, mu)
        if v.dtype == "float32":
            v[abs(v) < 1e-6] = 0

    right = sgd.momentum
    monkeypatch.setattr(formulas, "RECIPES", {})
    monkeypatch.setattr(formulas, "LARGE", (40, 40))
    monkeypatch.setattr(sgd.Momentum, "formula", staticmethod(drops))
    found = failing(formulas.check_optimizers())
    assert found and all("float32" in place for place in found)


def _without_bias(self, x, t):
    _AFFINE(self, x, t)
    t.y[512:] -= self.b


def _a_dead_piece(self, gy, t):
    _MAXOUT(self, gy, t)
    if self.pieces == 4 and gy.shape[1] > 100:
        t.gx[:, -1] = 0


def _half_of_all(self, gy, t):
    _DROPOUT(self, gy, t)
    t.gx *= 0.5 if self.keep == 1 else 1


_AFFINE, _MAXOUT, _DROPOUT = ng.Affine.forward, ng.Maxout.backward, ng.Dropout.backward


@pytest.mark.parametrize(
    "kind, method, wrong, place",
    [
        (ng.Affine, "forward", _without_bias, "Affine(1, 9), float64"),
        (ng.Maxout, "backward", _a_dead_piece, "Maxout(pieces=4), float64"),
        (ng.Dropout, "backward", _half_of_all, "Dropout(keep=1.0), float64"),
    ],
    ids=["many rows", "a wide maxout", "keep = 1"],
)
def test_a_layer_at_a_size_that_no_recipe_has(kind, method, wrong, place, monkeypatch):
    monkeypatch.setattr(everything, "RECIPES", {})
    monkeypatch.setattr(kind, method, wrong)
    net = ng.MLP(everything._narrow(), "float64")
    net.initialize(Stream(0))
    found = everything.check_everywhere(net, Stream(0), True, variations=everything.OURS)
    found += everything.check_own_size().checks
    assert any(name.endswith(place) for name in failing(found)), failing(found)


@pytest.mark.parametrize(
    "algorithm, old, new",
    [
        ("algorithm1", "in range(k)", "in range(min(k, 8))"),
        ("authors2014", "pass_d.gy *= 0.5", "pass_d.gy *= 0.5 if m < 512 else 0.51"),
    ],
)
def test_games_of_many_rows_and_steps(algorithm, old, new, monkeypatch):
    module = {"algorithm1": algorithm1, "authors2014": authors2014}[algorithm]
    assert all(check.passed for check in everything.check_many(algorithm))
    names = dict(vars(module))
    exec(inspect.getsource(module).replace(old, new), names)
    monkeypatch.setattr(game_check, algorithm, names[algorithm])
    assert not all(check.passed for check in everything.check_many(algorithm))


def test_lines_of_many_steps_without_their_end(monkeypatch):
    def short(G, ends, steps):
        if steps > 10:
            ends = np.stack([ends[0], ends[0] + (ends[1] - ends[0]) * (steps - 1) / steps])
        return sampling.interpolate(G, ends.astype(G.dtype), steps)

    monkeypatch.setattr(values, "interpolate", short)
    assert failing(values.check_values()) == {f"lines of 60, {d}" for d in ("float32", "float64")}


def test_an_average_that_moves_too_fast_in_float32_alone(monkeypatch):
    def fast(xp, mean, new, step, share):
        right(xp, mean, new, step, max(share, 2e-3) if mean.dtype == "float32" else share)

    right = average.average_update
    assert not failing(formulas.check_average())
    monkeypatch.setattr(average, "average_update", fast)
    assert failing(formulas.check_average()) == {
        "average, β = 0.999, float32",
        "average, β = 0.9999, float32",
        "average, β = 0.9999, every 8th iterate, float32",
    }


def test_an_average_of_every_eighth_iterate_that_stays_before_the_first(monkeypatch):
    right = average.Average.update

    def update(self, t):
        if t >= self._every:
            right(self, t)

    monkeypatch.setattr(average.Average, "update", update)
    found = failing(formulas.check_average())
    assert found and all("every 8th iterate" in place for place in found)


def test_a_slope_for_odd_numbers_of_rows(monkeypatch):
    right = objective.value_slopes

    def value_slopes(xp, a_real, a_fake, out_real, out_fake):
        right(xp, a_real, a_fake, out_real=out_real, out_fake=out_fake)
        if len(a_real) > 50 and len(a_real) % 2:
            out_real *= len(a_real) / (len(a_real) - 1)

    monkeypatch.setattr(objective, "value_slopes", value_slopes)
    assert failing(values.check_values()) == {
        f"V, 101 rows, {dtype}" for dtype in ("float32", "float64")
    }


def test_a_mask_whose_last_entries_are_not_written(monkeypatch):
    right = Stream.keep

    def keep(self, out, keep):
        flat = out.reshape(-1)
        right(self, flat[: flat.size - flat.size % 4], keep)

    monkeypatch.setattr(Stream, "keep", keep)
    found = failing(values.check_values())
    assert found and all(place.startswith("mask, keep = ") for place in found)


def test_samples_of_another_noise_and_lines_with_other_ends(monkeypatch):
    def gaussian(G, noise, n, stream):
        return sampling.sample(G, "gaussian", n, stream)

    def turned(G, ends, steps):
        return sampling.interpolate(G, np.stack([ends[0], ends[1][::-1]]), steps)

    monkeypatch.setattr(values, "sample", gaussian)
    assert {place.rpartition(",")[0] for place in failing(values.check_values())} == {
        "samples of uniform noise"
    }
    monkeypatch.setattr(values, "sample", sampling.sample)
    monkeypatch.setattr(values, "interpolate", turned)
    assert {place.rpartition(",")[0] for place in failing(values.check_values())} == {
        "lines of 5",
        "lines of 60",
    }


def test_games_of_one_row_or_one_layer():
    """½ V of the authors' update with one row; networks of one layer."""
    for algorithm in ("algorithm1", "authors2014"):
        assert ng.check_game(*everything._smallest(0), algorithm, rows=1).passed
