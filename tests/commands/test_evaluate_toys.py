"""numpygan evaluate on toys: a run, samples from a file, and a recipe with many seeds in processes
of their own.
"""

import json
import math
from pathlib import Path

import numpy
import pytest
from matplotlib.image import imread

from numpygan.arrays import Stream
from numpygan.commands import evaluate_toys as command
from numpygan.data.sources import ring
from numpygan.errors import Diverged
from numpygan.gan.sampling import sample
from numpygan.metrics import toys
from numpygan.metrics.modes import count_modes
from numpygan.recipes.builtin import RECIPES
from numpygan.runs.trainer import Training
from tests.helpers.cli import TINY_TOY, files, learned, run, small_world
from tests.helpers.plain import plain_play

TINY = TINY_TOY[3:]  # its --set arguments


def rows(file):
    """The rows of an evaluation.json by the first word of the metric."""
    return {row["metric"].split()[0]: row for row in json.loads(Path(file).read_text())["rows"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a run of a toy, and three short ones by --seeds.

    Fewer samples are drawn of p_data. The pictures are empty, but for `drawn.png`.
    """
    folder, draw = tmp_path_factory.mktemp("world"), command.save_toy_plot

    def save_toy_plot(path, *what):
        draw(path, *what) if path.name == "drawn.png" else path.write_bytes(b"")

    with small_world(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(toys, "DRAWS", 20_000)
        patch.setattr(toys, "PAIRED", 200)
        patch.setattr(command, "save_toy_plot", save_toy_plot)
        patch.setattr(command, "play", plain_play)
        assert run("evaluate", "ring", "--seeds", 3, *TINY, "--set", "iterations=20") == 0
        yield folder


@pytest.fixture(autouse=True)
def here(world, monkeypatch):
    monkeypatch.chdir(world)


def test_the_toy_table_of_a_run(capsys):
    assert run("evaluate", "toy", "-o", "drawn.json") == 0
    out = capsys.readouterr().out
    for line in ("this GAN", "the true distribution", "6.3 ± 0.5", "98.89 %", "lower bound"):
        assert line in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 100
    found = rows("drawn.json")
    assert list(found) == ["modes", "high", "reverse", "JSD", "2-Wasserstein"]
    for row in found.values():
        assert (
            row.keys() == {"metric", "value", "se", "real", "real_se", "detail", "caveat"}
            and row["se"] is None
        )
    assert found["modes"]["real"] == 8 and abs(found["high"]["real"] - 98.89) < 1
    assert 0 < found["JSD"]["real"] < 0.01 < 0.3 < found["JSD"]["value"] <= math.log(2)
    assert imread("drawn.png").ndim == 3


def test_samples_from_a_file_score_as_the_run_they_are_of():
    assert run("sample", "toy", "-n", 2500, "-o", "points.npy") == 0
    assert run("evaluate", "--samples", "points.npy", "--data", "ring", "-o", "points.json") == 0
    assert run("evaluate", "toy") == 0
    for name in ("modes", "high", "reverse"):
        assert rows("points.json")[name]["value"] == rows("toy/evaluation.json")[name]["value"]


def test_the_true_distribution_scores_as_its_own_row(capsys):
    numpy.save("real.npy", toys.real_draw("grid", 2500, seed=99).astype("float32"))
    assert (
        run("evaluate", "--samples", "real.npy", "--data", "grid", "-o", "real.json", "--force")
        == 0
    )
    for row in rows("real.json").values():
        assert abs(row["value"] - row["real"]) <= 6 * math.sqrt(10) * row["real_se"] + 1e-9
    assert "17.3 ± 0.8" in capsys.readouterr().out


def test_seeds_are_the_runs_that_train_makes(tmp_path):
    """Trained in another process, and with one BLAS thread: the same bits."""
    for seed in (0, 2):
        assert (
            run(*TINY_TOY, "--iterations", 20, "--seed", seed, "--out", tmp_path / str(seed)) == 0
        )
        assert learned(tmp_path / str(seed)) == learned(Path(f"runs/ring-seeds/{seed}"))


def test_the_mean_over_seeds_and_its_standard_error():
    each = []
    for seed in range(3):
        assert run("evaluate", f"runs/ring-seeds/{seed}") == 0
        each.append(
            {
                name: row["value"]
                for name, row in rows(f"runs/ring-seeds/{seed}/evaluation.json").items()
            }
        )
    for name, row in rows("runs/ring-seeds/evaluation.json").items():
        values = [one[name] for one in each]
        assert row["value"] == pytest.approx(sum(values) / 3, rel=1e-12)
        spread = math.sqrt(sum((value - row["value"]) ** 2 for value in values) / 2)
        assert row["se"] == pytest.approx(spread / math.sqrt(3), rel=1e-9, abs=1e-15)
    assert len({one["JSD"] for one in each}) == 3


def test_the_distribution_over_the_seeds(capsys):
    """Each seed's own values, and the table of their spread, worked from them."""
    assert run("evaluate", "ring", "--seeds", 3, *TINY, "--set", "iterations=20") == 0
    out = capsys.readouterr().out
    found = rows("runs/ring-seeds/evaluation.json")
    for row in found.values():
        assert len(row["each"]) == 3 and sum(row["each"]) / 3 == pytest.approx(row["value"])
    assert found["modes"]["each"] < [8, 8, 8]
    assert "All 8 modes: 0 of 3 seeds. Not all: 0 (" in out
    *_, line = (line for line in out.splitlines() if line.startswith("JSD to p_data (nats)"))
    jsd = found["JSD"]["each"]
    least, *_, largest, worst = line.split()[4:]
    assert (least, largest) == (f"{min(jsd):.4f}", f"{max(jsd):.4f}")
    assert int(worst) == jsd.index(max(jsd))


def test_more_seeds_keep_the_runs_that_are_there_and_longer_ones_go_on(tmp_path, capsys):
    line = ["evaluate", "ring", "--out", tmp_path / "seeds", *TINY, "--set"]
    assert run(*line, "iterations=10", "--seeds", 1) == 0
    before = files(tmp_path / "seeds/0")
    assert run(*line, "iterations=10", "--seeds", 2) == 0
    assert files(tmp_path / "seeds/0") == before
    assert run(*line, "iterations=20", "--seeds", 2) == 0
    for seed in range(2):
        assert learned(tmp_path / f"seeds/{seed}") == learned(Path(f"runs/ring-seeds/{seed}"))
    assert run(*line, "iterations=10", "--seeds", 2) == 2  # a longer run is not the recipe's
    assert "20 iterations" in capsys.readouterr().err


STEEP = [f"--set={name}" for name in ("rule=momentum", "learning_rate_g=1e30")]
STEEP += ["--set=learning_rate_d=1e30", "--set=iterations=50"]


def test_if_all_seeds_diverge_it_is_an_error(capsys, tmp_path):
    assert run("evaluate", "ring", "--seeds", 2, "--out", tmp_path / "seeds", *TINY, *STEEP) == 2
    errors = capsys.readouterr().err.splitlines()
    first = f"the first one, {tmp_path / 'seeds' / '0'}: training diverged at iteration 1: "
    assert errors[-1].startswith(f"numpygan: --seeds: each of the runs diverged; {first}")
    assert "Traceback" not in "".join(errors)
    assert not (tmp_path / "seeds/evaluation.json").exists()


def play_but_seed_1(recipe, path):
    if recipe.seed == 1:
        raise Diverged("training diverged at iteration 7.")
    return plain_play(recipe, path)


def test_a_seed_that_diverges_is_named_and_left_out(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "play", play_but_seed_1)
    line = ["evaluate", "ring", "--seeds", 3, "--out", tmp_path, *TINY, "--set=iterations=20"]
    assert run(*line) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "over 2 seeds" in out and "All 8 modes: 0 of 2 seeds. Not all: 0 (" in out
    assert f"diverged, and left out: {tmp_path / '1'}: training diverged at iteration 7." in out
    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert found["seeds"] == [0, 2] and list(found["diverged"]) == ["1"]
    whole = rows("runs/ring-seeds/evaluation.json")
    for name, row in rows(tmp_path / "evaluation.json").items():
        assert row["each"] == whole[name]["each"][::2]
    monkeypatch.setattr(command, "play", plain_play)
    assert run(*line) == 0  # the seed is trained again
    assert json.loads((tmp_path / "evaluation.json").read_text())["seeds"] == [0, 1, 2]


@pytest.mark.slow
def test_the_ring_recipe_finds_all_modes_early():
    """A fifth of the recipe's length; seeds 0 to 5 had 8 modes and 70 to 93 % of high quality by
    then.
    """
    training = Training(RECIPES["ring"], None, numpy)
    for _ in range(4000):
        training.advance()
    result = count_modes(sample(training.G, training.recipe.noise, 2500, Stream(0)), *ring())
    assert result.found == 8 and result.high_quality > 0.4
