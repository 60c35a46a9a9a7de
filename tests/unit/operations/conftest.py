"""An AWS account of moto's, and the clients that the operations ask it through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from snakebatch.operations.aws import Clients
from tests.support.credentials import TEST_ACCOUNT
from tests.support.quick_moto import mock_aws
from tests.unit.operations.account import FakeLambda


class TestClients(Clients):
    """Moto's clients, but for what its Lambda does not know."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__(boto3.Session(region_name="eu-west-3"))
        self.lambdas = FakeLambda(super().__call__("lambda"))

    def __call__(self, service: str) -> Any:
        return self.lambdas if service == "lambda" else super().__call__(service)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClients]:
    """Clients of an empty account."""
    for name, value in TEST_ACCOUNT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield TestClients()
