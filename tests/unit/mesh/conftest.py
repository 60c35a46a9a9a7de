"""A mesh in one process for every test of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.support.brackets import BracketBench
from tests.support.mesh import MeshBench


@pytest.fixture
def mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MeshBench]:
    """An empty account: bucket, queues and table, and nothing in them."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-3",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield MeshBench(tmp_path)


@pytest.fixture
def bench(mesh: MeshBench) -> BracketBench:
    """A bracket function, and what it talks to."""
    return BracketBench(mesh.dynamodb, mesh.clock)
