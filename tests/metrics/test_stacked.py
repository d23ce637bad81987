"""Stacked-MNIST: the data, the count of modes and the reverse KL, by hand and by the command."""

import json
import math

import numpy
import pytest

from numpygan.commands import evaluate_stacked
from numpygan.data.dataset import Dataset, load, mnist_labels, stacked
from numpygan.errors import NumpyganError
from numpygan.metrics.classifier import Classifier
from numpygan.metrics.stacked import SAMPLES, coverage, evaluate, modes_of, read_planes, table
from numpygan.recipes.builtin import RECIPES
from tests.helpers.cli import run, sets

SMALL = sets(
    generator="relu 8, sigmoid",
    scale_g="0,0",
    discriminator="maxout 4x2",
    scale_d="0,0",
    keep="0.8,0.5",
    sigma_rows=20,
)


def test_modes_and_reverse_kl_by_hand():
    """Labels of four samples: mode 007 twice, 123 and 999 once."""
    classes = numpy.array([[0, 0, 7], [1, 2, 3], [9, 9, 9], [0, 0, 7]])
    assert modes_of(classes).tolist() == [7, 123, 999, 7]
    found, kl = coverage(modes_of(classes))
    # ½ log 500 + 2 · ¼ log 250 = log 250 + ½ log 2
    assert found == 3 and kl == pytest.approx(math.log(250) + math.log(2) / 2, rel=1e-12)


def test_the_ends_of_the_reverse_kl():
    assert coverage(numpy.arange(1000).repeat(3)) == (1000, pytest.approx(0, abs=1e-12))
    assert coverage(numpy.zeros(5, int)) == (1, pytest.approx(math.log(1000)))
    half = coverage(numpy.arange(500))
    assert half == (500, pytest.approx(math.log(2)))


def test_each_plane_shows_every_image_once():
    rows = numpy.arange(6, dtype="uint8").reshape(6, 1).repeat(4, 1)
    made = stacked(Dataset(rows, rows[:2], rows[:3], (2, 2)))
    assert made.image_shape == (3, 2, 2) and made.range == (0, 1)
    assert made.train.shape == (6, 12) and made.train.dtype == "uint8"
    planes = made.train.reshape(6, 3, 4)
    assert (planes == planes[:, :, :1]).all()  # no image is torn
    orders = planes[:, :, 0].T.tolist()
    assert all(sorted(order) == list(range(6)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    again, other = (stacked(Dataset(rows, rows, rows, (2, 2)), seed).train for seed in (0, 1))
    assert (again == made.train).all() and (other != made.train).any()


def test_stacked_needs_grey_images():
    rows = numpy.zeros((2, 12), "uint8")
    for shape in (None, (3, 2, 2)):
        with pytest.raises(NumpyganError, match="grey images"):
            stacked(Dataset(rows, rows, rows, shape))


@pytest.fixture(scope="module")
def data():
    return load("stacked-mnist")


def test_the_data(data):
    assert data.train.shape == (50_000, 2352) and len(data.validation) == len(data.test) == 10_000
    assert data.image_shape == (3, 28, 28) and "colour" in data.understood
    assert data.digest() != load("mnist").digest()
    # Each test digit lies once in each plane.
    digits, planes = load("mnist").test, data.test.reshape(-1, 3, 784)
    for plane in range(3):
        assert (numpy.sort(planes[:, plane].sum(1)) == numpy.sort(digits.sum(1))).all()


def test_the_classifier_reads_the_planes_in_their_order():
    images, (_, labels) = load("mnist").test.astype("float32") / 255, mnist_labels()
    classifier = Classifier()
    read = classifier(images[:300])[1]
    picked = [int(numpy.flatnonzero((read == c) & (labels[:300] == c))[0]) for c in (4, 0, 9)]
    row = images[picked].reshape(1, -1)
    assert read_planes(classifier, row).tolist() == [409]


def test_the_table_and_its_errors():
    one = numpy.zeros((SAMPLES // 100, 2352), "float32")  # one mode, whatever it is called
    rows = evaluate(one for _ in range(100))
    modes, kl = rows
    assert (modes["value"], kl["value"]) == (1, pytest.approx(math.log(1000)))
    assert modes["real"] == 1000 and 0.015 < kl["real"] < 0.05 and 0 < kl["real_se"] < 0.001
    text = "\n".join(table(rows))
    for words in ("this GAN", "real images", "99.0", "3.400", "1000.0 ± 0.0", "25,600"):
        assert words in text
    with pytest.raises(NumpyganError, match="256 rows"):
        evaluate([one])
    with pytest.raises(NumpyganError, match="width 2352"):
        evaluate([one[:, :784]])


def test_the_recipe():
    recipe = RECIPES["stacked-mnist"]
    assert recipe.data == "stacked-mnist" and recipe.generator[-1] == "sigmoid"
    assert recipe.algorithm == "algorithm1"


def test_from_training_to_the_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("numpygan.metrics.parzen.SAMPLES", 50)
    train = ["train", "stacked-mnist", "--quiet", *SMALL, "--iterations", 3]
    assert run(*train, "--out", "it") == 0
    assert run("evaluate", "it") == 0
    out = capsys.readouterr().out
    assert "modes of 1,000" in out and "VEEGAN" in out
    result = json.loads((tmp_path / "it/evaluation.json").read_text())
    assert [row["metric"] for row in result["rows"]] == [
        "modes found",
        "reverse KL over modes (nats)",
    ]
    assert result["data"] == "stacked-mnist" and result["source"]["iteration"] == 3
    assert result["rows"][0]["real"] == 1000
    assert run("evaluate", "it", "--baselines", "b.png") == 2
    assert "stacked-mnist" in capsys.readouterr().err
    assert run("report", "it") == 0
    page = (tmp_path / "it/report.html").read_text()
    assert "modes found" in page and "Published modes" in page
    assert run("sample", "it", "-n", 4, "-o", "four.png") == 0
    from matplotlib.image import imread

    picture = imread("four.png")[..., :3]
    assert (picture[..., 0] != picture[..., 1]).any()  # in colour


def test_samples_from_a_file(tmp_path, monkeypatch, capsys, rng):
    monkeypatch.chdir(tmp_path)
    # A small protocol: the file would have 60 MB.
    monkeypatch.setattr("numpygan.metrics.stacked.SAMPLES", 40)
    assert evaluate_stacked.stacked.SAMPLES == 40
    numpy.save("some.npy", rng.integers(0, 256, (50, 3, 28, 28)).astype("uint8"))
    command = ["evaluate", "--samples", "some.npy", "--data", "stacked-mnist"]
    assert run(*command, "-o", "some.json") == 0
    assert json.loads((tmp_path / "some.json").read_text())["source"] == {"file": "some.npy"}
    numpy.save("few.npy", numpy.zeros((9, 3, 28, 28), "uint8"))
    command[2] = "few.npy"
    assert run(*command, "-o", "few.json") == 2
    err = capsys.readouterr().err
    assert "9 rows" in err and err.count("\n") == 1


def test_a_folder_of_that_name_is_not_taken_for_the_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacked-mnist").mkdir()
    assert run("train", "--data", "stacked-mnist", "--out", "it") == 2
    assert "./stacked-mnist" in capsys.readouterr().err
