"""Folders of images: which files are read, and what their pixels mean beside each other."""

import tracemalloc

import numpy
import pytest
from PIL import Image

from numpygan.data.dataset import load, samples_like
from numpygan.data.folders import read
from numpygan.data.images import read_images
from numpygan.errors import NumpyganError

GREY = numpy.random.default_rng(0).integers(0, 256, (12, 9, 9), dtype="uint8")


def pictures(folder, images, name="{}.png"):
    folder.mkdir(exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / name.format(i))


@pytest.mark.parametrize("dark", ["train", "test"])
def test_16_bits_have_one_white_in_all_splits(dark, tmp_path):
    for split in ("train", "test"):
        pictures(tmp_path / split, GREY.astype("uint16") * (8 if split == dark else 257))
    data = load(tmp_path)
    bright = data.test if dark == "train" else numpy.concatenate([data.train, data.validation])
    assert {data.train.max(), data.test.max()} == {8, 255}  # 8 · 255 of 65,535 is 8 of 255
    assert bright.max() == 255
    for split in ("train", "test"):
        pictures(tmp_path / split, GREY.astype("uint16") * (1 if split == dark else 257))
    with pytest.raises(NumpyganError, match="same scale in all splits"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["{}_mask.png", "{}_mask_1.png", "{} (1)-seg.png", "{}.GT.png"])
def test_masks_beside_their_images_are_not_read(name, tmp_path):
    pictures(tmp_path, GREY)
    pictures(tmp_path, GREY, "{} (1).png")
    pictures(tmp_path, GREY // 128 * 255, name)
    data = load(tmp_path)
    assert len(data.train) + len(data.validation) + len(data.test) == 24
    assert data.notes == (f"not read: 12 masks of images, such as {name.format(0)}",)


def test_images_called_masks_without_others_are_images(tmp_path):
    pictures(tmp_path, GREY, "{}_mask.png")
    assert load(tmp_path).notes == () and len(load(tmp_path).train) == 8


@pytest.mark.parametrize("shape", [(1, 12), (12, 1), (1, 1)])
def test_images_of_one_row_or_column_are_images(shape, tmp_path):
    pictures(tmp_path, GREY.reshape(-1)[: 12 * shape[0] * shape[1]].reshape(12, *shape))
    assert load(tmp_path).image_shape == shape


@pytest.mark.parametrize("ending", ["tga", "ICO", "psd", "dcm"])
def test_images_that_are_not_read_are_named(ending, tmp_path):
    pictures(tmp_path, GREY)
    (tmp_path / f"x.{ending}").write_bytes(bytes(99))
    assert load(tmp_path).notes == (f"not read: x.{ending}",)


def test_samples_that_lie_on_their_side_are_refused(tmp_path):
    wide = numpy.random.default_rng(1).random((30, 5, 9))
    for name, array in {
        "data": wide,
        "tall": wide.transpose(0, 2, 1),
        "flat": wide[:, None],
    }.items():
        numpy.save(tmp_path / f"{name}.npy", array)
    data = load(tmp_path / "data.npy")
    assert numpy.array_equal(samples_like(data, tmp_path / "flat.npy"), wide.reshape(30, 45))
    with pytest.raises(NumpyganError, match="samples: .*tall.npy: images are 9 × 5, .* 5 × 9"):
        samples_like(data, tmp_path / "tall.npy")


def test_white_icons_on_a_transparent_ground_are_said_to_be_white(tmp_path):
    """On white nothing of them is left."""
    shapes = numpy.random.default_rng(0).integers(0, 256, (12, 6, 6, 1), dtype="uint8")
    white = numpy.full((12, 6, 6, 3), 255, "uint8")
    pictures(tmp_path / "icons", numpy.concatenate([white, shapes], 3))
    data = load(tmp_path / "icons")
    assert data.notes == ("transparent pixels are drawn on white", "every value is 255")


def test_thumbnails_that_a_server_adds_are_not_read(tmp_path):
    images = numpy.random.default_rng(0).integers(0, 256, (12, 6, 6), dtype="uint8")
    pictures(tmp_path / "photos", images)
    (tmp_path / "photos" / "@eaDir").mkdir()
    pictures(tmp_path / "photos" / "@eaDir" / "0.png", images[:, :3, :3])
    data = load(tmp_path / "photos")
    assert data.image_shape == (6, 6) and len(data.train) == 8


@pytest.mark.parametrize("grey", [0, 100])
def test_images_are_held_once_while_they_are_read(grey, tmp_path):
    """A folder of 200 images is read into one array; grey ones may come first."""
    pixels = numpy.random.default_rng(0).integers(0, 256, (200, 64, 64, 3), dtype="uint8")
    pixels[:grey] = pixels[:grey, ..., :1]
    for i, image in enumerate(pixels):
        Image.fromarray(image[..., 0] if i < grey else image).save(tmp_path / f"{i:03}.bmp")
    tracemalloc.start()
    found = read(tmp_path).arrays["train"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert numpy.array_equal(found, pixels)
    assert peak < 1.6 * pixels.nbytes


def test_names_of_languages_are_no_splits(tmp_path):
    """Turkish and Telugu letters beside others, but tr/ and te/ alone are training and test."""
    for folder in ("tr", "te"):
        pictures(tmp_path / folder, GREY)
    assert len(load(tmp_path).test) == 12
    pictures(tmp_path / "en", GREY)
    data = load(tmp_path)
    assert (len(data.train), len(data.test)) == (24, 6) and "a random 6" in data.understood


def test_a_damaged_image_is_called_damaged(tmp_path):
    pictures(tmp_path, GREY)
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    with pytest.raises(
        NumpyganError, match=r"x.png: .* \(it is damaged or of another kind\); remove"
    ):
        load(tmp_path)


@pytest.mark.parametrize("ending", ["gif", "tif", "png", "bmp", "webp", "jpg"])
def test_any_damage_to_an_image_is_one_sentence(ending, tmp_path):
    """Pillow raises struct.error, KeyError, TypeError and others for damaged files."""
    films, path = [Image.fromarray(image).convert("P") for image in GREY[:3]], tmp_path / "x"
    more = {"save_all": True, "append_images": films[1:]} if ending in ("gif", "tif") else {}
    picture = films[0].convert("L" if ending == "jpg" else "RGB") if not more else films[0]
    picture.save(tmp_path / f"whole.{ending}", **more)
    whole = (tmp_path / f"whole.{ending}").read_bytes()
    stream = numpy.random.default_rng(0)
    cuts = [whole[:-n] for n in range(1, len(whole) // 2, 7)]
    for content in [*cuts, *[bytearray(whole) for _ in range(150)]]:
        if isinstance(content, bytearray):
            for at in stream.integers(0, min(len(whole), 300), 3):
                content[at] = stream.choice([0, 1, 127, 128, 255, 40])
        path.write_bytes(content)
        try:
            read_images({"train": [path]}, None, [])
        except NumpyganError as error:
            assert str(error).startswith(f"{path}")  # not every mutation is damage


def test_a_film_that_is_cut_in_its_last_picture_is_one_sentence(tmp_path):
    films = [Image.fromarray(image) for image in GREY[:3]]
    films[0].save(tmp_path / "x.gif", save_all=True, append_images=films[1:])
    content = (tmp_path / "x.gif").read_bytes()
    (tmp_path / "x.gif").write_bytes(content[: content.rindex(b",\0\0\0\0") + 4])
    with pytest.raises(NumpyganError, match="x.gif: the image cannot be read .*; remove it"):
        load(tmp_path)


def test_splits_of_a_folder_are_random_and_always_the_same(tmp_path):
    """Folders are sorted, often by class; the last sixth would be one class."""
    pictures(tmp_path / "all", [numpy.full((4, 4), 4 * i, "uint8") for i in range(60)], "{:02}.png")
    data = load(tmp_path / "all")
    levels = [sorted(set(rows[:, 0])) for rows in (data.train, data.validation, data.test)]
    assert [len(part) for part in levels] == [40, 10, 10]
    assert sorted(sum(levels, [])) == [4 * i for i in range(60)]
    assert levels[2] != [4 * i for i in range(50, 60)]
    assert numpy.array_equal(load(tmp_path / "all").test, data.test)


# Images beside arrays


@pytest.mark.parametrize(
    "name, array",
    [
        ("mean.npy", numpy.ones((9, 9))),
        ("mean.npy", numpy.ones((64, 64, 3))),
        ("embeddings.npy", numpy.random.default_rng(0).normal(size=(12, 5))),
        ("features.npy", numpy.random.default_rng(0).normal(size=(3000, 5))),
        ("labels.npy", numpy.arange(12)),
        ("fid_stats.npz", {"mu": numpy.ones(16), "sigma": numpy.eye(16)}),
        ("images.npy.npz", {"a": GREY[:9]}),
    ],
)
def test_arrays_that_belong_to_images_are_not_read(name, array, tmp_path):
    pictures(tmp_path, GREY)
    if isinstance(array, dict):
        numpy.savez(tmp_path / name, **array)
    else:
        numpy.save(tmp_path / name, array)
    data = load(tmp_path)
    assert data.image_shape == (9, 9) and len(data.train) == 8
    assert data.notes == (f"not read: {name}",)


@pytest.mark.parametrize(
    "name, array, n",
    [
        ("x_train.npy", numpy.repeat(GREY, 3, 0), 12),  # with a folder of examples
        ("mine.npy", numpy.repeat(GREY, 10, 0), 12),
        ("table.npy", numpy.random.default_rng(0).normal(size=(30, 5)), 3),  # with plots
    ],
)
def test_pictures_that_belong_to_arrays_are_not_read(name, array, n, tmp_path):
    pictures(tmp_path / "examples", GREY[:n])
    numpy.save(tmp_path / name, array)
    (note,) = load(tmp_path).notes
    assert note.startswith("not read: 0.png, 1.png") and load(tmp_path).train.size < array.size


@pytest.mark.parametrize(
    "name, shape", [("X.npy", (12, 81)), ("x_train.npy", (300, 5)), ("stats.npy", (40, 9, 9))]
)
def test_images_beside_arrays_that_can_be_the_data_are_refused(name, shape, tmp_path):
    pictures(tmp_path, GREY)
    numpy.save(tmp_path / name, numpy.random.default_rng(0).random(shape))
    with pytest.raises(NumpyganError, match=f"holds 12 images and {name}, .*give the file itself"):
        load(tmp_path)


def test_images_too_far_down_are_said_not_to_be_read(tmp_path):
    pictures(tmp_path, GREY)
    for folder in ("a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/.thumbs", "a/b/c/d/e"):
        (tmp_path / folder).mkdir()
    pictures(tmp_path / "a/b/c", GREY)
    (tmp_path / "a/b/c/d/notes.txt").write_text("no image")
    pictures(tmp_path / "a/b/c/d/.thumbs", GREY)
    data = load(tmp_path)
    assert len(data.train) == 16 and data.notes == ()
    pictures(tmp_path / "a/b/c/d/e", GREY)
    note = "not read: images more than 3 folders down, such as a/b/c/d/e/0.png"
    assert load(tmp_path).notes == (note,) and len(load(tmp_path).train) == 16
