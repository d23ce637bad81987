"""Kinds of arguments that several commands take."""

import argparse
from pathlib import Path

from ..errors import NumpyganError


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
    """The path to write. Raises NumpyganError if its ending is wrong, it exists, or its folder doesn't."""
    file = Path(name)
    if file.suffix not in suffixes:
        raise NumpyganError(f"{option} {file}: expected a file ending in {' or '.join(suffixes)}.")
    if file.exists() and not options.force:
        raise NumpyganError(f"{option} {file}: exists already; add --force to overwrite it.")
    if not file.parent.is_dir():
        raise NumpyganError(f"{option} {file}: there is no folder {file.parent}; make it first.")
    return file


def folder_of_runs(name):
    """The path of `--out`, where many runs go; those that are there are gone on with. Raises NumpyganError if it is a file."""
    folder = Path(name)
    if folder.exists() and not folder.is_dir():
        raise NumpyganError(f"--out {folder}: is a file; choose a folder for the runs.")
    return folder


def add_force(parser, metavar):
    """The flag that `new_file` looks at."""
    parser.add_argument("--force", action="store_true", help=f"overwrite {metavar} if it exists")


def add_set(parser):
    """The option that `changed_fields` reads."""
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="change a field of the recipe")


def changed_fields(items):
    """What `--set FIELD=VALUE` was given, field -> value. Raises NumpyganError for an item without an equals sign."""
    changes = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals:
            raise NumpyganError(f"--set: expected FIELD=VALUE, got {item!r}.")
        changes[name.strip()] = value
    return changes


def add_data(parser):
    """The option for a run whose data were moved, which `dataset_of` reads."""
    told = "where the data of the run lie now, if they were moved"
    parser.add_argument("--data", metavar="PATH", help=told)


def add_run_and_file(parser, kinds):
    """A run directory to draw from, and the file to write."""
    parser.add_argument("run", metavar="RUN", help="a run directory")
    parser.add_argument("-o", dest="file", required=True, metavar="FILE", help=f"the file to write: {kinds}")
    parser.add_argument("--seed", type=natural, default=0, metavar="S", help="the seed of the noise (default: 0)")
    add_force(parser, "FILE")
