"""JSONata states: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html

Each case is a Pass state's Output (or Assign) over an input, and what the service makes of it.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from snakebatch.local.asl import jsonata as evaluation

from .asl_world import invoke, jsonata, world

VALUES = [
    # "Arguments/Output ... any JSON value, JSONata expressions included at any depth"
    pytest.param("{% $states.input.a %}", {"a": 1}, 1, id="a-value"),
    pytest.param(
        {"x": ["{% $states.input.a + 1 %}", "b"], "y": 3}, {"a": 1}, {"x": [2, "b"], "y": 3}, id="deep"
    ),
    pytest.param("$states.input.a", {"a": 1}, "$states.input.a", id="no-delimiters-no-expression"),
    # JSON null is a value, not an absence
    pytest.param({"v": "{% $states.input.n %}"}, {"n": None}, {"v": None}, id="null-stays"),
    pytest.param("{% $type($states.input.n) %}", {"n": None}, "null", id="type-of-null"),
    pytest.param("{% [1, $states.input.n] %}", {"n": None}, [1, None], id="null-in-array"),
    # an absent member inside an expression is dropped, as in JSONata
    pytest.param("{% {'a': $states.input.zz, 'b': 1} %}", {}, {"b": 1}, id="undefined-member-dropped"),
    # a plain path through objects, arrays on the way, and at its end
    pytest.param("{% $states.input.a.b %}", {"a": {"b": [1]}}, [1], id="path-to-an-array-of-one"),
    pytest.param("{% $states.input.a.b %}", {"a": {"b": []}}, [], id="path-to-an-empty-array"),
    pytest.param("{% $states.input.a.b %}", {"a": [{"b": 1}, {"c": 2}]}, 1, id="path-through-an-array"),
    pytest.param("{% $states.input.a.b %}", {"a": [{"b": 1}, {"b": 2}]}, [1, 2], id="path-through-arrays"),
    pytest.param("{% $states.input.a.b %}", {"a": {"b": 2.0}}, 2, id="path-to-a-whole-number"),
    pytest.param("{% $states.input.a.or.in %}", {"a": {"or": {"in": 3}}}, 3, id="path-with-operators-names"),
    # singletons and sequences are JSONata's
    pytest.param("{% $states.input.rows[x > 1].x %}", {"rows": [{"x": 1}, {"x": 2}]}, 2, id="singleton"),
    pytest.param("{% [$states.input.rows.x] %}", {"rows": [{"x": 1}]}, [1], id="forced-array"),
    pytest.param("{% 4 / 2 %}", {}, 2, id="whole-numbers-stay-whole"),
    pytest.param(
        "{% $states.input %}", {"a": {"b": [None, True, 1.5]}}, {"a": {"b": [None, True, 1.5]}}, id="all"
    ),
    # functions that Step Functions adds
    pytest.param("{% $partition([1,2,3,4,5], 2) %}", {}, [[1, 2], [3, 4], [5]], id="partition"),
    pytest.param("{% $range(0, 10, 5) %}", {}, [0, 5, 10], id="range-includes-its-end"),
    pytest.param("{% $range(3, 1, -1) %}", {}, [3, 2, 1], id="range-down"),
    pytest.param(
        "{% $hash('a', 'SHA-256') %}",
        {},
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        id="hash",
    ),
    pytest.param("{% $random(5) = $random(5) and $random(5) < 1 %}", {}, True, id="random-is-seeded"),
    pytest.param("{% $length($uuid()) %}", {}, 36, id="uuid"),
    pytest.param("""{% $parse('{"a": [1, null]}') %}""", {}, {"a": [1, None]}, id="parse"),
    # the clock is the executor's
    pytest.param("{% $toMillis($states.context.State.EnteredTime) = $millis() %}", {}, True, id="millis"),
    pytest.param("{% $toMillis($now()) = $millis() %}", {}, True, id="now"),
    pytest.param("{% $states.context.Execution.Input.a %}", {"a": 4}, 4, id="context-input"),
    pytest.param("{% $states.context.State.Name %}", {}, "S", id="context-state"),
]


@pytest.mark.parametrize(("output", "given", "expected"), VALUES)
def test_output(output: Any, given: Any, expected: Any) -> None:
    with world() as here:
        assert here.run(jsonata(S={"Type": "Pass", "Output": output}), given).output == expected


FAILURES = [
    # "States.QueryEvaluationError ... the expression returned nothing (undefined)", a type error, an
    # out-of-range value
    pytest.param("{% $states.input.zz %}", "Output", "returned nothing (undefined)", id="undefined"),
    pytest.param({"v": ["{% $states.input.zz %}"]}, "Output/v[0]", "returned nothing", id="undefined-deep"),
    pytest.param("{% $never %}", "Output", "returned nothing", id="unknown-variable"),
    pytest.param("{% 'a' + 1 %}", "Output", "must evaluate to a number", id="type-error"),
    pytest.param("{% $error('my words') %}", "Output", "my words", id="error-function"),
    pytest.param("{% $length %}", "Output", "function", id="a-function-is-no-json"),
    pytest.param("{% $parse('nope') %}", "Output", "", id="parse-fails"),
    pytest.param("{% $partition([1], 0) %}", "Output", "returned nothing", id="partition-by-zero"),
    pytest.param("{% $range(1, 2) %}", "Output", "returned nothing", id="range-without-step"),
]


@pytest.mark.parametrize(("output", "location", "words"), FAILURES)
def test_a_bad_expression_fails_the_state(output: Any, location: str, words: str) -> None:
    with world() as here:
        ended = here.run(jsonata(S={"Type": "Pass", "Output": output}), {"a": 1})
    assert (ended.status, ended.error) == ("FAILED", "States.QueryEvaluationError")
    assert words in str(ended.cause)
    # The cause names the state and the event it was entered at; the event names the field.
    assert "while executing the state 'S' (entered at the event id #2)" in str(ended.cause)
    details = ended.event("EvaluationFailed")["evaluationFailedEventDetails"]
    assert details["location"] == location
    assert details["state"] == "S"


@pytest.mark.parametrize(
    "endless",
    ["( $f := function($n) { $f($n + 1) }; $f(0) )", "( $f := function($n) { 1 + $f($n + 1) }; $f(0) )"],
    ids=["loop", "recursion"],
)
def test_an_expression_without_end_fails_its_state_only(
    endless: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # transforming-data: evaluation is bounded in time and depth
    monkeypatch.setattr("snakebatch.local.asl.jsonata.MAX_STEPS", 20_000)
    with world() as here:
        ended = here.run(jsonata(S={"Type": "Pass", "Output": f"{{% {endless} %}}"}))
        assert here.run(jsonata(S={"Type": "Pass", "Output": "{% 1 %}"})).output == 1
    assert ended.error == "States.QueryEvaluationError"


def test_a_query_evaluation_error_can_be_caught() -> None:
    # concepts-error-handling: States.ALL matches it; only DataLimitExceeded and Runtime escape.
    task = invoke(Output="{% $states.result.zz %}", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}])
    with world(functions={"f": lambda event: 1}) as here:
        ended = here.run(jsonata(S=task, C={"Type": "Pass", "Output": "{% $states.input.Error %}"}) | {})
    assert ended.output == "States.QueryEvaluationError"


def test_variables_are_assigned_together_when_the_state_is_left() -> None:
    # workflow-variables: "all expressions are evaluated before any assignment": a swap works, and Output
    # sees the old.
    first = {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "Swap"}
    swap = {"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Output": "{% $a %}", "Next": "End"}
    end = {"Type": "Pass", "Output": "{% [$states.input, $a, $b] %}"}
    with world() as here:
        ended = here.run(jsonata(S=first, Swap=swap, End=end))
    assert ended.output == [1, 2, 1]
    assert ended.events[4]["stateExitedEventDetails"]["assignedVariables"] == {"a": "2", "b": "1"}


def test_a_null_variable_is_null_and_not_undefined() -> None:
    states = {
        "S": {"Type": "Pass", "Assign": {"v": None}, "Next": "T"},
        "T": {"Type": "Pass", "Output": "{% $v = null %}"},
    }
    with world() as here:
        assert here.run(jsonata(**states)).output is True


def test_choice_takes_the_first_true_condition_and_its_own_assign_and_output() -> None:
    # state-choice: rules in order; Assign and Output may stand in a rule; the state's own count for Default.
    choice = {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input.n > 5 %}", "Next": "T", "Assign": {"size": "big"}, "Output": 1},
            {"Condition": "{% $states.input.n > 2 %}", "Next": "T", "Assign": {"size": "medium"}},
        ],
        "Default": "T",
        "Assign": {"size": "small"},
        "Output": 0,
    }
    then = {"Type": "Pass", "Output": "{% [$size, $states.input] %}"}
    with world() as here:
        assert here.run(jsonata(S=dict(choice), T=dict(then)), {"n": 7}).output == ["big", 1]
        assert here.run(jsonata(S=dict(choice), T=dict(then)), {"n": 3}).output == ["medium", {"n": 3}]
        assert here.run(jsonata(S=dict(choice), T=dict(then)), {"n": 1}).output == ["small", 0]


def test_a_condition_must_be_a_boolean() -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "T"}], "Default": "T"}
    with world() as here:
        ended = here.run(jsonata(S=choice, T={"Type": "Succeed"}))
    assert ended.error == "States.QueryEvaluationError"
    assert (
        ended.event("EvaluationFailed")["evaluationFailedEventDetails"]["location"] == "Choices[0]/Condition"
    )


def test_fail_evaluates_its_error_and_cause() -> None:
    # state-fail: Error and Cause may be JSONata expressions.
    fail = {"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "{% 'because ' & $states.input.e %}"}
    with world() as here:
        ended = here.run(jsonata(S=fail), {"e": "Mine"})
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "Mine", "because Mine")
    assert ended.types == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        ({"Seconds": 604_800}, 604_800),
        ({"Seconds": "{% $states.input.s * 2 %}"}, 60),
        ({"Timestamp": "{% $fromMillis($toMillis($states.context.Execution.StartTime) + 90000) %}"}, 90),
        ({"Timestamp": "2000-01-01T00:00:00Z"}, 0),
    ],
)
def test_wait_takes_simulated_time_only(wait: dict[str, Any], seconds: float) -> None:
    # state-wait: Seconds or an ISO 8601 Timestamp; one in the past does not wait.
    with world() as here:
        assert here.run(jsonata(S={"Type": "Wait", **wait}), {"s": 30}).seconds == seconds


def test_a_jsonata_state_in_a_jsonpath_machine() -> None:
    # transforming-data: a JSONPath machine may have JSONata states, state by state.
    first = {"Type": "Pass", "Parameters": {"x.$": "$.a"}, "Next": "J"}
    second = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"y": "{% $states.input.x + 1 %}"}}
    with world() as here:
        definition = jsonata(S=first, J=second) | {"QueryLanguage": "JSONPath"}
        assert here.run(definition, {"a": 1}).output == {"y": 2}


def anything(draws: random.Random, depth: int) -> Any:
    """A JSON value with objects and arrays whose members are called a, b and c."""
    kind = draws.randrange(8)
    if depth == 0 or kind < 3:
        return draws.choice([1, 2.0, 2.5, "x", None, True, [], {}])
    if kind < 5:
        return [anything(draws, depth - 1) for _ in range(draws.randrange(3))]
    return {name: anything(draws, depth - 1) for name in draws.sample("abc", draws.randrange(4))}


def test_plain_paths_mean_what_the_library_says(monkeypatch: pytest.MonkeyPatch) -> None:
    # The executor follows `$states.input.a.b` itself where it can: never with another result than JSONata's.
    draws = random.Random(1)
    cases = []
    for _ in range(3000):
        path = ".".join(draws.choice("abc") for _ in range(draws.randrange(1, 4)))
        cases.append((f"{{% $states.input.{path} %}}", {"states": {"input": anything(draws, 4)}}))
    ours = [evaluation.evaluate_or_nothing(text, bindings, "Output") for text, bindings in cases]
    monkeypatch.setattr(evaluation, "_plain_path", lambda source: None)
    librarys = [evaluation.evaluate_or_nothing(text, bindings, "Output") for text, bindings in cases]
    assert ours == librarys
    assert [type(value) for value in ours] == [type(value) for value in librarys]
    assert sum(value is not evaluation.NOTHING for value in ours) > 200
