"""The shipped MNIST and the readers of the user's files."""

import gzip
import os
import shutil
import tracemalloc

import numpy
import pytest

from numpygan.data import dataset as datasets
from numpygan.data.dataset import Dataset, global_contrast_normalise, load
from numpygan.data.readers import read_idx, read_numpy
from numpygan.errors import NumpyganError
from tests.helpers.cli import cifar, idx, images

PIXELS = numpy.random.default_rng(0).integers(0, 256, (36, 9, 9), dtype="uint8")


class Bomb:
    """Leaves a file behind if it is ever unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def bomb():
    array = numpy.empty(8, object)
    array[:] = [Bomb() for _ in range(8)]
    return array


# MNIST


def raw_mnist(name, header):
    with gzip.open(datasets.MNIST / name) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=header)


def test_mnist_is_split_as_in_the_paper():
    mnist = load("mnist")
    train, test = (
        raw_mnist("train-images-idx3-ubyte.gz", 16),
        raw_mnist("t10k-images-idx3-ubyte.gz", 16),
    )
    assert (mnist.train.shape, mnist.validation.shape, mnist.test.shape) == (
        (50_000, 784),
        (10_000, 784),
        (10_000, 784),
    )
    assert mnist.train.dtype == mnist.validation.dtype == mnist.test.dtype == numpy.uint8
    assert mnist.dim == 784 and tuple(mnist.image_shape) == (28, 28)
    assert numpy.array_equal(mnist.train, train.reshape(-1, 784)[:50_000])
    assert numpy.array_equal(mnist.validation, train.reshape(-1, 784)[50_000:])
    assert numpy.array_equal(mnist.test, test.reshape(-1, 784))


def test_mnist_labels():
    train, test = datasets.mnist_labels()
    assert (train.shape, test.shape) == ((60_000,), (10_000,))
    assert train[:5].tolist() == [5, 0, 4, 1, 9] and test[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_one_changed_byte_of_mnist_is_noticed(name, tmp_path, monkeypatch):
    shutil.copytree(datasets.MNIST, tmp_path / "mnist")
    content = bytearray(gzip.decompress((tmp_path / "mnist" / name).read_bytes()))
    content[5000] ^= 1
    (tmp_path / "mnist" / name).write_bytes(gzip.compress(content, 1))
    monkeypatch.setattr(datasets, "MNIST", tmp_path / "mnist")
    with pytest.raises(NumpyganError, match=name):
        load("mnist")
        datasets.mnist_labels()


def test_mnist_has_its_attribution_beside_it():
    text = " ".join(
        path.read_text()
        for path in datasets.MNIST.iterdir()
        if path.suffix not in (".gz", ".py", ".pyc")
    )
    assert "LeCun" in text and "licen" in text.lower()


# IDX


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("code", "kind"), [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]
)
def test_idx_of_every_type(code, kind, suffix, tmp_path):
    values = numpy.arange(-12, 12).astype(kind).reshape(2, 3, 4)
    content = idx(values, code)
    (tmp_path / f"values{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    read = read_idx(tmp_path / f"values{suffix}")
    assert read.shape == (2, 3, 4) and numpy.array_equal(read, values)


GOOD = idx(numpy.zeros((4, 3, 3), "uint8"))
BAD_IDX = {
    "nothing": b"",
    "text": b"these are not the bytes you are looking for",
    "unknown type": b"\0\0\x07" + GOOD[3:],
    "header cut short": GOOD[:9],
    "rank 0": b"\0\0\x08\0",
    "values cut short": GOOD[:-1],
    "rank 200": b"\0\0\x08\xc8" + 200 * b"\0\0\0\x01" + b"\0",
    "empty but huge": b"\0\0\x08\x04" + b"\0\0\0\0" + 3 * b"\xff\xff\xff\xff",
}


@pytest.mark.parametrize("case", BAD_IDX)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_bad_idx(case, suffix, tmp_path):
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(gzip.compress(BAD_IDX[case]) if suffix else BAD_IDX[case])
    with pytest.raises(NumpyganError, match="bad"):
        read_idx(path)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_bytes_after_the_values_are_ignored_and_named(suffix, tmp_path):
    content, notes = GOOD + b"\r\n", []
    path = tmp_path / f"values{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    assert numpy.array_equal(read_idx(path, notes), numpy.zeros((4, 3, 3)))
    assert notes == [
        f"{path.name}: trailing bytes after the 4 × 3 × 3 values of its header are ignored"
    ]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_more_rows_than_the_header_says_are_refused(suffix, tmp_path):
    path, row = tmp_path / f"values{suffix}", bytes(8) + b"\1"
    for content in GOOD + row, GOOD + bytes(9) + row[:5]:
        path.write_bytes(gzip.compress(content) if suffix else content)
        if content.endswith(row):
            with pytest.raises(NumpyganError, match="promises 4 rows, the file holds more"):
                read_idx(path)
        else:  # zeros fill up a block
            assert read_idx(path).shape == (4, 3, 3)


def test_a_gzip_stream_of_two_parts_is_read_to_its_end(tmp_path):
    """As gunzip does; the second part begins within the values."""
    content = idx(images(20))
    path = tmp_path / "values.gz"
    path.write_bytes(gzip.compress(content[:100]) + gzip.compress(content[100:]))
    assert numpy.array_equal(read_idx(path), images(20))


@pytest.mark.parametrize(
    "change", [lambda b: b[:-9], lambda b: b[:20] + bytes(10) + b[30:], lambda b: b"not gzip" + b]
)
def test_bad_gzip(change, tmp_path):
    path = tmp_path / "bad.gz"
    path.write_bytes(change(gzip.compress(idx(images(20)))))
    with pytest.raises(NumpyganError, match="bad.gz"):
        read_idx(path)


def test_missing_idx(tmp_path):
    with pytest.raises(NumpyganError, match="nowhere"):
        read_idx(tmp_path / "nowhere.gz")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_header_that_claims_terabytes_reserves_nothing(suffix, tmp_path):
    content = b"\0\0\x0e\x03" + 3 * b"\0\x01\0\0" + bytes(100)
    path = tmp_path / f"liar{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    tracemalloc.start()
    try:
        with pytest.raises(NumpyganError):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("gz", [True, False])
def test_folder_of_idx_files(gz, tmp_path):
    train, test = images(60), images(12, seed=1)
    for name, values in (("train", train), ("t10k", test)):
        content = idx(values)
        (tmp_path / f"{name}-images-idx3-ubyte{'.gz' if gz else ''}").write_bytes(
            gzip.compress(content) if gz else content
        )
    data = load(tmp_path)
    assert numpy.array_equal(
        numpy.concatenate([data.train, data.validation]), train.reshape(60, 64)
    )
    assert len(data.validation) == 10 and numpy.array_equal(data.test, test.reshape(12, 64))
    assert tuple(data.image_shape) == (8, 8)


# .npy and .npz


@pytest.mark.parametrize("shape", [(60, 64), (60, 8, 8)])
@pytest.mark.parametrize("kind", ["uint8", "float32", "float64", "float16"])
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_numpy_files(shape, kind, suffix, tmp_path):
    values = images(60) if kind == "uint8" else (images(60) / 255).astype(kind)
    path = tmp_path / f"mine.{suffix}"
    numpy.save(path, values.reshape(shape)) if suffix == "npy" else numpy.savez(
        path, values.reshape(shape)
    )
    data = load(path)
    whole = numpy.concatenate([data.train, data.validation, data.test])
    assert data.train.dtype == (numpy.uint8 if kind == "uint8" else numpy.float32)
    assert numpy.array_equal(whole, values.reshape(60, 64).astype(data.train.dtype))
    assert min(len(data.train), len(data.validation), len(data.test)) > 0 and data.dim == 64


def test_rows_that_are_no_images(tmp_path):
    numpy.save(tmp_path / "rows.npy", numpy.zeros((60, 7)))
    assert load(tmp_path / "rows.npy").image_shape is None


BAD_ARRAYS = {
    "objects": bomb(),
    "rank 0": numpy.float32(3),
    "rank 1": numpy.zeros(100),
    "four channels": numpy.zeros((10, 4, 4, 4)),
    "rank 5": numpy.zeros((10, 1, 3, 4, 4)),
    "no rows": numpy.zeros((0, 64)),
    "no columns": numpy.zeros((64, 0)),
    "NaN": numpy.where(numpy.eye(20) > 0, numpy.nan, 0),
    "infinite": numpy.where(numpy.eye(20) > 0, numpy.inf, 0),
    "infinite as float32": numpy.full((20, 64), 1e300),
    "whole numbers of no scale": numpy.tile(numpy.arange(-8, 8), (20, 4)).reshape(20, 8, 8),
    "text": numpy.full((20, 64), "1"),
    "complex": numpy.zeros((20, 64), complex),
    "too few": numpy.zeros((1, 64)),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_bad_arrays(case, suffix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = f"mine.{suffix}"
    numpy.save(path, BAD_ARRAYS[case]) if suffix == "npy" else numpy.savez(path, BAD_ARRAYS[case])
    with pytest.raises(NumpyganError, match=path) as error:
        load(path)
    assert not os.path.exists("unpickled") and "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("keep", [0, 3, 40, 100, 500, -1])
def test_truncated_numpy_files(keep, suffix, tmp_path):
    path = tmp_path / f"mine.{suffix}"
    numpy.save(path, images(60)) if suffix == "npy" else numpy.savez(path, images(60))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(NumpyganError, match=f"mine.{suffix}"):
        read_numpy(path)


@pytest.mark.parametrize("name", ["mine.npy", "mine.npz"])
def test_text_is_not_a_numpy_file(name, tmp_path):
    (tmp_path / name).write_text("0.5, 0.25\n")
    with pytest.raises(NumpyganError, match=name) as error:
        load(tmp_path / name)
    assert "unsafe" not in str(error.value) and "allow_pickle" not in str(error.value)


def test_encrypted_npz(tmp_path):
    numpy.savez(tmp_path / "mine.npz", images(60))
    content = bytearray((tmp_path / "mine.npz").read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1  # the flag "encrypted" in the table of contents
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(NumpyganError, match="mine.npz"):
        load(tmp_path / "mine.npz")


# CIFAR-10


def test_cifar_folder(tmp_path):
    parts = [cifar(10, seed) for seed in range(3)]
    for name, (content, _) in zip(("data_batch_1", "data_batch_2", "test_batch"), parts):
        (tmp_path / f"{name}.bin").write_bytes(content)
    data = load(tmp_path)
    assert numpy.array_equal(
        numpy.concatenate([data.train, data.validation]),
        numpy.concatenate([parts[0][1], parts[1][1]]),
    )
    # 40,000 + 10,000 of 50,000
    assert len(data.validation) == 4 and numpy.array_equal(data.test, parts[2][1])
    assert tuple(data.image_shape) == (3, 32, 32)


@pytest.mark.parametrize("content", [b"", b"abc", cifar(5)[0][:-1]])
@pytest.mark.parametrize("name", ["data_batch_1.bin", "test_batch.bin"])
def test_bad_cifar(name, content, tmp_path):
    for good in ("data_batch_1.bin", "test_batch.bin"):
        (tmp_path / good).write_bytes(cifar(10)[0])
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NumpyganError, match=name):
        load(tmp_path)


def test_cifar_without_a_test_batch(tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(cifar(10)[0])
    with pytest.raises(NumpyganError, match="test_batch.bin"):
        load(tmp_path)


def test_global_contrast_normalisation():
    rows = cifar(20)[1]
    rows[3] = 9  # a picture without contrast
    data = global_contrast_normalise(Dataset(rows, rows[:4], rows[:5], (3, 32, 32)))
    centred = rows - rows.mean(1, keepdims=True)
    expected = 55 * centred / numpy.maximum(numpy.linalg.norm(centred, axis=1, keepdims=True), 1e-8)
    assert data.train.dtype == numpy.float32
    numpy.testing.assert_allclose(data.train, expected, atol=1e-4)
    assert numpy.all(data.train[3] == 0) and numpy.array_equal(data.validation, data.train[:4])
    assert tuple(data.image_shape) == (3, 32, 32)


@pytest.mark.parametrize("names", [("x_train", "x_test"), ("X", "x_val")])
def test_an_empty_array_beside_the_training_rows_is_no_split(names, tmp_path):
    numpy.savez(tmp_path / "x.npz", **{names[0]: PIXELS, names[1]: PIXELS[:0]})
    data = load(tmp_path / "x.npz")
    assert len(data.test) == len(data.validation) == len(PIXELS) // 6
    assert data.notes == (f"not read: {names[1]}",)
    numpy.savez(tmp_path / "x.npz", x_train=PIXELS[:0], x_test=PIXELS)
    with pytest.raises(NumpyganError, match="x_train: the array is empty, 0 ×"):
        load(tmp_path / "x.npz")


@pytest.mark.parametrize("kind", ["csr", "coo"])
def test_a_sparse_matrix_of_scipy_is_called_so(kind, tmp_path):
    index = {"csr": ("indices", "indptr"), "coo": ("row", "col")}[kind]
    arrays = dict.fromkeys(index, numpy.arange(9)) | {"data": numpy.ones(9)}
    numpy.savez(tmp_path / "x.npz", **arrays, format=kind.encode(), shape=(9, 9))
    with pytest.raises(NumpyganError, match="x.npz: is a sparse matrix of SciPy.*toarray"):
        load(tmp_path / "x.npz")


@pytest.mark.parametrize(
    "images, others",
    [
        (("trX", "teX"), ("trY", "teY")),
        (("trainX", "testX"), ("trainY", "testY")),
        (("img",), ("attributes",)),
        (("xs",), ("ys",)),
        (("images",), ("onehot", "one_hot", "attr")),
    ],
)
def test_labels_in_several_columns(images, others, tmp_path):
    arrays = dict.fromkeys(images, PIXELS) | dict.fromkeys(others, numpy.eye(len(PIXELS)))
    numpy.savez(tmp_path / "x.npz", **arrays)
    data = load(tmp_path / "x.npz")
    assert data.dim == PIXELS[0].size and data.notes == (f"not read: {', '.join(others)}",)
    test = images[1] if len(images) == 2 else "the last 6"
    assert data.understood.endswith(f"test split: {test}")


def test_one_value_for_each_row_is_no_data_beside_data(tmp_path):
    numpy.save(tmp_path / "meta.npy", numpy.arange(len(PIXELS)))
    numpy.save(tmp_path / "faces.npy", PIXELS)
    assert load(tmp_path).dim == PIXELS[0].size


def test_a_file_of_format_3_is_read_if_it_holds_plain_numbers(tmp_path):
    """NumPy writes it for names of fields that are not Latin-1."""
    with open(tmp_path / "x.npy", "wb") as file:
        numpy.lib.format.write_array(file, PIXELS, (3, 0))
    assert numpy.array_equal(read_numpy(tmp_path / "x.npy"), PIXELS)
    records = numpy.zeros(9, [("Größe", "f4"), ("名", "f4")])
    with pytest.warns(UserWarning):
        numpy.save(tmp_path / "x.npy", records)
    with pytest.raises(NumpyganError, match="x.npy: holds values of the kind .*, expected numbers"):
        read_numpy(tmp_path / "x.npy")


@pytest.mark.parametrize("name, where", [("x.npy", "x.npy:a"), ("x.csv", "x.csv:a")])
def test_only_a_npz_file_has_arrays_with_names(name, where, tmp_path):
    if name == "x.npy":
        numpy.save(tmp_path / name, PIXELS)
    else:
        (tmp_path / name).write_text("1,2\n" * 9)
    with pytest.raises(NumpyganError, match=f"{name}: is no .npz file, .* leave out ':a'"):
        load(tmp_path / where)
