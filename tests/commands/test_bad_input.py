"""Every bad input: exit code 2, one sentence on stderr, nothing written or overwritten."""

import os
import re
import shutil
import sys

import numpy
import pytest

from tests.helpers.cli import TINY, TINY_TOY, files, idx, images, run, sets, small_world


def save_data():
    """The good and bad data files that the cases name."""
    pixels = images(60)
    numpy.save("images.npy", images())
    numpy.save("good.npy", (images(30) / 255).reshape(30, 64).astype("float32"))
    numpy.save("rank1.npy", numpy.zeros(100))
    numpy.save("rank4.npy", numpy.zeros((10, 3, 4, 4)))
    numpy.save("empty.npy", numpy.zeros((0, 64), "float32"))
    numpy.save("few.npy", pixels[:2])
    numpy.save("nan.npy", numpy.where(numpy.eye(64) > 0, numpy.nan, 0.5).astype("float32"))
    numpy.save("inf.npy", numpy.where(numpy.eye(64) > 0, numpy.inf, 0.5).astype("float32"))
    numpy.save("int.npy", numpy.arange(60 * 64).reshape(60, 8, 8))
    numpy.save("objects.npy", numpy.array([{}] * 9, object), allow_pickle=True)
    numpy.save("rank0.npy", numpy.float64(3))
    numpy.save("wide-points.npy", numpy.zeros((2501, 3), "float32"))
    numpy.save("few-points.npy", numpy.zeros((2499, 2), "float32"))
    numpy.save(
        "nan-points.npy", numpy.where(numpy.arange(5000).reshape(-1, 2) == 6, numpy.nan, 0.5)
    )
    numpy.save("wide.npy", numpy.zeros((60, 65), "float32"))
    numpy.save(
        "range.npy", pixels / 255 * numpy.where(numpy.arange(60) < 50, 1, 255)[:, None, None]
    )
    numpy.savez("two.npz", a=pixels, b=pixels)
    with open("images.npy", "rb") as file:
        content = file.read()
    for name, cut in (
        ("cut.npy", content[:-1]),
        ("cut.npz", content[:50]),
        ("text.npy", b"0.5, 0.25\n"),
        ("nothing.npy", b""),
    ):
        with open(name, "wb") as file:
            file.write(cut)
    good = idx(pixels)
    for folder, train, test in (
        ("idx-cut", good[:-1], good),
        ("idx-not", b"hello, world", good),
        ("idx-rank", idx(pixels[0, 0]), good),
        ("idx-empty", idx(pixels[:0]), good),
        ("idx-sizes", good, idx(images(60, 9))),
        ("idx-one", good, None),
        ("idx-liar", b"\0\0\x08\x03" + 3 * b"\xff\0\0\0", good),
        ("idx-none", None, None),
        ("idx-gz", b"\x1f\x8b" + good, good),
    ):
        os.mkdir(folder)
        for part, content in (("train", train), ("t10k", test)):
            if content is not None:
                gz = ".gz" if folder == "idx-gz" and part == "train" else ""
                with open(f"{folder}/{part}-images-idx3-ubyte{gz}", "wb") as file:
                    file.write(content)


DAMAGED = (
    "bad-checkpoint/checkpoint",
    "bad-best/best",
    "bad-both/best",
    "bad-both/checkpoint",
    "bad-toy/checkpoint",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with data files and finished runs, some of them damaged."""
    folder = tmp_path_factory.mktemp("world")
    with small_world(folder):
        save_data()
        assert run(*TINY, "--epochs", 1, "--out", "it") == 0
        for name in (
            "bad-checkpoint",
            "bad-best",
            "bad-both",
            "bad-config",
            "edited",
            "bad-metrics",
            "no-checkpoint",
        ):
            shutil.copytree("it", name)
        shutil.copytree("toy", "bad-toy")
        shutil.copytree("toy", "seeds/0")
        for path in DAMAGED:
            with open(f"{path}.npz", "r+b") as file:
                file.seek(-3000, 2)
                byte = file.read(1)
                file.seek(-1, 1)
                file.write(bytes([byte[0] ^ 1]))
        os.unlink("no-checkpoint/checkpoint.npz")
        for name, old, new in (
            ("edited", "relu 16", "relu 17"),
            ("bad-config", "batch = 20", "batch = = 20"),
        ):
            path = folder / name / "config.toml"
            text = path.read_text()
            assert old in text
            path.write_text(text.replace(old, new))
        with open("bad-metrics/metrics.csv", "a") as file:
            file.write("what,is,this\n")
        os.mkdir("occupied")
        for path in (
            "occupied/thesis.tex",
            "picture.png",
            "samples.npy",
            "evaluation.json",
            "file",
        ):
            with open(path, "w") as file:
                file.write("mine")
    return folder


def refuses(folder, capsys, arguments, words):
    before = files(folder)
    code = run(*arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in err and err.count("\n") == 1 and err.startswith("numpygan: ")
    for word in words:
        assert word in err
    assert "_natural" not in err and "unsafe" not in err
    assert code == 2
    after = files(folder)
    assert after.keys() == before.keys() and after == before


NEW = [*TINY, "--out", "new"]
NETS = {  # fields that must fit each other or a range
    "k": ("0", "-1", "1.5", "many", "nan", ""),
    "batch": ("0", "-3", "401", "ten", "1e2"),
    "keep": ("0,0.5", "0.8,-1", "1.1,0.5", "nan,0.5", "0.8", "0.8,0.5,0.5", "", "high,low"),
    "learning_rate_g": ("-1", "0", "nan", "inf", "-inf", "fast"),
    "learning_rate_d": ("-0.1", "nan"),
    "learning_rate_decay": ("nan", "-1", "0"),
    "learning_rate_floor": ("nan", "-1"),
    "momentum": ("nan", "-0.1", "1", "1.5"),
    "momentum_final": ("nan", "2"),
    "momentum_epochs": ("0", "-1", "1.5"),
    "max_norm": ("nan", "-1"),
    "scale_g": ("nan,0.05", "-1,0.05", "0.05", "inf,1"),
    "scale_d": ("nan,0.05", "0.05,-1", "0.05,0.05,0.05"),
    "noise_dim": ("0", "-1", "2.5"),
    "epochs": ("0", "nan", "-1", "inf"),
    "seed": ("-1", "x", "1.5", "nan"),
    "loss": ("saturate", ""),
    "noise": ("gauss",),
    "rule": ("adma",),
    "algorithm": ("algorithm2",),
    "dtype": ("float16", "complex128"),
    "bias": ("big",),
    "preprocess": ("all",),
    "generator": (
        "relu 16, relu 16",
        "rleu 16, sigmoid",
        "relu 0, sigmoid",
        "relu -1, sigmoid",
        "maxout 8x0, sigmoid",
    ),
    "discriminator": ("maxout 8", "maxout 0x2", "relu 8x2", "sigmoid", "relu 1e3"),
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in NETS.items() for value in values]
)
def test_fields(field, value, world, capsys, monkeypatch):
    monkeypatch.chdir(world)
    refuses(world, capsys, [*NEW, *sets(**{field: value})], [field])


TRAIN = {
    "unknown recipe": (["train", "minst"], ["minst", "'mnist'"]),
    "unknown recipe, another": (["train", "cifar"], ["'cifar10'"]),
    "unknown field": ([*NEW, "--set", "bacth=10"], ["bacth", "'batch'"]),
    "field without a value": ([*NEW, "--set", "batch"], ["FIELD=VALUE"]),
    "value without a field": ([*NEW, "--set", "=10"], ["FIELD=VALUE"]),
    "k": ([*NEW, "--k", "0"], ["k"]),
    "k, not a number": ([*NEW, "--k", "two"], ["two"]),
    "k, fraction": ([*NEW, "--k", "1.5"], ["1.5"]),
    "seed": ([*NEW, "--seed", "-1"], ["seed"]),
    "loss": ([*NEW, "--loss", "wasserstein"], ["saturating", "wasserstein"]),
    "epochs": ([*NEW, "--epochs", "0"], ["epochs"]),
    "epochs, negative": ([*NEW, "--epochs", "-1"], ["epochs"]),
    "epochs, NaN": ([*NEW, "--epochs", "nan"], ["epochs"]),
    "epochs, infinite": ([*NEW, "--epochs", "inf"], ["epochs"]),
    "epochs, not a number": ([*NEW, "--epochs", "ten"], ["epochs", "ten"]),
    "epochs, overflowing": ([*NEW, "--epochs", "1e308"], ["epochs"]),
    "iterations, without end": (
        [*NEW, "--iterations", str(10**15 + 1)],
        ["iterations: 1,000,000,000,000,001 "],
    ),
    "iterations": ([*NEW, "--iterations", "0"], ["iterations"]),
    "iterations, fraction": ([*NEW, "--iterations", "1.5"], ["iterations", "1.5"]),
    "iterations, text": ([*NEW, "--iterations", "x"], ["iterations"]),
    "both lengths": ([*NEW, "--epochs", "1", "--iterations", "5"], ["--epochs", "--iterations"]),
    "k in authors2014": ([*NEW, *sets(algorithm="authors2014"), "--k", "2"], ["k", "authors2014"]),
    "loss in authors2014": (
        [*NEW, *sets(algorithm="authors2014"), "--loss", "saturating"],
        ["loss", "authors2014"],
    ),
    "gpu": ([*NEW, "--device", "gpu"], ["gpu", "install"]),
    "device": ([*NEW, "--device", "tpu"], ["tpu"]),
    "option": ([*NEW, "--sed", "3"], ["--sed"]),
    "option without a value": ([*NEW, "--seed"], ["--seed"]),
    "absurd noise": ([*NEW, *sets(noise_dim=10**15)], ["noise_dim"]),
    "absurd batch": ([*TINY_TOY, *sets(batch=10**15), "--iterations", "1"], ["batch"]),
    "out holds a run": ([*TINY, "--out", "it"], ["it", "--resume"]),
    "out holds something": ([*TINY, "--out", "occupied"], ["occupied"]),
    "out is a file": ([*TINY, "--out", "file"], ["file"]),
    "out below a file": ([*TINY, "--out", "file/new"], ["file/new"]),
    "resume nothing": ([*TINY, "--resume"], ["--resume", "mnist-authors"]),
    "resume nowhere": ([*TINY, "--resume", "--out", "nowhere"], ["nowhere"]),
    "resume what is no run": ([*TINY, "--resume", "--out", "occupied"], ["occupied"]),
    "resume another recipe": (["train", "mnist", "--resume", "--out", "it"], ["mnist-authors"]),
    "resume another architecture": (
        ["train", "--resume", "--out", "it", *sets(generator="relu 17, sigmoid")],
        ["generator", "relu 17"],
    ),
    "resume another seed": (["train", "--resume", "--out", "it", "--seed", "1"], ["seed"]),
    "resume other data": (["train", "--resume", "--out", "it", "--data", "good.npy"], ["data"]),
    "resume what is finished": (
        [*TINY, "--resume", "--out", "it", "--epochs", "1"],
        ["20", "--epochs"],
    ),
    "resume shorter": ([*TINY, "--resume", "--out", "it", "--iterations", "5"], ["20"]),
    "resume edited": (
        ["train", "--resume", "--out", "edited", "--epochs", "2"],
        ["config.toml", "generator"],
    ),
    "resume bad configuration": (
        ["train", "--resume", "--out", "bad-config"],
        ["bad-config/config.toml"],
    ),
    "resume bad metrics": (
        ["train", "--resume", "--out", "bad-metrics", "--epochs", "2"],
        ["metrics.csv"],
    ),
    "resume damaged": (
        ["train", "--resume", "--out", "bad-checkpoint"],
        ["checkpoint.npz", "damaged", "best.npz", "20"],
    ),
    "resume all damaged": (
        ["train", "--resume", "--out", "bad-both"],
        ["bad-both/checkpoint.npz", "damaged"],
    ),
    "resume damaged toy": (
        ["train", "--resume", "--out", "bad-toy"],
        ["bad-toy/checkpoint.npz", "damaged"],
    ),
    "resume lost": (
        ["train", "--resume", "--out", "no-checkpoint"],
        ["no-checkpoint/checkpoint.npz", "best.npz"],
    ),
}
DATA = (
    "missing.npy",
    "rank1.npy",
    "rank4.npy",
    "empty.npy",
    "few.npy",
    "nan.npy",
    "inf.npy",
    "int.npy",
    "objects.npy",
    "range.npy",
    "two.npz",
    "cut.npy",
    "cut.npz",
    "text.npy",
    "nothing.npy",
    "idx-cut",
    "idx-not",
    "idx-rank",
    "idx-empty",
    "idx-sizes",
    "idx-one",
    "idx-liar",
    "idx-none",
    "idx-gz",
)
OTHERS = {
    "no command": ([], ["COMMAND"]),
    "command": (["trian"], ["trian"]),
    "recipes": (["recipes", "minst"], ["'mnist'"]),
    "sample without a file": (["sample", "it"], ["-o"]),
    "sample nowhere": (["sample", "nowhere", "-o", "new.png"], ["nowhere"]),
    "sample what is no run": (["sample", "occupied", "-o", "new.png"], ["occupied"]),
    "sample over a picture": (["sample", "it", "-o", "picture.png"], ["picture.png", "exists"]),
    "sample over an array": (["sample", "it", "-o", "samples.npy"], ["samples.npy", "exists"]),
    "sample to another kind": (["sample", "it", "-o", "new.jpg"], ["new.jpg", ".png", ".npy"]),
    "sample to no folder": (["sample", "it", "-o", "none/new.png"], ["none"]),
    "sample below a file": (["sample", "it", "-o", "file/new.png"], ["file"]),
    "sample none": (["sample", "it", "-n", "0", "-o", "new.png"], ["-n"]),
    "sample many": (["sample", "it", "-n", "many", "-o", "new.png"], ["-n", "many"]),
    "sample absurdly many": (["sample", "it", "-n", str(10**15), "-o", "new.npy"], ["-n"]),
    "sample seed": (["sample", "it", "--seed", "-1", "-o", "new.png"], ["--seed"]),
    "sample seed, text": (["sample", "it", "--seed", "x", "-o", "new.png"], ["--seed", "x"]),
    "nearest of a toy": (["sample", "toy", "--nearest", "-o", "new.png"], ["--nearest"]),
    "nearest as an array": (["sample", "it", "--nearest", "-o", "new.npy"], ["--nearest"]),
    "sample damaged": (["sample", "bad-both", "-o", "new.png"], ["bad-both/best.npz", "damaged"]),
    "sample damaged toy": (
        ["sample", "bad-toy", "-o", "new.png"],
        ["bad-toy/checkpoint.npz", "damaged"],
    ),
    "sample damaged best": (
        ["sample", "bad-best", "-o", "new.png"],
        ["bad-best/best.npz", "damaged", "checkpoint.npz"],
    ),
    "sample edited": (["sample", "edited", "-o", "new.png"], ["edited"]),
    "sample bad configuration": (
        ["sample", "bad-config", "-o", "new.png"],
        ["bad-config/config.toml"],
    ),
    "interpolate a toy": (["interpolate", "toy", "-o", "new.png"], ["toy"]),
    "interpolate over a picture": (
        ["interpolate", "it", "-o", "picture.png"],
        ["picture.png", "exists"],
    ),
    "interpolate as an array": (["interpolate", "it", "-o", "new.npy"], [".png"]),
    "interpolate nowhere": (["interpolate", "nowhere", "-o", "new.png"], ["nowhere"]),
    "interpolate damaged best": (
        ["interpolate", "bad-best", "-o", "new.png"],
        ["bad-best/best.npz", "checkpoint.npz"],
    ),
    "evaluate nothing": (["evaluate"], ["RUN", "--samples"]),
    "evaluate two things": (["evaluate", "it", "--samples", "good.npy"], ["RUN", "--samples"]),
    "evaluate a damaged toy": (["evaluate", "bad-toy"], ["bad-toy/checkpoint.npz", "damaged"]),
    "evaluate with too few samples": (
        ["evaluate", "--samples", "few-points.npy", "--data", "ring", "-o", "new.json"],
        ["2,499"],
    ),
    "evaluate with NaN samples": (
        ["evaluate", "--samples", "nan-points.npy", "--data", "ring", "-o", "new.json"],
        ["row 3"],
    ),
    "evaluate wide samples of a toy": (
        ["evaluate", "--samples", "wide.npy", "--data", "grid", "-o", "new.json"],
        ["width 2"],
    ),
    "evaluate many wide samples of a toy": (
        ["evaluate", "--samples", "wide-points.npy", "--data", "ring", "-o", "new.json"],
        ["width 2", "(2501, 3)"],
    ),
    "evaluate one number as samples of a toy": (
        ["evaluate", "--samples", "rank0.npy", "--data", "ring", "-o", "new.json"],
        ["width 2", "()"],
    ),
    "evaluate over a toy's picture": (
        ["evaluate", "toy", "-o", "picture.json"],
        ["picture.png", "exists"],
    ),
    "evaluate no seeds": (["evaluate", "ring", "--seeds", 0], ["--seeds"]),
    "evaluate half a seed": (["evaluate", "ring", "--seeds", 0.5], ["--seeds"]),
    "evaluate seeds of an unknown recipe": (["evaluate", "rnig", "--seeds", 2], ["rnig", "'ring'"]),
    "evaluate seeds of images": (["evaluate", "mnist", "--seeds", 2], ["--seeds", "mnist", "ring"]),
    "evaluate seeds of samples": (["evaluate", "--samples", "good.npy", "--seeds", 2], ["--seeds"]),
    "evaluate seeds of other settings": (
        ["evaluate", "ring", "--seeds", 1, "--out", "seeds"],
        ["seeds/0", "--out"],
    ),
    "evaluate seeds with a bad field": (
        ["evaluate", "ring", "--seeds", 1, "--set", "k=0"],
        ["k: "],
    ),
    "evaluate a run with other settings": (
        ["evaluate", "it", "--set", "k=2"],
        ["--set", "--seeds"],
    ),
    "evaluate nowhere": (["evaluate", "nowhere"], ["nowhere"]),
    "evaluate damaged best": (
        ["evaluate", "bad-best"],
        ["bad-best/best.npz", "damaged", "checkpoint.npz"],
    ),
    "evaluate over a file": (
        ["evaluate", "--samples", "good.npy", "--data", "images.npy"],
        ["evaluation.json", "exists"],
    ),
}
SAMPLES = (
    "missing.npy",
    "rank1.npy",
    "rank4.npy",
    "empty.npy",
    "nan.npy",
    "inf.npy",
    "objects.npy",
    "wide.npy",
    "cut.npy",
    "text.npy",
)


@pytest.mark.parametrize("case", TRAIN)
def test_train(case, world, capsys, monkeypatch):
    monkeypatch.chdir(world)
    monkeypatch.setitem(sys.modules, "cupy", None)  # as on a machine without it
    refuses(world, capsys, *TRAIN[case])


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("by", ["option", "field"])
def test_data(name, by, world, capsys, monkeypatch):
    monkeypatch.chdir(world)
    arguments = ["--data", name] if by == "option" else sets(data=name)
    refuses(
        world,
        capsys,
        ["train", "mnist-authors", "--quiet", *TINY[5:], *arguments, "--out", "new"],
        [name],
    )


@pytest.mark.parametrize("case", OTHERS)
def test_other_commands(case, world, capsys, monkeypatch):
    monkeypatch.chdir(world)
    refuses(world, capsys, *OTHERS[case])


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name, world, capsys, monkeypatch):
    monkeypatch.chdir(world)
    arguments = ["evaluate", "--samples", name, "--data", "images.npy", "-o", "new.json"]
    refuses(
        world,
        capsys,
        arguments,
        [name if name in ("missing.npy", "objects.npy", "cut.npy", "text.npy") else "samples"],
    )


@pytest.mark.parametrize("name", ["missing.npy", "nan.npy", "idx-cut"])
def test_data_of_evaluate(name, world, capsys, monkeypatch):
    monkeypatch.chdir(world)
    refuses(
        world,
        capsys,
        ["evaluate", "--samples", "good.npy", "--data", name, "-o", "new.json"],
        [name],
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("sample", "no\x1b[31mrun\x1b[0m\nhere\x9b2J", "-o", "new.npy"),
        ("train", "--data", "it\x1b]0;title\x07\r.npy"),
        ("evaluate", "--samples", "a\u202egpj.npy"),
        ("sweep", "rates\x1b[2J\udcff.toml"),
    ],
    ids=["sample", "train", "evaluate", "sweep"],
)
def test_no_sentence_carries_a_name_to_the_terminal_as_it_is(
    arguments, tmp_path, monkeypatch, capsys
):
    """Escape sequences, line breaks and signs that turn the line round are shown, not sent."""
    monkeypatch.chdir(tmp_path)
    assert not all(map(str.isprintable, arguments))
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert err.endswith("\n") and err[:-1].isprintable()
    escaped = next(word for word in arguments if not word.isprintable())
    # The name is in it, in so far as it can be shown
    assert max(re.split(r"[^\w.\[\];]+", escaped), key=len) in err
