"""Fixtures that any test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.interpreters import COMPARED, interpreter


@pytest.fixture(params=COMPARED)
def compared_python(request: pytest.FixtureRequest) -> Path:
    """The oldest and the newest supported Python in turn, with the layer's packages."""
    python = interpreter(request.param)
    if python is None:
        pytest.skip(
            f"no environment for Python {request.param}: `make other-pythons` makes one where it is installed"
        )
    return python
