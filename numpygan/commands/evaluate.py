"""numpygan evaluate: how well samples fit the data."""

import json

from ..arrays import Stream
from ..data.dataset import load
from ..data.readers import read_numpy
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..files import write_whole
from ..gan import sampling
from ..metrics import evaluation
from ..metrics.parzen import SAMPLES
from ..runs.directory import RunDirectory
from ..runs.training import load_dataset
from . import evaluate_toys
from .arguments import add_force, add_set, natural, new_file


def add(command):
    parser = command("evaluate", evaluate, "Evaluate samples: Parzen windows beside the paper's Table 1, or the modes of a toy.",
                    "numpygan evaluate ring --seeds 10")  # fmt: skip
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
    evaluate_toys.add(parser)
    add_set(parser)
    add_force(parser, "FILE.json")


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
        G, _, source = run.generator()
        samples = sampling.sample(G, recipe.noise, SAMPLES, Stream(options.seed))
    else:
        file, data = new_file(options.file or "evaluation.json", options, ".json"), options.data or "mnist"
        samples = read_numpy(options.samples)
        if data in TOYS:
            return evaluate_toys.evaluate_samples(options, samples, file)
        dataset, source = load(data), {"file": options.samples}
    result = evaluation.evaluate(samples, dataset, options.seed, options.ranks) | {"data": data, "source": source}
    if options.ranks.rank:
        return
    write_whole(file, lambda out: out.write(json.dumps(result, indent=2).encode() + b"\n"))
    print("\n".join(evaluation.table(result, with_paper=data == "mnist")))
    print(f"{file}: the same as JSON")
