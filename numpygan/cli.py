"""The command line: parse, call, print."""

import argparse
import os
import re
import sys
import time
from contextlib import nullcontext, redirect_stdout

import numpy

from . import __version__
from .commands import COMMANDS, ON_RANKS, ONLY_PRINT
from .errors import NumpyganError
from .ranks import ALONE, world
from .recipes.settings import nearest
from .terminal import standard_streams

_SECONDS_OF_GRACE = 2  # for the first rank to tell an error that all have, and so to end the job
_WITHOUT_VALUE = r"(-\w|--[\w-]+=)--"  # of `-o--` argparse, before Python 3.13, makes an empty list


def main(arguments=None):
    """Run a command and return the exit code: 0; 1 if a check failed; 2 after an error a user can
    cause; 130 after Ctrl-C.

    Of the ranks of an MPI job the first alone prints, and alone carries out a command that can't be
    shared out. Output that can't be written ends no work and changes no verdict. For a command that
    does nothing but print, a full disk is an error; a reader who leaves (`numpygan recipes | head`)
    is not.
    """
    options = argparse.Namespace(run_command=None, ranks=ALONE)
    with standard_streams() as out:
        try:
            code, asked_for_help = _carry_out(arguments, options), None
        except SystemExit as error:  # -h or --version, which argparse has printed
            code, asked_for_help = 0, error
        except KeyboardInterrupt:  # again, while the first was being told
            code, asked_for_help = 130, None
        out.flush()
        if out.lost and not isinstance(out.lost, BrokenPipeError):
            _tell(
                options.ranks,
                f"stdout: cannot be written ({out.lost.strerror}); what was to be printed there is "
                f"lost.",
            )
            if asked_for_help or options.run_command in ONLY_PRINT:
                return code or 2
        if asked_for_help:
            raise asked_for_help
        return code


def _carry_out(arguments, options):
    """Parse into `options`, and call the command. Returns the exit code."""
    try:
        options.ranks = ranks = world()
        with redirect_stdout(open(os.devnull, "w")) if ranks.rank else nullcontext():
            parser().parse_args(arguments, options)
            if ranks.rank and options.run_command not in ON_RANKS:
                return 0
            # Commands look for what isn't finite; some BLAS kernels say "invalid" without reason.
            with numpy.errstate(all="ignore"):
                return options.run_command(options) or 0
    except NumpyganError as error:
        _tell(options.ranks, error)
        return 2
    except KeyboardInterrupt as error:
        _tell(options.ranks, str(error) or "interrupted; to start again give the same command.")
        return 130
    except MemoryError as error:
        words = f"not enough memory ({error or 'for the arrays'})"
        _tell(
            options.ranks,
            f"{words}; make the batch, the networks or the number of samples smaller.",
        )
        return 2
    except OSError as error:
        # The path can't be looked at: too long, or in a folder that may not be entered.
        words = (
            f"{error.strerror or error}; check the path"
            if error.filename
            else f"{error.strerror or error}"
        )
        _tell(
            options.ranks,
            NumpyganError(
                f"{error.filename}: {words}." if error.filename else f"the system says: {words}."
            ),
        )
        return 2


def _tell(ranks, error):
    if ranks.rank:
        time.sleep(_SECONDS_OF_GRACE)
        error = f"rank {ranks.rank}: {error}"
    print(f"numpygan: {error}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """argparse's parser, whose errors are NumpyganErrors and name what was probably meant."""

    commands: dict[
        str, argparse.ArgumentParser
    ] = {}  # name -> parser, of the command line as a whole

    def error(self, message):
        raise NumpyganError(f"{message}; see `{self.prog} -h`.")

    def parse_args(self, args=None, namespace=None):
        words = sys.argv[1:] if args is None else args
        for word in words:
            if re.fullmatch(_WITHOUT_VALUE, word):
                self.error(f"argument {word[:-2].rstrip('=')}: expected one argument")
        name = next((word for word in words if not word.startswith("-")), None)
        if name is not None and name not in self.commands:
            self.error(f"there is no command {name!r}{nearest(name.lower(), self.commands)}")
        its = self.commands.get(name, self)
        known = re.findall(r"--[\w-]+", its.format_help())
        for word in words[: words.index("--") if "--" in words else None]:
            option = word.partition("=")[0]
            if option.startswith("--") and option not in known:
                its.error(f"there is no option {option!r}{nearest(option.lower(), known)}")
        return super().parse_args(args, namespace)


def parser():
    """The argparse parser of the command line, with every command and option."""
    parser = _Parser(
        prog="numpygan",
        description="Generative Adversarial Nets (Goodfellow et al., 2014) in NumPy.",
        epilog="example: numpygan train --epochs 5",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"numpygan {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    parser.commands = subparsers.choices

    def command(name, function, summary, example):
        sub = subparsers.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=f"example: {example}",
            allow_abbrev=False,
        )
        sub.set_defaults(run_command=function)
        return sub

    for module in COMMANDS:
        module.add(command)
    return parser
