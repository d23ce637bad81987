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
