"""The short form of tests/longrun.py: neither memory nor open files grow; and growth would be seen.

Without pictures: the garbage of matplotlib's first figures is larger than what is looked for, and
only levels off in a long run.
"""

import gc

import numpy
import pytest

from numpygan.data.sources import Mixture
from numpygan.figures import pictures
from numpygan.runs import loop
from numpygan.runs.directory import RunDirectory
from tests.helpers.cli import TINY_TOY, run
from tests.longrun import MOMENTS, growth, missing, watched


@pytest.mark.slow
def test_nothing_grows(tmp_path, monkeypatch):
    monkeypatch.setattr(Mixture, "size", Mixture.size)  # which `watched` changes
    monkeypatch.setattr(pictures, "save_samples", lambda path, *_: path.touch())
    monkeypatch.setattr(pictures, "save_learning_curves", lambda *_: None)
    monkeypatch.setattr(loop, "_BETWEEN_RECORDS", 1)  # each of the short epochs has one
    rows = watched(2000, tmp_path, epochs=20)
    memory, opened, _, _ = growth(rows)
    assert len(rows) == MOMENTS and rows[-1, 0] == 2000
    assert memory < 2 * 2**20 and opened == 0
    it = RunDirectory(tmp_path / "long")
    assert missing(it, 2000, 20) == []

    rows = it.metrics.read_text().splitlines(keepends=True)
    it.metrics.write_text("".join(rows[:7] + rows[8:]))
    (it.samples / "00001500.png").unlink()
    (it.path / "checkpoint.npz.7.tmp").touch()
    told = ["metrics.csv lacks the row", "pictures are missing", "temporary files are left"]
    lacks = missing(it, 2000, 20)
    assert len(lacks) == 3 and all(map(str.startswith, lacks, told))
    assert "the checkpoint is of iteration 2000" in missing(it, 2100, 20)


@pytest.mark.parametrize(("column", "verdict"), [(1, 0), (2, 1), (3, 2)])
def test_growth_is_seen(column, verdict):
    moments = numpy.arange(1.0, MOMENTS + 1)
    rows = numpy.stack([100 * moments, 5e7 + 0 * moments, 7 + 0 * moments, 0.1 * moments], 1)
    assert growth(rows)[:3] == pytest.approx((0, 0, 1))
    rows[:, column] += moments**2 if column == 3 else moments
    assert growth(rows)[verdict] > (1.25 if column == 3 else 20)


def test_no_figure_outlives_its_picture(tmp_path):
    from matplotlib.figure import Figure

    gc.collect()
    gc.disable()
    try:
        assert run(*TINY_TOY, "--iterations", 20, "--out", tmp_path / "it") == 0
        # Isinstance asks strangers
        figures = [figure for figure in gc.get_objects() if issubclass(type(figure), Figure)]
        # The run drew three or more; the last may live until the session has ended
        assert len(figures) <= 1
    finally:
        gc.enable()
