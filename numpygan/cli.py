"""The command line: parse, call, print."""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy

from . import __version__
from .arrays import Stream
from .data.dataset import load
from .data.readers import read_numpy
from .data.sources import Noise
from .errors import NumpyganError
from .files import write_whole
from .gan.recipes import RECIPES
from .gan.sampling import sample
from .gan.settings import change, recipe_named
from .metrics.evaluation import evaluate, table
from .metrics.parzen import SAMPLES
from .runs.directory import RunDirectory, rules_in_force
from .runs.train import Interrupted, train
from .runs.training import load_dataset
from .study import panels, pictures


def main(arguments=None):
    """Run a command and return the exit code: 0, 2 after an error a user can cause, 130 after Ctrl-C."""
    try:
        options = _parser().parse_args(arguments)
        return options.run_command(options) or 0
    except NumpyganError as error:
        print(f"numpygan: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("numpygan: interrupted.", file=sys.stderr)
        return 130
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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, summary, example):
        sub = commands.add_parser(name, help=summary, description=summary, epilog=f"example: {example}", allow_abbrev=False)
        sub.set_defaults(run_command=function)
        return sub

    train = command("train", _train, "Train a recipe: pictures, metrics and checkpoints go to a run directory.",
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

    draw = command("sample", _sample, "Draw samples from a trained generator.", "numpygan sample runs/mnist-1 -n 100 -o digits.png")
    draw.add_argument("-n", type=_positive(int), default=100, metavar="N", help="how many (default: 100)")
    draw.add_argument("--nearest", action="store_true",
                      help="a column of nearest training examples on the right, as in the paper's Figure 2")  # fmt: skip

    between = command("interpolate", _interpolate, "Interpolate in z space, as in the paper's Figure 3.",
                      "numpygan interpolate runs/mnist-1 -o figure3.png")  # fmt: skip
    between.add_argument("-n", type=_positive(int), default=8, metavar="N", help="how many lines (default: 8)")
    for sub, kinds in ((draw, ".png (a grid) or .npy (float32, N × d)"), (between, ".png")):
        sub.add_argument("run", metavar="RUN", help="a run directory")
        sub.add_argument("-o", dest="file", required=True, metavar="FILE", help=f"the file to write: {kinds}")
        sub.add_argument("--seed", type=_natural, default=0, metavar="S", help="the seed of the noise (default: 0)")
        sub.add_argument("--force", action="store_true", help="overwrite FILE if it exists")

    judge = command("evaluate", _evaluate, "The Parzen window log-likelihood, by the paper's procedure, beside its Table 1.",
                    "numpygan evaluate runs/mnist-1")  # fmt: skip
    judge.add_argument("run", nargs="?", metavar="RUN", help="a run directory; its best checkpoint is evaluated")
    judge.add_argument("--samples", metavar="FILE.npy", help="evaluate these samples (N × d, pixels in [0, 1]) instead of a run's")
    judge.add_argument("--data", default="mnist", metavar="PATH", help="what --samples are to be like (default: mnist)")
    judge.add_argument("--seed", type=_natural, default=0, metavar="S", help="the seed of the samples (default: 0)")
    judge.add_argument("-o", dest="file", metavar="FILE.json", help="where --samples' result goes (default: evaluation.json)")
    judge.add_argument("--force", action="store_true", help="overwrite FILE.json if it exists")

    show = command("recipes", _recipes, "List the recipes, or every field of one.", "numpygan recipes mnist")
    show.add_argument("name", nargs="?", metavar="NAME")
    return parser


def _train(options):
    changes = {name: getattr(options, name) for name in ("seed", "k", "loss") if getattr(options, name) is not None}
    if options.data is not None:
        changes["data"] = str(Path(options.data).resolve())
    for item in options.set:
        name, equals, value = item.partition("=")
        if not equals:
            raise NumpyganError(f"--set: expected FIELD=VALUE, got {item!r}.")
        changes[name.strip()] = value
    if options.epochs is not None and options.iterations is not None:
        raise NumpyganError("--epochs and --iterations both give the length of the run; give one of them.")

    if options.resume:
        run = RunDirectory.existing(options.out) if options.out else RunDirectory.latest(options.recipe or "mnist")
        recipe = run.recipe()
        _same_recipe(run, recipe, options.recipe, change(recipe, **changes))
    else:
        recipe = change(recipe_named(options.recipe or "mnist"), **changes)
        run = RunDirectory(options.out) if options.out else RunDirectory.next_free(recipe.name)
    say = (lambda *_: None) if options.quiet else print
    say(f"numpygan {__version__}: {recipe.name}, seed {recipe.seed}, on {options.device} -> {run.path}")
    for line in rules_in_force(recipe):
        say(f"  {line}")
    with _Bar(options.quiet) as bar:
        try:
            train(recipe, run, options.device, options.resume, options.epochs, options.iterations, bar.show)
        except Interrupted:
            bar.close()
            length = "".join(f" --{name} {getattr(options, name):g}" for name in ("epochs", "iterations") if getattr(options, name))
            print(f"Stopped and saved. Go on with: numpygan train --resume --out {run.path}{length}", file=sys.stderr)
            return 130
    last = run.read_metrics()[-1]
    say(f"{run.path} after {last['iteration']:,.0f} iterations ({last['epoch']:g} epochs, {last['seconds']:.0f} s):")
    for path, what in (
        (run.samples, "pictures of samples"), (run.learning, "learning curves"), (run.metrics, "the numbers"),
        (run.checkpoint, "the newest state"), (run.best, "the state with the best validation log-likelihood"),
    ):  # fmt: skip
        if path.exists():
            say(f"  {path.name:16}{what}")
    if run.best.exists():
        say(f"Next: numpygan evaluate {run.path}")


def _same_recipe(run, recipe, name, wanted):
    """Raise NumpyganError if a resume asks for another recipe than the run's."""
    if name is not None and name != recipe.name:
        raise NumpyganError(f"--resume: {run.path} is a run of {recipe.name}, not of {name}.")
    for field, value in vars(recipe).items():
        if getattr(wanted, field) != value:
            raise NumpyganError(
                f"--resume: {field} is {value!r} in {run.path}, not {getattr(wanted, field)!r}; "
                f"only the length of a run can change, so start a new one for that."
            )


class _Bar:
    """A progress bar, made when there is something to show."""

    def __init__(self, quiet):
        self._quiet, self._bar = quiet, None

    def show(self, iteration, total, means):
        if self._quiet:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, initial=iteration, unit="it", dynamic_ncols=True, smoothing=0.1)
        self._bar.set_postfix_str("V {:.3f}, D(x) {:.2f}, D(G(z)) {:.2f}".format(*means), refresh=False)
        self._bar.update(iteration - self._bar.n)

    def close(self):
        if self._bar is not None:
            self._bar.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _sample(options):
    run, file = RunDirectory.existing(options.run), _new_file(options, ".png", ".npy")
    G, image_shape = run.generator()
    samples = sample(G, run.recipe().noise, options.n, Stream(options.seed))
    if options.nearest:
        if file.suffix != ".png" or image_shape is None:
            raise NumpyganError("--nearest: makes a picture of images; expected a run on images and a .png file.")
        dataset = load_dataset(run.recipe())
        pictures.save_picture(file, panels.figure2(samples, dataset.train, image_shape))
    elif file.suffix == ".npy":
        write_whole(file, lambda out: numpy.save(out, samples.astype("float32")))
    else:
        pictures.save_samples(file, samples, image_shape)
    print(f"{file}: {len(samples)} samples of {run.path}")


def _interpolate(options):
    run, file = RunDirectory.existing(options.run), _new_file(options, ".png")
    G, image_shape = run.generator()
    if image_shape is None:
        raise NumpyganError(f"{run.path}: its samples are not images; interpolate needs a run on images.")
    ends = numpy.zeros((2 * options.n, G.n_in), G.dtype)
    Noise(run.recipe().noise, Stream(options.seed)).minibatch(ends)
    pictures.save_picture(file, panels.figure3(G, ends.reshape(2, options.n, -1), image_shape))
    print(f"{file}: {options.n} lines between points in z space")


def _evaluate(options):
    if (options.run is None) == (options.samples is None):
        raise NumpyganError("evaluate: expected either a RUN or --samples FILE.npy; see `numpygan evaluate -h`.")
    if options.run is not None:
        run = RunDirectory.existing(options.run)
        recipe, file = run.recipe(), run.evaluation
        dataset = load_dataset(recipe)
        if dataset is None:
            raise NumpyganError(f"{run.path}: {recipe.name} is a toy without images; the Parzen protocol needs an image dataset.")
        samples = sample(run.generator()[0], recipe.noise, SAMPLES, Stream(options.seed))
        data = recipe.data
    else:
        options.file = options.file or "evaluation.json"
        file, data = _new_file(options, ".json"), options.data
        dataset, samples = load(data), read_numpy(options.samples)
    result = evaluate(samples, dataset, options.seed)
    write_whole(file, lambda out: out.write(json.dumps(result, indent=2).encode() + b"\n"))
    print("\n".join(table(result, with_paper=data == "mnist")))
    print(f"{file}: the same as JSON")


def _recipes(options):
    if options.name is None:
        for recipe in RECIPES.values():
            print(f"{recipe.name:14}{recipe.about}")
        print("`numpygan recipes NAME` shows every field; change any with `numpygan train NAME --set FIELD=VALUE`.")
    else:
        for name, value in vars(recipe_named(options.name)).items():
            print(f"{name:22}{', '.join(map(str, value)) if isinstance(value, tuple) else value}")


def _new_file(options, *suffixes):
    """The path to write. Raises NumpyganError if its ending is wrong, it exists, or its folder doesn't."""
    file = Path(options.file)
    if file.suffix not in suffixes:
        raise NumpyganError(f"-o {file}: expected a file ending in {' or '.join(suffixes)}.")
    if file.exists() and not options.force:
        raise NumpyganError(f"-o {file}: exists already; add --force to overwrite it.")
    if not file.parent.is_dir():
        raise NumpyganError(f"-o {file}: there is no folder {file.parent}; make it first.")
    return file


def _positive(kind):
    def parse(text):
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"expected a number > 0, got {text}")
        return value

    parse.__name__ = "number" if kind is float else "whole number"
    return parse


def _natural(text):
    if int(text) < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number ≥ 0, got {text}")
    return int(text)
