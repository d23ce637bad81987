"""CSV files: tables of pixels or of real numbers.

A column of labels is recognised by its name.
"""

import csv
import difflib
import gzip
import math
import re

import numpy

from ..errors import NumpyganError
from ..files import open_regular

LABELS = re.compile(r"labels?|class(es)?|targets?|y|species|category|index|id|unnamed: 0|", re.I)


def read_csv(path, drop, notes):
    """The numbers in a CSV file, (N, d) float64.

    Columns are separated by commas, semicolons, tabs or spaces.

    drop   the columns to leave out: names, or numbers from 1, separated by commas; "none"; "auto"
           leaves out the columns whose names say that they are labels
    notes  a list; a sentence about each omission is appended
    Raises NumpyganError if a cell is not a number or the file is not a table.
    """
    lines = _lines(path)
    if not lines:
        raise NumpyganError(f"{path}: holds no lines of numbers.")
    delimiter = _delimiter(lines)
    cells = _cells(lines[0], delimiter)
    comma = delimiter == ";" and any("," in cell for cell in _cells(lines[-1], delimiter))
    names = None
    if not all(_is_number(cell, comma) for cell in cells):
        names, lines = cells, lines[1:]
    width = len(cells)
    left_out = _left_out(path, names, width, drop)
    if names is None and drop == "auto":
        left_out = _labels_first(lines, delimiter, width)
    if left_out:
        columns = sorted(left_out)
        called = [names[i] or "column 1" if names else f"column {i + 1}" for i in columns]
        notes.append(f"left out: {', '.join(called)}")
    kept = [i for i in range(width) if i not in left_out]
    if not kept or not lines:
        raise NumpyganError(f"{path}: holds no columns or no lines of numbers.")
    if comma:
        lines = [line.replace(",", ".") for line in lines]
    try:
        return numpy.loadtxt(
            lines,
            "float64",
            delimiter=None if delimiter == " " else delimiter,
            usecols=kept,
            ndmin=2,
            quotechar='"',
            comments=None,
        )
    except ValueError:
        raise _bad_cell(path, lines, delimiter, names, kept, width) from None


def _lines(path):
    """The lines of a text file, without comments and empty lines.

    The text may be gzipped and may begin with a byte order mark.
    """
    try:
        with open_regular(path) as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            content = (gzip.open(raw) if packed else raw).read()
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise NumpyganError(
            f"{path}: cannot be read as text ({error}); save it as CSV in UTF-8."
        ) from None
    lines = [line for line in text.splitlines() if line.strip()]
    return [line for line in lines if not line.lstrip().startswith("#")]


def _delimiter(lines):
    for delimiter in "\t;,":
        if delimiter in lines[-1]:
            return delimiter
    return " "


def _cells(line, delimiter):
    if delimiter == " ":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]


def _is_number(cell, comma=False):
    try:
        float(cell.replace(",", ".") if comma else cell)
    except ValueError:
        return False
    return True


def _left_out(path, names, width, drop):
    """The columns that `drop` names; for "auto" the columns named like labels."""
    if drop == "none":
        return set()
    if drop == "auto":
        return {i for i, name in enumerate(names or ()) if LABELS.fullmatch(name)}
    found = set()
    for item in (item.strip() for item in drop.split(",")):
        if names and item in names:
            found.add(names.index(item))
        elif item.isdecimal() and 1 <= int(item) <= width:
            found.add(int(item) - 1)
        else:
            close = difflib.get_close_matches(item, names or (), 1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            has = f"columns {', '.join(names)}"[:200] if names else f"{width} columns without names"
            raise NumpyganError(
                f"{path}: --drop: there is no column {item!r}{hint}; the file has {has}."
            )
    return found


def _labels_first(lines, delimiter, width):
    """{0} if the first column holds labels and the others a square image, else the empty set.

    Most CSV files of MNIST look like this.
    """
    side = math.isqrt(width - 1)
    if side < 8 or side * side != width - 1:
        return set()
    try:
        some = numpy.array([_cells(line, delimiter) for line in lines[:200]], "float64")
    except ValueError:
        return set()
    labels, pixels = some[:, 0], some[:, 1:]
    whole = (labels == numpy.rint(labels)).all() and labels.min() >= 0 and labels.max() < 62
    return {0} if whole and pixels.min() >= 0 and pixels.max() <= 255 else set()


def _bad_cell(path, lines, delimiter, names, kept, width):
    """The error that says which cell is not a number."""
    for number, line in enumerate(lines, 2 if names else 1):
        cells = _cells(line, delimiter)
        if len(cells) != width:
            return NumpyganError(
                f"{path}: line {number} has {len(cells)} columns, expected {width} as in the first."
            )
        for i in kept:
            if not _is_number(cells[i]):
                column = repr(names[i]) if names else str(i + 1)
                return NumpyganError(
                    f"{path}: line {number}, column {column} holds {cells[i][:40]!r}, expected a "
                    "number; correct it or leave the column out with --drop "
                    f"{names[i] if names else i + 1}."
                )
    return NumpyganError(f"{path}: is text, but not a table of numbers.")
