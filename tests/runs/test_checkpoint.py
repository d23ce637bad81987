"""Checkpoints: whole, exact, never pickled, and damage is noticed."""

import errno
import io
import os
import zipfile

import numpy
import pytest

from numpygan.errors import NumpyganError
from numpygan.files import write_whole
from numpygan.runs import checkpoint

STATE = {
    "theta_g": numpy.linspace(-1, 1, 50, dtype="float32"),
    "theta_d": numpy.arange(6, dtype="float64") / 7,
    "order": numpy.array([3, 1, 2, 0]),
    "iteration": 17,
    "best": -numpy.inf,
    "stream_data": '{"state": {"inc": 340282366920938463463374607431768211455}}',
    "image_shape": numpy.array([], "int64"),
}


def same(loaded, state=STATE):
    assert loaded.keys() == state.keys()
    for name, value in state.items():
        value = numpy.asarray(value)
        assert loaded[name].dtype == value.dtype and loaded[name].shape == value.shape
        assert loaded[name].tobytes() == value.tobytes()


@pytest.fixture
def path(tmp_path):
    checkpoint.save(tmp_path / "checkpoint.npz", STATE)
    return tmp_path / "checkpoint.npz"


def test_round_trip(path):
    same(checkpoint.load(path))


def test_special_values_survive(path):
    state = {
        "x": numpy.array([numpy.nan, numpy.inf, -0.0, 1e-45], "float32"),
        "z": numpy.array(1 + 2j),
    }
    checkpoint.save(path, state)
    same(checkpoint.load(path), state)


def test_saving_twice_gives_the_same_bytes(path, tmp_path):
    checkpoint.save(tmp_path / "again.npz", STATE)
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_nothing_is_pickled(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert name.endswith(".npy")
            assert not numpy.load(
                io.BytesIO(archive.read(name)), allow_pickle=False
            ).dtype.hasobject


def test_pickled_arrays_are_refused(path, tmp_path, monkeypatch):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, ("unpickled",)

    monkeypatch.chdir(tmp_path)
    array = numpy.empty(1, object)
    array[0] = Bomb()
    numpy.savez(path, theta_g=array, checksum="0")
    with pytest.raises(NumpyganError, match="checkpoint.npz"):
        checkpoint.load(path)
    assert not os.path.exists("unpickled")


@pytest.mark.parametrize(
    "flip", [0x01, 0x0E, 0xFF, *(pytest.param(flip, marks=pytest.mark.slow) for flip in (2, 0x20))]
)
def test_no_flipped_byte_goes_unnoticed(flip, tmp_path):
    """A flip may fall on a byte that says nothing, such as a time stamp in the zip; then what loads
    is what was saved.
    """
    path, state = tmp_path / "checkpoint.npz", {"theta_g": STATE["theta_g"][:3]}
    checkpoint.save(path, state)
    content, unnoticed, escaped = path.read_bytes(), 0, {}
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= flip
        path.write_bytes(damaged)
        try:
            same(checkpoint.load(path), state)
            unnoticed += 1
        except NumpyganError as error:
            assert "checkpoint.npz" in str(error) and "\n" not in str(error)
        except Exception as error:
            escaped[position] = repr(error)
    assert not escaped
    assert unnoticed < len(content) / 4


def test_every_flip_inside_an_array_is_noticed(path):
    content = path.read_bytes()
    start = content.index(STATE["theta_g"].tobytes())
    for position in range(start, start + STATE["theta_g"].nbytes):
        damaged = bytearray(content)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(NumpyganError, match="checkpoint.npz"):
            checkpoint.load(path)


@pytest.mark.parametrize(
    "change", ["value", "dtype", "shape", "name", "missing", "extra", "no checksum"]
)
def test_a_file_put_together_anew_is_noticed(change, path):
    with numpy.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    theta = arrays["theta_g"]
    if change == "value":
        theta[7] = numpy.nextafter(theta[7], numpy.float32(2))
    elif change == "dtype":
        arrays["theta_g"] = theta.view("int32")
    elif change == "shape":
        arrays["theta_g"] = theta.reshape(5, 10)
    elif change == "name":
        arrays["theta_x"] = arrays.pop("theta_g")
    elif change == "missing":
        del arrays["order"]
    elif change == "extra":
        arrays["more"] = theta
    else:
        del arrays["checksum"]
    numpy.savez(path, **arrays)
    with pytest.raises(NumpyganError, match="checkpoint.npz"):
        checkpoint.load(path)


def test_every_truncation_is_noticed(path):
    content = path.read_bytes()
    for length in range(0, len(content), 37):
        path.write_bytes(content[:length])
        with pytest.raises(NumpyganError, match="checkpoint.npz"):
            checkpoint.load(path)


def test_something_else_or_nothing(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    numpy.save(tmp_path / "array.npz.npy", numpy.zeros(3))
    os.rename(tmp_path / "array.npz.npy", tmp_path / "array.npz")
    (tmp_path / "folder.npz").mkdir()
    for name in ("text.npz", "array.npz", "folder.npz", "nowhere.npz"):
        with pytest.raises(NumpyganError, match=name):
            checkpoint.load(tmp_path / name)


# Writing


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupted(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("failure", "raised"), [(full, NumpyganError), (interrupted, KeyboardInterrupt)]
)
def test_a_failed_write_leaves_the_old_file(call, failure, raised, path, monkeypatch):
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failure)
        with pytest.raises(raised) as error:
            checkpoint.save(path, STATE | {"iteration": 18})
    assert path.read_bytes() == before and os.listdir(path.parent) == ["checkpoint.npz"]
    if raised is NumpyganError:
        assert "checkpoint.npz" in str(error.value) and "No space left" in str(error.value)


def test_a_failed_first_write_leaves_nothing(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(NumpyganError):
            checkpoint.save(tmp_path / "checkpoint.npz", STATE)
    assert os.listdir(tmp_path) == []


def test_a_writer_that_fails_half_way_leaves_the_old_file(path):
    def half(file):
        file.write(b"half")
        full()

    before = path.read_bytes()
    with pytest.raises(NumpyganError, match="checkpoint.npz"):
        write_whole(path, half)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["checkpoint.npz"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(NumpyganError, match="nowhere"):
        checkpoint.save(tmp_path / "nowhere" / "checkpoint.npz", STATE)
    assert os.listdir(tmp_path) == []


def test_the_file_is_synced_before_it_is_renamed(path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, name=name, real=real: (calls.append(name), real(*args))[1]
        )
    checkpoint.save(path, STATE)
    assert calls[:2] == ["fsync", "replace"]


def test_a_stranger_s_file_is_not_the_temporary_one(path):
    stranger = path.parent / "checkpoint.npz.tmp.txt"
    stranger.write_text("mine")
    checkpoint.save(path, STATE)
    assert stranger.read_text() == "mine" and len(os.listdir(path.parent)) == 2
