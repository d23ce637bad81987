"""numpygan evaluate: how well samples fit the data."""

import json

from ..arrays import Stream
from ..data.dataset import as_float, load
from ..data.readers import read_numpy
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..files import write_whole
from ..gan import sampling
from ..metrics import evaluation
from ..metrics.baselines import image_baselines
from ..metrics.parzen import SAMPLES
from ..runs.directory import RunDirectory
from ..runs.training import load_dataset
from ..study.side_by_side import save_side_by_side
from . import evaluate_toys
from .arguments import add_force, add_set, natural, new_file


def add(command):
    parser = command("evaluate", evaluate, "Measure how well samples fit the data, beside real data and published numbers.",
                    "numpygan evaluate runs/mnist-1")  # fmt: skip
    parser.add_argument(
        "run", nargs="?", metavar="RUN", help="a run directory, whose best checkpoint is evaluated; with --seeds the name of a toy"
    )
    parser.add_argument(
        "--samples", metavar="FILE.npy", help="evaluate these samples (N × d, pixels in [0, 1]) instead of a run's"
    )
    parser.add_argument("--data", metavar="PATH", help="what --samples are to be like (default: mnist)")
    parser.add_argument("--seed", type=natural, default=0, metavar="S", help="the seed of the samples (default: 0)")
    parser.add_argument(
        "-o", dest="file", metavar="FILE.json", help="the result (default: RUN/evaluation.json or evaluation.json)"
    )
    parser.add_argument(
        "--baselines", metavar="FILE.png",
        help="measure a Gaussian and a Gaussian mixture fitted by maximum likelihood, too, and draw all samples side by side",
    )  # fmt: skip
    evaluate_toys.add(parser)
    add_set(parser)
    add_force(parser, "FILE.json or FILE.png")


def evaluate(options):
    if (options.run is None) == (options.samples is None):
        raise NumpyganError("evaluate: expected either a RUN or --samples FILE.npy; see `numpygan evaluate -h`.")
    if options.seeds is not None:
        if options.run is None or options.data is not None:
            raise NumpyganError("--seeds: expected the name of a toy recipe, such as ring, and no --samples or --data.")
        return evaluate_toys.evaluate_seeds(options)
    if options.set or options.out:
        raise NumpyganError("--set and --out: go with --seeds, which trains; a finished run or samples can't be changed.")
    if options.run is not None:
        if options.data is not None:
            raise NumpyganError("--data: goes with --samples; a RUN is evaluated on the data it was trained on.")
        run = RunDirectory.existing(options.run)
        recipe = run.recipe()
        file = run.evaluation if options.file is None else new_file(options.file, options, ".json")
        if recipe.data in TOYS:
            return evaluate_toys.evaluate_run(options, run, file)
        data, dataset = recipe.data, load_dataset(recipe)
        digits = data == "mnist" and recipe.preprocess == "none"
        G, _, source = run.generator()
        samples = sampling.sample(G, recipe.noise, SAMPLES, Stream(options.seed))
    else:
        file, data = new_file(options.file or "evaluation.json", options, ".json"), options.data or "mnist"
        samples = read_numpy(options.samples)
        if data in TOYS:
            return evaluate_toys.evaluate_samples(options, samples, file)
        dataset, source, digits = load(data), {"file": options.samples}, data == "mnist"
    evaluation.rows_compared(samples, dataset)  # before anything is written
    print(f"measuring {len(samples):,} samples against {data} …", flush=True)
    baselines = _baselines(options, samples, dataset) if options.baselines else {}
    result = evaluation.evaluate(samples, dataset, options.seed, digits, baselines, options.ranks)
    if options.ranks.rank:
        return
    result |= {"data": data, "source": source}
    write_whole(file, lambda out: out.write(json.dumps(result, indent=2).encode() + b"\n"))
    print("\n".join(evaluation.table(result, with_paper=data == "mnist")))
    print(f"{file}: the same as JSON")


def _baselines(options, samples, dataset):
    """Samples of the explicit densities, by name, once they are drawn beside the given ones."""
    file = new_file(options.baselines, options, ".png", option="--baselines")
    if dataset.image_shape is None:
        raise NumpyganError("--baselines: the data are not images; leave it out.")
    baselines = image_baselines(dataset.train, SAMPLES, options.seed)
    ours = "GAN" if options.samples is None else "these samples"
    save_side_by_side(file, {ours: samples, **baselines, "test images": as_float(dataset.test)}, dataset.image_shape)
    print(f"{file}: the samples beside those of explicit densities")
    return baselines
