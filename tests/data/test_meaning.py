"""What values mean in the files that cameras, other programs and other languages write."""

import numpy
import pytest
from PIL import Image

from numpygan.data.dataset import load, samples_like
from numpygan.errors import NumpyganError

GREY = numpy.random.default_rng(0).integers(0, 256, (24, 9, 9), dtype="uint8")


def saved(path, array, **options):
    numpy.save(path / "x.npy", array)
    return load(path / "x.npy", **options)


def pictures(path, images, ending="png", **options):
    for i, image in enumerate(images):
        image.save(path / f"{i:02}.{ending}", **options)
    return load(path)


def rows(data):
    """The pixels of all images, in a fixed order."""
    return sorted(row.tobytes() for row in [*data.train, *data.validation, *data.test])


@pytest.mark.parametrize("values", [[-1, 1], [-1, 0, 1]])
@pytest.mark.parametrize("shape", [(60, 9, 9), (60, 81), (60, 5)])
def test_integers_from_minus_one_to_one(values, shape, tmp_path):
    array = numpy.random.default_rng(0).choice(values, shape).astype("int8")
    data = saved(tmp_path, array)
    assert data.range == (-1, 1) and data.train.dtype == numpy.float32
    assert numpy.array_equal(data.train, array[:40].reshape(40, -1))


@pytest.mark.parametrize("kind", ["uint16", "int32"])
def test_integers_above_255_are_to_be_divided(kind, tmp_path):
    with pytest.raises(NumpyganError, match=r"\[0, 65535\].*divide"):
        saved(tmp_path, (GREY.astype(kind) * 257))


def test_dark_pixels_are_said_to_be_dark(tmp_path):
    data = saved(tmp_path, GREY // 16)
    assert data.train.max() == 15 and data.notes == (
        "the brightest pixel is 15 of 255; if 15 is white, divide the data by it",
    )
    assert saved(tmp_path, GREY).notes == () and saved(tmp_path, GREY * 0).notes == (
        "every value is 0",
    )


@pytest.mark.parametrize("kind", ["uint8", "int64"])
def test_a_column_of_whole_numbers_is_labels(kind, tmp_path):
    labels = (numpy.arange(60) % 10).astype(kind)[:, None]
    with pytest.raises(NumpyganError, match="labels.*--size none"):
        saved(tmp_path, labels)
    assert saved(tmp_path, labels, size="none").train.shape == (40, 1)
    assert saved(tmp_path, labels * 1.0).train.shape == (40, 1)


def test_images_along_the_last_axis_are_refused(tmp_path):
    matlab = numpy.moveaxis(GREY, 0, -1)  # 9 × 9 × 24
    with pytest.raises(NumpyganError, match="24 images 9 × 9.*transpose"):
        saved(tmp_path, matlab)
    assert saved(tmp_path, matlab, size="9x24").image_shape == (9, 24)
    assert saved(tmp_path, GREY[:9]).image_shape == (9, 9)


def test_one_scale_for_all_images_of_16_bits(tmp_path):
    wide = GREY.astype("uint16") * 257
    wide[0] //= 1000  # dark, so that it would also fit into 8 bits
    data = pictures(tmp_path, map(Image.fromarray, wide))
    assert 0 < wide[0].max() < 66 and rows(data)[0] == bytes(81)
    assert rows(data)[1:] == sorted(image.tobytes() for image in GREY[1:])


@pytest.mark.parametrize("factor, kind", [(16, "uint16"), (1000, "int32")])
def test_images_whose_white_is_not_known(factor, kind, tmp_path):
    with pytest.raises(NumpyganError, match=f"{255 * factor}.*white"):
        pictures(tmp_path, map(Image.fromarray, GREY.astype(kind) * factor), "tif")


def test_8_bits_in_a_wider_file_are_8_bits(tmp_path):
    data = pictures(tmp_path, map(Image.fromarray, GREY.astype("uint16")))
    assert rows(data) == sorted(image.tobytes() for image in GREY)


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_a_grey_palette_is_grey(ending, tmp_path):
    data = pictures(tmp_path, (Image.fromarray(image).convert("P") for image in GREY), ending)
    assert data.image_shape == (9, 9)
    assert rows(data) == sorted(image.tobytes() for image in GREY)


def test_a_film_counts_as_its_first_picture(tmp_path):
    images = [Image.fromarray(image) for image in GREY]
    data = pictures(tmp_path, images, "gif", save_all=True, append_images=images[::-1])
    assert rows(data) == sorted(image.tobytes() for image in GREY)
    assert data.notes == ("only the first picture in each file is read",)


# Folders


def test_folders_behind_links_are_read_once(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "set").mkdir()
    for i, image in enumerate(GREY):
        Image.fromarray(image).save(tmp_path / "far" / f"{i}.png")
    (tmp_path / "set/cats").symlink_to(tmp_path / "far")
    (tmp_path / "set/again").symlink_to(tmp_path / "far")
    (tmp_path / "set/loop").symlink_to(tmp_path / "set")
    assert rows(load(tmp_path / "set")) == sorted(image.tobytes() for image in GREY)


def test_images_that_are_not_read_are_named(tmp_path):
    (tmp_path / "half.png").write_bytes(b"")
    (tmp_path / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(50))
    (tmp_path / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    data = pictures(tmp_path, map(Image.fromarray, GREY))
    (note,) = data.notes
    assert note == "not read: half.png, phone.HEIC"


def test_arrays_that_are_not_read_are_named(tmp_path):
    numpy.savez(tmp_path / "x.npz", GREY, numpy.arange(24), GREY[:9])
    assert load(tmp_path / "x.npz").notes == ("not read: arr_1, arr_2",)
    numpy.savez(tmp_path / "x.npz", x_train=GREY, y_train=numpy.arange(24), x_test=GREY[:9])
    assert load(tmp_path / "x.npz").notes == ("not read: y_train",)


@pytest.mark.parametrize("source", ["https://example.com/x.npy", "file:///x.npy"])
def test_an_address_is_called_an_address(source):
    with pytest.raises(NumpyganError, match=f"{source}: is an address.*download"):
        load(source)


@pytest.mark.parametrize(
    "content, what",
    [
        (b"\0\0\0\x18ftypheic", "HEIC, AVIF or MP4"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (bytes(3074), "CIFAR-100"),
        (b"(lp0\n(lp1\nI3\naI5\naa.", "pickled"),
        (b"%%MatrixMarket matrix array\n3 3\n", "Matrix Market"),
    ],
)
def test_more_kinds_that_are_called_what_they_are(content, what, tmp_path):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(NumpyganError, match=what):
        load(tmp_path / "x")


@pytest.mark.parametrize("test", [GREY, GREY / 255, GREY.reshape(24, 81) // 2, GREY > 99])
def test_standardised_images_beside_raw_ones(test, tmp_path):
    train = ((GREY / 255 - 0.13) / 0.31).astype("float32")
    if test.ndim == 2:
        train = train.reshape(24, 81)
    numpy.savez(tmp_path / "x.npz", x_train=train, x_test=test)
    with pytest.raises(NumpyganError, match=r"x_test: holds .* x_train float32.*same scale"):
        load(tmp_path / "x.npz")
    numpy.savez(tmp_path / "x.npz", x_train=train, x_test=train[:9])
    assert len(load(tmp_path / "x.npz").test) == 9


@pytest.mark.parametrize("test", [GREY / 127.5 - 1, GREY / 2.55, GREY])
def test_the_split_on_another_scale_is_named(test, tmp_path):
    numpy.savez(tmp_path / "x.npz", x_train=GREY / 255, x_test=test)
    with pytest.raises(NumpyganError, match="x_test: holds .* x_train float64 in .0, 1."):
        load(tmp_path / "x.npz")


@pytest.mark.parametrize(
    "names", [("Xtr", "Xte"), ("x_tr", "x_te"), ("x_train", "x_test"), ("train", "test")]
)
def test_names_of_splits_beside_variants(names, tmp_path):
    arrays = dict(zip(names, (GREY, GREY[:9])))
    variants = {f"{name}_noisy": GREY[:7] for name in names}
    numpy.savez(tmp_path / "x.npz", **arrays, **variants)
    data = load(tmp_path / "x.npz")
    assert len(data.test) == 9 and len(data.train) == 20
    assert data.notes == (f"not read: {names[0]}_noisy, {names[1]}_noisy",)


def test_splits_in_the_names_of_images(tmp_path):
    for i, image in enumerate(GREY):
        Image.fromarray(image).save(tmp_path / f"{'test' if i % 4 == 0 else 'train'}_{i:02}.png")
    data = load(tmp_path)
    assert numpy.array_equal(data.test, GREY[::4].reshape(6, 81)) and "test_*" in data.understood
    Image.fromarray(GREY[0]).save(tmp_path / "cat.png")  # now the names say nothing
    assert len(load(tmp_path).test) == 4


def test_masks_beside_images_are_not_images(tmp_path):
    for folder, factor in (("images", 1), ("masks", 0)):
        (tmp_path / folder).mkdir()
        pictures_of = [Image.fromarray(image * numpy.uint8(factor)) for image in GREY]
        for i, image in enumerate(pictures_of):
            image.save(tmp_path / folder / f"{i}.png")
    data = load(tmp_path)
    assert rows(data) == sorted(image.tobytes() for image in GREY)
    assert data.notes == ("not read: masks/, whose pictures belong to those in images/",)
    (tmp_path / "images").rename(tmp_path / "no masks")  # two classes
    assert len(rows(load(tmp_path))) == 48


def test_a_size_that_fits_no_memory(tmp_path):
    with pytest.raises(NumpyganError, match="99999x99999 are 9,999,800,001 pixels"):
        pictures(tmp_path, map(Image.fromarray, GREY))
        load(tmp_path, size="99999x99999")


@pytest.mark.parametrize("ending", ["pgm", "ppm"])
def test_pixels_that_look_like_letters_are_pixels(ending, tmp_path):
    """The first bytes of a bright image hold no control character, so they could be a text."""
    bright = numpy.where(GREY < 32, 99, GREY)
    data = pictures(tmp_path, map(Image.fromarray, bright), ending)
    assert rows(data) == sorted(image.tobytes() for image in bright)
    assert data.notes == ()


def test_a_plain_pgm_is_an_image(tmp_path):
    for i, image in enumerate(GREY):
        text = f"P2\n# by hand\n9 9\n255\n{' '.join(map(str, image.ravel()))}\n"
        (tmp_path / f"{i}.pgm").write_text(text)
    assert rows(load(tmp_path)) == sorted(image.tobytes() for image in GREY)


def test_texts_and_broken_links_in_place_of_images_are_named(tmp_path):
    (tmp_path / "a.jpg").write_text("Not found")
    (tmp_path / "b.png").symlink_to(tmp_path / "annex")
    data = pictures(tmp_path, map(Image.fromarray, GREY))
    assert data.notes == ("not read: a.jpg, b.png",)


@pytest.mark.parametrize("folders", [("train2017", "val2017", "test2017"), ("trainset", "testset")])
def test_names_of_splits_with_a_year_or_joined(folders, tmp_path):
    for i, folder in enumerate(folders):
        (tmp_path / folder).mkdir()
        for j, image in enumerate(GREY[i::3]):
            Image.fromarray(image).save(tmp_path / folder / f"{j}.png")
    data = load(tmp_path)
    wanted = GREY[len(folders) - 1 :: 3]
    assert sorted(map(bytes, data.test)) == sorted(image.tobytes() for image in wanted)


@pytest.mark.parametrize("name", ["a", "a:b", "a/b", "ü a"])
def test_any_name_of_an_array_can_be_asked_for(name, tmp_path):
    numpy.savez(tmp_path / "x.npz", **{name: GREY[:12], "c": GREY})
    data = load(f"{tmp_path / 'x.npz'}:{name}")
    assert rows(data) == sorted(image.tobytes() for image in GREY[:12])


def test_the_row_that_is_not_finite_is_named(tmp_path):
    table = numpy.ones((24, 3))
    table[5, 1] = numpy.inf
    table[7, 0] = numpy.nan
    with pytest.raises(NumpyganError, match="NaN, infinite .* the first in its row 6"):
        saved(tmp_path, table)


@pytest.mark.parametrize("name", ["MNIST", "Mnist", "Stacked-MNIST"])
def test_the_shipped_data_in_capitals_are_named(name, tmp_path):
    with pytest.raises(NumpyganError, match="the shipped data are called mnist and stacked-mnist"):
        load(tmp_path / name)


def test_a_path_that_is_too_long_is_one_sentence():
    with pytest.raises(NumpyganError, match="too long"):
        load("a" * 5000)


def test_the_split_off_the_training_split_s_scale_is_named(tmp_path):
    """Not the validation split, which is held out of the training rows."""
    unit = GREY[:, :9] / 255
    numpy.savez(tmp_path / "x.npz", x_train=unit, x_test=unit[:9] - 0.5)
    with pytest.raises(NumpyganError, match=r"x.npz: x_test: holds float64 in \[-0.5, 0.5\]"):
        load(tmp_path / "x.npz")


def test_whole_numbers_as_floats_are_no_other_pixels_than_integers(tmp_path):
    """16 bits that were read as float32 have the white of 16 bits."""
    for kind in ("uint16", "float32"):
        with pytest.raises(NumpyganError, match=r"\[0, 65535\].*white"):
            saved(tmp_path, (GREY.astype(kind) * 257))
    assert saved(tmp_path, GREY.astype("float32") * 257, size="none").range is None
    assert saved(tmp_path, GREY * 1.01 - 300).range is None  # not whole: a field of numbers


def test_one_real_number_for_each_example(tmp_path):
    """Draws of a density on the line; whole numbers are more likely labels."""
    values = numpy.random.default_rng(0).normal(size=60)
    data = saved(tmp_path, values)
    assert data.train.tolist() == values[:40, None].astype("float32").tolist()
    assert data.understood.startswith("60 rows of 1 number, float64")
    for labels in (numpy.arange(60), numpy.arange(60.0), numpy.arange(60) > 9):
        with pytest.raises(NumpyganError, match="looks like labels"):
            saved(tmp_path, labels)


# Tables whose splits were scaled in different ways

TABLE = numpy.random.default_rng(1).normal(size=(60, 4)) * [0.8, 0.4, 1.7, 20] + [5.8, 3, 3.7, 80]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("scaled", ["standardised", "unit"])
def test_columns_of_one_split_that_are_scaled_are_refused(scaled, first, tmp_path):
    low, high = TABLE.min(0), TABLE.max(0)
    other = (TABLE - TABLE.mean(0)) / TABLE.std(0)
    other = (TABLE - low) / (high - low) if scaled == "unit" else other
    train, test = (TABLE, other) if first else (other, TABLE)
    numpy.savez(tmp_path / "x.npz", x_train=train, x_test=test[:30])
    with pytest.raises(NumpyganError, match="x.npz: x_test.*same scale in all splits"):
        load(tmp_path / "x.npz")
    numpy.savez(tmp_path / "x.npz", x_train=train, x_test=train[::-1][:30])
    assert load(tmp_path / "x.npz").test.shape == (30, 4)


@pytest.mark.parametrize("scaled", ["standardised", "unit"])
def test_samples_of_a_table_that_are_scaled_are_refused(scaled, tmp_path):
    low, high = TABLE.min(0), TABLE.max(0)
    other = (TABLE - TABLE.mean(0)) / TABLE.std(0)
    other = (TABLE - low) / (high - low) if scaled == "unit" else other
    data = saved(tmp_path, TABLE)
    numpy.save(tmp_path / "samples.npy", other)
    with pytest.raises(NumpyganError, match="samples.npy: each column.*scale of the data"):
        samples_like(data, tmp_path / "samples.npy")
    for poor in (TABLE.mean(0) + 0 * TABLE, TABLE * 9, -TABLE):  # of a poor model
        numpy.save(tmp_path / "samples.npy", poor)
        assert samples_like(data, tmp_path / "samples.npy").shape == TABLE.shape
