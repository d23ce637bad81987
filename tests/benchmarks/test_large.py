"""The benchmarks: what they measure with, that the peers do numpygan's step, and step.py from its
arguments to its JSON.
"""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import mpi
import numpy
import ours
import pytest
import step
import time_to_quality
import timing
import worker
from ours import Floor

from numpygan.errors import NumpyganError
from numpygan.recipes.builtin import RECIPES
from numpygan.runs.directory import RunDirectory
from tests.helpers import double
from tests.helpers.cli import images

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

NARROW = {
    "generator": ["relu 24", "relu 16", "sigmoid"],
    "discriminator": ["maxout 12x5", "maxout 8x3"],
    "noise_dim": 10,
    "batch": 20,
    "scale_g": [0.3, 0.3, 0.3],
    "scale_d": [0.3, 0.3, 0.3],
}
# PyTorch's velocity has η outside, the paper's inside: the same as long as η is
LEVEL = {"learning_rate_decay": 1.0}
NARROW_TOY = {
    "generator": ["relu 16", "relu 16", "linear"],
    "discriminator": ["leaky 16", "leaky 16"],
    "batch": 20,
}


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when it is told to: call it with seconds."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_samples_alternate_in_rotating_order(clock):
    calls = []
    times = timing.alternate(
        {name: lambda name=name: calls.append(name) for name in "abc"}, rounds=4, seconds=0
    )
    assert "".join(calls[-12:]) == "abcbcacababc"
    assert {name: len(samples) for name, samples in times.items()} == {"a": 4, "b": 4, "c": 4}


def test_a_sample_lasts_long_enough_and_counts_one_call(clock):
    calls = {"fast": 0, "slow": 0}

    def candidate(name, seconds):
        def call():
            calls[name] += 1
            clock(seconds)

        return call

    times = timing.alternate(
        {"fast": candidate("fast", 0.03), "slow": candidate("slow", 0.5)}, rounds=2, seconds=0.2
    )
    assert times == {"fast": pytest.approx([0.03, 0.03]), "slow": pytest.approx([0.5, 0.5])}
    warm_up = calls["slow"] - 2
    assert calls["fast"] - warm_up == 2 * 7  # 7 · 0.03 ≥ 0.2


def test_the_ratio_is_of_medians_and_paired_by_round():
    ours = numpy.random.default_rng(0).lognormal(size=30)
    # Whatever a round was like, it was so for both
    assert timing.ratio(2 * ours, ours) == pytest.approx((2, 2, 2))
    assert timing.ratio([1, 3, 100], [1, 2, 1])[0] == 3


def test_the_interval_of_a_ratio():
    rng = numpy.random.default_rng(1)
    theirs, ours = 3 + 0.1 * rng.normal(size=200), 2 + 0.1 * rng.normal(size=200)
    ratio, low, high = timing.ratio(theirs, ours)
    assert low < ratio < high and low < 1.5 < high
    # the standard error of a median of n normals is σ √(π/2n)
    width = 2 * 1.96 * 1.5 * numpy.sqrt(numpy.pi / 400) * numpy.hypot(0.1 / 3, 0.1 / 2)
    assert high - low == pytest.approx(width, rel=0.4)
    assert timing.ratio(theirs, ours) == (ratio, low, high)
    for refused in ([1.0, 2.0], []):
        with pytest.raises(ValueError, match="rounds"):
            timing.ratio(refused, [1.0] if refused else [])


def test_a_table():
    *lines, blas = timing.table(
        ["", "ms"], [["numpygan", 12.345678], ["x", 7]], threads=3
    ).splitlines()
    assert lines == ["             ms", "---------------", "numpygan  12.35", "x             7"]
    assert blas.startswith("BLAS ") and ", kernel " in blas and blas.endswith(", threads: 3")


def test_the_kernel_and_the_threads_are_those_in_force():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads, "blas"):
            (kernel,) = {
                pool["architecture"]
                for pool in threadpoolctl.threadpool_info()
                if pool["user_api"] == "blas" and "numpy" in pool["filepath"]
            }
            assert timing.blas().endswith(f", kernel {kernel}, threads: {threads}")


def test_saved_with_the_machine(tmp_path):
    timing.save(tmp_path / "a.json", {"seconds": numpy.arange(2.0)})
    timing.save(None, {})
    read = json.loads((tmp_path / "a.json").read_text())
    assert read["seconds"] == [0, 1] and read["machine"]["packages"]["numpy"] == numpy.__version__
    assert read["machine"]["cores"] >= 1 and read["machine"]["blas"]["name"]


@pytest.mark.parametrize("script", [step.main, time_to_quality.main, mpi.main])
@pytest.mark.parametrize(
    "arguments", [["--rounds", "0"], ["--rounds", "1.5"], ["-o", "nowhere/a.json"]]
)
def test_arguments_refused(script, arguments, capsys):
    with pytest.raises(SystemExit) as refused:
        script(arguments)
    assert refused.value.code == 2 and arguments[0] in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("dtype=float23", "float32 or float64"),
        ("bacth=10", "did you mean 'batch'"),
        ("batch=10", "--batch"),
        ("k=2", "--k"),
        ("k", "FIELD=VALUE"),
    ],
)
def test_fields_refused(field, said, capsys):
    with pytest.raises(SystemExit) as refused:
        step.main(["--recipes", "ring", "--set", field])
    assert refused.value.code == 2 and said in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments", [["--ranks", "0"], ["--ranks", "101"], ["--width", "4"], ["--iterations", "0"]]
)
def test_ranks_refused(arguments, capsys):
    with pytest.raises(SystemExit) as refused:
        mpi.main(arguments)
    assert refused.value.code == 2 and arguments[0] in capsys.readouterr().err.splitlines()[-1]


def test_more_threads_than_processors_are_refused(capsys):
    with pytest.raises(SystemExit) as refused:
        step.main(["--threads", "100000"])
    assert refused.value.code == 2 and "100000" in capsys.readouterr().err


def test_a_missing_extra_is_one_sentence(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError")
    environment = timing.environment() | {
        "PYTHONPATH": f"{tmp_path}:{timing.environment()['PYTHONPATH']}"
    }
    command = [sys.executable, BENCHMARKS / "step.py", "--candidates", "torch", "--recipes", "ring"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert (
        done.stderr
        == "step.py: torch is not installed; install it with `pip install 'numpygan[peers]'`.\n"
    )


def test_the_floor_is_the_products_of_an_iteration():
    data, recipe = SimpleNamespace(dim=784), RECIPES["mnist"]
    floor = Floor(recipe, data, 1)
    assert (
        len(floor.products) == 25
        and len(Floor(worker.recipe({"recipe": "mnist", "set": {"k": 3}}), data, 1).products) == 47
    )
    weights_g, weights_d = 100 * 1200 + 1200 * 1200 + 1200 * 784, 784 * 1200 + 240 * 1200 + 240
    inner_g, inner_d = weights_g - 100 * 1200, weights_d - 784 * 1200
    rows = (
        weights_g
        + 2 * (2 * weights_d + inner_d)
        + (weights_g + 2 * weights_d + weights_g + inner_g)
    )
    assert floor.flop() == 2 * 100 * rows
    floor.iterate(1)
    for a, b, out in floor.products:
        numpy.testing.assert_allclose(out[:2], a[:2] @ b, rtol=1e-4)


@pytest.fixture(params=["torch", "torch.compile", "jax.jit", "autograd", "mygrad", "thinc"])
def candidate(request, monkeypatch):
    """A peer; torch.compile uncompiled, which would take a minute: `step.py` compares the compiled
    gradients before it times them.
    """
    module = pytest.importorskip(step.CANDIDATES[request.param], reason="install numpygan[peers]")
    if request.param == "torch.compile":
        monkeypatch.setattr(module, "compile", lambda function, **_: function)
    if request.param == "jax.jit":
        # Compiling takes longer than the run
        module.config.update("jax_disable_most_optimizations", True)
    return request.param


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "images.npy"
    numpy.save(path, images(rows=210))
    return {"data": str(path)}


def order(candidate, recipe, changes, iterations=1):
    return {
        "candidate": candidate,
        "recipe": recipe,
        "set": changes,
        "threads": 1,
        "check": iterations,
    }


@pytest.mark.parametrize(
    "recipe, changes",
    [
        ("mnist", {"rule": "momentum"}),
        ("mnist-authors", {"k": 2, **LEVEL}),
        ("mnist", {}),
        ("ring", {"k": 2}),
        ("gauss1d", {}),
    ],
    ids=str,
)
def test_a_peer_moves_as_numpygan_does(candidate, recipe, changes, pictures):
    narrow = NARROW | pictures if recipe.startswith("mnist") else NARROW_TOY
    differences = worker.check(order(candidate, recipe, narrow | changes, iterations=3))[
        "differences"
    ]
    assert list(differences) == ["G", "D"] + ["average of G"] * (RECIPES[recipe].average > 0)
    assert max(differences.values()) <= step.TOLERANCE


@pytest.mark.parametrize("recipe, changes", [("mnist", {"average_every": 2}), ("ring", {"k": 2})])
def test_a_graph_is_given_the_draws_of_each_iteration(recipe, changes, pictures, monkeypatch):
    """On a CPU, where a graph is the step itself; a GPU's own recording is not run here."""
    pytest.importorskip("torch", reason="install numpygan[peers]")
    import pytorch

    replayed = []

    class Steps(pytorch.Graphed):
        def __init__(self, recipe, data, threads, device):
            pytorch.Eager.__init__(self, recipe, data, threads, device)

    def record(self, fixed, inputs):
        def replay():
            replayed.append(self)
            self.step(*fixed, *inputs)

        return SimpleNamespace(replay=replay)

    monkeypatch.setattr(pytorch.Replayed, "record", record)
    monkeypatch.setattr(pytorch, "Graphed", Steps)
    narrow = NARROW | pictures if recipe == "mnist" else NARROW_TOY
    told = order("torch graph", recipe, narrow | changes, iterations=4) | {"device": "cpu"}
    assert max(worker.check(told)["differences"].values()) <= step.TOLERANCE
    assert len(replayed) == 4 * (changes.get("k", 1) + 1)


@pytest.mark.parametrize("name, needed", [("torch graph", "torch"), ("floor, TF32", "numpy")])
def test_what_needs_a_gpu_refuses_a_cpu_in_one_sentence(name, needed):
    pytest.importorskip(needed, reason="install numpygan[peers]")
    told = order(name, "ring", NARROW_TOY) | {"device": "cpu"}
    with pytest.raises(NumpyganError, match=f"^{name}: .* needs a GPU, got device 'cpu'; leave"):
        worker.make(told, worker.recipe(told))


@pytest.mark.parametrize("name", ["torch", "jax.jit"])
def test_a_peer_takes_a_device(name):
    module = pytest.importorskip(step.CANDIDATES[name], reason="install numpygan[peers]")
    if name == "jax.jit":
        module.config.update("jax_disable_most_optimizations", True)
    told = order(name, "ring", NARROW_TOY, iterations=3) | {"device": "cpu"}
    assert max(worker.check(told)["differences"].values()) <= step.TOLERANCE


@pytest.mark.parametrize("kind", ["Ours", "Floor"])
def test_numpygan_and_the_floor_wait_for_a_gpu_only_at_the_end(kind, monkeypatch):
    """On the tests' double of a device."""
    monkeypatch.setattr(ours, "array_module", lambda _: double.device)
    candidate = getattr(ours, kind)(
        worker.recipe({"recipe": "ring", "set": NARROW_TOY}), None, 1, "gpu"
    )
    before = double.counts["synchronize"]
    candidate.iterate(3)
    assert double.counts["synchronize"] == before + 1


def test_a_peer_that_computes_another_gradient_is_found_out(pictures, monkeypatch):
    pytest.importorskip("torch", reason="install numpygan[peers]")
    from pytorch import Eager

    loss = Eager.g_loss
    monkeypatch.setattr(Eager, "g_loss", lambda *arguments: 1.0001 * loss(*arguments))
    found = worker.check(order("torch", "mnist-authors", NARROW | pictures))["differences"]
    assert found["D"] <= step.TOLERANCE < found["G"]


def test_a_peer_with_another_rule_or_average_is_found_out(pictures, monkeypatch):
    pytest.importorskip("torch", reason="install numpygan[peers]")
    from game import Schedule

    share = Schedule.share
    monkeypatch.setattr(Schedule, "share", lambda self, iteration: 1.0001 * share(self, iteration))
    found = worker.check(order("torch", "mnist", NARROW | pictures, iterations=3))["differences"]
    assert max(found["G"], found["D"]) <= step.TOLERANCE < found["average of G"]
    monkeypatch.setattr(Schedule, "decay", 0.9999)
    found = worker.check(order("torch", "mnist", NARROW | pictures, iterations=3))["differences"]
    assert min(found["G"], found["D"]) > step.TOLERANCE


def test_cifar10_is_checked_on_narrow_networks():
    assert worker.narrow(RECIPES["cifar10"].generator) == ("relu 80", "sigmoid 80", "linear")
    assert worker.narrow(RECIPES["cifar10"].discriminator) == ("maxout 16x5", "maxout 16x5")


def test_step_from_arguments_to_json(tmp_path):
    command = [
        sys.executable,
        BENCHMARKS / "step.py",
        "--recipes",
        "ring",
        "--batch",
        "20",
        "--k",
        "1",
        "2",
        "--threads",
        "1",
        "--rounds",
        "2",
        "--candidates",
        "floor",
        "-o",
        tmp_path / "step.json",
    ]
    for field in ("generator", "discriminator"):
        command += ["--set", f"{field}={', '.join(NARROW_TOY[field])}"]
    done = subprocess.run(
        command, env=timing.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    read = json.loads((tmp_path / "step.json").read_text())["configurations"]
    assert [(one["recipe"], one["batch"], one["k"], one["threads"]) for one in read] == [
        ("ring", 20, 1, 1),
        ("ring", 20, 2, 1),
    ]
    for one in read:
        assert {name: len(seconds) for name, seconds in one["seconds"].items()} == {
            "numpygan": 2,
            "floor": 2,
        }
        assert one["ratio_low_high"]["numpygan"] == [1, 1, 1]
        median = {name: numpy.median(seconds) for name, seconds in one["seconds"].items()}
        assert one["ratio_low_high"]["floor"][0] == pytest.approx(
            median["floor"] / median["numpygan"]
        )
    assert read[1]["flop"] > read[0]["flop"]
    assert "ring, batch 20, k = 2, threads: 1" in done.stdout and "× the floor" in done.stdout


def test_a_worker_that_fails_ends_the_benchmark_in_one_sentence(capfd):
    failing = step.Worker("floor", "ring", {"generator": ["nonsense 3", "linear"]}, 1)
    try:
        with pytest.raises(SystemExit) as ended:
            failing.answer()
    finally:
        failing.end()
    assert (
        ended.value.code == 1
        and "floor: its process ended" in capfd.readouterr().err.splitlines()[-1]
    )


def test_time_to_quality_of_a_run(tmp_path, capsys):
    run = RunDirectory(tmp_path / "run")
    run.make()
    run.create(RECIPES["mnist"])
    for epoch, parzen in [(1, 99.0), (2, None), (3, 160.0), (4, 140.0)]:
        run.add_metrics(
            {"iteration": 500 * epoch, "epoch": epoch, "seconds": 40.0 * epoch}
            | ({"parzen": parzen} if parzen else {})
        )
    time_to_quality.main(["--run", str(tmp_path / "run"), "-o", str(tmp_path / "q.json")])
    found = json.loads((tmp_path / "q.json").read_text())["runs"][str(tmp_path / "run")]
    assert found["reached"] == {"100": [3, 120], "150": [3, 120], "200": None, "225": None}
    assert found["epochs_seconds_parzen"] == [[1, 40, 99], [3, 120, 160], [4, 160, 140]]
    last = [line.split()[-2:] for line in capsys.readouterr().out.splitlines()[-6:-1]]  # then BLAS
    assert last == [["3", "120"], ["3", "120"], ["–", "–"], ["–", "–"], ["3", "120"]]
