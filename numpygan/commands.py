"""What each command does: read, call, print."""

import json
import shlex
import sys
from pathlib import Path

import numpy

from . import __version__
from .arrays import Stream
from .check.game import check_all, check_recipe
from .data.dataset import load
from .data.readers import read_numpy
from .data.sources import TOYS, Noise
from .errors import NumpyganError
from .files import write_whole
from .gan import sampling
from .gan.recipes import RECIPES
from .gan.settings import change, recipe_named
from .metrics import evaluation
from .metrics.parzen import SAMPLES
from .runs import train as loop
from .runs.directory import RunDirectory, rules_in_force
from .runs.training import load_dataset
from .study import panels, pictures
from .study.step_plot import save_step_plot


def train(options):
    changes = {name: getattr(options, name) for name in ("seed", "k", "loss", "data") if getattr(options, name) is not None}
    for item in options.set:
        name, equals, value = item.partition("=")
        if not equals:
            raise NumpyganError(f"--set: expected FIELD=VALUE, got {item!r}.")
        changes[name.strip()] = value
    if options.epochs is not None and options.iterations is not None:
        raise NumpyganError("--epochs and --iterations both give the length of the run; give one of them.")

    if options.epochs is not None:
        changes |= {"epochs": options.epochs, "iterations": 0}
    if options.iterations is not None:
        changes["iterations"] = options.iterations

    if options.resume:
        run = RunDirectory.existing(options.out) if options.out else RunDirectory.latest(options.recipe or "mnist")
        recipe = _with_absolute_data(change(run.recipe(), **changes))
        _same_recipe(run, run.recipe(), options.recipe, recipe)
    else:
        recipe = _with_absolute_data(change(recipe_named(options.recipe or "mnist"), **changes))
        run = RunDirectory(options.out) if options.out else RunDirectory.next_free(recipe.name)
    say = (lambda *_: None) if options.quiet else print
    say(f"numpygan {__version__}: {recipe.name}, seed {recipe.seed}, on {options.device} -> {run.path}")
    for line in rules_in_force(recipe):
        say(f"  {line}")
    with _Bar(options.quiet) as bar:
        try:
            loop.train(recipe, run, options.device, options.resume, progress=bar.show)
        except loop.Interrupted:
            bar.close()
            given = {"--epochs": options.epochs, "--iterations": options.iterations}
            length = "".join(f" {name} {repr(value).removesuffix('.0')}" for name, value in given.items() if value is not None)
            device = "" if options.device == "cpu" else f" --device {options.device}"
            print(
                f"Stopped and saved. Go on with: numpygan train --resume --out {shlex.quote(str(run.path))}{length}{device}",
                file=sys.stderr,
            )
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


def _with_absolute_data(recipe):
    """So that a run can be resumed from another folder."""
    return recipe if recipe.data in ("mnist", *TOYS) else change(recipe, data=str(Path(recipe.data).resolve()))


def _same_recipe(run, recipe, name, wanted):
    """Raise NumpyganError if a resume asks for another recipe than the run's."""
    if name is not None and name != recipe.name:
        raise NumpyganError(f"--resume: {run.path} is a run of {recipe.name}, not of {name}.")
    for field, value in vars(recipe).items():
        if field not in ("epochs", "iterations") and getattr(wanted, field) != value:
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


def sample(options):
    run, file = RunDirectory.existing(options.run), _new_file(options.file, options, ".png", ".npy")
    G, image_shape, _ = run.generator()
    samples = sampling.sample(G, run.recipe().noise, options.n, Stream(options.seed))
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


def interpolate(options):
    run, file = RunDirectory.existing(options.run), _new_file(options.file, options, ".png")
    G, image_shape, _ = run.generator()
    if image_shape is None:
        raise NumpyganError(f"{run.path}: its samples are not images; interpolate needs a run on images.")
    ends = numpy.zeros((2 * options.n, G.n_in), G.dtype)
    Noise(run.recipe().noise, Stream(options.seed)).minibatch(ends)
    pictures.save_picture(file, panels.figure3(G, ends.reshape(2, options.n, -1), image_shape))
    print(f"{file}: {options.n} lines between points in z space")


def evaluate(options):
    if (options.run is None) == (options.samples is None):
        raise NumpyganError("evaluate: expected either a RUN or --samples FILE.npy; see `numpygan evaluate -h`.")
    if options.run is not None:
        if options.data is not None:
            raise NumpyganError("--data: goes with --samples; a RUN is evaluated on the data it was trained on.")
        run = RunDirectory.existing(options.run)
        recipe = run.recipe()
        file = run.evaluation if options.file is None else _new_file(options.file, options, ".json")
        data, dataset = recipe.data, load_dataset(recipe)
        if dataset is None:
            raise NumpyganError(f"{run.path}: {recipe.name} is a toy without images; the Parzen protocol needs an image dataset.")
        G, _, source = run.generator()
        samples = sampling.sample(G, recipe.noise, SAMPLES, Stream(options.seed))
    else:
        file, data = _new_file(options.file or "evaluation.json", options, ".json"), options.data or "mnist"
        dataset, samples, source = load(data), read_numpy(options.samples), {"file": options.samples}
    result = evaluation.evaluate(samples, dataset, options.seed) | {"data": data, "source": source}
    write_whole(file, lambda out: out.write(json.dumps(result, indent=2).encode() + b"\n"))
    print("\n".join(evaluation.table(result, with_paper=data == "mnist")))
    print(f"{file}: the same as JSON")


def check_gradients(options):
    if options.plot is not None:
        file = _new_file(options.plot, options, ".png", option="--plot")
        save_step_plot(file)
        print(f"{file}: four numerical derivatives, how wrong they are at each step")
    if options.recipe == "all":
        lines, passed = check_all(options.seed)
    else:
        report = check_recipe(recipe_named(options.recipe), options.seed)
        lines, passed = [str(report)], report.passed
    print("\n".join(lines))
    print("every derivative is right" if passed else "FAILED: see the lines above")
    return 0 if passed else 1


def recipes(options):
    if options.name is None:
        for recipe in RECIPES.values():
            print(f"{recipe.name:14}{recipe.about}")
        print("`numpygan recipes NAME` shows every field; change any with `numpygan train NAME --set FIELD=VALUE`.")
    else:
        for name, value in vars(recipe_named(options.name)).items():
            print(f"{name:22}{', '.join(map(str, value)) if isinstance(value, tuple) else value}")


def _new_file(name, options, *suffixes, option="-o"):
    """The path to write. Raises NumpyganError if its ending is wrong, it exists, or its folder doesn't."""
    file = Path(name)
    if file.suffix not in suffixes:
        raise NumpyganError(f"{option} {file}: expected a file ending in {' or '.join(suffixes)}.")
    if file.exists() and not options.force:
        raise NumpyganError(f"{option} {file}: exists already; add --force to overwrite it.")
    if not file.parent.is_dir():
        raise NumpyganError(f"{option} {file}: there is no folder {file.parent}; make it first.")
    return file
