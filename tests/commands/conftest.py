"""Learning curves are not drawn here: drawing them takes longer than the trainings."""

import pytest

from tests.helpers.cli import plain_curves


@pytest.fixture(autouse=True, scope="module")
def undrawn():
    with pytest.MonkeyPatch.context() as patch:
        plain_curves(patch)
        yield
