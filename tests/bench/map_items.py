"""How long 1,000 items of a Distributed Map take that call a handler which does nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from snakebatch.local import StepFunctions
from snakebatch.local.lambdas import Function, LambdaPool

ITEMS = 1000
POLL_SECONDS = 0.005
PROCESSES = 2


def definition(function: str) -> str:
    """A Distributed Map over the input's items, one invocation an item."""
    invoke = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "End": True,
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Invoke",
        "States": {"Invoke": invoke},
    }
    each = {
        "Type": "Map",
        "Items": "{% $states.input.items %}",
        "MaxConcurrency": 100,
        "ItemProcessor": processor,
        "End": True,
    }
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Each", "States": {"Each": each}})


def measure(runs: int) -> list[float]:
    """Seconds from StartExecution to SUCCEEDED, a value a run; a run before them warms the processes."""
    pool = LambdaPool(processes=PROCESSES)
    try:
        arn = pool.register(Function("noop", Path(__file__).parent / "noop"))
        with StepFunctions(lambda service: {"lambda": pool}[service]) as sfn:
            machine = sfn.create_state_machine(
                name="noop", definition=definition(arn), roleArn="arn:aws:iam::123456789012:role/bench"
            )
            return [_run(sfn, machine["stateMachineArn"]) for _ in range(runs + 1)][1:]
    finally:
        pool.close()


def _run(sfn: Any, machine: str) -> float:
    started = time.perf_counter()
    items = json.dumps({"items": list(range(ITEMS))})
    arn = sfn.start_execution(stateMachineArn=machine, input=items)["executionArn"]
    while (execution := sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(POLL_SECONDS)
    spent = time.perf_counter() - started
    if execution["status"] != "SUCCEEDED" or len(json.loads(execution["output"])) != ITEMS:
        raise RuntimeError(f"the map ended {execution['status']}: {execution.get('cause', '')}")
    return spent
