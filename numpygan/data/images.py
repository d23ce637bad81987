"""Folders of PNG, JPEG and other image files, read by Pillow."""

import warnings

import numpy

from ..errors import NumpyganError
from ..files import open_regular

_GREY = ("1", "L", "LA", "I;16", "I;16B", "I", "F")


def read_images(files, size, notes):
    """The images in `files`, uint8: N × H × W if all are grey, else N × H × W × 3.

    size   (height, width) to scale every image to, or None: all must have the same size
    notes  a list; sentences about what was done to the images are appended
    Raises NumpyganError if an image can't be read or the sizes differ.
    """
    images, colour, first = [], False, None
    for file in files:
        image, clear = _read(file)
        if clear and "transparent pixels are drawn on white" not in notes:
            notes.append("transparent pixels are drawn on white")
        if size is not None and image.size != size[::-1]:
            image = image.resize(size[::-1])
            note = f"images are scaled to {size[0]} × {size[1]}"
            if note not in notes:
                notes.append(note)
        first = first or (file, image.size)
        if image.size != first[1]:
            raise NumpyganError(
                f"{file.parent}: images differ in size, {first[0].name} is {first[1][1]} × "
                f"{first[1][0]}, {file.name} is {image.size[1]} × {image.size[0]}; add --size HxW "
                "to scale all to one."
            )
        colour = colour or image.mode == "RGB"
        images.append(image)
    mode = "RGB" if colour else "L"
    return numpy.stack(
        [numpy.asarray(image if image.mode == mode else image.convert(mode)) for image in images]
    )


def _read(file):
    """An upright image of mode L or RGB, and whether it had transparent pixels."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_regular(file) as raw, Image.open(raw) as opened:
                image = ImageOps.exif_transpose(opened)
                image.load()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise NumpyganError(
            f"{file}: the image cannot be read ({error}); remove it or save it again."
        ) from None
    if image.mode in ("I;16", "I;16B", "I"):
        values = numpy.asarray(image)
        if values.max() > 255:  # 16 bits
            values = numpy.rint(values / 257)
        return Image.fromarray(values.astype("uint8")), False
    if image.mode == "F":
        raise NumpyganError(
            f"{file}: pixels are floats, whose scale is not known; save the images as one .npy."
        )
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        grey, image = image.mode in _GREY, image.convert("RGBA")
        if image.getextrema()[3][0] < 255:
            white = Image.new("RGBA", image.size, "white")
            return Image.alpha_composite(white, image).convert("L" if grey else "RGB"), True
        return image.convert("L" if grey else "RGB"), False
    return image.convert("L" if image.mode in _GREY else "RGB"), False
