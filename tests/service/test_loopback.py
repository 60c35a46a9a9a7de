"""The services for single functions: what is in them, and where they can't be."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from snakebatch.local import loopback
from tests.support.handlers import ROOT


def parameters() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    return content


def test_what_the_events_speak_of_is_there() -> None:
    names = parameters()
    with loopback.loopback() as services:
        address = names["AWS_ENDPOINT_URL"]
        assert address.endswith(f":{loopback.PORT}")
        for queue in ("REPORTS_QUEUE_URL", "REPORTS_DLQ_URL"):
            url = names[queue].replace(address, services.url)
            assert services.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        table = services.client("dynamodb").describe_table(TableName=names["LEASE_TABLE"])["Table"]
        assert table["TableStatus"] == "ACTIVE"
        stage = json.loads((ROOT / "events/stage.json").read_text())["input"]
        bucket, _, key = stage["dataset"].removeprefix("s3://").partition("/")
        assert bucket == names["JOBS_BUCKET"]
        rows = services.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode().splitlines()
    assert stage["target"] in rows[0].split(",")
    assert len(rows) == 345


def test_a_port_that_is_taken_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        assert loopback.main(["--port", str(port)]) == 1
    assert f"port {port} can't be listened on" in capsys.readouterr().err
