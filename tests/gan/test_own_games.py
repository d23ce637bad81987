"""Games with losses of the user's own, as docs/python.md writes them: check_game passes them, finds
what is planted into them, and refuses what it can't check.
"""

import re
from pathlib import Path

import numpy as np
import pytest

import numpygan as ng

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
SECTION = PAGE[PAGE.index("## A game of your own") : PAGE.index("## A run in Python")]
LEAST_SQUARES, WASSERSTEIN = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
VALUES = {
    "least_squares": {
        "value": lambda real, fake: -((real - 1) ** 2).mean() / 2 - (fake**2).mean() / 2,
        "loss": lambda fake: ((fake - 1) ** 2).mean() / 2,
    },
    "wasserstein": {
        "value": lambda real, fake: real.mean() - fake.mean(),
        "loss": lambda fake: -fake.mean(),
        "k": 3,
    },
}


def players(dtype="float64"):
    G = ng.MLP([ng.Affine(2, 6), ng.Tanh(), ng.Affine(6, 3)], dtype)
    D = ng.MLP([ng.Dropout(0.8), ng.Affine(3, 8), ng.LeakyReLU(0.2), ng.Affine(8, 1)], dtype)
    for seed, net in enumerate((G, D)):
        net.initialize(ng.Stream(seed))
    return G, D


def loop(name, *changes):
    """The loop of the page, with each (old, new) replaced."""
    code = {"least_squares": LEAST_SQUARES, "wasserstein": WASSERSTEIN}[name].split("\nG = ")[0]
    if name == "wasserstein":  # with dropout, so that masks are checked in both
        code = code.replace(
            "            D.forward(",
            "            D.draw_masks(pass_d, mask_stream)\n            D.forward(",
        ).replace(
            "        D.forward(pass_dg",
            "        D.draw_masks(pass_dg, mask_stream)\n        D.forward(pass_dg",
        )
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    space = {}
    exec(code, space)
    return space[name]


def check(name, *changes, dtype="float64", **settings):
    return ng.check_game(*players(dtype), loop(name, *changes), **VALUES[name] | settings)


@pytest.mark.parametrize("code", [LEAST_SQUARES, WASSERSTEIN], ids=VALUES)
def test_the_examples_check_and_train(code):
    space = {}
    exec(code, space)
    samples = space["G"].forward(np.zeros((1, 4)), space["G"].tape(1))
    assert np.isfinite(samples).all() and space["report"].passed
    z = np.random.default_rng(2).uniform(-1.7, 1.7, (400, 4))
    mean = space["G"].forward(z, space["G"].tape(400)).mean(0)
    assert np.abs(mean - 3).max() < 2  # it starts near 0 and the data are near 3


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", VALUES)
def test_the_right_games_pass(name, dtype):
    report = check(name, dtype=dtype)
    assert report.passed, report
    assert all(name in check.place for check in report.checks)
    long = check(name, dtype=dtype, iterations=12, rows=7, numbers=0)
    assert long.passed, long


REAL = {"least_squares": "(1 - real.y) / m", "wasserstein": "real.gy[...] = 1 / m"}
FAKE = {"least_squares": "-fake.y / m", "wasserstein": "fake.gy[...] = -1 / m"}
SLOPE = {"least_squares": "(pass_dg.y - 1) / m", "wasserstein": "pass_dg.gy[...] = -1 / m"}
BACK = "D.backward(pass_dg.gy, pass_dg, params=False)"
WRONG = {
    "D: missing 1/m": lambda n: (REAL[n], REAL[n].replace(" / m", "")),
    "D: a factor": lambda n: (REAL[n], REAL[n].replace("/ m", "/ m * 2")),
    "D: sign of one half": lambda n: (FAKE[n], FAKE[n].replace("-", "")),
    "D: a half left out": lambda n: (FAKE[n], FAKE[n] + "; fake.gy[...] = 0"),
    "D descends": lambda n: ("optimizer_d.ascend()", "optimizer_d.descend()"),
    "D: mask redrawn": lambda n: (
        "            D.backward(pass_d.gy",
        "            D.layers[0].draw_mask(pass_d.layers[0], mask_stream)\n"
        "            D.backward(pass_d.gy",
    ),
    "D moves twice": lambda n: (
        "optimizer_d.ascend()",
        "optimizer_d.ascend(); optimizer_d.ascend()",
    ),
    "D never moves": lambda n: ("            optimizer_d.ascend()\n", ""),
    "D once, not k times": lambda n: ("for _ in range(k)", "for _ in range(1)"),
    "G: missing 1/m": lambda n: (SLOPE[n], SLOPE[n].replace(" / m", "")),
    "G: a factor": lambda n: (SLOPE[n], SLOPE[n].replace("/ m", "/ m / 2")),
    "G ascends": lambda n: ("optimizer_g.descend()", "optimizer_g.ascend()"),
    "G: the D step's noise": lambda n: (
        "        p_z.minibatch(pass_g.x)\n        pass_dg",
        "        pass_dg",
    ),
    "G: stale pass": lambda n: (  # with the tape's own guard switched off
        "        D.forward(pass_dg.x, pass_dg)\n",
        "        pass_dg.versions[...] = D.version\n",
    ),
    "G: another row order": lambda n: (BACK, BACK + "[::-1].copy()"),
    "G step moves D by its rule": lambda n: (
        BACK,
        "D.backward(pass_dg.gy, pass_dg)",
        "optimizer_g.descend()",
        "optimizer_g.descend(); optimizer_d.ascend()",
    ),
    "G step moves D": lambda n: (
        "optimizer_g.descend()",
        "optimizer_g.descend(); D.theta = D.theta - 0.1 * D.grad",
    ),
    "D step moves G": lambda n: (
        "optimizer_d.ascend()",
        "optimizer_d.ascend(); G.theta = 0.99 * G.theta",
    ),
    "real rows clipped": lambda n: (
        "p_data.minibatch(real.x)",
        "p_data.minibatch(real.x); real.x.clip(-3, 3, out=real.x)",
    ),
    "the same x in all iterations": lambda n: (
        "            p_data.minibatch(real.x)",
        "            if not real.x.any(): p_data.minibatch(real.x)",
    ),
}


@pytest.mark.parametrize("title", WRONG)
@pytest.mark.parametrize("name", VALUES)
def test_a_planted_mistake_is_found(name, title):
    parts = WRONG[title](name)
    changes = list(zip(parts[::2], parts[1::2]))
    k = 2 if "k times" in title else VALUES[name].get("k", 1)
    report = check(name, *changes, k=k)
    assert not report.passed, report


@pytest.mark.parametrize("name", VALUES)
def test_a_stale_tape_raises_in_a_loop_of_ones_own(name):
    with pytest.raises(ng.NumpyganError, match="the tape is stale"):
        check(name, ("        D.forward(pass_dg.x, pass_dg)\n", ""))


def test_d_may_descend_the_negative_of_its_value():
    name, negative = "least_squares", (("(1 - real.y) / m", "(real.y - 1) / m"),)
    down = (
        *negative,
        ("= -fake.y / m", "= fake.y / m"),
        ("optimizer_d.ascend()", "optimizer_d.descend()"),
    )
    assert check(name, *down).passed
    report = check(name, *down[:2])  # ascends what it should descend
    assert not report.passed and "the sign is turned" in str(report)


CLIP = "D.theta = numpy.clip(D.theta, -c, c)"


@pytest.mark.parametrize(
    "instead, right",
    [
        ("pass", True),  # whether it clips is not what the check is about
        ("numpy.clip(D.theta, -c, c, out=D.theta)", True),
        ("D.theta = numpy.clip(D.theta, -c, 2 * c)", False),
        ("D.theta = numpy.clip(D.theta, 0, c)", False),
        ("D.theta = 0.5 * D.theta", False),
        ("G.theta = numpy.clip(G.theta, -c, c)", False),
    ],
)
def test_of_clipping_only_that_it_is_clipping(instead, right):
    report = check("wasserstein", (CLIP, instead))
    assert report.passed == right, report
    assert right or "θ has moved between two updates" in str(report)


def test_the_papers_game_may_not_clip():
    def clips(*arguments):
        for game in ng.algorithm1(*arguments):
            yield game
            game.D.theta = np.clip(game.D.theta, -0.1, 0.1)

    assert ng.check_game(*players(), ng.algorithm1).passed
    assert "θ has moved" in str(ng.check_game(*players(), clips))


def never_yields(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, k):
    while True:
        optimizer_d.ascend()
    yield


def returns_nothing(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, k):
    pass


MEAN, BOTH = (lambda fake: fake.mean()), (lambda real, fake: real.mean() - fake.mean())
MINE = loop("least_squares")


def plays_one_iteration(*arguments):
    next(MINE(*arguments))


def plays_at_once(*arguments):
    for _ in MINE(*arguments):
        pass


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"algorithm": MINE, "value": BOTH}, "need three functions.*loss=.non_saturating"),
        ({"algorithm": MINE, "loss": MEAN}, "need three functions.*value=None"),
        ({"value": BOTH, "loss": MEAN}, "need three functions, .*got the loop 'algorithm1'"),
        ({"algorithm": MINE, "value": 3, "loss": MEAN}, "value=3"),
        ({"algorithm": MINE, "loss": "mine"}, "loss: there is no 'mine'"),
        ({"algorithm": "algorithm2"}, "no algorithm 'algorithm2'; expected 'algorithm1'"),
        ({"algorithm": never_yields, "value": BOTH, "loss": MEAN}, "updates and goes on.*yield"),
        ({"algorithm": returns_nothing, "value": BOTH, "loss": MEAN}, "returns NoneType.*yield"),
        (
            {"algorithm": plays_one_iteration, "value": BOTH, "loss": MEAN},
            "returns NoneType.*yield",
        ),
        ({"algorithm": plays_at_once, "value": BOTH, "loss": MEAN}, "updates and goes on.*yield"),
        ({"algorithm": lambda G, D: 1, "value": BOTH, "loss": MEAN}, r"\(G, D\); expected.*m, k\)"),
        ({"algorithm": MINE, "value": MEAN, "loss": MEAN}, "value raises TypeError.*real, fake"),
        ({"algorithm": MINE, "value": BOTH, "loss": lambda a: a}, r"ndarray of shape \(5, 1\)"),
        ({"algorithm": MINE, "value": BOTH, "loss": lambda a: None}, "returns NoneType; expected"),
        (
            {"algorithm": MINE, "value": lambda r, f: abs(r).mean(), "loss": MEAN},
            "value drops the imaginary part",
        ),
        (
            {"algorithm": MINE, "value": lambda r, f: float(r.sum()), "loss": MEAN},
            "value (raises|drops)",
        ),
        (
            {"algorithm": MINE, "value": lambda r, f: np.log(r - r).mean(), "loss": MEAN},
            "value gives -inf at outputs of D between",
        ),
        ({"rows": 0}, "check_game: rows must be a whole number ≥ 1, got 0"),
        ({"iterations": 1.5}, "iterations must be"),
        ({"k": True}, "k must be"),
        ({"numbers": -1}, "numbers must be"),
    ],
)
def test_what_cannot_be_checked_is_one_sentence(arguments, words):
    with pytest.raises(ng.NumpyganError, match=words) as error:
        ng.check_game(*players(), **arguments)
    assert "\n" not in str(error.value)


def test_a_loop_that_ends_is_told():
    def short(*arguments):
        yield next(ng.algorithm1(*arguments))

    assert "ends after 1 iterations, expected 2" in str(ng.check_game(*players(), short))


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_real_rows_clipped_to_3_are_found(width, seed):
    def clips(G, D, p_data, *rest):
        class Clipped:
            def minibatch(self, out):
                p_data.minibatch(out)
                np.clip(out, -3, 3, out=out)

        return ng.algorithm1(G, D, Clipped(), *rest)

    def both():
        G = ng.MLP([ng.Affine(2, width)], "float64")
        D = ng.MLP([ng.Affine(width, 4), ng.Tanh(), ng.Affine(4, 1)], "float64")
        for net in (G, D):
            net.initialize(ng.Stream(seed))
        return G, D

    assert ng.check_game(*both(), ng.algorithm1, seed=seed).passed
    assert not ng.check_game(*both(), clips, seed=seed).passed


def hinge(margin=1):
    """D descends mean max(0, 1 − D(x)) + mean max(0, margin + D(G(z)))."""

    def hinge_game(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, k):
        pass_g, real, fake, pass_dg = G.tape(m), D.tape(m), D.tape(m), D.tape(m)
        while True:
            p_data.minibatch(real.x)
            p_z.minibatch(pass_g.x)
            fake.x = G.forward(pass_g.x, pass_g)
            gradient = 0
            for half, sign, edge in ((real, -1, 1), (fake, 1, margin)):
                D.draw_masks(half, mask_stream)
                D.forward(half.x, half)
                half.gy[...] = sign * (edge + sign * half.y > 0) / m
                D.backward(half.gy, half, inputs=False)
                gradient = gradient + D.grad
            D.grad = gradient
            optimizer_d.descend()
            p_z.minibatch(pass_g.x)
            pass_dg.x = G.forward(pass_g.x, pass_g)
            D.draw_masks(pass_dg, mask_stream)
            D.forward(pass_dg.x, pass_dg)
            pass_dg.gy[...] = -1 / m
            G.backward(D.backward(pass_dg.gy, pass_dg, params=False), pass_g, inputs=False)
            optimizer_g.descend()
            yield

    return hinge_game


@pytest.mark.parametrize("margin", [1, 2])
def test_a_wrong_margin_of_a_hinge_loss_is_found(margin):
    """D's first outputs are all within (−1, 1), where no margin shows."""
    above = lambda a: np.where(a.real > 0, a, 0)
    value = lambda real, fake: -above(1 - real).mean() - above(1 + fake).mean()
    G, D = players()
    D.theta *= 0.1
    report = ng.check_game(G, D, hinge(margin), value=value, loss=lambda fake: -fake.mean())
    assert report.passed == (margin == 1), report
    if margin == 2:
        assert {check.place.partition(", update")[0] for check in report.failures} == {
            "hinge_game, D with large outputs"
        }


def test_a_wrong_margin_is_found_whatever_the_bias_of_d():
    above = lambda a: np.where(a.real > 0, a, 0)
    value = lambda real, fake: -above(1 - real).mean() - above(1 + fake).mean()
    G, D = players()
    D.theta *= 0.1
    D.layers[-1].b[...] = 3
    for margin in 1, 2:
        report = ng.check_game(G, D, hinge(margin), value=value, loss=lambda fake: -fake.mean())
        assert report.passed == (margin == 1), report
