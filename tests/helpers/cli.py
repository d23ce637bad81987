"""What the tests of the command line share: a tiny image dataset, a tiny recipe for it, and ways to
look at a run.
"""

import csv
import struct
from contextlib import contextmanager

import numpy
import pytest

from numpygan.cli import main
from numpygan.metrics import parzen


def sets(**fields):
    """Fields as --set arguments."""
    return [part for name, value in fields.items() for part in ("--set", f"{name}={value}")]


TINY_NETS = sets(
    generator="relu 16, sigmoid",
    scale_g="0.05,0.05",
    discriminator="maxout 8x2",
    keep="0.8,0.5",
    scale_d="0.05,0.05",
    batch=20,
    noise_dim=5,
    momentum_epochs=3,
    learning_rate_decay=1.01,
    rule="momentum",
)
# 20 iterations per epoch
TINY = ["train", "mnist-authors", "--quiet", "--data", "images.npy", *TINY_NETS]
TINY_TOY = [
    "train",
    "ring",
    "--quiet",
    *sets(
        generator="relu 8, linear",
        scale_g="0,0",
        discriminator="relu 8",
        keep="0.9,1",
        scale_d="0,0",
        batch=50,
    ),
]


def images(rows=600, side=8, seed=0):
    """Random pictures, uint8 (rows, side, side), whose brightness differs from pixel to pixel."""
    generator = numpy.random.default_rng(seed)
    return (
        generator.random((rows, side, side)) * generator.integers(50, 256, (side, side))
    ).astype("uint8")


@contextmanager
def small_world(folder):
    """In `folder`, with Parzen estimates from 50 samples: a finished run of a toy, and whatever
    else is done inside.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(parzen, "SAMPLES", 50)
        assert run(*TINY_TOY, "--iterations", 2, "--out", "toy") == 0
        yield


def run(*arguments):
    """The exit code of `numpygan ARGUMENTS`."""
    return main([str(argument) for argument in arguments])


def checkpoint(folder, name="checkpoint.npz"):
    """The arrays of a checkpoint, read without the package."""
    with numpy.load(folder / name, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def learned(folder):
    """The bytes of what a run learned."""
    arrays = checkpoint(folder)
    moments = ("gradients", "squares") if "squares_g" in arrays else ("velocity",)
    names = [f"{name}_{player}" for name in ("theta", *moments) for player in "gd"]
    return {name: arrays[name].tobytes() for name in names}


def metrics(folder):
    """The rows of metrics.csv as text, without the column that tells the time."""
    with open(folder / "metrics.csv", newline="") as file:
        return [
            {name: cell for name, cell in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


def files(folder):
    """Every file and folder below `folder`: path -> bytes (None for a folder)."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def idx(array, code=0x08):
    """An IDX file of `array`."""
    return (
        bytes([0, 0, code, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


def cifar(rows, seed=0):
    """A CIFAR-10 binary file of random pictures, and the pictures (rows, 3072)."""
    pixels = numpy.random.default_rng(seed).integers(0, 256, (rows, 3072), dtype="uint8")
    labels = numpy.full((rows, 1), 7, "uint8")
    return numpy.hstack([labels, pixels]).tobytes(), pixels
