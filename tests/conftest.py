"""Fixtures that any test may use."""

from __future__ import annotations

import gc
import os
from functools import cache
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
import pytest

from tests.support.interpreters import COMPARED, interpreter

# The tests run side by side already: threads of numeric libraries would wait for each other's cores. They
# read this when they are first imported, here or in a process that a test starts.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


# Each session of boto3 would read and parse the files of its services again: five clients take 0.18 s of CPU,
# and 0.03 s where they are shared. They are the package's own, and nobody writes to them.
botocore.session.create_loader = cache(botocore.loaders.create_loader)


@pytest.fixture(params=COMPARED)
def compared_python(request: pytest.FixtureRequest) -> Path:
    """The oldest and the newest supported Python in turn, with the layer's packages."""
    python = interpreter(request.param)
    if python is None:
        pytest.skip(
            f"no environment for Python {request.param}: `make other-pythons` makes one where it is installed"
        )
    return python


def pytest_collection_finish() -> None:
    """What was collected stays until the end: the garbage collector need not walk through it again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the deployment's test found: figures that are asked for, and what was left out."""
    lines = [
        str(value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in getattr(report, "user_properties", [])
        if name == "proof"
    ]
    if lines:
        terminalreporter.section("deployment")
        for line in lines:
            terminalreporter.write_line(line)
