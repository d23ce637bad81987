"""The header of a CSV file: does the first line hold the names of the columns, or a row?"""

import csv

import numpy

_MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-")


def names_of(lines, delimiter, notes):
    """The names of the columns or None, whether they only count, and the lines of the rows."""
    first, *rows = (cells_of(line, delimiter) for line in lines[:21])
    words = [not (is_number(cell, delimiter != ",") or cell.lower() in _MISSING) for cell in first]
    below = rows[0] if rows else ()
    above_numbers = any(word and is_number(cell, True) for word, cell in zip(words, below))
    all_words = any(words) and all(word or not cell for word, cell in zip(words, first))
    numbered = _count_columns(first, rows)
    in_order = not numbered and _is_axis(first, rows, delimiter)
    if in_order:
        notes.append("line 1 names the columns, because its numbers are in order")
    if numbered and first[0] == "0" and len(first) < 4:  # it could be a row
        notes.append("line 1 names the columns, because it counts them")
    if all_words or above_numbers or numbered or in_order:
        return first, numbered, lines[1:]
    return None, False, lines


def names_in(comment, delimiter, width):
    """The names of the columns in the text of a comment, as numpy.savetxt writes it, or None."""
    for separator in (delimiter, *",;|\t"):
        cells = cells_of(comment, separator)
        words = not any(is_number(cell, True) or cell.lower() in _MISSING for cell in cells)
        if len(cells) == width > 1 and words and len(set(cells)) == width:
            return cells
    return None


def _count_columns(first, rows):
    """Whether the first line counts the columns.

    pandas writes such names for a table without names, and "" for the column of its index. Few
    columns are counted only if all numbers below have a decimal point, as pandas writes floats.
    """
    cells = first[1:] if first[:1] == [""] else first
    counts = cells in [[str(i + start) for i in range(len(cells))] for start in (0, 1)]
    if len(cells) >= 8:
        return counts or cells[1:] == [f"{cells[0]}.{i}" for i in range(1, len(cells))]
    indexed = len(cells) < len(first) == len(rows[0]) if rows else False
    if not (cells and counts) or indexed:
        return bool(cells and counts)
    decimal = [[not cell.lstrip("+-").isdecimal() for cell in row] for row in rows]
    if len(cells) > 3:
        return bool(rows) and all(any(column) for column in zip(*decimal))
    return len(cells) > 1 and cells[0] == "0" and len(rows) > 2 and all(map(all, decimal))


def _is_axis(first, rows, delimiter):
    """Whether the first line holds at least 8 numbers in order, and no other line does."""
    lines = [cells[1:] if first[:1] == [""] else cells for cells in (first, *rows)]
    if len(lines) < 6 or len(lines[0]) < 8:
        return False
    comma = delimiter != ","
    if not all(is_number(cell, comma) for cells in lines for cell in cells):
        return False
    found = [numpy.array([float(cell.replace(",", ".")) for cell in cells]) for cells in lines]
    above, *below = (abs(numpy.sign(numpy.diff(row)).sum()) == len(row) - 1 for row in found)
    return bool(above and not any(below))


def cells_of(line, delimiter):
    if delimiter == " ":
        return [cell.strip('"') for cell in line.split()]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:  # a cell of more than 131,072 characters, which is no number
        return line.split(delimiter)


def is_number(cell, comma=False):
    """Whether numpy.loadtxt can read the cell; it refuses some texts that float() takes."""
    try:
        float(cell.replace(",", ".") if comma else cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell
