"""Algorithm 1 as a contract: who is drawn, who moves, in which order, along which gradient, seen by
recording players.

G and D are computed a second time here, by plain functions of θ, and differentiated by the complex
step: no code is shared with the package but the masks that it drew.
"""

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.gan.game import Game
from numpygan.gan.objective import G_LOSSES
from tests.helpers.contract import (
    ETA_D,
    ETA_G,
    N_X,
    N_Z,
    M,
    Source,
    all_of,
    check_contract,
    discriminator,
    g_loss,
    generator,
    play,
    players,
    value,
)
from tests.helpers.numeric import assert_near, complex_step

CASES = [(k, loss) for k in (1, 3) for loss in G_LOSSES]


@pytest.mark.parametrize("k, loss", CASES)
def test_k_steps_of_d_then_one_of_g(k, loss):
    _, history = play(ng.algorithm1, k=k, loss=loss)
    for events, _ in history:
        assert [name for name, _ in events] == ["z", "x", "D"] * k + ["z", "G"]
    assert {what[0] for what in all_of(history, "D")} == {"ascend"}
    assert {what[0] for what in all_of(history, "G")} == {"descend"}


@pytest.mark.parametrize(
    "k, loss",
    [(1, "saturating"), (2, "non_saturating"), (5, "non_saturating"), (2, "maximum_likelihood")],
)
def test_the_whole_contract(k, loss):
    check_contract(k=k, loss=loss)


def test_every_minibatch_is_fresh_and_whole():
    _, history = play(ng.algorithm1, k=2)
    for name, width in (("z", N_Z), ("x", N_X)):
        drawn = all_of(history, name)
        assert all(a.shape == (M, width) for a in drawn) and len(
            {a.tobytes() for a in drawn}
        ) == len(drawn)


@pytest.mark.parametrize("algorithm", [ng.algorithm1, ng.authors2014])
def test_who_moves_and_who_does_not(algorithm):
    start, history = play(algorithm)
    theta = start
    for name, (_, before, after, _) in (
        event for events, _ in history for event in events if event[0] in "GD"
    ):
        # Nothing has moved in between
        assert all(before[net].tobytes() == theta[net].tobytes() for net in "GD")
        other = {"G": "D", "D": "G"}[name]
        assert (
            after[other].tobytes() == before[other].tobytes()
            and (after[name] != before[name]).any()
        )
        theta = after


@pytest.mark.parametrize("k, loss", CASES)
def test_d_ascends_and_g_descends_the_gradients_of_the_paper(k, loss):
    _, history = play(ng.algorithm1, k=k, loss=loss)
    z = x = None
    for name, what in (event for events, _ in history for event in events):
        if name in "zx":
            z, x = (what, x) if name == "z" else (z, what)
            continue
        _, before, after, masks = what
        theta_g, theta_d = before["G"], before["D"]  # θ_d in a G step: the updated one
        step = after[name] - before[name]
        if name == "D":
            assert_near(
                step, ETA_D * complex_step(lambda t: value(theta_g, t, x, z, masks), theta_d), 1e-12
            )
        else:
            assert_near(
                step,
                -ETA_G * complex_step(lambda t: g_loss(loss, t, theta_d, z, masks), theta_g),
                1e-12,
            )


def test_g_does_not_learn_from_the_d_before_its_update():
    _, history = play(ng.algorithm1)
    for events, _ in history:
        (z, (_, before_d, _, _)), (_, before, after, masks) = (
            (events[3][1], events[2][1]),
            events[4][1],
        )
        old = -ETA_G * complex_step(
            lambda t: g_loss("non_saturating", t, before_d["D"], z, masks), before["G"]
        )
        assert numpy.abs(after["G"] - before["G"] - old).max() > 1e-3 * numpy.abs(old).max()


def test_masks_are_fresh_for_every_pass():
    _, history = play(ng.algorithm1, k=2)
    drawn = [
        (mask[:M].tobytes(), mask[M:].tobytes())
        for _, _, _, masks in all_of(history, "D")
        for mask in masks
    ]
    drawn += [(mask.tobytes(),) for _, _, _, masks in all_of(history, "G") for mask in masks]
    flat = [part for parts in drawn for part in parts]
    assert len(set(flat)) == len(flat)


def test_the_loss_is_non_saturating_and_k_is_1_unless_told():
    assert_same(play(ng.algorithm1), play(ng.algorithm1, k=1, loss="non_saturating"))


def assert_same(one, other):
    for a, b in zip(all_of(one[1], "G"), all_of(other[1], "G"), strict=True):
        assert all(a[2][net].tobytes() == b[2][net].tobytes() for net in "GD")


@pytest.mark.parametrize("algorithm", [ng.algorithm1, ng.authors2014])
def test_the_same_draws_give_the_same_bytes(algorithm):
    assert_same(play(algorithm), play(algorithm))


def one_iteration(algorithm):
    """The game after one iteration with nothing but the required arguments, and θ_d before it."""
    G, D = players()
    theta_d, events = D.theta.copy(), []
    rules = [ng.Momentum(net, learning_rate=0.5, momentum=0.0) for net in (G, D)]
    return next(
        algorithm(G, D, Source("x", 10, events), Source("z", 11, events), *rules, Stream(12))
    ), theta_d


@pytest.mark.parametrize("algorithm", [ng.algorithm1, ng.authors2014])
def test_a_minibatch_has_100_rows_unless_told(algorithm):
    game, _ = one_iteration(algorithm)
    assert (
        game.m == len(game.pass_g) == len(game.real) == len(game.fake) == len(game.pass_dg) == 100
    )


@pytest.mark.parametrize("algorithm", [ng.algorithm1, ng.authors2014])
def test_the_gradient_of_d_is_left_alone_while_g_learns(algorithm):
    game, theta_d = one_iteration(algorithm)
    assert_near(game.D.theta - theta_d, 0.5 * game.D.grad, 1e-14)


@pytest.mark.parametrize("algorithm", [ng.algorithm1, ng.authors2014])
def test_no_adjoint_is_computed_that_nobody_reads(algorithm):
    game, _ = one_iteration(algorithm)
    assert (game.real.gx == 0).all() and (game.pass_g.gx == 0).all()
    assert (game.pass_dg is game.fake) == (algorithm is ng.authors2014)
    assert (game.fake.gx == 0).all() == (algorithm is ng.algorithm1) and (
        game.pass_dg.gx != 0
    ).any()


@pytest.mark.parametrize(
    "one_pass, total", [(False, 1 + 2 + 4 + 8 + 16 + 32), (True, 1 + 2 + 4 + 8 + 4 + 8)]
)
def test_the_last_score_is_the_sum_of_all_logits(one_pass, total):
    G, D = players()
    game = Game(G, D, 2, one_pass=one_pass)
    assert game.G is G and game.D is D
    game.pass_d.y[:, 0] = [1, 2, 4, 8]
    if not one_pass:
        game.pass_dg.y[:, 0] = [16, 32]
    assert game.scores().logits == total


@pytest.mark.parametrize("k", [0, -1, 1.5])
def test_a_wrong_k_is_named(k):
    with pytest.raises(ng.NumpyganError, match=f"k .*{k}"):
        play(ng.algorithm1, k=k)


@pytest.mark.parametrize("n_fake, n_in, n_out", [(3, 2, 1), (2, 3, 1), (3, 3, 2)])
def test_players_that_do_not_fit_are_named(n_fake, n_in, n_out):
    G, D = ng.MLP([ng.Affine(4, n_fake)]), ng.MLP([ng.Affine(n_in, n_out)])
    with pytest.raises(ng.NumpyganError, match=f"{n_fake}.*{n_in}.*{n_out}"):
        Game(G, D, 2)


def test_an_unknown_loss_is_named():
    with pytest.raises(ng.NumpyganError, match="hinge.*non_saturating"):
        play(ng.algorithm1, loss="hinge")


def test_authors2014_shares_one_minibatch_of_noise():
    _, history = play(ng.authors2014)
    for events, _ in history:
        assert sorted(name for name, _ in events) == ["D", "G", "x", "z"]
        assert {name: what[0] for name, what in events if name in "DG"} == {
            "D": "ascend",
            "G": "descend",
        }


def test_authors2014_updates_both_at_the_old_thetas_with_half_of_v():
    start, history = play(ng.authors2014)
    theta = start
    for events, _ in history:
        drawn = dict(events)
        x, z, masks = drawn["x"], drawn["z"], drawn["D"][3]
        theta_g, theta_d = theta["G"], theta["D"]
        theta = events[-1][1][2]
        fake = [mask[M:] for mask in masks]  # one draw of masks for the generated half
        assert all((a == b).all() for a, b in zip(fake, drawn["G"][3]))
        gradient_d = complex_step(lambda t: 0.5 * value(theta_g, t, x, z, masks), theta_d)
        gradient_g = complex_step(lambda t: g_loss("non_saturating", t, theta_d, z, fake), theta_g)
        assert_near(theta["D"] - theta_d, ETA_D * gradient_d, 1e-12)
        assert_near(theta["G"] - theta_g, -ETA_G * gradient_g, 1e-12)


@pytest.mark.parametrize("algorithm", [ng.algorithm1, ng.authors2014])
def test_scores_are_those_of_the_last_d_step(algorithm):
    """V, mean D(x) and mean D(G(z)) before the step, with the dropout it learned from; V is never
    halved.
    """
    _, history = play(algorithm)
    for events, scores in history:
        x, z = dict(events)["x"], next(what for name, what in events if name == "z")
        _, before, _, masks = dict(events)["D"]
        rows = numpy.concatenate([x, generator(before["G"], z)])
        d = discriminator(before["D"], rows, masks)
        expected = [value(before["G"], before["D"], x, z, masks), d[:M].mean(), d[M:].mean()]
        numpy.testing.assert_allclose(scores[:3], expected, 1e-13)
        assert len(scores) == 4
