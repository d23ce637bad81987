"""Any value of any option of any command: `python -m tests.fuzz.cli --runs 100000`.

The commands and their options are read from the parser itself, so a new one is tried as soon as it
is there. A line is a command, its arguments, each most often of a kind that it takes, and any of
its options with any values. Each is carried out in this process, in a folder with runs and files of
a user's, and must end
  with exit code 2, one sentence on stderr, and no file or folder touched; or
  with 0, 1 or 130, having written nothing but what it was asked to, and over no file of the user's
  without --force (or --resume).

What would take long is left out in two ways, and everything before it is real, files, data and
checks of every field included:
  BEGUN     functions at which a command with valid arguments begins its work; a line that gets
            there has passed
  training  is real, but its networks are cut to 4 units a layer, k to 2, MNIST to 600 images, its
            pictures are empty, and after one iteration comes a SIGINT
"""

import argparse
import contextlib
import functools
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy

from numpygan import cli
from numpygan.data import dataset as datasets
from numpygan.gan.algorithm1 import algorithm1
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.recipe import Recipe
from numpygan.runs import trainer as training
from tests.helpers.cli import TINY, images, run, small_world

BEGUN = (
    "numpygan.gan.sampling.sample",
    "numpygan.figures.panels.figure3",
    "numpygan.figures.step_plot.save_step_plot",
    "numpygan.commands.gradcheck.save_step_plot",
    "numpygan.commands.gradcheck.check_all",
    "numpygan.commands.gradcheck.check_recipe",
    "numpygan.commands.gradcheck.check_file",
    "numpygan.metrics.image_scores.evaluate",
    "numpygan.commands.evaluate_images.image_baselines",
    "numpygan.commands.evaluate_ais.bounds",
    "numpygan.commands.evaluate_toys.carry_out",
    "numpygan.metrics.toys.evaluate",
    "numpygan.commands.sweep.carry_out",
    "numpygan.commands.report.report",
    "numpygan.commands.study.record",
    "numpygan.figures.theory_plots.save_losses",
    "numpygan.commands.explain.worked.run_example",
    "numpygan.commands.play._serve",
)


class Begun(BaseException):
    """The arguments were valid: the work would begin here."""


def _begin(*_, **__):
    raise Begun


# Name -> its parser
COMMANDS = next(action for action in cli.parser()._actions if action.choices).choices
ARGUMENTS = {  # what most often stands for an argument without a dash, by its metavar
    "RECIPE": [*RECIPES],
    "RUN": ["it", "toy"],
    "NAME": [*RECIPES],
    "RECIPE|all|FILE.py::NAME": [*RECIPES, "all"],
    "SWEEP.toml": ["sweep.toml"],
    "RECIPE|RUN": [*RECIPES, "it", "toy"],
    "LAYER": ["affine", "maxout", "algorithm1"],
    "start|check|solution": ["start", "check", "solution"],
    "N|FILE": [*"12345678"],
    "DIR": ["it", "new", "occupied"],
}
NAMES = [
    *RECIPES,
    "all",
    "affine",
    "it",
    "toy",
    "images.npy",
    "samples.npy",
    "toys.npy",
    "sweep.toml",
    "wide.toml",
    "occupied",
    "occupied/new",
    "file",
    "file/new.png",
    "it/config.toml",
    "it/checkpoint.npz",
    "broken",
    "nowhere",
    "..",
    ".",
    "",
    "-",
    "--",
    "/dev/null",
    "/dev/full",
    "/dev/zero",
    "/nowhere/new.png",
    "x" * 300,
    "y/" * 40 + "y" * 300,
    "new",
    "new.png",
    "new.npy",
    "new.json",
    "new.html",
    "new.toml",
    "no/new.html",
    "mine.png",
    "mine.npy",
    "mine.npz",
    "mine.json",
    "mine.html",
    "it/new.html",
    "<script>alert(1)</script>.html",
    "a b'\".png",
    "../up.png",
]
NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "10",
    "20",
    "256",
    "10000",
    "-1",
    "-0",
    "0.5",
    "1.5",
    "1e3",
    "1e-320",
    "1e308",
    "1e400",
    "nan",
    "inf",
    "-inf",
    "0x10",
    "١",
    "1_0",
    " 3",
    "3 ",
    "9" * 19,
    "9" * 400,
    "9" * 5000,
    str(2**63),
    str(2**64),
    "true",
    "None",
    "1,1,1",
    "0,0,0",
    "1;2",
    "1e6",
]
LAYERS = [
    "relu 4, linear",
    "relu 8, relu 8, sigmoid",
    "maxout 8x2",
    "leaky 4, tanh 4, sigmoid",
    "relu 999999, relu 999999, linear",
    "linear",
    "relu",
    "relu x",
    "maxout 2",
    "maxout 2x1",
    "sigmoid",
    ",".join(["relu 2"] * 200),
    "relu -1",
    "softmax 3",
]
CHOICES = [
    "adam",
    "momentum",
    "saturating",
    "non_saturating",
    "maximum_likelihood",
    "uniform",
    "gaussian",
    "float64",
    "float16",
    "contrast",
    "none",
    "mean",
    "zero",
    "authors2014",
    "algorithm1",
    "cpu",
    "gpu",
]
ALPHABET = "abz019 '\"\\\n\r\t\x1b\x7f=,.-:;|*?[]{}()<>&%$#~^!äß→𝔾\udc80\udcff\u2028\u202e"


def text(chance):
    """A few characters, as the shell hands them over: no NUL, bytes that are not UTF-8 as lone
    surrogates, and nothing with a slash.
    """
    return "".join(chance.choice(ALPHABET) for _ in range(chance.randrange(9))).replace("..", "._")


def value(chance):
    """A value for any option."""
    kind = chance.randrange(10)
    if kind == 0:
        return text(chance)
    if kind == 1:
        return f"{chance.choice([*vars(Recipe()), 'recipe', 'self', text(chance)])}={value(chance)}"
    if kind == 2:
        return str(chance.randrange(-3, 60))
    return chance.choice((NAMES, NAMES, NAMES, NUMBERS, NUMBERS, LAYERS, CHOICES)[kind - 3])


def setting(chance):
    """A field of a recipe, and a value for it, most often of a kind that it takes."""
    field = chance.choice([*vars(Recipe())])
    kinds = {
        tuple: LAYERS if field in ("generator", "discriminator") else NUMBERS,
        str: CHOICES + NAMES,
    }
    return f"{field}={chance.choice(kinds.get(type(getattr(Recipe(), field)), NUMBERS)) if chance.random() < 0.8 else value(chance)}"


def option(chance, action):
    """An option as it stands in a line: with a value, if it takes one, in one of the forms that
    argparse has.
    """
    name = chance.choice(action.option_strings)
    if action.nargs == 0:
        return [name]
    if chance.random() < 0.02:
        return [name]  # without its value
    known = action.choices or ([setting(chance)] if "FIELD" in (action.metavar or "") else None)
    given = str(chance.choice(list(known))) if known and chance.random() < 0.7 else value(chance)
    if chance.random() < 0.5:
        return [name, given]
    return [f"{name}={given}" if name.startswith("--") else name + given]


def line(chance, command=None):
    """A command line; of `command`, or of any."""
    command = command or chance.choice([*COMMANDS])
    words, options = [], []
    for action in COMMANDS[command]._actions:
        if action.option_strings:
            options.append(action)
        elif chance.random() < (0.7 if action.nargs == "?" else 0.97):
            words.append(
                [
                    chance.choice(ARGUMENTS[action.metavar])
                    if chance.random() < 0.75
                    else value(chance)
                ]
            )
    words += [
        option(chance, action) for action in options if action.required and chance.random() < 0.97
    ]
    words += [
        option(chance, chance.choice(options[1:] or options))
        for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 4)))
    ]  # without -h
    if chance.random() < 0.02:
        words.append([chance.choice(["-h", value(chance)])])
    if chance.random() < 0.3:
        chance.shuffle(words)
    return [*([] if chance.random() < 0.005 else [command]), *sum(words, [])]


@contextlib.contextmanager
def world(place):
    """In the folder `place`/world, with runs and files of a user's; long work is cut short (see
    above). Gives `place`.
    """
    folder = Path(place, "world")
    folder.mkdir()
    # Ignored by what a shell starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
    build, advance, load = training.build, training.Training.advance, datasets.load

    def narrow(recipe, *rest):
        cut = lambda layers: tuple(
            f"{text.split()[0]} {'2x2' if 'maxout' in text else 4}" for text in layers
        )
        return build(
            replace(
                recipe,
                generator=(*cut(recipe.generator[:-1]), recipe.generator[-1]),
                noise_dim=min(recipe.noise_dim, 50),
                discriminator=cut(recipe.discriminator),
            ),
            *rest,
        )

    @functools.cache
    def mnist():
        whole = load("mnist")
        return replace(
            whole, train=whole.train[:600], validation=whole.validation[:100], test=whole.test[:100]
        )

    with small_world(folder), contextlib.ExitStack() as patches:
        numpy.save("images.npy", images())
        assert run(*TINY, "--iterations", 2, "--out", "it") == 0
        numpy.save("samples.npy", numpy.random.default_rng(0).random((60, 64)).astype("float32"))
        numpy.save("toys.npy", numpy.random.default_rng(0).normal(size=(60, 2)))
        for name, content in {
            "occupied/thesis.tex": "mine",
            "file": "mine",
            "mine.png": "mine",
            "mine.npy": "mine",
            "mine.npz": "mine",
            "mine.json": "mine",
            "mine.html": "mine",
            "sweep.toml": 'recipe = "ring"\n[grid]\nk = [1, 2]\n',
            "wide.toml": 'recipe = "ring"\n[grid]\nk = [0]\n',
            "broken/config.toml": "k = [[",
            "broken/checkpoint.npz": "PK",
            "it/evaluation.json": '{"rows": []}',
        }.items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(content)
        for name in BEGUN:
            patches.enter_context(mock.patch(name, _begin))
        for name, instead in {
            "numpygan.cli.parser": functools.cache(cli.parser),  # made once
            "numpygan.runs.trainer.build": narrow,
            "numpygan.runs.trainer.algorithm1": lambda *given: algorithm1(
                *given[:-2], min(given[-2], 2), given[-1]
            ),  # k ≤ 2
            "numpygan.runs.trainer.Training.advance": lambda self: (
                signal.raise_signal(signal.SIGINT),
                advance(self),
            ),
            "numpygan.figures.pictures.save_learning_curves": lambda *_: None,
            "numpygan.runs.records.gc.collect": lambda: 0,
            "numpygan.figures.pictures.save_samples": lambda path, *_: Path(path).write_bytes(b""),
            "numpygan.data.dataset.load": lambda source, **how: (
                mnist() if source == "mnist" else load(source, **how)
            ),
            "numpygan.commands.evaluate_images.load": lambda source, **how: (
                mnist() if source == "mnist" else load(source, **how)
            ),
        }.items():
            patches.enter_context(mock.patch(name, instead))
        yield Path(place)


def look(place):
    """Every file and folder below `place`: path -> what changes when it is touched."""
    found, waiting = {}, [str(place)]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            stat = entry.stat(follow_symlinks=False)
            found[entry.path] = (
                stat.st_ino,
                None if entry.is_dir(follow_symlinks=False) else (stat.st_size, stat.st_mtime_ns),
            )
            if found[entry.path][1] is None:
                waiting.append(entry.path)
    return found


def asked_for(words):
    """The paths that a line of valid words may write to, and whether it may write over what is
    there.
    """
    options = vars(cli.parser().parse_args(words))
    command = options["run_command"].__module__.rpartition(".")[2]
    given = [
        options.get(name)
        for name in ("out", "plot", "baselines", *(("file",) if command != "sweep" else ()))
    ]
    places = [Path(path) for path in given if path]
    # a toy's picture stands beside its table
    places += [path.with_suffix(".png") for path in places if path.name]
    if command == "train":
        places += [Path("runs")]
    if command == "lesson":
        places += [*Path(options["out"] or ".").glob("lesson_*"), Path(options["out"] or "new")]
    if command == "sweep":
        places += [Path("runs", Path(options["file"]).stem)]
    if command in ("evaluate", "report") and options["run"] is not None:
        run_path = Path(options["run"])
        places += [
            run_path / "evaluation.json",
            run_path / "evaluation.png",
            run_path / "ais.npz",
            Path("runs", f"{options['run']}-seeds"),
        ]
    if command == "evaluate":
        places += [Path("evaluation.json"), Path("evaluation.png")]
    if command == "report":
        places += [run_path / "report.html"]
    if options.get("resume"):
        places += [Path("it"), Path("toy")]
    return [path.resolve() for path in places], options.get("force") or options.get("resume")


def tried(words, place):
    """How the line ends: its exit code, or "begun"; and the paths it touched.

    Whatever must not be is raised.
    """
    before = look(place)
    # Stdout is strict, as a terminal's is
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = run(*words)
        except SystemExit as end:  # -h, --version
            code = end.code
        except Begun:
            code = "begun"
    after, said = look(place), err.getvalue()
    assert code in (0, 1, 2, 130, "begun"), code
    touched = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    if code == 2:
        assert (
            said.startswith("numpygan: ")
            and said.count("\n") == 1
            and said.endswith(".\n")
            and len(said) < 1000
        ), said
        # That is no fault of the arguments: the run is there
        assert not touched or "training diverged" in said, touched
    if touched:
        places, over = asked_for(words)
        for path in map(Path, touched):
            assert any(
                path.resolve() == asked
                or asked in path.resolve().parents
                or path.resolve() in asked.parents
                for asked in places
            ), path
        changed = touched & before.keys()
        own = {
            path for path in changed if path.endswith(("evaluation.json", "evaluation.png"))
        }  # a measurement replaces the last one
        assert over or not changed - own, changed
    return code, touched


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", choices=COMMANDS, help="lines of this one only")
    options = parser.parse_args()
    chance, ends, slowest, start = (
        random.Random(options.seed),
        Counter(),
        (0.0, None),
        time.process_time(),
    )
    with tempfile.TemporaryDirectory() as kept:
        Path(kept, "here").mkdir()
        with world(Path(kept, "here")) as place:
            shutil.copytree(place, Path(kept, "good"))
            for number in range(options.runs):
                words = line(chance, options.command)
                began = time.process_time()
                try:
                    code, touched = tried(words, place)
                except BaseException:
                    print(f"line {number:,}: {words!r}", file=sys.stderr)
                    raise
                slowest = max(slowest, (time.process_time() - began, words))
                ends[code] += 1
                for path in touched:
                    _restore(path, Path(kept, "good", Path(path).relative_to(place)))
    seconds = time.process_time() - start
    print(
        f"{options.runs:,} lines in {seconds:.0f} s of processor time: "
        + ", ".join(f"{n:,} ended with {code}" for code, n in ends.items())
    )
    print(f"slowest {slowest[0]:.2f} s: {slowest[1]!r:.300}")


def _restore(path, good):
    """What was touched as it was."""
    if good.is_file():
        shutil.copyfile(good, path)
    elif not good.exists():
        shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else Path(path).unlink(
            missing_ok=True
        )


if __name__ == "__main__":
    main()
