"""Each number on the page of `numpygan play` is NumPy's, at every line of an iteration.

Beside the page runs a training without a page. What is measured is computed here once more.
"""

from dataclasses import replace

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.data.dataset import Dataset
from numpygan.gan import objective
from numpygan.metrics.modes import count_modes
from numpygan.play import datasets
from numpygan.recipes.builtin import RECIPES
from numpygan.runs.trainer import Training
from numpygan.theory.pushforward import PushForward
from tests.helpers.play import SMALL, at

pytest.importorskip("aiohttp", reason="needs aiohttp: pip install 'numpygan[play]'")

NETWORKS = "generator=relu 12, linear&discriminator=leaky 12&batch=16"  # those of SMALL
LINE = replace(RECIPES["gauss1d"], k=1, batch=16)


def number(page, name):
    return float(page.get_attribute(f"[data-number={name}]", "data-value"))


def output(net, x):
    return net.forward(x.astype(net.dtype), net.tape(len(x), training=False)).astype("float64")


def sigmoid(a):
    return 1 / (1 + numpy.exp(-a))


def fixed_noise(recipe, n):
    z = numpy.zeros((n, recipe.noise_dim), recipe.dtype)
    ng.Noise(recipe.noise, Stream(1)).minibatch(z)
    return z


def line_by_line(page, plain):
    """Play one iteration of both. {line: what the page showed when it had run}; G and D before."""
    before = plain.G.copy(), plain.D.copy()
    iteration, seen = plain.iteration, {}
    for line in range(1, 12):
        page.keyboard.press("ArrowRight")
        at(page, iteration, line)
        now = page.eval_on_selector_all("#now b", "all => all.map(one => one.dataset.value)")
        shown = page.eval_on_selector_all(
            "[data-number]", "all => all.map(one => [one.dataset.number, one.dataset.value])"
        )
        seen[line] = [float(value) for value in now], dict(shown)
    page.keyboard.press("ArrowRight")
    at(page, iteration + 1)
    plain.advance()
    return seen, before


def assert_lines(seen, plain):
    """The numbers below the algorithm are those of the passes that `plain` has made."""
    game = plain.game
    loss = objective.g_loss(plain.recipe.loss).value(numpy, game.pass_dg.y)
    lengths = numpy.linalg.norm(game.pass_dg.gx, axis=1)
    assert seen[4][0] == [float(score) for score in game.scores()[:3]]
    assert seen[5][0] == [float(numpy.linalg.norm(plain.D.grad))]
    D = objective.probability(numpy, game.pass_dg.y)
    assert seen[9][0] == [float(loss), float(D.mean())]
    assert seen[10][0] == [float(lengths.mean())]
    assert float(seen[10][1]["push"]) == float(len(lengths) * lengths.mean())
    assert seen[11][0] == [float(numpy.linalg.norm(plain.G.grad))]
    assert all(seen[line][0] == [] for line in (1, 2, 3, 6, 7, 8))


def assert_gradients(page, plain):
    """Of each layer with parameters, D's before G's."""
    lengths = [
        numpy.sqrt(sum((getattr(layer, "g" + name) ** 2).sum() for name in layer.shapes()))
        for net in (plain.D, plain.G)
        for layer in net.layers
        if layer.shapes()
    ]
    cells = page.eval_on_selector_all(".by-layer td", "all => all.map(one => one.dataset.value)")
    assert [float(cell) for cell in cells] == pytest.approx(lengths, rel=1e-6)
    last = page.evaluate(
        "(({array, shape}) => Array.from(array.slice(-shape[1])))(games[0].frame.curves)"
    )
    scores = [float(score) for score in plain.game.scores()[:3]]
    assert last[:4] == [plain.iteration, *scores] and last[4:] == [float(cell) for cell in cells]


def assert_modes(page, plain):
    """The count is of this very iteration, not of one that was shown a moment ago."""
    samples = output(plain.sampler, fixed_noise(plain.recipe, 2_500))
    modes = count_modes(samples, plain.p_data.means, plain.p_data.std)
    text = page.get_attribute("[data-number=modes]", "data-value")
    assert list(map(float, text.split(","))) == [modes.found, modes.high_quality, plain.iteration]
    return modes.high_quality


def test_in_the_plane_at_every_line_through_a_rewind_and_a_change(play):
    recipe, shares = replace(SMALL, data="grid"), []  # modes at the origin, where samples are
    page, plain = play(settings=f"#recipe=ring&data=grid&{NETWORKS}"), Training(recipe, None, numpy)
    page.wait_for_function("games[0].setup.recipe.data === 'grid'")
    for _ in range(3):
        seen, _ = line_by_line(page, plain)
        assert_lines(seen, plain)
        assert_gradients(page, plain)
        shares.append(assert_modes(page, plain))
    assert len(set(shares)) == 3
    page.keyboard.press("ArrowLeft")
    at(page, 2)
    plain = Training(recipe, None, numpy)
    plain.advance()
    plain.advance()
    assert_gradients(page, plain)
    assert assert_modes(page, plain) == shares[1]
    page.select_option("[data-field=loss]", "maximum_likelihood")
    page.wait_for_function("games[0].setup.recipe.loss === 'maximum_likelihood'")
    page.focus("#play")
    state = plain.state()
    plain = Training(replace(recipe, loss="maximum_likelihood"), None, numpy)
    plain.restore({name: numpy.array(value) for name, value in state.items()})
    seen, _ = line_by_line(page, plain)
    assert_lines(seen, plain)
    assert_gradients(page, plain)


def test_in_the_plane_v_against_the_best_d(play):
    page, plain = play(), Training(SMALL, None, numpy)
    page.click("[data-surface=difference]")
    page.wait_for_function("games[0].frame.view.surface === 'difference'")
    plain.advance()
    page.keyboard.press("i")
    at(page, 1)
    edge, n = page.evaluate("games[0].setup.edge"), 40
    axis = numpy.linspace(-edge, edge, n)
    h = 1.2 * (axis[1] - axis[0])
    real = numpy.empty((2_500, 2), "float32")
    type(plain.p_data)(plain.p_data.means, plain.p_data.std, Stream(2)).minibatch(real)
    fake = output(plain.G, fixed_noise(SMALL, 2_500))

    def density(x):
        bump = [
            numpy.exp(-(((axis[:, None] - x[:, i]) / h) ** 2) / 2) / (h * numpy.sqrt(2 * numpy.pi))
            for i in range(2)
        ]
        return bump[1] @ bump[0].T / len(x)

    p, q = density(real.astype("float64")), density(fake)
    grid = numpy.stack(numpy.meshgrid(axis, axis), -1).reshape(-1, 2)
    D, cell = sigmoid(output(plain.D, grid)).reshape(n, n), (axis[1] - axis[0]) ** 2
    V = (p * numpy.log(D) + q * numpy.log(1 - D)).sum() * cell
    with numpy.errstate(divide="ignore", invalid="ignore"):
        C = numpy.nansum(p * numpy.log(p / (p + q))) + numpy.nansum(q * numpy.log(q / (p + q)))
    assert number(page, "onGrid") == pytest.approx(V, rel=1e-5)
    assert number(page, "best") == pytest.approx(C * cell, rel=1e-5)
    field = numpy.array(page.evaluate("Array.from(games[0].frame.view.field.array)")).reshape(n, n)
    seen = numpy.isfinite(field)
    assert 100 < seen.sum() < n * n
    assert field[seen] == pytest.approx((D - p / (p + q))[seen], abs=1e-5)


def test_on_the_line_the_exact_measures_at_every_line(play):
    page, plain = play(settings="#recipe=gauss1d&k=1&batch=16"), Training(LINE, None, numpy)
    page.wait_for_function("games[0].setup.recipe.batch === '16'")
    axis = numpy.array(page.evaluate("Array.from(games[0].setup.axis.array)"))
    cell = axis[1] - axis[0]
    means, std = plain.p_data.means, plain.p_data.std
    bumps = numpy.exp(-(((axis[:, None] - means.reshape(1, -1)) / std) ** 2) / 2)
    p = bumps.mean(1) / (std * numpy.sqrt(2 * numpy.pi))
    for _ in range(2):
        seen, (G, D) = line_by_line(page, plain)
        assert_lines(seen, plain)
        assert_gradients(page, plain)
        for line, (_, shown) in seen.items():
            assert_measures(shown, axis, cell, p, G, D if line < 6 else plain.D)
        page.wait_for_function(f"games[0].frame.iteration === {plain.iteration}")
        shown = page.eval_on_selector_all(
            "[data-number]", "all => all.map(one => [one.dataset.number, one.dataset.value])"
        )
        assert_measures(dict(shown), axis, cell, p, plain.G, plain.D)


def assert_measures(shown, axis, cell, p, G, D):
    """V over x, C(G) and the JSD of this very D and G."""
    q = numpy.exp(PushForward(G, LINE.noise).log_density(axis[:, None]))
    d = sigmoid(output(D, axis[:, None])[:, 0])
    V = (p * numpy.log(d) + q * numpy.log(1 - d)).sum() * cell
    with numpy.errstate(divide="ignore", invalid="ignore"):
        kl = [numpy.nansum(one * numpy.log(2 * one / (p + q))) * cell for one in (p, q)]
        cost = [numpy.nansum(one * numpy.log(one / (p + q))) * cell for one in (p, q)]
    assert float(shown["onGrid"]) == pytest.approx(V, rel=1e-6)
    assert float(shown["best"]) == pytest.approx(sum(cost), rel=1e-6)
    assert float(shown["jsd"]) == pytest.approx(sum(kl) / 2, rel=1e-6)


def test_on_images_the_verdicts_and_the_passes(play, monkeypatch):
    draw = numpy.random.default_rng(0).integers(0, 256, (260, 16), dtype="uint8")
    few = Dataset(draw[:200], draw[200:250], draw[250:], (4, 4))
    monkeypatch.setattr(datasets, "_mnist", lambda: few)
    fields = {
        "generator": ("relu 12", "sigmoid"),
        "scale_g": (0.0, 0.0),
        "discriminator": ("maxout 6x2",),
        "keep": (0.8, 0.5),
        "scale_d": (0.0, 0.0),
        "noise_dim": 4,
        "batch": 10,
    }
    recipe = replace(RECIPES["mnist"], **fields)
    texts = {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in fields.items()
    }
    address = "&".join(f"{name}={value}" for name, value in texts.items())
    page, plain = play(settings=f"#recipe=mnist&{address}"), Training(recipe, few, numpy)
    page.wait_for_selector("[data-game=A][data-kind=images]")
    for _ in range(2):
        seen, _ = line_by_line(page, plain)
        assert_lines(seen, plain)
        assert_gradients(page, plain)
        samples = output(plain.sampler, fixed_noise(recipe, 30))
        verdicts = page.evaluate("Array.from(games[0].frame.view.verdicts.array)")
        assert verdicts == pytest.approx(sigmoid(output(plain.D, samples))[:, 0], rel=1e-5)
        judged = page.evaluate("Array.from(games[0].frame.view.taught_verdicts.array)")
        own = objective.probability(numpy, plain.game.pass_dg.y)[:, 0].astype("float64")
        assert judged == own.tolist()
    assert not page.problems and not page.requests
