"""The whole training on a strict double of a GPU (tests/helpers/double.py): no conversion, no
mixture, no waiting, and NumPy's bits.

What this shows: the mathematics, the training loop, checkpoints and sampling use nothing of `xp`
and of its arrays but what the double has, keep host and device apart, never wait for the device
within `Training.advance`, and rely on nothing that isn't written. What it doesn't: that CuPy
computes the same numbers (test_gpu.py), or has the names (test_cupy_signatures.py).
"""

from collections import Counter
from functools import cache

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream, to_host
from numpygan.data import dataset as datasets
from numpygan.data.sources import Mixture
from numpygan.errors import Diverged
from numpygan.figures import pictures
from numpygan.gan.sampling import sample
from numpygan.metrics import parzen
from numpygan.nn import optimizers as sgd
from numpygan.ranks import ALONE
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change
from numpygan.requirements import require
from numpygan.runs import loop as training_loop
from numpygan.runs.directory import RunDirectory
from numpygan.runs.score_sums import AT_ONCE
from numpygan.runs.trainer import Training
from tests.helpers.cli import checkpoint, images, metrics
from tests.helpers.double import DeviceArray, Synchronised, counts, device, kernels, step

SMALL_MNIST = {
    "generator": "relu 24, relu 20, sigmoid",
    "discriminator": "maxout 12x5, maxout 10x3",
    "batch": 20,
    "noise_dim": 10,
    "momentum_epochs": 3,
    "learning_rate_decay": 1.01,
}
LIMITED = {"max_norm": 1.2}
ADAM = {
    "rule": "adam",
    "learning_rate_g": 1e-3,
    "learning_rate_d": 1e-3,
    "momentum": 0.5,
    "momentum_final": 0.5,
}
GAMES = {
    "": {},
    "k = 2": {"k": 2},
    "saturating, k = 5": {"k": 5, "loss": "saturating"},
    "maximum likelihood": {"loss": "maximum_likelihood"},
    "authors2014": {"algorithm": "authors2014", "loss": "non_saturating"},
}
OPTIMIZERS = {"momentum": {}, "max-norm": LIMITED, "adam": ADAM}
OTHERS = {
    "leaky, tanh": {
        "generator": "leaky 16, tanh 12, tanh",
        "bias": "zero",
        "discriminator": "leaky 9, sigmoid 8",
    },
    "linear, Gaussian, float64": {
        "generator": "relu 16, relu 12, linear",
        "bias": "zero",
        "noise": "gaussian",
        "dtype": "float64",
    },
    "no dropout": {"keep": "1, 1, 1"},
    "adam and max-norm": ADAM | LIMITED,
    "averaged": {"average": 0.9},
    "draws on the device": {"draws": "device"},
    "draws on the device, Gaussian": {"draws": "device", "noise": "gaussian", "k": 2},
}
CASES = {
    f"mnist {rule} {game}".strip(): ("mnist-authors", OPTIMIZERS[rule] | GAMES[game])
    for rule in OPTIMIZERS
    for game in GAMES
}
CASES |= {f"mnist {name}": ("mnist-authors", OTHERS[name]) for name in OTHERS}
CASES |= {
    "ring": ("ring", {}),
    "ring k = 2": ("ring", {"k": 2}),
    "ring authors2014": ("ring", GAMES["authors2014"]),
}
CASES |= {
    "ring momentum": (
        "ring",
        dict(rule="momentum", learning_rate_g=0.05, learning_rate_d=0.05, **LIMITED),
    )
}


@cache
def digits():
    """300 pictures of MNIST to train on."""
    whole = datasets.load("mnist")
    return datasets.Dataset(
        whole.train[:300], whole.validation[:100], whole.test[:100], whole.image_shape
    )


def training(case, xp, ranks=ALONE, **more):
    name, changes = CASES[case]
    if name == "ring":
        return Training(change(RECIPES["ring"], **changes | more), None, xp, ranks)
    return Training(change(RECIPES[name], **SMALL_MNIST | changes | more), digits(), xp, ranks)


def advance(it, iterations):
    """Iterations of which none may wait for the device; what crossed to it."""
    with step() as within:
        for _ in range(iterations):
            it.advance()
    return within


def assert_same(a, b):
    """Two states, bit for bit; `made` names the device."""
    assert a.keys() == b.keys()
    for name in a.keys() - {"made"}:
        x, y = numpy.asarray(a[name]), numpy.asarray(b[name])
        assert (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes()), name


def copied(state):
    return {name: numpy.array(value) for name, value in state.items()}


@pytest.fixture(autouse=True)
def several_pieces(monkeypatch):
    """So that a small θ is updated in several pieces, as a large one is."""
    monkeypatch.setattr(sgd, "PIECE", 4000)


@pytest.mark.parametrize("case", CASES)
def test_training_has_numpys_bits_and_never_waits(case):
    on_host, on_device = training(case, numpy), training(case, device)
    # More than an epoch of the 300 digits
    iterations = 10 if case.startswith("ring") else -(-20 // on_host.recipe.k)
    before = to_host(on_device.G.theta).tobytes()
    advance(on_host, iterations)
    advance(on_device, iterations)
    assert before != to_host(on_device.G.theta).tobytes()
    assert_same(on_host.state(), on_device.state())
    assert on_host.means().tobytes() == on_device.means().tobytes()
    on_device.check_finite()


@pytest.mark.parametrize(
    "case",
    ["mnist momentum", "mnist momentum k = 2", "mnist momentum authors2014", "ring", "ring k = 2"],
)
def test_what_crosses_to_the_device_in_an_iteration(case):
    """Noise, toy examples and dropout masks as they are drawn, the modes of a mixture, the order of
    an epoch; nothing else.
    """
    it = training(case, device)
    # Minibatches in an order of the 300 digits
    k, toy, batches = it.recipe.k, it.recipe.data == "ring", 15
    masks = sum(layer.random for layer in it.D.layers)
    g_step = 0 if it.recipe.algorithm == "authors2014" else 1 + masks
    drawn = k * (1 + toy + masks) + g_step
    for iteration in range(4 if toy else 17):
        orders = (
            k
            if toy
            else sum(batch % batches == 0 for batch in range(iteration * k, iteration * k + k))
        )
        assert advance(it, 1) == {"set": drawn} | ({"asarray": orders} if orders else {})


def test_with_draws_on_the_device_only_the_order_of_an_epoch_crosses():
    it = training("mnist draws on the device", device)
    for iteration in range(17):
        assert advance(it, 1) == ({"asarray": 1} if iteration % 15 == 0 else {})


MAXOUT = {"first_largest": 4, "ReLU_forward": 4, "Sigmoid_backward": 1}
KERNELS = {  # but for the σ of the slopes: two for D, one for G
    "mnist averaged": MAXOUT | {"sigmoid": 2, "momentum": 2, "average_update": 1},
    "mnist adam": MAXOUT | {"sigmoid": 2, "adam": 2},
    "mnist leaky, tanh": {
        "LeakyReLU_forward": 4,  # in G and in D
        "Tanh_backward": 2,
        "sigmoid": 2,
        "Sigmoid_backward": 2,
        "momentum": 2,
    },
    "ring": {"ReLU_forward": 4, "LeakyReLU_forward": 4, "adam": 2},
}


@pytest.mark.parametrize("case", KERNELS)
def test_what_is_one_kernel_in_an_iteration(case):
    """G makes two passes forward and one backward, D two and two.

    The scores of AT_ONCE iterations need one σ and a softplus.
    """
    it = training(case, device)
    saturating = it.recipe.loss == "saturating"
    slopes = {"one_minus_sigmoid": 2 - saturating, "sigmoid": 1 + saturating}
    before = kernels.copy()
    advance(it, AT_ONCE)
    expected = Counter(KERNELS[case]) + Counter(slopes)
    once = Counter({"sigmoid": 1, "softplus": 1})
    assert kernels - before == Counter({k: AT_ONCE * n for k, n in expected.items()}) + once


def test_a_layer_of_ones_own_may_extend_a_layer_that_is_one_kernel():
    class Measured(ng.ReLU):
        def memory(self, n_in):
            return super().memory(n_in) | {"largest": ((), "float")}

        def forward(self, x, t):
            super().forward(x, t)
            t.y.max(1, out=t.largest)

    net = ng.MLP([ng.Affine(1, 2), Measured()], xp=device)
    net.theta = device.asarray(numpy.array([1, -1, 0, 0], "float32"))
    tape, before = net.tape(3), kernels["ReLU_forward"]
    y = net.forward(device.asarray(numpy.array([[1], [2], [-3]], "float32")), tape)
    assert y.get().tolist() == [[1, 0], [2, 0], [0, 3]]
    assert tape.layers[1].largest.get().tolist() == [1, 2, 3]
    assert kernels["ReLU_forward"] == before + 1


@pytest.mark.parametrize(
    "case", ["mnist max-norm k = 2", "mnist adam authors2014", "ring", "ring momentum"]
)
@pytest.mark.parametrize("to", ["device", "numpy"])
def test_a_run_resumed_from_the_device_goes_on_with_the_same_bits(case, to):
    straight, first = training(case, numpy), training(case, device)
    advance(straight, 18)
    advance(first, 8)
    second = training(case, device if to == "device" else numpy)
    advance(second, 3)
    second.restore(copied(first.state()))
    advance(second, 10)
    assert_same(straight.state(), second.state())


@pytest.mark.parametrize("case", ["mnist momentum", "ring"])
def test_samples(case):
    drawn = []
    for xp in (numpy, device):
        it = training(case, xp)
        advance(it, 5)
        drawn.append(sample(it.G, it.recipe.noise, 260, Stream(3)))  # more than one pass of 250
    assert isinstance(drawn[1], numpy.ndarray) and drawn[0].tobytes() == drawn[1].tobytes()


@pytest.fixture
def play(tmp_path, monkeypatch):
    """A whole run by the real training loop, its `gpu` being the double: its folder."""
    monkeypatch.setattr(training_loop, "array_module", {"cpu": numpy, "gpu": device}.get)
    monkeypatch.setattr(parzen, "SAMPLES", 100)
    monkeypatch.setattr(pictures, "save_learning_curves", lambda path, rows: None)
    monkeypatch.setattr(
        pictures, "save_samples", lambda path, samples, *_: numpy.save(path, samples)
    )
    monkeypatch.setattr(Mixture, "size", 5 * 128)  # a short epoch
    numpy.save(tmp_path / "images.npy", images(rows=150))
    advance_as_it_is = Training.advance

    def watched(it):
        with step():
            advance_as_it_is(it)

    monkeypatch.setattr(Training, "advance", watched)

    def play(recipe, on, name, resume=False, **length):
        changes = {} if recipe == "ring" else SMALL_MNIST | {"data": str(tmp_path / "images.npy")}
        looks = []
        recipe, run = (
            change(RECIPES[recipe], **changes, **({"iterations": 0, "epochs": 4} | length)),
            RunDirectory(tmp_path / name),
        )
        training_loop.train(recipe, run, on, resume, progress=lambda *look: looks.append(look))
        assert looks
        return run.path

    return play


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["ring", "mnist"])
def test_the_complete_training_loop(recipe, play):
    """From the first samples to the last checkpoint, and with an interruption in the middle of an
    epoch.
    """
    whole, there = play(recipe, "cpu", "whole"), play(recipe, "gpu", "there")
    play(recipe, "gpu", "cut", iterations=8)
    cut = play(recipe, "gpu", "cut", resume=True)
    learned = [
        {n: a for n, a in checkpoint(f).items() if n not in ("seconds", "checksum")}
        for f in (whole, there, cut)
    ]
    assert int(learned[0]["iteration"]) == 20
    assert_same(learned[0], learned[1])
    assert_same(learned[0], learned[2])
    assert metrics(whole) == metrics(there)
    names = sorted(path.name for path in (whole / "samples").iterdir())
    assert len(names) == 5
    for name in names:
        assert (whole / "samples" / name).read_bytes() == (there / "samples" / name).read_bytes()


def test_divergence_on_the_device_is_named():
    it = training("mnist momentum", device)
    advance(it, 1)
    it.check_finite()
    it.D.layers[1].W[0, 0] = numpy.nan
    with pytest.raises(Diverged, match="W of D's layer 1, Affine"):
        it.check_parameters()
    advance(it, 1)
    with pytest.raises(Diverged, match="the output of D's layer 1, Affine"):
        it.check_finite()


def test_an_array_on_the_wrong_side_is_named():
    net, on_host = (ng.MLP([ng.Affine(2, 2)], xp=xp) for xp in (device, numpy))
    rows = numpy.ones((3, 2), "float32")
    for one, wrong in ((net, rows), (on_host, device.asarray(rows))):
        with pytest.raises(
            ng.NumpyganError, match=r"^Affine\(2, 2\): x: expected an array of .* got "
        ):
            one.forward(wrong, one.tape(3))
        with pytest.raises(ng.NumpyganError, match="^MLP: theta: expected an array of"):
            one.theta = to_host(net.theta) if one is net else net.theta
    with pytest.raises(
        ng.NumpyganError, match="^noise: expected an array of device, got numpy.ndarray"
    ):
        require(device, noise=rows)


HOST = numpy.ones((2, 3))
A = device.asarray(HOST)
REFUSED = {
    "numpy.asarray": lambda: numpy.asarray(A),
    "numpy.array of a list": lambda: numpy.array([A, A]),
    "a NumPy ufunc": lambda: numpy.add(A, 1),
    "a NumPy ufunc into it": lambda: numpy.add(HOST, 1, out=A),
    "a NumPy function": lambda: numpy.sum(A),
    "numpy.shape": lambda: numpy.shape(A),
    "assignment to a host array": lambda: HOST.copy().__setitem__(..., A),
    "host + device": lambda: HOST + A,
    "device + host": lambda: A + HOST,
    "host += device": lambda: HOST.copy().__iadd__(A),
    "device *= host": lambda: A.copy().__imul__(HOST),
    "host < device": lambda: HOST < A,
    "host @ device": lambda: HOST @ A.T,
    "device + list": lambda: A + [1, 2, 3],
    "a host operand": lambda: device.multiply(A, HOST),
    "a host 0-d array": lambda: device.multiply(A, numpy.array(2.0)),
    "host operands alone": lambda: device.exp(HOST),
    "a host out": lambda: device.exp(A, out=HOST),
    "a host condition": lambda: device.where(HOST > 0, A, 0),
    "a host value": lambda: A.copy().__setitem__(..., HOST),
    "a host index": lambda: A[numpy.array([0, 1])],
    "a list as an index": lambda: A[[0, 1]],
    "a device number as a host index": lambda: [1, 2][A[0, 0].astype(int)],
    "writing by an index array": lambda: A.copy().__setitem__(device.asarray([0, 0]), 1),
    "where= on a ufunc": lambda: device.add(A, 1, where=True),
    "where= on sum": lambda: device.sum(A, where=True),
    "initial= on sum": lambda: A.sum(initial=0),
    "initial= on max": lambda: device.max(A, initial=0),
    "out= on where": lambda: device.where(A > 0, A, 0, out=A),
    "mode= on take": lambda: device.take(A, A, mode="clip"),
    "out half overlapping an operand": lambda: device.add(A[:, 1:], 1, out=A[:, :-1]),
    "set from the device": lambda: A.copy().set(A),
    "set of another dtype": lambda: A.copy().set(HOST.astype("float32")),
    "set of another shape": lambda: A.copy().set(HOST[:1]),
    "set of a view with gaps": lambda: A.copy()[:, :2].set(HOST[:, :2].copy()),
    "a complex value into a real array": lambda: A.copy().__setitem__(..., A * 1j),
    "objects": lambda: device.asarray(["a"]),
    "fused, a reduction": lambda: within(lambda a, b, n: a.sum()),
    "fused, a reduction by the module": lambda: within(lambda a, b, n: device.sum(a)),
    "fused, a product": lambda: within(lambda a, b, n: device.matmul(a, b)),
    "fused, an index": lambda: within(lambda a, b, n: a[0]),
    "fused, an index of what was made": lambda: within(lambda a, b, n: (a + b)[0]),
    "fused, a part that is set": lambda: within(lambda a, b, n: a.__setitem__(0, 1)),
    "fused, a plain number that is set": lambda: within(lambda a, b, n: a.__setitem__(..., n)),
    "fused, a shape": lambda: within(lambda a, b, n: a * a.shape[0]),
    "fused, a length": lambda: within(lambda a, b, n: a * len(a)),
    "fused, memory": lambda: within(lambda a, b, n: device.empty(3)),
    "fused, a sum of numbers": lambda: within(lambda a, b, n: a * (1 + n)),
    "fused, an argument returned": lambda: within(lambda a, b, n: a),
    "fused, a host array": lambda: device.fuse(kernel_name="f")(lambda a, b: a)(A, HOST),
    "fused, two shapes": lambda: device.fuse(kernel_name="f")(lambda a, b: a * b)(A, A[:1]),
    "fused, half overlapping arrays": lambda: device.fuse(kernel_name="f")(device.add)(
        A[:, 1:], A[:, :-1]
    ),
}


def within(function):
    """`function` fused, of two device arrays and a number."""
    return device.fuse(kernel_name="f")(function)(A.copy(), A, 2.0)


def test_a_fused_function_is_one_kernel():
    def f(a, b, n):
        a += b
        a *= n
        return device.where(device.real(a) > 9, -a, 0)

    a, before = A.copy(), kernels["f"]
    made = device.fuse(kernel_name="f")(f)(a, A, 5.0)
    assert (a.get() == 10).all() and (made.get() == -10).all()
    assert kernels["f"] == before + 1 and type(made) is DeviceArray


@pytest.mark.parametrize("what", REFUSED)
def test_the_double_refuses(what):
    with pytest.raises(TypeError):
        REFUSED[what]()


@pytest.mark.parametrize(
    "name", ["errstate", "seterr", "copyto", "heaviside", "float32", "linalg", "random"]
)
def test_the_double_has_no_other_names(name):
    with pytest.raises(AttributeError):
        getattr(device, name)


def test_nothing_leaks_the_memory():
    ways = [name for name in dir(numpy.ndarray) if name.startswith("__array_")] + [
        "__buffer__",
        "__dlpack__",
        "base",
    ]
    assert [name for name in ways if hasattr(A, name)] == [
        "__array__",
        "__array_function__",
        "__array_ufunc__",
    ]
    assert DeviceArray.__array_ufunc__ is None and not isinstance(A, numpy.ndarray)
    for array in (A, A.data):
        with pytest.raises(TypeError):
            memoryview(array)


@pytest.mark.parametrize(
    "wait",
    [
        lambda a: float(a[0, 0]),
        lambda a: int(a[0, 0]),
        lambda a: bool(a[0, 0]),
        lambda a: a[0, 0].item(),
        lambda a: a.get(),
        lambda a: list(a),
        lambda a: a[a > 0],
        lambda a: 1 if a[0, 0] else 0,
        lambda a: f"{a[0, 0]:g}",
        lambda a: max(a[0, 0], 1),
        lambda a: a in [a[:1] > 0, 0],
    ],
    ids=["float", "int", "bool", "item", "get", "list", "mask", "if", "format", "max", "in"],
)
def test_waiting_is_counted_and_forbidden_in_a_step(wait):
    a, before = device.asarray(HOST[:1]), counts["waits"]
    try:
        wait(a)
    except ValueError:
        pass  # the truth of several entries
    assert counts["waits"] > before
    with pytest.raises(Synchronised), step():
        wait(a)


def test_fresh_memory_is_rubbish():
    assert (
        numpy.isnan(device.empty((2, 2)).get()).all()
        and numpy.isnan(device.empty_like(A).get()).all()
    )
