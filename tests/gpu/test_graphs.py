"""CUDA graphs on the strict double: what is recorded, and that a replay computes the same.

The products go to the BLAS of SciPy, with the arguments that cuBLAS would get. What this does not
show: that CUDA records what CuPy and cuBLAS do here.
"""

import sys
from collections import Counter

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import to_host
from numpygan.errors import NumpyganError
from numpygan.nn.graphs import GraphModule, with_graphs
from tests.gpu.test_double import CASES, advance, assert_same, training
from tests.helpers import fake_nvmath
from tests.helpers.double import DeviceArray, Refused, counts, device, kernels
from tests.helpers.double_cuda import Stream
from tests.helpers.numeric import assert_near

PASSES = {"": 7, "k = 2": 10, "authors2014": 5}  # of networks in an iteration


@pytest.fixture(autouse=True)
def nvmath(monkeypatch):
    fake_nvmath.install(monkeypatch)


class Eager(GraphModule):
    """The same products, but nothing is recorded."""

    def replay(self, kept, key, function):
        function()


@pytest.mark.parametrize("case", [case for case in CASES if "draws" not in case])
def test_what_is_replayed_has_the_bits_of_what_is_called(case):
    called, replayed = training(case, Eager(device)), training(case, GraphModule(device))
    before = to_host(called.G.theta).tobytes()
    advance(called, 20)
    advance(replayed, 20)
    assert before != to_host(called.G.theta).tobytes()
    assert_same(called.state(), replayed.state())


def test_and_the_numbers_of_numpy():
    for_numpy = training("mnist momentum", numpy, dtype="float64")
    replayed = training("mnist momentum", GraphModule(device), dtype="float64")
    advance(for_numpy, 12)
    advance(replayed, 12)
    assert_near(to_host(replayed.G.theta), for_numpy.G.theta, 1e-12)


@pytest.mark.parametrize("game", PASSES)
def test_from_the_third_iteration_on_no_layer_is_called(game, monkeypatch):
    it, called = training(f"mnist momentum {game}".strip(), GraphModule(device)), Counter()
    for name in ("forward", "backward", "backward_params"):
        as_it_is = getattr(ng.Affine, name)

        def watched(layer, a, t, name=name, as_it_is=as_it_is):
            called[name] += 1
            return as_it_is(layer, a, t)

        monkeypatch.setattr(ng.Affine, name, watched)
    # Two calls of each pass are in two iterations, or in one if k is 2.
    advance(it, 2)
    assert called["forward"] and called["backward"] and called["backward_params"]
    called.clear()
    launches, fused = counts["launch"], kernels.copy()
    advance(it, 3)
    assert not called
    assert counts["launch"] - launches == 3 * PASSES[game]
    assert not any(name in kernels - fused for name in ("ReLU_forward", "first_largest"))


def matrices(dtype):
    """Pairs (a, b) of NumPy arrays as layers multiply them, and with one row or column."""
    draw = numpy.random.default_rng(0)

    def random(*shape):
        real, imaginary = draw.standard_normal((2, *shape))
        return (real + 1j * imaginary if dtype == "complex128" else real).astype(dtype)

    for m, k, n in ((3, 4, 5), (1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 1), (2, 1, 1), (1, 3, 1)):
        yield random(m, k), random(k, n)
        yield random(m, k), random(n, k).T
        yield random(k, m).T, random(k, n)
        yield random(k, m).T, random(n, k).T
        yield random(m + 2, k)[1:-1], random(k, n)  # rows of a tape


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_products(dtype):
    xp = GraphModule(device)
    for a, b in matrices(dtype):
        whole = numpy.full((len(a) + 2, b.shape[1]), 7, dtype)
        # Not asarray, which would copy and lay a transposed array out anew
        xp.matmul(DeviceArray(a), DeviceArray(b), out=DeviceArray(whole)[1:-1])
        assert_near(whole[1:-1], a @ b, 1e-6 if dtype == "float32" else 1e-14)
        assert (whole[[0, -1]] == 7).all()


def test_products_between_passes():
    """cuBLAS is told the stream again when it changes."""
    xp = GraphModule(device)
    net = ng.MLP([ng.Affine(2, 2)], xp=xp)
    tape, a = net.tape(3), device.asarray(numpy.ones((2, 2), "float32"))
    for _ in range(3):
        xp.matmul(a, a, out=device.zeros((2, 2), "float32"))
        net.forward(tape.x, tape)


def test_a_product_of_scattered_entries_is_refused():
    scattered = DeviceArray(numpy.ones((6, 8))[::2, ::2])
    with pytest.raises(NumpyganError, match=r"strides \(128, 16\) bytes; expected its rows or"):
        GraphModule(device).matmul(scattered, DeviceArray(numpy.ones((4, 3))), scattered)


def test_without_nvmath(monkeypatch):
    monkeypatch.setitem(sys.modules, "nvmath.bindings", None)
    with pytest.raises(NumpyganError, match="launches 'graph': nvmath-python is not installed; "):
        GraphModule(device)


def test_one_module_serves_all_runs_of_a_process():
    assert with_graphs(device) is with_graphs(device)


def test_an_error_while_recording_is_told_and_the_next_pass_works():
    class Fails(ng.Layer):
        fails = False

        def forward(self, x, t):
            self.xp.multiply(x, 2, out=t.y)
            if self.fails:
                float(x[0, 0])

        def backward(self, gy, t):
            self.xp.multiply(gy, 2, out=t.gx)

    layer = Fails()
    net = ng.MLP([ng.Affine(2, 2), layer], xp=GraphModule(device))
    tape = net.tape(3)
    net.forward(tape.x, tape)
    layer.fails = True
    with pytest.raises(NumpyganError, match="__float__ while a graph is recorded"):
        net.forward(tape.x, tape)
    layer.fails = False
    for _ in range(3):
        net.theta = device.asarray(numpy.ones(6, "float32"))
        assert (to_host(net.forward(tape.x, tape)) == 2).all()


def test_masks_and_inputs_are_read_anew():
    net = ng.MLP([ng.Affine(1, 50), ng.Dropout(0.5)], "float64", GraphModule(device))
    net.theta = device.asarray(numpy.r_[numpy.ones(50), numpy.zeros(50)])
    tape, stream, seen = net.tape(1), ng.Stream(0), set()
    for value in (1.0, 2.0, 3.0, 4.0):
        net.draw_masks(tape, stream)
        y = to_host(net.forward(device.asarray(numpy.full((1, 1), value)), tape))
        assert set(y[0]) == {0, 2 * value}
        seen.add((y > 0).tobytes())
    assert len(seen) == 4


# The double: what it refuses of streams and graphs


def recorded(work):
    """`work` recorded as a graph, with memory of its own."""
    stream = Stream(non_blocking=True)
    stream.wait_event(device.cuda.get_current_stream().record())
    with stream, device.cuda.using_allocator(device.cuda.MemoryPool().malloc):
        stream.begin_capture()
        try:
            work()
        finally:
            graph = stream.end_capture()
    device.cuda.get_current_stream().wait_event(stream.record())
    return graph


def test_a_graph_computes_when_it_is_launched():
    a, b = (device.zeros((2, 2)) for _ in range(2))

    def work():
        a.__iadd__(1)
        b[...] = a * 10 + 1

    graph = recorded(work)
    assert not a.get().any() and not b.get().any()
    graph.launch()
    graph.launch()
    assert (a.get() == 2).all() and (b.get() == 21).all()


@pytest.mark.parametrize(
    "work",
    [
        lambda a: a.get(),
        lambda a: float(a[0, 0]),
        lambda a: a.set(numpy.ones((2, 2))),
        lambda a: device.asarray(numpy.ones(2)),
    ],
    ids=["get", "float", "set", "asarray"],
)
def test_waiting_and_copies_from_the_host_are_not_recorded(work):
    a = device.zeros((2, 2))
    with pytest.raises(Refused, match="while a graph is recorded"):
        recorded(lambda: work(a))


def test_a_graph_needs_memory_of_its_own():
    stream, a = Stream(non_blocking=True), device.zeros((2, 2))
    stream.wait_event(device.cuda.get_current_stream().record())
    with stream:
        stream.begin_capture()
        with pytest.raises(Refused, match="memory of the general pool in a graph"):
            a + 1
        stream.end_capture()
    device.cuda.get_current_stream().wait_event(stream.record())


def test_the_default_stream_does_not_record():
    with pytest.raises(Refused, match="default stream"):
        device.cuda.get_current_stream().begin_capture()


def test_a_stream_must_wait_for_the_other():
    a, stream = device.zeros((2, 2)), Stream(non_blocking=True)
    with stream, pytest.raises(Refused, match="has not waited"):
        a += 1
