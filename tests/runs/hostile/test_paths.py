"""Outputs, data and sweeps given as paths where no file lies: one sentence, nothing is written."""

import os

import pytest

from tests.helpers.cli import run
from tests.helpers.hostile import COMMANDS, KINDS

OUTPUTS = {name: make for name, make in COMMANDS.items() if name != "resume"}


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket"])
@pytest.mark.parametrize("command", OUTPUTS)
def test_an_output_where_something_else_lies(command, kind, hurt, world, capsys):
    *arguments, name = OUTPUTS[command]("hurt")
    path = world / name
    KINDS[kind](path)
    before = os.lstat(path)
    for force in ([], ["--force"]):
        capsys.readouterr()
        assert run(*arguments, name, *force) == 2
        out, err = capsys.readouterr()
        assert err.count("\n") == 1 and name in err and "measuring" not in out
        assert os.lstat(path).st_ino == before.st_ino
    os.rmdir(path) if kind == "folder" else os.unlink(path)


@pytest.mark.parametrize("command", OUTPUTS)
def test_an_output_where_a_symlink_lies(command, hurt, world, capsys):
    *arguments, name = OUTPUTS[command]("hurt")
    (world / "thesis.tex").write_text("mine")
    for target in ("thesis.tex", "nowhere"):
        (world / name).symlink_to(target)
        assert run(*arguments, name) == 2 and (world / name).is_symlink()
        assert run(*arguments, name, "--force") == 0 and not (world / name).is_symlink()
        assert (world / "thesis.tex").read_text() == "mine" and not (world / "nowhere").exists()
        os.unlink(name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    [
        "x.npy",
        "x.npz",
        "x.csv",
        "x.png",
        "d/train-images-idx3-ubyte",
        "d/data_batch_1.bin",
        "d/test_batch.bin",
        "d/x.png",
    ],
)
def test_data_that_are_no_file(name, kind, world, tmp_path, capsys):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    KINDS[kind](path)
    os.chdir(world)
    given = path if path.parent == tmp_path else path.parent
    for arguments in (
        ["train", "mnist", "--quiet", "--iterations", 1, "--data", given, "--out", "new"],
        ["evaluate", "--samples", given, "--data", "images.npy", "-o", "new.json"],
    ):
        capsys.readouterr()
        assert run(*arguments) == 2
        err = capsys.readouterr().err
        assert (
            err.count("\n") == 1
            and (str(tmp_path) in err or "/dev/zero" in err)
            and not (world / "new").exists()
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_sweep_that_is_no_file(kind, world, tmp_path, capsys):
    KINDS[kind](tmp_path / "s.toml")
    os.chdir(world)
    assert run("sweep", tmp_path / "s.toml", "--out", "sw") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "s.toml" in err and not (world / "sw").exists()
