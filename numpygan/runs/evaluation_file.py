"""evaluation.json: what `numpygan evaluate` found, read as text that others may have written."""

from ..errors import NumpyganError
from ..reading import LARGEST, read_json


def read(path):
    """The result in evaluation.json. Raises NumpyganError if the file is damaged."""
    result = read_json(path, "delete it and evaluate again")
    rows = result.get("rows") if isinstance(result, dict) else None
    if not isinstance(rows, list) or not all(map(_is_measure, rows)):
        raise NumpyganError(f"{path}: is not an evaluation; delete it and evaluate again.")
    return result


def _is_measure(row):
    """Whether `row` is a row of evaluation.json: text and numbers where they are expected."""
    if not isinstance(row, dict) or not isinstance(row.get("metric"), str) or "value" not in row:
        return False
    numbers = [row.get(name) for name in ("value", "se", "real", "real_se")]
    texts = [row.get(name, "") for name in ("detail", "caveat")]
    fit = all(x is None or (type(x) in (int, float) and abs(x) <= LARGEST) for x in numbers)
    fit = fit and all(x is None or x >= 0 for x in numbers[1::2])  # standard errors
    return fit and all(isinstance(text, str) for text in texts)
