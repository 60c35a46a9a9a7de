"""A small world to run definitions in: fake services, a simulated clock, outcomes that read well.

Fakes, not mocks: each keeps what it was given and answers as the service does. Time is simulated throughout.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from snakebatch.clock import SimulatedClock
from snakebatch.local import StepFunctions
from snakebatch.local.deployment import EXECUTIONS_KEPT

Function = Callable[[Any], Any]


class FunctionError(Exception):
    """Raised by a fake function: becomes a FunctionError payload with that errorType."""

    def __init__(self, error_type: str | None, message: str = "it failed") -> None:
        super().__init__(message)
        self.payload = {"errorMessage": message} | ({"errorType": error_type} if error_type else {})


def client_error(code: str, message: str = "no", status: int = 400, **more: str) -> ClientError:
    """An error as boto3 raises it."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message, **more},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "r-1",
                "HTTPHeaders": {},
                "HostId": "",
                "RetryAttempts": 0,
            },
        },
        "Call",
    )


class FakeLambda:
    """Functions by name; counts what runs at once."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = dict(functions)
        self.calls: list[dict[str, Any]] = []
        self.running = 0
        self.most_running = 0
        self._lock = threading.Lock()

    def invoke(self, FunctionName: str, Payload: bytes = b"null", **others: Any) -> dict[str, Any]:
        event = json.loads(Payload)
        with self._lock:
            self.calls.append({"FunctionName": FunctionName, "Payload": event, **others})
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            result = self.functions[
                FunctionName.split(":")[0] if "arn:" not in FunctionName else FunctionName
            ](event)
        except FunctionError as problem:
            text = json.dumps(problem.payload)
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(text.encode())}
        finally:
            with self._lock:
                self.running -= 1
        body = result if isinstance(result, bytes) else json.dumps(result).encode()
        return {"StatusCode": 200, "ExecutedVersion": "7", "Payload": io.BytesIO(body)}


class FakeS3:
    """Objects by bucket and key; lists in pages of two."""

    def __init__(self, objects: Mapping[str, str | bytes]) -> None:
        self.objects = {
            name: text.encode() if isinstance(text, str) else text for name, text in objects.items()
        }
        self.buckets = {"bucket"} | {name.split("/")[0] for name in self.objects}

    def _bucket(self, name: str) -> None:
        if name not in self.buckets:
            raise client_error("NoSuchBucket", "The specified bucket does not exist", 404)

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        self._bucket(Bucket)
        if f"{Bucket}/{Key}" not in self.objects:
            raise client_error("NoSuchKey", "The specified key does not exist.", 404)
        body = self.objects[f"{Bucket}/{Key}"]
        return {"Body": io.BytesIO(body), "ContentLength": len(body), "ResponseMetadata": {"RequestId": "r"}}

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if f"{Bucket}/{Key}" not in self.objects:
            raise client_error("404", "Not Found", 404)
        return {"ContentLength": len(self.objects[f"{Bucket}/{Key}"])}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:
        self._bucket(Bucket)
        self.objects[f"{Bucket}/{Key}"] = Body
        return {"ETag": '"e"'}

    def list_objects_v2(self, Bucket: str, Prefix: str = "", ContinuationToken: str = "0") -> dict[str, Any]:
        self._bucket(Bucket)
        keys = sorted(name.split("/", 1)[1] for name in self.objects if name.startswith(f"{Bucket}/{Prefix}"))
        start = int(ContinuationToken)
        page = [{"Key": key, "Size": len(self.objects[f"{Bucket}/{key}"])} for key in keys[start : start + 2]]
        more = start + 2 < len(keys)
        return {"Contents": page, "IsTruncated": more} | (
            {"NextContinuationToken": str(start + 2)} if more else {}
        )


class FakeSqs:
    """Keeps what is sent; `on_send` may answer at once."""

    def __init__(self, on_send: Callable[[Any], None] | None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.on_send = on_send

    def send_message(self, **message: Any) -> dict[str, Any]:
        if message["QueueUrl"] == "nowhere":
            code = "AWS.SimpleQueueService.NonExistentQueue"
            raise client_error(
                code, "The specified queue does not exist.", QueryErrorCode="QueueDoesNotExist"
            )
        self.sent.append(message)
        if self.on_send is not None:
            self.on_send(json.loads(message["MessageBody"]))
        return {"MessageId": "m-1", "MD5OfMessageBody": "d41d"}


class FakeDynamo:
    """One table with conditional puts."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}

    def put_item(self, TableName: str, Item: Any, ConditionExpression: str | None = None) -> dict[str, Any]:
        key = Item["pk"]["S"]
        if ConditionExpression and key in self.items:
            raise client_error("ConditionalCheckFailedException", "The conditional request failed")
        self.items[key] = Item
        return {}

    def get_item(self, TableName: str, Key: Any) -> dict[str, Any]:
        return {"Item": self.items[Key["pk"]["S"]]} if Key["pk"]["S"] in self.items else {}


@dataclass
class Outcome:
    """How an execution ended, with its output parsed and its history."""

    arn: str
    status: str
    output: Any
    error: str | None
    cause: str | None
    seconds: float
    events: list[dict[str, Any]] = field(repr=False)

    @property
    def types(self) -> list[str]:
        """The types of its events."""
        return [event["type"] for event in self.events]

    def event(self, kind: str) -> dict[str, Any]:
        """The first event of a type."""
        return next(event for event in self.events if event["type"] == kind)


class World:
    """An executor over the fakes."""

    def __init__(
        self,
        *,
        functions: Mapping[str, Function] | None = None,
        objects: Mapping[str, str | bytes] | None = None,
        on_send: Callable[[World, Any], None] | None = None,
        clients: Mapping[str, Any] | None = None,
        kept: int = EXECUTIONS_KEPT,
    ) -> None:
        self.clock = SimulatedClock()
        self.lambda_ = FakeLambda(functions or {})
        self.s3 = FakeS3(objects or {})
        self.sqs = FakeSqs((lambda body: on_send(self, body)) if on_send else None)
        self.dynamodb = FakeDynamo()
        self._clients: dict[str, Any] = {
            "lambda": self.lambda_,
            "s3": self.s3,
            "sqs": self.sqs,
            "dynamodb": self.dynamodb,
            **(clients or {}),
        }
        self.sfn = StepFunctions(self._client, clock=self.clock, seed=7, kept=kept)
        self._count = 0

    def _client(self, service: str) -> Any:
        return self.sfn if service == "stepfunctions" else self._clients[service]

    def create(self, definition: Any, *, kind: str = "STANDARD", name: str | None = None) -> str:
        """Create a machine; its ARN."""
        self._count += 1
        created = self.sfn.create_state_machine(
            name=name or f"machine-{self._count}",
            definition=json.dumps(definition),
            roleArn="arn:role",
            type=kind,
        )
        return str(created["stateMachineArn"])

    def start(self, definition: Any, given: Any = None) -> str:
        """Create and start; the execution's ARN."""
        started = self.sfn.start_execution(
            stateMachineArn=self.create(definition), input=json.dumps({} if given is None else given)
        )
        return str(started["executionArn"])

    def finish(self, arn: str, *, within: float = 4e6) -> Outcome:
        """Let simulated time pass until the execution ends."""
        nap, passed = 1.0, 0.0
        while (described := self.sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert passed < within, f"still running after {passed} simulated seconds"
            self.clock.sleep(nap)
            passed += nap
            nap = min(nap * 1.5, 1e5)
        output = described.get("output")
        return Outcome(
            arn=arn,
            status=described["status"],
            output=None if output is None else json.loads(output),
            error=described.get("error"),
            cause=described.get("cause"),
            seconds=(described["stopDate"] - described["startDate"]).total_seconds(),
            events=self.history(arn),
        )

    def history(self, arn: str) -> list[dict[str, Any]]:
        """All events, page after page."""
        page = self.sfn.get_execution_history(executionArn=arn, maxResults=1000)
        events = list(page["events"])
        while "nextToken" in page:
            page = self.sfn.get_execution_history(
                executionArn=arn, maxResults=1000, nextToken=page["nextToken"]
            )
            events += page["events"]
        return events

    def run(self, definition: Any, given: Any = None) -> Outcome:
        """Create, start, and wait for the end."""
        return self.finish(self.start(definition, given))


@contextmanager
def world(**given: Any) -> Iterator[World]:
    """A world that is closed in the end."""
    here = World(**given)
    try:
        yield here
    finally:
        here.sfn.close()


def machine(language: str, start: str = "S", **states: Any) -> dict[str, Any]:
    """A definition of those states; the last one ends where nothing says how it goes on."""
    for state in states.values():
        if state["Type"] not in ("Choice", "Succeed", "Fail") and "Next" not in state:
            state.setdefault("End", True)
    return {"QueryLanguage": language, "StartAt": start, "States": states}


def jsonata(start: str = "S", **states: Any) -> dict[str, Any]:
    """A JSONata definition."""
    return machine("JSONata", start, **states)


def jsonpath(start: str = "S", **states: Any) -> dict[str, Any]:
    """A JSONPath definition."""
    return machine("JSONPath", start, **states)


def invoke(function: str = "f", **more: Any) -> dict[str, Any]:
    """A JSONata Task that invokes a function with its input, and gives the payload."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        **more,
    }
