"""What the embedded Lambda counts is in the embedded CloudWatch, and its limits are answered over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from snakebatch.clock import SystemClock
from snakebatch.local.isolation import REGION, isolated_session
from snakebatch.local.lambda_server import LambdaServer
from snakebatch.local.lambdas import LambdaPool
from snakebatch.local.lambdas.provisioned import ProvisionedConcurrency
from snakebatch.local.metrics import NAMESPACE, Metrics
from tests.service.conftest import deployer
from tests.support.credentials import TEST_ACCOUNT
from tests.support.quick_moto import mock_aws

ECHO = "def handler(event, context):\n    return event"


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LambdaPool, str, str]]:
    """A pool of an account of 50, and two functions: one invoked twice, one refused three times."""
    folder: Path = tmp_path_factory.mktemp("functions")
    with LambdaPool(processes=1, concurrency_limit=50) as pool:
        deploy = deployer(pool, folder)
        open_one, closed = deploy(ECHO), deploy(ECHO)
        pool.put_function_concurrency(FunctionName=closed, ReservedConcurrentExecutions=0)
        for _ in range(2):
            pool.invoke(FunctionName=open_one, Payload=json.dumps({}))
        for _ in range(3):
            with pytest.raises(ClientError, match="Rate Exceeded"):
                pool.invoke(FunctionName=closed)
        yield pool, open_one, closed


def client_of(server: LambdaServer) -> Any:
    session = boto3.Session(botocore_session=isolated_session(), region_name=REGION)
    return session.client("lambda", endpoint_url=server.url, config=Config(retries={"total_max_attempts": 1}))


def test_reserved_concurrency_and_limits_are_answered_over_http(
    limited: tuple[LambdaPool, str, str],
) -> None:
    pool, open_one, closed = limited
    server = LambdaServer(pool)
    try:
        client = client_of(server)
        assert client.get_function_concurrency(FunctionName=closed)["ReservedConcurrentExecutions"] == 0
        assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=open_one)
        limit = client.get_account_settings()["AccountLimit"]
        assert (limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]) == (50, 50)
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            client.get_function_concurrency(FunctionName="nothing")
        with pytest.raises(ClientError, match="NotImplementedException"):
            client.list_functions()
    finally:
        server.close()


def test_who_has_slots_alone_refuses_what_it_has_not() -> None:
    server = LambdaServer(ProvisionedConcurrency(lambda name, qualifier: True, SystemClock()))
    try:
        client = client_of(server)
        assert client.list_provisioned_concurrency_configs(FunctionName="f") != {}
        for ask in (lambda: client.get_function_concurrency(FunctionName="f"), client.get_account_settings):
            with pytest.raises(ClientError, match="NotImplementedException"):
                ask()
    finally:
        server.close()


def test_an_account_without_a_limit_names_none() -> None:
    with LambdaPool(processes=1) as pool:
        assert pool.get_account_settings() == {"AccountLimit": {}}


def test_invocations_throttles_and_concurrency_are_published(
    limited: tuple[LambdaPool, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, open_one, closed = limited
    for name, value in TEST_ACCOUNT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        cloudwatch = boto3.client("cloudwatch", region_name=REGION)
        metrics = Metrics(pool.counts, lambda: cloudwatch, SystemClock())
        metrics.publish()
        metrics.close()
        now = datetime.now(UTC)

        def total(metric: str, function: str | None, stat: str = "Sum") -> float:
            of = [] if function is None else [{"Name": "FunctionName", "Value": function}]
            asked = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": of}
            (found,) = cloudwatch.get_metric_data(
                MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": asked, "Period": 600, "Stat": stat}}],
                StartTime=now - timedelta(minutes=5),
                EndTime=now + timedelta(minutes=5),
            )["MetricDataResults"]
            return float(sum(found["Values"]))

        assert (total("Invocations", open_one), total("Throttles", open_one)) == (2, 0)
        assert (total("Invocations", closed), total("Throttles", closed)) == (0, 3)
        assert (total("Invocations", None), total("Throttles", None)) == (2, 3)
        assert total("ConcurrentExecutions", None, "Maximum") == 1
