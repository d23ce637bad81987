"""Readers of the user's files and folders. Each gives the arrays of the splits that are there, and
what they are called."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy

from ..errors import NumpyganError
from ..files import open_regular
from ..reading import read_arrays
from . import folders
from .delimited import read_csv
from .idx import read_idx
from .kinds import CIFAR_ROW, kind_of

_WORDS = {
    "test": ("test", "t10k", "testing", "eval"),
    "validation": ("val", "valid", "validation", "dev"),
    "train": ("train", "training"),
}
_MOST_ARRAYS = 20  # that are read to find the images among them
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
LABELS = re.compile(
    r"(^|[\W_])(y|labels?|targets?|class(es)?|lbls?|fine_labels|names?)($|[\W_\d])|^y[_\d]", re.I
)


@dataclass
class Found:
    """Arrays by split: "train", and where they are given "validation" and "test"; what each is
    called; what was done to them."""

    arrays: dict
    names: dict
    notes: list = field(default_factory=list)
    shuffle: bool = False  # rows lie in folders of classes, so splits are cut at random


def read(path, size=None, drop="auto"):
    """What lies at `path`, a file of any kind, `FILE.npz:NAME`, or a folder. Raises NumpyganError
    if it can't be read.

    size  the (height, width) to scale image files to;  drop  the columns of a CSV to leave out
    """
    path, member = _member(Path(path))
    if path.is_dir():
        return folders.read(path, size, drop)
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
    """The images (N, 3072), uint8, of CIFAR-10 binary files: rows of one label byte and 3 × 32 × 32
    pixels.
    """
    images = []
    for path in paths:
        try:
            with open_regular(path) as file:
                content = numpy.fromfile(file, numpy.uint8)
        except OSError as error:
            raise NumpyganError(
                f"{path}: cannot be read ({error.strerror or error}); check the path."
            ) from None
        if content.size == 0 or content.size % CIFAR_ROW:
            raise NumpyganError(
                f"{path}: not a CIFAR-10 binary file; its {content.size:,} bytes are not a "
                f"multiple of {CIFAR_ROW}."
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

    def wanted(found):
        if not member:
            picked = [n for n in found if n.isprintable() and not LABELS.search(n)] or found
            known = [name for name in picked if split_of(name) or name.lower() in _PLAIN]
            if any(split_of(name) in (None, "train") for name in known):
                picked = known
            if not 0 < len(picked) <= _MOST_ARRAYS:
                raise NumpyganError(
                    f"{path}: holds {len(found):,} arrays, {', '.join(found[:5])[:200]}; say which "
                    f"one with {path.name}:NAME."
                )
            return picked
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
            found.setdefault(split_of(name), []).append(name)
    picked = {split: _best(found[split]) for split in _WORDS if split in found}
    plain = [name for name in found.get(None, []) if name.lower() in _PLAIN]
    if "train" not in picked:
        picked["train"] = _best(plain or found.get(None, []))
    if picked["train"] is None:
        shapes = ", ".join(
            f"{name} {'×'.join(map(str, array.shape))}" for name, array in arrays.items()
        )
        raise NumpyganError(
            f"{path}: holds the arrays {shapes[:300]}; say which one with {path.name}:NAME, or "
            f"call it x_train."
        )
    return Found(
        {split: arrays[name] for split, name in picked.items() if name},
        {s: n for s, n in picked.items() if n},
    )


def split_of(name):
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
