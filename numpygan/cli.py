"""The command line: parse, call, print."""

import argparse
import os
import sys

from . import __version__
from .commands import COMMANDS
from .errors import NumpyganError


def main(arguments=None):
    """Run a command and return the exit code: 0; 1 if a check failed; 2 after an error a user can cause; 130 after Ctrl-C."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold bytes that are no text, or that the terminal can't show
    try:
        options = _parser().parse_args(arguments)
        return options.run_command(options) or 0
    except NumpyganError as error:
        print(f"numpygan: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("numpygan: interrupted.", file=sys.stderr)
        return 130
    except MemoryError as error:
        print(f"numpygan: not enough memory ({error or 'for the arrays'}); make the batch, the networks or the number of samples "
              f"smaller.", file=sys.stderr)  # fmt: skip
        return 2
    except BrokenPipeError:  # `numpygan recipes | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a path that can't even be looked at: too long, or in a folder that may not be entered
        print(f"numpygan: {NumpyganError(f'{error.filename}: {error.strerror or error}; check the path.')}", file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise NumpyganError(f"{message}; see `{self.prog} -h`.")


def _parser():
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
