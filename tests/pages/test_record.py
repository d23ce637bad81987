"""What the study page is made of: that it is the real algorithm's run, and that every number is
what NumPy has.
"""

import base64
import json
import zlib
from dataclasses import replace

import numpy
import pytest

import numpygan as ng
from numpygan.pages import pseudocode
from numpygan.pages import study_page as page
from numpygan.pages.record import record
from numpygan.pages.shown import rows_as_images, strip, units
from numpygan.pages.toy_game import ToyGame
from numpygan.pages.typeset import SYMBOLS, equation, equations, formula, typeset
from numpygan.recipes.builtin import RECIPES
from numpygan.runs.trainer import Training

SMALL = replace(
    RECIPES["ring"],
    generator=("relu 30", "linear"),
    scale_g=(0.0, 0.0),
    discriminator=("maxout 40x2", "tanh 6"),
    keep=(0.9, 0.7, 1.0),
    scale_d=(0.0, 0.0, 0.0),
    batch=5,
    dtype="float64",
)


def training(**fields):
    return Training(replace(SMALL, **fields), None, numpy)


def unobserved(iterations, **fields):
    plain = training(**fields)
    for _ in range(iterations):
        plain.advance()
    return plain


LOSSES = [
    {"loss": "non_saturating"},
    {"loss": "maximum_likelihood"},
    {"algorithm": "authors2014", "loss": "non_saturating"},
]


@pytest.mark.parametrize("fields", [{}, {"k": 2}, *LOSSES], ids=str)
def test_observing_changes_nothing(fields):
    watched, plain = training(**fields), unobserved(2, **fields)
    record(watched, 2)
    assert (watched.G.theta == plain.G.theta).all() and (watched.D.theta == plain.D.theta).all()


@pytest.mark.parametrize(
    ("fields", "lines"), [({}, 12), ({"k": 3}, 24), ({"algorithm": "authors2014"}, 9)], ids=str
)
def test_every_line_is_a_step(fields, lines):
    recorder = record(training(**fields), 2)
    assert len(recorder.steps) == 2 * lines
    recipe = recorder.training.recipe
    assert [step["line"] for step in recorder.steps] == 2 * pseudocode.order(
        recipe.algorithm, recipe.k
    )
    shown = {key for key, _, _ in pseudocode.lines(recipe.algorithm, recipe.loss) if key}
    assert {step["line"] for step in recorder.steps} == shown


def test_another_algorithm_is_refused():
    watched = training()
    # What it says is not what it plays
    watched.recipe = replace(watched.recipe, algorithm="authors2014")
    with pytest.raises(ng.NumpyganError, match="isn't the one that is shown"):
        record(watched, 1)


def test_the_numbers_are_those_of_the_tape():
    recorder, plain = record(training(), 1), unobserved(1)
    # The G step's
    kept = next(kept for kept in reversed(recorder.kept.passes) if kept["net"] == "D")
    tape, shown = plain.game.pass_dg, recorder.kept.units["D"]
    for value, array, columns in zip(kept["values"], [tape.x, *(t.y for t in tape.layers)], shown):
        assert (value["block"] == array[:, columns]).all()
        assert value["stats"] == pytest.approx(
            [array.min(), array.mean(), array.max(), (array**2).sum() ** 0.5, (array == 0).mean()]
        )
    for adjoint, array, columns in zip(
        kept["adjoints"], [tape.gx, *(t.gy for t in tape.layers)], shown
    ):
        assert (adjoint["block"] == array[:, columns]).all()
    assert kept["grads"] == [{}] * len(tape.layers)  # D is frozen
    grads = next(kept for kept in reversed(recorder.kept.passes) if kept["net"] == "G")["grads"]
    gW = plain.G.layers[2].gW
    assert (
        grads[2]["W"]["block"]
        == gW[numpy.ix_(recorder.kept.units["G"][2], recorder.kept.units["G"][3])]
    ).all()


def test_a_gradient_is_the_sum_over_the_rows_of_what_is_shown():
    recorder = record(training(), 1)
    for kept in recorder.kept.passes:
        for i, grads in enumerate(kept.get("grads", [])):
            if grads:
                x, gy = kept["values"][i]["block"], kept["adjoints"][i + 1]["block"]
                numpy.testing.assert_allclose(grads["W"]["block"], x.T @ gy, rtol=1e-12, atol=1e-17)
                numpy.testing.assert_allclose(
                    grads["b"]["block"], gy.sum(0), rtol=1e-12, atol=1e-17
                )


@pytest.mark.parametrize("fields", [{}, {"k": 2}, *LOSSES], ids=str)
def test_every_proof_holds_and_a_wrong_derivative_has_none(fields, monkeypatch):
    def proofs(recorder):
        tensors = [
            t
            for kept in recorder.kept.passes
            for grads in kept.get("grads", [])
            for t in grads.values()
        ]
        tensors += [a for kept in recorder.kept.passes for a in kept.get("adjoints", []) if a]
        return [tensor for tensor in tensors if "proof" in tensor]

    good = proofs(record(training(**fields), 1))
    assert len(good) > 15 and {tensor["proof"]["verdict"] for tensor in good} == {"ok"}
    for tensor in good:
        for at, step in zip(tensor["proof"]["at"], tensor["proof"]["step"]):
            assert abs(tensor["block"][tuple(at)] - step) <= 1e-13 * tensor["proof"]["size"]
    monkeypatch.setattr(
        ng.Tanh, "backward", lambda self, gy, t: self.xp.multiply(gy, t.y, out=t.gx)
    )
    assert "wrong" in {
        tensor["proof"]["verdict"] for tensor in proofs(record(training(**fields), 1))
    }


def test_what_each_loss_would_teach():
    """Row by row the two pushes differ by the slopes of the losses at the logit: D and 1 − D."""
    kept = next(kept for kept in record(training(), 1).kept.passes if "push" in kept)
    D = kept["verdicts"][:, None]
    saturating, other = kept["push"]["saturating"]["block"], kept["push"]["non_saturating"]["block"]
    numpy.testing.assert_allclose(saturating * (1 - D), other * D, rtol=1e-10)
    # The one that trains here
    numpy.testing.assert_allclose(saturating, -kept["adjoints"][0]["block"], rtol=1e-12)
    assert kept["push"]["saturating"]["length"] == pytest.approx(
        numpy.hypot(*saturating.T).mean(), rel=1e-12
    )


def test_the_frozen_network_is_said_to_be_frozen():
    for step in record(training(), 1).steps:
        if "moves" in step:
            frozen = [item for item in step["items"] if item["role"] == "frozen"]
            assert [item["symbol"] for item in frozen] == [{"G": "θ_d", "D": "θ_g"}[step["moves"]]]


def test_of_authors2014_nothing_is_said_to_be_frozen():
    """Both gradients are taken at the same (θ_d, θ_g): no θ is frozen, and neither has moved before
    both are there.
    """
    recorder = record(training(algorithm="authors2014", loss="non_saturating"), 1)
    assert [step["moves"] for step in recorder.steps if "moves" in step] == [
        "D",
        "G",
    ] and "moves" in recorder.steps[-2]
    assert all(step["theta"] == {"D": 0, "G": 0} for step in recorder.steps[:-2])
    roles = [item["role"] for step in recorder.steps for item in step["items"]]
    # D's gradient, θ_g while D moves, θ_d while G does
    assert "frozen" not in roles and roles.count("same") == 3


def test_strips_of_large_pictures_are_short():
    assert [strip(pixels) for pixels in (64, 28 * 28, 48 * 48, 3 * 32 * 32, 10**6)] == [
        8,
        8,
        2,
        2,
        2,
    ]
    assert list(rows_as_images(32, 2, 3 * 32 * 32)) == [0, 1, 16, 17] and list(
        rows_as_images(1, 1, 9)
    ) == [0]


def test_units_of_a_maxout_come_with_their_pieces():
    net = ng.MLP([ng.Affine(3, 100), ng.Maxout(2), ng.Affine(50, 1)])
    x, before, after, out = units(net, 10)
    assert list(x) == [0, 1, 2] and len(after) == 10 and list(out) == [0]
    assert list(before) == [*after, *(after + 50)]


# The game on a toy


def test_the_best_discriminator_and_its_value():
    """Where p_g is what it is and D anything, V ≤ C(G) (Proposition 1); both densities integrate to
    1 over the grid.
    """
    for name in ("gauss1d", "ring"):
        watched = Training(replace(RECIPES[name], dtype="float64", batch=4), None, numpy)
        toy = ToyGame(watched)
        toy.add_frame()
        frame, cell = toy.frames[0], toy.cell
        assert toy.p_data.sum() * cell == pytest.approx(1, abs=0.01) and frame[
            "p_g"
        ].sum() * cell == pytest.approx(1, abs=0.02)
        assert frame["V"] <= frame["C"] <= 1e-3 and frame["C"] >= -numpy.log(4)
        seen = numpy.isfinite(frame["best"])
        numpy.testing.assert_allclose(
            frame["best"][seen], (toy.p_data / (toy.p_data + frame["p_g"]))[seen], rtol=1e-4
        )
        assert 0.1 < seen.mean() <= 1 or name == "ring"


def test_a_perfect_generator_has_the_value_minus_log_4(monkeypatch):
    toy = ToyGame(Training(replace(RECIPES["gauss1d"], dtype="float64", batch=4), None, numpy))
    draws = numpy.random.default_rng(0)
    exact = draws.choice([-1.5, 1.5], (20_000, 1)) + 0.5 * draws.standard_normal((20_000, 1))
    monkeypatch.setattr(toy, "_samples", lambda: exact)
    toy.add_frame()
    assert toy.frames[0]["C"] == pytest.approx(-numpy.log(4), abs=5e-3)


# The page


def test_pack_can_be_unpacked():
    packed = page.pack(
        {"a": [1, "<b>", numpy.arange(6.0).reshape(2, 3)], "flags": numpy.array([True, False])}
    )
    whole = zlib.decompress(base64.b64decode(packed))
    n = int.from_bytes(whole[:4], "little")
    data, start = json.loads(whole[4 : 4 + n]), -(-(4 + n) // 8) * 8
    assert data["a"][:2] == [1, "<b>"] and data["flags"]["type"] == "u1"
    where = data["a"][2]
    assert numpy.array_equal(
        numpy.frombuffer(whole, where["type"], 6, start + where["at"]).reshape(where["shape"]),
        numpy.arange(6.0).reshape(2, 3),
    )


def test_formulas():
    assert formula("g_W = x^⊤ g_y").startswith(
        '<math><mrow><mrow data-symbol="g_W"><msub><mi>g</mi><mi>W</mi></msub></mrow><mo>=</mo>'
    )
    assert "<mfrac><mrow><mn>1</mn>" in formula(r"\frac{1}{m}") and typeset(
        "a < b & $x$"
    ).startswith("a &lt; b &amp; <math>")
    assert equation("y_j = max over p of x").split("<math>")[2].endswith("</math> of ")
    for name in SYMBOLS:
        assert f'data-symbol="{name}"' in page.symbol_formula(name)
    assert 'data-symbol="⊤"' in formula("b^⊤")


def test_the_equations_of_a_layer_are_those_of_its_docstring():
    assert equations(ng.Affine(1, 2)) == [
        "y = x W + 1 b^⊤",
        "g_W = x^⊤ g_y",
        "g_b = g_y^⊤ 1",
        "g_x = g_y W^⊤",
    ]
    assert equations(ng.Sigmoid()) == ["y = σ(x) = 1/(1 + e^{−x})", "g_x = g_y ⊙ y ⊙ (1 − y)"]
    assert equations(ng.Maxout(2)) == [
        "y_j = max over p of x_{p j}",
        "p = 1…pieces",
        "won_{p j} = [piece p is the first to reach the maximum of unit j]",
        "g_{x,p j} = g_{y,j} · won_{p j}",
    ]
    layers = ng.ReLU(), ng.LeakyReLU(), ng.Tanh(), ng.Dropout(0.5)
    for layer in layers:
        y, *_, gx = map(equation, equations(layer))
        assert y.startswith('<math><mrow><mrow data-symbol="y">')
        assert gx.startswith('<math><mrow><mrow data-symbol="g_x">')


def test_the_equations_of_a_layer_of_the_users_own():
    class Cube(ng.Layer):
        """y = x ⊙ x ⊙ x

        gx = 3 gy ⊙ x²
        """

    class Silent(ng.Layer):
        pass

    assert equations(Cube()) == ["y = x ⊙ x ⊙ x", "g_x = 3 g_y ⊙ x^2"]

    class Odd(ng.Layer):
        """y = {x <_

        gx = gy}
        """

    assert [equation(text) for text in equations(Odd())] == ["y = {x &lt;_", "g_x = g_y}"]
    Silent.__doc__ = None
    assert all(map(equation, equations(Silent())))


def test_what_comes_from_outside_is_escaped():
    evil = "<script>alert(1)</script>"
    watched = Training(replace(SMALL, name="x"), None, numpy)
    recorder = record(watched, 1)
    watched.recipe = replace(watched.recipe, data=evil + "</script>")
    text = page.page(recorder, None, evil, [evil])
    assert evil not in text and text.count("&lt;script&gt;alert(1)") >= 3


def test_the_value_of_a_sure_discriminator_is_no_logarithm_of_a_rounded_one():
    """A logit of 100 everywhere: V = −log(1 + e^−100) − log(1 + e^100), which is −100 where 1 −
    σ(100) is 0.
    """
    training = Training(replace(RECIPES["gauss1d"], dtype="float64", batch=4), None, numpy)
    training.D.layers[-1].W[...], training.D.layers[-1].b[...] = 0, 100
    toy = ToyGame(training)
    toy.add_frame()
    assert toy.frames[0]["V"] == pytest.approx(-100, abs=0.5)
