"""numpygan train: a recipe, or the user's own data, to a run directory."""

import shlex
import sys
from pathlib import Path

from .. import __version__
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..gan.objective import G_LOSSES
from ..gan.settings import change, recipe_named
from ..runs import train as loop
from ..runs.directory import RunDirectory, rules_in_force
from ..runs.profile import Profile
from .arguments import add_set, changed_fields, positive


def add(command):
    parser = command("train", train, "Train a recipe: pictures, metrics and checkpoints go to a run directory.",
                    "numpygan train mnist --epochs 20 --set batch=50 --out runs/small-batch")  # fmt: skip
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="see `numpygan recipes` (default: mnist)")
    parser.add_argument("--epochs", type=positive(float), metavar="N", help="total length of the run in passes over the data")
    parser.add_argument("--iterations", type=positive(int), metavar="N", help="total length of the run in iterations")
    parser.add_argument("--seed", metavar="S", help="the seed of all randomness (default: 0)")
    parser.add_argument("--k", metavar="K", help="steps of D in an iteration")
    parser.add_argument("--loss", metavar="|".join(G_LOSSES), help="the generator's loss")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="where to compute (default: cpu)")
    parser.add_argument("--data", metavar="PATH", help="your own data: a folder of IDX or CIFAR-10 binary files, a .npy or .npz")
    parser.add_argument("--out", metavar="DIR", help="the run directory (default: the next free runs/RECIPE-N)")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out (default: the newest of the recipe)")
    add_set(parser)
    parser.add_argument(
        "--local-batch", action="store_true",
        help="on P ranks of MPI, started by `mpiexec -n P python -m mpi4py -m numpygan train …`, which share each minibatch: "
             "the recipe's batch is what each computes, the minibatch P times that; the learning rates are left as they are",
    )  # fmt: skip
    parser.add_argument("--profile", action="store_true", help="at the end print where the time of an iteration went")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors, and what --profile asks for")


def train(options):
    changes = {name: getattr(options, name) for name in ("seed", "k", "loss", "data") if getattr(options, name) is not None}
    changes |= changed_fields(options.set)
    if options.epochs is not None and options.iterations is not None:
        raise NumpyganError("--epochs and --iterations both give the length of the run; give one of them.")

    if options.epochs is not None:
        changes |= {"epochs": options.epochs, "iterations": 0}
    if options.iterations is not None:
        changes["iterations"] = options.iterations

    run, recipe = options.ranks.from_first(lambda: _run_and_recipe(options, changes))
    say = (lambda *_: None) if options.quiet else print
    say(f"numpygan {__version__}: {recipe.name}, seed {recipe.seed}, on {options.device} -> {run.path}")
    for line in rules_in_force(recipe):
        say(f"  {line}")
    if options.local_batch:
        rows = f"{recipe.batch} rows, {recipe.batch // options.ranks.size} for each rank"
        say(f"  batch  {rows}; the learning rates are left as they are")
    elif options.ranks.size > 1:
        say(f"  batch  {recipe.batch} rows, shared by {options.ranks.size} ranks")
    profile = Profile() if options.profile else None
    with _Bar(options.quiet or options.ranks.rank > 0) as bar:
        try:
            loop.train(
                recipe, run, options.device, options.resume, bar.show, options.ranks, profile, say
            )
        except loop.Interrupted:
            if options.ranks.rank:
                return 0
            bar.close()
            if profile:
                print(profile.table())
            given = {"--epochs": options.epochs, "--iterations": options.iterations}
            length = "".join(f" {name} {repr(value).removesuffix('.0')}" for name, value in given.items() if value is not None)
            device = "" if options.device == "cpu" else f" --device {options.device}"
            print(
                f"Stopped and saved. Go on with: numpygan train --resume --out {shlex.quote(str(run.path))}{length}{device}",
                file=sys.stderr,
            )
            return 130
    if options.ranks.rank:
        return 0
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
    if profile:
        print(profile.table())


def _run_and_recipe(options, changes):
    """The RunDirectory and the recipe that the options ask for. Raises NumpyganError if they can't be had."""
    if options.resume:
        if options.local_batch:
            raise NumpyganError("--local-batch: a run that is resumed keeps its minibatch; leave the option out.")
        run = RunDirectory.existing(options.out) if options.out else RunDirectory.latest(options.recipe or "mnist")
        recipe = _with_absolute_data(change(run.recipe(), **changes))
        if options.recipe not in (None, run.recipe().name):
            raise NumpyganError(f"--resume: {run.path} is a run of {run.recipe().name}, not of {options.recipe}.")
        run.expect(recipe)
    else:
        recipe = _with_absolute_data(change(recipe_named(options.recipe or "mnist"), **changes))
        if options.local_batch:
            recipe = change(recipe, batch=recipe.batch * options.ranks.size)
        run = RunDirectory(options.out) if options.out else RunDirectory.next_free(recipe.name)
    return run, recipe


def _with_absolute_data(recipe):
    """So that a run can be resumed from another folder."""
    return recipe if recipe.data in ("mnist", *TOYS) else change(recipe, data=str(Path(recipe.data).resolve()))


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
