"""One account for all tests of a file: what is refused leaves nothing, so that none disturbs another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache

import pytest

from snakebatch import cli
from tests.support.credentials import TEST_ACCOUNT
from tests.support.mesh import BUCKET, TABLE, MeshBench
from tests.support.quick_moto import mock_aws


@pytest.fixture(scope="module", autouse=True)
def one_parser() -> Iterator[None]:
    """Of the command line: making it takes longer than most inputs do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "build_parser", cache(cli.build_parser))
        yield


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshBench]:
    """Bucket, queues and table, and the environment that the template gives to every function."""
    folder = tmp_path_factory.mktemp("account")
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in TEST_ACCOUNT.items():
            patch.setenv(name, value)
        bench = MeshBench(folder)
        for name, value in {
            "JOBS_BUCKET": BUCKET,
            "REPORTS_QUEUE_URL": bench.queue_url,
            "REPORTS_DLQ_URL": bench.dlq_url,
            "LEASE_TABLE": TABLE,
            "SHARD_PREFIX": "v9-worker-pipe",
            "POWERTOOLS_SERVICE_NAME": "snakebatch",
            "POWERTOOLS_METRICS_NAMESPACE": "SnakeBatch",
        }.items():
            patch.setenv(name, value)
        patch.setattr(tempfile, "tempdir", str(folder))
        yield bench
