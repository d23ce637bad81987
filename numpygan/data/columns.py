"""The columns of a table: digits that float32 loses, and scales that a GAN learns badly."""

import numpy

from ..errors import NumpyganError

# Of so few values hardly two are one in float32, unless their spread is as small as its rounding.
_SOME = 256
_MANY = 4096  # rows from which means and deviations are taken
_MOST, _SOME_LOST = 0.5, 0.02  # parts of the different values
_TINY = 1e-30
_APART, _FAR = 30, 10  # ratio of two columns' deviations; |mean| in deviations


def notes_on_float32(parts, where, names, images):
    """Sentences about the values that are different in `parts`, but the same in float32.

    parts   the rows of each split
    names   the names of the columns, or an empty list
    images  whether the rows are images, whose pixels are taken together
    Raises NumpyganError if most of the values of a column are lost.
    """
    if all(rows.dtype.kind in "bu" and rows.dtype.itemsize < 3 for rows in parts):
        return []
    stream = numpy.random.default_rng(0)
    some = numpy.concatenate([rows[stream.permutation(len(rows))[:_SOME]] for rows in parts])
    if images:
        some = stream.permutation(some.ravel())[:_MANY, None]
    else:
        some = stream.permutation(some)[:_SOME]
    if not (some != some.astype("float32")).any():
        return []
    found = [(_lost(column), i) for i, column in enumerate(some.T)]
    most, i = max(found, key=lambda pair: (pair[0], -pair[1]))
    if most <= _SOME_LOST:
        return []
    whole = numpy.concatenate([(rows if images else rows[:, i]).ravel() for rows in parts])
    what = "the images hold" if images else f"column {names[i] if names else i + 1} holds"
    sentence = f"{what} {_different(whole):,} different values, in float32 only "
    sentence += f"{_different(whole.astype('float32')):,}"
    tiny = float(numpy.abs(whole).max()) < _TINY
    advice = "multiply by a power of ten first" if tiny else "subtract the mean first"
    if most > _MOST:
        raise NumpyganError(f"{where}: {sentence}; {advice}, so that the digits are not lost.")
    others = sum(lost > _SOME_LOST for lost, _ in found) - 1
    more = f" (so do {others} more columns)" if others else ""
    return [f"{sentence}{more}: {advice}"]


def _lost(column):
    """The part of the different values of a column that float32 loses."""
    return 1 - _different(column.astype("float32")) / _different(column)


def _different(values):
    return len(numpy.unique(values))


def notes_on_scales(rows):
    """Sentences about columns of real numbers that lie on other scales or far from 0."""
    rows = rows[:: max(1, len(rows) // _MANY)].astype("float64")
    deviation = rows.std(0)
    varied = deviation > 1e-12 * numpy.abs(rows).max(0)
    if not varied.any():
        return []
    mean, deviation = rows.mean(0)[varied], deviation[varied]
    ratio, far = deviation.max() / deviation.min(), (numpy.abs(mean) / deviation).max()
    apart = [f"differ in scale up to {_rounded(ratio)} times"] if ratio > _APART else []
    apart += [f"lie up to {_rounded(far)} deviations from 0"] if far > _FAR else []
    if not apart:
        return []
    return [
        f"columns {' and '.join(apart)}",
        "a GAN learns such columns badly: scale each to mean 0 and standard deviation 1",
    ]


def _rounded(number):
    return f"{number:,.0f}" if number < 1e6 else f"{number:.0e}"
