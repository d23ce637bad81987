"""The benchmarks of layers, scaling, memory, start, parzen, gradcheck, device and mpi, and
`python -m benchmarks`: tiny, from end to end.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest

import numpygan as ng
from benchmarks import __main__ as everything
from benchmarks import (
    calls,
    device,
    gradcheck,
    layers,
    memory,
    mpi,
    parzen,
    scaling,
    start,
    versions,
)
from numpygan.errors import NumpyganError
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change
from numpygan.runs.score_sums import AT_ONCE
from tests.helpers import fake_nvmath
from tests.helpers.double import device as double

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tiny(monkeypatch):
    """The MNIST recipe with few units."""
    networks = {
        "generator": "relu 12, sigmoid",
        "scale_g": "0,0",
        "discriminator": "maxout 3x2",
        "keep": "0.8,0.5",
        "scale_d": "0,0",
    }
    monkeypatch.setitem(RECIPES, "mnist", change(RECIPES["mnist"], **networks, batch="10"))


def brief(script, file, *more):
    """The exit status of a script's shortest run, and the JSON that it wrote."""
    status = script.main(["--brief", "--rounds", "1", "-o", str(file), *map(str, more)])
    return status or 0, json.loads(file.read_text())


# layers.py


def test_layers_from_end_to_end(tiny, tmp_path, capsys):
    status, found = brief(layers, tmp_path / "layers.json")
    assert status == 0 and found["machine"]["packages"]["numpy"] == numpy.__version__
    passes = [(row["network"], row["index"], row["pass"]) for row in found["layers"]]
    # 4 Affine; ReLU, Sigmoid, 2 Dropout, Maxout
    assert len(passes) == len(set(passes)) == 4 * 3 + 5 * 2
    assert all(min(row["seconds"]["layer"]) > 0 and row["share"][0] > 0 for row in found["layers"])
    table = capsys.readouterr().out
    assert "Maxout(pieces=2)" in table and "Affine layers together" in table


def test_what_a_pass_must_read_and_write():
    m, n = 10, 30
    t = SimpleNamespace(own=("mask",), mask=numpy.ones((m, n), bool))
    t.x, t.y, t.gx, t.gy = (numpy.ones((m, n), "float32") for _ in range(4))
    layer = SimpleNamespace(shapes=dict)
    assert [layers.limit(layer, t, name)[1:] for name in ("forward", "backward")] == [
        (m * n * 9, "copy")
    ] * 2
    t.own = ()  # nothing kept: backward reads y
    assert (
        layers.limit(layer, t, "forward")[1] == m * n * 8
        and layers.limit(layer, t, "backward")[1] == m * n * 12
    )


@pytest.mark.parametrize("name", ["forward", "backward", "backward_params"])
def test_an_affine_is_held_against_its_own_product(name, monkeypatch):
    net = ng.MLP([ng.Affine(7, 5)])
    tape = net.tape(3)
    shapes = []
    call, work, kind = layers.limit(net.layers[0], tape.layers[0], name)
    monkeypatch.setattr(
        numpy, "matmul", lambda a, b, out: shapes.append((a.shape, b.shape, out.shape))
    )
    call()
    expected = {
        "forward": ((3, 7), (7, 5), (3, 5)),
        "backward": ((3, 5), (5, 7), (3, 7)),
        "backward_params": ((7, 3), (3, 5), (7, 5)),
    }
    assert shapes == [expected[name]] and work == 2 * 3 * 7 * 5 and kind == "product"


# scaling.py


def test_one_thing_is_changed_at_a_time():
    def flop(**changed):
        return scaling.Floor(scaling.recipe(**changed), scaling.dataset(2), None).flop()

    assert scaling.recipe() == RECIPES["mnist"]
    assert flop() == pytest.approx(3.57e9, rel=2e-3)
    assert flop(batch=200) == 2 * flop()
    assert flop(k=3) - flop(k=2) == flop(k=2) - flop() > 0
    assert flop(depth=4) - flop(depth=3) == flop(depth=3) - flop() > 0
    assert 2 * flop() < flop(width=2400) < 4 * flop()


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_a_power_is_found(power):
    n = numpy.array([10, 20, 50, 100, 300])
    assert scaling.fit_power(n, 3e-3 * n**power) == pytest.approx((power, 0), abs=1e-12)


def test_the_interval_of_a_power_holds_it_as_often_as_it_says():
    rng = numpy.random.default_rng(0)
    n, held = numpy.array([10, 20, 50, 100, 300]), 0
    for _ in range(2000):
        power, half = scaling.fit_power(n, n**1.5 * numpy.exp(0.1 * rng.standard_normal(len(n))))
        held += abs(power - 1.5) <= half
    assert 0.935 < held / 2000 < 0.965


def test_two_sizes_have_no_interval():
    power, half = scaling.fit_power([1, 2], [1, 4])
    assert power == pytest.approx(2) and math.isnan(half)


def test_a_line_is_found():
    n = numpy.array([1, 2, 3, 5, 8])
    assert scaling.fit_line(n, 4 + 0.5 * n) == pytest.approx((4, 0.5, 1))
    assert scaling.fit_line(n, n**3.0)[2] < 0.9


def test_scaling_from_end_to_end(tmp_path, monkeypatch, capsys):
    sweeps = {
        "width": (20, 40, 60, 80),
        "depth": (1, 2, 3, 4),
        "batch": (5, 10, 20, 40),
        "k": (1, 2, 3, 4),
        "examples": (200, 300, 400, 500),
    }
    monkeypatch.setattr(scaling, "SWEEPS", sweeps)
    monkeypatch.setattr(scaling, "recipe", partial(scaling.recipe, width=20))
    status, found = brief(scaling, tmp_path / "scaling.json", "--plot", tmp_path / "scaling.png")
    assert status == 0 and list(found["sweeps"]) == list(sweeps)
    for sweep, result in found["sweeps"].items():
        assert list(result["times"]) == [str(n) for n in sweeps[sweep][:-1]]
        assert len(result["fits"]["power"]) == 2 and ("line" in result["fits"]) == (
            sweep in scaling.LINEAR
        )
    assert "their ratio q" in capsys.readouterr().out
    assert (tmp_path / "scaling.png").read_bytes().startswith(b"\x89PNG")


# memory.py


def test_memory_is_counted_once():
    array = numpy.zeros(1000)
    assert (
        memory.owners([array[:10], array.reshape(10, 100), array[::2], numpy.ones(3)]) == 8000 + 24
    )


def test_memory_from_end_to_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(memory, "TRAINED", ("ring",))
    status, found = brief(memory, tmp_path / "memory.json", "--toy-iterations", 40)
    [ring] = found["processes"]["ring"]
    assert status == 0 and len(ring["moments"]) == 20 and ring["moments"][-1][0] == 40
    assert ring["parts"]["theta"] == 4 * (3 * 128 + 129 * 128 + 129 * 2 + 3 * 128 + 129 * 128 + 129)
    assert ring["imported"] < ring["verdict"]["steady"] <= ring["peak"]
    assert "MB after 40" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("steady", "last", "said"),
    [(69e6, 69e6, None), (71e6, 71e6, "ring: holds more"), (60e6, 61.5e6, "ring: grows by more")],
)
def test_memory_beyond_the_sum_or_growing_is_a_failure(steady, last, said, monkeypatch, capsys):
    # Neither the first, nor the last, nor always the largest
    rounds = [69e6, 69e6], [steady, last], [60e6, 60e6]
    processes = iter(
        {
            "parts": {"theta": 10e6},
            "moments": [[0, 200e6]] + [[i, before] for i in range(1, 19)] + [[19, after]],
            "imported": 30e6,
            "peak": 200e6,
        }
        for before, after in rounds
    )
    monkeypatch.setattr(memory, "TRAINED", ("ring",))
    monkeypatch.setattr(memory, "measure", lambda name, iterations: next(processes))
    assert memory.main(["--brief", "--rounds", "3"]) == (said is not None)
    verdicts = [line for line in capsys.readouterr().out.splitlines() if "more than" in line]
    assert len(verdicts) == (said is not None) and all(line.startswith(said) for line in verdicts)


# calls.py


def test_operators_reductions_functions_and_assignments_are_counted():
    calls.Counted.calls.clear()
    a = calls.counted(numpy.ones((2, 3)))
    b = 2 * a[:1] + 1
    b -= numpy.concatenate([a, a]).sum()
    b[...] = numpy.where(b > 0, b, 0)
    assert calls.Counted.calls == [
        *("multiply", "add", "concatenate", "add.reduce", "subtract", "greater", "where"),
        "assignment",
    ]
    assert type(b) is calls.Counted and (b == 0).all()


def test_the_calls_of_an_iteration(tiny):
    """With L layers each: 11 k + 14 products where L = 3, one of each D's gx an outer product."""
    linear = {"generator": "linear", "discriminator": "relu 4", "keep": "1,1", "scale_d": "0,0"}
    k1, k2 = (calls.count(change(RECIPES["ring"], **linear, scale_g="0", k=k)) for k in ("1", "2"))
    # G 1 forward; D 2 forward, 2 gW, 1 outer gx; then G 1, D 2, D 1 gx and 1 outer, G 1 gW
    assert k1["matmul"] == 1 + 2 + 2 + 1 + 2 + 1 + 1
    assert k2["matmul"] - k1["matmul"] == 1 + 2 + 2
    # σ for three slopes; the softplus and the σ of the scores once in AT_ONCE iterations
    assert k1["greater"] == 2 and k1["sqrt"] == 2
    assert k1["exp"] == k2["exp"] - 2 == 3 + 2 / AT_ONCE
    weights = calls.count(RECIPES["mnist"])
    assert weights["matmul"] and weights["less"] and weights["count_nonzero"]  # masks, maxout


def test_calls_from_end_to_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(calls, "NAMES", ("gauss1d",))
    status, found = brief(calls, tmp_path / "calls.json")
    total = sum(found["calls"]["gauss1d"].values())
    assert status == 0 and f" {total:.0f} " in capsys.readouterr().out


# start.py


def test_records_of_small_data_are_timed():
    narrow = ("generator=relu 8, sigmoid", "discriminator=relu 8", "scale_g=0,0", "scale_d=0,0")
    narrow += ("keep=1,1", "batch=50")
    found = start.child("small", 2, *(word for field in narrow for word in ("--set", field)))
    assert found["rows"] == 2 and 0 < found["records"] < found["all"]


def test_the_start_is_timed_from_the_process_to_the_first_iteration():
    before = time.time()
    found = start.child("start", "gauss1d")
    assert 0 < found["imports"] < found["start"] < time.time() - before and found["cpu"] > 0


def test_start_from_measurements_to_table(tmp_path, monkeypatch, capsys):
    told = {"imports": 0.25, "start": 1.25, "cpu": 1.0, "records": 1.0, "all": 4.0, "rows": 4}
    monkeypatch.setattr(start, "child", lambda *order: told)
    status, found = brief(start, tmp_path / "start.json")
    out = capsys.readouterr().out
    assert status == 0 and found["starts"] == {"ring": [told], "mnist": [told]}
    assert "mnist" in out and "1.25" in out and "300 images, 50 epochs" in out and "25%" in out


# parzen.py


def test_parzen_from_end_to_end(tmp_path, capsys):
    pytest.importorskip("sklearn")
    contenders = {"numpygan", "SciPy", "scikit-learn"} | (
        {"PyTorch"} if find_spec("torch") else set()
    )
    sizes = "--samples", 60, "--points", 30
    status, found = brief(parzen, tmp_path / "parzen.json", *sizes, "--threads", 1, 2)
    assert status == 0 and set(found["seconds"]) == {"1", "2"}
    assert all(set(times) == contenders for times in found["seconds"].values())
    assert max(found["difference"].values()) < 1e-7 and (found["points"], found["samples"]) == (
        30,
        60,
    )
    out = capsys.readouterr().out
    assert "scikit-learn with its default leaves" in out
    assert out.count("kernel ") == out.count("threads: ") == 2
    assert out.index("threads: 1") < out.index("threads: 2")


def test_parzen_is_compared_at_equal_threads(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    threadpoolctl = pytest.importorskip("threadpoolctl")
    seen, right = [], parzen.numpygan

    def watched(samples, points):
        pools = threadpoolctl.threadpool_info()
        seen.append({pool["num_threads"] for pool in pools if pool["user_api"] == "blas"})
        return right(samples, points)

    monkeypatch.setattr(parzen, "numpygan", watched)
    with threadpoolctl.threadpool_limits(2, "blas"):
        sizes = "--samples", 20, "--points", 10
        assert brief(parzen, tmp_path / "parzen.json", *sizes, "--threads", 1)[0] == 0
    assert seen and all(threads == {1} for threads in seen)


def test_a_parzen_value_that_differs_is_a_failure(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    right = parzen.numpygan
    monkeypatch.setattr(
        parzen, "numpygan", lambda samples, points: right(samples, points) * (1 + 2e-6)
    )
    assert brief(parzen, tmp_path / "parzen.json", "--samples", 20, "--points", 10)[0] == 1
    others = "SciPy, scikit-learn" + (", PyTorch" if find_spec("torch") else "")
    assert f"differ by more than 1e-06 relative: {others}" in capsys.readouterr().out


# gradcheck.py


def test_the_smallest_tolerance_is_found():
    assert gradcheck.smallest(lambda tolerance: tolerance >= 3e-9) == pytest.approx(3e-9, rel=0.01)
    assert gradcheck.smallest(lambda tolerance: False) == math.inf


def test_gradcheck_from_end_to_end(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(gradcheck, "smallest", partial(gradcheck.smallest, steps=5))
    status, found = brief(gradcheck, tmp_path / "gradcheck.json")
    ours, theirs, fast = found["errors"].values()
    assert status == 0 and all(found["passed"].values()) and found["backward_passes_differ"] < 1e-14
    assert ours < 1e-13 and 1e-14 < theirs < 1e-6 and 0 < fast < 1e-6
    assert list(found["derivatives"].values())[1] == 18 + 261


def test_a_wrong_gradient_is_a_failure(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    right = ng.Tanh.backward

    def wrong(self, gy, t):
        right(self, gy, t)
        t.gx *= 1 + 1e-9

    monkeypatch.setattr(ng.Tanh, "backward", wrong)
    monkeypatch.setattr(gradcheck, "smallest", lambda passes: 1.0)
    status, found = brief(gradcheck, tmp_path / "gradcheck.json")
    assert status == 1 and list(found["passed"].values()) == [False, True, True]
    assert "FAILED" in capsys.readouterr().out


# device.py


def test_without_a_gpu_it_says_so(tmp_path, monkeypatch, capsys):
    def none(_):
        raise NumpyganError("device 'gpu': none here.")

    monkeypatch.setattr(device, "array_module", none)
    assert brief(device, tmp_path / "device.json")[:1] == (0,)
    assert capsys.readouterr().out == "There is no GPU to compare with. device 'gpu': none here.\n"


def test_device_from_end_to_end(tiny, tmp_path, monkeypatch, capsys):
    """On the tests' double of a device, which is stricter than CuPy but no GPU."""
    monkeypatch.setattr(device, "array_module", lambda _: double)
    monkeypatch.setattr(device, "gpu_name", lambda _: "double")
    trained = {"mnist": {}, "ring": {"batch": 10}, "ring, as graphs": {"launches": "graph"}}
    monkeypatch.setattr(device, "TRAINED", trained)
    fake_nvmath.install(monkeypatch)
    status, found = brief(device, tmp_path / "device.json")
    assert status == 0 and found["gpu"] == "double" and set(found["iterations"]) == set(trained)
    assert (
        "G 1 ReLU() backward" in found["layers"]
        and "D 1 Affine(784, 6) backward_params" in found["layers"]
    )
    assert all(set(times) == {"NumPy", "CuPy"} for times in found["layers"].values())
    assert "NumPy / CuPy" in capsys.readouterr().out


def test_the_peers_of_a_gpu_on_a_cpu(monkeypatch, capsys):
    """The turns of the same processes; the checks are those of step.py."""
    nets = {"generator": ["relu 8", "linear"], "discriminator": ["relu 8"], "keep": [1, 1]}
    played = {"ring": nets | {"scale_g": [0, 0], "scale_d": [0, 0], "batch": 10}}
    monkeypatch.setattr(device, "PLAYED", played)
    monkeypatch.setattr(device.step, "SAMPLE", 0.01)
    found = device.peers(2, device="cpu", candidates=("numpygan", "floor"))
    assert {name: len(times) for name, times in found["ring"].items()} == {
        "numpygan": 2,
        "floor": 2,
    }
    assert "ring, on the cpu" in capsys.readouterr().out


# mpi.py


def test_ranks_from_end_to_end(tmp_path, capsys):
    if not find_spec("mpi4py"):
        pytest.skip("install numpygan[mpi]")
    sizes = "--width", 20, "--batch", 8, "--iterations", 3, "--ranks", 2
    status, found = brief(mpi, tmp_path / "mpi.json", *sizes)
    assert status == 0 and set(found["rounds"][0]) == set(found["medians_ms"]) == {"1", "2"}
    assert all(len(one["iterations"]) == 3 for one in found["rounds"][0].values())
    iterations = found["rounds"][0]["2"]["iterations"]
    # Iteration by iteration: the medians of the parts may be of different iterations.
    assert all(waited + reduced < total for total, waited, reduced in iterations)
    median = numpy.median([total for total, _, _ in iterations])
    assert found["medians_ms"]["2"]["total"] == pytest.approx(1e3 * median)
    assert found["machine"]["cores"] and len(found["predictions"]) == 18
    assert "Allreduce on 2 ranks" in capsys.readouterr().out


def test_a_rank_that_fails_ends_the_benchmark_in_one_sentence(tmp_path, monkeypatch, capfd):
    if not find_spec("mpi4py"):
        pytest.skip("install numpygan[mpi]")
    (tmp_path / "mpiexec").write_text("#!/bin/sh\nexit 7\n")
    (tmp_path / "mpiexec").chmod(0o755)
    monkeypatch.setattr(mpi.shutil, "which", lambda name, path: str(tmp_path / "mpiexec"))
    with pytest.raises(SystemExit) as ended:
        mpi.main([])
    assert ended.value.code == 1 and "mpiexec -n 1 ended with status 7" in capfd.readouterr().err


# python -m benchmarks

SCRIPTS = {
    "good.py": '"""Is it good?\n\nMore."""\nimport sys\nprint("a | table")\nopen(sys.argv[-1], "w").write("{}")',
    "lacking.py": '"""Lacking."""\nimport sys\nsys.exit(print("lacking.py: torch is not installed.", file=sys.stderr) or 2)',
    "failing.py": '"""Failing."""\nprint("so far")\nraise ValueError("it broke")',
    "endless.py": '"""Endless."""\nimport threading\nthreading.Event().wait()',
}


def test_every_benchmark_is_reported_and_none_stops_the_others(tmp_path, monkeypatch):
    for name, text in SCRIPTS.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(everything, "FOLDER", tmp_path)
    monkeypatch.setattr(everything, "BRIEF", dict.fromkeys(reversed(SCRIPTS), ("--brief", "--all")))
    monkeypatch.setattr(everything, "LIMIT", 1)
    assert everything.main(["-o", str(tmp_path / "RESULTS.md")]) == 1
    text = (tmp_path / "RESULTS.md").read_text()
    assert (
        text.index("## endless.py")
        < text.index("## failing.py")
        < text.index("## lacking.py")
        < text.index("## good.py")
    )
    assert (
        "Is it good?\n\n```\na | table\n```" in text
        and "Full form: `python benchmarks/good.py --all`" in text
    )
    assert "Not run: lacking.py: torch is not installed." in text
    assert (
        "**Failed** (exit status 1). ValueError: it broke\n\n```\nso far\n```" in text
        and "ended after 1 s" in text
    )
    assert f"numpy {numpy.__version__}" in text
    assert (tmp_path / "results" / "good.json").read_text() == "{}"


def test_a_benchmark_that_lacks_something_is_no_failure(tmp_path, monkeypatch):
    (tmp_path / "lacking.py").write_text(SCRIPTS["lacking.py"])
    monkeypatch.setattr(everything, "FOLDER", tmp_path)
    monkeypatch.setattr(everything, "BRIEF", {"lacking.py": ("", "")})
    assert everything.main(["-o", str(tmp_path / "RESULTS.md")]) == 0


def test_what_is_done_is_written_when_a_later_one_is_interrupted(tmp_path, monkeypatch):
    (tmp_path / "good.py").write_text(SCRIPTS["good.py"])
    monkeypatch.setattr(everything, "FOLDER", tmp_path)
    monkeypatch.setattr(everything, "BRIEF", {"good.py": ("", ""), "next.py": ("", "")})
    run = everything.run

    def interrupted(script, folder):
        if script == "next.py":
            raise KeyboardInterrupt
        return run(script, folder)

    monkeypatch.setattr(everything, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        everything.main([])
    assert "a | table" in (tmp_path / "RESULTS.md").read_text()


@pytest.mark.parametrize("arguments", [["device.py"], ["-o", "nowhere/R.md"]])
def test_where_results_would_go_is_settled_first(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(everything, "run", None)
    with pytest.raises(SystemExit) as refused:
        everything.main(arguments)
    assert refused.value.code == 2 and "-o" in capsys.readouterr().err.splitlines()[-1]


def test_every_script_is_there_and_has_a_question():
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py")} - {
        "__main__.py",
        "timing.py",
        "turns.py",
        "versions.py",  # needs another checkout
    }
    assert scripts <= set(everything.BRIEF)


@pytest.mark.parametrize(
    "module", ["numpygan", *(name.removesuffix(".py") for name in everything.BRIEF)]
)
def test_blas_hears_how_long_to_spin(module):
    """Before NumPy is imported, which is when it asks."""
    code = f"""
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_THREAD_TIMEOUT"))

sys.meta_path.insert(0, Watch())
sys.path.insert(0, "benchmarks")
import {module}
"""
    environment = {
        name: value for name, value in os.environ.items() if name != "OPENBLAS_THREAD_TIMEOUT"
    }
    command = [sys.executable, "-c", code]
    assert (
        subprocess.run(
            command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        ).stdout
        == "20\n"
    )


def test_as_a_command(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "device.py", "-o", str(tmp_path / "RESULTS.md")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert "## device.py" in (tmp_path / "RESULTS.md").read_text()
    # Not over the checkout's
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"device.json"}
    command[3] = "devices.py"
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 2 and "there is no devices.py" in done.stderr


# versions.py


@pytest.mark.slow
def test_two_checkouts_take_turns(tmp_path, capsys):
    other = tmp_path / "other"
    shutil.copytree(
        ROOT / "numpygan", other / "numpygan", ignore=shutil.ignore_patterns("__pycache__")
    )
    _, found = brief(versions, tmp_path / "versions.json", other, "--games", "ring")
    turns = found["seconds"]["ring"]
    assert found["other"] == [sys.executable, str(other)]
    assert len(turns["this"]) == len(turns["other"]) == 2
    assert all(t > 0 for turn in turns["this"] + turns["other"] for t in turn)
    assert "ring, clock" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="writes a shell script")
def test_another_python_runs_this_checkout(tmp_path):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\nexec '{sys.executable}' \"$@\"\n")
    python.chmod(0o755)
    brief(versions, tmp_path / "x.json", ROOT, "--python", python, "--games", "ring")
    assert (tmp_path / "ran").exists()


def test_another_python_must_exist(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        versions.main([str(ROOT), "--python", str(tmp_path / "python")])
    assert "is no program; expected a Python" in capsys.readouterr().err


@pytest.mark.parametrize("folder", [".", ROOT])
def test_the_other_folder_is_another_checkout(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        versions.main([str(folder)])
    assert "expected the folder of another checkout" in capsys.readouterr().err


def test_a_checkout_that_fails_is_named(tmp_path, capsys):
    (tmp_path / "numpygan").mkdir()
    (tmp_path / "numpygan" / "__init__.py").write_text("raise ImportError('no such thing')")
    with pytest.raises(SystemExit, match="1"):
        versions.main([str(tmp_path), "--games", "ring", "--brief"])
    assert f"{tmp_path}: its numpygan failed" in capsys.readouterr().err
