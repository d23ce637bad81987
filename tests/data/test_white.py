"""Which value is white: where it is not known, the data are refused or the run says so."""

import numpy
import pytest

from numpygan.data.dataset import load, samples_like
from numpygan.errors import NumpyganError

GREY = numpy.random.default_rng(0).integers(0, 256, (24, 9, 9), dtype="uint8")
GREY[0, 0] = 255


def saved(path, **arrays):
    numpy.savez(path / "x.npz", **arrays)
    return load(path / "x.npz")


@pytest.mark.parametrize("white", [17, 100, 127.5, 199])
def test_fractions_far_below_255_are_refused(white, tmp_path):
    """Percents, for example: 100 would become 100/255."""
    with pytest.raises(NumpyganError, match=rf"float64 in \[0, {white:g}\].*white.*divide"):
        saved(tmp_path, x=GREY * (white / 255))


@pytest.mark.parametrize("white", [201, 254.7])
def test_fractions_near_255_are_grey_levels(white, tmp_path):
    data = saved(tmp_path, x=GREY * (white / 255))
    assert data.range == (0, 1) and data.train.max() == pytest.approx(white / 255)


def test_white_is_looked_for_in_all_splits(tmp_path):
    dim = GREY[:12] * 0.3
    data = saved(tmp_path, x_train=GREY, x_test=dim)
    assert numpy.allclose(data.test, dim.reshape(12, 81) / 255)
    data = saved(tmp_path, x_train=dim, x_test=GREY * 0.99)
    assert data.train.max() == pytest.approx(0.3) and data.test.max() == pytest.approx(0.99)


def test_whole_numbers_may_be_dim(tmp_path):
    data = saved(tmp_path, x=numpy.rint(GREY * 0.3))
    assert data.train.dtype == numpy.uint8 and len(data.notes) == 1


def test_samples_with_fractions_far_below_255_are_refused(tmp_path):
    data = saved(tmp_path, x=GREY)
    numpy.save(tmp_path / "s.npy", GREY / 2.55)
    with pytest.raises(NumpyganError, match=r"\[0, 100\].*white is not known"):
        samples_like(data, tmp_path / "s.npy")
    numpy.save(tmp_path / "s.npy", GREY * 0.99)
    assert samples_like(data, tmp_path / "s.npy").max() == pytest.approx(0.99)


@pytest.mark.parametrize("white", [1e-8, 0.4])
def test_images_that_fill_little_of_0_to_1_are_said_to_be_dark(white, tmp_path):
    (note,) = saved(tmp_path, x=GREY * (white / 255)).notes
    assert (
        note
        == f"the brightest pixel is {white:g} of 1; if {white:g} is white, divide the data by it"
    )
    assert saved(tmp_path, x=GREY / 255).notes == ()
    (note,) = saved(tmp_path, x=GREY / 255 - 0.5).notes  # read as [−1, 1]
    assert note.startswith("the brightest pixel is 0.5 of 1; ")


def test_tables_whose_numbers_are_tiny_are_said_to_be_tiny(tmp_path):
    rows = numpy.random.default_rng(0).random((60, 5))
    rows[0] = 1
    (note,) = saved(tmp_path, x=rows * 1e-8).notes
    assert note.startswith("the largest value is 1e-08 of 1; ")
    assert saved(tmp_path, x=rows * 0.3).notes == ()


@pytest.mark.parametrize("value, dtype", [(0, "uint8"), (255, "uint8"), (1, "float32")])
def test_data_of_one_value_are_said_to_be_that(value, dtype, tmp_path):
    numpy.save(tmp_path / "x.npy", numpy.full((60, 9, 9), value, dtype))
    assert load(tmp_path / "x.npy").notes == (f"every value is {value}",)


@pytest.mark.parametrize("shape", [(60, 5), (60, 3, 3)])
@pytest.mark.parametrize("unit", [1e-8, 1e-5])
def test_small_numbers_below_0_are_no_rounding(unit, shape, tmp_path):
    """A value of −3e-8 beside 8e-8 is data; beside 1 it is a rounding, which is cut off."""
    rows = numpy.random.default_rng(0).normal(2, 2, shape) * unit
    data = saved(tmp_path, x=rows)
    flat = rows.reshape(60, -1).astype("float32")
    assert flat[:40].min() < -unit and data.range is None
    assert numpy.array_equal(data.train, flat[:40])
    rows[0] = 1
    assert saved(tmp_path, x=rows).train.min() == 0
