"""Columns of a table that are left out, such as labels: of a CSV file, or of an array N × d."""

import difflib
import re

import numpy

from ..errors import NumpyganError
from .label_column import some_of, unnamed_labels

_LABELS = re.compile(
    r"labels?|class(es)?|targets?|y|species|category|index|unnamed: 0(\.\d+)*|", re.I
)
_IDENTITY = re.compile(r"(.*[\W_])?(?i:id)|.*[a-z](ID|Id)", re.S)  # id, row_id, PassengerId


def without_labels(path, table, drop, notes):
    """The array `table`, N × d, without the columns that `drop` names or that hold labels.

    Labels beside pixels are found as in a CSV file without names. A note says what is left out.
    Raises NumpyganError as for such a file.
    """
    width = table.shape[1]
    left_out = columns_named(path, None, width, drop)
    if drop == "auto" and table.size and table.dtype.kind in "biuf":
        # A float128 may be too large for float64, but no pixel is.
        with numpy.errstate(all="ignore"):
            rows = table[some_of(len(table))].astype("float64")
        left_out = unnamed_labels(path, rows, width)
    if not left_out:
        return table
    return table.take(columns_kept(path, None, width, drop, left_out, notes), 1)


def columns_named(path, names, width, drop, beside=False):
    """The columns that `drop` names; for "auto" the columns named like labels.

    Raises NumpyganError if a column is not there.
    """
    if drop == "none":
        return set()
    if drop == "auto":
        names = names or ()
        coordinates = "x" in [name.lower() for name in names]
        return {
            i
            for i, name in enumerate(names)
            if _IDENTITY.fullmatch(name)
            or _LABELS.fullmatch(name)
            and not (name.lower() == "y" and coordinates)
        }
    found = set()
    for item in (item.strip() for item in drop.split(",")):
        if names and item in names:
            found |= {i for i, name in enumerate(names) if name == item}
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


def columns_kept(path, names, width, drop, left_out, notes):
    """The columns that are not left out; a note about the others is appended.

    Raises NumpyganError if there are none.
    """
    if left_out:
        called = [(names and names[i]) or f"column {i + 1}" for i in sorted(left_out)]
        notes.append(f"left out: {', '.join(called)}")
    kept = [i for i in range(width) if i not in left_out]
    if not kept:
        raise NumpyganError(f"{path}: --drop {drop}: no column is left; leave out fewer.")
    return kept
