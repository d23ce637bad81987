"""The same checks on a real GPU: training, gradients, resuming and sampling against NumPy. Skipped
where there is none.

Noise, masks and minibatches are drawn on the host, so the two runs see the same numbers and differ
by rounding alone.
"""

import warnings

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream, array_module, to_device, to_host
from numpygan.errors import Diverged, NumpyganError
from numpygan.gan.sampling import sample
from numpygan.nn.graphs import with_graphs
from tests.gpu.test_double import CASES, assert_same, copied, training
from tests.helpers.numeric import assert_near, complex_step_gradients

pytestmark = pytest.mark.gpu

# Rounding grows with the iterations, as steps are taken from a θ that differs; and Adam divides a
# gradient by its own size, so in float32 it makes steps of mere rounding. With errors of ±4
# epsilons in every product and exponential of the NumPy run, the largest differences after 20
# iterations were 4e−11 (float64, Adam) and 5e−6 (float32, momentum).
TOLERANCE = {"float32": 1e-4, "float64": 1e-8}
TRAINED = [(case, "float64") for case in CASES]
TRAINED += [
    (f"mnist {case}", "float32") for case in ("momentum", "max-norm k = 2", "momentum authors2014")
]
TRAINED += [("ring momentum", "float32")]


@pytest.fixture(scope="module")
def cupy():
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CuPy's, of what it misses on this machine
            return array_module("gpu")
    except NumpyganError:
        pytest.skip("no CUDA GPU here")


def trained(case, xp, iterations=20, **changes):
    it = training(case, xp, **changes)
    for _ in range(iterations):
        it.advance()
    it.check_finite()
    return it


@pytest.mark.parametrize(("case", "dtype"), TRAINED)
def test_training_equals_the_numpy_run(case, dtype, cupy):
    ours, numpys = (trained(case, xp, dtype=dtype) for xp in (cupy, numpy))
    for net, expected in ((ours.G, numpys.G), (ours.D, numpys.D)):
        assert isinstance(net.theta, cupy.ndarray) and net.theta.dtype == dtype
        assert_near(to_host(net.theta), expected.theta, TOLERANCE[dtype])
    assert_near(ours.means(), numpys.means(), TOLERANCE[dtype])


def layers():
    return [
        ng.Affine(5, 12),
        ng.ReLU(),
        ng.Dropout(0.5),
        ng.Affine(12, 9),
        ng.LeakyReLU(0.2),
        ng.Affine(9, 12),
        ng.Maxout(3),
        ng.Affine(4, 4),
        ng.Tanh(),
        ng.Dropout(0.8),
        ng.Affine(4, 3),
        ng.Sigmoid(),
    ]


def test_the_backward_pass_agrees_with_the_complex_step(cupy, rng):
    """Analytic on the GPU, in float64, against Im f(x + ih)/h on the host, every parameter and the
    input.
    """
    net = ng.MLP(layers(), dtype="float64", xp=cupy)
    net.initialize(Stream(1))
    x, gy = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    tape = net.tape(6)
    net.draw_masks(tape, Stream(7))
    net.forward(to_device(x, cupy), tape)
    gx = net.backward(to_device(gy, cupy), tape)
    by_theta, by_x = complex_step_gradients(layers(), to_host(net.theta), x, gy)
    assert_near(to_host(net.grad), by_theta, 1e-13)
    assert_near(to_host(gx), by_x, 1e-13)


@pytest.mark.parametrize("case", ["mnist max-norm k = 2", "mnist adam authors2014", "ring"])
def test_the_same_bits_again_and_after_a_resume(case, cupy):
    straight, first, second = trained(case, cupy), trained(case, cupy, 8), trained(case, cupy, 3)
    second.restore(copied(first.state()))
    for _ in range(12):
        second.advance()
    assert_same(straight.state(), second.state())


@pytest.mark.parametrize("case", ["mnist momentum", "mnist adam authors2014", "ring k = 2"])
def test_a_step_never_waits(case, cupy):
    """By CuPy's own detector of synchronisations, which is on its way out and may miss some."""
    cupyx = pytest.importorskip("cupyx")
    if not hasattr(cupyx, "allow_synchronize"):
        pytest.skip("this CuPy can't tell")
    it = trained(case, cupy, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with cupyx.allow_synchronize(False):
            it.advance()


@pytest.fixture
def graphs(cupy):
    pytest.importorskip("nvmath", reason="install numpygan[graphs]")
    return with_graphs(cupy)


@pytest.mark.parametrize("case", ["mnist momentum", "mnist leaky, tanh", "ring k = 2"])
def test_graphs_compute_the_same(case, cupy, graphs):
    called, once, resumed = (
        trained(case, cupy, dtype="float64"),
        trained(case, graphs, dtype="float64"),
        trained(case, graphs, 3, dtype="float64"),
    )
    assert once.game.pass_g.graphs  # premise: something was recorded
    for net in ("G", "D"):
        expected = to_host(getattr(called, net).theta)
        assert_near(to_host(getattr(once, net).theta), expected, TOLERANCE["float64"])
    resumed.restore(copied(trained(case, graphs, 8, dtype="float64").state()))
    for _ in range(12):
        resumed.advance()
    assert_same(once.state(), resumed.state())


@pytest.mark.parametrize("what", ["waits", "multiplies"])
def test_what_cannot_be_recorded_is_told(what, graphs):
    class Own(ng.Layer):
        def forward(self, x, t):
            self.xp.multiply(x, 2, out=t.y)
            float(x[0, 0]) if what == "waits" else x @ x.T

    net = ng.MLP([ng.Affine(2, 2), Own()], xp=graphs)
    tape = net.tape(3)
    net.forward(tape.x, tape)
    with pytest.raises(NumpyganError, match=r"Own\(\): forward raises .* not with @"):
        net.forward(tape.x, tape)


@pytest.mark.parametrize("case", ["mnist momentum", "ring"])
def test_samples(case, cupy):
    here, there = (
        sample(trained(case, xp, 5, dtype="float64").G, "uniform", 260, Stream(3))
        for xp in (numpy, cupy)
    )
    assert isinstance(there, numpy.ndarray)
    assert_near(there, here, TOLERANCE["float64"])


def test_divergence_is_named(cupy):
    it = trained("mnist momentum", cupy, 1)
    it.D.layers[1].W[0, 0] = numpy.nan
    with pytest.raises(Diverged, match="W of D's layer 1, Affine"):
        it.check_parameters()


def test_a_mixture_is_refused(cupy):
    net = ng.MLP([ng.Affine(2, 2)], xp=cupy)
    with pytest.raises(NumpyganError, match="x: expected an array of cupy, got numpy.ndarray"):
        net.forward(numpy.ones((3, 2), "float32"), net.tape(3))
