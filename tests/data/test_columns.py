"""What the first lines of a run say of columns: lost digits, scales; and how many rows it has."""

import re

import numpy
import pytest

from numpygan.data.dataset import data_in_words, load, prepared
from numpygan.errors import NumpyganError
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change

N = 60
COUNT = numpy.arange(N)
NORMAL = numpy.random.default_rng(0).normal(size=(600, 3))


def saved(path, *columns):
    numpy.save(path / "x.npy", numpy.column_stack(columns))
    return load(path / "x.npy")


@pytest.mark.parametrize(
    "column, different",
    [
        (1_700_000_000 + COUNT, 1),  # times in seconds since 1970
        (123456789.01 + COUNT / 2, 4),
        (52.52 + COUNT * 1e-7, 2),
        (COUNT * 1e-60, 1),
        (numpy.where(COUNT < 30, 1_700_000_000, 1_700_086_400) + COUNT, 2),  # on two days
        (numpy.where(COUNT == 0, 0, 52.52 + COUNT * 1e-7), 3),
    ],
)
def test_a_column_of_which_float32_keeps_little_is_refused(column, different, tmp_path):
    sentence = f"column 2 holds 60 different values, in float32 only {different};"
    with pytest.raises(NumpyganError, match=f"x.npy: {sentence} .* first, so"):
        saved(tmp_path, NORMAL[:N, 0], column)


def test_a_column_of_which_float32_loses_some_is_named(tmp_path):
    (tmp_path / "x.csv").write_text(
        "a,t\n" + "".join(f"{i % 7}.5,{2**24 + i * 4 // 3}\n" for i in range(N))
    )
    note, *_ = load(tmp_path / "x.csv").notes
    assert note == "column t holds 60 different values, in float32 only 40: subtract the mean first"


@pytest.mark.parametrize(
    "column",
    [
        COUNT + 2**23,
        1_600_000_000 + 10_000 * COUNT,
        NORMAL[:N, 1] * 1e-30,
        NORMAL[:N, 1].astype("float32") + 1,
        COUNT * 0 + 0.1,
        numpy.where(COUNT > 50, NORMAL[:N, 1], 0),
    ],
)
def test_columns_that_float32_holds_are_read_without_a_word(column, tmp_path):
    notes = saved(tmp_path, column, column).notes
    assert not [note for note in notes if "float32" in note]


@pytest.mark.parametrize("shape", [(N, 9, 9), (5000, 4)])
def test_random_numbers_lose_nothing_in_float32(shape, tmp_path):
    stream = numpy.random.default_rng(0)
    for array in (stream.random(shape), stream.normal(size=shape), stream.normal(-99, 1, shape)):
        numpy.save(tmp_path / "x.npy", array)
        assert not [note for note in load(tmp_path / "x.npy").notes if "float32" in note]


def test_images_that_float32_makes_black_are_refused(tmp_path):
    numpy.save(tmp_path / "x.npy", numpy.random.default_rng(0).random((N, 9, 9)) * 1e-60)
    with pytest.raises(NumpyganError, match="the images hold 4,860 .* only 1; multiply by a power"):
        load(tmp_path / "x.npy")


ADVICE = "a GAN learns such columns badly: scale each to mean 0 and standard deviation 1"


@pytest.mark.parametrize(
    "factors, offsets, words",
    [
        ((1, 100, 10_000), (0, 0, 0), r"differ in scale up to [\d,]+ times"),
        ((1, 1, 1), (0, 2000, 0), r"lie up to 2,0\d\d deviations from 0"),
        ((1, 50, 1), (0, 0, 99), r"differ in scale up to 5\d times and lie up to \d+ dev.* from 0"),
    ],
)
def test_columns_that_are_to_be_scaled_are_said_to_be(factors, offsets, words, tmp_path):
    note, advice = saved(tmp_path, NORMAL * factors + offsets).notes
    assert re.fullmatch(f"columns {words}", note) and advice == ADVICE


@pytest.mark.parametrize("table", [NORMAL, NORMAL * 1e4, NORMAL * (1, 10, 5) + (5, 30, 20)])
def test_columns_of_one_scale_are_read_without_a_word(table, tmp_path):
    assert saved(tmp_path, table).notes == ()
    assert saved(tmp_path, table, numpy.full(600, 7.5)).notes == ()


# How many rows each split has


def lines(path, **changes):
    return data_in_words(prepared(change(RECIPES["mnist"], data=str(path), **changes)))


def test_the_first_lines_say_how_many_rows_are_trained_on(tmp_path):
    saved(tmp_path, NORMAL[:300])
    first, second = lines(tmp_path / "x.npy")
    assert first.startswith("data   300 rows of 3 numbers")
    assert second == "       200 for training, 50 for validation, 50 for testing"


@pytest.mark.parametrize(
    "changes, more",
    [
        ({"batch": 60}, "; an epoch leaves out 20 (no full minibatch)"),
        ({"batch": 60, "last_batch": "use"}, ""),
        ({"batch": 500}, ""),  # a training fits it to the 200 rows
    ],
)
def test_rows_that_fill_no_minibatch_are_counted(changes, more, tmp_path):
    saved(tmp_path, NORMAL[:300])
    _, second = lines(tmp_path / "x.npy", **changes)
    assert second == f"       200 for training, 50 for validation, 50 for testing{more}"


def test_the_first_lines_count_the_rows_of_mnist():
    first, second = data_in_words(prepared(RECIPES["mnist"]))
    assert first.startswith("data   60,000 grey images 28 × 28")
    assert second == "       50,000 for training, 10,000 for validation, 10,000 for testing"
