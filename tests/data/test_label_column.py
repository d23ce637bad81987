"""Tables of pixels without names: the column of labels is left out, and never a pixel.

A .npy array is read as a CSV file of the same numbers.
"""

import numpy
import pytest

from numpygan.data.dataset import load, samples_like
from numpygan.data.delimited import read_csv
from numpygan.data.readers import read_file
from numpygan.errors import NumpyganError

N = 90
RNG = numpy.random.default_rng(4)
DIGITS = RNG.permutation(numpy.arange(N) % 10)
SHAPES = 60 * (numpy.add.outer(numpy.arange(8), numpy.arange(8)) % 5 == 2)
NOISY = RNG.integers(1, 30, (N, 8, 8)) + SHAPES * RNG.integers(1, 4, (N, 1, 1))
BLACK = (SHAPES * RNG.integers(1, 4, (N, 1, 1)) // 2).astype(int)
PIXELS = {
    "noisy": NOISY.reshape(N, 64),
    "black": BLACK.reshape(N, 64),
    "white, 4 bits": 15 - BLACK.reshape(N, 64) // 6,
    "floats": NOISY.reshape(N, 64) / 255,
}
LABELS = {
    "0 to 9": DIGITS,
    "1 to 10": DIGITS + 1,
    "0 and 1": DIGITS // 5,
    "-1 and 1": DIGITS // 5 * 2 - 1,
    "sorted": numpy.sort(DIGITS),
    "cyclic": numpy.arange(N) % 10,
    "of one class": DIGITS * 0 + 3,
}


def as_array(path, rows):
    with open(path, "wb") as file:
        numpy.save(file, rows)
    return path


def saved(path, rows):
    path.write_text("".join(",".join(f"{cell:g}" for cell in row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("pixels", PIXELS)
def test_labels_are_left_out_and_no_pixel(pixels, labels, last, tmp_path):
    ends = (PIXELS[pixels], LABELS[labels])
    notes = []
    found = read_csv(
        saved(tmp_path / "x", numpy.column_stack(ends if last else ends[::-1])), "auto", notes
    )
    assert notes == [f"left out: column {65 if last else 1}"]
    numpy.testing.assert_allclose(found, PIXELS[pixels], rtol=1e-4)
    array = read_file(as_array(tmp_path / "x", numpy.column_stack(ends if last else ends[::-1])))
    assert array.notes == notes and numpy.array_equal(array.arrays["train"], PIXELS[pixels])


def test_labels_that_come_again_every_tenth_row_are_labels(tmp_path):
    """Of 2,000 rows 200 are looked at, but not each tenth."""
    rows = numpy.tile(PIXELS["black"][:80], (25, 1))
    found = read_csv(saved(tmp_path / "x", numpy.c_[numpy.arange(2000) % 10, rows]), "auto", [])
    assert numpy.array_equal(found, rows)


@pytest.mark.parametrize(
    "first, last",
    [
        (DIGITS, None),  # a corner with the values of labels
        (None, DIGITS * 0),  # images of the digit 0 alone, whose corners are black
        (None, RNG.integers(1, 30, N)),  # counts, perhaps
    ],
)
def test_where_each_end_can_be_the_labels_the_column_must_be_named(first, last, tmp_path):
    pixels = PIXELS["noisy"].copy() if numpy.any(last) else PIXELS["black"].copy()
    if first is not None:
        pixels[:, -1] = RNG.permutation(DIGITS)
    rows = numpy.c_[pixels, last] if first is None else numpy.c_[first, pixels]
    for save in (saved, as_array):
        path = save(tmp_path / "x", rows)
        with pytest.raises(
            NumpyganError, match="x: has 65 columns .*--drop 1 or --drop 65, .*none"
        ):
            load(path)
        assert load(path, drop="1").image_shape == load(path, drop="65").image_shape == (8, 8)
        assert load(path, drop="none").dim == 65


LOW = RNG.integers(0, 9, (N, 3))
FAINT = BLACK.reshape(N, 64).copy()
FAINT[:, [55, 62, 63]] = LOW  # the last pixel and the two beside it
BRIGHT = NOISY.reshape(N, 64).copy()
BRIGHT[:, 63] = LOW[:, 0]
DOT = BLACK.reshape(N, 64).copy()
DOT[5, 63] = 37


@pytest.mark.parametrize("pixels, label", [(FAINT, 0), (BRIGHT, 3), (DOT, 0)])
def test_a_low_pixel_is_not_taken_for_labels_in_place_of_one_class(pixels, label, tmp_path):
    """Which of the two columns holds the labels cannot be seen, so the user is asked."""
    rows = numpy.c_[DIGITS * 0 + label, pixels]
    for save in (saved, as_array):
        with pytest.raises(NumpyganError, match="--drop 1 or --drop 65"):
            load(save(tmp_path / "x", rows))


def test_labels_like_one_pixel_beside_them_are_found_beside_a_black_one(tmp_path):
    pixels = BLACK.reshape(N, 64).copy()
    pixels[:, 56] = RNG.integers(0, 10, N)
    found = read_file(as_array(tmp_path / "x", numpy.c_[pixels, DIGITS]))
    assert found.notes == ["left out: column 65"]


def test_100_classes_beside_a_black_corner_are_not_trained_on(tmp_path):
    rows = numpy.c_[numpy.arange(N) + 5, PIXELS["black"]]
    with pytest.raises(NumpyganError, match="--drop 1 or --drop 65"):
        load(saved(tmp_path / "x", rows))


def test_labels_in_arrays_of_every_split_are_left_out_and_said_once(tmp_path):
    rows = numpy.c_[DIGITS, PIXELS["noisy"]].astype("uint8")
    numpy.savez(tmp_path / "x.npz", x_train=rows, x_test=rows[::-1])
    (tmp_path / "folder").mkdir()
    for split, part in (("train", rows), ("test", rows[::-1])):
        numpy.save(tmp_path / "folder" / f"x_{split}.npy", part)
    for name in ("x.npz", "folder"):
        data = load(tmp_path / name)
        assert data.notes == ("left out: column 1",) and data.image_shape == (8, 8)
        assert data.train.dtype == "uint8" and numpy.array_equal(data.test, PIXELS["noisy"][::-1])


@pytest.mark.parametrize("array", [PIXELS["floats"], NOISY, NOISY[:, :3, :5].reshape(N, 15)])
def test_other_arrays_keep_all_columns(array, tmp_path):
    found = read_file(as_array(tmp_path / "x", array))
    assert found.notes == [] and numpy.array_equal(found.arrays["train"], array)


@pytest.mark.parametrize(
    "drop, told",
    [
        ("label", "x: --drop: there is no column 'label'; the file has 65 columns without names."),
        ("66", "x: --drop: there is no column '66'; the file has 65 columns without names."),
        (",".join(map(str, range(1, 66))), "no column is left; leave out fewer."),
    ],
)
def test_columns_of_an_array_have_numbers(drop, told, tmp_path):
    path = as_array(tmp_path / "x", numpy.c_[DIGITS, PIXELS["noisy"]])
    with pytest.raises(NumpyganError, match=told):
        load(path, drop=drop)
    data = load(path, drop="1,3")
    assert data.dim == 63 and data.notes[0] == "left out: column 1, column 3"


def test_images_have_no_columns(tmp_path):
    with pytest.raises(NumpyganError, match="--drop is for the columns of a table"):
        load(as_array(tmp_path / "x", NOISY), drop="1")


def test_samples_are_compared_whole(tmp_path):
    """Their width is that of the data, and no option says how to read them."""
    path = as_array(tmp_path / "x", numpy.c_[DIGITS, PIXELS["noisy"]])
    assert samples_like(load(path, drop="none"), path).shape == (N, 65)
    with pytest.raises(NumpyganError, match="expected rows of width 64"):
        samples_like(load(path), path)
