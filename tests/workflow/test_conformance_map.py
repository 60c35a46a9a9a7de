"""Map, inline and distributed: items, readers, batches.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
"""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from botocore.exceptions import IncompleteReadError

from .asl_maps import ECHO, mapping, picky, reader
from .asl_world import jsonpath, world

# ---------------------------------------- both modes


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
@pytest.mark.parametrize(
    ("fields", "given", "expected"),
    [
        ({}, [3, 1, 2], [3, 1, 2]),
        ({}, [], []),
        ({"Items": "{% $states.input.l %}"}, {"l": [1]}, [1]),
        ({"Items": [1, "{% $states.input.x %}"]}, {"x": 5}, [1, 5]),
        # input-output-itemselector: context object Map.Item.Index and Map.Item.Value, and the state's input
        (
            {
                "Items": "{% $states.input.l %}",
                "ItemSelector": {
                    "i": "{% $states.context.Map.Item.Index %}",
                    "v": "{% $states.context.Map.Item.Value %}",
                    "k": "{% $states.input.k %}",
                },
            },
            {"l": ["a", "b"], "k": 9},
            [{"i": 0, "v": "a", "k": 9}, {"i": 1, "v": "b", "k": 9}],
        ),
    ],
    ids=["input", "empty", "Items", "Items-array", "ItemSelector"],
)
def test_items_and_results_in_order(mode: str, fields: dict[str, Any], given: Any, expected: Any) -> None:
    with world(functions=ECHO) as here:
        assert here.run(mapping(mode, **fields), given).output == expected


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
@pytest.mark.parametrize(
    ("concurrency", "seconds"), [(1, 60), (2, 30), ("{% $states.input.c %}", 20), (0, 10)]
)
def test_max_concurrency(mode: str, concurrency: Any, seconds: float) -> None:
    # MaxConcurrency: so many at once; 0 is no limit (10,000 distributed, 40 inline)
    waits = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
    machine = mapping(mode, waits, Items="{% $states.input.l %}", MaxConcurrency=concurrency)
    with world() as here:
        assert here.run(machine, {"l": [0] * 6, "c": 3}).seconds == seconds


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_items_must_be_an_array(mode: str) -> None:
    with world() as here:
        ended = here.run(mapping(mode, Items="{% $states.input.x %}"), {"x": "text"})
    assert ended.error == "States.QueryEvaluationError"


def test_inline_in_jsonpath_with_the_old_names() -> None:
    # state-map: Iterator and Parameters are the former names of ItemProcessor and ItemSelector
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    old = {"Type": "Map", "ItemsPath": "$.l", "Iterator": inner, "ResultPath": "$.out"}
    old["Parameters"] = {"v.$": "$$.Map.Item.Value", "k.$": "$.k"}
    with world() as here:
        ended = here.run(jsonpath(S=old), {"l": [1, 2], "k": 0})
    assert ended.output["out"] == [{"v": 1, "k": 0}, {"v": 2, "k": 0}]


def test_inline_iterations_read_outer_variables_but_keep_their_own() -> None:
    # workflow-variables: "inner states can read outer variables; ... what they assign stays inside"
    inner = {"P": {"Type": "Pass", "Assign": {"mine": "{% $states.input %}"}, "Next": "Q"}}
    inner["Q"] = {"Type": "Pass", "Output": "{% $outer + $mine %}", "End": True}
    machine = mapping("INLINE", inner, Next="After")
    machine["States"] |= {"First": {"Type": "Pass", "Assign": {"outer": 10}, "Next": "S"}}
    machine["States"]["After"] = {
        "Type": "Pass",
        "Output": ["{% $states.input %}", "{% $exists($mine) %}"],
        "End": True,
    }
    with world() as here:
        ended = here.run(machine | {"StartAt": "First"}, [1, 2])
    assert ended.output == [[11, 12], False]


def test_outer_variables_cannot_be_read_in_a_distributed_child() -> None:
    # workflow-variables: "you can't reference outer variables inside a Distributed Map's item processor"
    machine = mapping("DISTRIBUTED", {"P": {"Type": "Pass", "Output": "{% $outer %}", "End": True}})
    machine["States"]["First"] = {"Type": "Pass", "Assign": {"outer": 10}, "Output": [1], "Next": "S"}
    with world() as here:
        ended = here.run(machine | {"StartAt": "First"})
        (run,) = here.sfn.list_map_runs(executionArn=ended.arn)["mapRuns"]
        (child,) = here.sfn.list_executions(mapRunArn=run["mapRunArn"])["executions"]
        described = here.sfn.describe_execution(executionArn=child["executionArn"])
    assert ended.error == "States.ExceedToleratedFailureThreshold"
    assert described["error"] == "States.QueryEvaluationError"


def test_an_inline_iteration_that_fails_fails_the_map_and_aborts_the_rest() -> None:
    with world(functions={"f": picky}) as here:
        ended = here.run(mapping("INLINE", MaxConcurrency=1), [0, 1, 2])
    assert ended.error == "Odd"
    assert ended.types.count("MapIterationStarted") == 2
    assert [
        t for t in ended.types if t in ("MapIterationSucceeded", "MapIterationFailed", "MapStateFailed")
    ] == [
        "MapIterationSucceeded",
        "MapIterationFailed",
        "MapStateFailed",
    ]


# ---------------------------------------- item readers


CSV = 'id,name\n1,a\n2,"b,c"\n3\n'
READERS = [
    pytest.param(reader("JSON"), '[1, {"a": null}]', [1, {"a": None}], id="json"),
    pytest.param(reader("JSON", ItemsPointer="/a/b"), '{"a": {"b": [1]}}', [1], id="json-pointer"),
    pytest.param(reader("JSON", MaxItems=2), "[1, 2, 3]", [1, 2], id="max-items"),
    pytest.param(
        reader("JSON", MaxItems="{% $states.input.m %}"), "[1, 2, 3]", [1], id="max-items-expression"
    ),
    pytest.param(reader("JSONL"), '{"a": 1}\n\n{"a": 2}\n', [{"a": 1}, {"a": 2}], id="jsonl"),
    # "missing values are empty strings"; every value is a string
    pytest.param(
        reader("JSONL"),
        '{"a":"x\u2028y\x85"}\r\n\n{"a":2}',
        [{"a": "x\u2028y\x85"}, {"a": 2}],
        id="jsonl-lines",
    ),
    pytest.param(
        reader("CSV", CSVHeaderLocation="FIRST_ROW"),
        CSV,
        [{"id": "1", "name": "a"}, {"id": "2", "name": "b,c"}, {"id": "3", "name": ""}],
        id="csv",
    ),
    pytest.param(
        reader("CSV", CSVHeaderLocation="GIVEN", CSVHeaders=["x", "y"]),
        "1,2\n",
        [{"x": "1", "y": "2"}],
        id="csv-given",
    ),
    pytest.param(
        reader("CSV", CSVHeaderLocation="FIRST_ROW", CSVDelimiter="TAB"),
        "x\ty\n1\t2\n",
        [{"x": "1", "y": "2"}],
        id="csv-tab",
    ),
]


@pytest.mark.parametrize(("item_reader", "content", "expected"), READERS)
def test_item_readers(item_reader: dict[str, Any], content: str, expected: list[Any]) -> None:
    with world(functions=ECHO, objects={"bucket/items": content}) as here:
        assert here.run(mapping(ItemReader=item_reader), {"m": 1}).output == expected


def test_listing_objects_follows_every_page() -> None:
    objects = {f"bucket/p/{i}": "x" * i for i in range(5)} | {"bucket/other": ""}
    listing = reader(None, "p/", "arn:aws:states:::s3:listObjectsV2")
    with world(functions=ECHO, objects=objects) as here:
        output = here.run(mapping(ItemReader=listing)).output
        some = here.run(
            mapping(ItemReader=reader(None, "p/", "arn:aws:states:::s3:listObjectsV2", MaxItems=3))
        ).output
    assert [(o["Key"], o["Size"]) for o in output] == [(f"p/{i}", i) for i in range(5)]
    assert len(some) == 3


@pytest.mark.parametrize(
    ("item_reader", "content"),
    [
        (reader("JSON", "missing"), "[]"),
        (reader("JSON"), "{"),
        (reader("JSON"), '{"a": 1}'),
        (reader("JSON", ItemsPointer="/zz"), '{"a": [1]}'),
        (reader("JSONL"), "1\n{\n"),
        (reader("CSV", CSVHeaderLocation="FIRST_ROW"), ""),
        (reader("JSON"), b"\xff\xfe\x00"),
        (reader("JSON"), "[NaN]"),
        (reader("JSON"), "[" * 50_000),
        (reader("JSON", ItemsPointer="/a/b"), '{"a": "b"}'),
    ],
    ids=[
        "missing-file",
        "no-json",
        "no-array",
        "pointer-to-nothing",
        "bad-line",
        "empty-csv",
        "no-text",
        "not-a-number",
        "too-deep",
        "pointer-into-text",
    ],
)
def test_items_that_cannot_be_read(item_reader: dict[str, Any], content: Any) -> None:
    # concepts-error-handling: States.ItemReaderFailed
    machine = mapping(
        ItemReader=item_reader, Catch=[{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "C"}]
    )
    machine["States"]["C"] = {"Type": "Pass", "Output": "caught", "End": True}
    with world(objects={"bucket/items": content}) as here:
        ended = here.run(machine)
    assert ended.output == "caught"
    assert "MapRunStarted" not in ended.types


class BreakingBody(io.BytesIO):
    """A body whose connection ends in the middle."""

    def read(self, *_: Any) -> bytes:
        raise IncompleteReadError(actual_bytes=1, expected_bytes=2)


@pytest.mark.parametrize(("broken", "ending"), [(2, "SUCCEEDED"), (3, "FAILED")])
def test_items_are_read_again_where_the_connection_breaks(broken: int, ending: str) -> None:
    # Step Functions reads S3 by itself, and outlasts passing faults as any SDK does
    with world(objects={"bucket/items": "[1]"}, functions=ECHO) as here:
        whole, reads = here.s3.get_object, itertools.count(1)

        def get_object(**asked: Any) -> dict[str, Any]:
            answer = whole(**asked)
            return answer | {"Body": BreakingBody()} if next(reads) <= broken else answer

        here.s3.get_object = get_object  # type: ignore[method-assign]
        ended = here.run(mapping(ItemReader=reader("JSON")))
    assert ended.status == ending
    assert ended.error == (None if ending == "SUCCEEDED" else "States.ItemReaderFailed")


# ---------------------------------------- batches

BATCHES = [
    ({"MaxItemsPerBatch": 2}, [{"Items": [1, 2]}, {"Items": [3, 4]}, {"Items": [5]}]),
    ({"MaxItemsPerBatch": "{% $states.input.n %}"}, [{"Items": [1, 2, 3]}, {"Items": [4, 5]}]),
    (
        {"MaxItemsPerBatch": 4, "BatchInput": {"k": "{% $states.input.n %}"}},
        [{"BatchInput": {"k": 3}, "Items": [1, 2, 3, 4]}, {"BatchInput": {"k": 3}, "Items": [5]}],
    ),
    # {"Items":[1,2,3]} is 17 bytes
    ({"MaxInputBytesPerBatch": 17}, [{"Items": [1, 2, 3]}, {"Items": [4, 5]}]),
]


@pytest.mark.parametrize(
    ("batcher", "expected"), BATCHES, ids=["items", "expression", "batch-input", "bytes"]
)
def test_item_batcher(batcher: dict[str, Any], expected: list[Any]) -> None:
    machine = mapping(Items="{% $states.input.l %}", ItemBatcher=batcher)
    with world(functions=ECHO) as here:
        ended = here.run(machine, {"l": [1, 2, 3, 4, 5], "n": 3})
        (run,) = here.sfn.list_map_runs(executionArn=ended.arn)["mapRuns"]
        described = here.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
    assert ended.output == expected
    assert described["itemCounts"]["succeeded"] == 5
    assert described["executionCounts"]["succeeded"] == len(expected)
