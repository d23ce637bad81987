"""Readers of the user's files: the arrays of each split, and their names."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy
from numpy.lib.format import MAGIC_PREFIX

from ..errors import NumpyganError
from ..files import open_regular, readable
from ..reading import read_arrays, rest_of_npy
from .delimited import read_csv
from .idx import read_idx
from .kinds import CIFAR_ROW, kind_of
from .left_out import without_labels
from .names import IMAGE_NAMES, LABELS, SPLIT_WORDS, likeliest, split_of

_MOST_ARRAYS = 20  # the images are looked for in at most this many arrays


@dataclass
class Found:
    """What was found: the arrays by split, their names, and notes about what was done to them.

    The splits are "train" and, where they are given, "validation" and "test".
    """

    arrays: dict
    names: dict
    notes: list = field(default_factory=list)
    shuffle: bool = False  # rows lie in folders of classes, so splits are cut at random
    columns: list = field(default_factory=list)  # the names of the columns of a CSV file


def read_file(path, drop="auto", beside=False):
    """What the file `path` holds, which may be `FILE.npz:NAME`; see `folders.read`.

    drop    None is "auto" for a CSV file, and takes arrays as they are
    beside  whether this is not the training split; then columns that `drop` names may be missing
    """
    path, member = _member(Path(path))
    kind, notes, columns = kind_of(path), [], []
    if kind not in ("csv", "npy", "npz"):
        refuse_drop(path, drop)
    if member and kind != "npz":
        raise NumpyganError(
            f"{path}: is no .npz file, so it holds no array {member!r}; leave out {':' + member!r}."
        )
    if kind in ("npy", "npz"):
        found = _arrays(path, member)
        if drop is not None:
            _leave_columns_out(path, found, drop)
        return found
    if kind == "image":
        raise NumpyganError(f"{path}: is one image; expected a folder of images.")
    if kind == "idx":
        array = read_idx(path, notes)
        if array.ndim == 1 or "label" in path.name.lower():
            raise NumpyganError(
                f"{path}: holds labels, {array.shape}; expected the file of the images."
            )
    else:
        cifar = kind == "cifar"
        drop = drop or "auto"
        array = read_cifar([path]) if cifar else read_csv(path, drop, notes, columns, beside)
    return Found({"train": array}, {"train": path.name}, notes, columns=columns)


def _leave_columns_out(path, found, drop):
    """Leave columns out of each table among the arrays, as `read_csv` does."""
    for split, array in found.arrays.items():
        notes = []
        if array.ndim == 2:
            found.arrays[split] = without_labels(path, array, drop, notes)
        else:
            refuse_drop(path, drop)
        found.notes += [note for note in notes if note not in found.notes]


def refuse_drop(path, drop):
    """Raise NumpyganError if `drop` names columns, which only tables have."""
    if drop not in (None, "auto", "none"):
        raise NumpyganError(
            f"{path}: --drop is for the columns of a table, a CSV file or an array N × d; leave it "
            "out."
        )


def read_cifar(paths):
    """The images (N, 3, 32, 32), uint8, of CIFAR-10 binary files.

    A row of such a file is a label byte and 3072 pixels. Raises NumpyganError if a file can't be
    read or its length is not a multiple of 3073.
    """
    images = []
    for path in paths:
        with readable(path), open_regular(path) as file:
            content = numpy.fromfile(file, numpy.uint8)
        if content.size == 0 or content.size % CIFAR_ROW:
            raise NumpyganError(
                f"{path}: not a CIFAR-10 binary file; its {content.size:,} bytes are not a "
                f"multiple of {CIFAR_ROW}."
            )
        images.append(content.reshape(-1, CIFAR_ROW)[:, 1:])
    return numpy.concatenate(images).reshape(-1, 3, 32, 32)


def read_numpy(path):
    """The training array in a .npy or .npz file. Nothing is unpickled."""
    path, member = _member(Path(path))
    return _arrays(path, member).arrays["train"]


def _member(path):
    """The file and the NAME in `FILE.npz:NAME`; NAME is "" if none is given."""
    text = str(path)
    if not os.path.exists(path):
        for colon in (i for i, letter in enumerate(text) if letter == ":"):
            if os.path.isfile(text[:colon]):
                return Path(text[:colon]), text[colon + 1 :]
    return path, ""


def _arrays(path, member):
    """The splits in a .npy or .npz file, recognised by their usual names."""

    every = []

    def wanted(found):
        every.extend(found)
        if {"format", "shape", "data"} <= set(found):
            raise NumpyganError(
                f"{path}: is a sparse matrix of SciPy; load it with scipy.sparse.load_npz and save "
                "its toarray() with numpy.save."
            )
        if not found:
            raise NumpyganError(f"{path}: holds no arrays; save them again with numpy.savez.")
        if not member:
            picked = [n for n in found if n.isprintable() and not LABELS.search(n)] or found
            known = [name for name in picked if split_of(name) or name.lower() in IMAGE_NAMES]
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
        notes = not_read([n for n in every if n not in (name, member)])
        if not name and (rest := rest_of_npy(path)):
            more = "other arrays" if rest == MAGIC_PREFIX else "trailing bytes"
            notes.append(f"{path.name}: {more} after the first array are ignored")
        return Found({"train": arrays[name]}, {"train": name or path.name}, notes)
    found = {}
    for name, array in arrays.items():
        if array.ndim > 1 and (array.size or split_of(name) == "train"):
            found.setdefault(split_of(name), []).append(name)
    picked = {split: likeliest(found[split]) for split in SPLIT_WORDS if split in found}
    plain = [name for name in found.get(None, []) if name.lower() in IMAGE_NAMES]
    if "train" not in picked:
        picked["train"] = likeliest(plain or found.get(None, []))
    if picked["train"] is None:
        shapes = ", ".join(
            f"{name} {'×'.join(map(str, array.shape))}" for name, array in arrays.items()
        )
        raise NumpyganError(
            f"{path}: holds the arrays {shapes[:300]}; say which one with {path.name}:NAME, or "
            f"call it x_train."
        )
    picked = {split: name for split, name in picked.items() if name}
    others = [name for name in every if name not in picked.values()]
    return Found({split: arrays[name] for split, name in picked.items()}, picked, not_read(others))


def not_read(names):
    """A list with a note about the files or arrays of these names, or an empty one."""
    names = list(names)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return [f"not read: {', '.join(names[:5])}{more}"] if names else []
