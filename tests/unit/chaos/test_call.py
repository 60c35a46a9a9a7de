"""Requests as they pass by: what each is, of whom, and which moments it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakebatch.chaos import answers, kinds
from snakebatch.chaos.call import call_of

AGENT = {"User-Agent": "Boto3/1.44 md/Botocore app/environment-7 lang/python"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "operation", "moments"),
    [
        ("GET", "/b/jobs/x/job.json", {}, "GetObject", (kinds.S3, kinds.S3_READ)),
        ("HEAD", "/b/k", {}, "HeadObject", (kinds.S3,)),
        ("PUT", "/b/k", {"Content-Length": "3"}, "PutObject", (kinds.S3, kinds.S3_WRITE, kinds.S3_CHANGE)),
        ("PUT", "/b/k", {"Content-Length": "0"}, "PutObject", (kinds.S3, kinds.S3_CHANGE)),
        ("PUT", "/b/k", {"X-Amz-Copy-Source": "b/j"}, "CopyObject", (kinds.S3,)),
        (
            "PUT",
            "/b/jobs/x/f/leaf/reports/1.json.gz",
            {"Content-Length": "3"},
            "PutObject",
            (kinds.S3, kinds.S3_WRITE, kinds.S3_CHANGE, kinds.REPORT_WRITE),
        ),
        (
            "PUT",
            "/b/jobs/x/f/leaf/texts/1.json",
            {"Content-Length": "3"},
            "PutObject",
            (kinds.S3, kinds.S3_WRITE, kinds.S3_CHANGE, kinds.TEXT_WRITE),
        ),
        (
            "PUT",
            "/b/jobs/x/population-0a.bin",
            {"Content-Length": "3"},
            "PutObject",
            (kinds.S3, kinds.S3_WRITE, kinds.S3_CHANGE, kinds.DATA_WRITE),
        ),
        ("POST", "/b/k?uploads", {}, "CreateMultipartUpload", (kinds.S3, kinds.S3_CHANGE)),
        ("POST", "/b/k?uploadId=1", {}, "CompleteMultipartUpload", (kinds.S3, kinds.S3_CHANGE)),
        (
            "PUT",
            "/b/k?partNumber=1&uploadId=1",
            {"Content-Length": "3"},
            "UploadPart",
            (kinds.S3, kinds.S3_WRITE, kinds.S3_CHANGE),
        ),
        (
            "PUT",
            "/b/k?partNumber=1&uploadId=1",
            {"x-amz-copy-source": "b/j"},
            "UploadPartCopy",
            (kinds.S3, kinds.S3_CHANGE),
        ),
        ("DELETE", "/b/k?uploadId=1", {}, "AbortMultipartUpload", (kinds.S3,)),
        ("DELETE", "/b/k", {}, "DeleteObject", (kinds.S3, kinds.S3_CHANGE)),
        ("GET", "/b?list-type=2&prefix=x", {}, "ListObjects", (kinds.S3,)),
        ("POST", "/b?delete", {}, "DeleteObjects", (kinds.S3,)),
        (
            "POST",
            "/",
            {"X-Amz-Target": "AmazonSQS.SendMessageBatch"},
            "SendMessageBatch",
            (kinds.QUEUE, kinds.SEND),
        ),
        ("POST", "/", {"X-Amz-Target": "AmazonSQS.ReceiveMessage"}, "ReceiveMessage", ()),
        (
            "POST",
            "/",
            {"X-Amz-Target": "AmazonSQS.DeleteMessageBatch"},
            "DeleteMessageBatch",
            (kinds.QUEUE, kinds.DELETE),
        ),
        ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.PutItem"}, "PutItem", (kinds.TABLE,)),
        (
            "POST",
            "/",
            {"X-Amz-Target": "AWSStepFunctions.SendTaskSuccess"},
            "SendTaskSuccess",
            (kinds.TOKEN,),
        ),
        ("POST", "/", {"X-Amz-Target": "AWSStepFunctions.DescribeExecution"}, "DescribeExecution", ()),
        (
            "PUT",
            "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=live",
            {},
            "PUT slots",
            (kinds.SLOTS, kinds.SLOTS_PUT),
        ),
        ("GET", "/2019-09-30/functions/f/provisioned-concurrency", {}, "GET slots", (kinds.SLOTS,)),
    ],
)
def test_what_a_request_is(
    method: str, path: str, headers: dict[str, str], operation: str, moments: tuple[str, ...]
) -> None:
    call = call_of(method, path, {**AGENT, **headers})
    assert (call.operation, call.moments, call.who) == (operation, moments, "environment-7")


def test_a_gatherer_at_work_is_a_moment_and_one_that_waits_is_none() -> None:
    gatherer = {"User-Agent": "Boto3 app/gatherer-0"}
    assert kinds.GATHERER in call_of("GET", "/b/k", gatherer).moments
    assert call_of("POST", "/", {**gatherer, "X-Amz-Target": "AmazonSQS.ReceiveMessage"}).moments == ()
    assert kinds.GATHERER not in call_of("GET", "/b?list-type=2", gatherer).moments


def test_the_same_call_again_is_the_same_target_and_another_s_is_not() -> None:
    again = [call_of("GET", "/b/k?x=1", AGENT).target, call_of("GET", "/b/k?x=2", AGENT).target]
    assert again[0] == again[1]
    assert call_of("GET", "/b/k", {"User-Agent": "app/environment-8"}).target != again[0]
    assert call_of("GET", "/b/other", AGENT).target != again[0]


# What a service says that fails


@pytest.mark.parametrize(
    ("target", "path", "status"),
    [
        ("", "/b/k", 503),
        ("AmazonSQS.SendMessage", "/", 500),
        ("DynamoDB_20120810.GetItem", "/", 400),
        ("AWSStepFunctions.SendTaskSuccess", "/", 500),
        ("", "/2019-09-30/functions/f/provisioned-concurrency", 429),
    ],
)
def test_every_service_fails_in_its_own_words_and_with_the_mark(target: str, path: str, status: int) -> None:
    call = call_of("GET", path, {"X-Amz-Target": target})
    answer = answers.failure(call, "chaos fault 3")
    assert answer.status == status
    assert b"chaos fault 3" in answer.body


def test_a_queue_that_loses_messages_says_that_it_took_them() -> None:
    call = call_of("POST", "/", {"X-Amz-Target": "AmazonSQS.SendMessageBatch"})
    entries = [{"Id": "0", "MessageBody": "hello"}, {"Id": "1", "MessageBody": "you"}]
    said = json.loads(answers.taken(call, json.dumps({"Entries": entries}).encode()).body)
    assert [entry["Id"] for entry in said["Successful"]] == ["0", "1"]
    assert said["Successful"][0]["MD5OfMessageBody"] == "5d41402abc4b2a76b9719d911017c592"
    deleted = call_of("POST", "/", {"X-Amz-Target": "AmazonSQS.DeleteMessageBatch"})
    assert json.loads(answers.taken(deleted, json.dumps({"Entries": entries}).encode()).body)["Failed"] == []


def test_messages_are_delayed_and_turned_round() -> None:
    body = json.dumps({"QueueUrl": "q", "Entries": [{"Id": "0"}, {"Id": "1"}]}).encode()
    late = json.loads(answers.delayed(body))
    assert [entry["DelaySeconds"] for entry in late["Entries"]] == [1, 1]
    assert json.loads(answers.delayed(b'{"MessageBody": "x"}'))["DelaySeconds"] == 1
    turned = answers.reversed_entries(body)
    assert turned is not None
    assert [entry["Id"] for entry in json.loads(turned)["Entries"]] == ["1", "0"]
    assert answers.reversed_entries(b'{"Entries": [{"Id": "0"}]}') is None


@given(st.binary(min_size=1, max_size=99), st.floats(0, 1, exclude_max=True))
def test_damage_is_one_bit(body: bytes, draw: float) -> None:
    damaged = answers.corrupted(body, draw)
    assert len(damaged) == len(body)
    assert sum((a ^ b).bit_count() for a, b in zip(body, damaged, strict=True)) == 1


def test_a_sender_that_was_damaged_sends_no_checksum_of_what_was_there_before() -> None:
    headers = {"Content-MD5": "x", "x-amz-checksum-crc32": "y", "x-amz-sdk-checksum-algorithm": "z", "A": "b"}
    assert answers.without_checksums(headers) == {"A": "b"}
