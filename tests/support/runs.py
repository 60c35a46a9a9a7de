"""Runs of the training's workflow that pictures are drawn of, without one."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from snakebatch.graph.run import MapRun, Run, StateRun
from tests.support.machines import OWN

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
ARN = "arn:aws:states:eu-west-3:123456789012:execution:snakebatch-train:one"


def half_way() -> Run:
    """A run of the training whose first Divide is at 3 of 12 packets."""
    divide = MapRun("arn", "RUNNING", NOW, None, total=12, pending=4, running=5, succeeded=3, failed=0)
    states = {
        "Stage": StateRun("Stage", "succeeded", 1, 0, NOW, NOW + 75, 75.0),
        "Divide": StateRun("Divide", "running", 1, 0, NOW, maps=(divide,)),
    }
    return Run(ARN, "RUNNING", NOW, None, states, {("Stage", "DryRun?"): "succeeded"})


def failed() -> Run:
    """A run whose leaves failed, the second time too."""
    leaf = MapRun("arn", "FAILED", NOW + 2, NOW + 9, total=4, pending=0, running=0, succeeded=3, failed=1)
    states = {
        "Stage": StateRun("Stage", "succeeded", 1, 0, NOW, NOW + 2, 2.0),
        "Leaf": StateRun("Leaf", "caught", 1, 1, NOW + 2, NOW + 9, 7.0, error="Boom", maps=(leaf,)),
    }
    taken: Any = {("Stage", "DryRun?"): "succeeded", ("Leaf", "CloseBracket"): "caught"}
    return Run(ARN, "FAILED", NOW, NOW + 9, states, taken, error="Boom", cause="a leaf\nfell")


def record(run: Run) -> dict[str, Any]:
    """A run of the training as a mesh tells it."""
    said: Any = asdict(run) | {
        "definition": OWN["train"],
        "states": [asdict(state) for state in run.states.values()],
        "taken": [[*way, outcome] for way, outcome in run.taken.items()],
    }
    return dict(json.loads(json.dumps(said)))
