"""The 2-Wasserstein distance between samples, against values worked by hand."""

import math
import sys
from itertools import permutations

import numpy
import pytest

from numpygan.data.sources import TOYS
from numpygan.errors import NumpyganError
from numpygan.metrics import toys
from numpygan.metrics.transport import wasserstein2

pytest.importorskip("scipy", reason="scipy is not installed")


def test_two_points_moved_by_3():
    x = numpy.array([[0.0, 0.0], [10.0, 0.0]])
    assert wasserstein2(x, x + [3.0, 0.0]) == 3
    assert wasserstein2(x, x) == 0


def test_mass_that_has_to_change_its_mode():
    """One of four points has to go 5 = |(3, 4)|: W2 = √(25/4) = 2.5."""
    x = numpy.array([[0.0, 0.0]] * 4)
    y = numpy.array([[3.0, 4.0]] + [[0.0, 0.0]] * 3)
    assert wasserstein2(x, y) == 2.5


def test_the_plan_is_the_best_not_the_nearest():
    """0 and 1 go to 1 and 2. Both stand nearest to 1, but the cheapest plan moves each by 1."""
    x, y = numpy.array([[0.0], [1.0]]), numpy.array([[2.0], [1.0]])
    assert wasserstein2(x, y) == 1


def test_all_plans_of_five_points(rng):
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    least = min(((x[list(order)] - y) ** 2).sum() for order in permutations(range(5)))
    assert wasserstein2(x, y) == pytest.approx(math.sqrt(least / 5), rel=1e-12)
    assert wasserstein2(y, x) == pytest.approx(wasserstein2(x, y), rel=1e-12)


def test_on_a_line_the_sorted_points_are_paired(rng):
    x, y = rng.normal(size=300), rng.normal(1, 2, 300)
    expected = math.sqrt(((numpy.sort(x) - numpy.sort(y)) ** 2).mean())
    assert wasserstein2(x[:, None], y[:, None]) == pytest.approx(expected, rel=1e-12)


def test_samples_of_different_sizes_are_refused():
    with pytest.raises(NumpyganError, match="3 and 2"):
        wasserstein2(numpy.zeros((3, 2)), numpy.zeros((2, 2)))


def test_the_row_of_a_generator_of_one_point():
    """The modes of ring lie at a mean square of 2 from one of them, and 2σ² is their own spread:
    W2 = √2.0002.
    """
    means, _ = TOYS["ring"]()
    assert ((means - means[0]) ** 2).sum(1).mean() == pytest.approx(2)
    rows = toys.evaluate([numpy.repeat(means[:1], 2500, axis=0)], "ring")
    [found] = [row for row in rows if "Wasserstein" in row["metric"]]
    assert found["value"] == pytest.approx(math.sqrt(2.0002), abs=0.06)
    assert found["real"] < 0.4 and found["real_se"] > 0


def test_without_scipy_the_table_says_so(monkeypatch):
    for name in ("scipy", "scipy.optimize"):
        monkeypatch.setitem(sys.modules, name, None)
    toys.real_row.cache_clear()
    rows = toys.evaluate([toys.real_draw("ring", 2500)], "ring")
    toys.real_row.cache_clear()
    [found] = [row for row in rows if "Wasserstein" in row["metric"]]
    assert found["value"] is found["se"] is found["real"] is found["real_se"] is None
    assert "needs SciPy" in found["detail"]
    text = "\n".join(toys.table(rows, "ring"))
    assert "needs SciPy" in text and "–" in text
    assert all(row["value"] is not None for row in rows if row is not found)
