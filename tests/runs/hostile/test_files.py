"""Files of a run that others made or hurt: each command that reads them says so in one sentence."""

import json
import os
import shutil

import numpy
import pytest

from numpygan.files import write_json
from numpygan.pages import run_page
from numpygan.runs import checkpoint
from tests.helpers.cli import run
from tests.helpers.hostile import COMMANDS, KINDS

READERS = {
    "config.toml": COMMANDS,
    "checkpoint.npz": ("resume", "study"),
    "best.npz": ("sample", "interpolate", "evaluate", "report"),
    "metrics.csv": ("report", "resume"),
    "evaluation.json": ("report", "evaluate"),
}


@pytest.fixture
def no_charts(monkeypatch):
    """No charts in reports, for tests that leave the metrics whole."""
    monkeypatch.setattr(run_page, "_chart", lambda *_, **__: "")


def told(command, capsys, codes=(2,)):
    """Run a command on the hurt run: what it says, in one sentence if it refuses."""
    capsys.readouterr()
    code = run(*COMMANDS[command]("hurt"))
    err = capsys.readouterr().err
    assert code in codes and "Traceback" not in err, (code, err)
    if code == 2:
        assert err.count("\n") == 1 and err.startswith("numpygan: ") and len(err) < 1200, err
        assert not [
            name for name in ("new.npy", "new.png", "new.json", "new.html") if os.path.exists(name)
        ]
    return code, err


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "command"),
    [(name, command) for name, commands in READERS.items() for command in commands],
)
def test_what_is_no_file(name, command, kind, hurt, capsys):
    (hurt / name).unlink()
    KINDS[kind](hurt / name)
    _, err = told(command, capsys)
    assert name in err or (name == "config.toml" and "hurt" in err)


ROW = "20,1,2.5,-1.2,0.5,0.5,-10.5,0.2,0.1,0.1,0.5"
HEADER = (
    "iteration,epoch,seconds,V,D_real,D_fake,parzen,sigma,learning_rate_g,learning_rate_d,momentum"
)


def table(row, header=HEADER):
    return f"{header}\n{row}\n".encode()


@pytest.mark.parametrize(
    "content",
    [
        table(ROW.replace("-1.2", "one")),
        table(ROW.replace("-1.2", "9" * 400)),
        table(ROW.replace("-1.2", "1e308")),
        table(ROW.replace("-1.2", "-inf")),
        table("-" + ROW),
        table("1e300" + ROW[2:]),
        table("nan" + ROW[2:]),
        table("20.5" + ROW[2:]),
        table(ROW[2:]),
        table(ROW + ",1"),
        table(ROW[:-4]),
        table(f"{ROW}\n{ROW}"),
        table(ROW, HEADER[:-1]),
        table(ROW, HEADER + ",V"),
        table(ROW, "a"),
        b"\xff\xfe\n",
        b"\0" * 50 + b"\n",
        table('"' + "x" * 200_000 + '"' + ROW),
        table(ROW.replace("2.5", "-1")),
    ],
)
@pytest.mark.parametrize("command", ["report", "resume"])
def test_metrics(command, content, hurt, capsys):
    (hurt / "metrics.csv").write_bytes(content)
    _, err = told(command, capsys)
    assert "metrics.csv" in err


def test_metrics_without_some_values(hurt, capsys):
    (hurt / "metrics.csv").write_bytes(table("20,1,2.5,-1.2,,,,,,,"))
    assert told("report", capsys, codes=(0,))[0] == 0


@pytest.mark.usefixtures("no_charts")
def test_a_picture_whose_name_has_digits_that_are_no_number(hurt, capsys):
    (hurt / "samples" / "²³.png").write_bytes(b"x")
    assert told("report", capsys, codes=(0,))[0] == 0


def evaluation(**row):
    return json.dumps({"rows": [{"metric": "m", "value": 1.0} | row], "data": "mnist"}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"rows": 1}',
        b"[]",
        b"1",
        b"null",
        b"",
        b"{",
        b"\xff",
        b'{"rows": [[]]}',
        b'{"rows": [{}]}',
        b'{"rows": [], "rows": []}',
        evaluation().replace(b"1.0", b"9" * 400),
        evaluation().replace(b"1.0", b"9" * 5000),
        evaluation(value=1e308),
        evaluation(value=-1e308),
        evaluation(se=-1e308),
        evaluation().replace(b"1.0", b"1e999"),
        evaluation(value=[1]),
        evaluation(value=True),
        evaluation(metric=1),
        evaluation(detail=[]),
        evaluation(se={}),
    ],
)
@pytest.mark.parametrize("command", ["report", "evaluate"])
@pytest.mark.usefixtures("no_charts")
def test_evaluation(command, content, hurt, capsys):
    (hurt / "evaluation.json").write_bytes(content)
    _, err = told(command, capsys)
    assert "evaluation.json" in err


@pytest.mark.parametrize(
    "row",
    [{"value": None}, {"se": None, "value": float("nan")}, {"value": float("inf")}, {"se": 5e-324}],
)
@pytest.mark.parametrize("command", ["report", "evaluate"])
@pytest.mark.usefixtures("no_charts")
def test_an_evaluation_with_gaps(command, row, hurt, capsys):
    (hurt / "evaluation.json").write_bytes(evaluation(**row, metric="AIS log-likelihood (nats)"))
    assert told(command, capsys, codes=(0,))[0] == 0


def test_a_huge_file_is_not_read(hurt, capsys):
    with open(hurt / "evaluation.json", "r+b") as file:
        file.truncate(1 << 40)
    assert "bytes" in told("report", capsys)[1]
    (hurt / "evaluation.json").unlink()
    with open(hurt / "metrics.csv", "r+b") as file:
        file.truncate(1 << 40)
    assert "bytes" in told("report", capsys)[1]


def change(path, **values):
    checkpoint.save(path, checkpoint.load(path) | values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iteration", -1),
        ("iteration", 10**18),
        ("iteration", 2.0**80),
        ("iteration", numpy.nan),
        ("iteration", "one"),
        ("iteration", [1, 2]),
        ("dim", 0),
        ("dim", 10**15),
        ("dim", "x"),
        ("image_shape", [0, 0]),
        ("image_shape", [-8, -8]),
        ("image_shape", [4, 4]),  # of 64 values
        ("image_shape", "x"),
        ("theta_g", numpy.nan),
        ("theta_g", "x"),
        ("theta_g", [[1.0]]),
        ("theta_g", 1 + 1j),
        ("seconds", numpy.nan),
        ("seconds", -1.0),
        ("best", numpy.nan),
        ("count", -1),
        ("count", 2.0**70),
        ("rows", numpy.zeros((1, 3))),
        ("rows", "x"),
        ("rows", numpy.full((1, 11), -1.0)),
        ("rows", numpy.full((1, 11), 1e308)),
        ("rows", numpy.zeros((2, 11))),  # two rows of one iteration
        ("sums", numpy.full(4, numpy.nan)),
        ("sums", numpy.full(4, 1e308)),
        ("updates_g", 2**63 - 1),
        ("updates_d", 2**63 - 1),
        ("updates_g", -1),
    ],
)
@pytest.mark.parametrize("command", ["sample", "evaluate", "study", "report", "resume"])
@pytest.mark.usefixtures("no_charts")
def test_a_checkpoint_with_other_values(command, name, value, hurt, capsys):
    for file in ("best.npz", "checkpoint.npz"):
        change(hurt / file, **{name: numpy.asarray(value)})
    of_samples, of_training = ("dim", "image_shape"), ("seconds", "best", "rows")
    not_read = {"resume": of_samples, "study": of_samples + of_training}.get(
        command, (*of_training, "count", "sums", "updates_g", "updates_d")
    )
    before = {file.name: file.read_bytes() for file in hurt.iterdir() if file.is_file()}
    code, _ = told(command, capsys, codes=(0, 2) if name in not_read else (2,))
    if code == 2:  # what is refused is not written to
        del before["lock"]
        assert {file: (hurt / file).read_bytes() for file in before} == before


def test_a_toy_has_no_images(world, capsys):
    shutil.copytree("toy", "odd")
    try:
        change(world / "odd" / "checkpoint.npz", image_shape=numpy.array([1, 2]))
        assert run("report", "odd", "-o", "new.html") == 2
        assert "images (1, 2) of ring" in capsys.readouterr().err
    finally:
        shutil.rmtree("odd")


@pytest.mark.parametrize("bad", [numpy.nan, numpy.inf, -numpy.inf])
@pytest.mark.parametrize("net", ["theta_g", "theta_d"])
def test_a_parameter_that_is_not_finite_is_not_used(net, bad, hurt, capsys):
    for file in ("best.npz", "checkpoint.npz"):
        theta = checkpoint.load(hurt / file)[net].copy()
        theta[-1] = bad
        change(hurt / file, **{net: theta})
    for command in COMMANDS:
        assert "finite" in told(command, capsys)[1]


def test_samples_of_huge_parameters_are_finite_or_refused(hurt, capsys):
    for file in ("best.npz", "checkpoint.npz"):
        change(hurt / file, theta_g=numpy.full_like(checkpoint.load(hurt / file)["theta_g"], 3e38))
    for command in ("sample", "interpolate", "evaluate"):
        code, _ = told(command, capsys, codes=(0, 2))
        assert command != "sample" or code == 2 or numpy.isfinite(numpy.load("new.npy")).all()


def test_ais_of_somebody_else(hurt, capsys):
    command = "evaluate", "hurt", "--ais", "--examples", 2, "--distributions", 2
    for make in (
        os.mkfifo,
        os.mkdir,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.write_bytes(b"PK"),
    ):
        make(hurt / "ais.npz")
        assert run(*command) == 2
        err = capsys.readouterr().err
        assert "ais.npz" in err.splitlines()[-1] and "Traceback" not in err
        shutil.rmtree(hurt / "ais.npz") if (hurt / "ais.npz").is_dir() else (
            hurt / "ais.npz"
        ).unlink()


@pytest.mark.parametrize("value", [numpy.inf, -numpy.inf, 1e308, 1j, "a", 0, True])
@pytest.mark.parametrize("name", ["lower", "acceptance", "simulated_upper"])
def test_ais_with_other_values(name, value, hurt, capsys):
    command = "evaluate", "hurt", "--ais", "--examples", 2, "--distributions", 2
    assert run(*command) == 0
    change(hurt / "ais.npz", **{name: numpy.full(SHAPES[name], value)})
    before = (hurt / "evaluation.json").read_bytes()
    assert run(*command) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert "ais.npz" in err and name in err and "--force" in err
    assert (hurt / "evaluation.json").read_bytes() == before
    assert run(*command, "--force") == 0


SHAPES = {"lower": 2, "acceptance": 1, "simulated_upper": 10}


# What a run directory may look like


def test_a_run_behind_a_symlink(hurt, world, capsys):
    (world / "link").symlink_to("hurt")
    try:
        assert run("train", "--quiet", "--resume", "--out", "link", "--epochs", 2) == 0
        assert run("evaluate", "link") == 0 and run("sample", "link", "-n", 2, "-o", "new.npy") == 0
        assert (world / "link").is_symlink() and int(
            checkpoint.load(hurt / "checkpoint.npz")["iteration"]
        ) == 40
    finally:
        os.unlink("link")


def test_nothing_is_written_or_removed_behind_a_symlink_in_a_run(hurt, world, capsys):
    shutil.rmtree(hurt / "samples")
    (world / "mine").mkdir()
    for name in ("00000040.png", "00000020.png.7.tmp"):
        (world / "mine" / name).write_text("mine")
    (hurt / "samples").symlink_to("../mine")
    (world / "table").write_bytes((hurt / "metrics.csv").read_bytes())
    before = (world / "table").read_bytes()
    (hurt / "metrics.csv").unlink()
    (hurt / "metrics.csv").symlink_to("../table")
    run(*COMMANDS["resume"]("hurt"))
    assert "Traceback" not in capsys.readouterr().err
    assert sorted(path.read_text() for path in (world / "mine").iterdir()) == ["mine", "mine"]
    assert (world / "table").read_bytes() == before and int(
        checkpoint.load(hurt / "checkpoint.npz")["iteration"]
    ) == 40
    shutil.rmtree(world / "mine")


# What is written


def test_json_has_no_numbers_that_json_does_not_have(tmp_path):
    nan, inf = float("nan"), float("inf")
    write_json(
        tmp_path / "x.json",
        {"a": nan, "b": [inf, -inf, 1.5, (nan,)], "c": {"d": nan}, "e": "NaN", "f": True},
    )

    def refuse(text):
        raise AssertionError(text)

    found = json.loads((tmp_path / "x.json").read_text(), parse_constant=refuse)
    assert found == {
        "a": None,
        "b": [None, None, 1.5, [None]],
        "c": {"d": None},
        "e": "NaN",
        "f": True,
    }


@pytest.mark.parametrize(
    "command", ["sample", "interpolate", "evaluate", "report", "study", "resume"]
)
def test_no_terminal_code_reaches_the_terminal(command, hurt, world, capsys):
    name = "run\x1b[2J\x9b31m\r\x07"
    shutil.copytree("hurt", name)
    config = world / name / "config.toml"
    if command != "resume":  # which takes no edited configuration
        config.write_text(config.read_text().replace('about = "', 'about = "\\u001b[31m\\u0007'))
    arguments = [str(argument).replace("hurt", name) for argument in COMMANDS[command]("hurt")]
    code = run(*[argument for argument in arguments if argument != "--quiet"])
    out, err = capsys.readouterr()
    shutil.rmtree(name)
    assert code == 0, err
    assert not [c for c in out + err if not c.isprintable() and c != "\n"]
