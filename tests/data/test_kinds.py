"""Kinds of files that people have, what their values mean, and a game that fits them."""

import gzip
import os
import pickle
import tomllib
import zipfile

import numpy
import pytest

from numpygan.arrays import Stream
from numpygan.data.dataset import Dataset, load
from numpygan.data.kinds import CIFAR_ROW, is_cifar
from numpygan.data.sources import Shuffled
from numpygan.errors import NumpyganError
from numpygan.recipes.recipe import Recipe
from numpygan.runs.loop import is_recorded
from tests.helpers.cli import checkpoint, cifar, idx, run, sets

NETS = sets(discriminator="relu 6", keep="1,1", scale_d="0,0")


def grey(n=60, side=9, seed=0):
    """Pictures whose lower half is dark: none is its own transpose."""
    pixels = numpy.random.default_rng(seed).integers(1, 256, (n, side, side), dtype="uint8")
    pixels[:, side // 2 :] //= 4
    pixels[0, 0, 0] = 255
    return pixels


def whole(data):
    return numpy.concatenate([data.train, data.validation, data.test])


def saved(path, array):
    numpy.save(path, array)
    return load(path)


@pytest.mark.parametrize("beside", ["0.png", "__MACOSX/._x.npy", "images/"])
def test_a_zip_with_more_than_arrays_is_no_npz(beside, tmp_path):
    """Python names any .npz and many downloads .zip; it is not damaged."""
    numpy.save(tmp_path / "x.npy", grey())
    file = tmp_path / "data.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(tmp_path / "x.npy", "x.npy")
    assert len(whole(load(file))) == 60
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(beside, b"\0\5\x16\7 no array")
    with pytest.raises(NumpyganError, match="is a zip archive of x.npy, .*; unpack it"):
        load(file)


@pytest.mark.parametrize("name", ["fashion-mnist", "KMNIST", "cifar10"])
def test_data_that_are_not_shipped(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NumpyganError, match="shipped data are called mnist and stacked-mnist"):
        load(name)


# What a value means


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "int64", "float32", "float64"])
def test_0_to_255_of_any_type_are_the_same_pixels(kind, tmp_path):
    data = saved(tmp_path / "x.npy", grey().astype(kind))
    assert data.train.dtype == numpy.uint8 and data.range == (0, 1) and data.image_shape == (9, 9)
    assert numpy.array_equal(whole(data), grey().reshape(60, 81))


@pytest.mark.parametrize("kind", ["bool", "uint8", "int32"])
def test_zeros_and_ones_are_black_and_white(kind, tmp_path):
    bits = grey() > 100
    data = saved(tmp_path / "x.npy", bits.astype(kind))
    assert numpy.array_equal(whole(data), 255 * bits.reshape(60, 81).astype("uint8"))


def test_a_rounding_beyond_the_ends_is_cut_off(tmp_path):
    values = (grey() / 255).astype("float32")
    values[0, 0, 0], values[1, 0, 0] = 1.0000002, -1e-7
    data = saved(tmp_path / "x.npy", values)
    assert data.range == (0, 1) and whole(data).max() == 1 and whole(data).min() == 0


def test_signed_images_stay_signed(tmp_path):
    data = saved(tmp_path / "x.npy", (grey() / 127.5 - 1).astype("float32"))
    assert data.range == (-1, 1) and data.image_shape == (9, 9)
    assert numpy.array_equal(whole(data), (grey() / 127.5 - 1).astype("float32").reshape(60, 81))


@pytest.mark.parametrize(
    "change", [lambda x: x / 255, lambda x: x / 127.5 - 1, lambda x: (x > 99).astype("uint8")]
)
def test_a_test_split_on_another_scale_is_refused(change, tmp_path):
    numpy.savez(tmp_path / "x.npz", x_train=grey(), x_test=change(grey(20)))
    with pytest.raises(NumpyganError, match="x_test.*same scale"):
        load(tmp_path / "x.npz")


@pytest.mark.parametrize("black", ["uint8", "float32"])
def test_an_all_black_test_split_is_on_every_scale(black, tmp_path):
    numpy.savez(
        tmp_path / "x.npz", x_train=grey().astype(black), x_test=numpy.zeros((12, 9, 9), black)
    )
    assert (load(tmp_path / "x.npz").test == 0).all()


def test_the_last_rows_of_one_array_on_another_scale(tmp_path):
    values = grey() / 255
    values[-4:] *= 255
    with pytest.raises(NumpyganError, match="same scale"):
        saved(tmp_path / "x.npy", values)


@pytest.mark.parametrize(
    "values", [grey() // 16 * 1.0, grey().astype("int32") + 700, grey().astype("int32") - 99]
)
def test_pixels_of_no_known_scale(values, tmp_path):
    with pytest.raises(NumpyganError, match=r"x.npy.*\["):
        saved(tmp_path / "x.npy", values)


def test_a_table_is_no_picture_though_its_width_is_a_square(tmp_path):
    table = numpy.random.default_rng(0).normal(size=(60, 81))
    data = saved(tmp_path / "x.npy", table)
    assert data.image_shape is None and data.range is None and "81 numbers" in data.understood
    assert numpy.array_equal(whole(data), table.astype("float32"))
    assert load(tmp_path / "x.npy", size="9x9").image_shape == (9, 9)


def test_size_none_makes_a_table_of_pixels(tmp_path):
    numpy.save(tmp_path / "x.npy", grey().reshape(60, 81))
    assert load(tmp_path / "x.npy").image_shape == (9, 9)
    assert load(tmp_path / "x.npy", size="none").image_shape is None
    with pytest.raises(NumpyganError, match="9x8"):
        load(tmp_path / "x.npy", size="9x8")


def test_minibatches_of_integers():
    rows = numpy.arange(256).reshape(16, 16)
    for kind in ("uint8", "int64", "uint16"):
        out = numpy.empty((16, 16), "float32")
        Shuffled(rows.astype(kind), Stream(0)).minibatch(out)
        numpy.testing.assert_allclose(numpy.sort(out.ravel()), numpy.arange(256) / 255, rtol=2e-7)
    out = numpy.empty((16, 16), "float32")
    Shuffled(rows % 2 == 1, Stream(0)).minibatch(out)
    assert out.sum() == 128 and set(out.ravel()) == {0, 1}
    with pytest.raises(NumpyganError, match="300"):
        Shuffled(rows + 45, Stream(0))


# Shapes


def test_channels(tmp_path):
    for shape, array in (((9, 9), grey()[..., None]), ((9, 9), grey()[:, None])):
        data = saved(tmp_path / "x.npy", array)
        assert data.image_shape == shape and numpy.array_equal(whole(data), grey().reshape(60, 81))
    colours = numpy.random.default_rng(1).integers(0, 256, (30, 5, 7, 3), dtype="uint8")
    planes = colours.transpose(0, 3, 1, 2)
    for array in (colours, planes):
        data = saved(tmp_path / "x.npy", array)
        assert data.image_shape == (3, 5, 7) and numpy.array_equal(
            whole(data), planes.reshape(30, -1)
        )


def test_transposed(tmp_path):
    numpy.save(tmp_path / "x.npy", grey())
    turned = whole(load(tmp_path / "x.npy", transpose=1)).reshape(60, 9, 9)
    assert not numpy.array_equal(turned, grey()) and numpy.array_equal(
        turned, grey().swapaxes(1, 2)
    )


# Kinds of files


NAMES = [
    ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"),
    ("train-images.idx3-ubyte", "t10k-images.idx3-ubyte"),
    ("emnist-digits-train-images-idx3-ubyte", "emnist-digits-test-images-idx3-ubyte"),
    ("TRAIN-IMAGES-IDX3-UBYTE", "T10K-IMAGES-IDX3-UBYTE"),
    ("train-images-idx3-ubyte (1)", "t10k-images-idx3-ubyte (1)"),
    ("qmnist-train-images-idx3-ubyte.gz", "qmnist-test-images-idx3-ubyte.gz"),
    ("MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/t10k-images-idx3-ubyte"),
]


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("packed", [True, False])
def test_names_of_idx_files(names, packed, tmp_path):
    for name, pixels in zip(names, (grey(), grey(12, seed=1))):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(idx(pixels)) if packed else idx(pixels))
        (
            path.parent
            / path.name.replace("images-idx3", "labels-idx1").replace("images.idx3", "labels.idx1")
        ).write_bytes(idx(numpy.arange(60, dtype="uint8"))) if "images" in path.name else None
    (tmp_path / "notes.bin").write_bytes(b"123")
    data = load(tmp_path)
    assert numpy.array_equal(data.test, grey(12, seed=1).reshape(12, 81)) and len(data.train) == 50


@pytest.mark.parametrize("after", [b"boundary", bytes(100)])
def test_bytes_after_a_gzip_stream(after, tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(idx(grey())) + after)
    data = load(tmp_path / "x.gz")
    assert numpy.array_equal(whole(data), grey().reshape(60, 81))
    assert bool(data.notes) == bool(after.strip(b"\0"))


def test_two_data_sets_in_one_folder_are_refused(tmp_path):
    for folder, seed in (("MNIST", 0), ("FashionMNIST", 1)):
        (tmp_path / folder).mkdir()
        for part in ("train", "t10k"):
            (tmp_path / folder / f"{part}-images-idx3-ubyte").write_bytes(idx(grey(seed=seed)))
    with pytest.raises(NumpyganError, match="differ"):
        load(tmp_path)


def test_a_cifar_file_that_is_cut_while_its_labels_are_read(tmp_path):
    """The system would kill a process with a memory map of it (SIGBUS)."""
    path = tmp_path / "data_batch_1.bin"
    path.write_bytes(cifar(12)[0])
    assert is_cifar(path)
    size = os.stat(path).st_size
    os.truncate(path, 2 * CIFAR_ROW)
    assert not is_cifar(path, size)


def test_one_cifar_file(tmp_path):
    content, pixels = cifar(12)
    (tmp_path / "some").write_bytes(content)
    data = load(tmp_path / "some")
    assert data.image_shape == (3, 32, 32) and numpy.array_equal(whole(data), pixels)


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "x_test"),
        ("X_train", "X_test"),
        ("train_images", "test_images"),
        ("trainX", "testX"),
        ("X", None),
        ("arr_0", None),
        ("train_x", "test_x"),
        ("images", None),
        ("data", "test_data"),
        ("xtrain", "xtest"),
    ],
)
@pytest.mark.parametrize("files", [True, False])
def test_names_of_arrays(names, files, tmp_path):
    train, test = names
    arrays = {train: grey(), "y_train": numpy.arange(60), "labels": numpy.zeros((60, 10))}
    arrays |= {test: grey(12, seed=1)} if test else {}
    if files:
        for name, array in arrays.items():
            numpy.save(tmp_path / f"{name}.npy", array)
    else:
        numpy.savez(tmp_path / "x.npz", **arrays)
    data = load(tmp_path if files else tmp_path / "x.npz")
    assert numpy.array_equal(
        data.test, (grey(12, seed=1) if test else grey()[-10:]).reshape(-1, 81)
    )


def test_one_array_by_its_name(tmp_path):
    numpy.savez(tmp_path / "x.npz", left=grey(), right=grey(seed=1))
    with pytest.raises(NumpyganError, match="left.*right.*NAME"):
        load(tmp_path / "x.npz")
    assert numpy.array_equal(whole(load(f"{tmp_path}/x.npz:right")), grey(seed=1).reshape(60, 81))
    with pytest.raises(NumpyganError, match="middle"):
        load(f"{tmp_path}/x.npz:middle")


def test_images_in_a_folder(tmp_path):
    from PIL import Image

    for part, pixels in (("train", grey(20)), ("test", grey(12, seed=1))):
        (tmp_path / part).mkdir()
        for i, image in enumerate(pixels):
            Image.fromarray(image).save(tmp_path / part / f"{i:02}.PNG", format="PNG")
    data = load(tmp_path)
    assert data.image_shape == (9, 9) and numpy.array_equal(
        data.test, grey(12, seed=1).reshape(12, 81)
    )
    Image.fromarray(grey(1, 12)[0]).save(tmp_path / "train/99.png")
    with pytest.raises(NumpyganError, match="12 × 12.*--size"):
        load(tmp_path)
    assert load(tmp_path, size="6x5").image_shape == (6, 5)
    Image.fromarray(numpy.zeros((9, 9, 3), "uint8")).save(tmp_path / "train/99.png")
    assert load(tmp_path).image_shape == (3, 9, 9)


def test_an_image_turned_by_a_camera_is_upright(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    for i, image in enumerate(grey(8)):
        Image.fromarray(image[::-1, ::-1]).save(tmp_path / f"{i}.png", exif=exif)
    assert {row.tobytes() for row in whole(load(tmp_path))} == {
        image.tobytes() for image in grey(8)
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
def test_csv_of_pixels(delimiter, tmp_path):
    rows = numpy.hstack([numpy.arange(60)[:, None] % 10, grey().reshape(60, 81)])
    header = delimiter.join(["label", *(f"pixel{i}" for i in range(81))])
    for name, text in (("named", header), ("bare", "")):
        numpy.savetxt(
            tmp_path / name, rows, "%d", delimiter, header=text, comments="", encoding="utf-8"
        )
        data = load(tmp_path / name)
        assert data.image_shape == (9, 9) and numpy.array_equal(whole(data), grey().reshape(60, 81))
        assert "left out" in data.notes[0]


def test_csv_of_columns(tmp_path):
    lines = [f"{i / 7},{-i},{'setosa' if i % 2 else 'virginica'}" for i in range(30)]
    (tmp_path / "iris.CSV").write_text("\ufeffa,b,kind\n" + "\n".join(lines), encoding="utf-8")
    with pytest.raises(NumpyganError, match="line 2.*'kind'.*virginica.*--drop"):
        load(tmp_path / "iris.CSV")
    data = load(tmp_path / "iris.CSV", drop="kind")
    numpy.testing.assert_allclose(whole(data)[3], [3 / 7, -3], rtol=1e-6)
    with pytest.raises(NumpyganError, match="'kindd'.*'kind'"):
        load(tmp_path / "iris.CSV", drop="kindd")


def objects(path):
    with path.open("wb") as file:
        numpy.save(file, numpy.array([{}] * 9, object), allow_pickle=True)


def torch_file(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", b".")


def zip_file(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train-images-idx3-ubyte", idx(grey()))


OTHERS = {
    "pickle": lambda path: path.write_bytes(pickle.dumps(grey())),
    "pickled": objects,
    "MATLAB": lambda path: path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(200)),
    "HDF5": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)),
    "Parquet": lambda path: path.write_bytes(b"PAR1" + bytes(99)),
    "HTML": lambda path: path.write_bytes(b"<!DOCTYPE html><title>404</title>"),
    "labels": lambda path: path.write_bytes(idx(numpy.arange(60, dtype="uint8"))),
    "LFS": lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid"),
    "tar": lambda path: path.write_bytes(gzip.compress(bytes(257) + b"ustar" + bytes(300))),
    "PyTorch": torch_file,
    "zip": zip_file,
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_not_read_is_called_what_it_is(what, tmp_path):
    OTHERS[what](tmp_path / "file.gz")
    with pytest.raises(NumpyganError, match=f"file.gz.*({what}|Python objects)") as error:
        load(tmp_path / "file.gz")
    assert "damaged" not in str(error.value)


FIRST_BYTES = {  # of files of astronomers, hospitals, and of other programs
    "FITS": b"SIMPLE  =                    T / conforms to FITS standard".ljust(2880),
    "NIfTI": (348).to_bytes(4, "little") + bytes(340) + b"n+1\0" + bytes(99),
    "DICOM": bytes(128) + b"DICM" + bytes(99),
    "NRRD": b"NRRD0004\ntype: float\n",
    "MetaImage": b"ObjectType = Image\nNDims = 3\n",
    "NetCDF": b"CDF\1" + bytes(99),
    "ROOT": b"root\0\0" + bytes(99),
    "safetensors": (63).to_bytes(8, "little") + b'{"x":{"dtype":"F32"' + bytes(99),
    "Feather": b"FEA1" + bytes(99),
    "Stata": b"<stata_dta><header>",
    "sound": b"RIFF\0\0\0\0WAVEfmt " + bytes(99),
    "film": b"RIFF\0\0\0\0AVI LIST" + bytes(99),
    "Photoshop": b"8BPS\0\1" + bytes(99),
    "PostScript": b"%!PS-Adobe-3.0\n1 2\n",
    "pickled": pickle.dumps({"x": [1, 2, 3]}, 1),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("what", FIRST_BYTES)
def test_kinds_by_their_first_bytes(what, packed, tmp_path):
    content = FIRST_BYTES[what]
    (tmp_path / "file").write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(NumpyganError, match=f"file: is .*{what}.*; (load|save|give|unpack)"):
        load(tmp_path / "file")


@pytest.mark.parametrize("header", ["FEA1,FEA2", "CDF,PDF", "ORC,ELF", "timestep,WAVE"])
def test_names_of_columns_that_begin_as_other_kinds_do(header, tmp_path):
    (tmp_path / "x.csv").write_text(f"{header}\n" + "0.5,1.5\n" * 9)
    assert load(tmp_path / "x.csv").dim == 2


# A fitting game


def test_own_data_give_the_run_its_name_and_its_game(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table = numpy.random.default_rng(0).normal(30, 9, (90, 5))
    numpy.save("wine.npy", table)
    assert run("train", "--data", "wine.npy", "--iterations", 3, *NETS) == 0
    said = capsys.readouterr().out
    recipe = tomllib.loads((tmp_path / "runs/wine-1/config.toml").read_text())
    assert (
        recipe["name"] == "wine" and recipe["generator"][-1] == "linear" and recipe["batch"] == 60
    )
    assert "90 rows of 5 numbers" in said and "mnist" not in said
    assert checkpoint(tmp_path / "runs/wine-1")["dim"] == 5
    assert run("train", "--resume", "--data", "wine.npy", "--iterations", 4, "--quiet") == 0
    assert run("report", "runs/wine-1") == 0
    assert "mnist" not in (tmp_path / "runs/wine-1/report.html").read_text().lower()


def test_signed_images_get_a_tanh(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    numpy.save("x.npy", grey() / 127.5 - 1)
    assert run("train", "--data", "x.npy", "--iterations", 1, "--out", "r", "--quiet", *NETS) == 0
    assert tomllib.loads((tmp_path / "r/config.toml").read_text())["generator"][-1] == "tanh"


def test_a_visible_layer_that_does_not_fit_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    numpy.save("x.npy", grey())
    generator = sets(generator="relu 9, tanh", scale_g="0,0")
    assert run("train", "--data", "x.npy", "--iterations", 1, "--out", "r", *NETS, *generator) == 2
    assert "[-1, 1]" in capsys.readouterr().err


def test_a_folder_called_mnist_is_not_taken_silently(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    assert run("train", "--data", "mnist", "--iterations", 1, "--out", "r") == 2
    assert "./mnist" in capsys.readouterr().err
    numpy.save("mnist/x_train.npy", grey())
    assert run("train", "--data", "./mnist", "--iterations", 1, "--quiet", *NETS) == 0
    assert (tmp_path / "runs/my-mnist-1/config.toml").exists()


def test_options_of_the_data_are_kept_with_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    numpy.save("x.npy", grey())
    assert (
        run(
            "train",
            "--data",
            "x.npy",
            "--transpose",
            "--iterations",
            1,
            "--out",
            "r",
            "--quiet",
            *NETS,
        )
        == 0
    )
    recipe = tomllib.loads((tmp_path / "r/config.toml").read_text())
    assert (recipe["transpose"], recipe["size"], recipe["drop"]) == (
        1,
        Recipe().size,
        Recipe().drop,
    )


@pytest.mark.parametrize(
    "change, right",
    [
        (lambda x: x, True),
        (lambda x: x.reshape(60, 81), True),
        (lambda x: x[:, None] / 255, True),
        (lambda x: x * 1.0, True),
        (lambda x: x > 99, True),
        (lambda x: x / 127.5 - 1, False),
        (lambda x: x * 9.0, False),
    ],
)
def test_samples_are_held_against_the_data(change, right, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    numpy.save("x.npy", grey(120))
    numpy.save("s.npy", change(grey(seed=5)))
    assert run("evaluate", "--samples", "s.npy", "--data", "x.npy", "-o", "e.json") == (
        0 if right else 2
    )
    assert right or "[0, 1]" in capsys.readouterr().err


def test_equal_rows_can_be_evaluated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    numpy.save("x.npy", numpy.repeat(grey(1), 90, 0))
    assert run("evaluate", "--samples", "x.npy", "--data", "x.npy", "-o", "e.json") == 0


def test_digest_tells_rows_splits_and_types_apart():
    rows = numpy.arange(24, dtype="uint8").reshape(6, 4)
    same = [Dataset(rows[:4].copy(), rows[4:5], rows[5:], None).digest() for _ in range(2)]
    others = [
        Dataset(rows[:3], rows[3:5], rows[5:], None),
        Dataset(rows[:4] + 1, rows[4:5], rows[5:], None),
        Dataset(rows[:4].astype("float32"), rows[4:5], rows[5:], None),
    ]
    assert same[0] == same[1] and len({same[0], *(other.digest() for other in others)}) == 4


def test_records_of_small_data_are_the_first_epochs_and_one_for_20_000_rows():
    few = [epoch for epoch in range(1, 201) if is_recorded(epoch, 300)]
    assert few == [1, 2, 3, 4, 5, 67, 134, 200]  # 300 × 67 = 20,100; 300 × 134 = 40,200
    assert [epoch for epoch in range(1, 10) if is_recorded(epoch, 12_000)] == [1, 2, 3, 4, 5, 7, 9]
    assert all(is_recorded(epoch, 20_000) for epoch in range(1, 50))
