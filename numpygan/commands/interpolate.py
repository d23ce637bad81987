"""numpygan interpolate: the paper's Figure 3."""

from ..arrays import Stream
from ..errors import NumpyganError
from ..figures import panels, pictures
from ..gan import sampling
from ..runs.directory import RunDirectory
from .arguments import add_run_and_file, new_file, positive


def add(command):
    parser = command(
        "interpolate",
        interpolate,
        "Interpolate in z space, as in the paper's Figure 3.",
        "numpygan interpolate runs/mnist-1 -o figure3.png",
    )
    parser.add_argument(
        "-n", type=positive(int, 10**4), default=8, metavar="N", help="rows to draw (default: 8)"
    )
    add_run_and_file(parser, ".png")


def interpolate(options):
    run, file = RunDirectory.existing(options.run), new_file(options.file, options, ".png")
    G, image_shape, _ = run.generator(options.checkpoint)
    if image_shape is None:
        raise NumpyganError(
            f"{run.path}: its samples are not images; interpolate needs a run on images."
        )
    recipe = run.recipe()
    ends = sampling.ends(G, recipe.noise, options.n, Stream(options.seed))
    picture = panels.figure3(G, ends, image_shape, pictures.limits(recipe))
    pictures.save_picture(file, picture)
    print(f"{file}: {options.n} lines between points in z space")
