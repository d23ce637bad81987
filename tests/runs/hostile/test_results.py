"""Results that two commands write: what one found is not lost to the other, and is read again."""

import json

import numpy
import pytest

from numpygan.metrics import ais, image_scores
from tests.helpers.cli import files, run, sets

AIS = ("--ais", "--examples", 1, "--distributions", 2)


def metrics_of(path):
    return [row["metric"] for row in json.loads((path / "evaluation.json").read_text())["rows"]]


def test_a_large_seed_is_read_again(hurt, capsys):
    assert run("evaluate", "hurt", "--seed", 10**30) == 0
    assert run("report", "hurt", "-o", "new.html") == 0
    assert run("evaluate", "hurt", "--seed", 10**100) == 2
    assert "expected a whole number from 0 to 10¹⁰⁰" in capsys.readouterr().err


def test_what_evaluate_wrote_during_ais_is_kept(hurt, monkeypatch):
    before = metrics_of(hurt)
    (hurt / "evaluation.json").unlink()
    gap = ais.gap

    def slow(*args, **options):
        monkeypatch.setattr(ais, "gap", gap)
        assert run("evaluate", "hurt") == 0
        return gap(*args, **options)

    monkeypatch.setattr(ais, "gap", slow)
    assert run("evaluate", "hurt", *AIS) == 0
    assert ais.gap is gap
    after = metrics_of(hurt)
    assert after[:-2] == before and len(before) > 2 and all("AIS" in name for name in after[-2:])


def test_what_ais_wrote_during_evaluate_is_kept(hurt, monkeypatch):
    before = metrics_of(hurt)
    evaluate = image_scores.evaluate

    def slow(*args, **options):
        assert run("evaluate", "hurt", *AIS) == 0
        return evaluate(*args, **options)

    monkeypatch.setattr(image_scores, "evaluate", slow)
    assert run("evaluate", "hurt") == 0
    after = metrics_of(hurt)
    assert after[:-2] == before and all("AIS" in name for name in after[-2:])


@pytest.mark.parametrize("name", ["checkpoint.npz", "best.npz", "ais.npz"])
def test_an_export_does_not_replace_a_file_of_the_run(name, hurt, capsys):
    there = files(hurt)
    assert run("export", "hurt", "-o", hurt / name, "--force") == 2
    assert f"{name}: is the name of a file that the run in" in capsys.readouterr().err
    assert files(hurt) == there
    assert run("export", "hurt", "-o", hurt / "networks.npz") == 0


def test_two_ais_at_once_add_to_each_other(hurt, monkeypatch):
    command, gap = ("evaluate", "hurt", "--ais", "--examples", 20, "--distributions", 2), ais.gap

    def meanwhile(*args, **options):
        found = gap(*args, **options)
        monkeypatch.undo()
        assert run(*command) == 0
        monkeypatch.setattr(ais, "forward", stop)  # after the batch of `found` is saved
        return found

    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(ais, "gap", meanwhile)
    assert run(*command) == 130
    with numpy.load(hurt / "ais.npz") as state:
        assert len(state["acceptance"]) == 2 and not numpy.isnan(state["acceptance"]).any()


@pytest.mark.slow
def test_seeds_whose_metrics_are_gone(world, capsys):
    nets = sets(generator="relu 4, linear", scale_g="0,0", discriminator="relu 4", keep="0.9,1")
    command = "evaluate", "ring", "--seeds", 1, "--out", "seeds", *nets
    command += (*sets(scale_d="0,0", batch=50, iterations=2),)
    assert run(*command) == 0
    assert "trained in" in capsys.readouterr().out
    (world / "seeds" / "0" / "metrics.csv").unlink()
    assert run(*command) == 0
    assert "trained in" not in capsys.readouterr().out
