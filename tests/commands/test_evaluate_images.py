"""The evaluation as a whole: its rows and table, the real-data row, memorising, and what it
refuses.
"""

import json

import numpy
import pytest
from matplotlib.image import imread

from numpygan.arrays import Stream
from numpygan.data import dataset as datasets
from numpygan.data.dataset import Dataset, as_float
from numpygan.errors import NumpyganError
from numpygan.metrics import baselines, parzen
from numpygan.metrics import image_scores as evaluation
from numpygan.metrics.memorising import memorising
from tests.helpers.cli import images, run, sets

PIXELS = [
    "Parzen log-likelihood, authors' grid (nats)",
    "Parzen log-likelihood, fine grid (nats)",
    "MMD²",
    "1-NN accuracy",
    "Precision",
    "Recall",
    "Density",
    "Coverage",
    "Distance to nearest training image",
    "Nearer to training than to held-out",
]
DIGITS = ["Fréchet distance", "Class histogram, distance"]


REAL = images(1200).reshape(-1, 64)
FRESH = as_float(REAL[800:])  # real images that are in no split


def small(test=200):
    return Dataset(REAL[:400], REAL[400:600], REAL[600 : 600 + test], (8, 8))


def by_name(rows):
    return {row["metric"]: row for row in rows}


@pytest.fixture(scope="module")
def data():
    return small()


@pytest.fixture(scope="module")
def result(data):
    few_modes = numpy.repeat(FRESH[:20], 20, 0) + numpy.random.default_rng(0).normal(
        0, 0.02, (400, 64)
    ).astype("float32")
    return evaluation.evaluate(few_modes, data, seed=3, baselines={"another": FRESH})


def test_every_row_has_its_fields(result):
    for rows in (result["rows"], result["baselines"]["another"]):
        assert [row["metric"] for row in rows] == PIXELS
        for row in rows:
            assert set(row) == {"metric", "value", "se", "real", "real_se", "detail", "caveat"}
            assert all(
                isinstance(row[name], float) and numpy.isfinite(row[name])
                for name in ("value", "se", "real", "real_se")
            )
            assert (
                row["caveat"].endswith(".")
                and "\n" not in row["caveat"]
                and "n = " in row["detail"]
            )
    assert json.loads(json.dumps(result))["rows"] == result["rows"]
    named = by_name(result["rows"])
    assert "k = 5" in named["Coverage"]["detail"] and "σ = " in named["MMD²"]["detail"]
    assert "n = 100" in named["MMD²"]["detail"] and "n = 400" in named[PIXELS[0]]["detail"]
    assert (
        named[PIXELS[0]]["value"] == result["parzen"]["mean"]
        and named[PIXELS[0]]["real"] == result["real"]["mean"]
    )


def test_real_images_have_the_null_values(result):
    for row in (by_name(result["rows"])["MMD²"], by_name(result["baselines"]["another"])["MMD²"]):
        assert abs(row["real"]) < 3.5 * row["real_se"]
    ours, another = by_name(result["rows"]), by_name(result["baselines"]["another"])
    for name, null in (
        ("1-NN accuracy", 0.5),
        ("Nearer to training than to held-out", 0.5),
        ("MMD²", 0.0),
    ):
        assert abs(ours[name]["real"] - null) < 3.5 * ours[name]["real_se"]
        # As do other real images
        assert abs(another[name]["value"] - null) < 3.5 * another[name]["se"]
    assert ours["Coverage"]["real"] > 0.85 and abs(ours["Density"]["real"] - 1) < 0.2


def test_twenty_images_over_and_over_are_told_from_real_images(result):
    ours = by_name(result["rows"])
    assert ours["MMD²"]["value"] > 3.5 * ours["MMD²"]["se"] and ours["1-NN accuracy"]["value"] > 0.7
    assert ours["Recall"]["value"] < 0.6 and ours["Coverage"]["value"] < 0.8


def test_the_table_shows_every_measure_and_its_caveat_once(result):
    lines = evaluation.table(result, with_paper=True)
    text = "\n".join(lines)
    for row in result["rows"]:
        at = next(i for i, line in enumerate(lines) if line.startswith(row["metric"]))
        assert lines[at].count(" ± ") == 3 and lines[at + 1].strip() in row["detail"]
        assert " ".join(text.split()).count(row["caveat"]) == 1
    assert "another ± SE" in lines[0] and "real ± SE" in lines[0] and "225 ± 2" in text
    assert "225" not in "\n".join(evaluation.table(result, with_paper=False))


def test_the_table_without_baselines_fits_100_columns(result):
    lines = evaluation.table(result | {"baselines": {}}, with_paper=True)
    assert max(map(len, lines)) <= 100


def test_a_bandwidth_at_the_edge_of_the_grid_is_told(data):
    assert "EDGE" not in evaluation.evaluate(FRESH, data)["rows"][0]["detail"]
    assert "AT THE EDGE of the grid" in evaluation.evaluate(FRESH - 5, data)["rows"][0]["detail"]


@pytest.mark.parametrize(
    ("value", "se", "shown"),
    [
        (197.43, 2.23, "197.4 ± 2.2"),
        (0.001432, 0.000243, "0.00143 ± 0.00024"),
        (0.7659, 0.005, "0.7659 ± 0.0050"),
        (-256075.4, 1234.0, "-256075.4 ± 1234.0"),
        (1.0, 0.0, "1.0000 ± 0.0000"),
        (1e-9, 1e-9, "0.000000 ± 0.000000"),
    ],
)
def test_a_value_is_shown_to_two_digits_of_its_error(value, se, shown, result):
    row = result["rows"][0] | {"value": value, "se": se}
    assert (
        f" {shown} "
        in evaluation.table(result | {"rows": [row], "baselines": {}}, with_paper=False)[1]
    )


def test_the_same_seed_gives_the_same_numbers(data):
    samples = as_float(images(60, seed=5).reshape(-1, 64))
    first = evaluation.evaluate(samples, data, seed=1)
    assert first == evaluation.evaluate(samples, data, seed=1)
    assert first["rows"] != evaluation.evaluate(samples, data, seed=2)["rows"]


def test_a_sorted_file_of_samples_is_not_cut_off(data):
    """More samples than are compared, the second half black: both halves take part."""
    samples = numpy.concatenate([FRESH[:100], numpy.zeros((100, 64), "float32")])
    assert 0.3 < by_name(evaluation.evaluate(samples, data)["rows"])["Precision"]["value"] < 0.7


def by_brightness(rows):
    return rows[rows.sum(1).argsort()]


def test_the_halves_of_the_test_split_are_random_and_share_nothing():
    """However the file is sorted."""
    dataset = Dataset(REAL[:400], REAL[400:600], by_brightness(REAL[600:800]), (8, 8))
    measures = evaluation.Measures(dataset, 100)
    reference, real = (
        {row.tobytes() for row in half} for half in (measures.reference, measures.real)
    )
    assert len(reference | real) == 200 and not reference & real
    places = [i for i, row in enumerate(as_float(dataset.test)) if row.tobytes() in reference]
    # 49.5 if it were the darker half
    assert abs(numpy.mean(places) - 99.5) < 4 * 100 / 12**0.5 / 200**0.5 * 2


def test_the_real_row_of_parzen_is_of_random_training_images(monkeypatch):
    """Of as many as there are samples, from a training split that is larger and sorted."""
    monkeypatch.setattr(evaluation, "SAMPLES", 100)
    train = numpy.concatenate([numpy.zeros_like(REAL[:300]), REAL[:300]])
    found = evaluation.evaluate(FRESH, Dataset(train, REAL[400:600], REAL[600:800], (8, 8)))["real"]
    black = evaluation.evaluate(FRESH, Dataset(train[:300], REAL[400:600], REAL[600:800], (8, 8)))[
        "real"
    ]
    assert found["samples"] == black["samples"] == 100 and found["mean"] > black["mean"] + 10


def test_digits_have_the_classifier():
    mnist = datasets.load("mnist")
    few = Dataset(mnist.train[:500], mnist.validation[:500], mnist.test[:600], (28, 28))
    ones = mnist.train[500:2000][datasets.mnist_labels()[0][500:2000] == 1]
    rows = by_name(evaluation.evaluate(as_float(ones), few, digits=True)["rows"])
    assert set(rows) == {*PIXELS, *DIGITS}
    histogram, distance = rows["Class histogram, distance"], rows["Fréchet distance"]
    assert histogram["value"] > 0.8 > 0.3 > histogram["real"]
    assert float(histogram["detail"].split(": ")[1].split()[1]) > 95  # per cent of ones
    assert distance["value"] > 5 * distance["real"] and "published FID" in distance["caveat"]
    assert rows["Recall"]["value"] < 0.5


# Memorising


def test_memorising_by_hand():
    train, held_out = numpy.array([[0.0, 0.0], [10.0, 0.0]]), numpy.array([[0.0, 4.0], [20.0, 0.0]])
    (distance, se), (nearer, nearer_se) = memorising(
        numpy.array([[0.0, 1.0], [18.0, 0.0]]), train, held_out, Stream(0)
    )
    assert (distance, se) == (pytest.approx((1 + 8) / 2), pytest.approx(3.5 / 2**0.5))
    assert (nearer, nearer_se) == (0.5, pytest.approx(0.5 / 2**0.5))


def test_a_tie_between_training_and_held_out_is_half():
    points = [numpy.array([[value]]) for value in (1.0, 0.0, 2.0)]
    assert memorising(*points, Stream(0))[1] == (0.5, 0.0)


def test_as_many_held_out_as_training_examples_are_asked():
    """Else the larger split would be nearer by its number alone."""
    nearer, se = memorising(FRESH, REAL[:100], REAL[100:800], Stream(0))[1]
    assert abs(nearer - 0.5) < 3.5 * se < 0.15


def test_the_training_examples_that_are_asked_are_picked_at_random():
    """The first of a sorted split are like no sample."""
    train = numpy.concatenate([numpy.zeros_like(REAL[:200]), REAL[:200]])
    nearer, se = memorising(FRESH, train, REAL[400:600], Stream(0))[1]
    # ⅓: half of those that are picked are images, beside twice as many
    assert nearer > 0.15 + 3.5 * se


def test_copies_are_caught_and_fresh_images_are_not(data):
    copies = as_float(data.train[:300])
    (distance, _), (nearer, _) = memorising(copies, data.train, data.validation, Stream(0))
    # The picked half of the training images are found, the others are even
    assert distance < 1e-6 and nearer > 0.7
    (distance, _), (nearer, se) = memorising(FRESH, data.train, data.validation, Stream(0))
    assert distance > 0.5 and abs(nearer - 0.5) < 3.5 * se
    assert memorising(copies, data.train[:200], data.validation, Stream(0))[1][0] > 0.8


def test_the_nearest_of_all_training_images_counts(data):
    brute = [numpy.sqrt(((as_float(data.train) - row) ** 2).sum(1).min()) for row in FRESH]
    assert memorising(FRESH, data.train, data.validation[:50], Stream(1))[0][0] == pytest.approx(
        numpy.mean(brute), rel=1e-5
    )


# Refused


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (numpy.zeros((5, 64)), "5 are too few for the 5 nearest"),
        (numpy.zeros((9, 65)), "width 64"),
        (numpy.full((9, 64), numpy.nan), "row 0 holds values that are NaN"),
    ],
)
def test_samples_that_will_not_do(samples, words, data):
    with pytest.raises(NumpyganError, match=words):
        evaluation.evaluate(samples, data)


def test_a_test_split_that_is_too_small():
    with pytest.raises(
        NumpyganError, match="the 11 test examples are too few .* expected at least 12"
    ):
        evaluation.evaluate(numpy.zeros((20, 64)), small(test=11))
    evaluation.evaluate(as_float(images(20).reshape(-1, 64)), small(test=12))


# The command


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parzen, "SAMPLES", 50)
    numpy.save("images.npy", images())
    numpy.save("samples.npy", as_float(images(80, seed=3).reshape(-1, 64)))
    return tmp_path


def test_baselines_get_columns_and_a_picture(here, capsys, monkeypatch):
    monkeypatch.setattr(baselines, "ITERATIONS", 2)
    command = "evaluate", "--samples", "samples.npy", "--data", "images.npy"
    assert run(*command, "--baselines", "side.png") == 0
    out = capsys.readouterr().out
    found = json.loads((here / "evaluation.json").read_text())
    assert (
        list(found["baselines"]) == ["Gaussian", "Gaussian mixture"]
        and "Gaussian mixture ± SE" in out
    )
    for rows in found["baselines"].values():
        assert [row["metric"] for row in rows] == [row["metric"] for row in found["rows"]]
    picture = imread(here / "side.png")
    assert picture.shape[1] > 3 * picture.shape[0] and picture.std() > 0.1
    (here / "evaluation.json").unlink()
    assert (
        run(*command, "--baselines", "side.png") == 2
        and "side.png: exists" in capsys.readouterr().err
    )
    assert (
        run(*command, "--baselines", "side.jpg") == 2
        and "--baselines side.jpg" in capsys.readouterr().err
    )
    assert not (here / "evaluation.json").exists()


@pytest.mark.parametrize(("preprocess", "asked"), [("none", True), ("contrast", False)])
def test_the_classifier_is_asked_of_digits_as_they_are(preprocess, asked, here, monkeypatch):
    """It knows pixels in [0, 1], not those of a recipe that normalises the contrast."""
    small = sets(
        generator="relu 8, linear",
        scale_g="0,0",
        discriminator="relu 8",
        keep="1,1",
        scale_d="0,0",
        bias="zero",
    )
    command = "train", "mnist", "--quiet", *small, *sets(preprocess=preprocess), "--iterations", 1
    assert run(*command, "--out", "it") == 0
    seen = []

    def evaluate(samples, dataset, seed, digits, *_):
        seen.append(digits)
        raise NumpyganError("this is enough.")

    monkeypatch.setattr(evaluation, "evaluate", evaluate)
    assert run("evaluate", "it") == 2 and seen == [asked]


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (numpy.zeros((5, 64), "float32"), "5 are too few"),
        (numpy.zeros((9, 65), "float32"), "width 64"),
        (numpy.full((9, 64), numpy.nan), "NaN"),
        (numpy.zeros((9, 64), complex), "expected floats"),
    ],
)
def test_bad_samples_are_one_sentence(samples, words, here, capsys):
    numpy.save("bad.npy", samples)
    command = "evaluate", "--samples", "bad.npy", "--data", "images.npy", "--baselines", "side.png"
    assert run(*command) == 2
    error = capsys.readouterr().err
    assert error.startswith("numpygan: samples: ") and words in error and error.count("\n") == 1
    assert not (here / "evaluation.json").exists() and not (here / "side.png").exists()


def test_baselines_of_what_is_no_image(here, capsys):
    numpy.save("rows.npy", numpy.random.default_rng(0).random((200, 5)))
    numpy.save("samples.npy", numpy.random.default_rng(1).random((80, 5)))
    command = "evaluate", "--samples", "samples.npy", "--data", "rows.npy"
    assert run(*command, "--baselines", "side.png") == 2 and "not images" in capsys.readouterr().err
    assert run(*command) == 0
