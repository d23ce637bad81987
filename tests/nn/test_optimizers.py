"""The optimizers by hand, their directions, max-norm, and their state."""

import math

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from tests.helpers.numeric import DTYPES, RTOL, assert_near

OPTIMIZERS = [ng.Momentum, ng.Adam]
LARGE = 500 * 500 + 500  # more than the 131,072 entries that are updated at a time


def network(dtype="float64", n_in=1, n_out=1):
    return ng.MLP([ng.Affine(n_in, n_out)], dtype=dtype)


def moves(rule, gradients, direction="descend"):
    """θ after each of the updates with the given gradients."""
    thetas = []
    for g in gradients:
        rule.net.grad[...] = g
        getattr(rule, direction)()
        assert (rule.net.grad == numpy.asarray(g, rule.net.dtype)).all()
        thetas.append(rule.net.theta.copy())
    return numpy.array(thetas)


@pytest.mark.parametrize("dtype", DTYPES)
def test_momentum_by_hand(dtype):
    net = network(dtype)
    net.theta = numpy.array([1, -2], dtype)
    rule = ng.Momentum(net, learning_rate=0.5, momentum=0.5)
    # v = −½ (1, −1), then ½ v − ½ (2, 0) = (−1.25, .25), then ½ v − ½ (−1, 3) = (−.125, −1.375)
    thetas = moves(rule, [[1, -1], [2, 0], [-1, 3]])
    assert thetas.tolist() == [[0.5, -1.5], [-0.75, -1.25], [-0.875, -2.625]]
    assert rule.moments["velocity"].tolist() == [-0.125, -1.375]


def test_momentum_and_rate_can_change_between_updates():
    """The rate in force scales the new gradient only, not what is in the velocity."""
    net = network()
    rule = ng.Momentum(net, learning_rate=1.0, momentum=0.5)
    moves(rule, [[1, 1]])  # v = −1
    rule.learning_rate, rule.momentum = 0.25, 0.75
    assert moves(rule, [[1, 1]]).tolist() == [[-2, -2]]  # v = −.75 − .25 = −1


@pytest.mark.parametrize("dtype", DTYPES)
def test_adam_by_hand(dtype):
    net = network(dtype)
    net.theta = numpy.array([1, -1], dtype)
    rule = ng.Adam(net, learning_rate=0.1, beta1=0.5, beta2=0.75, epsilon=1)
    first, second = moves(rule, [[2, -2], [4, -4]])
    # v = ½·2 = 1, v̂ = 1/(1 − ½) = 2; s = ¼·4 = 1, ŝ = 1/(1 − ¾) = 4; step .1 · 2/(2 + 1)
    numpy.testing.assert_allclose(first, [1 - 0.2 / 3, -1 + 0.2 / 3], RTOL[dtype])
    # v = ½ + ½·4 = 2.5, v̂ = 2.5/(1 − ¼) = 10/3; s = ¾ + ¼·16 = 4.75, ŝ = 4.75/(1 − 9/16) = 76/7
    theta = 1 - 0.2 / 3 - 0.1 * (10 / 3) / (math.sqrt(76 / 7) + 1)
    numpy.testing.assert_allclose(second, [theta, -theta], RTOL[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_adam_without_momentum_by_hand(dtype):
    rule = ng.Adam(network(dtype), learning_rate=0.1, beta1=0, beta2=0.75, epsilon=1)
    first, second = moves(rule, [[2, -2], [4, -4]])
    # v̂ = g = 2; s = ¼·4 = 1, ŝ = 1/(1 − ¾) = 4; step .1 · 2/(2 + 1)
    numpy.testing.assert_allclose(first, [-0.2 / 3, 0.2 / 3], RTOL[dtype])
    # v̂ = g = 4; s = ¾ + ¼·16 = 4.75, ŝ = 4.75/(1 − 9/16) = 76/7
    theta = -0.2 / 3 - 0.1 * 4 / (math.sqrt(76 / 7) + 1)
    numpy.testing.assert_allclose(second, [theta, -theta], RTOL[dtype])


def test_adam_without_momentum_goes_on_from_a_checkpoint_that_kept_the_gradient():
    """As older versions did: the last gradient is there, and has no effect."""
    gradients, thetas = [[2, -2], [4, -4], [1, 3]], []
    for kept in (0, 4):
        rule = ng.Adam(network(), learning_rate=0.1, momentum=0)
        moves(rule, gradients[:2])
        state, theta = rule.state(), rule.net.theta.copy()
        again = ng.Adam(network(), learning_rate=0.1, momentum=0)
        again.net.theta = theta
        again.restore(state | {"gradients": numpy.full(2, float(kept))})
        thetas.append(moves(again, gradients[2:]).tobytes())
    assert thetas[0] == thetas[1]


def test_the_first_step_of_adam_has_the_length_of_the_rate():
    """Without the bias corrections it would be (1 − .9)/√(1 − .999) = 3.2 times as long."""
    net = network()
    theta = moves(ng.Adam(net, learning_rate=0.01, momentum=0.9), [[3, -5000]])
    numpy.testing.assert_allclose(theta, [[-0.01, 0.01]], 1e-7)


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_to_ascend_is_to_descend_the_negated_gradient(rule, dtype, rng):
    gradients = rng.standard_normal((4, 2))
    up = moves(rule(network(dtype), learning_rate=0.1), gradients, "ascend")
    down = moves(rule(network(dtype), learning_rate=0.1), -gradients)
    assert up.tobytes() == down.tobytes()
    assert (numpy.sign(up[0].real) == numpy.sign(gradients[0])).all()


def plain(rule, gradients, eta=0.1, mu=0.5, beta=0.999):
    """The published formulas over whole arrays: θ after each update from θ = 0."""
    theta, v, s, thetas = 0.0, 0.0, 0.0, []
    for t, g in enumerate(gradients, 1):
        if rule is ng.Momentum:
            v = mu * v - eta * g
            theta = theta + v
        else:
            v, s = mu * v + (1 - mu) * g, beta * s + (1 - beta) * g**2
            theta = theta - eta * (v / (1 - mu**t)) / (numpy.sqrt(s / (1 - beta**t)) + 1e-8)
        thetas.append(theta)
    return numpy.array(thetas)


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-14), ("float32", 1e-6)])
@pytest.mark.parametrize("rule, mu", [(ng.Momentum, 0.5), (ng.Adam, 0.5), (ng.Adam, 0.0)])
def test_a_theta_larger_than_one_piece(rule, mu, dtype, tolerance, rng):
    gradients = rng.standard_normal((3, LARGE))
    gradients[1, ::3] = 0  # Adam divides by √s + ε
    thetas = moves(rule(network(dtype, 500, 500), learning_rate=0.1, momentum=mu), gradients)
    assert thetas.shape == (3, LARGE)
    assert_near(thetas, plain(rule, gradients, mu=mu), tolerance)


def test_adam_with_averages_that_forget_quickly(rng):
    gradients = rng.standard_normal((3, 2))
    thetas = moves(ng.Adam(network(), learning_rate=0.1, momentum=0.3, decay=0.2), gradients)
    assert_near(thetas, plain(ng.Adam, gradients, mu=0.3, beta=0.2), 1e-14)


@pytest.mark.parametrize("rule, eta", [(ng.Momentum, 0.1), (ng.Adam, 2e-4)])
def test_the_settings_that_are_not_given(rule, eta, rng):
    gradients = rng.standard_normal((3, 2))
    assert_near(moves(rule(network()), gradients), plain(rule, gradients, eta), 1e-14)


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("direction", ["ascend", "descend"])
def test_every_update_makes_the_pass_before_it_stale(rule, direction):
    net, row = network(), numpy.ones((1, 1))
    updated, tape = rule(net), net.tape(1)
    for _ in range(3):
        net.forward(row, tape)
        net.backward(row, tape)
        getattr(updated, direction)()
        for earlier in (tape, net.tape(1)):  # the second saw no pass at all
            with pytest.raises(ng.NumpyganError, match="stale"):
                net.backward(row, earlier)


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_a_zero_gradient_moves_nothing_at_the_start(rule):
    net = network("float32")
    net.theta = numpy.array([1, 2], "float32")
    assert moves(rule(net), [[0, 0]]).tolist() == [[1, 2]]


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_max_norm_shortens_long_columns_after_the_update(rule):
    net = ng.MLP([ng.Affine(2, 3), ng.ReLU(), ng.Affine(3, 1)], dtype="float64")
    first, _, last = net.layers
    first.W[...] = [[3, 0.3, 0], [4, 0.4, 0]]  # columns of length 5, .5 and 0
    first.b[...], last.W[...], last.b[...] = 10, [[2], [2], [1]], 7  # a column of length 3
    moves(rule(net, max_norm=1.0), [numpy.zeros(net.theta.size)])
    numpy.testing.assert_allclose(first.W, [[0.6, 0.3, 0], [0.8, 0.4, 0]], 1e-15)
    numpy.testing.assert_allclose(last.W, [[2 / 3], [2 / 3], [1 / 3]], 1e-15)
    assert (first.b == 10).all() and (last.b == 7).all()
    moves(rule(net, learning_rate=100.0, max_norm=1.0), [numpy.ones(net.theta.size)])
    for W in (first.W, last.W):
        assert (numpy.linalg.norm(W, axis=0) <= 1 + 1e-12).all()


def test_without_max_norm_columns_grow():
    net = network()
    assert moves(ng.Momentum(net, learning_rate=1.0), [[-50, 0]])[0, 0] == 50


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_an_update_goes_on_from_a_saved_state(rule, dtype, rng):
    gradients = rng.standard_normal((5, LARGE))
    net, other = network(dtype, 500, 500), network(dtype, 500, 500)
    net.initialize(Stream(0))
    started = rule(net)
    moves(started, gradients[:2])
    state = {name: numpy.array(value) for name, value in started.state().items()}
    other.theta = net.theta
    resumed = rule(other)
    resumed.restore(state)
    assert moves(resumed, gradients[2:]).tobytes() == moves(started, gradients[2:]).tobytes()
    assert all(
        (numpy.array(value) == resumed.state()[name]).all()
        for name, value in started.state().items()
    )


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_restoring_takes_no_hold_of_the_state(rule, rng):
    started = rule(network())
    moves(started, rng.standard_normal((2, 2)))
    state = {name: numpy.array(value) for name, value in started.state().items()}
    kept = {name: value.copy() for name, value in state.items()}
    resumed = rule(network())
    resumed.restore(state)
    moves(resumed, rng.standard_normal((2, 2)))
    assert all((state[name] == kept[name]).all() for name in kept)


def test_moments_of_older_checkpoints_become_sums():
    """m = (1 − β₁) Σ β₁ⁱ g and v = (1 − β₂) Σ β₂ⁱ g²; here 1 − β₁ = 1/4 and 1 − β₂ = 1/8."""
    rule = ng.Adam(network(), 0.1, momentum=0.75, decay=0.875)
    sums = rule.from_moments(numpy.array([0.5, -1]), numpy.array([0.25, 2]))
    assert sums["gradients"].tolist() == [2, -4] and sums["squares"].tolist() == [2, 16]


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize(
    "name, value",
    [
        ("learning_rate", -1),
        ("learning_rate", float("nan")),
        ("learning_rate", "0.1"),
        ("momentum", 1.0),
        ("max_norm", -1),
    ],
)
def test_a_number_set_later_must_lie_in_its_range(rule, name, value):
    optimizer = rule(network(), 0.25)
    named = "beta1" if (rule, name) == (ng.Adam, "momentum") else name
    with pytest.raises(ng.NumpyganError, match=f"{rule.__name__}: {named} must be a number in"):
        setattr(optimizer, name, value)
    assert optimizer.learning_rate == 0.25


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("state", [None, {}, {"updates": 3}, {"velocity": numpy.ones(1)}])
def test_restoring_what_is_no_state_is_refused(rule, state):
    with pytest.raises(ng.NumpyganError, match=f"{rule.__name__}: restore: expected what state"):
        rule(network()).restore(state)


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_restoring_a_damaged_state_is_refused(rule):
    state = rule(network()).state()
    moment = rule.names[0]
    longer, whole_numbers, complex_ones = (
        numpy.ones(9),
        numpy.ones(2, int),
        numpy.ones(2, "complex64"),
    )
    for damaged in (longer, whole_numbers, complex_ones):
        with pytest.raises(ng.NumpyganError, match="restore: expected what state"):
            rule(network()).restore(state | {moment: damaged})
    with pytest.raises(ng.NumpyganError, match="restore: updates"):
        rule(network()).restore(state | {"updates": -1})


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("name", ["learning_rate", "momentum"])
def test_only_max_norm_may_be_none(rule, name):
    assert rule(network(), max_norm=None).max_norm is None
    named = "beta1" if (rule, name) == (ng.Adam, "momentum") else name
    with pytest.raises(ng.NumpyganError, match=f"{rule.__name__}: {named}"):
        rule(network(), **{name: None})


def test_adam_takes_its_constants_by_their_older_names():
    adam = ng.Adam(network(), momentum=0.25, decay=0.5)
    assert (adam.beta1, adam.beta2) == (adam.momentum, adam.decay) == (0.25, 0.5)
    adam.momentum, adam.decay = 0.75, 0.875
    assert (adam.beta1, adam.beta2) == (0.75, 0.875)
    with pytest.raises(TypeError, match="momentum"):
        ng.Adam(network(), momentum=0.25, beta1=0.25)


def test_optimizers_print_their_constants():
    adam = str(ng.Adam(network(), 0.25, beta1=0))
    assert adam.startswith("Adam(learning_rate=0.25, beta1=0, beta2=0.999, epsilon=1e-08), after 0")
    momentum = str(ng.Momentum(network(), max_norm=2))
    assert momentum.startswith("Momentum(learning_rate=0.1, max_norm=2, momentum=0.5), after 0")


def test_the_sums_of_an_older_checkpoint():
    """m/(1 − ½) = 3/½ = 6 and v/(1 − ¼) = 6/¾ = 8."""
    adam = ng.Adam(network(), momentum=0.5, decay=0.25)
    sums = adam.from_moments(numpy.array([3.0]), numpy.array([6.0]))
    assert sums == {"gradients": [6], "squares": [8]}


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_an_optimizer_that_has_not_moved_is_restored_as_one(rule):
    optimizer = rule(network())
    optimizer.restore(rule(network()).state())
    assert optimizer.updates == 0
