"""metrics.csv: its rows, written and read."""

import csv
import math

import numpy

from ..errors import NumpyganError
from ..files import read_bytes
from ..reading import LARGEST

HEADER = (
    "iteration,epoch,seconds,V,D_real,D_fake,parzen,sigma,learning_rate_g,learning_rate_d,momentum"
)
COLUMNS = tuple(HEADER.split(","))
_COUNTERS = ("iteration", "epoch", "seconds")  # never empty, and at least 0
MOST_ITERATIONS = 10**15  # of a run
_LARGEST_FILE = 1 << 27  # bytes, about a million rows


def line(row):
    """A row (column -> number) as text; a missing number or NaN is an empty cell."""
    values = [row.get(name, math.nan) for name in COLUMNS]
    return ",".join("" if math.isnan(value) else f"{value:.10g}" for value in values)


def as_array(rows):
    """Rows as an array (n, columns), NaN for an empty cell, for a checkpoint.

    A checkpoint holds the rows that may not be in the file yet. `seconds` is left out, because the
    checkpoint has it elsewhere; so the array is the same in each repetition of a run.
    """
    rows = [row | {"seconds": math.nan} for row in rows]
    cells = [[row.get(name, math.nan) for name in COLUMNS] for row in rows]
    return numpy.array(cells).reshape(len(rows), len(COLUMNS))


def from_array(array, seconds, path):
    """The rows of `as_array`, with their `seconds`.

    Raises NumpyganError, with the checkpoint's `path`, if they are damaged.
    """
    if array.ndim != 2 or array.shape[1] != len(COLUMNS) or array.dtype.kind != "f":
        raise NumpyganError(
            f"{path}: its rows of metrics are {array.dtype} {array.shape}; start a new run."
        )
    rows = [dict(zip(COLUMNS, map(float, row))) | {"seconds": seconds} for row in array]
    try:
        for row, before in zip(rows, [None, *rows]):
            _checked(row, before)
        return rows
    except ValueError as error:
        raise NumpyganError(
            f"{path}: its rows of metrics are damaged ({error}); start a new run."
        ) from None


def read(path):
    """The rows of a file, NaN for an empty cell. An unfinished last line is left out.

    Raises NumpyganError if a cell is not a number, a counter is negative or huge, or the
    iterations do not increase.
    """
    content = read_bytes(path, _LARGEST_FILE)
    try:
        lines = content[: content.rfind(b"\n") + 1].decode().splitlines()
        if lines and lines[0] != HEADER:
            raise ValueError(f"its first line is {lines[0][:100]!r}, expected {HEADER}")
        rows = []
        for number, cells in enumerate(csv.reader(lines[1:]), 2):
            try:
                rows.append(_row(cells, rows[-1] if rows else None))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
        return rows
    except (ValueError, csv.Error) as error:
        raise NumpyganError(f"{path}: is damaged ({error}); repair or delete it.") from None


def _row(cells, before):
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} cells, expected {len(COLUMNS)}")
    row = {name: float(cell) if cell else math.nan for name, cell in zip(COLUMNS, cells)}
    return _checked(row, before)


def _checked(row, before):
    """`row`, if it can be a row of metrics after the row `before`; else raises ValueError."""
    for name, value in row.items():
        empty = name == "seconds" and math.isnan(value)
        if name in _COUNTERS and not empty and not 0 <= value <= MOST_ITERATIONS:
            raise ValueError(
                f"{name} is {value:g}, expected 0 or more, and at most {MOST_ITERATIONS:g}"
            )
        if abs(value) > LARGEST:
            raise ValueError(f"{name} is {value:g}")
    if row["iteration"] % 1:
        raise ValueError(f"iteration is {row['iteration']:g}, expected a whole number")
    if before and row["iteration"] <= before["iteration"]:
        raise ValueError(f"iteration {row['iteration']:g} comes after {before['iteration']:g}")
    return row
