"""Without aiohttp `numpygan play` says what to install."""

import sys

from numpygan.cli import main


def test_the_missing_package_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "numpygan.play.server", raising=False)
    assert main(["play", "--no-browser"]) == 2
    err = capsys.readouterr().err
    assert "pip install 'numpygan[play]'" in err and err.count("\n") == 1
