"""Conformance: 256 KiB wherever the service counts them, and numbers in the ranges it takes.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow.asl_world import invoke, jsonata, world

BIG = "x" * (256 * 1024)


def test_a_result_over_256_kib_is_not_caught_by_states_all() -> None:
    # "States.DataLimitExceeded ... a terminal error that can't be caught by the States.ALL error type"
    task = invoke(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}])
    with world(functions={"f": lambda event: BIG}) as here:
        ended = here.run(jsonata(S=task, C={"Type": "Succeed"}))
    assert (ended.status, ended.error) == ("FAILED", "States.DataLimitExceeded")
    assert "exceeding the maximum number of bytes" in str(ended.cause)


def test_a_result_over_256_kib_can_be_caught_by_its_name() -> None:
    task = invoke(Catch=[{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "C"}])
    with world(functions={"f": lambda event: BIG}) as here:
        assert here.run(jsonata(S=task, C={"Type": "Succeed"})).status == "SUCCEEDED"


def test_a_state_output_over_256_kib() -> None:
    with world() as here:
        output = "{% $pad('', 262144, 'é') %}"
        assert here.run(jsonata(S={"Type": "Pass", "Output": output})).error == "States.DataLimitExceeded"
        # 256 KiB exactly, quotes included, pass
        fits = "{% $pad('', 262142, 'e') %}"
        assert here.run(jsonata(S={"Type": "Pass", "Output": fits})).status == "SUCCEEDED"


def pad(size: int) -> str:
    """An expression that gives so many letters."""
    return f"{{% $pad('', {size}, 'x') %}}"


def graph(name: str, **fields: Any) -> dict[str, Any]:
    """A branch or item processor of one Pass."""
    return {"StartAt": name, "States": {name: {"Type": "Pass", "End": True, **fields}}}


HALF = {"Output": pad(150_000)}
PLACES = [
    pytest.param({"Type": "Pass", "Assign": {"v": pad(262_143)}}, id="variable"),
    pytest.param({"Type": "Pass", "Assign": {"v": pad(150_000), "w": pad(150_000)}}, id="one-assign"),
    pytest.param(
        {"Type": "Parallel", "Arguments": pad(262_143), "Branches": [graph("P", Output=1)]}, id="arguments"
    ),
    pytest.param(
        {"Type": "Parallel", "Branches": [graph("P", **HALF), graph("Q", **HALF)]}, id="parallel-results"
    ),
    pytest.param({"Type": "Map", "Items": [1, 2], "ItemProcessor": graph("P", **HALF)}, id="map-results"),
    pytest.param(
        {"Type": "Map", "Items": [1], "ItemSelector": pad(262_143), "ItemProcessor": graph("P", Output=1)},
        id="item",
    ),
]


@pytest.mark.parametrize("state", PLACES)
def test_every_place_that_holds_256_kib_at_most(state: dict[str, Any]) -> None:
    # service-quotas "maximum input or output size"; workflow-variables: 256 KiB in one Assign.
    # What Output makes of the results does not matter.
    with world() as here:
        ended = here.run(jsonata(S={"Output": 1, **state}))
    assert (ended.status, ended.error) == ("FAILED", "States.DataLimitExceeded")


def test_two_assigns_hold_more_than_one() -> None:
    first = {"Type": "Pass", "Assign": {"v": pad(262_000)}, "Output": 1, "Next": "T"}
    second = {"Type": "Pass", "Assign": {"w": pad(262_000)}, "Output": "{% $length($v) %}"}
    with world() as here:
        assert here.run(jsonata(S=first, T=second)).output == 262_000


PASS = graph("P")
NUMBERS = [
    ({"Type": "Wait"}, "Seconds", ["{% 1.5 %}", "{% -1 %}", "{% 100000000 %}", "{% null %}", "{% '1' %}"]),
    (invoke(), "TimeoutSeconds", ["{% 0 %}", "{% 1.5 %}", "{% null %}"]),
    ({"Type": "Map", "Items": [], "ItemProcessor": PASS}, "MaxConcurrency", ["{% 2.5 %}", "{% null %}"]),
    (
        {
            "Type": "Map",
            "Items": [],
            "ItemProcessor": {
                **PASS,
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            },
        },
        "ToleratedFailurePercentage",
        ["{% 100.5 %}", "{% -1 %}"],
    ),
]


@pytest.mark.parametrize(
    ("state", "name", "value"), [(state, name, value) for state, name, values in NUMBERS for value in values]
)
def test_an_evaluated_number_is_held_to_the_fields_range(
    state: dict[str, Any], name: str, value: str
) -> None:
    # transforming-data, errors: "Incorrect type", "Value out of range" are States.QueryEvaluationError
    with world(functions={"f": lambda event: 1}) as here:
        ended = here.run(jsonata(S={**state, name: value}))
    assert ended.error == "States.QueryEvaluationError"
    assert name in str(ended.cause)
