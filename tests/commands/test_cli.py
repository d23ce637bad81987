"""The commands that look at a run: sample, interpolate, evaluate, recipes; and help."""

import errno
import json
import os
from pathlib import Path

import numpy
import pytest
from matplotlib.image import imread

import numpygan
from numpygan.data.dataset import load
from numpygan.figures.panels import nearest_training
from numpygan.metrics import parzen
from numpygan.metrics.distances import blocks
from numpygan.recipes.builtin import RECIPES
from tests.helpers.cli import TINY, checkpoint, files, images, run, sets, small_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a small image dataset, a run on it and a run on a toy."""
    folder = tmp_path_factory.mktemp("world")
    with small_world(folder):
        numpy.save("images.npy", images())
        assert run(*TINY, "--epochs", 2, "--out", "it") == 0
    return folder


@pytest.fixture(autouse=True)
def here(world, monkeypatch):
    monkeypatch.chdir(world)
    return world


def samples(path, *arguments, of="it"):
    assert run("sample", of, "-o", path, *arguments) == 0
    return numpy.load(path)


def naive_generator(z):
    """G(z) of the run `it` at its best checkpoint, by hand: relu 16, sigmoid 64."""
    theta = checkpoint(Path("it"), "best.npz")["theta_g"].astype("float64")
    W1, b1, W2, b2 = numpy.split(theta, numpy.cumsum([5 * 16, 16, 16 * 64]))
    hidden = numpy.maximum(z @ W1.reshape(5, 16) + b1, 0)
    return 1 / (1 + numpy.exp(-(hidden @ W2.reshape(16, 64) + b2)))


def test_samples_are_float32_rows(here, tmp_path):
    rows = samples(tmp_path / "a.npy", "-n", 7)
    assert (
        rows.shape == (7, 64) and rows.dtype == numpy.float32 and 0 <= rows.min() < rows.max() <= 1
    )
    assert samples(tmp_path / "toy.npy", "-n", 9, of="toy").shape == (9, 2)


def test_samples_follow_the_seed(tmp_path):
    first = samples(tmp_path / "a.npy", "-n", 5, "--seed", 3)
    assert numpy.array_equal(first, samples(tmp_path / "b.npy", "-n", 5, "--seed", 3))
    assert not numpy.array_equal(first, samples(tmp_path / "c.npy", "-n", 5, "--seed", 4))
    assert len(numpy.unique(first, axis=0)) == 5


def test_samples_come_from_the_best_checkpoint(tmp_path):
    """Noise is uniform, so many samples' mean is the mean of G over the cube."""
    mine = samples(tmp_path / "a.npy", "-n", 4000)
    z = numpy.random.default_rng(0).uniform(-(3**0.5), 3**0.5, (4000, 5))
    expected = naive_generator(z)
    numpy.testing.assert_allclose(
        mine.mean(0), expected.mean(0), atol=6 * expected.std(0).max() / 4000**0.5 + 1e-6
    )
    numpy.testing.assert_allclose(mine.std(0), expected.std(0), rtol=0.2)


def test_a_picture_of_samples(tmp_path):
    assert run("sample", "it", "-n", 10, "-o", tmp_path / "a.png") == 0
    picture = imread(tmp_path / "a.png")[..., 0]
    rows = samples(tmp_path / "a.npy", "-n", 10)
    numpy.testing.assert_allclose(picture[:8, :8], rows[0].reshape(8, 8), atol=2 / 255)
    assert (
        run("sample", "toy", "-o", tmp_path / "toy.png") == 0
        and imread(tmp_path / "toy.png").ndim == 3
    )


def test_the_column_of_nearest_training_examples(tmp_path):
    """On flat grey images, of which G's patterns have the one of their mean for a neighbour: each
    row of the picture another one.
    """
    grey = numpy.random.default_rng(0).permutation(
        numpy.repeat(numpy.arange(20, 236, dtype="uint8"), 3)
    )
    numpy.save(tmp_path / "grey.npy", numpy.broadcast_to(grey[:, None, None], (len(grey), 8, 8)))
    restless = sets(scale_g="2,2")
    assert (
        run(
            *TINY,
            *restless,
            "--data",
            tmp_path / "grey.npy",
            "--iterations",
            1,
            "--out",
            tmp_path / "run",
        )
        == 0
    )
    rows, train = (
        samples(tmp_path / "a.npy", "-n", 30, of=tmp_path / "run"),
        load(tmp_path / "grey.npy").train / 255,
    )
    neighbours = [train[((train - row) ** 2).sum(1).argmin()] for row in rows]
    beside = [neighbour[0] for neighbour in neighbours[4::5]]
    assert len(set(beside)) == 6 and all(a[0] != b[0] for a, b in zip(neighbours, neighbours[1:]))
    assert run("sample", tmp_path / "run", "-n", 30, "--nearest", "-o", tmp_path / "a.png") == 0
    picture = imread(tmp_path / "a.png")[..., 0]
    for number, top in enumerate(range(0, 60, 10)):  # images of 8 pixels, lines of 2 between them
        shown = [picture[top : top + 8, left : left + 8].ravel() for left in range(0, 60, 10)]
        numpy.testing.assert_allclose(
            shown, [*rows[5 * number : 5 * number + 5], neighbours[5 * number + 4]], atol=2 / 255
        )


@pytest.mark.parametrize("n", [1, 3, 5, 7])
def test_the_nearest_of_a_few_samples(n, tmp_path):
    assert run("sample", "it", "-n", n, "--nearest", "-o", tmp_path / "a.png") == 0
    assert imread(tmp_path / "a.png").ndim == 3


def test_nearest_training_is_the_nearest():
    """Among more training rows than are held against the samples at a time."""
    generator = numpy.random.default_rng(0)
    train, rows = (
        generator.integers(0, 256, (4100, 20), dtype="uint8"),
        generator.random((1500, 20)).astype("float32"),
    )
    bounds = [part.start for part, _ in blocks(train, rows)]
    assert len(bounds) > 2
    brute = [((train / 255 - row) ** 2).sum(1).argmin() for row in rows[:40]]
    # Neighbours in every block
    assert len(set(numpy.searchsorted(bounds, brute, side="right"))) == len(bounds)
    numpy.testing.assert_allclose(nearest_training(rows, train)[:40], train[brute] / 255, rtol=1e-6)
    rows[:3] = train[[4099, 0, 2000]] / 255
    numpy.testing.assert_allclose(nearest_training(rows, train)[:3], rows[:3], rtol=1e-6)


def test_interpolation(tmp_path):
    assert run("interpolate", "it", "-n", 3, "-o", tmp_path / "a.png") == 0
    picture = imread(tmp_path / "a.png")[..., 0]
    columns = (picture.shape[1] + 2) // 10
    assert (picture.shape[0] + 2) // 10 == 3 and columns >= 5
    for top in (0, 10, 20):
        steps = [picture[top : top + 8, left : left + 8] for left in range(0, 10 * columns, 10)]
        moved = [numpy.abs(a - b).sum() for a, b in zip(steps, steps[1:])]
        # By degrees
        assert 0 < numpy.abs(steps[0] - steps[-1]).sum() and max(moved) < 0.9 * sum(moved)
    assert run("interpolate", "it", "-n", 3, "-o", tmp_path / "b.png", "--seed", 1) == 0
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_force_overwrites(tmp_path):
    for command in ("sample", "interpolate"):
        assert run(command, "it", "-o", tmp_path / "a.png", "--force") == 0
    assert len(list(tmp_path.iterdir())) == 1


def test_evaluate_samples(tmp_path, capsys):
    rows = samples(tmp_path / "a.npy", "-n", 60)
    capsys.readouterr()
    assert (
        run(
            "evaluate",
            "--samples",
            tmp_path / "a.npy",
            "--data",
            "images.npy",
            "-o",
            tmp_path / "a.json",
        )
        == 0
    )
    out = capsys.readouterr().out
    found = json.loads((tmp_path / "a.json").read_text())["parzen"]
    data = load("images.npy")
    (expected,) = parzen.parzen(rows, data.validation / 255, data.test / 255)
    assert found["samples"] == 60 and found["sigma"] == pytest.approx(expected.sigma)
    assert found["mean"] == pytest.approx(expected.mean, abs=1e-3) and found["se"] == pytest.approx(
        expected.se, abs=1e-4
    )
    assert (
        f"{expected.mean:.1f}" in out
        and f"{expected.se:.1f}" in out
        and "aveat" in out
        and "real" in out
    )


def test_evaluate_a_run(here, capsys):
    before = files(here / "it")
    assert run("evaluate", "it") == 0
    found = json.loads((here / "it" / "evaluation.json").read_text())["parzen"]
    assert {"mean", "se", "sigma", "samples"} <= found.keys() and found["samples"] == 10_000
    out = capsys.readouterr().out
    assert f"{found['mean']:.1f}" in out and "evaluation.json" in out
    first = (here / "it" / "evaluation.json").read_bytes()
    assert run("evaluate", "it") == 0 and (here / "it" / "evaluation.json").read_bytes() == first
    after = files(here / "it")
    assert {name: after[name] for name in before} == before  # nothing else changed


def test_the_samples_of_an_evaluation_follow_the_seed(tmp_path):
    """The Parzen estimate has no other randomness than the samples."""
    means = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert run("evaluate", "it", "--seed", seed, "-o", tmp_path / f"{name}.json") == 0
        means.append(json.loads((tmp_path / f"{name}.json").read_text())["parzen"]["mean"])
    assert means[0] == means[1] != means[2]


def test_evaluate_puts_the_result_where_it_is_told(tmp_path):
    code = run("evaluate", "it", "-o", tmp_path / "mine.json")
    assert code == 2 or (tmp_path / "mine.json").exists()  # never ignored


@pytest.mark.parametrize(
    ("command", "file"), [("sample", "new.png"), ("sample", "new.npy"), ("interpolate", "new.png")]
)
def test_a_full_disk(command, file, here, capsys, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = files(here)
    monkeypatch.setattr(os, "fsync", full)
    assert run(command, "it", "-o", file) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "new." in err and "No space left" in err
    assert files(here) == before


def test_a_full_disk_where_a_sweep_begins(here, capsys, monkeypatch):
    (here / "s.toml").write_text('recipe = "ring"\nseeds = 1\n[grid]\niterations = [1]\n')

    def full(path, *_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "mkdir", full)
    assert run("sweep", "s.toml", "--out", "new") == 2
    assert capsys.readouterr().err == ("numpygan: new: No space left on device; make room there.\n")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize(
    "command", [("sample", "it", "-o", "locked/new.png"), (*TINY, "--out", "locked/new")]
)
def test_a_folder_that_may_not_be_written(command, here, capsys):
    (here / "locked").mkdir(exist_ok=True)
    (here / "locked").chmod(0o500)
    assert run(*command) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "locked/new" in err and not list((here / "locked").iterdir())


# Help


def test_recipes(capsys):
    assert run("recipes") == 0
    out = capsys.readouterr().out
    for name in (
        "mnist",
        "mnist-2014",
        "mnist-authors",
        "tfd",
        "cifar10",
        "gauss1d",
        "ring",
        "grid",
    ):
        assert f"\n{name} " in f"\n{out}"


def field_values(printed):
    """The value of each field in what `numpygan recipes NAME` prints, without the meanings."""
    values, name = {}, None
    for line in printed.splitlines():
        if not line.startswith(" "):
            name, values[name] = line.split(maxsplit=1)
        elif line.strip().startswith("#"):
            name = None  # its meaning, perhaps on several lines
        elif name is not None:
            values[name] += " " + line.strip()
    return values


@pytest.mark.parametrize("name", RECIPES)
def test_every_field_of_a_recipe(name, capsys):
    assert run("recipes", name) == 0
    printed = capsys.readouterr().out
    lines = field_values(printed)
    assert all(len(line) <= 100 for line in printed.splitlines())
    assert lines["name"] == name and lines["about"] == RECIPES[name].about
    for field in (
        "generator",
        "discriminator",
        "keep",
        "k",
        "loss",
        "algorithm",
        "batch",
        "noise",
        "seed",
        "epochs",
    ):
        assert lines[field]


def test_the_authors_table(capsys):
    run("recipes", "mnist-authors")
    lines = field_values(capsys.readouterr().out)
    for field, value in {
        "generator": "relu 1200, relu 1200, sigmoid",
        "discriminator": "maxout 240x5, maxout 240x5",
        "keep": "0.8, 0.5, 0.5",
        "scale_g": "0.05, 0.05, 0.05",
        "scale_d": "0.005, 0.005, 0.005",
        "noise": "uniform",
        "noise_dim": "100",
        "batch": "100",
        "learning_rate_g": "0.1",
        "learning_rate_d": "0.1",
        "learning_rate_decay": "1.000004",
        "learning_rate_floor": "1e-06",
        "momentum": "0.5",
        "momentum_final": "0.7",
        "momentum_epochs": "250",
        "algorithm": "algorithm1",
        "k": "1",
        "rule": "momentum",
    }.items():
        assert lines[field] == value


def helped(capsys, *arguments):
    with pytest.raises(SystemExit) as exit_:
        run(*arguments)
    assert exit_.value.code in (0, None)
    return capsys.readouterr().out


def test_version(capsys):
    assert numpygan.__version__ in helped(capsys, "--version")


@pytest.mark.parametrize(
    "command", [(), ("train",), ("sample",), ("interpolate",), ("evaluate",), ("recipes",)]
)
def test_help_has_an_example(command, capsys):
    out = helped(capsys, *command, "-h")
    assert f"example: numpygan {' '.join(command)}".strip() in " ".join(out.split())
