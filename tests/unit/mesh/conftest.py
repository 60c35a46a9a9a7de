"""A mesh in one process for every test of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brackets import BracketBench
from tests.support.credentials import TEST_ACCOUNT
from tests.support.mesh import BUCKET, TABLE, MeshBench
from tests.support.quick_moto import mock_aws


@pytest.fixture
def mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MeshBench]:
    """An empty account: bucket, queues and table, and nothing in them."""
    for name, value in TEST_ACCOUNT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield MeshBench(tmp_path)


@pytest.fixture
def bench(mesh: MeshBench) -> BracketBench:
    """A bracket function, and what it talks to."""
    return BracketBench(mesh.dynamodb, mesh.clock)


@pytest.fixture
def deployed(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> MeshBench:
    """The environment that the template gives to every function."""
    for name, value in {
        "JOBS_BUCKET": BUCKET,
        "REPORTS_QUEUE_URL": mesh.queue_url,
        "REPORTS_DLQ_URL": mesh.dlq_url,
        "LEASE_TABLE": TABLE,
        "SHARD_PREFIX": "v9-worker-pipe",
        "POWERTOOLS_SERVICE_NAME": "snakebatch",
        "POWERTOOLS_METRICS_NAMESPACE": "SnakeBatch",
    }.items():
        monkeypatch.setenv(name, value)
    # Handlers cache populations in the temporary folder, whose name tempfile remembers: TMPDIR is too late.
    monkeypatch.setattr(tempfile, "tempdir", str(mesh.folder))
    return mesh
