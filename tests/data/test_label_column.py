"""Tables of pixels without names: the column of labels is left out, and never a pixel."""

import numpy
import pytest

from numpygan.data.dataset import load
from numpygan.data.delimited import read_csv
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
    path = saved(tmp_path / "x", rows)
    with pytest.raises(NumpyganError, match="x: has 65 columns .*--drop 1 or --drop 65, .*none"):
        load(path)
    assert load(path, drop="1").image_shape == load(path, drop="65").image_shape == (8, 8)
    assert load(path, drop="none").dim == 65


def test_100_classes_beside_a_black_corner_are_not_trained_on(tmp_path):
    rows = numpy.c_[numpy.arange(N) + 5, PIXELS["black"]]
    with pytest.raises(NumpyganError, match="--drop 1 or --drop 65"):
        load(saved(tmp_path / "x", rows))
