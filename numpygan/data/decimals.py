"""The comma in a number: a decimal sign, or a separator of thousands."""

import re

from ..errors import NumpyganError
from .headers import cells_of, is_number

_DECIMAL = re.compile(r"[-+]?(\d+,\d*|,\d+)(e[-+]?\d+)?", re.I)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")  # also a number with three decimals
_MARKED = re.compile(r"[-+]?[\d,]+\.?\d*")  # 1,000.5 and 1,000,000


def has_decimal_commas(path, lines, delimiter, columns):
    """Whether 1,5 stands for 1.5 in these columns: no number has a point or a second comma.

    Raises NumpyganError if each comma can separate thousands.
    """
    if delimiter == "," or not any("," in line for line in lines):
        return False
    decimal, thousands = False, ""
    for line in lines:
        if decimal and "." not in line:
            continue  # a second comma is no number, which the reader says
        cells = cells_of(line, delimiter) if '"' in line or delimiter == " " else None
        cells = cells or [cell.strip() for cell in line.split(delimiter)]
        for cell in (cells[i] for i in columns if i < len(cells)):
            if "," not in cell:
                if "." in cell and is_number(cell):
                    return False
            elif _THOUSANDS.fullmatch(cell):
                thousands = thousands or cell
            elif _DECIMAL.fullmatch(cell):
                decimal = True
            elif _MARKED.fullmatch(cell):
                return False
    if thousands and not decimal:
        whole, fraction = thousands.replace(",", ""), thousands.replace(",", ".")
        raise NumpyganError(
            f"{path}: each comma has three digits behind it, so {thousands} can be {whole} or "
            f"{fraction}; write the numbers without separators of thousands and with a decimal "
            "point."
        )
    return decimal
