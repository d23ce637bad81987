"""Every call that training makes of `xp` and of its arrays, bound against the signatures of the
installed CuPy. No GPU needed.

Twice: the calls as they are made while the double of tests/helpers/double.py is trained, with all
their arguments, and the calls as they stand in the source, with their number of arguments and
keywords, those of branches that no training takes included.

What this proves: the functions, methods and attributes exist in CuPy and take these arguments by
these names. What it doesn't: that CuPy's kernels exist for these dtypes, or compute the same.
`matmul`, `einsum` and `fuse` take any number of positional arguments, so of `matmul` only the
keywords are checked and of the others nothing but the name.
"""

import ast
import inspect
import re
import warnings
from functools import cache
from pathlib import Path

import pytest

import numpygan
from numpygan import arrays
from numpygan.gan import objective, sampling
from tests.gpu.test_double import copied, training
from tests.helpers import fake_nvmath
from tests.helpers.double import Device, DeviceArray, device

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import cupy
except ImportError:
    pytest.skip("install numpygan[gpu]", allow_module_level=True)

PACKAGE = Path(numpygan.__file__).parent
SOURCES = sorted(
    path
    for name in (
        "nn/*.py",
        "gan/*.py",
        "arrays.py",
        "counter_stream.py",
        "data/sources.py",
        "runs/trainer.py",
        "runs/loop.py",
        "runs/records.py",
    )
    for path in PACKAGE.glob(name)
)
NOT_FUNCTIONS = {"ndarray", "__name__"}  # what else is used of `xp`
RUN = [
    "mnist max-norm k = 2",
    "mnist adam authors2014",
    "mnist leaky, tanh",
    "mnist linear, Gaussian, float64",
    "ring",
    "mnist momentum maximum likelihood",
    "mnist averaged",
    "mnist draws on the device, Gaussian",
]


@cache
def signature(name, of=cupy):
    """The signature of a CuPy function or array method; of ufuncs and compiled methods from the
    first line of its docstring.
    """
    function = getattr(of, name)
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        line = function.__doc__.splitlines()[0].replace("\\*", "*")
    arguments = re.fullmatch(r"[\w.]+\((.*)\)( -> .*)?", line)
    assert arguments, f"cupy: no signature to be had of {name}: {line}"
    made = {}
    exec(f"def f({arguments[1]}): pass", made)
    return inspect.signature(made["f"])


class Recorder:
    """The device double as an `xp` whose calls are bound against CuPy's signatures first."""

    def __init__(self):
        self.called, self.missing = set(), set()

    def __getattr__(self, name):
        if not hasattr(cupy, name):
            if name != "replay":  # an MLP asks whether xp is a GraphModule
                self.missing.add(name)
            raise AttributeError(f"CuPy has no {name}")
        self.called.add(name)
        function = getattr(device, name)
        return function if name in NOT_FUNCTIONS else bound(name, function, signature(name))


def bound(name, function, its_signature):
    def call(*args, **kwargs):
        try:
            its_signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}{its_signature}: {error}") from None
        return function(*args, **kwargs)

    return call


@pytest.fixture
def recorded(monkeypatch):
    """What training and sampling on the double used: (the recorder of `xp`, the names of methods
    and attributes of arrays).
    """
    used = set()

    def recording(name, member):
        if isinstance(member, property):
            return property(lambda self: used.add(name) or member.fget(self))
        call = bound(f"ndarray.{name}", member, signature(name, cupy.ndarray))
        return lambda *args, **kwargs: used.add(name) or call(*args, **kwargs)

    for name, member in list(vars(DeviceArray).items()):
        if not name.startswith("_"):
            monkeypatch.setattr(DeviceArray, name, recording(name, member))
    xp = Recorder()
    arrays.real_part(xp, xp.zeros(2, "complex128"))  # training has no complex arrays
    for case in RUN:
        it = training(case, xp)
        for _ in range(2):
            it.advance()
        value = objective.g_loss(it.recipe.loss).value
        value(xp, it.game.pass_dg.y)  # training needs its slope alone
        it.check_finite()
        it.check_parameters()
        it.means(restart=True)
        it.restore(copied(it.state()))
        it.advance()
        sampling.sample(it.G.copy(), it.recipe.noise, 3, it.streams["sample"])
        ends = xp.zeros((2, 3, it.G.n_in), it.G.dtype)
        assert sampling.interpolate(it.G, ends, 4).shape == (3, 4, it.G.n_out)
    return xp, used


def test_every_call_of_a_training_binds(recorded):
    xp, used = recorded
    assert not xp.missing
    assert {
        "matmul",
        "einsum",
        "where",
        "take",
        "dot",
        "minimum",
        "concatenate",
        "zeros",
        "asarray",
        "tanh",
        "sqrt",
    } <= xp.called
    assert {"reshape", "sum", "mean", "all", "get", "set", "shape", "dtype", "real", "T"} <= used
    # Nothing stands in the source that wasn't called, so what is bound above is all there is.
    assert {name for _, name, _ in calls_in_source()} == xp.called - NOT_FUNCTIONS


def test_staging_through_pinned_memory_binds(monkeypatch):
    """Ranks that share a minibatch get the gradient into memory that `xp.cuda` has allocated, and
    set it back.
    """
    for name in ("get", "set"):
        monkeypatch.setattr(
            DeviceArray,
            name,
            bound(f"ndarray.{name}", getattr(DeviceArray, name), signature(name, cupy.ndarray)),
        )
    gradient = device.zeros((3,))
    with arrays.staged(gradient, device, {}) as host:
        host += 2
    assert (gradient.get() == 2).all()
    assert cupy.cuda.alloc_pinned_memory.__doc__.startswith("alloc_pinned_memory(size_t size)")
    assert callable(cupy.cuda.get_current_stream) and callable(cupy.cuda.Stream.synchronize)
    assert callable(cupy.cuda.Device.use) and callable(cupy.cuda.runtime.getDeviceCount)


def test_recording_binds():
    """The calls of nn/graphs.py that are not of `xp`, by the first lines of CuPy's docstrings."""
    stream, memory = cupy.cuda.Stream, cupy.cuda.MemoryPool
    for method, call in (
        (stream.begin_capture, "begin_capture(self, mode=None)"),
        (stream.end_capture, "end_capture(self)"),
        (stream.wait_event, "wait_event(self, event)"),
        (stream.record, "record(self, event=None)"),
        (memory.malloc, "malloc(self, size_t size)"),
        (cupy.cuda.Graph.launch, "launch(self, stream=None)"),
    ):
        assert call in method.__doc__.splitlines()[0]
    assert "non_blocking" in stream.__doc__
    assert list(inspect.signature(cupy.cuda.using_allocator).parameters) == ["allocator"]


def test_products_that_are_recorded_bind():
    """The fake has the parameters of nvmath-python, in its order."""
    cublas = pytest.importorskip("nvmath.bindings.cublas", reason="install numpygan[graphs]")
    for name in ("create", "set_stream", "set_workspace", "sgemm", "dgemm", "zgemm"):
        line = getattr(cublas, name).__doc__.splitlines()[0]
        found = re.findall(r"(\w+)[,)]", line.split(" -> ")[0])
        assert found == list(inspect.signature(getattr(fake_nvmath, name)).parameters), line
    assert cublas.Operation.N == 0 and cublas.Operation.T == 1


def calls_in_source():
    """Every `xp.name(…)` in the source: (where, name, the call)."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _of_xp(node.func):
                yield f"{path.name}:{node.lineno}", node.func.attr, node


def _of_xp(node):
    """Whether it is an attribute of the array module: xp.…, self.xp.…, net.xp.…, self._xp.…"""
    if not isinstance(node, ast.Attribute):
        return False
    module = node.value
    return getattr(module, "id", None) == "xp" or getattr(module, "attr", None) in ("xp", "_xp")


def test_every_call_in_the_source_binds():
    wrong, count = [], 0
    for where, name, call in calls_in_source():
        count += 1
        if not hasattr(cupy, name):
            wrong.append(f"{where}: CuPy has no {name}")
            continue
        assert not any(isinstance(a, ast.Starred) for a in call.args), f"{where}: can't be read"
        assert all(keyword.arg for keyword in call.keywords), f"{where}: can't be read"
        try:
            signature(name).bind(
                *call.args, **{keyword.arg: keyword.value for keyword in call.keywords}
            )
        except TypeError as error:
            wrong.append(f"{where}: {name}{signature(name)}: {error}")
    assert not wrong, "\n".join(wrong)
    assert count > 50


def test_every_name_in_the_source_exists():
    """Attributes that aren't called at once included."""
    names = {n.attr for path in SOURCES for n in ast.walk(ast.parse(path.read_text())) if _of_xp(n)}
    assert names >= NOT_FUNCTIONS
    assert [name for name in sorted(names) if not hasattr(cupy, name)] == []


def test_the_double_has_nothing_that_cupy_lacks():
    functions = [name for name in vars(Device) if not name.startswith("_")]
    assert [name for name in functions if not hasattr(cupy, name)] == []
    own = {"__array__", "__slots__", "__module__", "__doc__", "_memory"}
    assert [
        name for name in vars(DeviceArray) if name not in own and not hasattr(cupy.ndarray, name)
    ] == []
    for name in functions:
        if (
            name != "ndarray"
            and name not in ("matmul", "einsum", "fuse")
            and inspect.isfunction(vars(Device)[name])
        ):
            mine = list(inspect.signature(getattr(device, name)).parameters)
            assert set(mine) <= set(signature(name).parameters), name


@pytest.mark.parametrize(
    "call",
    [
        lambda xp, a: xp.take(a, a, axis=0, mode="clip"),
        lambda xp, a: xp.add(a, 1, where=a),
        lambda xp, a: xp.sum(a, initial=0),
        lambda xp, a: xp.where(a, a, 0, out=a),
        lambda xp, a: xp.errstate(all="ignore"),
        lambda xp, a: xp.exp(a, a, a),
        lambda xp, a: xp.zeros(),
        lambda xp, a: xp.matmul(a, a, where=a),
        lambda xp, a: xp.multiply(a),
    ],
    ids=["mode", "where", "initial", "out", "errstate", "arity", "no shape", "matmul", "operands"],
)
def test_a_call_that_cupy_lacks_is_found(call):
    with pytest.raises(
        (TypeError, AttributeError), match="CuPy has no errstate|signature|argument"
    ):
        call(Recorder(), device.zeros(3))
