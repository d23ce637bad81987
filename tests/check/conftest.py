"""Layers that are checked without the 1,100 calls that take half of a check's time."""

import pytest

from numpygan.check import everywhere


@pytest.fixture(autouse=True)
def few_calls(request, monkeypatch):
    """tests/check/test_everywhere.py is about late calls, too."""
    if request.path.stem != "test_everywhere":
        monkeypatch.setattr(everywhere, "_SMALL", 0)
