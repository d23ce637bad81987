"""Folders of PNG, JPEG and other image files, read by Pillow."""

import warnings

import numpy

from ..errors import NumpyganError
from ..files import open_regular

_GREY = ("1", "L", "LA")
_WIDE = ("I;16", "I;16B", "I")  # integers of more than 8 bits
_12_BITS = 4095
# Errors that say what is wrong; others (KeyError: 36) are accidents inside Pillow.
_IN_WORDS = (OSError, ValueError, SyntaxError, EOFError, MemoryError)


def read_images(splits, size, notes):
    """The images in the files of each split, uint8: N × H × W if all are grey, else N × H × W × 3.

    size   (height, width) to scale every image to, or None: all of a split must have the same size
    notes  a list; sentences about what was done to the images are appended
    Images of more than 8 bits have one white in all splits.
    Raises NumpyganError if an image can't be read or the sizes differ.
    """
    read = {split: _of_one_size(files, size, notes) for split, files in splits.items()}
    ends = [end for _, wide, ends in read.values() for end in ends]
    white = _white(ends, next(iter(splits.values()))[0].parent)
    for pixels, wide, _ in read.values():
        for row, levels in wide.items():
            _put(pixels, row, _scaled(levels, white))
    return {split: pixels for split, (pixels, *_) in read.items()}


def _of_one_size(files, size, notes):
    """The pixels of the images in `files`, and what is missing there.

    This is the levels of the images of more than 8 bits, by row, and the extreme values of each.
    """
    pixels, wide, ends, first = None, {}, [], None
    for row, file in enumerate(files):
        image, done = _read(file)
        if image.mode == "F":
            ends += image.getextrema()
        if size is not None and image.size != size[::-1]:
            image = image.resize(size[::-1])
            done.append(f"images are scaled to {size[0]} × {size[1]}")
        notes += [note for note in done if note not in notes]
        first = first or (file, image.size)
        if image.size != first[1]:
            raise NumpyganError(
                f"{file.parent}: images differ in size, {first[0].name} is {first[1][1]} × "
                f"{first[1][0]}, {file.name} is {image.size[1]} × {image.size[0]}; add --size HxW "
                "to scale all to one."
            )
        if pixels is None:
            pixels = numpy.empty((len(files), *image.size[::-1]), "uint8")
        if image.mode == "RGB" and pixels.ndim == 3:
            pixels = _in_colour(pixels, row)
        if image.mode == "F":
            wide[row] = numpy.asarray(image)
        else:
            _put(pixels, row, numpy.asarray(image))
    return pixels, wide, ends


def _in_colour(grey, n):
    """Room for colour images; the first n of the grey ones are in it."""
    colour = numpy.empty((*grey.shape, 3), "uint8")
    colour[:n] = grey[:n, ..., None]
    return colour


def _put(pixels, row, image):
    pixels[row] = image if image.ndim == pixels.ndim - 1 else image[..., None]


def _white(ends, folder):
    """The white of images of more than 8 bits; `ends` holds their smallest and largest values.

    Raises NumpyganError if it is not known.
    """
    low, high = min(ends, default=0), max(ends, default=0)
    if low < 0 or high > 65535 or 255 < high <= _12_BITS:
        raise NumpyganError(
            f"{folder}: pixels lie in [{low:.0f}, {high:.0f}], so their white is not known; save "
            "the images with 8 bits, or as one .npy divided by the value of white."
        )
    return 255 if high <= 255 else 65535


def _scaled(levels, white):
    # Scaling an image can lead beyond the ends.
    return numpy.clip(numpy.rint(levels * (255 / white)), 0, 255).astype("uint8")


def _read(file):
    """An upright image and a list of sentences about it.

    Its mode is L or RGB; F, which still has to be scaled, if it has more than 8 bits.
    """
    from PIL import Image, UnidentifiedImageError

    done = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_regular(file) as raw:
                image = _decoded(raw, done)
    except Exception as error:  # Pillow raises almost any for a damaged file
        reason = "it is damaged or of another kind"
        in_words = isinstance(error, (*_IN_WORDS, Image.DecompressionBombError))
        if in_words and not isinstance(error, UnidentifiedImageError):
            reason = str(error)[:200] or reason
        raise NumpyganError(
            f"{file}: the image cannot be read ({reason}); remove it or save it again."
        ) from None
    if image.mode == "F":
        raise NumpyganError(
            f"{file}: pixels are floats, whose scale is not known; save the images as one .npy."
        )
    return (_as_floats(image) if image.mode in _WIDE else image), done


def _decoded(raw, done):
    """The image in a file, upright; its mode is L, RGB, F or in _WIDE.

    Every step in which Pillow can meet damage is here.
    """
    from PIL import Image, ImageOps

    with Image.open(raw) as opened:
        image = ImageOps.exif_transpose(opened)
        image.load()
        if getattr(opened, "n_frames", 1) > 1:  # Pillow decodes all of them to count them
            done.append("only the first picture in each file is read")
    if image.mode == "F" or image.mode in _WIDE:
        return image
    grey = image.mode in _GREY or image.mode == "P" and _is_grey(image.convert("RGB"))
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getextrema()[3][0] < 255:
            done.append("transparent pixels are drawn on white")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if grey else "RGB")


def _as_floats(image):
    from PIL import Image

    return Image.fromarray(numpy.asarray(image).astype("float32"))


def _is_grey(image):
    red, green, blue = (plane.tobytes() for plane in image.split())
    return red == green == blue
