"""What the names of files, folders and arrays say: the split, images or labels."""

import os
import re

from ..errors import NumpyganError

SPLITS = ("train", "validation", "test")
SPLIT_WORDS = {
    "test": ("test", "t10k", "testing", "testset", "eval", "te"),
    "validation": ("val", "valid", "validation", "valset", "dev"),
    "train": ("train", "training", "trainset", "tr"),
}
# Names of the array of images, the likeliest first
IMAGE_NAMES = tuple("x images data image features pixels imgs img samples xs arr_0".split())
LABELS = re.compile(
    r"(^|[\W_])(ys?|labels?|targets?|class(es)?|lbls?|fine_labels|names?|attr(ibute)?s?"
    r"|one_?hot)($|[\W_\d])|^y[_\d]|[a-z](?-i:Y)$",
    re.I,
)


def split_of(name):
    """The split that a name mentions, or None."""
    words = re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    words += [word.rstrip("0123456789") for word in words]  # train2017
    joined = [word[1:] for word in words if word[:1] == "x"]
    joined += [word[:-1] for word in words if word[-1:] == "x"]
    return next(
        (split for split, known in SPLIT_WORDS.items() if set(known) & {*words, *joined}), None
    )


def likeliest(names):
    """The only name, or the likeliest name of the images; None if that is not clear."""
    if len(names) == 1:
        return names[0]
    for word in IMAGE_NAMES:
        hits = [n for n in names if word in (n.lower(), *re.split(r"[\W_]+", n.lower()))]
        if len(hits) == 1:
            return hits[0]
    shortest = min(names, key=len, default="")
    variants = split_of(shortest) and all(name.startswith(shortest) for name in names)
    return shortest if variants else None  # x_test beside x_test_noisy


def local_path(source):
    """The path `source`, with ~ expanded. Raises NumpyganError if it is empty or an address."""
    source = os.fspath(source)
    if not source:
        raise NumpyganError("data: the path is empty; give a file or a folder.")
    if re.match(r"\w+://", source):
        raise NumpyganError(f"{source}: is an address; download the file and give its path.")
    return os.path.expanduser(source)
