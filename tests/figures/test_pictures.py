"""Pictures are the same on every machine: matplotlib's settings are neither used nor changed, and
grey values have one scale.
"""

import io
import logging
import math
import os
import subprocess
import sys
import threading

import matplotlib
import numpy
import pytest
from matplotlib import pyplot
from matplotlib.image import imread

from numpygan.figures import panels, pictures, plot, theory_plots
from numpygan.figures.side_by_side import save_side_by_side
from numpygan.recipes.recipe import Recipe
from tests.helpers.cli import run

DRAW = """
import sys, numpy
from types import SimpleNamespace
from numpygan.figures import figure1, pictures, theory_plots
from numpygan.figures.side_by_side import save_side_by_side
from numpygan.figures.toy_plot import save_toy_plot
rows = [dict(epoch=float(i), V=-1.0 - i, D_real=0.6, D_fake=0.4, parzen=100.0 + i) for i in range(4)]
pictures.save_learning_curves("curves.png", rows)
x = numpy.linspace(0, 1, 40).reshape(20, 2)
pictures.save_samples("points.png", x)
pictures.save_samples("line.png", x[:, :1])
pictures.save_samples("table.png", x.reshape(4, 10))
pictures.save_samples("images.png", numpy.linspace(0, 1, 128).reshape(2, 64), (8, 8))
save_side_by_side("beside.png", {"a": numpy.eye(64), "b $_{": numpy.eye(64)}, (8, 8), (0, 1), rows=1)
save_toy_plot("toy.png", x, x, x[:3], 0.1, "runs/\\u6570\\u5b57 $x_{")
theory_plots.save_losses("losses.png")
look = SimpleNamespace(iteration=1, stage="both", p_g=0 * figure1.X[:, 0], d=0 * figure1.X[:, 0], d_star=figure1.X[:, 0],
                       to=figure1.U)
figure1.save_animation("game.gif", [look])
print("drawn")
"""
RC = """
text.usetex: True
font.family: No Such Font
mathtext.fontset: stix
lines.linewidth: 9
axes.facecolor: black
savefig.bbox: tight
savefig.dpi: 30
savefig.format: svg
axes.formatter.use_locale: True
image.interpolation: bicubic
axes.autolimit_mode: round_numbers
figure.figsize: 1, 1
no.such.key: 3
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """`drawn(files, **variables)`: the pictures that Python draws in a folder with these files, by
    name, and what it said.
    """

    def draw(files=(), **variables):
        folder = tmp_path_factory.mktemp("drawn")
        for name, content in dict(files).items():
            (folder / name).write_bytes(content)
        env = {name: value for name, value in os.environ.items() if not name.startswith("MPL")}
        env |= {name: value.format(folder=folder) for name, value in variables.items()}
        done = subprocess.run(
            [sys.executable, "-W", "error::UserWarning", "-c", DRAW],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return {
            file.name: file.read_bytes()
            for file in folder.iterdir()
            if file.suffix in (".png", ".gif")
        }, done.stderr

    return draw


@pytest.fixture(scope="module")
def plain(drawn):
    found, said = drawn()
    assert len(found) == 9 and said == ""
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "variables"),
    [
        (
            {"matplotlibrc": RC.encode()},
            {"MPLBACKEND": "module://nowhere.inline", "PATH": "/nowhere"},
        ),
        ({"matplotlibrc": b"\xff\xfe\x00 is not text"}, {"MPLBACKEND": "pgf"}),
        (
            {"other": b"lines.linewidth 7\nfont.size: large\n\xff"},
            {"MATPLOTLIBRC": "{folder}/other"},
        ),
        (
            {
                "matplotlibrc": RC.encode()
                + b"text.usetex: perhaps\nbackend: TkAgg\nlines.linewidth\n"
            },
            {"HOME": "/nowhere"},
        ),
    ],
)
def test_the_same_pixels_in_silence_whatever_the_users_settings_are(drawn, plain, files, variables):
    found, said = drawn(files, **variables)
    assert [name for name in plain if found[name] != plain[name]] == [] and said == ""


@pytest.mark.parametrize("epochs", [[1 / 3907], [300 / 3907], [k / 3907 for k in (1, 2, 3, 4)]])
def test_the_epochs_of_a_short_run_do_not_overlap(epochs):
    rows = [{"epoch": e, "V": -1.4, "D_real": 0.5, "D_fake": 0.5, "parzen": -9.0} for e in epochs]
    for draw in pictures.learning_panels(rows).values():
        with plot.saved_figure(io.BytesIO(), 4.5, 3.4) as (figure, axes):
            draw(axes)
            figure.draw_without_rendering()
            boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
            inside = [box for box in boxes if box.x0 < axes.bbox.x1 and box.x1 > axes.bbox.x0]
            assert inside and all(a.x1 < b.x0 for a, b in zip(inside, inside[1:]))


@pytest.mark.parametrize("columns, least", [(1, 1000), (2, 100)])
def test_a_toy_s_samples_are_drawn(columns, least, tmp_path):
    """As a green histogram, or as green points; other tests' trainings don't draw them."""
    rows = numpy.random.default_rng(0).normal(size=(50, columns))
    pictures.save_samples(tmp_path / "toy.png", rows)
    picture = imread(tmp_path / "toy.png")[..., :3]
    green = abs(picture - matplotlib.colors.to_rgb(plot.GREEN)).max(axis=2) < 0.02
    assert picture.shape == (440, 440, 3) and least < green.sum() < 440**2 / 3


def test_a_call_leaves_the_users_matplotlib_as_it_was(tmp_path):
    with matplotlib.rc_context(
        {"lines.linewidth": 7.5, "text.usetex": True, "font.family": "No Such Font"}
    ):
        mine, before, backend = pyplot.figure(), dict(matplotlib.rcParams), matplotlib.get_backend()
        level = logging.getLogger("matplotlib").level
        theory_plots.save_losses(tmp_path / "losses.png")
        with pytest.raises(RuntimeError), plot.own_settings():
            assert matplotlib.rcParams["lines.linewidth"] != 7.5
            raise RuntimeError
        assert dict(matplotlib.rcParams) == before and matplotlib.get_backend() == backend
        assert (
            pyplot.get_fignums() == [mine.number] and logging.getLogger("matplotlib").level == level
        )
        pyplot.close(mine)


def test_two_threads_that_draw_leave_the_users_settings(tmp_path):
    with matplotlib.rc_context({"lines.linewidth": 7.5}):
        inside, go_on = threading.Event(), threading.Event()

        def hold():
            with plot.own_settings():
                inside.set()
                go_on.wait()

        threads = [
            threading.Thread(target=hold),
            threading.Thread(target=theory_plots.save_losses, args=[tmp_path / "a.png"]),
        ]
        threads[0].start()
        inside.wait()
        threads[1].start()
        go_on.set()
        for thread in threads:
            thread.join()
        assert matplotlib.rcParams["lines.linewidth"] == 7.5 and (tmp_path / "a.png").exists()


def visible(layer):
    return Recipe(generator=("relu 4", layer))


def test_limits_are_those_of_the_visible_layer_or_of_the_data():
    data = numpy.array([[-3, 5.0]])
    assert pictures.limits(visible("sigmoid"), data) == (0, 1) and pictures.limits(
        visible("tanh")
    ) == (-1, 1)
    assert (
        pictures.limits(visible("linear"), data) == (-3, 5)
        and pictures.limits(visible("linear")) is None
    )
    assert pictures.limits(visible("linear"), numpy.array([[0, 255]], "uint8")) == (0, 1)
    for values, expected in (
        ([0, 0.5], (0, 1)),
        ([-0.2, 0.5], (-1, 1)),
        ([-1, 1], (-1, 1)),
        ([2, 2], (2, 2 + 1e-8)),
    ):
        assert pictures.limits_of(numpy.array(values, float)) == pytest.approx(expected, abs=1e-12)


def test_a_whole_picture_has_one_scale():
    # Each row another range; some outside
    rows = numpy.array([[-1, 0, 0, 0], [0, 0.5, 1, 3], [0, 0, math.nan, -9]])
    images = pictures.as_images(rows, (2, 2), (-1, 1)).reshape(3, 4)
    assert images.tolist() == [[0, 0.5, 0.5, 0.5], [0.5, 0.75, 1, 1], [0.5, 0.5, 0, 0]]
    own = pictures.as_images(rows[:2], (2, 2), None).reshape(2, 4)  # from −1 to 3
    assert own.tolist() == [[0, 0.25, 0.25, 0.25], [0.25, 0.375, 0.5, 1]]


def test_samples_and_training_examples_beside_them_have_one_scale():
    samples, train = numpy.full((1, 64), 0.5), numpy.full((3, 64), -0.5)
    picture = panels.figure2(samples, train, (8, 8), (-1, 1))
    assert picture[0, 0] == 0.75 and picture[0, -1] == 0.25


def test_panels_of_several_models_have_one_scale(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.imshow", lambda self, picture, **style: seen.append((picture, style))
    )
    grey, wild = (
        numpy.full((8, 64), 0.5),
        numpy.concatenate([numpy.full((7, 64), 0.5), numpy.full((1, 64), 4.0)]),
    )
    save_side_by_side(tmp_path / "a.png", {"a": grey, "b": wild}, (8, 8), (0, 1), rows=1)
    (one, style), (other, _) = seen
    assert (
        one[0, 0] == other[0, 0] == 0.5
        and other[0, -1] == 1
        and (style["vmin"], style["vmax"]) == (0, 1)
    )


@pytest.mark.parametrize(("layer", "low"), [("sigmoid", 0), ("tanh", -1)])
def test_a_run_is_drawn_by_the_scale_of_its_visible_layer(tmp_path, monkeypatch, layer, low):
    monkeypatch.chdir(tmp_path)
    numpy.save(
        "mine.npy", numpy.random.default_rng(0).uniform(low, 1, (60, 8, 8)).astype("float32")
    )
    fields = (
        f"generator=relu 8,{layer}",
        "discriminator=relu 8",
        "keep=1,1",
        "scale_g=0,0",
        "scale_d=0,0",
        "bias=zero",
        "batch=10",
    )
    settings = [word for field in fields for word in ("--set", field)]
    made = ("--data", "mine.npy", "--iterations", "2", "--out", "r", "--quiet", *settings)
    assert run("train", "mnist", *made) == 0
    assert (
        run("sample", "r", "-n", "4", "-o", "s.npy")
        == run("sample", "r", "-n", "4", "-o", "s.png")
        == 0
    )
    assert (
        run("interpolate", "r", "-n", "1", "-o", "i.png")
        == run("sample", "r", "-n", "1", "--nearest", "-o", "n.png")
        == 0
    )
    samples, picture = numpy.load("s.npy"), imread("s.png")[..., 0]
    expected = (samples[0].reshape(8, 8) - low) / (1 - low)
    assert abs(picture[:8, :8] - expected).max() < 0.5 / 255 + 1e-6
    for name in ("r/samples/00000002.png", "i.png", "n.png"):  # a new G is nearly 0 everywhere
        assert abs(imread(name)[2, 2, 0] - 0.5) < 0.25 or low == 0


class Curves:
    """The axes of save_learning_curves, kept while they are drawn."""

    def __init__(self, monkeypatch, rows, path):
        make = plot.new_figure

        def kept(*size):
            self.figure, self.axes = make(*size)
            return self.figure, self.axes

        monkeypatch.setattr(plot, "new_figure", kept)
        pictures.save_learning_curves(path, rows)

    def points(self, panel, label):
        line = next(line for line in self.axes[panel].get_lines() if line.get_label() == label)
        return line.get_xdata(), line.get_ydata(), line.get_marker()


def rows(parzen, epochs=None):
    epochs = epochs or range(1, len(parzen) + 1)
    return [
        {"epoch": float(e), "V": -1.2, "D_real": 0.6, "D_fake": 0.4, "parzen": p}
        for e, p in zip(epochs, parzen)
    ]


def test_parzen_is_drawn_through_the_rows_that_have_one(tmp_path, monkeypatch):
    curves = Curves(monkeypatch, rows([1.0, math.nan, 3.0, math.nan, 5.0]), tmp_path / "a.png")
    x, y, marker = curves.points(2, "validation")
    assert list(x) == [1, 3, 5] and list(y) == [1, 3, 5] and marker == "None"


def test_a_curve_of_one_point_is_seen_among_longer_ones(tmp_path, monkeypatch):
    curves = Curves(monkeypatch, rows([math.nan, math.nan, 7.0, math.nan]), tmp_path / "a.png")
    assert curves.points(2, "validation")[2] == "o" and curves.points(0, "V(D, G)")[2] == "None"


@pytest.mark.parametrize("parzen", [[], [math.nan], [1.0], [math.nan] * 9, [math.inf, -math.inf]])
def test_few_rows_and_empty_columns_are_drawn(tmp_path, monkeypatch, parzen):
    curves = Curves(monkeypatch, rows(parzen), tmp_path / "a.png")
    assert (
        len(curves.axes) == (3 if parzen == [1.0] else 2) and imread(tmp_path / "a.png").std() > 0
    )


def test_the_legends_cover_no_axes(tmp_path, monkeypatch):
    curves = Curves(monkeypatch, rows([1.0, 2.0, 3.0, 4.0]), tmp_path / "a.png")
    for axes in curves.axes:
        box = axes.get_legend().get_window_extent()
        assert box.height > 0 and not any(
            box.overlaps(other.get_window_extent()) for other in curves.axes
        )
        assert box.y0 >= 0 and box.x0 >= 0 and box.x1 <= curves.figure.bbox.x1


def test_the_level_of_matplotlib_s_messages_is_the_user_s_again():
    log = logging.getLogger("matplotlib")
    before = log.level
    log.setLevel(logging.INFO)
    try:
        with plot.saved_figure(io.BytesIO(), 1, 1):
            assert log.level > logging.ERROR
        assert log.level == logging.INFO
    finally:
        log.setLevel(before)


@pytest.mark.parametrize("n, marker", [(1, "o"), (2, "o"), (3, "None")])
def test_a_curve_of_fewer_than_three_points_shows_them(n, marker):
    names = ("V", "D_real", "D_fake", "parzen")
    rows = [{"epoch": epoch} | dict.fromkeys(names, 0.5) for epoch in range(n)]
    with plot.own_settings():
        for draw in pictures.learning_panels(rows).values():
            _, axes = plot.new_figure(2, 2)
            draw(axes)
            assert axes.lines[0].get_marker() == marker


FORKED = """
import os, signal, sys, threading
from numpygan.figures.plot import own_settings
drawing, done = threading.Event(), threading.Event()

def draw():
    with own_settings():
        drawing.set()
        done.wait()

thread = threading.Thread(target=draw)
thread.start()
drawing.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    with own_settings():
        os._exit(7)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
done.set()
thread.join()
sys.exit(code)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a process")
def test_a_process_that_is_forked_while_another_thread_draws_can_draw():
    command = [sys.executable, "-W", "ignore", "-c", FORKED]
    assert subprocess.run(command, timeout=60).returncode == 7
