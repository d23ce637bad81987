"""The command line: parse, call, print."""

import argparse
import os
import sys

from . import __version__, commands
from .errors import NumpyganError


def main(arguments=None):
    """Run a command and return the exit code: 0; 1 if a check failed; 2 after an error a user can cause; 130 after Ctrl-C."""
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

    train = command("train", commands.train, "Train a recipe: pictures, metrics and checkpoints go to a run directory.",
                    "numpygan train mnist --epochs 20 --set batch=50 --out runs/small-batch")  # fmt: skip
    train.add_argument("recipe", nargs="?", metavar="RECIPE", help="see `numpygan recipes` (default: mnist)")
    train.add_argument("--epochs", type=_positive(float), metavar="N", help="total length of the run in passes over the data")
    train.add_argument("--iterations", type=_positive(int), metavar="N", help="total length of the run in iterations")
    train.add_argument("--seed", metavar="S", help="the seed of all randomness (default: 0)")
    train.add_argument("--k", metavar="K", help="steps of D in an iteration")
    train.add_argument("--loss", metavar="saturating|non_saturating", help="the generator's loss")
    train.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="where to compute (default: cpu)")
    train.add_argument("--data", metavar="PATH", help="your own data: a folder of IDX or CIFAR-10 binary files, a .npy or .npz")
    train.add_argument("--out", metavar="DIR", help="the run directory (default: the next free runs/RECIPE-N)")
    train.add_argument("--resume", action="store_true", help="go on with the run in --out (default: the newest of the recipe)")
    train.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="change a field of the recipe")
    train.add_argument("--quiet", action="store_true", help="print nothing but errors")

    draw = command(
        "sample", commands.sample, "Draw samples from a trained generator.", "numpygan sample runs/mnist-1 -n 100 -o digits.png"
    )
    draw.add_argument("-n", type=_positive(int, 10**6), default=100, metavar="N", help="how many (default: 100)")
    draw.add_argument("--nearest", action="store_true",
                      help="a column of nearest training examples on the right, as in the paper's Figure 2")  # fmt: skip

    between = command("interpolate", commands.interpolate, "Interpolate in z space, as in the paper's Figure 3.",
                      "numpygan interpolate runs/mnist-1 -o figure3.png")  # fmt: skip
    between.add_argument("-n", type=_positive(int, 10**4), default=8, metavar="N", help="how many lines (default: 8)")
    for sub, kinds in ((draw, ".png (a grid) or .npy (float32, N × d)"), (between, ".png")):
        sub.add_argument("run", metavar="RUN", help="a run directory")
        sub.add_argument("-o", dest="file", required=True, metavar="FILE", help=f"the file to write: {kinds}")
        sub.add_argument("--seed", type=_natural, default=0, metavar="S", help="the seed of the noise (default: 0)")
        sub.add_argument("--force", action="store_true", help="overwrite FILE if it exists")

    judge = command("evaluate", commands.evaluate, "The Parzen window log-likelihood, by the paper's procedure, beside its Table 1.",
                    "numpygan evaluate runs/mnist-1")  # fmt: skip
    judge.add_argument("run", nargs="?", metavar="RUN", help="a run directory; its best checkpoint is evaluated")
    judge.add_argument(
        "--samples", metavar="FILE.npy", help="evaluate these samples (N × d, pixels in [0, 1]) instead of a run's"
    )
    judge.add_argument("--data", metavar="PATH", help="what --samples are to be like (default: mnist)")
    judge.add_argument("--seed", type=_natural, default=0, metavar="S", help="the seed of the samples (default: 0)")
    judge.add_argument(
        "-o", dest="file", metavar="FILE.json", help="the result (default: RUN/evaluation.json or evaluation.json)"
    )
    judge.add_argument("--force", action="store_true", help="overwrite FILE.json if it exists")

    prove = command("gradcheck", commands.check_gradients, "Check every hand-written derivative against the complex step.",
                    "numpygan gradcheck mnist")  # fmt: skip
    prove.add_argument("recipe", nargs="?", default="all", metavar="RECIPE|all", help="whose layers and game (default: all)")
    prove.add_argument("--seed", type=_natural, default=0, metavar="S", help="the seed of θ, inputs and directions (default: 0)")
    prove.add_argument("--plot", metavar="FILE.png", help="also plot the error of numerical derivatives against their step")
    prove.add_argument("--force", action="store_true", help="overwrite FILE.png if it exists")

    show = command("recipes", commands.recipes, "List the recipes, or every field of one.", "numpygan recipes mnist")
    show.add_argument("name", nargs="?", metavar="NAME")
    return parser


def _positive(kind, most=float("inf")):
    limit = "" if most == float("inf") else f" and at most {most:,}"

    def parse(text):
        value = kind(text)
        if not 0 < value <= most or value == float("inf"):
            raise argparse.ArgumentTypeError(f"expected a number > 0{limit}, got {text}")
        return value

    parse.__name__ = "number" if kind is float else "whole number"
    return parse


def _natural(text):
    if int(text) < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number ≥ 0, got {text}")
    return int(text)


_natural.__name__ = "whole number"
