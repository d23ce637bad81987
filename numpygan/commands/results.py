"""Where a command writes its result, and how it shows it."""

from ..files import check_writable, write_json
from .arguments import new_file


def result_file(options, run):
    """The file of `-o`; without it the run's evaluation.json, which is replaced, or one here.

    Raises NumpyganError if it can't be written.
    """
    if options.file is not None or run is None:
        return new_file(options.file or "evaluation.json", options, ".json")
    check_writable(run.evaluation)
    return run.evaluation


def show(lines, result, file):
    """Print `lines`, the table of `result`, and write `result` to `file` as JSON."""
    print("\n".join(lines), flush=True)
    write(result, file)


def write(result, file):
    """Write a result whose table was printed to `file`."""
    write_json(file, result)
    print(f"{file}: the same as JSON")
