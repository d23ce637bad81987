"""Runs that average θ_g: training never reads the average; samples, pictures and measures do."""

import numpy
import pytest

from numpygan.arrays import Stream, streams
from numpygan.data.dataset import as_float, load
from numpygan.figures import pictures
from numpygan.gan.sampling import sample
from numpygan.metrics import parzen
from numpygan.recipes.networks import build
from numpygan.runs.directory import RunDirectory
from tests.helpers.cli import TINY, checkpoint, images, run, sets


@pytest.fixture
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parzen, "SAMPLES", 50)
    numpy.save("images.npy", images())


@pytest.mark.parametrize("algorithm", ["algorithm1", "authors2014"])
def test_training_never_reads_it(algorithm, here):
    assert run(*TINY, *sets(algorithm=algorithm), "--iterations", 25, "--out", "plain") == 0
    assert (
        run(*TINY, *sets(algorithm=algorithm, average=0.9), "--iterations", 25, "--out", "averaged")
        == 0
    )
    plain, averaged = (checkpoint(RunDirectory(name).path) for name in ("plain", "averaged"))
    # The rows have the samples' Parzen value
    for name in plain.keys() - {"checksum", "best", "seconds", "made", "rows"}:
        assert plain[name].tobytes() == averaged[name].tobytes(), name
    assert (
        averaged["average_g"].dtype == "float32"
        and (averaged["average_g"] != averaged["theta_g"]).any()
    )


def test_samples_come_from_it(here):
    assert run(*TINY, *sets(average=0.9), "--epochs", 1, "--out", "it") == 0
    assert run("sample", "it", "-n", 5, "-o", "samples.npy") == 0
    it = RunDirectory("it")
    G, _ = build(it.recipe(), 64, numpy)
    G.theta = checkpoint(it.path, "best.npz")["average_g"]
    assert (
        numpy.load("samples.npy").tobytes() == sample(G, it.recipe().noise, 5, Stream(0)).tobytes()
    )


def test_the_pictures_are_of_the_average(here, monkeypatch):
    shown = []
    monkeypatch.setattr(pictures, "save_samples", lambda path, samples, *_: shown.append(samples))
    assert run(*TINY, *sets(average=0.9), "--epochs", 1, "--out", "it") == 0
    it = RunDirectory("it")
    G, _ = build(it.recipe(), 64, numpy)
    G.theta = checkpoint(it.path)["average_g"]
    noise = streams(it.recipe().seed)["sample"]
    numpy.testing.assert_allclose(shown[-1], sample(G, it.recipe().noise, 100, noise), rtol=1e-5)
    G.theta = checkpoint(it.path)["theta_g"]
    noise = streams(it.recipe().seed)["sample"]
    assert not numpy.allclose(shown[-1], sample(G, it.recipe().noise, 100, noise), rtol=1e-5)


def test_the_measure_is_of_the_average(here):
    """The Parzen value, by which the best checkpoint is chosen, is of the samples that a user gets."""
    assert run(*TINY, *sets(average=0.9), "--epochs", 1, "--out", "it") == 0
    it = RunDirectory("it")
    G, _ = build(it.recipe(), 64, numpy)
    validation = as_float(load("images.npy").validation[: parzen.VALIDATION])
    values = {}
    for name in ("average_g", "theta_g"):
        G.theta = checkpoint(it.path)[name]
        drawn = sample(G, it.recipe().noise, parzen.SAMPLES, streams(it.recipe().seed)["sample"])
        values[name] = parzen.best_bandwidth(drawn, validation)[0]
    (row,) = it.read_metrics()
    assert values["average_g"] != pytest.approx(values["theta_g"], rel=1e-6)
    assert row["parzen"] == pytest.approx(values["average_g"], rel=1e-8)


def test_resume_is_bit_exact(here):
    averaged = [*TINY, *sets(average=0.95)]
    assert run(*averaged, "--iterations", 33, "--out", "straight") == 0
    assert run(*averaged, "--iterations", 13, "--out", "stopped") == 0
    assert run("train", "--resume", "--out", "stopped", "--iterations", 33, "--quiet") == 0
    straight, stopped = (checkpoint(RunDirectory(name).path) for name in ("straight", "stopped"))
    assert all(
        straight[name].tobytes() == stopped[name].tobytes()
        for name in straight.keys() - {"checksum", "seconds", "best", "made"}
    )
    assert (RunDirectory("straight").samples / "00000033.png").read_bytes() == (
        RunDirectory("stopped").samples / "00000033.png"
    ).read_bytes()


def test_the_run_says_so(here, capsys):
    arguments = [argument for argument in TINY if argument != "--quiet"]
    assert run(*arguments, *sets(average=0.9), "--iterations", 1, "--out", "it") == 0
    assert "samples use the running average of θ_g, β = 0.9" in capsys.readouterr().out
    assert "running average" in RunDirectory("it").config.read_text()


@pytest.mark.parametrize("value", ["1", "-0.1", "nan"])
def test_beta_out_of_range(value, here, capsys):
    assert run(*TINY, *sets(average=value), "--out", "it") == 2
    assert "average: expected a number in [0, 1)" in capsys.readouterr().err
