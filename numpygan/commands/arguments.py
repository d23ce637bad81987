"""Kinds of arguments that several commands take."""

import argparse
import os
from pathlib import Path

from ..data.sources import TOYS
from ..errors import NumpyganError
from ..files import NewPath, check_writable


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
    if int(text) < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number ≥ 0, got {text}")
    return int(text)


natural.__name__ = "whole number"


def new_file(name, options, *suffixes, option="-o"):
    """The path to write.

    Raises NumpyganError if its ending is wrong, it exists, or its folder doesn't.
    """
    file = Path(os.path.expanduser(name))
    if file.suffix.lower() not in suffixes:
        raise NumpyganError(f"{option} {file}: expected a file ending in {' or '.join(suffixes)}.")
    if os.path.lexists(file) and not options.force:
        raise NumpyganError(f"{option} {file}: exists already; add --force to overwrite it.")
    if not file.parent.is_dir():
        raise NumpyganError(f"{option} {file}: there is no folder {file.parent}; make it first.")
    file = file if options.force else NewPath(file)
    check_writable(file)
    return file


def result_file(options, run, suffix):
    """The file of `-o`, else the run's evaluation.json, which is overwritten.

    Raises NumpyganError if it can't be written.
    """
    if options.file is not None:
        return new_file(options.file, options, suffix)
    check_writable(run.evaluation)
    return run.evaluation


def folder_of_runs(name):
    """The path of `--out`, where many runs go; those that are there are gone on with.

    Raises NumpyganError if it is a file.
    """
    folder = Path(os.path.expanduser(name))
    if folder.exists() and not folder.is_dir():
        raise NumpyganError(f"--out {folder}: is a file; choose a folder for the runs.")
    return folder


def add_data(parser, about):
    """The option --data and those that say how it is read; `data_fields` reads them."""
    parser.add_argument("--data", metavar="PATH", help=about)
    parser.add_argument(
        "--size",
        metavar="HxW",
        help=(
            "rows of --data are images of this size, to which image files are scaled; none: a table"
        ),
    )
    parser.add_argument(
        "--drop",
        metavar="NAMES",
        help="columns of a CSV to leave out, such as labels: names or numbers from 1",
    )
    parser.add_argument(
        "--transpose",
        action="store_const",
        const=1,
        help="change rows and columns of the images over (EMNIST)",
    )


def data_fields(options):
    """The recipe's fields that say what the data are and how they are read, of those given.

    Raises NumpyganError if --data names the shipped data and a file here, too.
    """
    if options.data in ("mnist", *TOYS) and os.path.exists(options.data):
        raise NumpyganError(
            f"--data {options.data}: is the name of data that numpygan has, and of a file or "
            f"folder here; say ./{options.data} for that, or --set data={options.data} with train "
            "(leave --data out with evaluate) for the shipped data."
        )
    names = ("data", "size", "drop", "transpose")
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def add_force(parser, metavar):
    """The flag that `new_file` looks at."""
    parser.add_argument("--force", action="store_true", help=f"overwrite {metavar} if it exists")


def add_set(parser):
    """The option that `changed_fields` reads."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field of the recipe",
    )


def changed_fields(items):
    """What `--set FIELD=VALUE` was given, field -> value.

    Raises NumpyganError for an item without an equals sign.
    """
    changes = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals:
            raise NumpyganError(f"--set: expected FIELD=VALUE, got {item!r}.")
        changes[name.strip()] = value
    return changes


def add_moved_data(parser):
    """The option for a run whose data were moved, which `dataset_of` reads."""
    told = "where the data of the run lie now, if they were moved"
    parser.add_argument("--data", metavar="PATH", help=told)


def add_run_and_file(parser, kinds):
    """A run directory to draw from, and the file to write."""
    parser.add_argument("run", metavar="RUN", help="a run directory")
    parser.add_argument(
        "-o", dest="file", required=True, metavar="FILE", help=f"the file to write: {kinds}"
    )
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="S", help="the seed of the noise (default: 0)"
    )
    add_force(parser, "FILE")
