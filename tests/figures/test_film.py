"""A film: its pictures fill it."""

import io

import numpy
from PIL import Image

from numpygan.figures.film import film


def test_images_have_narrow_margins_all_around():
    black = {"kind": "images", "shape": (8, 8), "samples": numpy.zeros((30, 64)), "title": ""}
    with Image.open(io.BytesIO(film([black, black]))) as found:
        dark = numpy.array(found.convert("L")) < 128
    height, width = dark.shape
    rows, columns = numpy.flatnonzero(dark.any(1)), numpy.flatnonzero(dark.any(0))
    assert columns[0] < 0.04 * width and columns[-1] > 0.96 * width
    assert rows[0] < 0.1 * height and rows[-1] > 0.96 * height  # the title stands above
