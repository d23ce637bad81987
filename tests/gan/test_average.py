"""The running average of θ_g: its weights, and that training never reads it."""

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream, streams
from numpygan.data.dataset import as_float, load
from numpygan.figures import pictures
from numpygan.gan.average import Average
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


def network(value=0.0):
    net = ng.MLP([ng.Affine(1, 1)], dtype="float64")
    net.theta[...] = value
    return net


def test_worked_by_hand():
    net = network()
    average = Average(net, 0.5)
    net.theta[...] = 9
    average.update(1)  # β_1 = 0: the start is forgotten
    assert average.net.theta == pytest.approx([9, 9], rel=1e-15)
    net.theta[...] = 1
    average.update(2)  # β_2 = 1/4, so 3/4 of the way from 9 to 1
    assert average.net.theta == pytest.approx([3, 3], rel=1e-15)
    average.update(1000)  # β itself
    assert average.net.theta == pytest.approx([2, 2], rel=1e-15)
    assert (net.theta == 1).all()


def test_every_entry_of_a_theta_of_many_pieces():
    net = ng.MLP([ng.Affine(500, 501)])
    average = Average(net, 0.9)
    net.initialize(Stream(0))
    average.update(1)
    assert numpy.allclose(average.net.theta, net.theta, rtol=1e-6, atol=0)


@pytest.mark.parametrize("moved", [0, 1])
def test_an_older_pass_of_the_averaged_network_is_stale(moved):
    average = Average(network(1.0), 0.5)
    tape = average.net.tape(1)
    average.net.forward(tape.x, tape)
    for _ in range(moved):  # a version that counts down would be that of the pass again
        average.net.theta = average.net.theta.copy()
    average.update(1)
    with pytest.raises(ng.NumpyganError, match="stale"):
        average.net.backward(tape.gy, tape)


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
