"""CSV files: tables of pixels or of real numbers.

A column of labels is recognised by its name.
"""

import difflib
import gzip
import os
import re
import zlib

import numpy

from ..errors import NumpyganError
from ..files import open_regular
from ..reading import check_expansion
from .headers import cells_of, is_number, names_of
from .label_column import unnamed_labels

_PART = 1 << 24  # bytes
LABELS = re.compile(
    r"labels?|class(es)?|targets?|y|species|category|index|unnamed: 0(\.\d+)*|", re.I
)
_IDENTITY = re.compile(r"(.*[\W_])?(?i:id)|.*[a-z](ID|Id)", re.S)  # id, row_id, PassengerId
_COUNT = re.compile(r"((s|sl|sr|serial|row)?[\W_]*(no|nr|num|number|row)|#)[\W_]*", re.I)  # S.No


def read_csv(path, drop, notes, columns=None, beside=False):
    """The numbers in a CSV file, (N, d) float64.

    Columns are separated by commas, semicolons, bars, tabs or spaces.

    drop     the columns to leave out: names, or numbers from 1, separated by commas; "none"; "auto"
             leaves out the columns whose names say that they are labels
    notes    a list; a sentence about each omission is appended
    columns  a list; the names of the columns are appended, if they have names
    beside   columns that `drop` names may be missing: another file has them
    Raises NumpyganError if a cell is not a number or the file is not a table.
    """
    numbers, lines = _lines(path)
    if not lines:
        raise NumpyganError(f"{path}: holds no lines of numbers.")
    delimiter = _delimiter(lines)
    if re.fullmatch(r"sep=.", lines[0], re.I):  # Excel's first line
        delimiter, lines = lines[0][-1], lines[1:]
    first = lines[0][:60]
    names, numbered, lines = names_of(lines, delimiter, notes)
    if not lines:
        raise NumpyganError(
            f"{path}: holds no lines of numbers, only {first!r}; expected a row for each example."
        )
    lines = _without_last_delimiter(lines, delimiter, names)
    width = len(cells_of(lines[0], delimiter))
    if names and not names[-1] and len(names) == width + 1:
        names = names[:-1]
    if names and len(names) == width - 1 and _are_rownames_of(lines, delimiter):
        names = ["", *names]  # R gives no name to the column of row names
    if names and len(names) != width:
        raise _bad_cell(path, numbers, lines, delimiter, names, [], len(names))
    left_out = _left_out(path, names, width, drop, beside)
    if drop == "auto":
        left_out |= {i for i in range(width) if _counts_rows(lines, delimiter, names, i)}
        if names is None or numbered:
            left_out |= unnamed_labels(path, lines, delimiter, width)
    if left_out:
        called = [(names and names[i]) or f"column {i + 1}" for i in sorted(left_out)]
        notes.append(f"left out: {', '.join(called)}")
    kept = [i for i in range(width) if i not in left_out]
    if not kept:
        raise NumpyganError(f"{path}: --drop {drop}: no column is left; leave out fewer.")
    if columns is not None and names and not numbered:
        columns += [names[i] for i in kept]
    if {"true", "false"} & {cell.lower() for cell in cells_of(lines[0], delimiter)}:
        lines = _bools_as_numbers(lines, delimiter)
    if _has_decimal_commas(lines, delimiter):
        lines = [line.replace(",", ".") for line in lines]
    try:
        if not _rectangular(lines, delimiter, width):
            raise ValueError
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
        raise _bad_cell(path, numbers, lines, delimiter, names, kept, width) from None


def _lines(path):
    """The numbers and the texts of the lines of a file, without comments and empty lines.

    The text may be gzipped and may begin with a byte order mark.
    """
    try:
        with open_regular(path) as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            content = _unpacked(raw, path) if packed else raw.read()
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise NumpyganError(
            f"{path}: cannot be read as text ({error}); save it as CSV in UTF-8."
        ) from None
    every = text.splitlines()
    numbers = [n for n, line in enumerate(every, 1) if line.strip() and _is_no_comment(line)]
    lines = [every[n - 1] for n in numbers]
    while lines and not lines[-1].strip(' ,;|\t"'):  # empty rows at the end of a sheet
        lines.pop()
    return numbers[: len(lines)], lines


def _is_no_comment(line):
    return line[:2] in ("#,", "#;") or line.lstrip()[:1] != "#"


def _unpacked(raw, path):
    """The content of a gzipped file, as far as `check_expansion` allows."""
    size, parts, expanded = os.fstat(raw.fileno()).st_size, [], 0
    with gzip.open(raw) as file:
        while part := file.read(_PART):
            expanded += len(part)
            check_expansion(path, expanded, size)
            parts.append(part)
    return b"".join(parts)


def _delimiter(lines):
    for delimiter in "\t;|,":
        if delimiter in lines[-1]:
            return delimiter
    return " "


def _are_rownames_of(lines, delimiter):
    """Whether the first column holds words, or counts the rows."""
    first = [next(iter(cells_of(line, delimiter)), "") for line in lines]
    start = int(first[0]) if first[0].isdecimal() else 0
    return not is_number(first[0]) or first == [str(i) for i in range(start, start + len(first))]


def _counts_rows(lines, delimiter, names, i):
    """Whether column i counts the rows from 0 or 1, and its name, if any, does not deny it."""
    if not (_COUNT.fullmatch(names[i]) if names else i == 0) or len(lines) < 6:
        return False
    cells = [cells_of(line, delimiter)[i : i + 1] for line in lines]
    return any(cells == [[str(n + start)] for n in range(len(cells))] for start in (0, 1))


def _bools_as_numbers(lines, delimiter):
    """The lines with 1 for True and 0 for False."""
    end = re.escape(delimiter)
    cell = re.compile(rf'((?:^|{end})\s*"?)(true|false)(?="?\s*(?:$|{end}))', re.I)
    return [cell.sub(lambda m: m[1] + str(int(m[2].lower() == "true")), line) for line in lines]


def _without_last_delimiter(lines, delimiter, names):
    """The lines without a delimiter that ends each of them and separates nothing."""
    if delimiter == " " or not all(line.rstrip(" ").endswith(delimiter) for line in lines):
        return lines
    if names and names[-1] and len(names) == len(cells_of(lines[0], delimiter)):
        return lines  # the last column has a name, but no values
    return [line.rstrip(" ")[:-1] for line in lines]


def _rectangular(lines, delimiter, width):
    """Whether all lines have `width` cells; numpy.loadtxt ignores some that are too long."""
    for line in lines:
        plain = '"' not in line and delimiter != " "
        if (line.count(delimiter) + 1 if plain else len(cells_of(line, delimiter))) != width:
            return False
    return True


def _has_decimal_commas(lines, delimiter):
    """Whether 1,5 stands for 1.5: the comma separates nothing else, and no number has a point."""
    if delimiter == "," or not any("," in line for line in lines):
        return False
    point = re.compile(rf"(^|[{re.escape(delimiter)}\"])\s*[-+]?\d*\.\d")
    return not any(point.search(line) for line in lines)


def _left_out(path, names, width, drop, beside):
    """The columns that `drop` names; for "auto" the columns named like labels."""
    if drop == "none":
        return set()
    if drop == "auto":
        names = names or ()
        coordinates = "x" in [name.lower() for name in names]
        return {
            i
            for i, name in enumerate(names)
            if _IDENTITY.fullmatch(name)
            or LABELS.fullmatch(name)
            and not (name.lower() == "y" and coordinates)
        }
    found = set()
    for item in (item.strip() for item in drop.split(",")):
        if names and item in names:
            found.add(names.index(item))
        elif item.isdecimal() and 1 <= int(item) <= width:
            found.add(int(item) - 1)
        elif not (beside and names):
            close = difflib.get_close_matches(item, names or (), 1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            has = f"columns {', '.join(names)}"[:200] if names else f"{width} columns without names"
            raise NumpyganError(
                f"{path}: --drop: there is no column {item!r}{hint}; the file has {has}."
            )
    return found


def _bad_cell(path, numbers, lines, delimiter, names, kept, width):
    """The error that says which cell is not a number.

    `lines` are the last lines; `numbers` may hold more line numbers than these.
    """
    for number, line in zip(numbers[-len(lines) :], lines):
        cells = cells_of(line, delimiter)
        if len(cells) != width:
            comma = "write 1.5 for 1,5, " if (len(cells), width) == (2, 1) else ""
            return NumpyganError(
                f"{path}: line {number} has {len(cells)} columns, expected {width} as in the first"
                f"; {comma}correct it, and leave out lines that are not part of the table."
            )
        for i in kept:
            if not is_number(cells[i]):
                column = repr(names[i]) if names else str(i + 1)
                plain = " with a decimal point and no other marks" if "," in cells[i] else ""
                return NumpyganError(
                    f"{path}: line {number}, column {column} holds {cells[i][:40]!r}, expected a "
                    f"number{plain}; correct it, leave out the line, or leave out the column with "
                    f"--drop {names[i] if names else i + 1}."
                )
    return NumpyganError(f"{path}: is text, but not a table of numbers.")
