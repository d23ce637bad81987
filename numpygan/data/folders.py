"""The user's data, a file or a folder: which files are the training, validation and test split."""

import os
import re
from pathlib import Path

import numpy

from ..errors import NumpyganError
from ..files import readable
from ..reading import rank_of_npy
from . import readers
from .idx import read_idx, shape_of
from .images import read_images
from .kinds import CIFAR_ROW, is_cifar, kind_of
from .names import LABELS, SPLITS, split_of

_DEEPEST, _MOST = 4, 200_000  # folders below the given one, files in it
_IMAGES = re.compile(r"images?|imgs?", re.I)
_MASKS = re.compile(r"masks?|annotations?|labels?|gt|ground_?truth|segmentations?", re.I)
_MASK_OF = re.compile(rf"(.+)[\W_]({_MASKS.pattern}|seg)([\W_]?\d+)?", re.I | re.S)
_LANGUAGES = ("tr", "te")  # also Turkish and Telugu
_IMAGE_NAME = re.compile(
    r"\.(png|jpe?g|jfif|gif|bmp|tiff?|webp|heic|heif|avif|jp2|jxl|svg|tga|ico|pcx|psd|exr|dds|dcm"
    r"|fits?|dng|cr[23]|nef|arw|orf|raf|rw2|raw)\Z",
    re.I,
)


def read(path, size=None, drop="auto"):
    """What `path` holds: a file of any known kind, `FILE.npz:NAME`, or a folder.

    size  the (height, width) to which image files are scaled
    drop  the columns of a CSV file to leave out
    Raises NumpyganError if it can't be read.
    """
    path = Path(path)
    is_folder = os.path.isdir(path)  # Path.is_dir raises for a name that is too long
    return _read_folder(path, size, drop) if is_folder else readers.read_file(path, drop)


def _read_folder(path, size, drop):
    """The splits in a folder.

    The first kind that the folder holds is read: IDX, CIFAR-10, NumPy, CSV, images. Other files are
    ignored.
    """
    files = _files(path)
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
    for kind, what in (("npy", "arrays"), ("npz", "arrays"), ("csv", "tables")):
        some = [f for f in kinds.get(kind, []) if _is_data(f, kind)]
        some = [f for f in some if not LABELS.search(f.stem)]
        if kind == "npy":  # one value for each example is no data beside others
            ranked = [file for file in some if rank_of_npy(file) > 1]
            some = ranked if ranked or "image" in kinds else some
        if some and not (kind == "csv" and "image" in kinds):
            images = [file.name for file in kinds.get("image", [])]
            found = _by_name(path, some, what, drop)
            found.notes += readers.not_read(images)
            return found
    if "image" in kinds:
        readers.refuse_drop(path, drop)
        found = _images(path, kinds["image"], size)
        others = [file.name for file in files if file not in kinds["image"]]
        found.notes += readers.not_read(filter(_IMAGE_NAME.search, others))
        return found
    names = (
        ", ".join(file.name for file in files[:4]) or f"no files (down to {_DEEPEST} folders deep)"
    )
    there = next(iter(refused.values())) if refused else f"there are {names}."
    raise NumpyganError(
        f"{path}: no data found; expected IDX, CIFAR-10 .bin, .npy, .npz or CSV files, or images, "
        f"such as train-images-idx3-ubyte; {there}"
    )


def _is_data(file, kind):
    endings, stems = (".csv", ".tsv", ".gz"), ("train", "test")
    return kind != "csv" or file.suffix.lower() in endings or file.stem.lower() in stems


def _files(path):
    """The files in a folder and below, sorted by depth and path.

    Hidden files and the files that macOS and Synology add are left out. Links to folders are
    followed, but each folder is read only once.
    """
    found, seen = [], set()
    with readable(path):
        for folder, below, names in os.walk(path, onerror=_refuse, followlinks=True):
            here = os.stat(folder)
            if (here.st_dev, here.st_ino) in seen:
                below.clear()
                continue
            seen.add((here.st_dev, here.st_ino))
            deep = len(Path(folder).relative_to(path).parts) >= _DEEPEST - 1
            below[:] = [] if deep else sorted(filter(_is_visible, below))
            files = [Path(folder, name) for name in filter(_is_visible, names)]
            found += [file for file in files if file.is_file() or file.is_symlink()]
            if len(found) > _MOST:
                raise NumpyganError(
                    f"{path}: holds more than {_MOST:,} files; give a folder with the data alone."
                )
    return sorted(found, key=lambda file: (len(file.parts), str(file)))


def _refuse(error):
    raise error


def _is_visible(name):
    return not name.startswith(".") and name not in ("__MACOSX", "@eaDir")


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
        raise NumpyganError(
            f"{file}: has the columns {', '.join(one.columns)[:150]}, {train} "
            f"{', '.join(found.columns)[:150]}; leave {', '.join(odd)[:80]} out with --drop."
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
