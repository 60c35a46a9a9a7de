"""A run as a record of plain JSON, so that whoever has it can draw it without asking Step Functions.

    {"definition": {...}, "arn": ..., "status": "FAILED", "started": 1767225600.0, "ended": ...,
     "error": ..., "cause": ..., "taken": [["Stage", "DryRun?", "succeeded"], ...],
     "states": [{"name": "Leaf", "outcome": "failed", "seconds": 1.25, "visits": 1, "retries": 0, ...,
                 "maps": [{"total": 12, "succeeded": 11, "failed": 1, ...}]}, ...]}

States are those that were reached. Times are epoch seconds, durations seconds. What states were given and
gave back is left out: it can be large, and the data's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from snakebatch.errors import InputError
from snakebatch.graph.machine import Machine, read_machine
from snakebatch.graph.reading import RunReader
from snakebatch.graph.run import OUTCOMES, ChildFailure, MapRun, Run, StateRun

Record = dict[str, Any]
T = TypeVar("T")

_TEXTS = frozenset({"input", "output"})


def record_of(sfn: Any, arn: str) -> Record:
    """The record of an execution as it is now; ``sfn`` is a boto3 client, whose errors come through."""
    reader = RunReader(sfn)
    definition, run = reader.definition(arn), reader.run(arn)
    # By way of its text, so that it is the same wherever it is read.
    return {"definition": json.loads(definition), **json.loads(json.dumps(_record(run)))}


def read_record(record: Mapping[str, Any]) -> tuple[Machine, Run]:
    """The machine and the run of a record; fields of a newer version are left out; else InputError."""
    try:
        machine = read_machine(record["definition"])
        states = [_state(state) for state in record["states"]]
        run = _made(
            Run,
            {
                **record,
                "states": {state.name: state for state in states},
                "taken": {(source, target): outcome for source, target, outcome in record["taken"]},
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"this is no record of a run: {type(error).__name__}: {error}") from error
    if not {*run.taken.values(), *(state.outcome for state in states)} <= set(OUTCOMES):
        raise InputError("this is no record of a run: it has an outcome that there is not")
    return machine, run


def _record(run: Run) -> Record:
    said: Record = {field.name: getattr(run, field.name) for field in fields(run) if field.name not in _TEXTS}
    said["states"] = [
        {name: value for name, value in asdict(state).items() if name not in _TEXTS}
        for state in run.states.values()
    ]
    said["taken"] = [[*way, outcome] for way, outcome in run.taken.items()]
    return said


def _state(said: Mapping[str, Any]) -> StateRun:
    return _made(StateRun, {**said, "maps": tuple(_map_run(one) for one in said["maps"])})


def _map_run(said: Mapping[str, Any]) -> MapRun:
    return _made(MapRun, {**said, "failures": tuple(_made(ChildFailure, one) for one in said["failures"])})


def _made(kind: type[T], said: Mapping[str, Any]) -> T:
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # all kinds here are dataclasses
    return kind(**{name: value for name, value in said.items() if name in names})
