"""Trainings through the whole embedded cloud: start, wait for the end, look at what happened."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakebatch.clock import SystemClock
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.snake import Snake

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Ended:
    """An execution that has ended."""

    cloud: EmbeddedCloud
    arn: str
    described: dict[str, Any]

    @property
    def status(self) -> str:
        return str(self.described["status"])

    @property
    def error(self) -> tuple[str, str]:
        """Name and cause of a failed execution."""
        return self.described["error"], self.described["cause"]

    @property
    def output(self) -> dict[str, Any]:
        """The output of one that succeeded; anything else shows its error."""
        assert self.status == "SUCCEEDED", (self.described.get("error"), self.described.get("cause"))
        output: dict[str, Any] = json.loads(self.described["output"])
        return output

    def read(self, name: str) -> bytes:
        """An object that the output names: ``model``, ``model_stripped`` or ``receipt``."""
        return read(self.cloud, self.output[name])

    def events(self) -> list[dict[str, Any]]:
        return list(events(self.cloud, self.arn))

    def states(self) -> list[str]:
        """The names of the states it entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.events()
            if "stateEnteredEventDetails" in event
        ]


def read(cloud: EmbeddedCloud, uri: str) -> bytes:
    """An object by its URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    data: bytes = cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return data


def upload(cloud: EmbeddedCloud, text: str | bytes, name: str = "data.csv") -> str:
    """Put a data set into the jobs bucket; returns its URI."""
    data = text.encode() if isinstance(text, str) else text
    cloud.client("s3").put_object(Bucket=cloud.jobs_bucket, Key=f"datasets/{name}", Body=data)
    return f"s3://{cloud.jobs_bucket}/datasets/{name}"


def finish(cloud: EmbeddedCloud, arn: str) -> Ended:
    """Wait until an execution has ended."""
    clock = SystemClock()
    while True:
        described = cloud.sfn.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return Ended(cloud, arn, described)
        clock.sleep(POLL_SECONDS)


def reach(cloud: EmbeddedCloud, arn: str, state: str) -> None:
    """Wait until an execution has entered a state."""
    clock = SystemClock()
    while state not in Ended(cloud, arn, {}).states():
        assert cloud.sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"
        clock.sleep(POLL_SECONDS)


def train(cloud: EmbeddedCloud, text: str | bytes, **parameters: Any) -> Ended:
    """Train on a table whose target is ``y``, and wait for the end."""
    asked = {"dataset": upload(cloud, text), "target": "y", **parameters}
    return finish(cloud, cloud.train(asked))


def events(cloud: EmbeddedCloud, arn: str) -> Iterator[dict[str, Any]]:
    """The whole history of an execution."""
    page: dict[str, Any] = {}
    while True:
        answer = cloud.sfn.get_execution_history(executionArn=arn, maxResults=1000, **page)
        yield from answer["events"]
        if not answer.get("nextToken"):
            return
        page = {"nextToken": answer["nextToken"]}


def children(cloud: EmbeddedCloud, arn: str) -> list[str]:
    """The ARNs of all child executions of an execution's maps."""
    runs = cloud.sfn.list_map_runs(executionArn=arn)["mapRuns"]
    return [
        child["executionArn"]
        for run in runs
        for child in cloud.sfn.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    ]


def in_process(text: str, folder: Path, **parameters: Any) -> bytes:
    """The model.json that Snake trains in this process."""
    rows = list(csv.DictReader(io.StringIO(text)))
    path = folder / "snake.json"
    Snake(rows, target_index="y", noise=0, **parameters).to_json(path)
    return path.read_bytes()
