"""numpygan sample: samples of a trained generator, as pictures or numbers."""

import numpy

from ..arrays import Stream
from ..errors import NumpyganError
from ..figures import panels, pictures
from ..files import write_whole
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
    add_run_and_file(parser, ".png (a grid) or .npy (float32, N × d)")


def sample(options):
    run, file = RunDirectory.existing(options.run), new_file(options.file, options, ".png", ".npy")
    G, image_shape, _ = run.generator(options.checkpoint)
    samples = sampling.sample(G, run.recipe().noise, options.n, Stream(options.seed))
    if not numpy.isfinite(samples).all():
        raise NumpyganError(
            f"{run.path}: G(z) is not finite, its parameters are too large; nothing is written."
        )
    ending = file.suffix.lower()
    if options.nearest:
        if ending != ".png" or image_shape is None:
            raise NumpyganError(
                "--nearest: makes a picture of images; expected a run on images and a .png file."
            )
        dataset = dataset_of(run, options.data)
        scale = pictures.limits(run.recipe(), dataset.train)
        pictures.save_picture(file, panels.figure2(samples, dataset.train, image_shape, scale))
    elif ending == ".npy":
        write_whole(file, lambda out: numpy.save(out, samples.astype("float32")))
    else:
        pictures.save_samples(file, samples, image_shape, pictures.limits(run.recipe()))
    print(f"{file}: {len(samples)} samples of {run.path}")
