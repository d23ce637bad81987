"""`numpygan evaluate` for stacked-mnist: modes found and reverse KL of a run or of samples."""

from ..arrays import Stream
from ..data.dataset import load, samples_like
from ..errors import NumpyganError
from ..files import write_json
from ..gan import sampling
from ..metrics import stacked
from ..runs.provenance import dataset_of
from . import evaluate_ais
from .arguments import new_file, result_file

_PART = 2_560  # samples in memory at a time: 24 MB


def evaluate_stacked(options, run):
    """Print and write the modes of the run, or of the samples in a file if `run` is None."""
    if options.baselines:
        raise NumpyganError("--baselines: not for stacked-mnist, whose table counts modes.")
    if run is None:
        file = new_file(options.file or "evaluation.json", options, ".json")
        parts = [samples_like(load("stacked-mnist"), options.samples)[: stacked.SAMPLES]]
        about = {"source": {"file": options.samples}}
    else:
        file = result_file(options, run, ".json")
        if options.data is not None:
            dataset_of(run, options.data)  # refuses other data
        recipe, (G, _, source) = run.recipe(), run.generator(options.checkpoint)
        stream = Stream(options.seed)
        parts = (
            sampling.sample(G, recipe.noise, _PART, stream) for _ in range(stacked.SAMPLES // _PART)
        )
        about = {"source": source, "seed": options.seed}
        evaluate_ais.kept(run, source)  # a damaged file is refused before the work
    print(f"counting modes in {stacked.SAMPLES:,} samples …", flush=True)
    rows = stacked.evaluate(parts)
    print("\n".join(stacked.table(rows)), flush=True)
    kept = [] if run is None else evaluate_ais.kept(run, source)
    write_json(file, {"rows": rows + kept, "data": "stacked-mnist"} | about)
    print(f"{file}: the same as JSON")
