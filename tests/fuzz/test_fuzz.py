"""Files made to hurt, what the fuzzers found (tests/fuzz/corpus), and a short fuzz of every reader;
`python -m tests.fuzz` is the long one.
"""

import gzip
import os
import pickle
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from numpygan.data.idx import read_idx
from numpygan.data.sources import Mixture
from tests.fuzz import targets
from tests.fuzz.targets import PACKED, RAW, npy_bytes, zipped

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*/*"))
SMALL = npy_bytes(numpy.zeros((4, 6), "u1"))


@pytest.fixture(scope="module", autouse=True)
def short_epochs():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mixture, "size", 100)
        yield


def header(descr, shape):
    """A .npy file's header, with whatever is said in it, and 24 bytes of values."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + bytes(24)


def long_member(n):
    """A .npy file of n zero bytes, compressed without holding it: (raw deflate stream, crc, size)."""
    start = npy_bytes(numpy.zeros((0, 1), "u1")).replace(b"(0, 1)", f"({n}, 1)".encode())
    packer, crc, parts = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.crc32(start), [b""]
    parts.append(packer.compress(start))
    chunk = bytes(1 << 20)
    for _ in range(n >> 20):
        crc = zlib.crc32(chunk, crc)
        parts.append(packer.compress(chunk))
    return b"".join(parts) + packer.flush(), crc, len(start) + n


def zip_bomb(n=1 << 28):
    """256 MB of zeros in 256 KB, an honest archive."""
    stream, crc, size = long_member(n)
    word = lambda value, width=4: value.to_bytes(width, "little")
    fields = (
        word(20, 2)
        + word(0, 2)
        + word(8, 2)
        + word(0, 4)
        + word(crc)
        + word(len(stream))
        + word(size)
        + word(5, 2)
        + word(0, 2)
    )
    local = b"PK\3\4" + fields + b"x.npy"
    central = (
        b"PK\1\2"
        + word(20, 2)
        + fields
        + word(0, 2)
        + word(0, 2)
        + word(0, 2)
        + word(0)
        + word(0)
        + b"x.npy"
    )
    end = (
        b"PK\5\6"
        + word(0)
        + word(1, 2)
        + word(1, 2)
        + word(len(central))
        + word(len(local) + len(stream))
        + word(0, 2)
    )
    return local + stream + central + end


def overlapping(n=60):
    """An archive whose many members are one and the same compressed data."""
    content = zipped([("x.npy", npy_bytes(numpy.zeros((6 << 20, 1), "u1")))], zipfile.ZIP_DEFLATED)
    start = content.index(b"PK\1\2")
    entry, end = (
        content[start : content.index(b"PK\5\6")],
        bytearray(content[content.index(b"PK\5\6") :]),
    )
    entries = [entry.replace(b"x.npy", f"{i:05}".encode()) for i in range(n)]
    end[8:10] = end[10:12] = n.to_bytes(2, "little")
    end[12:16] = sum(map(len, entries)).to_bytes(4, "little")
    return content[:start] + b"".join(entries) + bytes(end)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("unpickled",)


OBJECTS = numpy.array([[Evil()] * 3] * 2, object)
MANY_LINES = "".join(f"f{i:x} = [1]\n" for i in range(8_000))
LAYER = "'relu 9',"
SWEEPS = {
    "10¹² settings": "[grid]\n"
    + "".join(
        f"{field} = {[1] * 100}\n"
        for field in ("k", "batch", "epochs", "noise_dim", "seed", "about")
    ),
    "10¹² draws": "[random]\nsettings = 1000000000000\nk = [1]",
    "10¹² seeds": "seeds = 1000000000000\n[grid]\nk = [1]",
    "hexadecimal": "seeds = 0x" + "f" * 100_000 + "\n[grid]\nk = [1]",
    "nested lists": "[grid]\nk = " + "[" * 100_000,
    "nested names": "[" + "a." * 10_000 + "a]\n" + MANY_LINES,
    "a text in every draw": f"[random]\nsettings = 10000\nk = [1]\nabout = ['{'x' * 100_000}']",
    "layers in every draw": f"[random]\nsettings = 10000\ngenerator = [[{LAYER * 12_000}'linear']]",
    "a large network": "[grid]\ngenerator = ['relu 999999, relu 999999, linear']",
    "one field again and again": f"[random]\nsettings = 10000\n'{'k ' * 50_000}' = [1]",
    "fields that there are not": "[random]\nsettings = 10000\n" + MANY_LINES,
}
BOMBS = {
    "npy: terabytes": ("npy", RAW + header("'<f8'", (10**6, 10**6))),
    "npy: 2⁶³": ("npy", RAW + header("'|u1'", (2**32, 2**32))),
    "npy: negative": ("npy", RAW + header("'|u1'", (-2, -12))),
    "npy: no width": ("npy", RAW + header("'<U0'", (10**15,))),
    "npy: records of a gigabyte": ("npy", RAW + header("'|V1000000000'", (10**3,))),
    "npy: nested": ("npy", RAW + header("(" * 3000, 1)),
    "npy: Python 2, unfinished": ("npy", RAW + header("'|u1", "(4L, 6")),
    "npy: objects": ("npy", RAW + npy_bytes(OBJECTS, allow_pickle=True)),
    "npy: only a pickle": ("npy", RAW + pickle.dumps(Evil())),
    "npz: objects": ("npz", PACKED + b"x.npy\n" + npy_bytes(OBJECTS, allow_pickle=True)),
    "npz: terabytes": ("npz", PACKED + b"x.npy\n" + header("'<f8'", (10**6, 10**6))),
    "npz: names": (
        "npz",
        RAW + zipped([(f"../../{'x' * 2000}\n\x1b[2J.npy", SMALL), ("y.npy", SMALL)]),
    ),
    "npz: bzip2": ("npz", RAW + zipped([("x.npy", SMALL)], zipfile.ZIP_BZIP2)),
    "npz: bomb": ("npz", RAW + zip_bomb()),
    "checkpoint: bomb": ("checkpoint", RAW + zip_bomb()),
    "checkpoint: overlapping": ("checkpoint", RAW + overlapping()),
    "idx: terabytes": ("idx", RAW + b"\0\0\x08\x03" + 3 * b"\xff\xff\xff\xff" + bytes(100)),
    "idx: gzip, terabytes": (
        "idx",
        PACKED + b"\0\0\x08\x03" + 3 * b"\xff\xff\xff\xff" + bytes(100),
    ),
    "idx: gzip, an honest bomb": ("idx", PACKED + b"\0\0\x08\x01\x06\0\0\0" + bytes(0x06000000)),
    "config: nested": ("config", RAW + b"k = " + b"[" * 100_000),
    "config: digits": ("config", RAW + b"k = " + b"9" * 100_000),
    "config: large": ("config", RAW + b"#" * (2 << 20)),
    "config: an argument's name": ("config", RAW + b"recipe = 1"),
    "config: hexadecimal": ("config", RAW + b"k = 0x" + b"f" * 100_000),
    "config: nested names": ("config", RAW + ("[" + "a." * 10_000 + "a]\n" + MANY_LINES).encode()),
    "config: a text": ("config", RAW + b'about = "' + b"x" * 100_000 + b'"'),
    "config: layers": ("config", RAW + b"discriminator = [" + b'"relu 9",' * 12_000 + b"]"),
    "config: NUL": ("config", RAW + b'data = "\\u0000"'),
    **{
        f"sweep: {name}": ("sweep", RAW + b'recipe = "ring"\n' + text.encode())
        for name, text in SWEEPS.items()
    },
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_file_made_to_hurt_is_refused_in_little_memory(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target, data = BOMBS[case]
    targets.give(target, targets.seeds(target)[0], tmp_path)  # what is made once
    pack, _ = targets.TARGETS[target]
    suffix, content = pack(data[:1] == PACKED, data[1:])
    monkeypatch.setitem(
        targets.TARGETS, target, (lambda *_: (suffix, content), targets.TARGETS[target][1])
    )
    tracemalloc.start()
    try:
        sentence = targets.give(target, RAW, tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sentence != "read" and peak < 20 << 20
    assert not (tmp_path / "unpickled").exists()


def test_bytes_after_the_values_of_an_idx_file_take_no_memory(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x18" + bytes(range(24)) + bytes(1 << 26)))
    tracemalloc.start()
    try:
        values = read_idx(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (values == range(24)).all() and peak < 20 << 20


def test_nothing_is_extracted(tmp_path):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    assert targets.give("npz", RAW + zipped([("../../escaped.npy", SMALL)]), inside) == "read"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["input.npz"]


def test_blank_images_are_no_bomb(tmp_path):
    """MNIST of zeros, 47 MB from 46 KB, is below what is harmless."""
    path = tmp_path / "blank.gz"
    path.write_bytes(
        gzip.compress(b"\0\0\x08\x03" + b"\0\0\xea\x60\0\0\0\x1c\0\0\0\x1c" + bytes(60000 * 784), 1)
    )
    assert targets.read_idx(path).shape == (60000, 28, 28)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_corpus(path, tmp_path):
    targets.give(path.parent.name, path.read_bytes(), tmp_path)


@pytest.mark.parametrize("target", targets.TARGETS)
def test_a_good_file_is_read(target, tmp_path):
    assert targets.give(target, targets.seeds(target)[0], tmp_path) == "read"


SNIPPETS = st.binary(max_size=4) | st.sampled_from(
    [b"9999999999", b"-1", b"[", b"{", b"'", b'"', b"\n", b"nan", b"1e999", b"(", b"L"]
)


@pytest.mark.parametrize("target", targets.TARGETS)
def test_mutations(target, tmp_path):
    seeds = targets.seeds(target)

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(seeds),
        st.lists(
            st.tuples(st.integers(0, 10**6), st.integers(0, 8), SNIPPETS), min_size=1, max_size=3
        ),
    )
    def mutate(seed, edits):
        data = bytearray(seed)
        for at, cut, snippet in edits:
            at %= len(data) + 1
            data[at : at + cut] = snippet
        targets.give(target, bytes(data), tmp_path)

    mutate()
