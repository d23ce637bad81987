"""The page docs/files.md: its keys are those that small runs write."""

import json
import re

import numpy
import pytest

from numpygan.metrics import parzen
from tests.helpers.cli import TINY, TINY_TOY, checkpoint, images, run
from tests.helpers.pages import DOCS


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run of momentum on images and a run of Adam with an average on a toy."""
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(parzen, "SAMPLES", 50)
        numpy.save("images.npy", images())
        assert run(*TINY, "--iterations", 2, "--out", "images") == 0
        assert run(*TINY_TOY, "--iterations", 2, "--set", "average=0.9", "--out", "toy") == 0
        assert run("export", "toy", "-o", "toy.npz") == 0
        line = "evaluate images --ais --examples 10 --distributions 2 --data images.npy"
        assert run(*line.split()) == 0
    return folder


def documented(heading):
    """The keys in the table under a heading."""
    page = (DOCS / "files.md").read_text(encoding="utf-8")
    part = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", part, re.M))


def test_the_keys_of_a_checkpoint(runs):
    first, second = checkpoint(runs / "images"), checkpoint(runs / "toy")
    assert "order" in first and "average_g" in second and "squares_g" in second  # they differ
    assert documented("checkpoint.npz and best.npz") == {*first, *second}
    assert set(checkpoint(runs / "images", "best.npz")) == set(first)


def test_the_keys_of_ais_and_export(runs):
    assert documented("ais.npz") == set(checkpoint(runs / "images", "ais.npz"))
    written = {re.sub(r"\.\d+\.", ".i.", name) for name in checkpoint(runs, "toy.npz")}
    assert documented("What export writes") == written


def test_the_columns_of_metrics_and_the_keys_of_an_evaluation(runs):
    header = (runs / "images" / "metrics.csv").read_text(encoding="utf-8").split("\n")[0]
    assert documented("metrics.csv") == set(header.split(","))
    found = json.loads((runs / "images" / "evaluation.json").read_text(encoding="utf-8"))
    assert documented("evaluation.json") == {*found, *found["rows"][0]}
