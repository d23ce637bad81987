"""numpygan evaluate: how well samples fit the data."""

from ..data.sources import TOYS
from ..errors import NumpyganError
from ..recipes.settings import check_data_fields
from ..runs.directory import RunDirectory
from ..runs.provenance import dataset_of
from . import evaluate_ais, evaluate_images, evaluate_stacked, evaluate_toys
from .arguments import add_checkpoint, add_data, add_force, add_seed, add_set, data_fields


def add(command):
    parser = command(
        "evaluate",
        evaluate,
        "Measure how well samples fit the data; compare with real data and published numbers.",
        "numpygan evaluate runs/mnist-1",
    )
    parser.add_argument(
        "run", nargs="?", metavar="RUN", help="a run directory; with --seeds a toy recipe"
    )
    add_checkpoint(parser)
    parser.add_argument(
        "--samples",
        metavar="FILE.npy",
        help="evaluate these samples instead of a run; they must have the scale of the data",
    )
    add_data(
        parser,
        "with --samples: the data to compare with (default: mnist); with RUN: the new path of "
        "its data",
    )
    add_seed(parser, "the samples, and of the choice of rows that are compared")
    parser.set_defaults(seed=None)  # None means not given; `evaluate` makes it 0
    parser.add_argument(
        "-o",
        dest="file",
        metavar="FILE.json",
        help="the file to write (default: RUN/evaluation.json, or evaluation.json)",
    )
    evaluate_images.add(parser)
    evaluate_ais.add(parser)
    evaluate_toys.add(parser)
    add_set(parser)
    add_force(parser, "FILE.json or FILE.png")


def evaluate(options):
    if (options.run is None) == (options.samples is None):
        raise NumpyganError(
            "evaluate: expected either a RUN or --samples FILE.npy; see `numpygan evaluate -h`."
        )
    if options.samples is not None and options.checkpoint != "best":
        raise NumpyganError("--checkpoint: goes with a RUN, not with --samples.")
    with_seed, options.seed = options.seed is not None, options.seed or 0
    evaluate_ais.check(options)
    evaluate_toys.check(options)
    if options.seeds is not None:
        return evaluate_toys.evaluate_seeds(options)
    run = None if options.run is None else RunDirectory.existing(options.run)
    fields = data_fields(options)
    if run is not None and fields.keys() - {"data"}:
        raise NumpyganError(
            f"--{min(fields.keys() - {'data'})}: goes with --samples and --data; a RUN has its own."
        )
    data = fields.get("data", "mnist") if run is None else run.recipe().data
    if run is None:
        check_data_fields(data, fields)
    if run is None and with_seed and data in (*TOYS, "stacked-mnist"):
        raise NumpyganError(
            f"--seed: is for samples that a RUN draws; the samples in {options.samples} are "
            f"compared with {data} without a random choice, so leave it out."
        )
    if options.baselines and (options.ais or data in TOYS):
        words = "--ais, which adds rows of its own" if options.ais else f"{data}, a toy"
        raise NumpyganError(f"--baselines: does not go with {words}; leave it out.")
    if run is not None and data in TOYS and options.data is not None:
        dataset_of(run, options.data)  # refuses other data than the toy
    if options.ais:
        return evaluate_ais.evaluate_ais(options, run)
    if data not in (*TOYS, "stacked-mnist"):
        return evaluate_images.evaluate_images(options, run, data)
    if options.ranks.rank == 0 and data == "stacked-mnist":
        return evaluate_stacked.evaluate_stacked(options, run)
    if options.ranks.rank == 0:
        return evaluate_toys.evaluate_toy(options, run, data)
