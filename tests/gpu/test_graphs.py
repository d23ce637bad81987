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
from tests.helpers.double_cuda import NotRecorded, Stream
from tests.helpers.numeric import assert_near

PASSES = {"": 7, "k = 2": 10, "authors2014": 5}  # of networks in an iteration


@pytest.fixture(autouse=True)
def nvmath(monkeypatch):
    fake_nvmath.install(monkeypatch)


@pytest.mark.parametrize("case", [case for case in CASES if "draws" not in case])
def test_what_is_replayed_has_the_bits_of_what_is_called(case):
    called, replayed = (
        training(case, GraphModule(device, records=False)),
        training(case, GraphModule(device)),
    )
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


def on_device(*shape, dtype="float32"):
    return device.zeros(shape, dtype)


WRONG = {
    "sizes that do not fit": ((2, 3), (4, 5), (2, 5), r"got \(2, 3\), \(4, 5\), \(2, 5\)"),
    "an out that is too wide": ((2, 3), (3, 4), (2, 5), r"got \(2, 3\), \(3, 4\), \(2, 5\)"),
    "a vector": ((2, 3), (3,), (2,), r"got \(2, 3\), \(3,\), \(2,\)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_shapes_that_do_not_fit_are_refused(what):
    *shapes, told = WRONG[what]
    a, b, out = (on_device(*shape) for shape in shapes)
    with pytest.raises(NumpyganError, match=told):
        GraphModule(device).matmul(a, b, out=out)


def test_other_products_that_cublas_cannot_write_are_refused():
    xp, square = GraphModule(device), on_device(4, 4)
    scattered = on_device(8, 8)[::2, ::2]
    with pytest.raises(NumpyganError, match="float32 and float64"):
        xp.matmul(square, square, out=on_device(4, 4, dtype="float64"))
    with pytest.raises(NumpyganError, match="int64, int64 and int64"):
        xp.matmul(*[on_device(4, 4, dtype="int64")] * 2, out=on_device(4, 4, dtype="int64"))
    for a, out in ((scattered, square), (square, scattered), (square, on_device(4, 4).T)):
        with pytest.raises(NumpyganError, match="for out whose rows are, got strides of"):
            xp.matmul(a, square, out=out)


@pytest.mark.parametrize("trouble", ["no package", "no library"])
def test_without_nvmath(trouble, monkeypatch):
    def create():
        raise RuntimeError("libcublas.so.12: not found")

    monkeypatch.setattr(fake_nvmath, "create", create)
    if trouble == "no package":
        monkeypatch.setitem(sys.modules, "nvmath.bindings", None)
    with pytest.raises(NumpyganError, match="launches 'graph': nvmath-python or its cuBLAS is not"):
        GraphModule(device)


def test_one_module_serves_all_runs_of_a_process():
    assert with_graphs(device) is with_graphs(device)


class Own(ng.Layer):
    """y = 2x, after `does(layer, t)`."""

    does = staticmethod(lambda layer, t: None)

    def forward(self, x, t):
        self.does(self, t)
        self.xp.multiply(x, 2, out=t.y)

    def backward(self, gy, t):
        self.xp.multiply(gy, 2, out=t.gx)


def fails(layer, t):
    layer.xp.multiply(t.x, 3, out=t.y)
    raise ValueError("no")


DOES = {
    "waits": (lambda layer, t: float(t.x[0, 0]), "NotRecorded: __float__ while a graph is"),
    "multiplies": (lambda layer, t: t.x @ t.x.T, "NotRecorded: CuPy's matmul while a graph is"),
    "dot": (lambda layer, t: layer.xp.dot(t.x, t.x.T), "NotRecorded: CuPy's dot while a graph is"),
    "fails": (fails, "ValueError: no"),
}


@pytest.mark.parametrize(("what", "passes"), [("fails", 0), *((what, 1) for what in DOES)])
def test_an_error_in_a_layer_is_told_and_the_next_pass_works(what, passes):
    """In the first pass, which is not recorded, or in the second one, which is."""
    does, told = DOES[what]
    layer = Own()
    net = ng.MLP([ng.Affine(2, 2), layer], xp=GraphModule(device))
    tape = net.tape(3)
    for _ in range(passes):
        net.forward(tape.x, tape)
    layer.does = does
    with pytest.raises(NumpyganError, match=rf"^Own\(\): forward raises {told}") as error:
        net.forward(tape.x, tape)
    assert "self.xp.matmul(a, b, out=…), not with @" in str(error.value)
    layer.does = Own.does
    for _ in range(3):
        net.theta = device.asarray(numpy.ones(6, "float32"))
        assert (to_host(net.forward(tape.x, tape)) == 2).all()


def test_a_profile_has_the_same_products_but_nothing_is_recorded():
    launches = counts["launch"]
    profiled = training("mnist momentum", with_graphs(device, records=False))
    replayed = training("mnist momentum", GraphModule(device))
    advance(profiled, 5)
    assert counts["launch"] == launches
    advance(replayed, 5)
    assert_same(profiled.state(), replayed.state())


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
            try:
                graph = stream.end_capture()
            except NotRecorded:
                graph = None
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
        lambda a: a @ a,
        lambda a: device.matmul(a, a, out=a),
        lambda a: device.dot(a, a),
        lambda a: device.einsum("ij,ij->j", a, a),
    ],
    ids=["get", "float", "set", "asarray", "@", "matmul", "dot", "einsum"],
)
def test_waiting_copies_from_the_host_and_products_are_not_recorded(work):
    a = device.zeros((2, 2))
    with pytest.raises(NotRecorded, match="while a graph is recorded"):
        recorded(lambda: work(a))


def test_a_graph_needs_memory_of_its_own():
    stream, a = Stream(non_blocking=True), device.zeros((2, 2))
    stream.wait_event(device.cuda.get_current_stream().record())
    with stream:
        stream.begin_capture()
        with pytest.raises(NotRecorded, match="memory of the general pool"):
            a + 1
        with pytest.raises(NotRecorded, match="the graph is not valid"):
            stream.end_capture()
    device.cuda.get_current_stream().wait_event(stream.record())


def test_the_default_stream_does_not_record():
    with pytest.raises(Refused, match="default stream"):
        device.cuda.get_current_stream().begin_capture()


def test_a_stream_must_wait_for_the_other():
    a, stream = device.zeros((2, 2)), Stream(non_blocking=True)
    with stream, pytest.raises(Refused, match="has not waited"):
        a += 1
