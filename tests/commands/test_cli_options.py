"""Any value of every option of every command: success, or one sentence, exit code 2 and no file
touched.

`python -m tests.fuzz.cli` goes on from here.
"""

import random
import shutil
from pathlib import Path

import numpy
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz import cli
from tests.helpers.cli import TINY, TINY_TOY, files, images, run

OPTIONS = [
    (name, action.option_strings[-1])
    for name, parser in cli.COMMANDS.items()
    for action in parser._actions
    if action.option_strings and action.nargs != 0
]
NEEDED = {  # what a line of a command needs besides the option that is tried
    "sample": ["it", "-o", "new.png"],
    "interpolate": ["it", "-o", "new.png"],
    "export": ["it", "-o", "new.npz"],
    "evaluate": ["it"],
    "report": ["it"],
    "sweep": ["sweep.toml"],
    "explain": ["affine"],
    "lesson": ["start", "1", "new"],
}
# As the shell hands them over: no NUL, bytes that are not UTF-8 as lone surrogates; nothing outside
# the test's own folder.
TEXT = st.text(
    st.characters(exclude_characters="\0/", exclude_categories=["Cs"])
    | st.sampled_from("\udc80\udcff'\"\\\n\x1b\x7f=,.- 0"),
    max_size=12,
).map(lambda text: text.replace("..", "._"))
NUMBER = (st.integers(-3, 40) | st.integers() | st.floats()).map(str) | st.sampled_from(cli.NUMBERS)
VALUE = TEXT | NUMBER | st.sampled_from(cli.NAMES + cli.LAYERS + cli.CHOICES)
QUICK = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with cli.world(tmp_path_factory.mktemp("cli")) as place:
        yield place


@pytest.fixture
def world(place):
    """The folder of the user's files, and below it whatever earlier lines made."""
    return place / "world"


def test_every_command_is_tried():
    assert {*NEEDED} | {"train", "recipes", "gradcheck", "theory", "study", "play"} == {
        *cli.COMMANDS
    }
    assert {
        action.metavar
        for parser in cli.COMMANDS.values()
        for action in parser._actions
        if not action.option_strings
    } == {*cli.ARGUMENTS}
    assert len(OPTIONS) > 30 and ("train", "--set") in OPTIONS


@pytest.mark.parametrize("examples", [12, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.parametrize("command, option", OPTIONS)
def test_any_value_of(command, option, examples, place):
    rest = list(NEEDED.get(command, []))
    if option in rest:
        del rest[rest.index(option) :]

    @settings(QUICK, max_examples=examples)
    @given(VALUE)
    def any_value(value):
        cli.tried([command, *rest, option, value], place)

    any_value()


FIELDS = st.sampled_from([*vars(cli.Recipe()), "recipe", "self", ""])


@settings(QUICK, max_examples=80)
@given(st.sampled_from([TINY, TINY_TOY, ["train", "ring"]]), FIELDS, VALUE, TEXT)
def test_any_value_of_a_field(place, base, field, value, text):
    cli.tried([*base, "--set", f"{field}={value}"], place)
    cli.tried([*base, "--set", text], place)


@pytest.mark.parametrize("seed", range(10))
def test_lines_of_many_options(seed, place):
    chance = random.Random(seed)
    for _ in range(20):
        cli.tried(cli.line(chance), place)


# By these tests and by hand; each was a traceback once, a file touched, or a run that could not be
# resumed
FOUND = {
    "a stdout that can't show the path": (["train", "ring", "--out", "o\udcff"], 130),
    "a path that config.toml can't hold": ([*TINY, "--data", "u\udcff.npy"], 2),
    "a text that config.toml can't hold": ([*TINY_TOY, "--set", "about=\udc80"], 2),
    "a text that config.toml would be too long with": (
        [*TINY_TOY, "--set", "about=" + "x" * 100_000],
        2,
    ),
    "a number that TOML can't hold": ([*TINY_TOY, "--seed", str(2**64)], 2),
    "a field called as an argument": ([*TINY_TOY, "--set", "recipe=1"], 2),
    "a data path too long": (["train", "--data", "x" * 5000], 2),
    "a run path too long": (["train", "ring", "--out", "y" * 300], 2),
    "a run to sample from too long": (["sample", "y" * 5000, "-o", "x.npy"], 2),
    "a file to write too long": (["sample", "it", "-o", "y" * 300 + ".npy"], 2),
    "a name with a line break": (["recipes", "a\nb"], 2),
    "two dashes as a value": (["interpolate", "it", "-o--"], 2),
    "two dashes as a field": ([*TINY, "--set=--"], 2),
    "a path in place of a recipe": (["train", "--resume", "/dev/null"], 2),
    "devices": (["evaluate", "--samples", "/dev/zero"], 2),
    "an evaluation that doesn't say of what": (["evaluate", "it", "--ais"], 2),
}


@pytest.mark.parametrize("case", FOUND)
def test_found(case, place):
    arguments, code = FOUND[case]
    assert cli.tried(arguments, place)[0] == code


FILES = [
    (command, action.option_strings[-1], action.metavar)
    for command, parser in cli.COMMANDS.items()
    for action in parser._actions
    if action.option_strings
    and (action.metavar or "").startswith("FILE")
    and action.dest != "samples"
]


def test_every_option_that_names_a_file_to_write_is_tried():
    assert len(FILES) == 8 and all(
        "--force" in cli.COMMANDS[command]._option_string_actions for command, *_ in FILES
    )


@pytest.mark.parametrize("command, option, metavar", FILES)
def test_a_file_that_is_there_is_left_as_it_is(command, option, metavar, world, place):
    """Before any work; with --force the work begins."""
    for path in world.glob("new.*"):  # of earlier lines
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    rest = [word for word in NEEDED.get(command, []) if word not in ("-o", "new.png", "new.npz")]
    file = f"mine{metavar.removeprefix('FILE') or '.png'}"
    assert cli.tried([command, *rest, option, file], place)[0] == 2
    (world / f"link{Path(file).suffix}").symlink_to(file)
    assert cli.tried([command, *rest, option, f"link{Path(file).suffix}"], place)[0] == 2
    fresh = cli.tried([command, *rest, option, f"new{Path(file).suffix}"], place)
    assert fresh[0] in (0, "begun")
    assert cli.tried([command, *rest, option, file, "--force"], place)[0] in (0, "begun")
    for path in world.glob("link.*"):
        path.unlink()


@pytest.mark.parametrize(
    "line",
    [("train", "ring"), ("theory",), ("sweep", "sweep.toml"), ("evaluate", "ring", "--seeds", "2")],
)
def test_a_folder_that_is_there_is_left_as_it_is(line, world, place):
    """A file in its place is refused by all; one with files of the user's by those that would write
    among or over them.
    """
    (world / "figures").mkdir(exist_ok=True)
    (world / "figures" / "figure1.png").write_text("mine")
    assert cli.tried([*line, "--out", "file"], place)[0] == 2
    for folder in {"train": ["occupied", "it", "figures"], "theory": ["figures"]}.get(line[0], []):
        assert cli.tried([*line, "--out", folder], place)[0] == 2


@pytest.mark.parametrize("name", ["mine.png", "mine.npy"])
def test_force_overwrites_what_it_was_asked_to_and_nothing_else(name, world, monkeypatch):
    monkeypatch.setattr("numpygan.gan.sampling.sample", lambda *_: numpy.zeros((4, 64), "float32"))
    before = files(world)
    assert run("sample", "it", "-n", 4, "-o", name) == 2 and files(world) == before
    assert run("sample", "it", "-n", 4, "-o", name, "--force") == 0
    after = files(world)
    assert {path for path in after if after[path] != before.get(path)} == {name}
    (world / name).write_text("mine")


def test_delete_in_a_path_can_be_resumed(world, place):
    """TOML, unlike JSON, does not allow a bare DEL."""
    numpy.save("a\x7fb.npy", images())
    assert cli.tried([*TINY, "--data", "a\x7fb.npy", "--out", "delete"], place)[0] == 130
    assert run("train", "--quiet", "--resume", "--out", "delete") == 130


def test_play_has_data_of_its_own(capsys):
    assert run("play", "--data", "x.npy") == 2
    assert "play has data of its own" in capsys.readouterr().err
