"""numpygan sample: samples of a trained generator, as pictures or numbers."""

import csv
import io
from contextlib import suppress

import numpy

from ..arrays import Stream
from ..data import folders
from ..data.names import local_path
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..figures import panels, pictures
from ..files import write_bytes, write_whole
from ..gan import sampling
from ..runs.directory import RunDirectory
from ..runs.provenance import dataset_of
from .arguments import add_moved_data, add_run_and_file, new_file, positive


def add(command):
    parser = command(
        "sample",
        sample,
        "Draw samples from a trained generator.",
        "numpygan sample runs/mnist-1 -n 100 -o digits.png",
    )
    parser.add_argument(
        "-n", type=positive(int, 10**6), default=100, metavar="N", help="samples (default: 100)"
    )
    parser.add_argument(
        "--nearest",
        action="store_true",
        help="add a column of nearest training examples, as in the paper's Figure 2",
    )
    add_moved_data(parser)
    add_run_and_file(parser, ".png (a grid), .npy (float32, N × d) or .csv (of a table)")


def sample(options):
    run = RunDirectory.existing(options.run)
    file = new_file(options.file, options, ".png", ".npy", ".csv")
    G, image_shape, _ = run.generator(options.checkpoint)
    samples = sampling.sample(G, run.recipe().noise, options.n, Stream(options.seed))
    if not numpy.isfinite(samples).all():
        raise NumpyganError(
            f"{run.path}: G(z) is not finite, its parameters are too large; nothing is written."
        )
    ending = file.suffix.lower()
    if options.nearest and (ending != ".png" or image_shape is None):
        raise NumpyganError(
            "--nearest: makes a picture of images; expected a run on images and a .png file."
        )
    if ending == ".csv" and image_shape is not None:
        raise NumpyganError(f"-o {file}: {run.path} makes images; expected a .png or .npy file.")
    # Read also if it is not needed: other data than the run's are refused.
    dataset = dataset_of(run, options.data) if options.nearest or options.data else None
    if options.nearest:
        scale = pictures.limits(run.recipe(), dataset.train)
        pictures.save_picture(file, panels.figure2(samples, dataset.train, image_shape, scale))
    elif ending == ".npy":
        write_whole(file, lambda out: numpy.save(out, samples.astype("float32")))
    elif ending == ".csv":
        write_bytes(file, _csv(samples, _columns(run.recipe(), options.data)))
    else:
        pictures.save_samples(file, samples, image_shape, pictures.limits(run.recipe()))
    print(f"{file}: {len(samples)} samples of {run.path}")


def _columns(recipe, place):
    """The names of the columns of the run's table, or [] if they are not known."""
    if recipe.data in TOYS:
        return []
    with suppress(NumpyganError):  # the data are not needed, and may be elsewhere
        return folders.read(local_path(place or recipe.data), None, recipe.drop).columns
    return []


def _csv(samples, columns):
    """The samples as the content of a CSV file, with a header if each column has a name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if len(columns) == samples.shape[1]:
        writer.writerow(columns)
    writer.writerows([f"{x:.9g}" for x in row] for row in samples)  # all digits of a float32
    return text.getvalue().encode()
