"""numpygan study: from a recipe or a run to a file, and every bad input one sentence."""

import re
import shutil

import numpy
import pytest

from numpygan.commands import study
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.networks import build, sizes
from numpygan.recipes.settings import change
from numpygan.runs import checkpoint as checkpoints
from tests.helpers.cli import checkpoint, run, small_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    with small_world(folder):
        yield folder


def refuses(capsys, arguments, *words):
    assert run("study", *arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def test_a_recipe_and_a_run(world, capsys):
    assert run("study", "toy", "-o", "run.html", "--iterations", 1, "--batch", 4) == 0
    assert "1 iterations of toy, from iteration 2, 12 lines" in capsys.readouterr().out
    text = (world / "run.html").read_text(encoding="utf-8")
    assert "toy, from iteration 2" in text and "http" not in text.replace("http-equiv", "").replace(
        "http://www.w3.org/2000/svg", ""
    )
    assert (world / "run.html").stat().st_size < 1e6
    assert (
        run(
            "study",
            "toy",
            "-o",
            "run.html",
            "--iterations",
            1,
            "--after",
            3,
            "--batch",
            4,
            "--force",
        )
        == 0
    )
    assert "from iteration 5" in capsys.readouterr().out


@pytest.mark.parametrize("recipe", ["gauss1d", "ring"])
def test_the_page_of_a_toy_is_small(world, recipe):
    assert run("study", recipe, "-o", f"{recipe}.html") == 0
    assert (world / f"{recipe}.html").stat().st_size < 1e6


def test_what_is_too_large_is_shown_in_part_and_the_page_says_so(world):
    """Colour images: few of them, few units of each layer, in a page of bounded size."""
    folder = world / "colours"
    folder.mkdir()
    rows = numpy.random.default_rng(0).integers(0, 256, (40, 3073), "uint8")
    rows[:, 0] %= 10  # the label
    for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
        (folder / name).write_bytes(rows.tobytes())
    nets = (
        "--set",
        "generator=relu 300, sigmoid 200, linear",
        "--set",
        "discriminator=maxout 160x5, maxout 100x5",
    )
    arguments = (
        "train",
        "cifar10",
        "--quiet",
        "--data",
        folder,
        "--iterations",
        1,
        "--out",
        "colour",
        "--set",
        "batch=20",
    )
    assert run(*arguments, *nets) == 0
    assert run("study", "colour", "-o", "colour.html", "--iterations", 1) == 0
    text = (world / "colour.html").read_text(encoding="utf-8")
    assert len(text) < 2e6
    assert (
        "Units of G whose numbers are shown: 24 of 100, 24 of 200, 24 of 300, 24 of 3,072." in text
    )
    assert (
        "The first 2 images of each minibatch are shown as pictures" in text
        and "red, green and blue, one below the other" in text
    )
    assert "A minibatch has m = 16 rows, to see each; the recipe has 20" in text


def test_a_run_with_the_third_loss(world):
    fields = (
        "--set",
        "generator=relu 8, linear",
        "--set",
        "discriminator=relu 8",
        "--set",
        "keep=1,1",
        "--set",
        "batch=20",
    )
    fields += ("--set", "scale_g=0,0", "--set", "scale_d=0,0", "--loss", "maximum_likelihood")
    assert run("train", "ring", "--quiet", *fields, "--iterations", 2, "--out", "third") == 0
    assert run("study", "third", "-o", "third.html", "--iterations", 1) == 0
    assert "maximum-likelihood" in (world / "third.html").read_text(encoding="utf-8")


def test_a_run_is_left_as_it_was(world):
    before = {path: path.read_bytes() for path in (world / "toy").rglob("*") if path.is_file()}
    assert run("study", "toy", "-o", "left.html", "--iterations", 1, "--batch", 4) == 0
    assert {
        path: path.read_bytes() for path in (world / "toy").rglob("*") if path.is_file()
    } == before


def test_bad_input(world, capsys, monkeypatch):
    refuses(capsys, ["rign", "-o", "new.html"], "'ring'")
    refuses(capsys, ["ring", "-o", "new.txt"], ".html")
    refuses(capsys, ["ring", "-o", "nowhere/new.html"], "nowhere")
    refuses(capsys, ["ring", "--iterations", "0", "-o", "new.html"], "--iterations")
    (world / "mine.html").write_text("mine")
    refuses(capsys, ["ring", "-o", "mine.html"], "mine.html", "--force")
    assert (world / "mine.html").read_text() == "mine"
    refuses(capsys, [".", "-o", "new.html"], "config.toml")
    monkeypatch.setattr(study, "_LARGEST", 1000)
    refuses(capsys, ["ring", "-o", "new.html"], "ring", "too many to show", "1,000")
    assert not (world / "new.html").exists()


@pytest.mark.parametrize(
    ("generator", "words"),
    [
        ('["relu 30000", "relu 30000", "linear"]', ["900,", "parameters"]),
        ('["relu 15000000", "linear"]', ["not a hidden layer"]),
        ('["relu 999999", "relu 30", "linear"]', ["units", "--batch"]),
    ],
)
def test_sizes_are_checked_before_memory_is_taken(generator, words, world, capsys, monkeypatch):
    """The config.toml of a run of an older version, which kept no record, can say anything."""

    def refused(*_):
        raise AssertionError("networks were made")

    monkeypatch.setattr(study, "Training", refused)
    if "units" in words:
        monkeypatch.setattr(study, "_LARGEST", 50_000_000)  # more than its 33 million parameters
    shutil.copytree(world / "toy", world / "huge", dirs_exist_ok=True)
    text = (world / "huge" / "config.toml").read_text(encoding="utf-8")
    changed = re.sub("(?m)^generator = .*", f"generator = {generator}", text)
    scales = ", ".join(["0.0"] * (generator.count(",") + 1))
    changed = re.sub("(?m)^scale_g = .*", f"scale_g = [{scales}]", changed)
    assert changed != text
    (world / "huge" / "config.toml").write_text(changed, encoding="utf-8")
    for file in (world / "huge").glob("*.npz"):
        state = checkpoints.load(file)
        checkpoints.save(file, {name: state[name] for name in state if name != "made"})
    arguments = ["huge", "-o", "new.html", "--batch", 256 if "units" in words else 4]
    refuses(capsys, arguments, *words)
    assert not (world / "new.html").exists()


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_sizes_are_those_of_the_networks(recipe):
    generator = "relu 7", recipe.generator[-1]
    small = change(recipe, generator=generator, scale_g=(0.1, 0.1), bias="zero", sparse=0)
    G, D = build(small, 5, numpy)
    parameters, units = sizes(small, 5)
    assert parameters == G.theta.size + D.theta.size
    assert units == sum(
        sum(net.widths[i : i + 2])
        for net in (G, D)
        for i, layer in enumerate(net.layers)
        if layer.shapes()
    )


def test_a_run_of_another_version(world, capsys):
    """Its checkpoint lacks what this version needs, or its networks don't fit."""
    from numpygan.runs import checkpoint as files

    state = checkpoint(world / "toy")
    state.pop("checksum")
    good = (world / "toy" / "checkpoint.npz").read_bytes()
    files.save(
        world / "toy" / "checkpoint.npz",
        {name: value for name, value in state.items() if name != "stream_noise"},
    )
    refuses(capsys, ["toy", "-o", "new.html"], "toy", "stream_noise", "another recipe or version")
    files.save(world / "toy" / "checkpoint.npz", state | {"theta_g": numpy.zeros(7, "float32")})
    refuses(capsys, ["toy", "-o", "new.html"], "toy", "theta_g")
    (world / "toy" / "checkpoint.npz").write_bytes(good)


def test_a_disk_that_is_full(world, capsys, monkeypatch):
    import errno
    import os

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    refuses(
        capsys,
        ["toy", "-o", "new.html", "--iterations", "1", "--batch", "4"],
        "new.html",
        "No space left",
    )
    assert not (world / "new.html").exists()
