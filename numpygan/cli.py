"""The command line: parse, call, print."""

import argparse
import os
import sys
import time
from contextlib import nullcontext, redirect_stdout

import numpy

from . import __version__
from .commands import COMMANDS, ON_RANKS
from .errors import NumpyganError
from .ranks import ALONE, world

_SECONDS_OF_GRACE = 2  # for the first rank to tell an error that all have, and so to end the job


def main(arguments=None):
    """Run a command and return the exit code: 0; 1 if a check failed; 2 after an error a user can cause; 130 after Ctrl-C.

    Of the ranks of an MPI job the first alone prints, and alone carries out a command that can't be shared out.
    """
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold bytes that are no text, or that the terminal can't show
    ranks = ALONE
    try:
        ranks = world()
        with redirect_stdout(open(os.devnull, "w")) if ranks.rank else nullcontext():
            options = parser().parse_args(arguments)
            options.ranks = ranks
            if ranks.rank and options.run_command not in ON_RANKS:
                return 0
            # Commands look for what isn't finite; some BLAS kernels say "invalid" without reason.
            with numpy.errstate(all="ignore"):
                return options.run_command(options) or 0
    except NumpyganError as error:
        _tell(ranks, error)
        return 2
    except KeyboardInterrupt:
        _tell(ranks, "interrupted.")
        return 130
    except MemoryError as error:
        _tell(ranks, f"not enough memory ({error or 'for the arrays'}); make the batch, the networks or the number of samples "
                     f"smaller.")  # fmt: skip
        return 2
    except BrokenPipeError:  # `numpygan recipes | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a path that can't even be looked at: too long, or in a folder that may not be entered
        _tell(ranks, NumpyganError(f"{error.filename}: {error.strerror or error}; check the path."))
        return 2


def _tell(ranks, error):
    if ranks.rank:
        time.sleep(_SECONDS_OF_GRACE)
        error = f"rank {ranks.rank}: {error}"
    print(f"numpygan: {error}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise NumpyganError(f"{message}; see `{self.prog} -h`.")

    def _get_values(self, action, strings):
        if action.nargs is None and strings == ["--"]:  # of which argparse, before Python 3.13, makes an empty list
            self.error(f"argument {'/'.join(action.option_strings) or action.metavar}: expected one argument")
        return super()._get_values(action, strings)


def parser():
    """The argparse parser of the command line, with every command and option."""
    parser = _Parser(prog="numpygan", description="Generative Adversarial Nets (Goodfellow et al., 2014) in NumPy.",
                     epilog="example: numpygan train --epochs 5", allow_abbrev=False)  # fmt: skip
    parser.add_argument("--version", action="version", version=f"numpygan {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, summary, example):
        sub = subparsers.add_parser(name, help=summary, description=summary, epilog=f"example: {example}", allow_abbrev=False)
        sub.set_defaults(run_command=function)
        return sub

    for module in COMMANDS:
        module.add(command)
    return parser
