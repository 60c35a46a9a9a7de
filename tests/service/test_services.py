"""What the mesh relies on in S3, SQS and DynamoDB, against the server that the embedded cloud runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from snakebatch.errors import CloudError
from snakebatch.local.isolation import REGION, isolated_session
from snakebatch.local.processes import Lifeline
from snakebatch.local.services import Services, endpoints
from tests.service.conftest import gone, until


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("services")
    lifeline = Lifeline()
    running = Services(lifeline=lifeline, log=folder / "services.log", scratch=folder)
    yield running
    running.close()
    lifeline.close()
    assert gone(running.pid)


@pytest.fixture(scope="module")
def s3(services: Services) -> Any:
    client = services.client("s3")
    client.create_bucket(Bucket="jobs", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    return client


@pytest.fixture(scope="module")
def sqs(services: Services) -> Any:
    return services.client("sqs")


@pytest.fixture(scope="module")
def leases(services: Services) -> Any:
    client = services.client("dynamodb")
    client.create_table(
        TableName="leases",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def code(attempt: Callable[[], Any]) -> str:
    """The error code of an attempt, or ``ok``."""
    try:
        attempt()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def race(attempt: Callable[[int], Any], racers: int = 8) -> list[str]:
    with ThreadPoolExecutor(racers) as threads:
        return sorted(threads.map(lambda n: code(lambda: attempt(n)), range(racers)))


def test_an_object_is_created_once(s3: Any) -> None:
    s3.put_object(Bucket="jobs", Key="once", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket="jobs", Key="once", Body=b"second", IfNoneMatch="*")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert caught.value.response["Error"]["Code"] == "PreconditionFailed"
    assert s3.get_object(Bucket="jobs", Key="once")["Body"].read() == b"first"


def test_of_many_creators_one_wins(s3: Any) -> None:
    for turn in range(10):
        outcome = race(
            lambda n, turn=turn: s3.put_object(
                Bucket="jobs", Key=f"race-{turn}", Body=b"%d" % n, IfNoneMatch="*"
            )
        )
        assert outcome == ["PreconditionFailed"] * 7 + ["ok"]


def test_an_object_is_swapped_only_if_unchanged(s3: Any) -> None:
    before = s3.put_object(Bucket="jobs", Key="swap", Body=b"1")["ETag"]
    outcome = race(lambda n: s3.put_object(Bucket="jobs", Key="swap", Body=b"2-%d" % n, IfMatch=before))
    assert outcome == ["PreconditionFailed"] * 7 + ["ok"]


def test_large_and_odd_objects_come_back_as_they_were(s3: Any, tmp_path: Path) -> None:
    body = bytes(range(256)) * 40_000  # over boto3's multipart threshold
    (tmp_path / "large").write_bytes(body)
    s3.upload_file(str(tmp_path / "large"), "jobs", "données/1 000 %.csv")
    s3.download_file("jobs", "données/1 000 %.csv", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == body


def test_a_batch_is_sent_received_and_deleted(sqs: Any) -> None:
    queue = sqs.create_queue(QueueName="batch")["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": json.dumps({"leaf": n})} for n in range(10)]
    assert len(sqs.send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 10

    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]

    assert sorted(json.loads(message["Body"])["leaf"] for message in received) == list(range(10))
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)  # in flight: visible to nobody else
    deleted = sqs.delete_message_batch(
        QueueUrl=queue,
        Entries=[{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in received],
    )
    assert len(deleted["Successful"]) == 10


def test_eleven_entries_are_too_many(sqs: Any) -> None:
    queue = sqs.create_queue(QueueName="eleven")["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": "x"} for n in range(11)]
    sent = code(lambda: sqs.send_message_batch(QueueUrl=queue, Entries=entries))
    assert sent == "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"


def test_a_message_given_back_is_visible_again_and_ends_in_the_dead_letter_queue(sqs: Any) -> None:
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    queue = sqs.create_queue(QueueName="alive", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    for _ in range(2):
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )

    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    (message,) = sqs.receive_message(QueueUrl=dead)["Messages"]
    assert message["Body"] == "poison"


def test_a_long_poll_ends_when_a_message_comes(sqs: Any) -> None:
    queue = sqs.create_queue(QueueName="poll")["QueueUrl"]
    with ThreadPoolExecutor(1) as threads:
        polled = threads.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
        sqs.send_message(QueueUrl=queue, MessageBody="at last")
        assert polled.result()["Messages"][0]["Body"] == "at last"


def test_a_queue_of_thousands_is_drained_by_four(sqs: Any) -> None:
    queue = sqs.create_queue(QueueName="thousands")["QueueUrl"]
    for batch in range(200):
        entries = [{"Id": str(n), "MessageBody": str(10 * batch + n)} for n in range(10)]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)

    def drain(_: int) -> list[int]:
        seen = []
        while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            seen += [int(message["Body"]) for message in received]
            entries = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in received]
            sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
        return seen

    with ThreadPoolExecutor(4) as threads:
        seen = [number for part in threads.map(drain, range(4)) for number in part]
    assert set(seen) == set(range(2000))  # at least once


def test_of_many_lease_takers_one_wins(leases: Any) -> None:
    for turn in range(10):
        outcome = race(
            lambda n, turn=turn: leases.put_item(
                TableName="leases",
                Item={"pk": {"S": f"lease-{turn}"}, "holder": {"N": str(n)}},
                ConditionExpression="attribute_not_exists(pk)",
            )
        )
        assert outcome == ["ConditionalCheckFailedException"] * 7 + ["ok"]


def test_conditional_counting_never_passes_its_limit(leases: Any) -> None:
    def take(_: int) -> None:
        leases.update_item(
            TableName="leases",
            Key={"pk": {"S": "budget"}},
            UpdateExpression="ADD taken :one",
            ConditionExpression="attribute_not_exists(taken) OR taken < :limit",
            ExpressionAttributeValues={":one": {"N": "1"}, ":limit": {"N": "5"}},
        )

    assert race(take, 12) == ["ConditionalCheckFailedException"] * 7 + ["ok"] * 5
    item = leases.get_item(TableName="leases", Key={"pk": {"S": "budget"}}, ConsistentRead=True)["Item"]
    assert item["taken"] == {"N": "5"}


def test_clients_ignore_the_users_aws_settings(
    services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "there-is-no-such-profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    lifeline = Lifeline()
    other = Services(lifeline=lifeline, log=tmp_path / "log", scratch=tmp_path)
    try:
        client = other.client("s3")
        client.create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["mine"]
    finally:
        other.close()
        lifeline.close()


def test_every_endpoint_of_a_child_is_ours(services: Services) -> None:
    variables = endpoints(services.url)
    assert variables["AWS_ENDPOINT_URL"] == services.url
    assert set(variables.values()) == {services.url}


def test_a_service_that_is_not_there_is_refused_by_name(services: Services) -> None:
    with pytest.raises(CloudError, match="no athena"):
        services.client("athena")


def test_the_server_leaves_with_its_lifeline(tmp_path: Path) -> None:
    lifeline = Lifeline()
    other = Services(lifeline=lifeline, log=tmp_path / "log", scratch=tmp_path)
    other.client("sqs").list_queues()

    def ended() -> bool:
        # Its own parent is asked: to /proc a process looks ended while threads of it still are.
        try:
            other.check()
        except CloudError as error:
            return "has ended" in str(error)
        return False

    assert not ended()
    lifeline.close()
    until(ended)
    other.close()


def test_slots_are_there_for_single_functions(services: Services) -> None:
    """What `sam local invoke` of the bracket function asks for, which moto has not."""
    session = boto3.Session(botocore_session=isolated_session(), region_name=REGION)
    client = session.client("lambda", endpoint_url=services.url)
    where = {"FunctionName": "v9-worker-pipe-00", "Qualifier": "live"}
    client.put_provisioned_concurrency_config(**where, ProvisionedConcurrentExecutions=2)
    assert client.get_provisioned_concurrency_config(**where)["Status"] == "READY"
    client.delete_provisioned_concurrency_config(**where)
    assert code(lambda: client.get_provisioned_concurrency_config(**where)) == (
        "ProvisionedConcurrencyConfigNotFoundException"
    )
