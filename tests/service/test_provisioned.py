"""Provisioned concurrency of the embedded cloud, as boto3 sees it over HTTP: AWS's answers and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from snakebatch.clock import SimulatedClock
from snakebatch.local.isolation import REGION, isolated_session
from snakebatch.local.lambda_server import LambdaServer
from snakebatch.local.lambdas.provisioned import ProvisionedConcurrency

LIVE = {"FunctionName": "shard-00", "Qualifier": "live"}


@pytest.fixture
def provisioned() -> ProvisionedConcurrency:
    def exists(name: str, qualifier: str) -> bool:
        return name.startswith("shard-") and qualifier in ("live", "7", "$LATEST")

    return ProvisionedConcurrency(exists, SimulatedClock(), seconds=90)


@pytest.fixture
def client(provisioned: ProvisionedConcurrency) -> Iterator[Any]:
    server = LambdaServer(provisioned)
    session = boto3.Session(botocore_session=isolated_session(), region_name=REGION)
    once = Config(retries={"total_max_attempts": 1})
    yield session.client("lambda", endpoint_url=server.url, config=once)
    server.close()


def code(refused: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_an_allocation_takes_its_time(client: Any, provisioned: ProvisionedConcurrency) -> None:
    put = client.put_provisioned_concurrency_config(**LIVE, ProvisionedConcurrentExecutions=3)
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (put["Status"], put["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 3)
    provisioned.clock.sleep(89)
    got = client.get_provisioned_concurrency_config(**LIVE)
    assert (got["Status"], got["AvailableProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 0)
    provisioned.clock.sleep(1)
    got = client.get_provisioned_concurrency_config(**LIVE)
    assert (got["Status"], got["AvailableProvisionedConcurrentExecutions"]) == ("READY", 3)


def test_what_is_on_is_listed_with_its_qualifier(client: Any) -> None:
    for qualifier in ("live", "7"):
        client.put_provisioned_concurrency_config(
            FunctionName="shard-01", Qualifier=qualifier, ProvisionedConcurrentExecutions=1
        )
    listed = client.list_provisioned_concurrency_configs(FunctionName="shard-01")
    arns = [entry["FunctionArn"] for entry in listed["ProvisionedConcurrencyConfigs"]]
    assert [arn.rpartition(":")[2] for arn in arns] == ["live", "7"]
    assert (
        client.list_provisioned_concurrency_configs(**{"FunctionName": "shard-02"})[
            "ProvisionedConcurrencyConfigs"
        ]
        == []
    )


def test_what_was_switched_off_is_gone(client: Any) -> None:
    client.put_provisioned_concurrency_config(**LIVE, ProvisionedConcurrentExecutions=1)
    deleted = client.delete_provisioned_concurrency_config(**LIVE)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(client.exceptions.ProvisionedConcurrencyConfigNotFoundException):
        client.get_provisioned_concurrency_config(**LIVE)
    client.delete_provisioned_concurrency_config(**LIVE)


def test_a_failed_allocation_says_why(client: Any, provisioned: ProvisionedConcurrency) -> None:
    provisioned.failing = {"shard-00": "FUNCTION_ERROR_INIT_FAILURE"}
    client.put_provisioned_concurrency_config(**LIVE, ProvisionedConcurrentExecutions=1)
    provisioned.clock.sleep(90)
    got = client.get_provisioned_concurrency_config(**LIVE)
    assert (got["Status"], got["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")


@pytest.mark.parametrize(("limit", "least"), [(10, 10), (103, 100)])
def test_an_account_without_room_refuses(
    client: Any, provisioned: ProvisionedConcurrency, limit: int, least: int
) -> None:
    provisioned.account_limit = limit
    with pytest.raises(ClientError, match=rf"below its minimum value of \[{least}\]") as refused:
        client.put_provisioned_concurrency_config(**LIVE, ProvisionedConcurrentExecutions=4)
    assert code(refused) == ("InvalidParameterValueException", 400)


def test_more_than_fifteen_requests_a_second_are_throttled(
    client: Any, provisioned: ProvisionedConcurrency
) -> None:
    for _ in range(15):
        client.list_provisioned_concurrency_configs(FunctionName="shard-00")
    with pytest.raises(ClientError) as refused:
        client.list_provisioned_concurrency_configs(FunctionName="shard-00")
    assert code(refused) == ("TooManyRequestsException", 429)
    provisioned.clock.sleep(1)
    client.list_provisioned_concurrency_configs(FunctionName="shard-00")


def test_an_alias_that_is_not_there_is_refused(client: Any) -> None:
    with pytest.raises(ClientError) as refused:
        client.put_provisioned_concurrency_config(
            FunctionName="shard-00", Qualifier="dead", ProvisionedConcurrentExecutions=1
        )
    assert code(refused) == ("ResourceNotFoundException", 404)


def test_other_operations_are_refused_by_name(client: Any) -> None:
    with pytest.raises(ClientError, match="is not offered") as refused:
        client.invoke(FunctionName="shard-00")
    assert code(refused)[1] == 501
