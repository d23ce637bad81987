"""Where a command writes its result, and how it shows it."""

from ..files import check_writable, write_json
from .arguments import new_file


def result_file(options, run):
    """The file of `-o`; else evaluation.json, for a run the one in its folder, which is replaced.

    Raises NumpyganError if it can't be written.
    """
    if options.file is not None or run is None:
        return new_file(options.file or "evaluation.json", options, ".json")
    check_writable(run.evaluation)
    return run.evaluation


def show(lines, result, file):
    """Print the lines, which say what is in `result`, and write `result` to `file`."""
    print("\n".join(lines), flush=True)
    write_json(file, result)
    print(f"{file}: the same as JSON")
