"""numpygan under a real mpiexec: P ranks make the run of one, and a fault on one of them ends the
job with its message.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from numpygan.runs import checkpoint as checkpoints
from tests.helpers.cli import TINY, TINY_TOY, checkpoint, files, images, learned, metrics, run, sets

MPIEXEC = shutil.which(
    "mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
)
pytestmark = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None,
    reason="needs MPI: pip install 'numpygan[mpi]'",
)

RESUME = ["train", "--quiet", "--resume"]
FAULTY = str(Path(__file__).parents[1] / "helpers" / "faulty_rank.py")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with images to train on: a few, and many for an epoch of 160 iterations."""
    folder = tmp_path_factory.mktemp("ranks")
    numpy.save(folder / "images.npy", images())
    numpy.save(folder / "many.npy", images(rows=4800))
    return folder


def mpi(ranks, place, *arguments, code=0, program=("-m", "mpi4py", "-m", "numpygan")):
    """What `mpiexec -n RANKS python -m mpi4py -m numpygan ARGUMENTS` prints; it must end with this
    exit code, and soon.
    """
    command = [MPIEXEC, "-n", ranks, sys.executable, *program, *arguments]
    environment = os.environ | dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
    )
    done = subprocess.run(
        [str(part) for part in command],
        cwd=place,
        env=environment,
        timeout=400,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def lines(printed):
    """What numpygan said: an error is one line."""
    return [line for line in printed.splitlines() if line.startswith("numpygan:")]


def assert_same_run(one, other):
    """The same numbers to 1e−10, the same random streams, the same position in the data, the same
    files.
    """
    a, b = checkpoint(one), checkpoint(other)
    assert a.keys() == b.keys()
    for name in a.keys() - {"seconds", "checksum", "made"}:
        if a[name].dtype.kind == "f":
            largest = numpy.nan_to_num(abs(a[name])).max(initial=0)  # rows have empty cells: NaN
            numpy.testing.assert_allclose(
                b[name], a[name], rtol=0, atol=1e-10 * largest, err_msg=name
            )
        else:
            assert (a[name] == b[name]).all(), name
    for row, theirs in zip(metrics(one), metrics(other), strict=True):
        mine, their = ([float(cell or 0) for cell in cells.values()] for cells in (row, theirs))
        numpy.testing.assert_allclose(their, mine, 1e-8)
    assert files(one).keys() == files(other).keys()


LONG = [*TINY, "--data", "many.npy", *sets(dtype="float64"), "--iterations", 200]


@pytest.fixture(scope="module")
def alone(place):
    """LONG by one process, without MPI."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert run(*LONG, "--out", "alone") == 0
    return place / "alone"


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_ranks_compute_the_run_of_one(ranks, alone, place):
    """20 rows on 3 ranks are 6, 7 and 7."""
    mpi(ranks, place, *LONG, "--out", f"on{ranks}")
    assert_same_run(alone, place / f"on{ranks}")


def test_a_run_goes_on_with_another_number_of_ranks(alone, place):
    mpi(3, place, *LONG[:-1], 50, "--out", "handed-on")
    mpi(2, place, *RESUME, "--out", "handed-on", "--iterations", 120)
    mpi(1, place, *RESUME, "--out", "handed-on", "--iterations", 200)
    a, b = checkpoint(alone), checkpoint(place / "handed-on")
    for name in ("theta_g", "theta_d", "velocity_g", "velocity_d", "sums"):
        numpy.testing.assert_allclose(
            b[name], a[name], rtol=0, atol=1e-10 * abs(a[name]).max(), err_msg=name
        )


@pytest.fixture(scope="module")
def two(place):
    """40 iterations in float32 on two ranks."""
    mpi(2, place, *TINY, "--iterations", 40, "--out", "two")
    return place / "two"


def test_twice_the_same_bytes_in_float32(two, place):
    mpi(2, place, *TINY, "--iterations", 40, "--out", "again")
    assert learned(two) == learned(place / "again") and metrics(two) == metrics(place / "again")


def test_one_rank_is_no_ranks(place, monkeypatch):
    """Not a byte differs from a process without MPI."""
    mpi(1, place, *TINY_TOY, "--iterations", 5, "--out", "under")
    monkeypatch.chdir(place)
    assert run(*TINY_TOY, "--iterations", 5, "--out", "without") == 0
    assert learned(place / "under") == learned(place / "without")
    assert files(place / "under").keys() == files(place / "without").keys()


def test_local_batch_is_a_larger_minibatch(place, monkeypatch):
    toy = [argument for argument in TINY_TOY if argument != "--quiet"]
    printed = mpi(
        3,
        place,
        *toy,
        *sets(batch=10, dtype="float64"),
        "--local-batch",
        "--iterations",
        12,
        "--out",
        "three-tens",
    )
    monkeypatch.chdir(place)
    assert run(*toy, *sets(batch=30, dtype="float64"), "--iterations", 12, "--out", "thirty") == 0
    assert_same_run(place / "thirty", place / "three-tens")
    assert "batch = 30" in (place / "three-tens" / "config.toml").read_text()
    assert printed.count("30 rows, 10 for each rank; the learning rates are unchanged") == 1


def test_evaluation_gives_the_same_file(alone, place):
    tables = [
        mpi(ranks, place, "evaluate", "alone", "-o", f"{ranks}.json").replace(f"{ranks}.json", "")
        for ranks in (1, 3)
    ]
    assert (place / "1.json").read_bytes() == (place / "3.json").read_bytes()
    assert tables[0] == tables[1]


AIS = ["evaluate", "--ais", "--examples", 45, "--distributions", 6]


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_annealed_importance_sampling_gives_the_same_bits(ranks, alone, place, monkeypatch):
    """The simulated batch and five others, the last of them half as long; then what two batches
    lack, on other ranks.
    """
    monkeypatch.chdir(place)
    for name in ("here", "there"):
        shutil.copytree(alone, place / f"{name}{ranks}")
    assert run(*AIS, f"here{ranks}") == 0
    mpi(ranks, place, *AIS, f"there{ranks}")
    here, there = place / f"here{ranks}", place / f"there{ranks}"
    assert (here / "evaluation.json").read_bytes() == (there / "evaluation.json").read_bytes()
    whole = checkpoint(here, "ais.npz")
    assert_same_arrays(whole, checkpoint(there, "ais.npz"))

    part = {name: value.copy() for name, value in whole.items() if name != "checksum"}
    part["lower"][10:20] = part["acceptance"][1] = part["lower"][40:] = part["acceptance"][4] = (
        numpy.nan
    )
    checkpoints.save(there / "ais.npz", part)
    mpi(4 - ranks, place, *AIS, f"there{ranks}")
    assert_same_arrays(whole, checkpoint(there, "ais.npz"))


def test_ais_killed_on_one_rank_goes_on_with_other_ranks(alone, place, monkeypatch):
    """Rounds of 3: simulated, 1, 2; 3, 4, 5; in the third rank 1 is killed, perhaps before the
    first rank has saved the second.
    """
    monkeypatch.chdir(place)
    for name in ("killed", "not-killed"):
        shutil.copytree(alone, place / name)
    more = [*AIS[:3], 75, *AIS[4:]]
    mpi(3, place, *more, "killed", code=9, program=("-m", "mpi4py", FAULTY, "kill", 1))
    done = numpy.isfinite(checkpoints.load(place / "killed" / "ais.npz")["acceptance"])
    assert done.sum() in (2, 5) and done[: done.sum()].all()
    mpi(2, place, *more, "killed")
    assert run(*more, "not-killed") == 0
    assert_same_arrays(
        checkpoint(place / "not-killed", "ais.npz"), checkpoint(place / "killed", "ais.npz")
    )


def assert_same_arrays(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value.tobytes() == other[name].tobytes(), name


FAULTS = {
    "a bug": (1, "RuntimeError: a bug on one rank"),
    "an error": (2, "numpygan: rank 1: images.npy: went away."),
    "nan": (2, "the output of G's layer 0, Affine(5, 16), is not finite (rank 1)"),
    "drift": (2, "θ of rank 1 differs from θ of rank 0"),
    "kill": (9, ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_on_one_rank_ends_the_job(fault, place):
    """With the message of that rank, and the last checkpoint as it was: that of the first epoch."""
    code, message = FAULTS[fault]
    arguments = [*TINY, "--iterations", 40, "--out", fault.replace(" ", "-")]
    printed = mpi(2, place, *arguments, code=code, program=("-m", "mpi4py", FAULTY, fault, 1))
    assert message in printed
    state = checkpoints.load(place / fault.replace(" ", "-") / "checkpoint.npz")
    assert state["iteration"] == 20 and numpy.isfinite(state["theta_g"]).all()


@pytest.mark.parametrize("stop", ["Ctrl-C", "SIGTERM"])
def test_a_signal_to_one_rank_stops_all_and_saves(stop, two, place):
    printed = mpi(
        2,
        place,
        *TINY,
        "--iterations",
        40,
        "--out",
        stop,
        code=130,
        program=("-m", "mpi4py", FAULTY, stop, 1),
    )
    assert (
        printed.count(
            f"Stopped and saved. Go on with: numpygan train --resume --out {stop} --iterations 40"
        )
        == 1
    )
    assert checkpoint(place / stop)["iteration"] == 26
    if stop == "Ctrl-C":
        mpi(2, place, *RESUME, "--out", stop, "--iterations", 40)
        assert learned(two) == learned(place / stop)


def test_an_error_that_all_ranks_have_is_told_by_the_first(two, place):
    """By the others, too, only if the first takes longer than their grace to end the job."""
    for arguments, what in (
        (["train", "mnits"], "did you mean 'mnist'?"),
        (["train", "--epoch", "3"], "there is no option '--epoch'"),
        ([*TINY, *sets(batch=2)], "3 ranks can't share 2 rows"),
        ([*TINY[:-1], "generator=relu 16, sigmoid", "--data", "nothing.npy"], "nothing.npy"),
        ([*RESUME, "--out", "two", "--local-batch"], "--local-batch"),
    ):
        said = lines(mpi(3, place, *arguments, code=2))
        first, *others = sorted(said, key=lambda line: line.startswith("numpygan: rank"))
        assert what in first and not first.startswith("numpygan: rank")
        assert all(
            line.partition(": rank ")[2].partition(": ")[2] == first.partition(": ")[2]
            for line in others
        )


def test_without_mpi4py_in_front_it_is_refused(place):
    """An exception on one rank would leave the others waiting for ever."""
    before = files(place)
    said = lines(mpi(2, place, *TINY, "--out", "refused", code=2, program=("-m", "numpygan")))
    assert said and all("python -m mpi4py -m numpygan" in line for line in said)
    assert files(place) == before


def test_a_command_that_is_not_shared_out_runs_once(alone, place):
    printed = mpi(2, place, "sample", "alone", "-n", 4, "-o", "four.npy")
    assert printed.count("four.npy: 4 samples") == 1 and numpy.load(place / "four.npy").shape == (
        4,
        64,
    )


SWEEP = """
recipe = "ring"
seeds = 2
iterations = 9
[set]
rule = "momentum"
batch = 20
[grid]
learning_rate_g = [1e-3, 1e18]
"""


def test_a_sweep_on_ranks_has_the_numbers_of_one_on_processes(place, monkeypatch):
    (place / "rates.toml").write_text(SWEEP)
    printed = mpi(3, place, "sweep", "rates.toml", "--out", "on-ranks", code=1)
    monkeypatch.chdir(place)
    assert run("sweep", "rates.toml", "--out", "on-processes") == 1
    one, other = (
        (place / name / "sweep.json").read_text() for name in ("on-ranks", "on-processes")
    )
    assert one.replace("on-ranks", "on-processes") == other
    assert (
        printed.count("failed: on-ranks/learning_rate_g=1e+18/seed-") == 2
        and printed.count("2/2") == 1
    )
