"""The short way to moto answers as the long one does, and both see the same objects, messages and items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import boto3
import moto
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.support import quick_moto
from tests.support.credentials import TEST_ACCOUNT
from tests.support.mesh import BUCKET

FIRST = '"8b04d5e3775d298e78455efc5ca404d5"'
"""The ETag of ``first``."""

WRITES: list[tuple[str, dict[str, Any]]] = [
    ("put_object", {"Key": "a/1", "Body": b"one", "ContentType": "text/csv"}),
    ("put_object", {"Key": "a/2 ü+%", "Body": b"two", "Metadata": {"Said-By": " me ", "b": "2"}}),
    ("put_object", {"Key": "empty"}),
    ("put_object", {"Key": "made", "Body": b"first", "IfNoneMatch": "*"}),
    ("put_object", {"Key": "made", "Body": b"again", "IfNoneMatch": "*"}),
    ("put_object", {"Key": "made", "Body": b"over", "IfMatch": FIRST}),
    ("put_object", {"Key": "made", "Body": b"late", "IfMatch": FIRST}),
    ("put_object", {"Key": "none", "Body": b"late", "IfMatch": FIRST}),
    ("put_object", {"Key": "told", "Body": b"x", "CacheControl": "no-store", "ContentEncoding": "gzip"}),
    ("put_object", {"Key": "sealed", "Body": b"x", "ServerSideEncryption": "AES256"}),
    ("put_object", {"Key": "said", "Body": b"x", "Metadata": {"name": "Zoë"}}),
    ("put_object", {"Key": "array", "Body": bytearray(b"array")}),
    ("put_object", {"Key": "summed", "Body": b"x", "ChecksumAlgorithm": "SHA256"}),
    ("put_object", {"Key": "gone", "Body": b"x"}),
    ("put_object", {"Key": "gone too", "Body": b"x"}),
    ("copy_object", {"Key": "copied", "CopySource": {"Bucket": BUCKET, "Key": "a/1"}}),
    ("delete_object", {"Key": "gone"}),
    ("delete_object", {"Key": "never"}),
    ("delete_objects", {"Delete": {"Objects": [{"Key": "gone too"}], "Quiet": True}}),
    ("put_object", {"Bucket": "nowhere", "Key": "a", "Body": b"x"}),
    ("delete_object", {"Bucket": "nowhere", "Key": "a"}),
    ("put_object", {"Key": "", "Body": b"x"}),
    ("put_object", {"Key": "text", "Body": 3}),
]
KEYS = [
    "a/1",
    "a/2 ü+%",
    "empty",
    "made",
    "none",
    "told",
    "sealed",
    "said",
    "array",
    "summed",
    "gone",
    "copied",
]
READS: list[tuple[str, dict[str, Any]]] = [
    *((ask, {"Key": key}) for ask in ("get_object", "head_object") for key in KEYS),
    *(
        ("get_object", {"Key": "a/1", "Range": span})
        for span in ("bytes=0-0", "bytes=1-99", "bytes=0-2", "bytes=-2", "bytes=1-", "bytes=3-9", "bytes=2-1")
    ),
    ("get_object", {"Key": "empty", "Range": "bytes=0-1"}),
    ("get_object", {"Key": "gone", "Range": "bytes=0-1"}),
    ("get_object", {"Key": "made", "IfMatch": FIRST}),
    ("get_object", {"Key": "made", "IfMatch": FIRST, "Range": "bytes=0-1"}),
    ("get_object", {"Key": "a/1", "IfMatch": '"f97c5d29941bfb1b2fdab0874906ab82"'}),
    ("head_object", {"Key": "made", "IfMatch": FIRST}),
    ("get_object", {"Bucket": "nowhere", "Key": "a/1"}),
    ("head_object", {"Bucket": "nowhere", "Key": "a/1"}),
    ("get_object", {"Bucket": "no bucket's name", "Key": "a/1"}),
    ("list_objects_v2", {}),
    ("list_objects_v2", {"Prefix": "a/"}),
    ("list_objects_v2", {"Prefix": "a/2 ü"}),
    ("list_objects_v2", {"Prefix": "none/"}),
    ("list_objects_v2", {"Prefix": "a/", "MaxKeys": 1}),
    ("list_objects_v2", {"StartAfter": "copied"}),
    ("list_objects_v2", {"Delimiter": "/"}),
    ("list_objects_v2", {"Bucket": "nowhere"}),
    ("list_objects_v2", {"Prefix": None}),
]
QUEUE = {"QueueUrl": "https://sqs.eu-west-3.amazonaws.com/123456789012/queue"}
NO_QUEUE = {"QueueUrl": "https://sqs.eu-west-3.amazonaws.com/123456789012/none"}
MESSAGES: list[tuple[str, dict[str, Any]]] = [
    ("create_queue", {"QueueName": "queue"}),
    ("create_queue", {"QueueName": "queue"}),
    ("create_queue", {"QueueName": "queue.fifo"}),
    ("create_queue", {"QueueName": "timed", "Attributes": {"VisibilityTimeout": "1"}}),
    ("send_message", {**QUEUE, "MessageBody": "first <ü>"}),
    ("send_message", {**QUEUE, "MessageBody": "\0"}),
    ("send_message", {**NO_QUEUE, "MessageBody": "x"}),
    ("send_message_batch", {**QUEUE, "Entries": [{"Id": name, "MessageBody": name} for name in "ab"]}),
    ("send_message_batch", {**QUEUE, "Entries": [{"Id": "a", "MessageBody": "x"}] * 2}),
    ("send_message_batch", {**QUEUE, "Entries": [{"Id": f"{n}", "MessageBody": "x"} for n in range(11)]}),
    ("send_message_batch", {**QUEUE, "Entries": []}),
    ("send_message_batch", {**NO_QUEUE, "Entries": [{"Id": "a", "MessageBody": "x"}]}),
    ("receive_message", {**QUEUE, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["SenderId"]}),
    ("delete_message", {**QUEUE, "ReceiptHandle": "no such"}),
    ("delete_message", {**NO_QUEUE, "ReceiptHandle": "no such"}),
    ("get_queue_attributes", {**QUEUE, "AttributeNames": ["ApproximateNumberOfMessagesNotVisible"]}),
]
SEEN = {
    "ConditionExpression": "attribute_not_exists(pk) OR version = :seen",
    "ExpressionAttributeValues": {":seen": {"N": "1"}},
}
ITEMS: list[tuple[str, dict[str, Any]]] = [
    ("get_item", {"Key": {"pk": {"S": "a"}}, "ConsistentRead": True}),
    *(("put_item", {"Item": {"pk": {"S": "a"}, "version": {"N": version}}, **SEEN}) for version in "123"),
    ("put_item", {"Item": {"pk": {"S": "b"}, "list": {"L": [{"B": b"x"}, {"M": {"k": {"NULL": True}}}]}}}),
    ("put_item", {"Item": {"pk": {"S": ""}}}),
    ("put_item", {"Item": {"other": {"S": "a"}}}),
    ("put_item", {"Item": {"pk": {"S": "a"}}, "TableName": "none"}),
    ("put_item", {"Item": {"pk": {"S": "a"}}, "ReturnValues": "ALL_OLD"}),
    *(("get_item", {"Key": {"pk": {"S": key}}}) for key in ("a", "b", "c", "")),
    ("get_item", {"Key": {"other": {"S": "a"}}}),
    ("get_item", {"Key": {"pk": {"S": "a"}}, "TableName": "none"}),
]
NUMBERED = {"MessageId", "ReceiptHandle"}
USUAL = {"s3": {"Bucket": BUCKET}, "dynamodb": {"TableName": "table"}}
PLAIN = [
    ("delete_object", {"Key": key}) for key in ("told", "sealed", "summed")
]  # what a listing must not hold, to be made the short way


@pytest.fixture(autouse=True)
def keys_of_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TEST_ACCOUNT.items():
        monkeypatch.setenv(name, value)


def bucket() -> Any:
    """A client, once there is a bucket."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    return s3


def comparable(told: Any) -> Any:
    """An answer without what each has of its own: its number, its headers, and when it was written."""
    if isinstance(told, dict):
        told = told | {"ResponseMetadata": told.get("ResponseMetadata", {}).get("HTTPStatusCode")}
        return {name: name if name in NUMBERED else comparable(value) for name, value in told.items()}
    if isinstance(told, list):
        return [comparable(value) for value in told]
    if isinstance(told, datetime):
        return told.utcoffset() == timedelta(0) and told.microsecond == 0
    return told.read() if hasattr(told, "read") else told


def answer(client: Any, ask: str, given: dict[str, Any]) -> Any:
    """What boto3 returns, or the error that it raises."""
    try:
        told = getattr(client, ask)(**USUAL.get(client.meta.service_model.service_name, {}) | given)
    except ClientError as error:
        return type(error).__name__, str(error), comparable(error.response)
    except ParamValidationError as error:
        return str(error)
    return comparable(told)


def of_objects() -> Iterator[tuple[str, str, Any]]:
    """Everything that is asked of S3, and what it says."""
    s3 = bucket()
    for ask, given in [*WRITES, *READS, *PLAIN, *READS]:
        yield ask, str(given), answer(s3, ask, given)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2})
    yield "pages", "", comparable(list(pages))


def of_messages() -> Iterator[tuple[str, str, Any]]:
    """Everything that is asked of SQS, and what it says."""
    sqs = boto3.client("sqs")
    for ask, given in MESSAGES:
        yield ask, str(given), answer(sqs, ask, given)
    sqs.send_message(**QUEUE, MessageBody="to be deleted")
    receipt = sqs.receive_message(**QUEUE)["Messages"][0]["ReceiptHandle"]
    for _ in "twice":
        yield "delete_message", "", answer(sqs, "delete_message", {**QUEUE, "ReceiptHandle": receipt})
    yield "received", "", answer(sqs, "receive_message", QUEUE)


def of_items() -> Iterator[tuple[str, str, Any]]:
    """Everything that is asked of DynamoDB, and what it says."""
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for ask, given in ITEMS:
        yield ask, str(given), answer(dynamodb, ask, given)


@pytest.mark.parametrize("ask_all", [of_objects, of_messages, of_items])
def test_both_ways_answer_alike(
    monkeypatch: pytest.MonkeyPatch, ask_all: Callable[[], Iterator[tuple[str, str, Any]]]
) -> None:
    with moto.mock_aws():
        long = list(ask_all())
    asked_long: list[str] = []
    ask = quick_moto._ask

    def counted(client: Any, operation: str, params: dict[str, Any]) -> Any:
        asked_long.append(operation)
        return ask(client, operation, params)

    monkeypatch.setattr(quick_moto, "_ask", counted)
    with quick_moto.mock_aws():
        short = list(ask_all())
    assert [pair for pair in zip(long, short, strict=True) if pair[0] != pair[1]] == []
    assert len(asked_long) < len(short) * 2 / 3


def test_one_object_has_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written the long way and read the short one, and the other way round."""
    with quick_moto.mock_aws():
        s3 = bucket()
        s3.put_object(Bucket=BUCKET, Key="short", Body=b"short", Metadata={"a": "b"})
        with monkeypatch.context() as patch:
            patch.setattr(quick_moto, "KNOWN", {})
            s3.put_object(Bucket=BUCKET, Key="long", Body=b"long", Metadata={"a": "b"})
            there = [answer(s3, "get_object", {"Key": key}) for key in ("long", "short")]
            listed = answer(s3, "list_objects_v2", {})
        assert [answer(s3, "get_object", {"Key": key}) for key in ("long", "short")] == there
        assert answer(s3, "list_objects_v2", {}) == listed
        assert [entry["Key"] for entry in listed["Contents"]] == ["long", "short"]
        assert [one["Body"] for one in there] == [b"long", b"short"]


def test_hooks_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    with quick_moto.mock_aws():
        s3 = bucket()
        s3.meta.events.register("provide-client-params.s3.*", lambda model, **_: heard.append(model.name))
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"")
        answer(s3, "get_object", {"Key": "none"})
        s3.put_object(Bucket=BUCKET, Key="b", Body=b"", CacheControl="no-store")
    assert heard == ["PutObject", "GetObject", "PutObject"]


def test_of_many_creations_at_once_one_wins() -> None:
    with quick_moto.mock_aws(), ThreadPoolExecutor(8) as threads:
        s3 = bucket()
        given = [
            {"Key": f"{key}", "Body": b"%d" % n, "IfNoneMatch": "*"} for key in range(20) for n in range(8)
        ]
        told = list(threads.map(lambda one: answer(s3, "put_object", one), given))
    assert sum(isinstance(one, dict) for one in told) == 20


def test_a_bucket_with_versions_is_asked_the_long_way() -> None:
    with quick_moto.mock_aws():
        s3 = bucket()
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for body in (b"1", b"2"):
            assert s3.put_object(Bucket=BUCKET, Key="a", Body=body)["VersionId"]
        assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 2


def test_boto3_is_as_before_afterwards() -> None:
    before = boto3.client("s3")._make_api_call.__func__  # type: ignore[attr-defined]  # what is patched
    with quick_moto.mock_aws():
        pass
    assert boto3.client("s3")._make_api_call.__func__ is before  # type: ignore[attr-defined]  # the same
