"""Bad input in a whole workflow: it fails with the true reason, no shard is asked, and nothing is left.

Each table of tests/support/hostile_tables.py goes through staging in tests/unit/input; here are those that
the services around it could make something else of.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gatherer.api.problems import MEDIA_TYPE
from snakebatch.local.cloud import EmbeddedCloud
from tests.support.api import BEARER, KEY_VARIABLES
from tests.support.hostile_models import DEEP
from tests.support.hostile_tables import TABLES
from tests.support.training import children, finish, upload
from tests.workflow.test_train_ends import leases, receipt_of_failure

ROWS = b"a,y\n1,u\n2,v\n"
DATA: dict[str, tuple[str, bytes, str]] = {
    "10,000 columns, one cell lost": (
        "wide.csv",
        TABLES["10,000 columns, one cell lost"].data,
        r"row 5 \(line 6\) has 9999 cells",
    ),
    "a quote that never closes": ("quote.csv", b'a,y\n1,u\n"2,v\n', r"row 2 \(line 3\): a quote"),
    "Latin-1": ("latin.csv", b"a,y\n1,u\n\xe9,v\n", "line 3 is not UTF-8"),
    "a bomb of blank lines": ("bomb.csv.gz", gzip.compress(b"\n" * 2_000_000, mtime=0), "blank lines"),
    "a bomb of one line": ("line.csv.gz", gzip.compress(b"x" * (1 << 25), mtime=0), "line 1, the header"),
    "gzip cut off": ("cut.csv.gz", gzip.compress(ROWS, mtime=0)[:-12], "can't be unpacked"),
    "gzip in name only": ("plain.csv.gz", ROWS, "can't be unpacked"),
    "a name with a path": ("../../service/%2e%2e/a.csv", b"a,y\n", "a header and no rows"),
}
INPUTS: dict[str, tuple[dict[str, Any], str]] = {
    "another bucket": ({"dataset": "s3://elsewhere/data.csv"}, "not where data sets may be read from"),
    "the API's keys": ({"dataset": "s3://{home}/service/keys.json"}, "no data set"),
    "no URI": ({"dataset": "file:///etc/passwd"}, "TrainInput: dataset"),
    "a job id with a path": ({"job": "../../etc"}, "TrainInput: job"),
    "a job id with a line end": ({"job": "one\n"}, "TrainInput: job"),
    "an unknown field": ({"__class__": "x"}, "TrainInput: __class__"),
    "a number as the data set": ({"dataset": 9007199254740993}, "TrainInput: dataset"),
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(processes=2, http=("127.0.0.1", 0), environment=KEY_VARIABLES) as running:
        yield running


def kept(cloud: EmbeddedCloud) -> set[str]:
    """The objects of the bucket that are neither data sets nor receipts of runs that failed."""
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=cloud.jobs_bucket)
    keys = {found["Key"] for page in pages for found in page.get("Contents", [])}
    return {key for key in keys if not key.startswith("datasets/") and not key.endswith("receipt.json")}


def check_failed(cloud: EmbeddedCloud, asked: dict[str, Any], says: str) -> None:
    before = kept(cloud)
    ended = finish(cloud, cloud.train({"target": "y", **asked}))
    assert ended.status == "FAILED"
    error, cause = ended.error
    assert error == "InputError"
    assert re.search(says, cause), cause
    assert len(cause) < 1000
    assert children(cloud, ended.arn) == [], "no shard was asked"
    receipt = receipt_of_failure(ended)
    assert receipt["failure"]["error"] == "InputError"
    assert kept(cloud) == before
    assert leases(cloud) == {}


@pytest.mark.parametrize("name", DATA)
def test_bad_data_fail_by_their_reason_and_leave_nothing(cloud: EmbeddedCloud, name: str) -> None:
    file, data, says = DATA[name]
    check_failed(cloud, {"dataset": upload(cloud, data, file)}, says)


@pytest.mark.parametrize("name", INPUTS)
def test_bad_inputs_fail_by_their_reason_and_leave_nothing(cloud: EmbeddedCloud, name: str) -> None:
    asked, says = INPUTS[name]
    given = {"dataset": upload(cloud, ROWS), **asked}
    if isinstance(given["dataset"], str):
        given["dataset"] = given["dataset"].replace("{home}", cloud.jobs_bucket)
    check_failed(cloud, given, says)


BODIES: dict[str, tuple[str, str, bytes, int]] = {
    "arrays nested 10,000 deep": ("POST", "/v9/train", b"[" * DEEP + b"]" * DEEP, 422),
    "objects nested 10,000 deep": (
        "POST",
        "/v9/train",
        b'{"target": "y", "rows": [{"y": "a", "x": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}]}",
        422,
    ),
    "nested 500 deep": (
        "POST",
        "/v9/train",
        b'{"target": "y", "rows": [{"y": ' + b"[" * 500 + b"]" * 500 + b', "x": 1}]}',
        422,
    ),
    "a key twice": ("POST", "/v9/train", b'{"target": "y", "target": 1, "target": [], "rows": []}', 422),
    "an infinite number": (
        "POST",
        "/v9/train",
        b'{"target": "y", "rows": [{"y": "a", "x": 1}, {"y": "b", "x": -1e999}]}',
        422,
    ),
    "a bucket elsewhere": ("POST", "/v9/train", b'{"target": "y", "dataset": "s3://elsewhere/a.csv"}', 422),
    "a model elsewhere": (
        "POST",
        "/v9/predict-sync",
        b'{"model": "s3://elsewhere/models/m.json", "rows": [{"x": 1}]}',
        422,
    ),
    "a job with a path": ("GET", "/v9/status/..%2f..%2fservice%2fkeys.json", b"", 404),
    "a job with a NUL": ("GET", "/v9/status/a%00b", b"", 404),
    "a job with a line end": ("DELETE", "/v9/jobs/a%0ab", b"", 404),
    "a model with a path": ("GET", "/v9/model/..%2f..%2fservice%2fkeys.json", b"", 404),
    "an upload with a path": ("GET", "/v9/uploads/..%2fkeys", b"", 404),
    "a name of 100,000 characters": ("GET", f"/v9/status/{'a' * 50_000}", b"", 404),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_request_is_a_problem_and_no_fault(cloud: EmbeddedCloud, name: str) -> None:
    method, path, body, status = BODIES[name]
    before = kept(cloud)
    headers = {**BEARER, **({"Content-Type": "application/json"} if body else {})}
    answer = httpx.request(method, f"{cloud.url}{path}", content=body, headers=headers, timeout=60)
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert len(json.loads(answer.text)["detail"]) < 1000
    assert kept(cloud) == before
