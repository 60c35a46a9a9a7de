"""JSONPath states: input and output processing, intrinsic functions, choice rules.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

from typing import Any

import pytest

from .asl_world import jsonpath, world

FLOWS = [
    pytest.param({"InputPath": "$.a"}, {"a": {"b": 1}}, {"b": 1}, id="InputPath"),
    pytest.param({"InputPath": None}, {"a": 1}, {}, id="InputPath-null-is-empty"),
    pytest.param({"Parameters": {"x.$": "$.a", "k": "$.a"}}, {"a": 1}, {"x": 1, "k": "$.a"}, id="Parameters"),
    pytest.param(
        {"Parameters": {"d": {"e.$": "$.a[1]"}}}, {"a": [1, 2]}, {"d": {"e": 2}}, id="Parameters-deep"
    ),
    pytest.param(
        {"Parameters": {"l": [{"e.$": "$.a"}]}}, {"a": 1}, {"l": [{"e": 1}]}, id="Parameters-in-array"
    ),
    pytest.param({"Parameters": {"n.$": "$$.State.Name"}}, {}, {"n": "S"}, id="context-object"),
    pytest.param({"Result": {"r": 1}}, {"a": 1}, {"r": 1}, id="Result-replaces"),
    pytest.param({"Result": 5, "ResultPath": "$.r"}, {"a": 1}, {"a": 1, "r": 5}, id="ResultPath-adds"),
    pytest.param({"Result": 5, "ResultPath": "$.x.y"}, {"x": {}}, {"x": {"y": 5}}, id="ResultPath-nested"),
    pytest.param({"Result": 5, "ResultPath": "$.x.y"}, {}, {"x": {"y": 5}}, id="ResultPath-makes-objects"),
    pytest.param({"Result": 5, "ResultPath": None}, {"a": 1}, {"a": 1}, id="ResultPath-null-discards"),
    pytest.param({"Result": {"r": 1}, "OutputPath": "$.r"}, {}, 1, id="OutputPath"),
    pytest.param({"OutputPath": None}, {"a": 1}, {}, id="OutputPath-null-is-empty"),
    pytest.param({"InputPath": "$.a[*].b"}, {"a": [{"b": 1}, {"b": 2}]}, [1, 2], id="wildcard"),
    pytest.param({"InputPath": "$..b"}, {"a": [{"b": 1}], "b": 0}, [0, 1], id="descent"),
    pytest.param({"InputPath": "$.a[?(@.b > 1)]"}, {"a": [{"b": 1}, {"b": 2}]}, [{"b": 2}], id="filter"),
    pytest.param({"InputPath": "$.a[-1]"}, {"a": [1, 2]}, 2, id="from-the-end"),
    pytest.param({"InputPath": "$.a[0:2]"}, {"a": [1, 2, 3]}, [1, 2], id="slice"),
    pytest.param({"InputPath": "$['a b']"}, {"a b": 1}, 1, id="quoted-name"),
]


@pytest.mark.parametrize(("fields", "given", "expected"), FLOWS)
def test_input_and_output_fields(fields: dict[str, Any], given: Any, expected: Any) -> None:
    with world() as here:
        assert here.run(jsonpath(S={"Type": "Pass", **fields}), given).output == expected


def test_result_selector_comes_between_the_result_and_result_path() -> None:
    # input-output-inputpath-params: ResultSelector shapes the result before ResultPath places it.
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "ResultSelector": {"value.$": "$.Payload.v", "status.$": "$.StatusCode"},
        "ResultPath": "$.out",
        "Assign": {"seen.$": "$.value"},
        "Next": "T",
    }
    then = {"Type": "Pass", "Parameters": {"out.$": "$.out", "seen.$": "$seen"}}
    with world(functions={"f": lambda event: {"v": event["a"] + 1}}) as here:
        ended = here.run(jsonpath(S=task, T=then), {"a": 1})
    assert ended.output == {"out": {"value": 2, "status": 200}, "seen": 2}


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"InputPath": "$.zz"}, "States.Runtime", "could not be found in the input"),
        ({"Parameters": {"x.$": "$.zz"}}, "States.Runtime", "'$.zz' specified for the field 'x.$'"),
        ({"OutputPath": "$.zz"}, "States.Runtime", "could not be found"),
        ({"Parameters": {"x.$": "$unset"}}, "States.Runtime", "$unset"),
        ({"Result": 1, "ResultPath": "$.a[7]"}, "States.ResultPathMatchFailure", "ResultPath"),
        (
            {"Parameters": {"x.$": "States.StringToJson($.text)"}},
            "States.IntrinsicFailure",
            "States.StringToJson",
        ),
        ({"Parameters": {"x.$": "States.ArrayGetItem($.a, 9)"}}, "States.IntrinsicFailure", "9"),
    ],
)
def test_paths_that_lead_nowhere(fields: dict[str, Any], error: str, words: str) -> None:
    with world() as here:
        ended = here.run(jsonpath(S={"Type": "Pass", **fields}), {"a": [1], "text": "{"})
    assert ended.error == error
    assert words in str(ended.cause)


INTRINSICS = [
    ("States.Format('Hi {}, {} {}', $.s, 3, $.o)", 'Hi a b, 3 {"k":1}'),
    (r"States.Format('\{\} {} \'q\'', 1)", "{} 1 'q'"),
    ("States.StringToJson('[1, null]')", [1, None]),
    ("States.JsonToString($.o)", '{"k":1}'),
    ("States.Array($.s, 2, true, null)", ["a b", 2, True, None]),
    ("States.ArrayPartition($.l, 2)", [[1, 2], [3]]),
    ("States.ArrayContains($.l, 2)", True),
    ("States.ArrayRange(1, 9, 4)", [1, 5, 9]),
    ("States.ArrayGetItem($.l, 1)", 2),
    ("States.ArrayLength($.l)", 3),
    ("States.ArrayUnique(States.Array(1, 1, 2))", [1, 2]),
    ("States.Base64Encode('abc')", "YWJj"),
    ("States.Base64Decode('YWJj')", "abc"),
    ("States.Hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
    ("States.JsonMerge($.o, States.StringToJson('{\"m\":2}'), false)", {"k": 1, "m": 2}),
    ("States.MathAdd($.n, -3)", 2),
    ("States.StringSplit('a.b,,c', '.,')", ["a", "b", "c"]),
    ("States.ArrayLength(States.StringSplit(States.UUID(), '-'))", 5),
    ("States.ArrayContains(States.Array(1, 2), States.MathRandom(1, 3))", True),
]


@pytest.mark.parametrize(("call", "expected"), INTRINSICS, ids=lambda value: str(value)[:30])
def test_intrinsic_functions(call: str, expected: Any) -> None:
    given = {"s": "a b", "o": {"k": 1}, "l": [1, 2, 3], "n": 5}
    with world() as here:
        assert here.run(jsonpath(S={"Type": "Pass", "Parameters": {"x.$": call}}), given).output == {
            "x": expected
        }


AT = "2024-08-18T17:33:00Z"
RULES = [
    ({"Variable": "$.s", "StringEquals": "b"}, True),
    ({"Variable": "$.s", "StringLessThan": "c"}, True),
    ({"Variable": "$.s", "StringGreaterThan": "c"}, False),
    ({"Variable": "$.s", "StringLessThanEquals": "b"}, True),
    ({"Variable": "$.s", "StringGreaterThanEquals": "b"}, True),
    ({"Variable": "$.s", "StringEqualsPath": "$.other"}, True),
    ({"Variable": "$.s", "StringLessThanPath": "$.other"}, False),
    ({"Variable": "$.file", "StringMatches": "log-*.txt"}, True),
    ({"Variable": "$.file", "StringMatches": "log-*.csv"}, False),
    ({"Variable": "$.star", "StringMatches": r"a\*b"}, True),
    ({"Variable": "$.file", "StringMatches": r"log\*"}, False),
    ({"Variable": "$.n", "NumericEquals": 2}, True),
    ({"Variable": "$.n", "NumericLessThan": 2}, False),
    ({"Variable": "$.n", "NumericGreaterThan": 1.5}, True),
    ({"Variable": "$.n", "NumericLessThanEquals": 2}, True),
    ({"Variable": "$.n", "NumericGreaterThanEqualsPath": "$.n"}, True),
    ({"Variable": "$.s", "NumericEquals": 2}, False),
    ({"Variable": "$.t", "BooleanEquals": True}, True),
    ({"Variable": "$.n", "BooleanEquals": True}, False),
    ({"Variable": "$.t", "BooleanEqualsPath": "$.t"}, True),
    ({"Variable": "$.at", "TimestampEquals": "2024-08-18T19:33:00+02:00"}, True),
    ({"Variable": "$.at", "TimestampLessThan": "2024-08-18T17:33:00.5Z"}, True),
    ({"Variable": "$.at", "TimestampGreaterThanEqualsPath": "$.at"}, True),
    ({"Variable": "$.s", "TimestampLessThan": AT}, False),
    ({"Variable": "$.nil", "IsNull": True}, True),
    ({"Variable": "$.nil", "IsNull": False}, False),
    ({"Variable": "$.nowhere", "IsPresent": False}, True),
    ({"Variable": "$.nil", "IsPresent": True}, True),
    ({"Variable": "$.s", "IsString": True}, True),
    ({"Variable": "$.t", "IsNumeric": False}, True),
    ({"Variable": "$.t", "IsBoolean": True}, True),
    ({"Variable": "$.at", "IsTimestamp": True}, True),
    ({"Variable": "$.s", "IsTimestamp": True}, False),
    ({"Not": {"Variable": "$.n", "NumericEquals": 3}}, True),
    ({"And": [{"Variable": "$.n", "NumericEquals": 2}, {"Variable": "$.s", "StringEquals": "x"}]}, False),
    ({"Or": [{"Variable": "$.n", "NumericEquals": 9}, {"Variable": "$.s", "StringEquals": "b"}]}, True),
    ({"And": [{"Variable": "$.zz", "IsPresent": True}, {"Variable": "$.zz", "NumericEquals": 1}]}, False),
]


@pytest.mark.parametrize(("rule", "matches"), RULES, ids=lambda v: str(v)[:60])
def test_choice_rules(rule: dict[str, Any], matches: bool) -> None:
    given = {
        "s": "b", "other": "b", "file": "log-7.txt", "star": "a*b", "n": 2, "t": True, "at": AT, "nil": None,
    }  # fmt: skip
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"}
    with world() as here:
        ended = here.run(
            jsonpath(S=choice, Yes={"Type": "Pass", "Result": True}, No={"Type": "Pass", "Result": False}),
            given,
        )
    assert ended.output is matches


def test_a_choice_without_a_match_or_default() -> None:
    # state-choice: States.NoChoiceMatched.
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "T"}]}
    with world() as here:
        ended = here.run(jsonpath(S=choice, T={"Type": "Succeed"}), {"n": 2})
    assert ended.error == "States.NoChoiceMatched"


def test_a_comparison_of_what_is_not_there_fails() -> None:
    # state-choice: only IsPresent may look for what is not there.
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.zz", "NumericEquals": 1, "Next": "T"}],
        "Default": "T",
    }
    with world() as here:
        ended = here.run(jsonpath(S=choice, T={"Type": "Succeed"}), {"n": 2})
    assert ended.error == "States.Runtime"
    assert "Invalid path '$.zz'" in str(ended.cause)


def test_paths_for_seconds_error_and_cause() -> None:
    # state-wait: SecondsPath; state-fail: ErrorPath and CausePath, which may be intrinsic functions.
    fail = {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('for {}', $.e)"}
    with world() as here:
        ended = here.run(
            jsonpath(S={"Type": "Wait", "SecondsPath": "$.s", "Next": "F"}, F=fail), {"s": 7, "e": "Mine"}
        )
    assert (ended.seconds, ended.error, ended.cause) == (7, "Mine", "for Mine")
