"""The user's data, a file or a folder: which files are the training, validation and test split."""

import os
import re
from pathlib import Path

import numpy

from ..errors import NumpyganError
from ..reading import shapes_of
from . import readers
from .idx import read_idx, shape_of
from .images import read_images
from .kinds import CIFAR_ROW, is_cifar, kind_of
from .names import IMAGE_NAMES, LABELS, SPLITS, split_of
from .tree import DEEPEST, IMAGE_NAME, files_in, note_on_deeper

_IMAGES = re.compile(r"images?|imgs?", re.I)
_MASKS = re.compile(r"masks?|annotations?|labels?|gt|ground_?truth|segmentations?", re.I)
_MASK_OF = re.compile(rf"(.+)[\W_]({_MASKS.pattern}|seg)([\W_]?\d+)?", re.I | re.S)
_LANGUAGES = ("tr", "te")  # also Turkish and Telugu
_ENOUGH, _MANY = 6, 10  # images that can be split; times as many are not made from these
_STACKS = set(IMAGE_NAMES) - {"features", "samples"}  # those may belong to the pictures beside them


def read(path, size=None, drop="auto"):
    """What `path` holds: a file of any known kind, `FILE.npz:NAME`, or a folder.

    size  the (height, width) to which image files are scaled
    drop  the columns of a table to leave out; None: those of a CSV file that hold labels
    Raises NumpyganError if it can't be read.
    """
    path = Path(path)
    is_folder = os.path.isdir(path)  # Path.is_dir raises for a name that is too long
    return _read_folder(path, size, drop) if is_folder else readers.read_file(path, drop)


def _read_folder(path, size, drop):
    """The splits in a folder.

    The first kind that the folder holds is read: IDX, CIFAR-10, NumPy, CSV, images. Other files are
    ignored. Images go before a table, and before arrays that can belong to them.
    """
    files, deeper = files_in(path)
    kinds, refused = {}, {}
    for file in files:
        try:
            kinds.setdefault(kind_of(file), []).append(file)
        except NumpyganError as error:
            refused[file] = str(error)
    batches = [f for f in files if re.match(r"(data|test)_batch.*\.bin\Z", f.name, re.I | re.S)]
    idx = [f for f in kinds.get("idx", []) if "label" not in f.name.lower()]
    idx = [f for f in idx if len(shape_of(f)) > 1]
    if idx or batches:
        readers.refuse_drop(path, drop)
    if idx:
        return _idx(path, idx)
    if batches:
        return _cifar(path, batches)
    images = kinds.get("image", [])
    for kind, what in (("npy", "arrays"), ("npz", "arrays"), ("csv", "tables")):
        some = [f for f in kinds.get(kind, []) if _is_data(f, kind)]
        some = [f for f in some if not LABELS.search(f.stem)]
        if kind == "npy":  # one value for each example is no data beside others
            ranked = [file for file in some if max(map(len, shapes_of(file)), default=2) > 1]
            some = ranked if ranked or images else some
        if some and not (images and (kind == "csv" or _belong_to(images, some, path))):
            found = _by_name(path, some, what, drop)
            found.notes += readers.not_read(file.name for file in images)
            return found
    if images:
        readers.refuse_drop(path, drop)
        found = _images(path, images, size)
        others = [f.name for f in files if f not in images and IMAGE_NAME.search(f.name)]
        arrays = [f.name for f in (*kinds.get("npy", []), *kinds.get("npz", []))]
        found.notes += readers.not_read([*others, *arrays]) + note_on_deeper(path, deeper)
        return found
    names = (
        ", ".join(file.name for file in files[:4]) or f"no files (down to {DEEPEST} folders deep)"
    )
    there = next(iter(refused.values())) if refused else f"there are {names}."
    raise NumpyganError(
        f"{path}: no data found; expected IDX, CIFAR-10 .bin, .npy, .npz or CSV files, or images, "
        f"such as train-images-idx3-ubyte; {there}"
    )


def _belong_to(images, files, path):
    """Whether the arrays in `files` say something about the images, as a mean image or features do.

    Raises NumpyganError if each of both can be the data.
    """
    if len(images) < _ENOUGH:
        return False
    shapes = [shape for file in files for shape in shapes_of(file)]
    stacks = [s for s in shapes if len(s) == 4 or len(s) == 3 and s[2] > 4]  # else one colour image
    most = max((shape[0] for shape in stacks), default=0)
    named = [f for f in files if split_of(f.stem) or f.stem.lower() in _STACKS]
    if most >= _MANY * len(images) or named and most > len(images):
        return False
    if named or most > len(images):
        raise NumpyganError(
            f"{path}: holds {len(images):,} images and {(named or files)[0].name}, and each of "
            "both can be the data; give the file itself, or a folder with the images alone."
        )
    return True


def _is_data(file, kind):
    endings, stems = (".csv", ".tsv", ".gz"), ("train", "test")
    return kind != "csv" or file.suffix.lower() in endings or file.stem.lower() in stems


def _idx(path, files):
    by_split = {}
    for file in files:
        split = split_of(file.name) or split_of(file.parent.name)
        by_split.setdefault(split, []).append(file)
    if None in by_split and "train" not in by_split:
        by_split["train"] = by_split.pop(None)
    notes, arrays, names = [], {}, {}
    for split in SPLITS:
        if some := by_split.get(split):
            file = _only(path, some)
            arrays[split], names[split] = read_idx(file, notes), file.name
    if list(arrays) == ["train"] and split_of(names["train"]):
        raise NumpyganError(
            f"{path}: no t10k-images-idx3-ubyte there; add the test images, or give the file "
            f"{names['train']} itself to hold some of its images out."
        )
    if "train" not in arrays:
        raise NumpyganError(
            f"{path}: no train-images-idx3-ubyte there, but {', '.join(names.values())}; add the "
            f"training images."
        )
    return readers.Found(arrays, names, notes)


def _only(path, files):
    """The one file among copies under slightly different names.

    Raises NumpyganError if the contents differ.
    """
    first = read_idx(files[0]) if len(files) > 1 else None
    for other in files[1:]:
        if not numpy.array_equal(first, read_idx(other)):
            raise NumpyganError(
                f"{path}: holds {files[0].relative_to(path)} and {other.relative_to(path)}, which "
                "differ; give a folder with one of them, or the file."
            )
    return files[0]


def _cifar(path, batches):
    train = [file for file in batches if file.name.startswith("data")]
    test = [file for file in batches if file.name.startswith("test")]
    if not train or not test:
        missing = "test_batch.bin" if train else "data_batch*.bin"
        raise NumpyganError(f"{path}: no {missing} there; expected the CIFAR-10 binary version.")
    if len({file.parent for file in batches}) > 1:
        raise NumpyganError(f"{path}: holds CIFAR-10 files in several folders; give one of these.")
    for file in batches:
        if file.stat().st_size % CIFAR_ROW == 0 and file.stat().st_size and not is_cifar(file):
            raise NumpyganError(f"{file}: not a CIFAR-10 binary file; a label byte is more than 9.")
    arrays = {"train": readers.read_cifar(train), "test": readers.read_cifar(test)}
    return readers.Found(arrays, {"train": "data_batch*.bin", "test": "test_batch.bin"})


def _by_name(path, files, what, drop):
    """Files such as x_train.npy and x_test.npy, or a single file."""
    by_split = {}
    for file in files:
        by_split.setdefault(split_of(file.stem), []).append(file)
    if "train" not in by_split:
        by_split["train"] = by_split.pop(None, [])
    for split, some in by_split.items():
        if len(some) != 1 and split is not None:
            raise NumpyganError(
                f"{path}: holds the {what} {', '.join(file.name for file in files[:6])}; give one "
                "of the files, join them in one, or call them x_train and x_test."
            )
    if list(by_split) == ["train"]:
        return readers.read_file(by_split["train"][0], drop)
    found = readers.Found({}, {})
    for split in SPLITS:
        if split in by_split:
            file = by_split[split][0]
            one = readers.read_file(file, drop, beside=split != "train")
            found.columns = found.columns or one.columns
            found.arrays[split] = _in_order(one, found, file, by_split["train"][0].name)
            found.names[split] = file.name
            found.notes += [note for note in one.notes if note not in found.notes]
    return found


def _in_order(one, found, file, train):
    """The columns of the table `one` in the order of the training table.

    Raises NumpyganError if their names differ from the training table, or if two have one name.
    """
    if not one.columns or one.columns == found.columns:
        return one.arrays["train"]
    odd = set(one.columns) ^ set(found.columns)
    odd |= {name for name in one.columns if one.columns.count(name) > 1}
    if odd := sorted(odd):
        advice = f"leave {', '.join(odd)[:80]} out with --drop"
        if not set(one.columns) & set(found.columns) - set(odd):
            advice = "call the columns by the same names in both files"
        raise NumpyganError(
            f"{file}: has the columns {', '.join(one.columns)[:150]}, {train} "
            f"{', '.join(found.columns)[:150]}; {advice}."
        )
    return one.arrays["train"][:, [one.columns.index(name) for name in found.columns]]


def _without_masks(files, notes):
    """The files without masks. a_mask.png is a mask if a.png is in the same folder."""
    stems = {(file.parent, file.stem) for file in files}

    def is_mask(file):
        match = _MASK_OF.fullmatch(file.stem)
        return match and (file.parent, match[1]) in stems

    masks = [file for file in files if is_mask(file)]
    if masks:
        notes.append(f"not read: {len(masks):,} masks of images, such as {masks[0].name}")
    return [file for file in files if file not in set(masks)]


def _split_of_folder(name, siblings):
    """The split that the name of a folder mentions, or None; `siblings` holds it, too."""
    if name.lower() in _LANGUAGES and not all(map(split_of, siblings)):
        return None  # a class beside others
    return split_of(name)


def _images(path, files, size):
    notes = []
    masks = {file.parent for file in files if _MASKS.fullmatch(file.parent.name)}
    for folder in sorted(masks):
        images = {f.parent for f in files if f.parent.parent == folder.parent} - masks
        if images and all(_IMAGES.fullmatch(other.name) for other in images):
            files = [file for file in files if file.parent != folder]
            theirs = ", ".join(f"{other.name}/" for other in sorted(images))
            notes.append(f"not read: {folder.name}/, whose pictures belong to those in {theirs}")
    files = _without_masks(files, notes)
    by_split, named, below = {}, [split_of(file.stem) for file in files], {}
    for file in files:
        parts = file.relative_to(path).parts[:-1]
        for i, part in enumerate(parts):
            below.setdefault(parts[:i], set()).add(part)
    by_name = None not in named and "train" in named
    for file, its in zip(files, named):
        parts = file.relative_to(path).parts[:-1]
        splits = (_split_of_folder(part, below[parts[:i]]) for i, part in enumerate(parts))
        split = next(filter(None, splits), its if by_name else "train")
        by_split.setdefault(split, []).append(file)
    if "train" not in by_split:
        raise NumpyganError(
            f"{path}: has no training images, only {', '.join(by_split)}; give that folder itself."
        )
    arrays = read_images(by_split, size, notes)
    if any(array.ndim == 4 for array in arrays.values()):  # grey images beside colour ones
        arrays = {
            s: a if a.ndim == 4 else numpy.repeat(a[..., None], 3, 3) for s, a in arrays.items()
        }
    if any(1 in array.shape[1:3] for array in arrays.values()):  # images of one row or column
        arrays = {s: a if a.ndim == 4 else a[..., None] for s, a in arrays.items()}
    kind = "{}_*" if by_name and all(file.parent == path for file in files) else "{}/"
    names = {split: kind.format(split) if len(arrays) > 1 else path.name for split in arrays}
    return readers.Found(arrays, names, notes, shuffle=True)
