"""The running average of θ_g: its weights, and that an older pass is stale."""

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.gan.average import Average


def network(value=0.0):
    net = ng.MLP([ng.Affine(1, 1)], dtype="float64")
    net.theta[...] = value
    return net


def test_worked_by_hand():
    net = network()
    average = Average(net, 0.5)
    net.theta[...] = 9
    average.update(1)  # β_1 = 0: the start is forgotten
    assert average.net.theta == pytest.approx([9, 9], rel=1e-15)
    net.theta[...] = 1
    average.update(2)  # β_2 = 1/4, so 3/4 of the way from 9 to 1
    assert average.net.theta == pytest.approx([3, 3], rel=1e-15)
    average.update(1000)  # β itself
    assert average.net.theta == pytest.approx([2, 2], rel=1e-15)
    assert (net.theta == 1).all()


def test_every_fourth_iterate_worked_by_hand():
    net = network()
    average = Average(net, 0.75, every=4)
    seen = []
    for t, value in enumerate([9, 1, 7, 8, 0, 0, 0, 4, 0, 0, 0, 261], 1):
        net.theta[...] = value
        average.update(t)
        seen.append(float(average.net.theta[0]))
    # θ itself until the fourth; then 3/4 of the way from 8 to 4; then, as β⁴ = 81/256 is less
    # than 2/5, 175/256 of the way from 5 to 261
    assert seen == pytest.approx([9, 1, 7, 8, 8, 8, 8, 5, 5, 5, 5, 180], rel=1e-15)


def test_every_eighth_iterate_weighs_as_eight():
    """Of a θ that drifts, both averages are near the same value, at the start and much later."""
    net = network()
    each, eighth = Average(net, 0.99), Average(net, 0.99, every=8)
    for t in range(1, 2001):
        net.theta[...] = t
        each.update(t)
        eighth.update(t)
        if t in (200, 2000):
            behind = t - each.net.theta[0]
            assert behind > 40 and abs(t - eighth.net.theta[0] - behind) < 8


def test_every_entry_of_a_theta_of_many_pieces():
    net = ng.MLP([ng.Affine(500, 501)])
    average = Average(net, 0.9)
    net.initialize(Stream(0))
    average.update(1)
    assert numpy.allclose(average.net.theta, net.theta, rtol=1e-6, atol=0)


@pytest.mark.parametrize("moved", [0, 1])
def test_an_older_pass_of_the_averaged_network_is_stale(moved):
    average = Average(network(1.0), 0.5)
    tape = average.net.tape(1)
    average.net.forward(tape.x, tape)
    for _ in range(moved):  # a version that counts down would be that of the pass again
        average.net.theta = average.net.theta.copy()
    average.update(1)
    with pytest.raises(ng.NumpyganError, match="stale"):
        average.net.backward(tape.gy, tape)
