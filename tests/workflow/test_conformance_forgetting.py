"""Ended executions are forgotten: here the newest are kept, where the service goes by age.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (execution history retention)
"""

from __future__ import annotations

from typing import Any

import pytest

from snakebatch.clock import SimulatedClock
from snakebatch.errors import CloudError
from snakebatch.local import StepFunctions
from snakebatch.local.asl import tokens
from snakebatch.local.asl.runtime import Runtime

from .asl_maps import ECHO, mapping
from .asl_world import World, jsonata, world

PASS = jsonata(S={"Type": "Pass"})
WAIT = jsonata(
    S={
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": "queue", "MessageBody": "{% $states.context.Task.Token %}"},
    }
)
"""Waits for an answer that never comes: simulated time can't end it."""


def run(here: World, machine: str, name: str, given: str = "{}") -> str:
    """Run an execution of that name to its end; its ARN."""
    arn = here.sfn.start_execution(stateMachineArn=machine, name=name, input=given)["executionArn"]
    here.finish(arn)
    return str(arn)


def names(here: World, machine: str) -> list[str]:
    return [one["name"] for one in here.sfn.list_executions(stateMachineArn=machine)["executions"]]


def test_the_newest_ended_ones_are_kept() -> None:
    with world(kept=2) as here:
        machine = here.create(PASS)
        arns = [run(here, machine, name) for name in ("a", "b", "c")]
        assert names(here, machine) == ["c", "b"]
        assert len(here.history(arns[1])) == 4
        exceptions = here.sfn.exceptions
        calls: list[Any] = [
            here.sfn.describe_execution,
            here.sfn.get_execution_history,
            here.sfn.stop_execution,
            here.sfn.list_map_runs,
            here.sfn.describe_state_machine_for_execution,
        ]
        for call in calls:
            with pytest.raises(exceptions.ExecutionDoesNotExist, match="a'"):
                call(executionArn=arns[0])


def test_every_machine_keeps_its_own() -> None:
    with world(kept=1) as here:
        first, second = here.create(PASS), here.create(PASS)
        run(here, first, "a")
        for name in ("b", "c"):
            run(here, second, name)
        assert names(here, first) == ["a"]
        assert names(here, second) == ["c"]


def test_what_runs_is_kept_and_forgotten_by_its_end_not_its_start() -> None:
    with world(kept=1) as here:
        machine = here.create(WAIT)
        old = here.sfn.start_execution(stateMachineArn=machine, name="old")["executionArn"]
        for name in ("a", "b"):
            new = here.sfn.start_execution(stateMachineArn=machine, name=name)["executionArn"]
            here.sfn.stop_execution(executionArn=new)
        assert names(here, machine) == ["b", "old"]
        here.sfn.stop_execution(executionArn=old)
        assert names(here, machine) == ["old"]


def test_a_forgotten_name_is_free_again() -> None:
    with world(kept=1) as here:
        machine = here.create(PASS)
        run(here, machine, "a", "1")
        with pytest.raises(here.sfn.exceptions.ExecutionAlreadyExists):
            here.sfn.start_execution(stateMachineArn=machine, name="a", input="2")
        run(here, machine, "b")
        again = run(here, machine, "a", "2")
        assert here.sfn.describe_execution(executionArn=again)["input"] == "2"


def test_map_runs_and_children_go_with_their_execution() -> None:
    nested = {"N": mapping(Items=[1, 2])["States"]["S"]}
    with world(functions=ECHO, kept=1) as here:
        machine = here.create(mapping(states=nested, Items=[1, 2]))
        arn = run(here, machine, "a")
        (outer,) = here.sfn.list_map_runs(executionArn=arn)["mapRuns"]
        children = here.sfn.list_executions(mapRunArn=outer["mapRunArn"])["executions"]
        (inner,) = here.sfn.list_map_runs(executionArn=children[0]["executionArn"])["mapRuns"]
        assert len(children) == 2
        run(here, machine, "b")
        for one in (outer, inner):
            with pytest.raises(here.sfn.exceptions.ResourceNotFound):
                here.sfn.describe_map_run(mapRunArn=one["mapRunArn"])
        for child in children:
            with pytest.raises(here.sfn.exceptions.ExecutionDoesNotExist):
                here.sfn.describe_execution(executionArn=child["executionArn"])


def test_an_express_execution_is_answered_though_it_is_forgotten() -> None:
    with world(kept=1) as here:
        machine = here.create(PASS, kind="EXPRESS")
        for given in ("1", "2", "3"):
            ended = here.sfn.start_sync_execution(stateMachineArn=machine, input=given)
            assert (ended["status"], ended["output"]) == ("SUCCEEDED", given)


def test_an_executor_that_would_keep_nothing_is_refused() -> None:
    with pytest.raises(CloudError, match="at least 1"):
        StepFunctions(lambda service: None, kept=0)


def test_tokens_that_are_over_are_known_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "OVER_KEPT", 2)
    runtime = Runtime(SimulatedClock())
    try:
        known = tokens.Tokens(runtime)
        issued = [runtime.call(lambda: known.issue(None)) for _ in range(3)]
        for token in issued:
            runtime.call(lambda over=token: known.withdraw(over))
        assert [known.find(token.text) for token in issued[1:]] == [None, None]
        with pytest.raises(KeyError):
            known.find(issued[0].text)
    finally:
        runtime.close()
