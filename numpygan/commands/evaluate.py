"""numpygan evaluate: how well samples fit the data."""

import json

from ..arrays import Stream
from ..data.dataset import load
from ..data.readers import read_numpy
from ..errors import NumpyganError
from ..files import write_whole
from ..gan import sampling
from ..metrics import evaluation
from ..metrics.parzen import SAMPLES
from ..runs.directory import RunDirectory
from ..runs.training import load_dataset
from . import evaluate_ais
from .arguments import add_force, natural, new_file


def add(command):
    parser = command("evaluate", evaluate, "The Parzen window log-likelihood, by the paper's procedure, beside its Table 1.",
                    "numpygan evaluate runs/mnist-1")  # fmt: skip
    parser.add_argument("run", nargs="?", metavar="RUN", help="a run directory; its best checkpoint is evaluated")
    parser.add_argument(
        "--samples", metavar="FILE.npy", help="evaluate these samples (N × d, pixels in [0, 1]) instead of a run's"
    )
    parser.add_argument("--data", metavar="PATH", help="what --samples are to be like (default: mnist)")
    parser.add_argument("--seed", type=natural, default=0, metavar="S", help="the seed of the samples (default: 0)")
    parser.add_argument(
        "-o", dest="file", metavar="FILE.json", help="the result (default: RUN/evaluation.json or evaluation.json)"
    )
    evaluate_ais.add(parser)
    add_force(parser, "FILE.json")


def evaluate(options):
    if (options.run is None) == (options.samples is None):
        raise NumpyganError("evaluate: expected either a RUN or --samples FILE.npy; see `numpygan evaluate -h`.")
    evaluate_ais.check(options)
    if options.ais:
        return evaluate_ais.evaluate_ais(options)
    rows = []
    if options.run is not None:
        if options.data is not None:
            raise NumpyganError("--data: goes with --samples; a RUN is evaluated on the data it was trained on.")
        run = RunDirectory.existing(options.run)
        recipe = run.recipe()
        file = run.evaluation if options.file is None else new_file(options.file, options, ".json")
        data, dataset = recipe.data, load_dataset(recipe)
        if dataset is None:
            raise NumpyganError(f"{run.path}: {recipe.name} is a toy without images; the Parzen protocol needs an image dataset.")
        G, _, source = run.generator()
        rows = evaluate_ais.kept(run, source)
        samples = sampling.sample(G, recipe.noise, SAMPLES, Stream(options.seed))
    else:
        file, data = new_file(options.file or "evaluation.json", options, ".json"), options.data or "mnist"
        dataset, samples, source = load(data), read_numpy(options.samples), {"file": options.samples}
    result = evaluation.evaluate(samples, dataset, options.seed) | {"data": data, "source": source}
    result["rows"] = result.get("rows", []) + rows
    write_whole(file, lambda out: out.write(json.dumps(result, indent=2).encode() + b"\n"))
    print("\n".join(evaluation.table(result, with_paper=data == "mnist")))
    print(f"{file}: the same as JSON")
