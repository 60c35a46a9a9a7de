"""Pages over a mesh in one process, for every test of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.credentials import TEST_ACCOUNT
from tests.support.mesh import TABLE, MeshBench
from tests.support.pages import SHARD_PREFIX, PagesBench
from tests.support.quick_moto import mock_aws


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PagesBench]:
    """Pages of an empty account."""
    for name, value in {**TEST_ACCOUNT, "LEASE_TABLE": TABLE, "SHARD_PREFIX": SHARD_PREFIX}.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield PagesBench(MeshBench(tmp_path))
