"""`numpygan evaluate` for stacked-mnist: modes found and reverse KL of a run or of samples."""

from ..arrays import Stream
from ..data.dataset import load, samples_like
from ..errors import NumpyganError
from ..gan import sampling
from ..metrics import stacked
from ..runs.provenance import dataset_of
from . import evaluate_ais
from .arguments import data_fields
from .results import result_file, show

_PART = 2_560  # samples in memory at a time: 24 MB


def evaluate_stacked(options, run):
    """Print and write the modes of the run, or of the samples in a file if `run` is None."""
    if options.baselines:
        raise NumpyganError("--baselines: not for stacked-mnist, whose table counts modes.")
    fields = data_fields(options).keys() - {"data"}
    if run is None and fields:
        raise NumpyganError(f"--{min(fields)}: stacked-mnist has its own images; leave it out.")
    file = result_file(options, run)
    if run is None:
        parts = [samples_like(load("stacked-mnist"), options.samples)[: stacked.SAMPLES]]
        source, seed = {"file": options.samples}, {}
    else:
        if options.data is not None:
            dataset_of(run, options.data)  # refuses other data
        recipe, (G, _, source) = run.recipe(), run.generator(options.checkpoint)
        stream = Stream(options.seed)
        parts = (
            sampling.sample(G, recipe.noise, _PART, stream) for _ in range(stacked.SAMPLES // _PART)
        )
        seed = {"seed": options.seed}
    evaluate_ais.kept(run, source)  # a damaged file is refused before the work
    print(f"counting modes in {stacked.SAMPLES:,} samples …", flush=True)
    rows = stacked.evaluate(parts)
    result = {"rows": rows + evaluate_ais.kept(run, source), "data": "stacked-mnist"}
    show(stacked.table(rows), result | {"source": source} | seed, file)
