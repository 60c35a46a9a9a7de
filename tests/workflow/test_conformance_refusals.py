"""What a definition may not say: refused when it is created, by name and JSON path, all at once.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html (InvalidDefinition)
The rules are those of https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html and
the page of each state; what the service has and this executor has not is refused in the same way.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from snakebatch.local.asl.machine import build

from .asl_maps import GET, WRITER, mapping, reader
from .asl_world import invoke, jsonata, jsonpath, world


def task(**more: Any) -> dict[str, Any]:
    return jsonata(S=invoke(**more), T={"Type": "Pass"}) | {}


def resource(arn: str, **arguments: Any) -> dict[str, Any]:
    return jsonata(S={"Type": "Task", "Resource": arn, "Arguments": arguments})


def passing(**fields: Any) -> dict[str, Any]:
    return jsonata(S={"Type": "Pass", **fields})


PASS = {"Type": "Pass", "End": True}
RETRY_ALL_FIRST = [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["X"]}]
SDK = "arn:aws:states:::aws-sdk:"

REFUSALS: list[Any] = [
    # --- structure
    (jsonata(S=PASS) | {"StartAt": "X"}, "$.StartAt", "no state 'X'"),
    ({"States": {"S": PASS}}, "$.StartAt", "is missing"),
    ({"StartAt": "S", "States": {}}, "$.States", "at least one state"),
    (jsonata(S=PASS) | {"TimeoutSecond": 3}, "$.TimeoutSecond", "not known"),
    (jsonata(S=PASS) | {"QueryLanguage": "XPath"}, "$.QueryLanguage", "JSONata or JSONPath"),
    (jsonata(S={"Type": "Activity"}), "$.States.S.Type", "no state type"),
    (jsonata(S={"Type": "Pass", "Next": "X"}), "$.States.S.Next", "no state 'X'"),
    (jsonata(S=PASS, Lonely=dict(PASS)), "$.States.Lonely", "can't be reached"),
    ({"StartAt": "S", "States": {"S": {"Type": "Pass"}}}, "$.States.S", "either Next or"),
    (jsonata(S={"Type": "Pass", "Next": "S", "End": True}), "$.States.S", "either Next or"),
    (passing(Colour="red"), "$.States.S.Colour", "not a field of"),
    # --- the two query languages
    (passing(InputPath="$"), "$.States.S.InputPath", "belongs to JSONPath"),
    (passing(Output={"a.$": "$.b"}), "$.States.S.Output.a.$", "belongs to JSONPath"),
    (jsonpath(S={"Type": "Pass", "Output": 1}), "$.States.S.Output", "belongs to JSONata"),
    (jsonata(S=PASS | {"QueryLanguage": "JSONPath"}), "$.States.S.QueryLanguage", "not possible"),
    (passing(Output="{% 1 + %}"), "$.States.S.Output", "does not parse"),
    (passing(Output="{% 1 "), "$.States.S.Output", "must start with"),
    (passing(Output=["{% name %}"]), "$.States.S.Output[0]", "without a context"),
    (passing(Output="{% $eval('1') %}"), "$.States.S.Output", "$parse"),
    (passing(Assign={"states": 1}), "$.States.S.Assign.states", "can't be a variable"),
    (jsonpath(S={"Type": "Pass", "InputPath": "a.b"}), "$.States.S.InputPath", "must start with $"),
    (jsonpath(S={"Type": "Pass", "ResultPath": "$.a[*]"}), "$.States.S.ResultPath", "reference path"),
    (
        jsonpath(S={"Type": "Pass", "Parameters": {"x.$": "States.Nope()"}}),
        "$.States.S.Parameters.x.$",
        "no intrinsic",
    ),
    (
        jsonpath(S={"Type": "Pass", "Parameters": {"x.$": "States.UUID(1)"}}),
        "$.States.S.Parameters.x.$",
        "arguments",
    ),
    # --- Retry and Catch
    (task(Retry=RETRY_ALL_FIRST), "$.States.S.Retry[0].ErrorEquals", "States.ALL must stand alone"),
    (
        task(Retry=[{"ErrorEquals": ["States.ALL", "X"]}]),
        "$.States.S.Retry[0].ErrorEquals",
        "States.ALL must stand alone",
    ),
    (task(Retry=[{"ErrorEquals": ["X"], "MaxAttempt": 1}]), "$.States.S.Retry[0].MaxAttempt", "not known"),
    (task(Retry=[{"ErrorEquals": ["X"], "BackoffRate": 0.5}]), "$.States.S.Retry[0].BackoffRate", "from 1"),
    (
        task(Retry=[{"ErrorEquals": ["X"], "JitterStrategy": "HALF"}]),
        "$.States.S.Retry[0].JitterStrategy",
        "NONE or FULL",
    ),
    (
        task(Retry=[{"ErrorEquals": ["X"], "IntervalSeconds": 5, "MaxDelaySeconds": 4}]),
        "$.States.S.Retry[0].MaxDelaySeconds",
        "greater",
    ),
    (task(Retry=[{"ErrorEquals": ["States.Nope"]}]), "$.States.S.Retry[0].ErrorEquals", "no error name"),
    (task(Catch=[{"ErrorEquals": [], "Next": "T"}]), "$.States.S.Catch[0].ErrorEquals", "at least one"),
    (task(Catch=[{"ErrorEquals": ["X"], "Next": "U"}]), "$.States.S.Catch[0].Next", "no state 'U'"),
    (
        task(Catch=[{"ErrorEquals": ["X"], "Next": "T", "ResultPath": "$"}]),
        "$.States.S.Catch[0].ResultPath",
        "not known",
    ),
    # --- Choice, Wait, Fail
    (
        jsonata(S={"Type": "Choice", "Choices": [{"Condition": "{% true %}"}]}),
        "$.States.S.Choices[0].Next",
        "missing",
    ),
    (
        jsonata(S={"Type": "Choice", "Choices": [{"Condition": "yes", "Next": "S"}]}),
        "$.States.S.Choices[0].Condition",
        "expression",
    ),
    (
        jsonpath(S={"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericIs": 1, "Next": "S"}]}),
        "$.States.S.Choices[0].NumericIs",
        "not known",
    ),
    (
        jsonpath(S={"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": "1", "Next": "S"}]}),
        "$.States.S.Choices[0].NumericEquals",
        "numeric",
    ),
    (
        jsonata(S={"Type": "Wait", "Seconds": 1, "Timestamp": "2024-01-01T00:00:00Z"}),
        "$.States.S",
        "exactly one",
    ),
    (jsonata(S={"Type": "Wait", "Timestamp": "tomorrow"}), "$.States.S.Timestamp", "ISO 8601"),
    (jsonata(S={"Type": "Wait", "Seconds": -1}), "$.States.S.Seconds", "from 0"),
    # --- Task resources
    (resource("arn:aws:states:::sns:publish", Message="x"), "$.States.S.Resource", "not implemented"),
    (
        resource("arn:aws:states:::lambda:invoke.sync", FunctionName="f"),
        "$.States.S.Resource",
        "pattern 'sync'",
    ),
    (resource("arn:aws:states:eu-west-3:123456789012:activity:a"), "$.States.S.Resource", "activities"),
    (resource("${FunctionArn}"), "$.States.S.Resource", "no resource"),
    (resource(SDK + "s3:getObjekt", Bucket="b"), "$.States.S.Resource", "no action 'getObjekt'"),
    (resource(SDK + "s3:GetObject", Bucket="b"), "$.States.S.Resource", "camelCase"),
    (resource(SDK + "es3:getObject", Bucket="b"), "$.States.S.Resource", "no service 'es3'"),
    (resource(SDK + "s3:getObject", Bukket="b"), "$.States.S.Arguments.Bukket", "no parameter"),
    (resource("arn:aws:states:::lambda:invoke", Payload=1), "$.States.S.Arguments.FunctionName", "missing"),
    (task(HeartbeatSeconds=5), "$.States.S.HeartbeatSeconds", "task token"),
    (task(TimeoutSeconds=0), "$.States.S.TimeoutSeconds", "from 1"),
    (task(Credentials={"RoleArn": "r"}), "$.States.S.Credentials", "not implemented"),
    # --- Map
    (
        mapping("INLINE", ItemReader=reader("JSON")),
        "$.States.S.ItemReader",
        "only there for Maps in DISTRIBUTED",
    ),
    (mapping("INLINE", ToleratedFailureCount=1), "$.States.S.ToleratedFailureCount", "DISTRIBUTED"),
    (
        mapping(ItemReader=reader("PARQUET")),
        "$.States.S.ItemReader.ReaderConfig.InputType",
        "'PARQUET' is not implemented",
    ),
    (
        mapping(ItemReader=reader("CSV")),
        "$.States.S.ItemReader.ReaderConfig.CSVHeaderLocation",
        "FIRST_ROW or GIVEN",
    ),
    (mapping(ItemReader=reader("JSON", Gzip=True)), "$.States.S.ItemReader.ReaderConfig.Gzip", "not known"),
    (
        mapping(
            ItemReader={"Resource": GET, "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": "b"}}
        ),
        "$.States.S.ItemReader.Parameters",
        "must be Arguments",
    ),
    (mapping(ItemReader=reader("JSON"), Items=[1]), "$.States.S.Items", "can't stand beside"),
    (mapping(ItemBatcher={"MaxItems": 3}), "$.States.S.ItemBatcher.MaxItems", "not known"),
    (
        mapping(ItemBatcher={"MaxInputBytesPerBatch": 300_000}),
        "$.States.S.ItemBatcher.MaxInputBytesPerBatch",
        "262144",
    ),
    (
        mapping(ResultWriter=WRITER | {"Resource": "arn:aws:states:::s3:copyObject"}),
        "$.States.S.ResultWriter.Resource",
        "putObject",
    ),
    (mapping(ResultWriter={}), "$.States.S.ResultWriter", "needs WriterConfig"),
    (
        mapping(ResultWriter=WRITER | {"WriterConfig": {"Transformation": "ZIP", "OutputType": "JSON"}}),
        "$.States.S.ResultWriter.WriterConfig.Transformation",
        "FLATTEN",
    ),
    (mapping(Label="a b"), "$.States.S.Label", "1 to 40"),
    (mapping(Label="x" * 41), "$.States.S.Label", "1 to 40"),
    (mapping(ToleratedFailurePercentage=101), "$.States.S.ToleratedFailurePercentage", "to 100"),
    (
        mapping(states={"T": PASS | {"Next": "S", "End": False}}),
        "$.States.S.ItemProcessor.States.T.Next",
        "no state 'S' here",
    ),
    (mapping(states={"S": dict(PASS)}), "$.States.S.ItemProcessor.States.S", "used twice"),
]


@pytest.mark.parametrize(
    ("definition", "path", "words"), REFUSALS, ids=[f"{i}-{r[1]}" for i, r in enumerate(REFUSALS)]
)
def test_refused_by_name_and_path(definition: Any, path: str, words: str) -> None:
    with world() as here:
        findings = here.sfn.validate_state_machine_definition(definition=json.dumps(definition))[
            "diagnostics"
        ]
        with pytest.raises(ClientError) as refused:
            here.create(definition)
        assert here.sfn.list_state_machines()["stateMachines"] == []
    assert [f["message"] for f in findings if f["location"] == path and words in f["message"]], findings
    assert refused.value.response["Error"]["Code"] == "InvalidDefinition"
    assert path in refused.value.response["Error"]["Message"]


def test_all_findings_come_together() -> None:
    definition = jsonata(S={"Type": "Pass", "InputPath": "$", "Next": "X"}, Y={"Type": "Nope"})
    with world() as here, pytest.raises(ClientError) as refused:
        here.create(definition)
    message = refused.value.response["Error"]["Message"]
    for path in ("$.States.S.InputPath", "$.States.S.Next", "$.States.Y.Type", "$.States.Y'"):
        assert path in message


INNER = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Assign": {"v": 1}, "End": True}}}


def test_an_inner_graph_cannot_set_an_outer_variable_except_in_a_distributed_map() -> None:
    # workflow-variables, "variable scope"
    first = {"Type": "Pass", "Assign": {"v": 0}, "Next": "P"}
    parallel = {"Type": "Parallel", "Branches": [INNER]}
    distributed = mapping(states={"I": {"Type": "Pass", "Assign": {"v": 1}, "End": True}})
    distributed["States"]["S"]["Assign"] = {"v": 0}
    with world() as here:
        refused = here.sfn.validate_state_machine_definition(
            definition=json.dumps(jsonata(S=first, P=parallel))
        )
        accepted = here.sfn.validate_state_machine_definition(definition=json.dumps(distributed))
    assert [f["location"] for f in refused["diagnostics"]] == ["$.States.P.Branches[0].States.I.Assign.v"]
    assert accepted["diagnostics"] == []


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        (
            resource("arn:aws:states:::lambda:invoke.waitForTaskToken", FunctionName="f"),
            "$.States.S.Resource",
        ),
        (
            resource("arn:aws:states:::states:startExecution.sync:2", StateMachineArn="a"),
            "$.States.S.Resource",
        ),
        (mapping(), "$.States.S.ItemProcessor.ProcessorConfig.Mode"),
    ],
)
def test_what_express_workflows_do_not_have(definition: Any, path: str) -> None:
    # concepts-standard-vs-express: no job-run, no callback, no Distributed Map
    with world() as here:
        here.create(definition)
        found = here.sfn.validate_state_machine_definition(definition=json.dumps(definition), type="EXPRESS")
    assert path in [f["location"] for f in found["diagnostics"]]


@pytest.mark.parametrize("operator", ["??", "?:"])
def test_operators_newer_than_the_services_jsonata(operator: str) -> None:
    # transforming-data: "Step Functions supports JSONata version 2.0.6"
    with world() as here, pytest.raises(ClientError, match=r"2\.0\.6"):
        here.create(passing(Output=f"{{% $states.input.a {operator} 1 %}}"))
    with world() as here:
        assert here.run(passing(Output="{% $contains('a??b', /(?:a)/) ? '?:' : 'no' %}")).output == "?:"


EVERYTHING = [
    jsonata(
        S=invoke(
            Retry=[{"ErrorEquals": ["X"], "MaxAttempts": 1}],
            Catch=[{"ErrorEquals": ["X"], "Next": "P"}],
            Next="C",
        ),
        C={"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "W"}], "Default": "P"},
        W={"Type": "Wait", "Seconds": 1, "Next": "M"},
        M=mapping(ItemReader=reader("JSON"), ItemBatcher={"MaxItemsPerBatch": 1}, ResultWriter=WRITER)[
            "States"
        ]["S"],
        P={"Type": "Parallel", "Branches": [INNER], "Assign": {"x": 1}},
    ),
    jsonpath(
        S={"Type": "Choice", "Choices": [{"And": [{"Variable": "$.a", "IsNull": True}], "Next": "T"}]},
        T={
            "Type": "Task",
            "Resource": SDK + "s3:getObject",
            "Parameters": {"Bucket": "b", "Key.$": "$.k"},
            "ResultPath": "$.r",
        },
    ),
]


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(spot for key, item in inner for spot in spots(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    """The value with another one at that place."""
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


@pytest.mark.parametrize("stranger", [None, True, 7, "x", [], {}, [None], {"x": None}], ids=json.dumps)
def test_nonsense_anywhere_is_a_finding_and_never_a_crash(stranger: Any) -> None:
    with world() as here:
        for definition in EVERYTHING:
            sound = here.sfn.validate_state_machine_definition(definition=json.dumps(definition))
            assert sound["diagnostics"] == []
            for spot in spots(definition):
                strange = json.dumps(replaced(definition, spot, stranger))
                if here.sfn.validate_state_machine_definition(definition=strange)["result"] == "OK":
                    build(json.loads(strange))


def test_no_json_at_all() -> None:
    with world() as here, pytest.raises(ClientError, match="not JSON"):
        here.sfn.create_state_machine(name="m", definition="{", roleArn="r")


@pytest.mark.parametrize(
    "definition",
    [
        jsonata(S={"Type": "Pass", "Output": "{% $states.input.rows[x = 1].(y + z) %}"}),
        jsonata(S={"Type": "Pass", "Output": "{% $map($states.input.l, function($v) { $v.a & b }) %}"}),
        jsonata(S={"Type": "Pass", "Output": "{% ( $x := $states.input; $x.rows{key: $sum(n)} ) %}"}),
        jsonata(S={"Type": "Pass", "Output": "{% $states.input ~> |a|{'b': c}, ['d']| %}"}),
        jsonata(S={"Type": "Pass", "Output": "{% $states.input.rows^(>when, name).name %}"}),
    ],
    ids=["predicate", "function", "group", "transform", "sort"],
)
def test_names_within_a_context_are_fine(definition: Any) -> None:
    # only the outermost level has no context
    with world() as here:
        result = here.sfn.validate_state_machine_definition(definition=json.dumps(definition))
    if "function" in json.dumps(definition):
        # `b` in a function's body is read in the context the call stands in: there is none here
        assert "without a context" in result["diagnostics"][0]["message"]
    else:
        assert result["diagnostics"] == []
