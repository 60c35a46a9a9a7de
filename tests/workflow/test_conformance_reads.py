"""What expressions read: `$states` where it is, variables that are assigned, tokens that are handed out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snakebatch.local.asl.jsonata_reads import reads
from snakebatch.local.asl.review import review

from .asl_maps import mapping
from .asl_world import invoke, jsonata, world

TOKEN = "{% $states.context.Task.Token %}"
CATCH = {"ErrorEquals": ["States.ALL"], "Next": "P"}
RESOURCE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def asked(body: Any, resource: str = RESOURCE) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Arguments": {"QueueUrl": "q", "MessageBody": body}}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("1 + 2", set()),
        ("$run.job", {("run", "job")}),
        ("$states.input.a[0].b", {("states", "input", "a", "b")}),
        ("$sum($states.input.n) + $count($more)", {("states", "input", "n"), ("more",)}),
        ("($x := $y; $map($p.q, function($v, $i){$v + $x + $i}))", {("y",), ("p", "q")}),
        ("($f := function($n){$n < 1 ? 0 : $f($n - 1)}; $f($m))", {("m",)}),
        ("$a.b[$k > 1].($c & $$.d)", {("a", "b"), ("k",), ("c",)}),
        ("$q.z@$l[$l.id = 1]#$n.{'a': $n, 'b': $m}", {("q", "z"), ("m",)}),
        ("$o^(>$w).a{b: $r}", {("o",), ("w",), ("r",)}),
        ("$x ? $y : {'z': [$z, '$none']}", {("x",), ("y",), ("z",)}),
        ("$states.input.v ~> $map($g)", {("states", "input", "v"), ("g",)}),
    ],
)
def test_what_an_expression_reads(expression: str, found: set[tuple[str, ...]]) -> None:
    assert reads(f"{{% {expression} %}}") == found


@pytest.mark.parametrize(
    ("state", "path", "there"),
    [
        (invoke(Arguments={"FunctionName": "{% $states.result.a %}"}), "Arguments.FunctionName", "input"),
        (invoke(Output="{% $states.errorOutput.Error %}"), "Output", "$states.result"),
        (invoke(Catch=[CATCH | {"Output": "{% $states.result %}"}]), "Catch[0].Output", "errorOutput"),
        ({"Type": "Pass", "Output": ["{% $states.result.a %}"]}, "Output[0]", "$states.context"),
        ({"Type": "Wait", "Seconds": "{% $states.result.a %}"}, "Seconds", "$states.input"),
    ],
)  # fmt: skip
def test_a_part_of_states_that_is_not_there(state: dict[str, Any], path: str, there: str) -> None:
    # transforming-data: $states.result and $states.errorOutput where they can't be read are refused
    definition = json.dumps(jsonata(S=state, P={"Type": "Pass"}))
    with world() as here:
        found = here.sfn.validate_state_machine_definition(definition=definition)["diagnostics"]
    messages = {f["location"]: f["message"] for f in found}
    assert there in messages[f"$.States.S.{path}"]


def test_what_is_there_may_be_read() -> None:
    state = invoke(
        Output="{% $states.result.a & $states.input.b %}",
        Assign={"x": "{% $states.result %}"},
        Catch=[CATCH | {"Assign": {"e": "{% $states.errorOutput %}"}, "Output": "{% $states.context %}"}],
    )
    assert review(json.dumps(jsonata(S=state, P={"Type": "Pass", "Output": "{% [$x, $e] %}"}))) == []


@pytest.mark.parametrize(
    ("body", "path", "says"),
    [
        ("{% $none %}", "$.States.S.Arguments.MessageBody", "$none is assigned by no state"),
        ("hello", "$.States.S.Arguments", "never handed out"),
    ],
)
def test_what_no_run_could_go_well_with(body: str, path: str, says: str) -> None:
    found = dict(review(json.dumps(jsonata(S=asked([body, TOKEN] if "none" in body else body)))))
    assert says in found[f"{path}[0]" if "none" in body else path]


def test_a_token_that_nobody_gives() -> None:
    plain = asked(TOKEN, "arn:aws:states:::sqs:sendMessage")
    assert [path for path, _ in review(json.dumps(jsonata(S=plain)))] == ["$.States.S.Arguments.MessageBody"]
    assert review(json.dumps(jsonata(S=asked(TOKEN)))) == []


def test_a_distributed_map_s_children_read_their_own_variables_only() -> None:
    inner = {"I": {"Type": "Pass", "Assign": {"own": 1}, "Next": "J"},
             "J": {"Type": "Pass", "Output": "{% [$own, $outer] %}", "End": True}}  # fmt: skip
    first = {"Type": "Pass", "Assign": {"outer": 1}, "Next": "S"}
    distributed = mapping(states=inner)
    distributed["States"] = {"F": first, **distributed["States"]}
    distributed["StartAt"] = "F"
    inline = json.loads(
        json.dumps(distributed).replace('"DISTRIBUTED", "ExecutionType": "STANDARD"', '"INLINE"')
    )
    for name in ("ItemReader", "Label", "ResultWriter"):
        inline["States"]["S"].pop(name, None)
    assert [message for _, message in review(json.dumps(distributed))] == [
        "$outer is assigned by no state whose variables can be read here"
    ]
    assert review(json.dumps(inline)) == []


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"TableName": "t"}, {"Key": "is missing"}),
        ({"TableName": "t", "Key": "{% $states.input.k %}"}, {}),
        ({"TableName": "t", "Key": {"pk": {"St": "x"}}}, {"Key.pk.St": "has no parameter 'St'"}),
        ({"Keys": {}}, {"Keys": "no parameter", "TableName": "is missing", "Key": "is missing"}),
        ("{% $states.input %}", {}),
    ],
)
def test_an_action_s_arguments_have_its_names_at_any_depth(arguments: Any, found: dict[str, str]) -> None:
    # supported-services-awssdk: parameters are those of the action, in PascalCase
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem", "Arguments": arguments}
    findings = dict(review(json.dumps(jsonata(S=state))))
    assert findings.keys() == {f"$.States.S.Arguments.{name}" for name in found}
    assert all(says in findings[f"$.States.S.Arguments.{name}"] for name, says in found.items())
