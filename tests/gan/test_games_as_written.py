"""Games as people write them pass `ng.check_game`; what does not fit is refused in a sentence."""

import numpy as np
import pytest

import numpygan as ng


def players(dtype="float64", width=2):
    G = ng.MLP([ng.Affine(4, 6), ng.ReLU(), ng.Affine(6, 2)], dtype)
    D = ng.MLP(
        [ng.Dropout(0.9), ng.Affine(width, 8), ng.LeakyReLU(0.2), ng.Dropout(0.7), ng.Affine(8, 1)],
        dtype,
    )
    for seed, net in enumerate((G, D)):
        net.initialize(ng.Stream(seed))
    return G, D


def hinge(order, share=1.0):
    """Lim and Ye 2017. D sees real and fake rows on tapes of their own, drawn in this order."""

    def loop(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, k):
        pass_g, tapes, pass_dg = G.tape(m), {"real": D.tape(m), "fake": D.tape(m)}, D.tape(m)
        while True:
            for _ in range(k):
                p_data.minibatch(tapes["real"].x)
                p_z.minibatch(pass_g.x)
                tapes["fake"].x[...] = G.forward(pass_g.x, pass_g)
                total = 0
                for name in order:
                    tape = tapes[name]
                    D.draw_masks(tape, mask_stream)
                    y = D.forward(tape.x, tape)
                    slopes = (y < 1) / -m if name == "real" else share * (y > -1) / m
                    tape.gy[...] = slopes
                    D.backward(tape.gy, tape, inputs=False)
                    total = total + D.grad
                D.grad[...] = total
                optimizer_d.descend()
            p_z.minibatch(pass_g.x)
            pass_dg.x[...] = G.forward(pass_g.x, pass_g)
            D.draw_masks(pass_dg, mask_stream)
            D.forward(pass_dg.x, pass_dg)
            pass_dg.gy[...] = -1 / m
            G.backward(D.backward(pass_dg.gy, pass_dg, params=False), pass_g, inputs=False)
            optimizer_g.descend()
            yield

    return loop


GOALS = {
    "value": lambda real, fake: (
        -np.where(real.real < 1, 1 - real, 0).mean() - np.where(fake.real > -1, 1 + fake, 0).mean()
    ),
    "loss": lambda fake: -fake.mean(),
}


@pytest.mark.parametrize("order", [("real", "fake"), ("fake", "real")])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_pass_for_the_real_rows_and_one_for_the_generated_rows(order, dtype):
    report = ng.check_game(*players(dtype), hinge(order), **GOALS, k=2, iterations=4)
    assert report.passed, report
    wrong = ng.check_game(*players(dtype), hinge(order, 0.5), **GOALS)
    assert [check.tensor for check in wrong.failures] == ["theta_d"] * len(wrong.failures)
    assert "ratio" in str(wrong.failures[0])


@pytest.mark.parametrize(
    "nets, options, words",
    [
        (lambda G, D: ([ng.Affine(2, 2)], D), {}, "G must be an MLP, got list"),
        (lambda G, D: (G, None), {}, "D must be an MLP, got NoneType"),
        (lambda G, D: (D, G), {}, "G makes rows of width 1, D takes 4"),
        (lambda G, D: (G, G), {}, "D takes 4 and gives 2 numbers"),
        (lambda G, D: (G, D.copy("float32")), {}, "two networks of one dtype"),
        (lambda G, D: (G, players(width=3)[1]), {}, "D takes 3"),
        (lambda G, D: (G, D), {"seed": -1}, "seed must be a whole number ≥ 0, got -1"),
        (lambda G, D: (G, D), {"seed": "0"}, "seed must be a whole number ≥ 0, got '0'"),
    ],
)
def test_players_that_do_not_fit_are_refused_in_a_sentence(nets, options, words):
    with pytest.raises(ng.NumpyganError, match=words) as error:
        ng.check_game(*nets(*players()), hinge(("real", "fake")), **GOALS, **options)
    assert "\n" not in str(error.value)
