"""A data set split into training, validation and test rows.

Either MNIST, which numpygan ships, or the user's own files.
"""

import hashlib
import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy

from ..arrays import Stream
from ..errors import NumpyganError, printable
from . import folders
from .columns import notes_on_float32, notes_on_scales
from .idx import read_idx
from .meaning import (
    REACHED,
    UNIT,
    Values,
    as_rows,
    common_scale,
    note_on_dim,
    refuse_mixed_rows,
    refuse_other_columns,
    samples_as_data,
)
from .names import SPLITS, local_path
from .readers import Found
from .shapes import flatten, read_size, transposed
from .sources import TOYS
from .words import form, in_words, splits_in_words

MNIST = Path(__file__).parent / "mnist"
SHIPPED = ("mnist", "stacked-mnist")  # names of data that `load` knows
_MNIST_SHA256 = {  # of the unpacked files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclass(frozen=True)
class Dataset:
    """Rows (N, d) of three splits, uint8 (0..255 stands for [0, 1]) or float32.

    image_shape  (height, width) or (3, height, width) if each row is an image, else None
    range        the bounds of all values, (0, 1) or (−1, 1); None for real numbers
    understood   how the data were read, in words
    notes        sentences about what was left out or changed
    """

    train: numpy.ndarray
    validation: numpy.ndarray
    test: numpy.ndarray
    image_shape: tuple | None
    range: tuple | None = UNIT
    understood: str = ""
    notes: tuple = ()
    read_as: str = ""  # the digest of the rows before they were preprocessed

    @property
    def dim(self):
        return self.train.shape[1]

    def digest(self):
        """The SHA-256 of dtype, shape and bytes of all splits, in hexadecimal digits.

        It is taken before preprocessing.
        """
        return self.read_as or self._digest

    @cached_property
    def _digest(self):
        digest = hashlib.sha256()
        for rows in (self.train, self.validation, self.test):
            digest.update(f"{rows.dtype.str} {rows.shape} ".encode())
            digest.update(numpy.ascontiguousarray(rows).view(numpy.uint8))
        return digest.hexdigest()


def as_float(rows, dtype="float32"):
    """Rows as floats: uint8 pixels become [0, 1]."""
    return rows.astype(dtype) / 255 if rows.dtype == numpy.uint8 else rows.astype(dtype, copy=False)


def load_dataset(recipe):
    """The recipe's Dataset, preprocessed and checked against G's visible layer; None for a toy.

    Raises NumpyganError as `load` and `check_fits` do.
    """
    dataset = prepared(recipe)
    if dataset is not None:
        check_fits(recipe, dataset)
    return dataset


def prepared(recipe):
    """The recipe's Dataset, read with its options and preprocessed; None for a toy.

    Raises NumpyganError as `load` does.
    """
    if recipe.data in TOYS:
        return None
    given = {name: getattr(recipe, name) for name in ("size", "drop", "transpose")}
    dataset = load(
        recipe.data, **{name: value for name, value in given.items() if value not in ("auto", 0)}
    )
    if recipe.preprocess == "contrast":
        dataset = global_contrast_normalise(dataset)
    # The batch of a recipe is fitted to fewer rows before it is used.
    batch = 0 if recipe.last_batch == "use" else min(recipe.batch, len(dataset.train))
    return replace(dataset, notes=(splits_in_words(dataset, batch), *dataset.notes))


def check_fits(recipe, dataset):
    """Raise NumpyganError unless G can reach all values of the data and a minibatch fits in it."""
    visible = recipe.generator[-1]
    reached = REACHED.get(visible, dataset.range)
    if dataset.range != reached:
        rows = dataset.train
        low, high = dataset.range or (rows.min(), rows.max())
        reach = "[0, 1]" if visible == "sigmoid" else "[-1, 1]"
        raise NumpyganError(
            f"data {recipe.data}: values lie in [{low:g}, {high:g}], but G's visible layer is a "
            f"{visible}, which reaches {reach}; scale them to {reach}, or leave the visible layer "
            "to the data."
        )
    if recipe.batch > len(dataset.train):
        raise NumpyganError(
            f"batch: {recipe.batch} is more than the {len(dataset.train)} training examples in "
            f"{recipe.data}."
        )


def data_in_words(dataset):
    """Lines that say how the data were read; none for a toy, whose dataset is None."""
    if dataset is None:
        return []
    first, *rest = map(printable, (dataset.understood, *dataset.notes))
    return [f"data   {first}", *(f"       {note}" for note in rest)]


def load(source, size="auto", drop="auto", transpose=0):
    """The Dataset at `source`: a name in SHIPPED, or a path that `folders.read` can read.

    docs/data.md lists what can be read.

    size, drop, transpose  as in a recipe
    MNIST is split like the paper's: 50,000 training and 10,000 validation images, and the test
    set. Other data keep the splits that they have. Each missing split is a sixth of the training
    rows, taken from their end (a fifth for CIFAR-10 with a test split). Images in a folder are
    first put into a fixed random order.

    Raises NumpyganError if a file is missing, damaged, empty, of the wrong rank or not finite, or
    if the splits are on different scales.
    """
    if source == "stacked-mnist":
        return stacked(load("mnist", size=size, drop=drop, transpose=transpose))
    size = read_size(size)
    if source == "mnist":
        path = MNIST
        names = {"train": "train-images-idx3-ubyte.gz", "test": "t10k-images-idx3-ubyte.gz"}
        found = Found({split: _mnist_file(name) for split, name in names.items()}, names)
    else:
        path = Path(local_path(source))
        a_name = path.name.lower() in SHIPPED or re.fullmatch(r"[\w-]{1,40}", str(source))
        if a_name and not os.path.lexists(path):
            raise NumpyganError(
                f"{source}: there is no such file or folder; the shipped data are called "
                f"{' and '.join(SHIPPED)}, others are downloaded by hand."
            )
        found = folders.read(path, size if isinstance(size, tuple) else None, drop)
    return _understand(found, path, size, transpose)


def _understand(found, path, size, transpose):
    """The Dataset made from the arrays found at `path`."""
    where = {
        split: str(path) if name == path.name else f"{path}: {name}"
        for split, name in found.names.items()
    }
    flat = {split: flatten(array, size, where[split]) for split, array in found.arrays.items()}
    rows, shape, images = flat["train"]
    for split, (others, shape_there, _) in flat.items():
        if (others.shape[1], shape_there) != (rows.shape[1], shape):
            raise NumpyganError(
                f"{path}: training rows are {form(shape, rows)}, {split} rows "
                f"{form(shape_there, others)}; expected the same size."
            )
    parts = {split: others for split, (others, *_) in flat.items()}
    parts = _split(parts, found.shuffle, 5 if shape == (3, 32, 32) else 6, path)
    where = {split: where.get(split, f"{where['train']} ({split} split)") for split in parts}
    values = {split: Values.of(part, where[split]) for split, part in parts.items()}
    scale = common_scale({where[split]: values[split] for split in parts}, images)
    if scale == "real" and not images:
        shape = None
        for split in found.names.keys() - {"train"}:
            refuse_other_columns(parts["train"], parts[split], where["train"], where[split])
    whole = all(v.whole or v.constant for v in values.values())
    if scale == "pixels" and not whole:
        refuse_mixed_rows(parts["train"], where["train"])
    notes = found.notes + note_on_dim(scale, values.values(), shape is not None)
    if scale not in ("bits", "pixels"):
        every = list(parts.values())
        notes += notes_on_float32(every, where["train"], found.columns, shape is not None)
    if scale == "real" and shape is None:
        notes += notes_on_scales(parts["train"])
    if transpose:
        turned = {split: transposed(part, shape, path) for split, part in parts.items()}
        parts, shape = {split: part for split, (part, _) in turned.items()}, turned["train"][1]
        notes.append("rows and columns of the images are transposed")
    ready = {
        split: as_rows(part, scale, replace(values[split], whole=whole))
        for split, part in parts.items()
    }
    words = in_words(parts, found, shape, scale, values)
    return Dataset(
        *(ready[split][0] for split in SPLITS), shape, ready["train"][1], words, tuple(notes)
    )


def _split(parts, shuffle, share, path):
    """All three splits; a missing one is held out of the training rows."""
    parts = dict(parts)
    missing = [split for split in ("test", "validation") if split not in parts]
    rows, share = parts["train"], 6 if len(missing) == 2 else share
    held = len(rows) // share
    if missing and not held:
        raise NumpyganError(
            f"{path}: too few examples to split, {len(rows)}; expected at least {share}."
        )
    if missing and shuffle:
        rows = rows[numpy.random.default_rng(0).permutation(len(rows))]
    for split in missing:
        rows, parts[split] = rows[:-held], rows[-held:]
    return {"train": rows, "validation": parts["validation"], "test": parts["test"]}


def samples_like(dataset, source):
    """The samples (N, d) in a file, on the scale of the dataset.

    Raises NumpyganError if their width or their scale differs from the data's.
    """
    path = Path(local_path(source))
    array = folders.read(path, drop=None).arrays["train"]
    if array.ndim > 2:
        array, shape, _ = flatten(array, None, path)
        if None not in (shape, dataset.image_shape) and shape != dataset.image_shape:
            raise NumpyganError(
                f"samples: {path}: images are {form(shape, array)}, the data's "
                f"{form(dataset.image_shape, array)}; expected the same."
            )
    if array.ndim != 2 or array.shape[1] != dataset.dim:
        raise NumpyganError(
            f"samples: {path}: expected rows of width {dataset.dim}, as the data has, got shape "
            f"{array.shape}."
        )
    return samples_as_data(array, dataset.range, dataset.train, path)


def stacked(dataset, seed=0):
    """Three grey images as the colour planes of one: a Dataset of the same length, rows 3 d wide.

    In each split each plane shows all images of the split once, in a random order of its own. The
    orders depend on `seed` alone, so stacked-mnist is the same for every run. Of MNIST's ten digits
    it has 10³ = 1,000 modes (Metz et al. 2017, Unrolled GANs, §3.3.1).
    Raises NumpyganError if the rows are not grey images.
    """
    if len(dataset.image_shape or ()) != 2:
        raise NumpyganError(
            "stacked: expected grey images, each a plane; leave out --size none and other data."
        )
    stream = Stream(seed)

    def planes(rows):
        return numpy.concatenate([rows[stream.permutation(len(rows))] for _ in range(3)], axis=1)

    splits = (planes(getattr(dataset, split)) for split in SPLITS)
    words = f"{dataset.understood}; three at a time as the planes of a colour image"
    shape = (3, *dataset.image_shape)
    return Dataset(*splits, shape, dataset.range, words, dataset.notes)


def mnist_labels():
    """The labels of the 60,000 training and 10,000 test images of MNIST."""
    return tuple(_mnist_file(f"{part}-labels-idx1-ubyte.gz") for part in ("train", "t10k"))


def _mnist_file(name):
    values = read_idx(MNIST / name)
    header = bytes([0, 0, 8, values.ndim]) + numpy.array(values.shape, ">u4").tobytes()
    digest = hashlib.sha256(header)
    digest.update(values)
    if digest.hexdigest() != _MNIST_SHA256[name.removesuffix(".gz")]:
        raise NumpyganError(
            f"{MNIST / name}: the checksum differs from MNIST's; install numpygan again."
        )
    return values


def global_contrast_normalise(dataset, scale=55.0):
    """Subtract each row's mean and scale the row to length `scale`; float32.

    The authors preprocessed CIFAR-10 in this way.
    """

    def normalise(rows):
        rows = rows.astype("float32")
        rows -= rows.mean(1, keepdims=True)
        length = numpy.sqrt(numpy.einsum("ij,ij->i", rows, rows))
        rows *= (scale / numpy.maximum(length, 1e-8))[:, None]
        return rows

    splits = map(normalise, (dataset.train, dataset.validation, dataset.test))
    words = f"{dataset.understood}; contrast normalised"
    return Dataset(*splits, dataset.image_shape, None, words, dataset.notes, dataset.digest())
