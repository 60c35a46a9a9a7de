"""Many jobs at once, and more who ask how far they are: no error, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from snakebatch.local.cloud import EmbeddedCloud
from tests.support import load
from tests.support.api import KEY, KEY_VARIABLES
from tests.support.scale import scaled
from tests.support.training import Ended

pytestmark = pytest.mark.slow

JOBS, POLLERS = scaled(12, 50), scaled(60, 200)


@pytest.fixture
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(
        processes=2, http=("127.0.0.1", 0), environment=KEY_VARIABLES, gather_heartbeat=600
    ) as running:
        yield running


def test_many_jobs_at_once_and_more_pollers(cloud: EmbeddedCloud) -> None:
    found = load.run(cloud.url, KEY, JOBS, POLLERS)
    assert found.errors == [], cloud.logs()
    assert list(found.ends.values()) == ["SUCCEEDED"] * JOBS
    assert len(found.calls) >= POLLERS
    models = set()
    for model_id in found.ends:
        arn = f"{cloud.train_arn.replace(':stateMachine:', ':execution:')}:{model_id}"
        ended = Ended(cloud, arn, cloud.sfn.describe_execution(executionArn=arn))
        models.add(ended.read("model"))
        assert json.loads(ended.read("receipt"))["assembled_by"] == "gatherer"
    assert len(models) == 1, "the same rows and the same seed"
    for queue in (cloud.reports_queue_url, cloud.dlq_url):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        left = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        assert {int(left["Attributes"][name]) for name in names} == {0}
