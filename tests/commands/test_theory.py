"""`numpygan theory`: what it writes, refuses and calls failed, with the experiments made short."""

import math

import numpy
import pytest

from numpygan.commands import theory as command
from numpygan.theory import known_game, proposition1, proposition2, statements
from tests.helpers.cli import run


@pytest.fixture
def short(monkeypatch):
    """Few units, examples and iterations; the statements of what needs the whole length are left
    out.
    """
    monkeypatch.setattr(proposition1, "UNITS", (2, 4))
    monkeypatch.setattr(proposition1, "EXAMPLES", (30, 300))
    monkeypatch.setattr(proposition1, "_ITERATIONS", 20)
    monkeypatch.setattr(statements, "_PAIRS", 5)
    monkeypatch.setattr(known_game, "D_ALONE", 4)
    monkeypatch.setattr(known_game, "BOTH_FIRST", 4)
    looks = known_game.run(0, 4, 2)
    monkeypatch.setattr(known_game, "run", lambda: looks)
    return looks


def test_it_draws_all_and_exits_1_as_a_short_training_does_not_arrive(short, tmp_path, capsys):
    assert run("theory", "--out", tmp_path / "new" / "folder") == 1
    folder, out = tmp_path / "new" / "folder", capsys.readouterr().out
    wide = [line for line in out.replace(str(tmp_path), "").splitlines() if len(line) > 100]
    assert wide == []
    assert {path.name for path in folder.iterdir()} == set(command.FIGURES)
    assert (folder / "training.gif").read_bytes()[:6] == b"GIF89a" and (
        folder / "figure1.png"
    ).read_bytes()[1:4] == b"PNG"
    lines = out.splitlines()
    assert lines[-1] == "FAILED: see the lines above"
    verdicts = {
        line[16:50].strip(): line.endswith("ok")
        for line in lines
        if line.endswith(("ok", "FAILED"))
    }
    assert len(verdicts) > 20 and not all(verdicts.values())
    for line in lines:
        if line.startswith(("Proposition 2", "Max.")) or "random pairs" in line:
            assert line.endswith("ok"), line


def test_figures_are_never_overwritten_unasked(tmp_path, capsys):
    (tmp_path / "losses.png").write_bytes(b"mine")
    assert run("theory", "--out", tmp_path) == 2
    assert (
        tmp_path / "losses.png"
    ).read_bytes() == b"mine" and "--force" in capsys.readouterr().err
    (tmp_path / "file").write_bytes(b"")
    assert (
        run("theory", "--out", tmp_path / "file") == 2
        and run("theory", "--out", tmp_path / "file" / "x") == 2
    )
    assert capsys.readouterr().err.count("numpygan: ") == 2


def test_a_statement_fails_outside_its_bounds_and_at_nan():
    holds = lambda found: statements.between("", "", found, 0.0, 1.0).holds
    assert (
        holds(0.0) and holds(1.0) and not holds(-1e-9) and not holds(1.1) and not holds(numpy.nan)
    )
    lines = list(
        statements.table(
            [
                statements.at_most("Here", "x", 2.0, 1.0),
                statements.at_most("There", "longer", 1e-12, 1.0),
            ]
        )
    )
    assert lines[0].split() == ["Here", "x", "2", "≤", "1", "FAILED"] and lines[1].endswith("ok")


def test_the_looks_at_a_game_are_exact_and_hold_a_player_still(short):
    by_stage = {}
    for look in short:
        by_stage.setdefault(look.stage, []).append(look)
        assert look.value <= look.cost + 1e-6 and abs(look.mass - 1) < 1e-3
    before, during, after = by_stage["both"][-1], by_stage["D alone"], by_stage["G alone"][-1]
    assert all((look.p_g == before.p_g).all() and (look.d != before.d).any() for look in during)
    assert (after.d == during[-1].d).all() and (after.p_g != before.p_g).any()
    assert [look.iteration for look in short] == sorted({look.iteration for look in short})


def test_proposition_2_descents_are_of_the_same_start():
    found, x = proposition2.descents()
    for name, (_, costs, means, theta_costs, _) in found.items():
        assert (
            abs(costs[0] - theta_costs[0]) < 1e-12 and tuple(means[0]) == proposition2.STARTS[name]
        )


def test_a_number_without_bounds_has_no_verdict_unless_it_is_none():
    lines = list(
        statements.table(
            [statements.noted("Here", "x", 0.5), statements.noted("Here", "x", math.nan)]
        )
    )
    assert lines[0].split() == ["Here", "x", "0.5"] and lines[1].endswith("FAILED")
