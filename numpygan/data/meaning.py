"""What a value means: the one place that decides it for data, samples and minibatches.

bool, or integers 0 and 1 only              0 and 1
uint8; integers or floats from 0 to 255     grey levels, read as value/255 in [0, 1]; floats with
                                            fractions only if one is 200 or more
floats in [0, 1] or [−1, 1]                 unchanged; rounding errors beyond the ends are cut off
integers −1, 0 and 1                        unchanged, [−1, 1]
other numbers                               a table of real numbers, unchanged
"""

import math
from dataclasses import dataclass

import numpy

from ..errors import NumpyganError

UNIT, SIGNED = (0.0, 1.0), (-1.0, 1.0)
REACHED = {"sigmoid": UNIT, "tanh": SIGNED}  # by a visible layer of G; a linear one reaches all
LARGEST_FLOAT32 = 3e38
_ROUNDING = 1e-3  # a value this far beyond an end of the range counts as a rounding error
_BEYOND = 0.25  # samples of a density may leave the range by this fraction of its length
_DARKEST = 16  # pixels in [0, 255] have a larger maximum; else they are on another scale
_WHITE = 200  # grey levels with fractions reach this; else their white is not 255
_DIM = 0.5  # half of white; a set of pixels without a brighter one is worth a note
_FAINT = 0.01  # a table in [0, 1] without a larger value is worth a note, too
_APART = 50  # two tables whose mean |x| have a larger ratio are on different scales


@dataclass(frozen=True)
class Values:
    """Facts about the values of an array."""

    dtype: numpy.dtype
    low: float
    high: float
    whole: bool  # all are whole numbers
    size: float  # the mean of |x|, 0 where it is not needed

    @classmethod
    def of(cls, array, where):
        """The facts about `array`. Raises NumpyganError if it holds anything but finite numbers."""
        if array.dtype.kind not in "biuf":
            raise NumpyganError(
                f"{where}: values are {array.dtype}; expected integers, floats or bools."
            )
        low, high = float(array.min()), float(array.max())
        if not (math.isfinite(low) and math.isfinite(high)) or max(-low, high) >= LARGEST_FLOAT32:
            with numpy.errstate(invalid="ignore"):
                bad = ~(numpy.abs(array) < LARGEST_FLOAT32)
            row = 1 + int(bad.reshape(len(array), -1).any(1).argmax())
            raise NumpyganError(
                f"{where}: holds values that are NaN, infinite or too large for float32, the first "
                f"in its row {row:,}; leave such rows or columns out."
            )
        floats = array.dtype.kind == "f"
        whole = not floats or (high > 1 and bool((numpy.rint(array) == array).all()))
        size = 0.0 if array.dtype.kind in "bu" else float(numpy.abs(array).mean(dtype="float64"))
        return cls(array.dtype, low, high, whole, size)

    @property
    def integer(self):
        return self.dtype.kind in "biu"

    @property
    def constant(self):
        return self.low == self.high

    def __str__(self):
        return f"{self.dtype} in [{self.low:g}, {self.high:g}]"


def scale_of(values, images, where):
    """The scale of the values: "bits", "pixels", "unit", "signed" or "real".

    images  True: the rows are images; False: they are not; None: the width would fit a square
    Raises NumpyganError if the values can be read in two ways, or do not fit the pixels of images.
    """
    low, high = values.low, values.high
    if values.integer and low >= 0 and high <= 1:
        return "bits"
    if values.dtype == numpy.uint8:
        return "pixels"
    if values.integer and (low, high) == (-1, 1):
        return "signed"
    if not values.integer:
        if low >= -_ROUNDING and high <= 1 + _ROUNDING:
            return "unit"
        both_ends = low <= -0.98 and high >= 0.98
        if low >= -1 - _ROUNDING and high <= 1 + _ROUNDING and (images or both_ends):
            return "signed"
    if images is not False and low >= -_ROUNDING and high <= 255.5:
        if high > _DARKEST and (values.whole or images):
            return "pixels"
        if values.whole and images:
            raise NumpyganError(
                f"{where}: holds whole numbers, {values}, whose white is not known; divide by the "
                "largest grey level, so that they lie in [0, 1]."
            )
        if high > _DARKEST:
            raise NumpyganError(
                f"{where}: {values} can be pixels of square images or a table; add --size HxW or "
                f"--size none."
            )
    if values.whole and images and (values.integer or high > 255.5):
        raise NumpyganError(
            f"{where}: pixels are {values}; expected 0 to 255, or floats in [0, 1] or [-1, 1], so "
            "divide them by the value of white."
        )
    return "real"


def common_scale(parts, images):
    """The scale that all splits share; `parts` maps the name of each split to its Values.

    Raises NumpyganError if a split is on another scale.
    """
    whole = _joined(parts.values())
    (first, train), *_ = parts.items()
    scale = scale_of(whole, images, first)
    if scale == "unit" and whole.low < -_ROUNDING * whole.high:
        scale = "real"  # all numbers are small, and so these are data
    of_train = scale_of(train, images, first) if scale == "real" else scale
    table = of_train == "real" or (images is not True and of_train != "pixels")
    for where, values in parts.items():
        if values.constant and whole.low <= values.low <= whole.high and values.low in (-1, 0, 1):
            continue  # all black or all white has a place on every scale
        own = scale_of(values, images, where)
        same = own == scale or {own, scale} == {"bits", "unit"}
        if scale == "real":
            same = _near(train, values) if table else own == of_train
            if images is not False and of_train == "real" and own in ("bits", "unit", "pixels"):
                same = same and train.low > -0.1  # else only these images are standardised
        if not same:
            if where == first:  # then the split farthest beyond it is the odd one
                where = max(
                    list(parts)[1:],
                    key=lambda s: max(train.low - parts[s].low, parts[s].high - train.high),
                )
            raise NumpyganError(
                f"{where}: holds {parts[where]}, {first} {train}; expected the same scale in all "
                "splits: rescale one of them, or shuffle the rows if they are sorted."
            )
    if scale == "pixels":
        _refuse_other_white(whole, first)
    return scale


def refuse_other_columns(train, rows, first, where):
    """Raise NumpyganError if one table has scaled columns and the other has not.

    Scaled columns have mean 0 and standard deviation 1, or all lie in [0, 1].
    """
    for one, other, scaled, raw in ((train, rows, first, where), (rows, train, where, first)):
        if how := _scaled_apart(one, other):
            raise NumpyganError(
                f"{scaled}: each column has {how}, the columns of {raw} have not; expected the "
                "same scale in all splits: rescale one of them."
            )


def _scaled_apart(one, other):
    """How each column of `one` is scaled, if most columns of `other` are not; else None."""
    if min(len(one), len(other)) < 6 or one.shape[1] < 2:
        return None
    if _standardised(one, 0.5).all() and _standardised(other, 1).mean() <= 0.5:
        return "mean 0 and standard deviation 1"
    if _from_0_to_1(one, 0.1).all() and _from_0_to_1(other, 1).mean() <= 0.5:
        return "values from 0 to 1"
    return None


def _standardised(rows, slack):
    """For each column whether its mean is 0 and its standard deviation 1, roughly."""
    mean, std = rows.mean(0, dtype="float64"), rows.std(0, dtype="float64")
    return (abs(mean) <= slack) & (std >= 0.5 / (1 + slack)) & (std <= 1.5 + 2 * slack)


def _from_0_to_1(rows, slack):
    """For each column whether it fills most of [0, 1] and leaves it by at most `slack`."""
    low, high = rows.min(0), rows.max(0)
    return (low >= -slack) & (high <= 1 + slack) & (high - low > 0.5)


def _refuse_other_white(values, where):
    """Raise NumpyganError if grey levels have fractions, but none is near 255."""
    if not values.whole and values.high < _WHITE:
        raise NumpyganError(
            f"{where}: images are {values}, whose white is not known; divide them by the value of "
            "white (by 255 if they are only dark), so that they lie in [0, 1]."
        )


def note_on_dim(scale, parts, images):
    """A list with a sentence about values that fill little of their range, or an empty one."""
    parts = list(parts)
    if len({end for values in parts for end in (values.low, values.high)}) == 1:
        return [f"every value is {parts[0].low:g}"]
    high = max(max(-values.low, values.high) for values in parts)
    end = {"pixels": 255, "unit": 1, "signed": 1}.get(scale)
    dim = _DIM if images or scale == "pixels" else _FAINT
    if not end or not 0 < high <= dim * end or all(values.constant for values in parts):
        return []
    what, ends = (
        ("brightest pixel", "white") if images else ("largest value", "the end of the range")
    )
    return [f"the {what} is {high:g} of {end}; if {high:g} is {ends}, divide the data by it"]


def _near(train, values):
    """Whether a split of a table may be on the scale of the training split."""
    if train.low >= 0 and train.high <= 1 and train.high - train.low > 0.5:
        return values.low >= -1 and values.high <= 2
    a, b = train.size, values.size
    return not (a and b) or 1 / _APART < a / b < _APART


def _joined(parts):
    parts = list(parts)
    dtype = next((p.dtype for p in parts if not p.integer), parts[0].dtype)
    return Values(
        dtype,
        min(p.low for p in parts),
        max(p.high for p in parts),
        all(p.whole or p.high <= 1 and p.constant for p in parts),
        max(p.size for p in parts),
    )


def as_rows(array, scale, values):
    """The rows on the scale `scale`, uint8 (0..255 stands for [0, 1]) or float32, and their range.

    The range of real numbers is None.
    """
    if scale == "bits":
        return array.astype(numpy.uint8) * numpy.uint8(255), UNIT
    if scale == "pixels":
        if array.dtype == numpy.uint8:
            return array, UNIT
        if values.whole:
            return array.astype(numpy.uint8), UNIT
        return numpy.clip(array / 255, 0, 1).astype("float32"), UNIT
    rows = array.astype("float32", copy=False)
    if scale == "real":
        return rows, None
    low, high = ends = UNIT if scale == "unit" else SIGNED
    if values.low < low or values.high > high:
        rows = numpy.clip(rows, low, high)
    return rows, ends


def refuse_mixed_rows(rows, where):
    """Raise NumpyganError if some float images lie in [0, 1] and others in [0, 255]."""
    top = rows.max(1)
    dim = (top <= 1) & (top > 0)
    if 0 < dim.sum() < len(rows) and dim.mean() > 0.05:
        raise NumpyganError(
            f"{where}: image {int(dim.argmax())} lies in [0, {top[dim].max():g}], image "
            f"{int(top.argmax())} in [0, {top.max():g}]; expected one scale for all."
        )


def shuffled_scale(rows):
    """The factor between the rows and the values that D sees: 1/255 for integers 0..255, else 1.

    Raises NumpyganError if an integer is outside 0..255.
    """
    if rows.dtype.kind not in "biu" or not rows.size:
        return 1.0
    low, high = int(rows.min()), int(rows.max())
    if (low, high) == (-1, 1):
        return 1.0
    if low < 0 or high > 255:
        raise NumpyganError(
            f"rows: integers are read as pixels 0 to 255, these lie in [{low}, {high}]; give "
            f"floats for other numbers."
        )
    return 1.0 if high <= 1 else 1 / 255


def samples_as_data(rows, ends, train, where):
    """Samples (N, d) on the scale of the data.

    ends   the range of the data, None for real numbers
    train  training rows of the data
    Raises NumpyganError if the samples are on another scale.
    """
    if not rows.size or rows.dtype.kind not in "biuf":
        return rows
    finite = rows[numpy.isfinite(rows)] if rows.dtype.kind == "f" else rows
    if not finite.size or finite.dtype.kind == "f" and float(numpy.abs(finite).max()) > 1e30:
        return rows  # `check_samples` refuses them and names the row
    values = Values.of(finite, where)
    if ends is None:
        there = float(numpy.abs(train).mean(dtype="float64"))
        if there and float(numpy.abs(finite).mean(dtype="float64")) > _APART * there:
            raise NumpyganError(
                f"{where}: samples are {values}, the data's mean size is {there:g}; bring them to "
                f"the scale of the data."
            )
        if finite.size == rows.size and (how := _scaled_apart(rows, train)):
            raise NumpyganError(
                f"{where}: each column of the samples has {how}, the columns of the data have not; "
                "bring them to the scale of the data."
            )
        return rows if rows.dtype.kind == "f" else rows.astype("float32")
    low, high = ends
    if values.integer or (values.low >= -_ROUNDING and _DARKEST < values.high <= 255.5):
        scale = scale_of(values, True, where)
        if scale == "pixels":
            _refuse_other_white(values, where)
        unit = rows.astype("float32") / (255 if scale == "pixels" else 1)
        return unit if ends == UNIT else 2 * unit - 1
    slack = _BEYOND * (high - low)
    other = values.low < low - slack or values.high > high + slack
    unit_for_signed = (
        ends == SIGNED and values.low >= 0 and train.min() < -0.5 and not values.constant
    )
    if other or unit_for_signed:
        raise NumpyganError(
            f"{where}: samples lie in [{values.low:g}, {values.high:g}], the data in [{low:g}, "
            f"{high:g}]; rescale or clip them to that."
        )
    return rows
