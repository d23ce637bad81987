"""CSV files: tables of pixels or of real numbers.

A column of labels is recognised by its name.
"""

import re

import numpy

from ..errors import NumpyganError
from .decimals import has_decimal_commas
from .headers import cells_of, is_number, names_in, names_of
from .label_column import some_of, unnamed_labels
from .left_out import columns_kept, columns_named
from .text_lines import lines_of

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
    numbers, lines, comment = lines_of(path)
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
    in_rows = names is None or numbered  # there is no word that says which column holds labels
    if names is None and comment and (names := names_in(comment[1], delimiter, width)):
        notes.append(f"the comment in line {comment[0]} names the columns")
    left_out = columns_named(path, names, width, drop, beside)
    if drop == "auto":
        left_out |= {i for i in range(width) if _counts_rows(lines, delimiter, names, i)}
        if in_rows and not (names and left_out):
            left_out |= unnamed_labels(path, _some_numbers(lines, delimiter), width)
    kept = columns_kept(path, names, width, drop, left_out, notes)
    if columns is not None and names and not numbered:
        columns += [names[i] for i in kept]
    if {"true", "false"} & {cell.lower() for cell in cells_of(lines[0], delimiter)}:
        lines = _bools_as_numbers(lines, delimiter)
    if not _rectangular(lines, delimiter, width):
        raise _bad_cell(path, numbers, lines, delimiter, names, [], width)
    comma = has_decimal_commas(path, lines, delimiter, kept)
    if comma:
        notes.append("a comma is read as the decimal sign")
    try:
        return numpy.loadtxt(
            [line.replace(",", ".") for line in lines] if comma else lines,
            "float64",
            delimiter=None if delimiter == " " else delimiter,
            usecols=kept,
            ndmin=2,
            quotechar='"',
            comments=None,
        )
    except ValueError:
        raise _bad_cell(path, numbers, lines, delimiter, names, kept, width, comma) from None


def _delimiter(lines):
    """What most lines hold; the first one may be a title, the last one a remark."""
    for delimiter in "\t;|,":
        if 2 * sum(delimiter in line for line in lines) >= len(lines):
            return delimiter
    return " "


def _are_rownames_of(lines, delimiter):
    """Whether the first column holds words, or counts the rows."""
    first = [next(iter(cells_of(line, delimiter)), "") for line in lines]
    if len(first) > 1 and not is_number(first[-1]) and is_number(first[0]):
        first.pop()  # a remark
    start = int(first[0]) if first[0].isdecimal() else 0
    return not is_number(first[0]) or first == [str(i) for i in range(start, start + len(first))]


def _some_numbers(lines, delimiter):
    """Random rows as an array, or None if they are no numbers."""
    try:
        return numpy.array([cells_of(lines[i], delimiter) for i in some_of(len(lines))], "float64")
    except ValueError:
        return None


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
    ends = [line.rstrip(" ").endswith(delimiter) for line in lines]
    if delimiter == " " or not ends[0] or not all(ends[:-1]):  # the last line may be a remark
        return lines
    if names and names[-1] and len(names) == len(cells_of(lines[0], delimiter)):
        return lines  # the last column has a name, but no values
    return [line.rstrip(" ")[:-1] if end else line for line, end in zip(lines, ends)]


def _rectangular(lines, delimiter, width):
    """Whether all lines have `width` cells; numpy.loadtxt ignores some that are too long."""
    for line in lines:
        plain = '"' not in line and delimiter != " "
        if (line.count(delimiter) + 1 if plain else len(cells_of(line, delimiter))) != width:
            return False
    return True


def _bad_cell(path, numbers, lines, delimiter, names, kept, width, comma=False):
    """The error that says which cell is not a number.

    `lines` are the last lines; `numbers` may hold more line numbers than these.
    comma  whether a comma is the decimal sign
    """
    for number, line in zip(numbers[-len(lines) :], lines):
        cells = cells_of(line, delimiter)
        if len(cells) != width:
            return _other_width(path, number, line, cells, width)
        for i in kept:
            if not is_number(cells[i], comma):
                column = repr(names[i]) if names else str(i + 1)
                plain = " with a decimal point and no other marks" if "," in cells[i] else ""
                return NumpyganError(
                    f"{path}: line {number}, column {column} holds {cells[i][:40]!r}, expected a "
                    f"number{plain}; correct it, leave out the line, or leave out the column with "
                    f"--drop {names[i] if names else i + 1}."
                )
    return NumpyganError(f"{path}: is text, but not a table of numbers.")


def _other_width(path, number, line, cells, width):
    """The error that says that a line has more or fewer columns than the first one."""
    has = f"line {number} has {len(cells)} column{'s' if len(cells) != 1 else ''}"
    if len(cells) < width and not any(is_number(cell, True) for cell in cells):
        return NumpyganError(
            f"{path}: {has}, expected {width} as in the first; it holds {line.strip()[:40]!r}, so "
            "leave it out if it is not part of the table."
        )
    comma = "write 1.5 for 1,5, " if width == 1 and is_number(line.strip(), True) else ""
    return NumpyganError(
        f"{path}: {has}, expected {width} as in the first; {comma}correct it, and leave out lines "
        "that are not part of the table."
    )
