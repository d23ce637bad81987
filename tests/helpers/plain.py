"""Trainings that draw nothing; `python -m tests.helpers.plain` is `numpygan` with such trainings.

Drawing takes longer than the small trainings of the tests. tests/figures draws.
"""

import sys
from concurrent.futures import Future

import numpy

from numpygan.cli import main
from numpygan.figures import pictures
from numpygan.files import write_whole
from numpygan.runs.grid import play


def plain_pictures(put=setattr):
    """Let trainings write the numbers of learning.png as text, and a toy's samples as grey pixels.

    put  as `setattr`, for example a MonkeyPatch's
    """
    save = pictures.save_samples

    def samples(path, rows, image_shape=None, limits=None):
        if path.parent.name != "samples" or image_shape is not None:
            return save(path, rows, image_shape, limits)
        pictures.save_picture(path, 0.5 + numpy.arctan(rows) / numpy.pi)

    def curves(path, rows):
        numbers = repr([(row["epoch"], row["V"], row["parzen"]) for row in rows])
        write_whole(path, lambda file: file.write(numbers.encode()))

    put(pictures, "save_samples", samples)
    put(pictures, "save_learning_curves", curves)


def plain_play(*arguments, **how):
    """`play` that draws nothing, for the processes of a sweep."""
    plain_pictures()
    return play(*arguments, **how)


def at_once(function, jobs, *_):
    """`carry_out` without processes."""
    for job in jobs:
        future = Future()
        try:
            future.set_result(function(*job))
        except Exception as error:
            future.set_exception(error)
        yield job, future


if __name__ in ("__main__", "__mp_main__"):  # the second in the processes of a sweep
    plain_pictures()
if __name__ == "__main__":
    sys.exit(main())
