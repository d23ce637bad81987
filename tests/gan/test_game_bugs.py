"""Classic bugs of hand-written GANs, put into the games' own source: check_game and the contract
must call each wrong.
"""

import inspect

import numpy
import pytest

import numpygan as ng
from numpygan.check import game_check as checker
from numpygan.gan import algorithm1, authors2014, objective
from numpygan.gan import game as game_module
from tests.helpers.contract import check_contract, players


def rewrite(module, *changes, **names):
    """The source of `module` run again, with each (old, new) replaced, old being there once, and
    with other `names`.
    """
    text = inspect.getsource(module)
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {module.__name__}"
        text = text.replace(old, new)
    space = {"__name__": "rewritten", "__package__": "numpygan.gan"}
    exec(compile(text, f"<{module.__name__} rewritten>", "exec"), space)
    space.update(names)
    return space


def one(*changes):
    """Algorithm 1 with changes of its text."""
    return lambda: rewrite(algorithm1, *changes)["algorithm1"]


def slopes(old, new, name="value_slopes"):
    """Algorithm 1 with a changed objective."""

    def make():
        space = rewrite(objective, (old, new))
        return rewrite(algorithm1, **{name: space[name]})["algorithm1"]

    return make


def overwritten():
    shared = rewrite(
        game_module, ("self.pass_d[:m], self.pass_d[m:]", "self.pass_d[:m], self.pass_d[:m]")
    )
    return rewrite(algorithm1, Game=shared["Game"])["algorithm1"]


FORWARD_D = "D.forward(pass_d.x, pass_d)  # both halves in one pass\n"
BACK_D = "D.backward(pass_d.gy, pass_d, inputs=False)\n"
BACK_DG = "gy = D.backward(pass_dg.gy, pass_dg, params=False)  # θ_d is frozen\n"
DRAW_DG = "D.draw_masks(pass_dg, mask_stream)\n"
FORWARD_G = "        pass_dg.x[...] = G.forward(pass_g.x, pass_g)\n"
DRAW_Z = "        p_z.minibatch(pass_g.x)\n" + FORWARD_G
REDRAW = (
    "[layer.draw_mask(t, mask_stream) for layer, t in zip(D.layers, {0}.layers) if layer.random]\n"
)
SAME_MASKS = """pass_dg.drawn[...] = True
        for t, u in zip(pass_dg.layers, pass_d.layers):
            if hasattr(t, "mask"):
                t.mask[...] = u.mask[:m]
"""
VALUE_REAL, VALUE_FAKE = "out_real /= len(a_real)", "out_fake /= -len(a_fake)"

GAMES = {
    "fake pass overwrites the real cache": overwritten,
    "fake gradient overwrites the real one": one(
        (
            BACK_D,
            "D.backward(real.gy, real, inputs=False); D.backward(fake.gy, fake, inputs=False)\n",
        )
    ),
    "D: the generated half ignored": one((BACK_D, "fake.gy[...] = 0; " + BACK_D)),
    "D: half of the real batch ignored": one((BACK_D, "real.gy[m // 2 :] = 0; " + BACK_D)),
    "D: missing 1/m": slopes(VALUE_REAL, "out_real /= 1"),
    "D: mean over 2m": slopes(VALUE_FAKE, "out_fake /= -2 * len(a_fake)"),
    "D: an extra ½": one((BACK_D, "pass_d.gy *= 0.5; " + BACK_D)),
    "D: σ′ on top of the slope at the logit": slopes(
        "one_minus_sigmoid(xp, a_real, out_real)",
        "out_real[...] = probability(xp, -a_real) ** 2 * probability(xp, a_real)",
    ),
    "D: slope of log D, not of log D(σ)": slopes(
        "one_minus_sigmoid(xp, a_real, out_real)", "out_real[...] = 1 / probability(xp, a_real)"
    ),
    "D: sign of the generated half": slopes(VALUE_FAKE, "out_fake /= len(a_fake)"),
    "D: slopes at the wrong half": one(
        ("value_slopes(xp, real.y, fake.y,", "value_slopes(xp, fake.y, real.y,")
    ),
    "D: dropout mask redrawn before backward": one(
        (BACK_D, REDRAW.format("pass_d") + " " * 12 + BACK_D)
    ),
    "D descends": one(("optimizer_d.ascend()", "optimizer_d.descend()")),
    "D step updates G by the rule": one(
        ("optimizer_d.ascend()", "optimizer_d.ascend(); optimizer_g.descend()")
    ),
    "D step updates G": one(
        (
            "optimizer_d.ascend()",
            "G.backward(D.backward(pass_d.gy, pass_d)[m:], pass_g); G.theta -= 0.1 * G.grad; "
            "optimizer_d.ascend()",
        )
    ),
    "G step updates D by the rule": one(
        (BACK_DG, "gy = D.backward(pass_dg.gy, pass_dg); optimizer_d.descend()\n")
    ),
    "G step updates D": one(
        (BACK_DG, "gy = D.backward(pass_dg.gy, pass_dg); D.theta -= 0.1 * D.grad\n")
    ),
    "G ascends": one(("optimizer_g.descend()", "optimizer_g.ascend()")),
    "G learns from the D before its update": one(
        ("            optimizer_d.ascend()\n", ""),
        ("        optimizer_g.descend()", "        optimizer_d.ascend(); optimizer_g.descend()"),
    ),
    "G: the D step's z again": one((DRAW_Z, FORWARD_G)),
    "G: a new z after its forward": one((DRAW_Z, FORWARD_G + "        p_z.minibatch(pass_g.x)\n")),
    "G: D without dropout": one(
        ("game.pass_d, game.pass_dg\n", "game.pass_d, D.tape(m, training=False)\n")
    ),
    "G: the D step's masks again": one((DRAW_DG, SAME_MASKS)),
    "G: dropout mask redrawn before backward": one(
        (BACK_DG, REDRAW.format("pass_dg") + " " * 8 + BACK_DG)
    ),
    "G: missing 1/m": slopes(
        "one_minus_sigmoid(xp, a, out)\n    out /= -len(a)",
        "one_minus_sigmoid(xp, a, out)\n    out /= -1",
        "g_loss",
    ),
    "G: the slope's sign": slopes(
        "    sigmoid(xp, a, out)\n    out /= -len(a)",
        "    sigmoid(xp, a, out)\n    out /= len(a)",
        "g_loss",
    ),
    "G: maximum likelihood's missing 1/m": slopes("out *= -0.5 / len(a)", "out *= -0.5", "g_loss"),
    "G: maximum likelihood's ½": slopes("out *= -0.5 / len(a)", "out *= -1 / len(a)", "g_loss"),
    "G: the other loss": one(
        ("g_loss(loss)", "g_loss({'saturating': 'non_saturating'}.get(loss, 'saturating'))")
    ),
    "G: slope at the D step's logits": one(("loss_slope(xp, pass_dg.y,", "loss_slope(xp, fake.y,")),
    "G: half of the batch ignored": one((BACK_DG, "pass_dg.gy[: m // 2] = 0; " + BACK_DG)),
    "G: gradient at the D step's samples": one(
        ("pass_dg.x[...] = G.forward(", "pass_dg.x[...] = fake.x; G.forward(")
    ),
    "G never moves": one(("        optimizer_g.descend()\n", "")),
    "D moves once, not k times": one(("for _ in range(k)", "for _ in range(1)")),
    "the same x in all k steps": one(
        ("            p_data.minibatch(real.x)", "            _ or p_data.minibatch(real.x)")
    ),
    "the same z in all k steps": one(
        ("            p_z.minibatch(pass_g.x)", "            _ or p_z.minibatch(pass_g.x)")
    ),
}


def passes_every_loss(monkeypatch, function):
    """Whether it passes with each loss; the first that it fails ends the search."""
    monkeypatch.setattr(checker, "algorithm1", function)
    return all(
        checker.check_game(*players(), "algorithm1", loss=loss, k=2).passed
        for loss in objective.G_LOSSES
    )


@pytest.mark.parametrize("name", GAMES)
def test_check_game_and_contract_see_the_broken_game(name, monkeypatch):
    function = GAMES[name]()
    assert not passes_every_loss(monkeypatch, function)
    with pytest.raises(AssertionError):
        for loss in objective.G_LOSSES:
            check_contract(function, loss=loss)


AUTHORS = {
    "D ascends V, not ½V": [("        pass_d.gy *= 0.5\n", "")],
    "G's pass overwrites D's gradient": [
        ("D.backward(fake.gy, fake, params=False)", "D.backward(fake.gy, fake)")
    ],
    "G descends the slope of V": [("non_saturating_slope(xp, fake.y, out=fake.gy)", "pass")],
    "G's slope at the real half": [
        ("non_saturating_slope(xp, fake.y,", "non_saturating_slope(xp, real.y,")
    ],
    "G's pass through the real rows": [
        ("D.backward(fake.gy, fake, params=False)", "D.backward(fake.gy, real, params=False)")
    ],
}


@pytest.mark.parametrize("name", AUTHORS)
def test_check_game_sees_the_broken_update_of_the_authors(name, monkeypatch):
    monkeypatch.setattr(checker, "authors2014", rewrite(authors2014, *AUTHORS[name])["authors2014"])
    assert not checker.check_game(*players(), "authors2014").passed


def test_the_original_games_pass(monkeypatch):
    assert passes_every_loss(monkeypatch, rewrite(algorithm1)["algorithm1"])
    check_contract(rewrite(algorithm1)["algorithm1"])
    assert checker.check_game(*players(), "authors2014").passed


def moves(line):
    """A Momentum that moves by `line` of θ, v, g, s (the sign), η, μ."""

    def formula(xp, theta, v, g, step, rate, mu):
        exec(
            line,
            {},
            {"theta": theta, "v": v, "g": g, "s": numpy.sign(rate), "eta": abs(rate), "mu": mu},
        )

    return type("BrokenMomentum", (ng.Momentum,), {"formula": staticmethod(formula)})


OPTIMIZERS = {
    None: "v *= mu; v += s * eta * g; theta += v",
    "momentum applied twice": "v *= mu; v += s * eta * g; theta += mu * v + s * eta * g",
    "velocity's sign": "v *= -mu; v += s * eta * g; theta += v",
    "no momentum": "theta += s * eta * g",
    "velocity averaged": "v *= mu; v += (1 - mu) * s * eta * g; theta += v",
    "rate applied twice": "v *= mu; v += s * eta * g; theta += eta * v",
    "θ moves before the velocity": "theta += v; v *= mu; v += s * eta * g",
    "always down": "v *= mu; v -= eta * g; theta += v",
    "always up": "v *= mu; v += eta * g; theta += v",
    "one parameter left out": "v *= mu; v += s * eta * g; theta[1:] += v[1:]",
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_contract_sees_the_broken_rule(name):
    if name is None:
        return check_contract(rule=moves(OPTIMIZERS[None]))
    with pytest.raises(AssertionError, match="the update is not v|update moves"):
        check_contract(rule=moves(OPTIMIZERS[name]))
