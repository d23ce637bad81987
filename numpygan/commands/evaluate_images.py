"""`numpygan evaluate` for images: every measure of the samples of a run or a file."""

from ..arrays import Stream
from ..data.dataset import as_float, load, samples_like
from ..errors import NumpyganError
from ..figures.pictures import limits_of
from ..figures.side_by_side import save_side_by_side
from ..gan import sampling
from ..metrics import image_scores as evaluation
from ..metrics.baselines import image_baselines
from ..metrics.parzen import SAMPLES, VALIDATION
from ..runs.provenance import dataset_of
from . import evaluate_ais
from .arguments import data_fields, new_file
from .results import result_file, show


def add(parser):
    """Add the options of `evaluate` that are only for images."""
    parser.add_argument(
        "--baselines",
        metavar="FILE.png",
        help="also measure a Gaussian and a Gaussian mixture fitted by maximum likelihood; draw "
        "all samples side by side",
    )


def evaluate_images(options, run, data):
    """Print and write all measures of the run, or of the samples in a file if `run` is None.

    data  the name or path of the data to compare with
    """
    picture = None
    if options.baselines:
        picture = new_file(options.baselines, options, ".png", option="--baselines")
    file = result_file(options, run)
    if run is None:
        fields = data_fields(options)
        fields.pop("data", None)
        dataset = load(data, **fields)
        samples, digits = samples_like(dataset, options.samples), data == "mnist"
        sigma_rows = VALIDATION
        source = {"file": options.samples}
    else:
        recipe = run.recipe()
        dataset = dataset_of(run, options.data)
        sigma_rows = recipe.sigma_rows
        digits = data == "mnist" and recipe.preprocess == "none"
        G, _, source = run.generator(options.checkpoint)
        samples = sampling.sample(G, recipe.noise, SAMPLES, Stream(options.seed))
    evaluate_ais.kept(run, source)  # a damaged file is refused before the work
    evaluation.rows_compared(samples, dataset)  # before anything is written
    print(f"measuring {len(samples):,} samples against {data} …", flush=True)
    baselines = _baselines(picture, options, samples, dataset) if picture else {}
    result = evaluation.evaluate(
        samples, dataset, options.seed, digits, baselines, options.ranks, sigma_rows
    )
    if options.ranks.rank:
        return
    rows = result["rows"] + evaluate_ais.kept(run, source)
    result |= {"data": data, "source": source, "rows": rows}
    show(evaluation.table(result, with_paper=data == "mnist"), result, file)


def _baselines(file, options, samples, dataset):
    """Samples of the fitted densities by name, drawn with the given samples in `file`."""
    if dataset.image_shape is None:
        raise NumpyganError("--baselines: the data are not images; leave it out.")
    baselines = image_baselines(dataset.train, SAMPLES, options.seed)
    ours = "GAN" if options.samples is None else "these samples"
    if options.ranks.rank:
        return baselines
    named = {ours: samples, **baselines, "test images": as_float(dataset.test)}
    save_side_by_side(file, named, dataset.image_shape, limits_of(dataset.train))
    print(f"{file}: the samples, and samples of the fitted densities")
    return baselines
