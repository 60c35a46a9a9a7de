"""Distributed maps: tolerated failures, results, map runs.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from .asl_maps import ECHO, GET, WRITER, mapping, picky
from .asl_world import FunctionError, jsonata, jsonpath, world

# ---------------------------------------- tolerated failures

TOLERANCES = [
    ({}, "FAILED"),
    ({"ToleratedFailureCount": 2}, "FAILED"),
    ({"ToleratedFailureCount": 3}, "SUCCEEDED"),
    ({"ToleratedFailurePercentage": 49}, "FAILED"),
    ({"ToleratedFailurePercentage": 50}, "SUCCEEDED"),
    ({"ToleratedFailurePercentage": 100}, "SUCCEEDED"),
    ({"ToleratedFailureCount": 3, "ToleratedFailurePercentage": 10}, "FAILED"),
    ({"ToleratedFailurePercentage": "{% 25 * 2 %}"}, "SUCCEEDED"),
]

ZERO_FAILS = {
    "C": {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input = 0 %}", "Next": "F"}],
        "Default": "W",
    },
    "F": {"Type": "Fail", "Error": "Mine"},
    "W": {"Type": "Wait", "Seconds": 500, "End": True},
}
"""A child of the item 0 fails; any other one waits."""


@pytest.mark.parametrize(("tolerance", "status"), TOLERANCES, ids=lambda v: str(v))
def test_tolerated_failures_are_enforced(tolerance: dict[str, Any], status: str) -> None:
    # maprun-fail-threshold: more failed items than tolerated fail the Map with
    # States.ExceedToleratedFailureThreshold
    with world(functions={"f": picky}) as here:
        ended = here.run(mapping(MaxConcurrency=1, **tolerance), [0, 1, 2, 3, 4, 5])
    assert ended.status == status
    if status == "FAILED":
        assert ended.error == "States.ExceedToleratedFailureThreshold"
        assert ended.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_when_too_many_failed_the_rest_is_stopped_and_not_started() -> None:
    with world() as here:
        ended = here.run(mapping(states=ZERO_FAILS, MaxConcurrency=3, ResultWriter=WRITER), [1, 1, 0, 1, 1])
        (run,) = here.sfn.list_map_runs(executionArn=ended.arn)["mapRuns"]
        counts = here.sfn.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
        folder = f"bucket/out/{run['mapRunArn'].rpartition(':')[2]}"
        files = {
            name.rpartition("/")[2]: json.loads(body)
            for name, body in here.s3.objects.items()
            if name.startswith(folder)
        }
    assert ended.seconds == 0
    assert counts["failed"] == 1
    assert counts["aborted"] == 2
    assert counts["pending"] == 2
    assert sorted(entry["Status"] for entry in files["FAILED_0.json"]) == ["ABORTED", "ABORTED", "FAILED"]
    assert len(files["PENDING_0.json"]) == 2
    assert set(files) == {"FAILED_0.json", "PENDING_0.json", "manifest.json"}


def test_a_failed_child_among_the_results() -> None:
    # input-output-resultwriter: "if a child workflow execution fails, its result is returned unchanged, as
    # with NONE"
    with world(functions={"f": picky}) as here:
        output = here.run(mapping(ToleratedFailureCount=1), [0, 1, 2]).output
    assert output[0] == 0
    assert output[2] == 2
    assert (output[1]["Status"], output[1]["Error"]) == ("FAILED", "Odd")


# ---------------------------------------- result writer


def test_result_writer_writes_what_its_manifest_says() -> None:
    with world(functions={"f": picky}) as here:
        ended = here.run(mapping(ResultWriter=WRITER, ToleratedFailureCount=2), [0, 1, 2])
        details = ended.output["ResultWriterDetails"]
        manifest = json.loads(here.s3.objects[f"bucket/{details['Key']}"])
        files = manifest["ResultFiles"]
        (succeeded,) = files["SUCCEEDED"]
        entries = json.loads(here.s3.objects[f"bucket/{succeeded['Key']}"])
        failed = json.loads(here.s3.objects[f"bucket/{files['FAILED'][0]['Key']}"])
        size = len(here.s3.objects[f"bucket/{succeeded['Key']}"])
        child = here.sfn.describe_execution(executionArn=entries[1]["ExecutionArn"])
    assert ended.output["MapRunArn"] == manifest["MapRunArn"]
    assert manifest["DestinationBucket"] == details["Bucket"] == "bucket"
    assert details["Key"] == f"out/{manifest['MapRunArn'].rpartition(':')[2]}/manifest.json"
    assert files["PENDING"] == []
    assert succeeded["Size"] == size
    # outputs and inputs are JSON *texts*
    assert [(e["Status"], e["Input"], e["Output"]) for e in entries] == [
        ("SUCCEEDED", "0", "0"),
        ("SUCCEEDED", "2", "2"),
    ]
    assert child["output"] == "2"
    assert set(entries[0]) == {
        "ExecutionArn",
        "Input",
        "InputDetails",
        "Name",
        "Output",
        "OutputDetails",
        "StartDate",
        "StateMachineArn",
        "Status",
        "StopDate",
    }
    assert [(e["Status"], e["Error"]) for e in failed] == [("FAILED", "Odd")]


TRANSFORMATIONS = [
    ("COMPACT", "JSON", [[1, 2], [3]]),
    ("FLATTEN", "JSON", [1, 2, 3]),
    ("FLATTEN", "JSONL", "1\n2\n3\n"),
]


@pytest.mark.parametrize(("transformation", "output_type", "expected"), TRANSFORMATIONS)
def test_writer_config(transformation: str, output_type: str, expected: Any) -> None:
    config = {"WriterConfig": {"Transformation": transformation, "OutputType": output_type}}
    with world(functions=ECHO) as here:
        ended = here.run(mapping(ResultWriter=WRITER | config), [[1, 2], [3]])
        key = ended.output["ResultWriterDetails"]["Key"].replace(
            "manifest.json", f"SUCCEEDED_0.{output_type.lower()}"
        )
        body = here.s3.objects[f"bucket/{key}"].decode()
        inline = here.run(mapping(ResultWriter=config), [[1, 2], [3]])
    assert (json.loads(body) if output_type == "JSON" else body) == expected
    assert inline.output == (expected if output_type == "JSON" else expected.strip())


def test_a_bucket_that_is_not_there() -> None:
    # concepts-error-handling: States.ResultWriterFailed
    writer = WRITER | {"Arguments": {"Bucket": "nowhere", "Prefix": "p"}}
    with world(functions=ECHO) as here:
        ended = here.run(mapping(ResultWriter=writer), [1])
    assert ended.error == "States.ResultWriterFailed"
    assert "NoSuchBucket" in str(ended.cause)


def test_results_over_256_kib_need_a_writer() -> None:
    # aws: "without ResultWriter, results over 256 KiB raise States.DataLimitExceeded"
    big = {"f": lambda event: "x" * 100_000}
    with world(functions=big) as here:
        failed = here.run(mapping(), [1, 2, 3])
        written = here.run(mapping(ResultWriter=WRITER), [1, 2, 3])
    assert failed.error == "States.DataLimitExceeded"
    assert written.status == "SUCCEEDED"


# ---------------------------------------- map runs


def test_children_are_executions_of_the_labelled_machine() -> None:
    with world(functions=ECHO) as here:
        ended = here.run(mapping(Label="Shards"), ["a", "b"])
        (run,) = here.sfn.list_map_runs(executionArn=ended.arn)["mapRuns"]
        children = here.sfn.list_executions(mapRunArn=run["mapRunArn"])["executions"]
        described = here.sfn.describe_execution(executionArn=children[0]["executionArn"])
        types = [event["type"] for event in here.history(children[0]["executionArn"])]
    assert ":mapRun:machine-1/Shards:" in run["mapRunArn"]
    assert all(":execution:machine-1/Shards:" in child["executionArn"] for child in children)
    assert all(child["itemCount"] == 1 for child in children)
    assert (described["mapRunArn"], json.loads(described["input"])) == (run["mapRunArn"], "b")
    assert described["stateMachineArn"].endswith(":stateMachine:machine-1/Shards")
    assert types == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_counts_are_live_and_an_update_takes_effect_while_it_runs() -> None:
    # API UpdateMapRun: "applies to a running Map Run"
    waits = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
    with world() as here:
        with here.clock.holding():
            arn = here.start(mapping(states=waits, MaxConcurrency=1), [0] * 9)
            here.clock.sleep(15)
            (run,) = here.sfn.list_map_runs(executionArn=arn)["mapRuns"]
            counts = here.sfn.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
            here.sfn.update_map_run(mapRunArn=run["mapRunArn"], maxConcurrency=4)
            here.clock.sleep(1)
            later = here.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
        ended = here.finish(arn)
    assert {k: v for k, v in counts.items() if v} == {"pending": 7, "running": 1, "succeeded": 1, "total": 9}
    assert (later["itemCounts"]["running"], later["maxConcurrency"], later["status"]) == (4, 4, "RUNNING")
    # 1 by second 10; the one running since then and three since 15 by 20 and 25; the last four follow in
    # their places
    assert ended.seconds == 35


def test_an_update_of_the_tolerance_can_fail_a_run() -> None:
    with world() as here:
        with here.clock.holding():
            arn = here.start(mapping(states=ZERO_FAILS, ToleratedFailureCount=5), [0, 1])
            here.clock.sleep(5)
            (run,) = here.sfn.list_map_runs(executionArn=arn)["mapRuns"]
            here.sfn.update_map_run(mapRunArn=run["mapRunArn"], toleratedFailureCount=0)
        ended = here.finish(arn)
    assert (ended.error, ended.seconds) == ("States.ExceedToleratedFailureThreshold", 5)


def test_retry_of_a_distributed_map_starts_a_new_map_run_over_all_items() -> None:
    calls: list[Any] = []

    def function(event: Any) -> Any:
        calls.append(event)
        if len(calls) == 2:
            raise FunctionError("Boom")
        return event

    retry = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "MaxAttempts": 1}]
    with world(functions={"f": function}) as here:
        ended = here.run(mapping(MaxConcurrency=1, Retry=retry), [1, 2])
        runs = here.sfn.list_map_runs(executionArn=ended.arn)["mapRuns"]
    assert (ended.output, calls, len(runs)) == ([1, 2], [1, 2, 1, 2], 2)


def test_stopping_the_execution_stops_its_children() -> None:
    waits = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
    with world() as here:
        with here.clock.holding():
            arn = here.start(mapping(states=waits, MaxConcurrency=2), [0] * 5)
            here.clock.sleep(15)
            here.sfn.stop_execution(executionArn=arn, error="Enough", cause="it was")
        (run,) = here.sfn.list_map_runs(executionArn=arn)["mapRuns"]
        described = here.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
        statuses = [e["status"] for e in here.sfn.list_executions(mapRunArn=run["mapRunArn"])["executions"]]
        ended = here.finish(arn)
    assert (ended.status, ended.error, ended.cause) == ("ABORTED", "Enough", "it was")
    assert ended.types[-2:] == ["MapRunAborted", "ExecutionAborted"]
    assert described["status"] == "ABORTED"
    assert sorted(statuses) == ["ABORTED", "ABORTED", "SUCCEEDED", "SUCCEEDED"]


def test_a_map_run_that_is_cancelled_while_it_writes_is_aborted() -> None:
    """Its sibling in an inline Map failed meanwhile; the execution goes on."""
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "bucket"}}
    inner = {
        "Which?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input = 1 %}", "Next": "Run"}],
            "Default": "Later",
        },
        "Run": {**mapping(Items=[1], ResultWriter=writer)["States"]["S"], "End": True},
        "Later": {"Type": "Wait", "Seconds": 2, "Next": "Ill"},
        "Ill": {"Type": "Fail", "Error": "Ill"},
    }
    both = {
        "Type": "Map",
        "Items": [1, 2],
        "ItemProcessor": {"StartAt": "Which?", "States": inner},
        "Catch": [{"ErrorEquals": ["Ill"], "Next": "On"}],
        "Next": "On",
    }
    on = {  # for a token that nobody sends: no clock ends it
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": "q", "MessageBody": "{% $states.context.Task.Token %}"},
    }
    machine = jsonata("Both", Both=both, On=on)
    with world(functions=ECHO) as here:
        put = here.s3.put_object
        here.s3.put_object = lambda **asked: here.clock.sleep(60) or put(**asked)  # type: ignore[method-assign,func-returns-value]
        arn = here.start(machine)
        here.clock.sleep(10)
        (run,) = here.sfn.list_map_runs(executionArn=arn)["mapRuns"]
        described = here.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
        assert here.sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"
    assert described["status"] == "ABORTED"


def test_express_children_last_five_minutes_at_most() -> None:
    # concepts-standard-vs-express: five minutes
    machine = mapping(states={"W": {"Type": "Wait", "Seconds": 301, "End": True}}, ToleratedFailureCount=1)
    machine["States"]["S"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = "EXPRESS"
    with world() as here:
        ended = here.run(machine, [1])
        (run,) = here.sfn.list_map_runs(executionArn=ended.arn)["mapRuns"]
        counts = here.sfn.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
    assert ended.seconds == 300
    assert counts["timedOut"] == 1


def test_jsonpath_distributed_with_path_fields() -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": GET,
            "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.most"},
            "Parameters": {"Bucket": "bucket", "Key.$": "$.key"},
        },
        "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "k.$": "$.key"},
        "ItemBatcher": {"MaxItemsPerBatchPath": "$.batch", "BatchInput": {"b.$": "$.batch"}},
        "MaxConcurrencyPath": "$.c",
        "ToleratedFailurePercentagePath": "$.p",
        "ToleratedFailureCountPath": "$.c",
        "ItemProcessor": processor,
        "ResultSelector": {"first.$": "$[0]"},
    }
    given = {"key": "items", "most": 3, "batch": 2, "c": 2, "p": 5}
    with world(objects={"bucket/items": "[5, 6, 7, 8]"}) as here:
        ended = here.run(jsonpath(S=state), given)
        (run,) = here.sfn.list_map_runs(executionArn=ended.arn)["mapRuns"]
        described = here.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
    items = [{"v": 5, "i": 0, "k": "items"}, {"v": 6, "i": 1, "k": "items"}]
    assert ended.output == {"first": {"BatchInput": {"b": 2}, "Items": items}}
    assert (described["maxConcurrency"], described["toleratedFailurePercentage"]) == (2, 5.0)
    assert (described["itemCounts"]["total"], described["executionCounts"]["total"]) == (3, 2)
