"""What is fuzzed: for each format a way from bytes to a file, the reader, and good files to start
from.

The first byte of an input says how the rest becomes a file: as it is, or packed with a right
checksum (gzip, zip, the checkpoint's own), so that mutations get past the checksums into what is
inside.
"""

import gzip
import io
import json
import os
import tomllib
import zipfile
from pathlib import Path

import numpy

from numpygan.data.readers import read_cifar, read_idx, read_numpy
from numpygan.errors import NumpyganError
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change
from numpygan.runs import checkpoint
from numpygan.runs.directory import RunDirectory
from numpygan.runs.metrics_file import COLUMNS
from numpygan.runs.sweep_file import read_sweep
from numpygan.runs.trainer import Training

RAW, PACKED = b"\0", b"\1"


def small_recipe():
    """A toy of a few hundred parameters."""
    return change(
        RECIPES["ring"],
        generator="relu 4, linear",
        scale_g="0,0",
        discriminator="relu 4",
        keep="0.9,1",
        scale_d="0,0",
        batch=10,
    )


def npy_bytes(array, **how):
    out = io.BytesIO()
    numpy.lib.format.write_array(out, array, **how)
    return out.getvalue()


def zipped(members, method=zipfile.ZIP_STORED):
    """A zip of (name, bytes) pairs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return out.getvalue()


def _idx(packed, content):
    return (".gz", gzip.compress(content, 1, mtime=0)) if packed else ("", content)


def _npz(packed, content):
    if not packed:
        return ".npz", content
    name, _, array = content.partition(b"\n")
    return ".npz", zipped([(name.decode("latin-1"), array)], zipfile.ZIP_DEFLATED)


def _plain(suffix):
    return lambda packed, content: (suffix, content)


def _checkpoint(packed, content):
    """Packed: lines NAME DTYPE SHAPE JSON change or add an array of a good checkpoint, which then
    gets its right checksum.
    """
    if not packed:
        return ".npz", content
    state = dict(_good_state())
    for line in content.decode(errors="replace").splitlines()[:20]:
        name, _, rest = line.partition(" ")
        dtype, _, values = rest.partition(" ")
        try:
            array = numpy.array(json.loads(values), dtype or None)
        except Exception:  # not an array: the line takes the array away
            state.pop(name, None)
            continue
        if array.nbytes < 10**6 and array.dtype.kind in "biufcU":
            state[name] = array
    out = io.BytesIO()
    arrays = {
        name.replace("\0", ""): numpy.asarray(value)
        for name, value in state.items()
        if name not in ("file", "checksum")
    }
    numpy.savez(out, **arrays, checksum=checkpoint._checksum(arrays))
    return ".npz", out.getvalue()


_KEPT = {}


def _good_state():
    if not _KEPT:
        training = Training(small_recipe(), None, numpy)
        training.advance()
        _KEPT["training"], _KEPT["state"] = (
            training,
            training.state() | {"best": -numpy.inf, "seconds": 1.5},
        )
    return _KEPT["state"]


def _read_checkpoint(path):
    """Load, restore a training, and draw samples from the generator: whatever a user can do with a
    checkpoint.
    """
    state = checkpoint.load(path)
    run = RunDirectory(path.parent / "run")
    if not run.config.exists():
        run.make()
        run.create(small_recipe())
    os.replace(path, run.checkpoint)
    try:
        G, _, _ = run.generator()
        G.forward(numpy.zeros((2, G.n_in), G.dtype), G.tape(2, training=False))
    except NumpyganError:
        pass
    checkpoint.number(state, "best"), checkpoint.number(state, "seconds")
    _KEPT["training"].restore(state)


def _read_config(path):
    run = RunDirectory(path.parent)
    os.replace(path, run.config)
    run.recipe()


def _read_metrics(path):
    run = RunDirectory(path.parent)
    os.replace(path, run.metrics)
    run.rewind_metrics(100, 10)
    run.read_metrics()


def _sweep(packed, content):
    """Packed: only the lines that are TOML by themselves."""
    return ".toml", b"\n".join(filter(_is_toml, content.splitlines())) if packed else content


def _is_toml(line):
    try:
        return tomllib.loads(line.decode()) is not None
    except (ValueError, RecursionError):
        return False


SWEEPS = (
    """recipe = "ring"
seeds = 3
iterations = 200
[set]
batch = 64
[grid]
"learning_rate_g learning_rate_d" = [1e-4, 1e-3]
k = [1, 2]
""",
    """recipe = "mnist"
seeds = [0, 7]
epochs = 1.5
[random]
settings = 20
seed = 1
learning_rate_g = {low = 1e-4, high = 1e-2, scale = "log"}
batch = {low = 10, high = 90}
loss = ["saturating", "non_saturating"]
""",
    """recipe = "mnist"
[grid]
data = ["a b.npy"]
dtype = ["float32", "float64"]
[set]
keep = [1, 0.5, 0.5]
""",
    """recipe = "grid"
[grid]
generator = [["relu 8", "relu 8", "linear"], "tanh 4, leaky 2, linear"]
discriminator = [["maxout 8x2", "relu 8"]]
""",
)


def _good_config(**changes):
    from numpygan.runs.config_file import to_toml

    return to_toml(change(small_recipe(), **changes)).encode()


def _seeds():
    array = numpy.arange(24, dtype="u1").reshape(4, 6)
    idx = b"\0\0\x08\x02" + bytes([0, 0, 0, 4, 0, 0, 0, 6]) + array.tobytes()
    arrays = (
        array,
        array.astype("f4"),
        numpy.asfortranarray(array.astype(">f8")),
        array.reshape(4, 2, 3),
    )
    objects = npy_bytes(array).replace(b"'|u1'", b"'|O' ")
    row = ",".join(map(str, range(len(COLUMNS))))
    good_checkpoint = io.BytesIO()
    arrays_of = {name: numpy.asarray(value) for name, value in _good_state().items()}
    numpy.savez(good_checkpoint, **arrays_of, checksum=checkpoint._checksum(arrays_of))
    lines = [
        f"{name} {value.dtype.str} {json.dumps(value.tolist())}"
        for name, value in arrays_of.items()
        if value.size < 5
    ]
    return {
        "idx": [RAW + idx, PACKED + idx, RAW + gzip.compress(idx, mtime=0)],
        "npy": [RAW + npy_bytes(a) for a in arrays]
        + [RAW + npy_bytes(array, version=(2, 0)), RAW + objects],
        "npz": [RAW + zipped([("x.npy", npy_bytes(a))]) for a in arrays]
        + [
            PACKED + b"x.npy\n" + npy_bytes(array),
            PACKED + b"../../x.npy\n" + npy_bytes(array),
            PACKED + b"x.npy\n" + objects,
        ],
        "cifar": [RAW + bytes(3073), RAW + bytes(3072)],
        "checkpoint": [RAW + good_checkpoint.getvalue()]
        + [PACKED + line.encode() for line in lines],
        "config": [RAW + _good_config(), RAW + _good_config(data="a b.npy", keep="1,1", seed=7)],
        "sweep": [kind + text.encode() for text in SWEEPS for kind in (RAW, PACKED)],
        "metrics": [
            RAW
            + ",".join(COLUMNS).encode()
            + b"\n"
            + row.encode()
            + b"\n1"
            + row.encode().replace(b",3,", b",,")
            + b"\n"
        ],
    }


TARGETS = {  # name: (bytes to (suffix, file), reader)
    "idx": (_idx, read_idx),
    "npy": (_plain(".npy"), read_numpy),
    "npz": (_npz, read_numpy),
    "cifar": (_plain(".bin"), lambda path: read_cifar([path])),
    "checkpoint": (_checkpoint, _read_checkpoint),
    "config": (_plain(".toml"), _read_config),
    "sweep": (_sweep, read_sweep),
    "metrics": (_plain(".csv"), _read_metrics),
}


def seeds(target):
    """Good inputs of `target`."""
    return _seeds()[target]


def give(target, data, folder):
    """Let the reader of `target` have the input `data` as a file in `folder`: "read" or the error's
    sentence.

    Whatever is no NumpyganError of one line comes through, and so does an error that does not name
    a file or field.
    """
    pack, read = TARGETS[target]
    suffix, content = pack(data[:1] == PACKED, data[1:])
    path = Path(folder) / f"input{suffix}"
    path.write_bytes(content)
    try:
        read(path)
    except NumpyganError as error:
        sentence = str(error)
        assert sentence.isprintable() and 20 < len(sentence) < 1000 and sentence.endswith("."), (
            sentence
        )
        return sentence
    return "read"
