"""Arguments that several commands have."""

import argparse
import os
from pathlib import Path

from ..data.dataset import SHIPPED
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..files import NewPath, check_writable
from ..runs.directory import CHECKPOINTS, RunDirectory
from ..runs.grid import RESULT


def positive(kind, most=float("inf")):
    limit = "" if most == float("inf") else f" and at most {most:,}"

    def parse(text):
        value = kind(text)
        if not 0 < value <= most or value == float("inf"):
            raise argparse.ArgumentTypeError(f"expected a number > 0{limit}, got {text}")
        return value

    parse.__name__ = "number" if kind is float else "whole number"
    return parse


def natural(text):
    value = int(text)
    if not 0 <= value < 10**100:  # read_json, too, refuses larger ones
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to 10¹⁰⁰, got {text}")
    return value


natural.__name__ = "whole number"


def new_file(name, options, *suffixes, option="-o"):
    """The path to write.

    Raises NumpyganError if its ending is wrong, it exists, its folder does not, or it would take
    the place of a run's own file.
    """
    file = Path(os.path.expanduser(name))
    if file.suffix.lower() not in suffixes:
        raise NumpyganError(f"{option} {file}: expected a file ending in {' or '.join(suffixes)}.")
    if os.path.lexists(file) and not options.force:
        raise NumpyganError(f"{option} {file}: exists already; add --force to overwrite it.")
    if not file.parent.is_dir():
        raise NumpyganError(f"{option} {file}: there is no folder {file.parent}; make it first.")
    run = RunDirectory(file.parent)
    own = (run.checkpoint, run.best, run.ais, run.path / RESULT)
    if file in own and os.path.lexists(run.config):
        raise NumpyganError(
            f"{option} {file}: is the name of a file that the run in {file.parent} keeps or will "
            "keep for itself; choose another name."
        )
    file = file if options.force else NewPath(file)
    check_writable(file)
    return file


def folder_of_runs(name):
    """The path of `--out`, the folder of many runs; runs that it holds are resumed.

    Raises NumpyganError if it is a file.
    """
    folder = Path(os.path.expanduser(name))
    if folder.exists() and not folder.is_dir():
        raise NumpyganError(f"--out {folder}: is a file; choose a folder for the runs.")
    return folder


def add_data(parser, about):
    """Add --data and the options that say how the data are read; `data_fields` reads them."""
    parser.add_argument("--data", metavar="PATH", help=about)
    parser.add_argument(
        "--size",
        metavar="HxW",
        help="height and width of the images in --data (image files are scaled to it), or "
        '"none" for a table (default: "auto", by the data)',
    )
    parser.add_argument(
        "--drop",
        metavar="NAMES",
        help="columns of a table to leave out, such as labels: names, or numbers from 1, "
        'separated by commas; or "none" to keep all columns (default: "auto", the labels)',
    )
    parser.add_argument(
        "--transpose",
        action="store_const",
        const=1,
        help="exchange rows and columns of the images (for EMNIST)",
    )


def data_fields(options):
    """The recipe's fields about the data that the options give.

    Raises NumpyganError if --data is both the name of shipped data and a file here.
    """
    if options.data in (*SHIPPED, *TOYS) and os.path.exists(options.data):
        raise NumpyganError(
            f"--data {options.data}: numpygan ships data of this name, and there is also a file or "
            f"folder; for the file give ./{options.data}, for the shipped data give --set "
            f"data={options.data} with train, or leave --data out with evaluate."
        )
    return given(options, "data", "size", "drop", "transpose")


def given(options, *names):
    """The values of those of the options that are given, by name."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def add_force(parser, metavar):
    """Add the flag --force, which `new_file` reads."""
    parser.add_argument("--force", action="store_true", help=f"overwrite {metavar} if it exists")


def add_set(parser):
    """Add the option --set, which `changed_fields` reads."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field of the recipe; may be given several times (fields: `numpygan recipes "
        "NAME`)",
    )


def changed_fields(items):
    """The fields and values of `--set FIELD=VALUE`.

    Raises NumpyganError for an item without an equals sign.
    """
    changes = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise NumpyganError(f"--set: expected FIELD=VALUE, got {item!r}.")
        changes[name.strip()] = value
    return changes


def add_moved_data(parser):
    """Add --data for a run whose data were moved; `dataset_of` reads it."""
    parser.add_argument("--data", metavar="PATH", help="new path of the run's data, if moved")


def add_seed(parser, what):
    """Add --seed, the seed of `what`."""
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="S", help=f"the seed of {what} (default: 0)"
    )


def add_checkpoint(parser):
    """Add --checkpoint, which checkpoint of a run is taken."""
    parser.add_argument(
        "--checkpoint",
        choices=CHECKPOINTS,
        default="best",
        help="the run's checkpoint with the best validation log-likelihood, where there is one, or "
        "its newest (default: best)",
    )


def add_run_and_file(parser, kinds):
    """Add a run directory, its checkpoint and the file to write."""
    parser.add_argument("run", metavar="RUN", help="a run directory")
    add_checkpoint(parser)
    parser.add_argument(
        "-o", dest="file", required=True, metavar="FILE", help=f"the file to write: {kinds}"
    )
    add_seed(parser, "the noise")
    add_force(parser, "FILE")
