"""Stopping and going on: the same bytes as a run that was never stopped."""

import json
import os
import shlex
import shutil
import signal
import time

import numpy
import pytest

from numpygan.data.sources import Mixture, Shuffled
from numpygan.figures import pictures
from numpygan.metrics import parzen
from numpygan.runs.checkpoint import save
from numpygan.runs.directory import RunDirectory
from numpygan.runs.trainer import Training
from tests.helpers.cli import TINY, TINY_TOY, checkpoint, files, images, learned, metrics, run, sets

KINDS = {
    "algorithm1": TINY,
    "k2": [*TINY, "--k", "2"],  # 10 iterations per epoch
    "k3": [*TINY, "--k", "3"],  # 6, and 2 minibatches left over
    "authors2014": [*TINY, *sets(algorithm="authors2014")],
    "adam": [
        *TINY,
        *sets(
            rule="adam",
            learning_rate_g=1e-3,
            learning_rate_d=1e-3,
            momentum=0.5,
            momentum_final=0.5,
        ),
    ],
    "odd": [*TINY, *sets(batch=33, max_norm=0.5, noise="gaussian")],  # 12, and 4 examples left over
    "device": [*TINY, *sets(draws="device", noise="gaussian")],
    "toy": TINY_TOY,  # 10
}
TOTAL = 26


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parzen, "SAMPLES", 50)
    monkeypatch.setattr(Mixture, "size", 500)
    monkeypatch.setattr(pictures, "save_learning_curves", lambda *_: None)
    numpy.save("images.npy", images())


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The folder of a run of each kind that was never stopped; each is trained once."""
    made = {}

    def of(kind):
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("straight") / "it"
            assert run(*KINDS[kind], "--iterations", TOTAL, "--out", made[kind]) == 0
        return made[kind]

    return of


def per_epoch(kind):
    return {"k2": 10, "k3": 6, "odd": 12, "toy": 10}.get(kind, 20)


STOPS = [1, 10, 12, 13, 20, 25]
# In the first epoch, at its end, in a later one; the others are slow.
FEW = {kind: {1, per_epoch(kind) * (2 if kind == "k3" else 1), 25} for kind in KINDS}


@pytest.mark.parametrize(
    "kind, stop",
    [
        pytest.param(kind, stop, marks=[pytest.mark.slow] * (stop not in FEW[kind]))
        for kind in KINDS
        for stop in STOPS
    ],
)
def test_resume_is_bit_exact(kind, stop, straight, tmp_path):
    it = tmp_path / "it"
    assert run(*KINDS[kind], "--iterations", stop, "--out", it) == 0
    assert learned(it) != learned(straight(kind)) and checkpoint(it)["iteration"] == stop
    assert run(*KINDS[kind], "--iterations", TOTAL, "--out", it, "--resume") == 0
    assert learned(it) == learned(straight(kind))
    mine, never_stopped = checkpoint(it), checkpoint(straight(kind))
    for name in never_stopped.keys() - {"seconds", "best", "checksum", "made"}:
        assert mine[name].tobytes() == never_stopped[name].tobytes(), name
    made = [json.loads(str(state["made"])) for state in (mine, never_stopped)]
    for one in made:
        del one["recipe"]["data"]  # a path in the folder of the test that trained it
    assert (
        made[0] == made[1]
        and made[0]["recipe"]["iterations"] == TOTAL
        and len(made[0]["sessions"]) == 1
    )
    rows = [
        row for row in metrics(it) if int(row["iteration"]) != stop or stop % per_epoch(kind) == 0
    ]
    assert rows == metrics(straight(kind))
    for name, content in files(straight(kind) / "samples").items():
        assert (it / "samples" / name).read_bytes() == content


def test_twice_as_long_is_the_same_as_twice(tmp_path):
    for stop in (7, 20):
        run(*TINY, "--iterations", stop, "--out", f"half{stop}")
        run(*TINY, "--iterations", 2 * stop, "--out", f"half{stop}", "--resume")
        run(*TINY, "--iterations", 2 * stop, "--out", f"whole{stop}")
        assert learned(tmp_path / f"half{stop}") == learned(tmp_path / f"whole{stop}")


def test_many_stops(straight, tmp_path):
    it = tmp_path / "it"
    for total in (3, 4, 19, 20, 21, TOTAL):
        assert (
            run(*TINY, "--iterations", total, "--out", it, *(["--resume"] if total > 3 else []))
            == 0
        )
    assert learned(it) == learned(straight("algorithm1"))


def test_the_best_checkpoint_outlives_a_stop_at_the_end_of_an_epoch(tmp_path):
    for name, stops in (("whole", (80,)), ("parts", (20, 60, 80))):
        for number, total in enumerate(stops):
            assert (
                run(*TINY, "--iterations", total, "--out", name, *(["--resume"] if number else []))
                == 0
            )
    best = [checkpoint(tmp_path / name, "best.npz") for name in ("whole", "parts")]
    assert (
        best[0]["iteration"] == best[1]["iteration"]
        and best[0]["theta_g"].tobytes() == best[1]["theta_g"].tobytes()
    )
    rows = metrics(tmp_path / "whole")
    values = [float(row["parzen"]) for row in rows]
    assert int(rows[values.index(max(values))]["iteration"]) == best[0]["iteration"]


def test_the_seconds_of_earlier_sessions_count(tmp_path, monkeypatch):
    """A quarter of an hour passes in the first session; the clock of the second begins anew, as
    after a restart of the machine.
    """
    clock, advance, late = time.monotonic, Training.advance, [0.0]

    def slow(self):
        late[0] += 900.0 * (self.iteration == 5)
        advance(self)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "advance", slow)
        patch.setattr(time, "monotonic", lambda: clock() + late[0])
        assert run(*TINY, "--iterations", 20, "--out", "it") == 0
    assert late[0] == 900
    assert run(*TINY, "--iterations", 60, "--out", "it", "--resume") == 0
    seconds = [row["seconds"] for row in RunDirectory(tmp_path / "it").read_metrics()]
    assert len(seconds) == 3 and 900 < seconds[0] < seconds[1] < seconds[2] < 1800


def test_resume_finds_the_newest_run(tmp_path):
    run(*TINY_TOY, "--iterations", 1)
    others = [f"ring-{number}" for number in range(2, 11)] + ["grid-12", "ring-old-13", "string-14"]
    for name in others:
        shutil.copytree("runs/ring-1", f"runs/{name}")
    assert run(*TINY_TOY, "--iterations", 2, "--resume") == 0
    made = {path.name: int(checkpoint(path)["iteration"]) for path in (tmp_path / "runs").iterdir()}
    assert len(made) == 13
    assert made.pop("ring-10") == 2 and set(made.values()) == {1}


def test_what_a_kill_after_the_checkpoint_left_out_is_made_up_for(tmp_path):
    it = tmp_path / "it"
    assert run(*TINY, "--iterations", 20, "--out", it) == 0
    seconds = float(checkpoint(it)["seconds"])
    lines, picture = (it / "metrics.csv").read_text().splitlines(True), it / "samples/00000020.png"
    content, rows = picture.read_bytes(), metrics(it)
    assert [row["iteration"] for row in rows] == ["20"]
    (it / "metrics.csv").write_text("".join(lines[:-1]))
    picture.unlink()
    assert run(*TINY, "--iterations", 25, "--out", it, "--resume") == 0
    assert metrics(it)[0] == rows[0] and picture.read_bytes() == content
    row = RunDirectory(it).read_metrics()[0]
    assert row["seconds"] == pytest.approx(seconds, rel=1e-9) and seconds > 0


def test_a_picture_that_is_there_is_not_drawn_again(tmp_path):
    assert run(*TINY, "--iterations", 20, "--out", "it") == 0
    picture = tmp_path / "it/samples/00000020.png"
    assert picture.exists()
    picture.write_bytes(b"mine")
    assert run(*TINY, "--iterations", 25, "--out", "it", "--resume") == 0
    assert picture.read_bytes() == b"mine"


def test_a_missing_row_comes_back_in_its_place(tmp_path):
    assert run(*TINY, "--iterations", 40, "--out", "it") == 0
    it = RunDirectory("it")
    rows, lines = it.read_metrics(), (tmp_path / "it/metrics.csv").read_text().splitlines(True)
    assert [row["iteration"] for row in rows] == [20, 40]
    (tmp_path / "it/metrics.csv").write_text(lines[0] + lines[2])
    assert it.add_missing_rows(rows)
    assert [row["iteration"] for row in it.read_metrics()] == [20, 40]


def test_rows_later_than_the_checkpoint_are_written_anew(tmp_path):
    """Of a run whose last checkpoint was lost: each epoch has one row, and it is the right one."""
    assert run(*TINY, "--iterations", 20, "--out", "it") == 0
    shutil.copy("it/checkpoint.npz", "old.npz")
    assert run(*TINY, "--iterations", 60, "--out", "it", "--resume") == 0
    straight = metrics(tmp_path / "it")
    shutil.copy("old.npz", "it/checkpoint.npz")
    assert len(straight) == 3 and checkpoint(tmp_path / "it")["iteration"] == 20
    assert run(*TINY, "--iterations", 60, "--out", "it", "--resume") == 0
    assert metrics(tmp_path / "it") == straight


def test_a_run_goes_on_from_another_folder(tmp_path, monkeypatch):
    """Its data were named from where it began."""
    assert "images.npy" in TINY
    assert run(*TINY, "--iterations", 5, "--out", "it") == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run("train", "--quiet", "--resume", "--out", "../it", "--iterations", 9) == 0
    assert checkpoint(tmp_path / "it")["iteration"] == 9


def test_epochs_are_the_total(tmp_path):
    run(*TINY, "--epochs", 1, "--out", "it")
    # The fields are the run's
    assert run("train", "--quiet", "--out", "it", "--resume", "--epochs", 2) == 0
    assert checkpoint(tmp_path / "it")["iteration"] == 40
    assert RunDirectory("it").recipe().epochs == 2  # which --resume alone goes on to


# Ctrl-C


def interrupt(monkeypatch, at, number=signal.SIGINT):
    """A signal in the middle of iteration `at` (of Algorithm 1 with k = 1)."""
    minibatch, calls = Shuffled.minibatch, [0]

    def interrupted(self, out):
        calls[0] += 1
        minibatch(self, out)
        if calls[0] == at:
            signal.raise_signal(number)

    monkeypatch.setattr(Shuffled, "minibatch", interrupted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", [1, 13, 20])
def test_ctrl_c_finishes_the_iteration_saves_and_says_how_to_go_on(
    at, number, straight, tmp_path, capsys, monkeypatch
):
    handler, it = signal.getsignal(number), tmp_path / "it"
    with monkeypatch.context() as patch:
        interrupt(patch, at, number)
        assert run(*TINY, "--iterations", TOTAL, "--out", it) == 130
    assert signal.getsignal(number) is handler
    err = capsys.readouterr().err
    assert "Traceback" not in err and "--resume" in err
    assert checkpoint(it)["iteration"] == at and "checksum" in checkpoint(it)
    said = shlex.split(err[err.index("numpygan train") :].splitlines()[0])
    assert run(*said[1:], "--quiet") == 0  # what it says works
    assert learned(it) == learned(straight("algorithm1"))
    assert metrics(it) == metrics(straight("algorithm1"))


def test_ctrl_c_in_the_last_iteration_is_the_end(straight, tmp_path, monkeypatch):
    interrupt(monkeypatch, TOTAL)
    assert run(*TINY, "--iterations", TOTAL, "--out", "it") == 0
    assert learned(tmp_path / "it") == learned(straight("algorithm1"))


@pytest.mark.parametrize(
    ("out", "length"),
    [
        ("my runs/it", ["--epochs", "2"]),
        ("it", ["--iterations", "12345678"]),
        ("it", ["--epochs", "1234.5678"]),
        ("it", []),
    ],
)
def test_how_to_go_on_can_be_pasted(out, length, tmp_path, capsys, monkeypatch):
    interrupt(monkeypatch, 3)
    assert run(*TINY, *length, "--out", out) == 130
    err = capsys.readouterr().err
    said = shlex.split(err[err.index("numpygan train") :].splitlines()[0])
    assert said[said.index("--out") + 1] == out and "--resume" in said
    assert not length or said[said.index(length[0]) + 1] == length[1]


def test_the_progress_bar_is_told_the_same(tmp_path, capsys):
    loud = [argument for argument in TINY if argument != "--quiet"]
    assert run(*loud, "--iterations", 25, "--out", "it") == 0
    err = capsys.readouterr().err
    assert "25/25" in err and "V " in err and "D(x)" in err and "D(G(z))" in err


def test_no_checkpoint_is_ever_half_written(tmp_path, monkeypatch, capsys):
    """The disk fills up during training: one sentence, and the last checkpoint loads."""
    fsync, full_at = os.fsync, [None]

    def fill(handle):
        if full_at[0]:
            raise OSError(28, "No space left on device")
        fsync(handle)

    advance = Training.advance
    monkeypatch.setattr(os, "fsync", fill)
    monkeypatch.setattr(
        Training,
        "advance",
        lambda self: (advance(self), full_at.__setitem__(0, self.iteration > 30))[0],
    )
    assert run(*TINY, "--iterations", 50, "--out", "it") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "No space left" in err and "Traceback" not in err
    assert checkpoint(tmp_path / "it")["iteration"] == 20 and not list(tmp_path.rglob("*.tmp"))
    full_at[0] = None
    monkeypatch.setattr(Training, "advance", advance)
    assert run(*TINY, "--iterations", TOTAL, "--out", "it", "--resume") == 0


def test_an_older_checkpoint_of_adam_goes_on(straight, tmp_path):
    """It holds ±m and v, + for D, which ascends; not the sums m/(1 − β₁) and v/(1 − β₂)."""
    it, adam = tmp_path / "it", KINDS["adam"]
    assert run(*adam, "--iterations", 12, "--out", it) == 0
    state = checkpoint(it)
    assert {"gradients_g", "squares_d"} <= state.keys() and "velocity_g" not in state
    del state["checksum"]
    for player, sign in (("g", -1), ("d", +1)):
        m, v = state.pop(f"gradients_{player}") / 2, state.pop(f"squares_{player}") / 1000
        state |= {f"velocity_{player}": sign * m, f"square_{player}": v}
    save(RunDirectory(it).checkpoint, state)
    assert run(*adam, "--iterations", TOTAL, "--out", it, "--resume") == 0
    old, new = checkpoint(it), checkpoint(straight("adam"))
    for name in ("theta_g", "theta_d", "gradients_g", "gradients_d", "squares_g", "squares_d"):
        numpy.testing.assert_allclose(old[name], new[name], rtol=1e-3, atol=1e-6, err_msg=name)
    moved = numpy.abs(new["theta_g"] - state["theta_g"]).max()
    assert numpy.abs(old["theta_g"] - new["theta_g"]).max() < 1e-4 * moved


def test_a_checkpoint_of_another_optimizer_is_refused(straight, tmp_path, capsys):
    it = tmp_path / "it"
    assert run(*KINDS["adam"], "--iterations", 12, "--out", it) == 0
    state = checkpoint(it)
    del state["checksum"], state["squares_g"]
    save(RunDirectory(it).checkpoint, state)
    assert run(*KINDS["adam"], "--iterations", TOTAL, "--out", it, "--resume") == 2
    assert "has no squares_g" in capsys.readouterr().err
