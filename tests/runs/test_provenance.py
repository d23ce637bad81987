"""A run knows what made it: what its checkpoints record, what a resumed run says has changed, and
what is refused.
"""

import json
import os
import platform
import shutil
from dataclasses import fields

import numpy
import pytest
import threadpoolctl

from numpygan import __version__
from numpygan.data.dataset import Dataset, load
from numpygan.metrics import parzen
from numpygan.recipes.recipe import Recipe
from numpygan.runs import checkpoint, provenance
from numpygan.runs.directory import RunDirectory
from tests.helpers.cli import TINY, TINY_TOY, cifar, images, learned, run, sets
from tests.helpers.cli import checkpoint as arrays
from tests.helpers.plain import at_once

LOUD = [argument for argument in TINY if argument != "--quiet"]
RESUME = ["train", "--quiet", "--resume", "--out", "it"]


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parzen, "SAMPLES", 50)
    numpy.save("images.npy", images())
    return tmp_path


def made(folder, name="checkpoint.npz"):
    return json.loads(str(arrays(folder, name)["made"]))


def rewrite(path, change):
    """Save the checkpoint at `path` again after `change(state)`."""
    state = checkpoint.load(path)
    change(state)
    checkpoint.save(path, state)


def record(path, **environment):
    """Let the checkpoint at `path` say that another environment made it."""

    def change(state):
        made = json.loads(str(state["made"]))
        made["sessions"][-1] |= environment
        state["made"] = json.dumps(made)

    rewrite(path, change)


def refused(capsys, *arguments):
    """The one sentence with which numpygan refuses `arguments`."""
    capsys.readouterr()
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and "Traceback" not in err
    return err


# The digest


def test_the_digest_is_of_dtype_shape_and_bytes_of_each_split():
    rows = numpy.arange(24, dtype="uint8").reshape(6, 4)
    digest = Dataset(rows[:4], rows[4:5], rows[5:], (2, 2)).digest()
    assert len(digest) == 64 and int(digest, 16) >= 0
    assert Dataset(rows[:4].copy(), rows[4:5], rows[5:], None).digest() == digest  # its rows alone
    changed = rows.copy()
    changed[5, 3] += 1
    others = [
        Dataset(rows[:4], rows[4:5], changed[5:], None),
        Dataset(changed[:4] + 1, rows[4:5], rows[5:], None),
        Dataset(rows[:3], rows[3:5], rows[5:], None),  # the same bytes in all
        Dataset(rows[:4].reshape(8, 2), rows[4:5].reshape(2, 2), rows[5:].reshape(2, 2), None),
        Dataset(*(part.view("int8") for part in (rows[:4], rows[4:5], rows[5:])), None),
    ]
    assert len({digest, *(other.digest() for other in others)}) == 6


# The record


def test_a_checkpoint_records_what_made_it(here):
    assert run(*TINY, "--iterations", 20, "--out", "it") == 0
    for name in ("checkpoint.npz", "best.npz"):
        record = made(here / "it", name)
        (session,) = record["sessions"]
        blas = next(lib for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas")
        assert session == {
            "iteration": 0,
            "numpygan": __version__,
            "python": platform.python_version(),
            "numpy": numpy.__version__,
            "blas": f"{blas['internal_api']} {blas['version']}",
            "kernel": blas["architecture"],
            "blas_threads": blas["num_threads"],
            "threads": provenance.cores(numpy),
            "ranks": 1,
            "device": "cpu",
        }
        assert record["data"] == load("images.npy").digest()
        assert record["recipe"].keys() == {field.name for field in fields(Recipe)}
        assert record["recipe"]["batch"] == 20 and record["recipe"]["data"] == str(
            here / "images.npy"
        )


def test_the_digest_of_preprocessed_data_is_of_what_was_read(here):
    """Preprocessing computes, and may give other bits elsewhere."""
    os.mkdir("cifar")
    for number, name in enumerate(("data_batch_1", "test_batch")):
        (here / "cifar" / f"{name}.bin").write_bytes(cifar(50, number)[0])
    small = sets(
        generator="relu 8, sigmoid 8, linear", discriminator="maxout 6x5, maxout 6x5", batch=10
    )
    assert (
        run(
            "train",
            "cifar10",
            "--quiet",
            *small,
            "--iterations",
            1,
            "--out",
            "it",
            "--data",
            "cifar",
        )
        == 0
    )
    assert made(here / "it")["data"] == load("cifar").digest()
    os.rename("cifar", "moved")
    assert run(*RESUME, "--iterations", 2, "--data", "moved") == 0
    assert run("report", "it", "--data", "moved") == 0


def test_a_toy_has_no_data(here):
    assert run(*TINY_TOY, "--iterations", 1, "--out", "it") == 0
    assert made(here / "it")["data"] is None


def test_the_record_of_the_best_checkpoint_stands_in_for_a_damaged_one(here):
    assert run(*TINY, "--iterations", 20, "--out", "it") == 0
    (here / "it/checkpoint.npz").write_bytes(b"damaged")
    assert provenance.recorded(RunDirectory("it")) == made(here / "it", "best.npz") != {}


def test_each_session_in_another_environment_is_recorded(here):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    assert run(*RESUME, "--iterations", 5) == 0
    (now,) = made(here / "it")["sessions"]  # one environment, one session
    record(here / "it" / "checkpoint.npz", numpy="1.0")
    assert run(*RESUME, "--iterations", 7) == 0
    assert made(here / "it")["sessions"] == [now | {"numpy": "1.0"}, now | {"iteration": 5}]
    assert run(*RESUME, "--iterations", 9) == 0
    assert (
        len(made(here / "it")["sessions"]) == 2 and made(here / "it")["recipe"]["iterations"] == 9
    )


# What has changed


@pytest.mark.parametrize(
    ("name", "was", "words"),
    [
        ("numpygan", "0.0.9", "numpygan was 0.0.9 and is "),
        ("python", "3.9.1", "Python was 3.9.1"),
        ("numpy", "1.26", "NumPy was 1.26"),
        ("blas", "mkl 1", "BLAS library was mkl 1"),
        ("kernel", "Abacus", "kernel was Abacus"),
        ("blas_threads", 77, "BLAS threads was 77"),
        ("ranks", 3, "MPI ranks was 3"),
        ("device", "gpu", "device was gpu"),
    ],
)
def test_resume_says_in_one_line_what_changed(name, was, words, here, capsys):
    assert run(*LOUD, "--iterations", 3, "--out", "it") == 0
    record(here / "it" / "checkpoint.npz", **{name: was})
    capsys.readouterr()
    assert run(*[part for part in RESUME if part != "--quiet"], "--iterations", 5) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "bits" in line]
    assert words in line and line.startswith("resume: ")
    assert ("OPENBLAS_NUM_THREADS=77" in line) == (name == "blas_threads")


def test_resume_says_nothing_where_nothing_changed(here, capsys):
    assert run(*LOUD, "--iterations", 3, "--out", "it") == 0
    record(here / "it" / "checkpoint.npz", threads=50)  # these never change a bit
    capsys.readouterr()
    assert run(*[part for part in RESUME if part != "--quiet"], "--iterations", 5) == 0
    assert "bits" not in capsys.readouterr().out


def test_a_quiet_resume_says_nothing(here, capsys):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    record(here / "it" / "checkpoint.npz", numpy="1.0")
    assert run(*RESUME, "--iterations", 5) == 0
    assert capsys.readouterr() == ("", "")


def test_the_number_of_blas_threads_is_that_of_the_process(here, capsys):
    assert run(*LOUD, "--iterations", 3, "--out", "it") == 0
    before = made(here / "it")["sessions"][0]["blas_threads"]
    capsys.readouterr()
    with threadpoolctl.threadpool_limits(before + 1, "blas"):
        if provenance.environment("cpu", provenance_ranks())["blas_threads"] == before:
            pytest.skip("this BLAS has no more threads")
        assert run(*[part for part in RESUME if part != "--quiet"], "--iterations", 5) == 0
    assert f"BLAS threads was {before} and is {before + 1} now" in capsys.readouterr().out


def provenance_ranks():
    from numpygan.ranks import ALONE

    return ALONE


# What is refused


EDITS = {
    "loss": "saturating",
    "seed": 5,
    "learning_rate_g": 0.01,
    "k": 2,
    "batch": 10,
    "noise": "gaussian",
    "momentum": 0.25,
    "about": "something else",
    "keep": [0.9, 0.5],
    "max_norm": 1.0,
    "algorithm": "authors2014",
    "transpose": 1,  # without this check the data would be called other data
    "preprocess": "contrast",
}
READERS = [
    ["sample", "it", "-o", "new.npy"],
    ["interpolate", "it", "-o", "new.png"],
    ["evaluate", "it"],
    ["report", "it"],
    ["export", "it", "-o", "new.npz"],
    ["study", "it"],
]


@pytest.mark.parametrize("field", EDITS)
def test_an_edited_config_is_refused(field, here, capsys):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    config, before = here / "it" / "config.toml", learned(here / "it")
    lines = config.read_text().splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith(f"{field} = ")]
    original, lines[at] = lines[at], f"{field} = {json.dumps(EDITS[field])}"
    assert lines[at] != original
    config.write_text("\n".join(lines) + "\n")
    err = refused(capsys, *RESUME, "--iterations", 5)
    assert "config.toml" in err and field in err and repr(EDITS[field]) in err and "put" in err
    assert learned(here / "it") == before
    for command in READERS if field != "about" else ():  # which says nothing about the samples
        err = refused(capsys, *command)
        assert "config.toml" in err and repr(EDITS[field]) in err
    assert learned(here / "it") == before
    lines[at] = original
    config.write_text("\n".join(lines) + "\n")
    assert run(*RESUME, "--iterations", 5) == 0


@pytest.mark.parametrize("length", [{"epochs": 0.5}, {"iterations": 9}])
def test_the_length_may_be_edited(length, here):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    config = here / "it" / "config.toml"
    for name, value in ({"iterations": 0} | length).items():
        config.write_text(
            "\n".join(
                f"{name} = {value}" if line.startswith(f"{name} =") else line
                for line in config.read_text().splitlines()
            )
            + "\n"
        )
    assert run(*RESUME) == 0
    assert arrays(here / "it")["iteration"] in (9, 10)


def test_overwritten_data_are_refused(here, capsys):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    before = learned(here / "it")
    numpy.save("images.npy", 255 - images())
    old, new = made(here / "it")["data"], load("images.npy").digest()
    for command in (
        [*RESUME, "--iterations", 5],
        [*RESUME, "--iterations", 5, "--data", "images.npy"],
        ["evaluate", "it"],
        ["report", "it"],
        ["sample", "it", "--nearest", "-o", "nearest.png"],
        ["study", "it"],
    ):
        err = refused(capsys, *command)
        assert old[:12] in err and new[:12] in err and str(here / "images.npy") in err
    assert learned(here / "it") == before
    assert not any(
        (here / name).exists()
        for name in ("it/evaluation.json", "it/report.html", "nearest.png", "study.html")
    )


@pytest.mark.parametrize("change", ["one pixel", "order", "rows", "float"])
def test_other_data_at_another_place_are_refused(change, here, capsys):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    other = images()
    if change == "one pixel":
        other[-1, 0, 0] ^= 1
    elif change == "order":
        other[[0, 1]] = other[[1, 0]]
    elif change == "rows":
        other = other[:-6]
    else:
        other = other / numpy.float32(255)
    numpy.save("other.npy", other)
    for command in (
        [*RESUME, "--iterations", 5],
        ["evaluate", "it"],
        ["report", "it"],
        ["study", "it"],
    ):
        err = refused(capsys, *command, "--data", "other.npy")
        assert "other.npy" in err and "images.npy" in err and "it" in err


def test_a_toy_takes_no_data_and_data_are_no_toy(here, capsys):
    assert run(*TINY_TOY, "--iterations", 1, "--out", "toy") == 0
    assert "images.npy" in refused(capsys, "evaluate", "toy", "--data", "images.npy")
    assert "images.npy" in refused(capsys, "report", "toy", "--data", "images.npy")
    assert "images.npy" in refused(
        capsys, "train", "--resume", "--out", "toy", "--iterations", 2, "--data", "images.npy"
    )
    assert run(*TINY, "--iterations", 1, "--out", "it") == 0
    assert "ring" in refused(capsys, "evaluate", "it", "--data", "ring")
    assert "--seeds" in refused(capsys, "evaluate", "ring", "--seeds", 2, "--data", "images.npy")
    assert "RUN" in refused(capsys, "study", "ring", "--data", "images.npy")


# Data that were moved


COMMANDS = {
    "resume": [*RESUME, "--iterations", 5],
    "evaluate": ["evaluate", "it"],
    "report": ["report", "it"],
    "sample": ["sample", "it", "--nearest", "-n", 10, "-o", "nearest.png"],
    "study": ["study", "it", "--iterations", 1],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_moved_data_are_given_anew(name, here, capsys):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    os.mkdir("new")
    os.rename("images.npy", "new/same.npy")
    err = refused(capsys, *COMMANDS[name])
    assert "images.npy" in err and "--data" in err
    assert run(*COMMANDS[name], "--data", "new/same.npy") == 0
    assert (str(here / "new" / "same.npy") in (here / "it" / "config.toml").read_text()) == (
        name == "resume"
    )
    if name == "resume":
        assert run(*RESUME, "--iterations", 7) == 0  # the new place is kept
        assert made(here / "it")["recipe"]["data"] == str(here / "new" / "same.npy")


@pytest.mark.parametrize("change", ["few", "signed", "wide"])
@pytest.mark.parametrize("name", ["resume", "evaluate"])
def test_other_data_that_do_not_fit_the_run_are_called_other(name, change, here, capsys):
    """What does not fit is no reason to ask for the path that was just given."""
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    rows = images(seed=1)
    other = {"few": rows[:9], "signed": rows / 127.5 - 1, "wide": numpy.repeat(rows, 2, 1)}[change]
    numpy.save("other.npy", other)
    err = refused(capsys, *COMMANDS[name], "--data", "other.npy")
    assert "is not what it was trained on" in err and "were moved" not in err
    err = refused(capsys, *COMMANDS[name], "--data", "none.npy")
    assert "none.npy" in err and "were moved" not in err


def test_a_run_on_moved_data_has_the_same_bits(here):
    assert run(*TINY, "--iterations", 25, "--out", "whole") == 0
    assert run(*TINY, "--iterations", 13, "--out", "it") == 0
    os.rename("images.npy", "moved.npy")
    assert run(*RESUME, "--iterations", 25, "--data", "moved.npy") == 0
    assert learned(here / "it") == learned(here / "whole")


def test_a_config_that_is_edited_to_the_new_place_is_right(here, capsys):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    os.rename("images.npy", "moved.npy")
    config = here / "it" / "config.toml"
    config.write_text(config.read_text().replace("images.npy", "moved.npy"))
    assert run(*RESUME, "--iterations", 5) == 0 and run("evaluate", "it") == 0
    numpy.save("other.npy", images(seed=1))
    config.write_text(config.read_text().replace("moved.npy", "other.npy"))
    assert "other.npy" in refused(capsys, *RESUME, "--iterations", 7)


SWEEP = """
recipe = "mnist-authors"
seeds = 2
iterations = 3
[set]
data = "images.npy"
generator = "relu 16, sigmoid"
scale_g = [0.05, 0.05]
discriminator = "maxout 8x2"
keep = [0.8, 0.5]
scale_d = [0.05, 0.05]
noise_dim = 5
[grid]
batch = [20]
"""


def test_a_sweep_goes_on_with_moved_data_and_not_with_others(here, monkeypatch, capsys):
    monkeypatch.setattr("numpygan.commands.sweep.carry_out", at_once)
    (here / "sweep.toml").write_text(SWEEP)
    assert run("sweep", "sweep.toml", "--jobs", 1, "--out", "runs") == 0
    results = [path.read_bytes() for path in sorted(here.glob("runs/*/*/result.json"))]
    assert len(results) == 2
    os.rename("images.npy", "moved.npy")
    (here / "sweep.toml").write_text(SWEEP.replace("images", "moved"))
    capsys.readouterr()
    assert run("sweep", "sweep.toml", "--jobs", 1, "--out", "runs") == 0
    assert "2 of them finished" in capsys.readouterr().out
    assert results == [path.read_bytes() for path in sorted(here.glob("runs/*/*/result.json"))]
    (here / "sweep.toml").write_text(
        SWEEP.replace("images", "moved").replace("iterations = 3", "iterations = 5")
    )
    assert run("sweep", "sweep.toml", "--jobs", 1, "--out", "runs") == 0
    assert {made(path)["recipe"]["data"] for path in here.glob("runs/*/seed-*")} == {
        str(here / "moved.npy")
    }
    numpy.save("other.npy", images(seed=1))
    (here / "sweep.toml").write_text(SWEEP.replace("images", "other"))
    assert "other.npy" in refused(capsys, "sweep", "sweep.toml", "--jobs", 1, "--out", "runs")


# Checkpoints from before, and hostile ones


def test_a_checkpoint_without_a_record_resumes_and_then_has_one(here, capsys):
    assert run(*TINY, "--iterations", 13, "--out", "it") == 0
    shutil.copytree("it", "old")
    for name in ("checkpoint.npz", "best.npz"):
        if (here / "old" / name).exists():
            rewrite(here / "old" / name, lambda state: state.pop("made"))
    for name in ("it", "old"):
        assert run("evaluate", name) == 0 and run("report", name) == 0
        assert run("train", "--resume", "--out", name, "--iterations", 25) == 0
    assert "bits" not in capsys.readouterr().out
    assert learned(here / "it") == learned(here / "old")
    # Of what came before nothing is known
    assert [session["iteration"] for session in made(here / "old")["sessions"]] == [13]


@pytest.mark.parametrize("labels", [numpy.arange(600) % 10, 0 * numpy.arange(600)])
def test_a_run_on_an_array_whose_labels_were_kept_goes_on_with_them(labels, here, capsys):
    """Older versions left no column out of an array. Now labels are, or the array is refused."""
    pixels = images().reshape(600, 64)
    pixels[:, -1] = 3  # so that labels of one class may be in either end
    numpy.save("images.npy", numpy.c_[labels, pixels].astype("uint8"))
    assert run(*TINY, "--drop", "none", "--iterations", 30, "--out", "straight") == 0
    assert run(*TINY, "--drop", "none", "--iterations", 13, "--out", "it") == 0

    def forget(state):
        record = json.loads(str(state["made"]))
        assert record["recipe"]["drop"] == "none"
        record["recipe"]["drop"] = "auto"
        state["made"] = json.dumps(record)

    for name in ("checkpoint.npz", "best.npz"):
        if (here / "it" / name).exists():
            rewrite(here / "it" / name, forget)
    config = here / "it" / "config.toml"
    config.write_text(config.read_text().replace('drop = "none"', 'drop = "auto"'))
    os.rename("images.npy", "moved.npy")
    for length in (20, 30):
        assert run(*RESUME, "--iterations", length, "--data", "moved.npy") == 0
    assert learned(here / "it") == learned(here / "straight")
    assert made(here / "it")["data"] == load("moved.npy", drop="none").digest()
    for command in (
        ["evaluate", "it"],
        ["report", "it"],
        ["sample", "it", "--data", "moved.npy", "-o", "new.npy"],
        ["study", "it"],
    ):
        assert run(*command) == 0, capsys.readouterr().err
    numpy.save("moved.npy", numpy.c_[labels, 255 - pixels].astype("uint8"))
    assert "moved.npy" in refused(capsys, *RESUME, "--iterations", 40)


def test_without_a_record_another_architecture_is_refused_by_its_shapes(here, capsys):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    rewrite(here / "it" / "checkpoint.npz", lambda state: state.pop("made"))
    config = here / "it" / "config.toml"
    config.write_text(config.read_text().replace('"relu 16"', '"relu 17"'))
    err = refused(capsys, *RESUME, "--iterations", 5)
    assert "theta_g" in err and "architecture" in err


def test_without_a_record_data_can_not_be_compared(here, capsys):
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    rewrite(here / "it" / "checkpoint.npz", lambda state: state.pop("made"))
    os.rename("images.npy", "moved.npy")
    assert "data" in refused(capsys, *RESUME, "--iterations", 5, "--data", "moved.npy")
    for command in (
        ["evaluate", "it"],
        ["report", "it"],
        ["sample", "it", "--nearest", "-o", "nearest.png"],
        ["study", "it"],
    ):
        assert "config.toml" in refused(capsys, *command, "--data", "moved.npy")
    config = here / "it" / "config.toml"
    config.write_text(config.read_text().replace("images.npy", "moved.npy"))
    assert run(*RESUME, "--iterations", 5) == 0 and run("evaluate", "it") == 0


def test_a_field_that_is_newer_than_the_checkpoint_counts_as_its_default(here, capsys):
    def forget(state):
        record = json.loads(str(state["made"]))
        del record["recipe"]["max_norm"]
        state["made"] = json.dumps(record)

    assert Recipe().max_norm == 0
    assert run(*TINY, "--iterations", 3, "--out", "it") == 0
    rewrite(here / "it" / "checkpoint.npz", forget)
    assert run(*RESUME, "--iterations", 5) == 0
    rewrite(here / "it" / "checkpoint.npz", forget)
    config = here / "it" / "config.toml"
    config.write_text(config.read_text().replace("max_norm = 0.0", "max_norm = 1.0"))
    assert "max_norm" in refused(capsys, *RESUME, "--iterations", 7)


GOOD = '{"recipe": {}, "data": null, "sessions": [%s]}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        "{}",
        "[" * 100_000,
        '{"recipe": 1, "data": null, "sessions": [{}]}',
        "NaN",
        '{"recipe": {}, "data": 5, "sessions": [{}]}',
        '{"recipe": {}, "data": null, "sessions": []}',
        GOOD % "3",
        '{"recipe": {}, "data": null, "sessions": {}}',
        '{"recipe": {}, "data": null, "sessions": 3}',
        "9" * 5000,
    ],
    ids=lambda text: text[:40],
)
def test_a_hostile_record_is_one_sentence(text, here, capsys):
    assert run(*TINY_TOY, "--iterations", 1, "--out", "it") == 0
    rewrite(here / "it" / "checkpoint.npz", lambda state: state.__setitem__("made", text))
    assert "checkpoint.npz" in refused(capsys, *RESUME, "--iterations", 2)


def test_what_a_record_says_is_printed_without_terminal_codes(here, capsys):
    assert run(*TINY_TOY, "--iterations", 1, "--out", "it") == 0
    record(
        here / "it" / "checkpoint.npz",
        numpy="\x1b[2J\n",
        kernel={"a": ["\x07"]},
        blas="x" * 100_000,
    )
    assert run(*[part for part in RESUME if part != "--quiet"], "--iterations", 2) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "bits" in line]
    assert len(lines) == 3 and all(line.isprintable() and len(line) < 2000 for line in lines)


def test_what_changed_is_told_since_the_last_session_not_the_first():
    def told(earlier, now):
        sessions = [{"numpy": version} for version in earlier]
        return list(provenance.Made(None, None, sessions, {"numpy": now}).changes())

    assert told(["1", "2"], "2") == []
    (line,) = told(["2", "1"], "2")
    assert "NumPy was 1 and is 2 now" in line
