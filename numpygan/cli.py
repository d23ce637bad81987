"""The command line: parse, call, print."""

import argparse
import errno
import os
import re
import sys
import time
from contextlib import nullcontext, redirect_stdout

import numpy

from . import starting
from .commands import COMMANDS, ON_RANKS, ONLY_PRINT
from .errors import NumpyganError
from .ranks import ALONE, world
from .recipes.settings import nearest
from .terminal import standard_streams
from .version import __version__

_SECONDS_OF_GRACE = 2  # the first rank may take this long to print an error that all ranks have
_WITHOUT_VALUE = r"(-\w|--[\w-]+=)--"  # before Python 3.13 argparse reads `-o--` as an empty list


def main(arguments=None):
    """Run a command and return the exit code.

    0: success; 1: a check failed; 2: an error that a user can cause; 130: Ctrl-C.

    In an MPI job only the first rank prints, and it alone runs a command whose work can't be
    shared. Output that can't be written ends no work and changes no exit code. There is one
    exception: if a command only prints, a full disk is an error. A reader who leaves (`numpygan
    recipes | head`) is not.
    """
    options = argparse.Namespace(run_command=None, ranks=ALONE)
    with starting.interruptible() as stop:
        try:
            with standard_streams() as out:
                try:
                    options.ranks = ranks = world()
                    with redirect_stdout(open(os.devnull, "w")) if ranks.rank else nullcontext():
                        parser().parse_args(arguments, options)
                        code, asked_for_help = 0, None
                        if not ranks.rank or options.run_command in ON_RANKS:
                            # Commands check for values that are not finite; some BLAS kernels warn
                            # without reason.
                            with numpy.errstate(all="ignore"):
                                code = options.run_command(options) or 0
                except SystemExit as error:  # -h or --version, which argparse has printed
                    code, asked_for_help = 0, error
                except BaseException as error:
                    if stop.raised and not isinstance(error, KeyboardInterrupt):
                        error = KeyboardInterrupt()  # the signal caused this error
                    code, asked_for_help = _report(options.ranks, error), None
                return _after_output(out, options, code, asked_for_help)
        except KeyboardInterrupt:  # a second Ctrl-C, while the first was being reported
            return 130


def _after_output(out, options, code, asked_for_help):
    """The exit code, which lost output can change."""
    out.flush()
    if out.lost and not isinstance(out.lost, BrokenPipeError):
        why = f"stdout: cannot be written ({getattr(out.lost, 'strerror', out.lost)})"
        _tell(options.ranks, f"{why}; the rest of the output is lost.")
        if asked_for_help or options.run_command in ONLY_PRINT:
            return code or 2
    if asked_for_help:
        raise asked_for_help
    return code


def _report(ranks, error):
    """Print the sentence about `error` and return the exit code; raise what is no user's error."""
    code, words = 2, error
    if isinstance(error, NumpyganError):
        words = _with_its_place(error)
    elif isinstance(error, KeyboardInterrupt):
        code, words = 130, str(error) or "Stopped; give the same command to start again."
    elif isinstance(error, MemoryError):
        advice = "make the batch, the networks or the number of samples smaller"
        words = f"not enough memory ({str(error) or 'for the arrays'}); {advice}."
    elif isinstance(error, ImportError):  # most packages are imported when they are needed
        words = NumpyganError(
            f"a package is missing or damaged ({error}); install it, or numpygan, again."
        )
    elif isinstance(error, RuntimeError) and "new thread" in str(error):
        words = "the system starts no more threads; end other programs or raise the limit."
    elif isinstance(error, OSError):  # a path that is too long, a folder without permission
        words = f"the system says: {error.strerror or error}."
        if error.filename:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            do = "make room there" if full else "check the path"
            words = f"{error.filename}: {error.strerror or error}; {do}."
        words = _with_its_place(NumpyganError(words))
    else:
        raise error
    _tell(ranks, words)
    return code


def _with_its_place(error):
    """`error`, or its cause if the working directory is gone: then no relative path leads on."""
    try:
        os.getcwd()
    except FileNotFoundError:
        words = "the folder in which this command runs was deleted, so go to another one (cd)"
        return NumpyganError(f"{words}; the first error was: {error}")
    except OSError:  # a folder above may not be read
        pass
    return error


def _tell(ranks, error):
    if ranks.rank:
        time.sleep(_SECONDS_OF_GRACE)
        error = f"rank {ranks.rank}: {error}"
    print(f"numpygan: {error}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """argparse's parser, whose errors are NumpyganErrors that suggest the nearest name."""

    commands: dict[str, argparse.ArgumentParser] = {}  # of the whole command line: name -> parser
    refused: dict[str, str] = {}  # options of other commands -> why this one has none

    def __init__(self, *args, **named):
        self.options = []  # all that begin with --
        super().__init__(*args, **named)

    def add_argument(self, *names, **named):
        self.options += [name for name in names if name.startswith("--")]
        return super().add_argument(*names, **named)

    def error(self, message):
        raise NumpyganError(f"{message}; see `{self.prog} -h`.")

    def parse_args(self, args=None, namespace=None):
        words = sys.argv[1:] if args is None else args
        for word in words:
            if re.fullmatch(_WITHOUT_VALUE, word):
                self.error(f"argument {word[:-2].rstrip('=')}: expected one argument")
        for before, word in zip(["", *words], words):
            option, equals, value = word.partition("=")
            if not word or (equals and not value and re.fullmatch(r"--[\w-]+", option)):
                where = f"argument {option if word else before or '1'}"
                self.error(f"{where}: is empty; a shell variable may not be set")
        name = next((word for word in words if not word.startswith("-")), None)
        if name is not None and name not in self.commands:
            self.error(f"there is no command {name!r}{nearest(name.lower(), self.commands)}")
        its = self.commands.get(name, self)
        for word in words[: words.index("--") if "--" in words else None]:
            option = word.partition("=")[0]
            if option.startswith("--") and option not in its.options:
                its.error(
                    its.refused.get(option)
                    or f"there is no option {option!r}{nearest(option.lower(), its.options)}"
                )
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
        about = {"help": summary, "description": summary, "epilog": f"example: {example}"}
        sub = subparsers.add_parser(name, allow_abbrev=False, **about)
        sub.set_defaults(run_command=function)
        return sub

    for module in COMMANDS:
        module.add(command)
    return parser
