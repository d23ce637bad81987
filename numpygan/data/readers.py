"""Readers of the user's files and folders. Each gives the arrays of the splits that are there, and what they are called."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy

from ..errors import NumpyganError
from ..reading import read_arrays
from .idx import read_idx, shape_of
from .images import read_images
from .kinds import CIFAR_ROW, is_cifar, kind_of
from .tables import read_csv

_WORDS = {
    "test": ("test", "t10k", "testing", "eval"),
    "validation": ("val", "valid", "validation", "dev"),
    "train": ("train", "training"),
}
_PLAIN = (
    "x",
    "images",
    "data",
    "image",
    "features",
    "pixels",
    "imgs",
    "samples",
    "arr_0",
)  # names of one array, best first
_LABELS = re.compile(
    r"(^|[\W_])(y|labels?|targets?|class(es)?|lbls?|fine_labels|names?)($|[\W_\d])|^y[_\d]", re.I
)
_DEEPEST, _MOST = 4, 200_000  # folders below the given one, files in it


@dataclass
class Found:
    """Arrays by split: "train", and where they are given "validation" and "test"; what each is called; what was done to them."""

    arrays: dict
    names: dict
    notes: list = field(default_factory=list)
    shuffle: bool = False  # the order of the rows has a meaning (a folder for each class), so splits are cut at random


def read(path, size=None, drop="auto"):
    """What lies at `path`, a file of any kind, `FILE.npz:NAME`, or a folder. Raises NumpyganError if it can't be read.

    size  the (height, width) to scale image files to;  drop  the columns of a CSV to leave out
    """
    path, member = _member(Path(path))
    if path.is_dir():
        return _folder(path, size, drop)
    kind, notes = kind_of(path), []
    if drop not in ("auto", "none") and kind != "csv":
        raise NumpyganError(f"{path}: --drop is for the columns of a CSV file; leave it out.")
    if kind in ("npy", "npz"):
        return _arrays(path, member)
    if kind == "image":
        raise NumpyganError(f"{path}: is one image; expected a folder of images.")
    if kind == "idx":
        array = read_idx(path, notes)
        if array.ndim == 1 or "label" in path.name.lower():
            raise NumpyganError(
                f"{path}: holds labels, {array.shape}; expected the file of the images."
            )
    else:
        array = (
            read_cifar([path]).reshape(-1, 3, 32, 32)
            if kind == "cifar"
            else read_csv(path, drop, notes)
        )
    return Found({"train": array}, {"train": path.name}, notes)


def read_cifar(paths):
    """The images (N, 3072), uint8, of CIFAR-10 binary files: rows of one label byte and 3 × 32 × 32 pixels."""
    images = []
    for path in paths:
        try:
            content = numpy.fromfile(path, numpy.uint8)
        except OSError as error:
            raise NumpyganError(
                f"{path}: cannot be read ({error.strerror or error}); check the path."
            ) from None
        if content.size == 0 or content.size % CIFAR_ROW:
            raise NumpyganError(
                f"{path}: not a CIFAR-10 binary file; its {content.size:,} bytes are not a multiple of {CIFAR_ROW}."
            )
        images.append(content.reshape(-1, CIFAR_ROW)[:, 1:])
    return numpy.concatenate(images)


def read_numpy(path):
    """The training array in a .npy or .npz file. Nothing is unpickled."""
    path, member = _member(Path(path))
    return _arrays(path, member).arrays["train"]


def _member(path):
    """The file and the NAME of `FILE.npz:NAME`, "" if none is given."""
    name, colon, member = str(path).rpartition(":")
    if colon and not path.exists() and Path(name).is_file():
        return Path(name), member
    return path, ""


def _arrays(path, member):
    """The splits in a .npy or .npz file, by the names that people give them."""
    names = []

    def wanted(found):
        names.extend(found)
        if not member:
            return [name for name in found if not _LABELS.search(name)] or found
        if member not in found:
            raise NumpyganError(
                f"{path}: has no array {member!r}; it holds {', '.join(found)[:200]}."
            )
        return [member]

    arrays = read_arrays(path, wanted)
    if len(arrays) == 1:
        (name,) = arrays
        return Found({"train": arrays[name]}, {"train": name or path.name})
    found = {}
    for name, array in arrays.items():
        if array.ndim > 1:
            found.setdefault(_split(name), []).append(name)
    picked = {split: _best(found[split]) for split in _WORDS if split in found}
    plain = [name for name in found.get(None, []) if name.lower() in _PLAIN]
    if "train" not in picked:
        picked["train"] = _best(plain or found.get(None, []))
    if picked["train"] is None:
        shapes = ", ".join(
            f"{name} {'×'.join(map(str, array.shape))}" for name, array in arrays.items()
        )
        raise NumpyganError(
            f"{path}: holds the arrays {shapes[:300]}; say which one with {path.name}:NAME, or call it x_train."
        )
    return Found(
        {split: arrays[name] for split, name in picked.items() if name},
        {s: n for s, n in picked.items() if n},
    )


def _split(name):
    """Which split a name speaks of, None if of none."""
    words = re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    joined = [word[1:] for word in words if word[:1] == "x"] + [
        word[:-1] for word in words if word[-1:] == "x"
    ]
    return next((split for split, known in _WORDS.items() if set(known) & {*words, *joined}), None)


def _best(names):
    """The only name, or the one that most people would mean, else None."""
    if len(names) == 1:
        return names[0]
    for word in _PLAIN:
        hits = [
            name
            for name in names
            if name.lower() == word or word in re.split(r"[\W_]+", name.lower())
        ]
        if len(hits) == 1:
            return hits[0]
    return None


def _folder(path, size, drop):
    """The splits in a folder: IDX, CIFAR-10 or NumPy files, CSV files or images, in this order; other files are passed over."""
    files = _files(path)
    kinds, refused = {}, []
    for file in files:
        try:
            kinds.setdefault(kind_of(file), []).append(file)
        except NumpyganError as error:
            refused.append(str(error))
    batches = [
        file
        for file in files
        if re.match(r"(data|test)_batch", file.name) and file.suffix.lower() == ".bin"
    ]
    idx = [
        file
        for file in kinds.get("idx", [])
        if "label" not in file.name.lower() and len(shape_of(file)) > 1
    ]
    if idx:
        return _idx(path, idx)
    if batches:
        return _cifar(path, batches)
    for kind, what in (("npy", "arrays"), ("npz", "arrays"), ("csv", "tables")):
        some = [
            file
            for file in kinds.get(kind, [])
            if _is_data(file, kind) and not _LABELS.search(file.stem)
        ]
        if some and not (kind == "csv" and "image" in kinds):
            return _by_name(path, some, what, lambda file: read(file, size, drop))
    if "image" in kinds:
        return _images(path, kinds["image"], size)
    there = (
        f"; {refused[0]}"
        if refused
        else f"; there are {', '.join(file.name for file in files[:4]) or 'no files'}."
    )
    raise NumpyganError(
        f"{path}: no data found; expected IDX, CIFAR-10 .bin, .npy, .npz or CSV files, or images, such as "
        f"train-images-idx3-ubyte{there}"
    )


def _is_data(file, kind):
    return (
        kind != "csv"
        or file.suffix.lower() in (".csv", ".tsv", ".gz")
        or file.stem.lower() in ("train", "test")
    )


def _files(path):
    """The files below a folder in the order of their paths, without hidden ones and those that macOS adds to archives."""
    try:
        found = []
        for file in path.rglob("*"):
            parts = file.relative_to(path).parts
            if (
                any(part.startswith(".") or part == "__MACOSX" for part in parts)
                or len(parts) > _DEEPEST
                or not file.is_file()
            ):
                continue
            found.append(file)
            if len(found) > _MOST:
                raise NumpyganError(
                    f"{path}: holds more than {_MOST:,} files; give a folder with the data alone."
                )
    except OSError as error:
        raise NumpyganError(
            f"{path}: cannot be read ({error.strerror or error}); check the path."
        ) from None
    return sorted(found, key=lambda file: (len(file.parts), str(file)))


def _idx(path, files):
    by_split = {}
    for file in files:
        by_split.setdefault(_split(file.name) or _split(file.parent.name), []).append(file)
    if None in by_split and "train" not in by_split:
        by_split["train"] = by_split.pop(None)
    notes, arrays, names = [], {}, {}
    for split in ("train", "validation", "test"):
        if some := by_split.get(split):
            file = _only(path, some)
            arrays[split], names[split] = read_idx(file, notes), file.name
    if list(arrays) == ["train"] and _split(names["train"]):
        raise NumpyganError(
            f"{path}: no t10k-images-idx3-ubyte there; add the test images, or give the file {names['train']} itself to hold some "
            f"of its images out."
        )
    if "train" not in arrays:
        raise NumpyganError(
            f"{path}: no train-images-idx3-ubyte there, but {', '.join(names.values())}; add the training images."
        )
    return Found(arrays, names, notes)


def _only(path, files):
    """The one file among copies under slightly different names. Raises NumpyganError if they differ."""
    first = read_idx(files[0]) if len(files) > 1 else None
    for other in files[1:]:
        if not numpy.array_equal(first, read_idx(other)):
            raise NumpyganError(
                f"{path}: holds {files[0].relative_to(path)} and {other.relative_to(path)}, which differ; give a folder with one "
                f"of them, or the file."
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
    arrays = {
        "train": read_cifar(train).reshape(-1, 3, 32, 32),
        "test": read_cifar(test).reshape(-1, 3, 32, 32),
    }
    return Found(arrays, {"train": "data_batch*.bin", "test": "test_batch.bin"})


def _by_name(path, files, what, reader):
    """Files such as x_train.npy and x_test.npy, or the only file."""
    by_split = {}
    for file in files:
        by_split.setdefault(_split(file.stem), []).append(file)
    if "train" not in by_split:
        by_split["train"] = by_split.pop(None, [])
    for split, some in by_split.items():
        if len(some) != 1 and split is not None:
            raise NumpyganError(
                f"{path}: holds the {what} {', '.join(file.name for file in files[:6])}; give one of the files, or call them "
                f"x_train and x_test."
            )
    if list(by_split) == ["train"]:
        return reader(by_split["train"][0])
    found = Found({}, {})
    for split in ("train", "validation", "test"):
        if split in by_split:
            one = reader(by_split[split][0])
            found.arrays[split], found.names[split] = one.arrays["train"], by_split[split][0].name
            found.notes += [note for note in one.notes if note not in found.notes]
    return found


def _images(path, files, size):
    by_split = {}
    for file in files:
        folders = file.relative_to(path).parts[:-1]
        by_split.setdefault(next((s for s in map(_split, folders) if s), "train"), []).append(file)
    if "train" not in by_split:
        raise NumpyganError(
            f"{path}: has no training images, only {', '.join(by_split)}; give that folder itself."
        )
    notes = []
    arrays = {split: read_images(some, size, notes) for split, some in by_split.items()}
    if any(array.ndim == 4 for array in arrays.values()):  # grey images beside colour ones
        arrays = {
            s: a if a.ndim == 4 else numpy.repeat(a[..., None], 3, 3) for s, a in arrays.items()
        }
    names = {split: f"{split}/" if len(arrays) > 1 else path.name for split in arrays}
    return Found(arrays, names, notes, shuffle=True)
