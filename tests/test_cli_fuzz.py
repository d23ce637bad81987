"""Any value of any option: success or one sentence and exit code 2, and no file touched that the command was not asked to write."""

import contextlib
import io
import signal
from pathlib import Path

import numpy
import pytest
from cli_helpers import TINY, TINY_TOY, files, images, run, small_world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from numpygan.gan.recipes import RECIPES, Recipe
from numpygan.runs.training import Training
from numpygan.study import pictures

# As the shell hands them over: no NUL, bytes that are not UTF-8 as lone surrogates.
ARGUMENT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | st.sampled_from("\udc80\udcff'\"\\\n\x1b\x7f=,.-/ 0"),
    max_size=12,
).map(lambda text: text.lstrip("/"))  # within the test's own folder
NUMBER = st.one_of(
    st.integers(-3, 40), st.integers(10**7), st.floats(), st.sampled_from(["1e3", "0x10", "١", "1_0", " 3", "-0", "1e-320", "9" * 5000]),
).map(str)  # fmt: skip
NAME = st.sampled_from(
    [*RECIPES, "mnist", "ring", "it", "toy", "images.npy", "..", ".", "/dev/null", "occupied", "file", "it/config.toml"]
)
LAYERS = st.lists(
    st.sampled_from(["relu 3", "leaky 2", "maxout 2x2", "sigmoid", "linear", "tanh 4", "relu", "maxout 2x1"]), max_size=3
)
VALUE = ARGUMENT | NUMBER | NAME | LAYERS.map(",".join) | st.lists(NUMBER, max_size=3).map(",".join)
FIELD = st.sampled_from([*vars(Recipe()), "recipe", "self", ""])

TRAIN = st.one_of(
    *(VALUE.map(lambda value, option=option: [option, value]) for option in ("--seed", "--k", "--loss", "--data", "--device", "--out")),
    st.tuples(FIELD | ARGUMENT, VALUE).map(lambda pair: ["--set", "=".join(pair)]),
    ARGUMENT.map(lambda text: ["--set", text]),
    VALUE.map(lambda value: ["--iterations", value]),
    VALUE.map(lambda value: ["--epochs", value]),
    st.sampled_from([["--resume"], ["--resume", "--out", "toy"], ["--quiet"]]),
    VALUE.map(lambda value: [value]),
)  # fmt: skip
FILE = st.one_of(
    ARGUMENT, st.sampled_from(["new.png", "new.npy", "new.json", "mine.png", "mine.npy", "mine.json", "no/new.png", "file/new.png", "toy"])
)  # fmt: skip
OUTPUT = st.tuples(st.just("-o"), FILE).map(list)
SMALL = st.one_of(st.integers(-3, 12).map(str), ARGUMENT, st.just("9" * 5000))
RUN = st.sampled_from(["it", "toy", "occupied", "file", "nowhere"]) | ARGUMENT
OTHERS = st.one_of(
    st.tuples(st.sampled_from(["sample", "interpolate"]), RUN, SMALL, NUMBER, OUTPUT).map(
        lambda t: [t[0], t[1], "-n", t[2], "--seed", t[3], *t[4]]
    ),
    st.tuples(RUN, OUTPUT).map(lambda t: ["sample", t[0], "-n", "4", "--nearest", *t[1]]),
    st.tuples(RUN, NUMBER, OUTPUT).map(lambda t: ["evaluate", t[0], "--seed", t[1], *t[2]]),
    st.tuples(NAME | ARGUMENT, NAME | ARGUMENT, OUTPUT).map(lambda t: ["evaluate", "--samples", t[0], "--data", t[1], *t[2]]),
    (NAME | ARGUMENT).map(lambda name: ["recipes", name]),
    st.tuples(ARGUMENT, NUMBER).map(lambda t: ["gradcheck", t[0], "--seed", t[1]]),
    st.lists(VALUE, max_size=4),
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with two runs and files of the user's; a training in it is stopped after its first iteration."""
    folder = tmp_path_factory.mktemp("world")
    advance = Training.advance
    with small_world(folder), pytest.MonkeyPatch.context() as patch:
        numpy.save("images.npy", images())
        assert run(*TINY, "--iterations", 2, "--out", "it") == 0
        Path("occupied").mkdir()
        for name in ("occupied/thesis.tex", "file", "mine.png", "mine.npy", "mine.json"):
            Path(name).write_text("mine")
        patch.setattr(Training, "advance", lambda self: (signal.raise_signal(signal.SIGINT), advance(self)))
        patch.setattr(pictures, "save_learning_curves", lambda *_: None)
        yield folder


def tried(world, arguments):
    """Run it; check how it ends and what it touched."""
    before = files(world)
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()  # strict, as a terminal's stdout is
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(*arguments)
    except SystemExit as end:  # -h, --version
        code = end.code
    after, said = files(world), err.getvalue()
    assert code in (0, 2, 130)
    if code == 2:
        assert said.startswith("numpygan: ") and said.count("\n") == 1 and said.endswith(".\n"), said
        assert before == after
    written = {name for name in after if after[name] != before.get(name)} | (before.keys() - after.keys())
    allowed = [str(arguments[i + 1]) for i, argument in enumerate(arguments[:-1]) if argument in ("-o", "--out")]
    if arguments[:1] == ["train"]:
        allowed.append("runs")
        assert not before.keys() & written or "--resume" in arguments
    else:
        assert not before.keys() & written, written
        allowed.append("it/evaluation.json")
    inside = [Path(world, name).resolve() for name in allowed]
    for name in written:
        path = Path(world, name).resolve()
        assert any(path == place or place in path.parents or path in place.parents for place in inside), (name, allowed)
    return code


QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@QUICK
@given(st.sampled_from([TINY, TINY_TOY, ["train", "ring"]]), st.lists(TRAIN, min_size=1, max_size=3))
def test_train(world, base, options):
    tried(world, [*base, *sum(options, [])])


FOUND = {  # by these tests and by hand; each was a traceback once, or a run that could not be resumed
    "a stdout that can't show the path": (["train", "ring", "--out", "o\udcff"], 130),
    "a path that config.toml can't hold": ([*TINY, "--data", "u\udcff.npy"], 2),
    "a text that config.toml can't hold": ([*TINY_TOY, "--set", "about=\udc80"], 2),
    "a field called as an argument": ([*TINY_TOY, "--set", "recipe=1"], 2),
    "a data path too long": (["train", "--data", "x" * 5000], 2),
    "a run path too long": (["train", "ring", "--out", "y" * 300], 2),
    "a run to sample from too long": (["sample", "y" * 5000, "-o", "x.npy"], 2),
    "a file to write too long": (["sample", "it", "-o", "y" * 300 + ".npy"], 2),
    "a name with a line break": (["recipes", "a\nb"], 2),
    "devices": (["evaluate", "--samples", "/dev/zero"], 2),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_found(case, world):
    arguments, code = FOUND[case]
    assert tried(world, arguments) == code


def test_delete_in_a_path_can_be_resumed(world):
    """TOML, unlike JSON, does not allow a bare DEL."""
    numpy.save("a\x7fb.npy", images())
    assert tried(world, [*TINY, "--data", "a\x7fb.npy", "--out", "delete"]) == 130
    assert tried(world, ["train", "--quiet", "--resume", "--out", "delete"]) == 130


@QUICK
@given(OTHERS)
def test_other_commands(world, arguments):
    tried(world, arguments)


@pytest.mark.parametrize("name", ["mine.png", "mine.npy"])
def test_force_overwrites_what_it_was_asked_to_and_nothing_else(name, world):
    before = files(world)
    assert run("sample", "it", "-n", 4, "-o", name) == 2 and files(world) == before
    assert run("sample", "it", "-n", 4, "-o", name, "--force") == 0
    after = files(world)
    assert {path for path in after if after[path] != before.get(path)} == {name}
    Path(world, name).write_text("mine")
