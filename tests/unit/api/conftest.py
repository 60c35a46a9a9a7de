"""An API in one process for every test of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from snakebatch.clock import SimulatedClock
from tests.support.api import ApiBench, Caller
from tests.support.credentials import TEST_ACCOUNT
from tests.support.mesh import BUCKET, clients
from tests.support.quick_moto import mock_aws


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiBench]:
    """An account with an empty bucket, and a gatherer's API over it."""
    for name, value in TEST_ACCOUNT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        s3, _, _ = clients()
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        yield ApiBench(s3, BUCKET, SimulatedClock())


@pytest.fixture
def client(api: ApiBench) -> Caller:
    """A caller with a valid key."""
    return api.client()
