"""Definitions of state machines that are drawn in tests: ours, and small ones of every shape."""

from __future__ import annotations

import json
from typing import Any

from tests.support.handlers import ROOT

OWN = {
    path.name.removesuffix(".asl.json"): json.loads(path.read_text())
    for path in sorted((ROOT / "statemachine").glob("*.asl.json"))
}


def task(*, next: str | None = None, catch: str | None = None) -> dict[str, Any]:
    """A task that goes on to ``next`` or ends, and whose errors go to ``catch``."""
    state: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
    state |= {"Next": next} if next else {"End": True}
    if catch:
        state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": catch}]
    return state


def machine(start: str, **states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": start, "States": states}


CHAIN = machine("A", A={"Type": "Pass", "Next": "B"}, B={"Type": "Wait", "Seconds": 1, "Next": "C"}, C=task())

LOOP = machine(
    "Ask",
    Ask=task(next="Done?"),
    **{
        "Done?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $done %}", "Next": "End"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Ask"},
        "End": {"Type": "Succeed"},
    },
)

SELF = machine("Again", Again={"Type": "Choice", "Choices": [{"Condition": "{% $x %}", "Next": "Again"}],
                               "Default": "Out"}, Out={"Type": "Succeed"})  # fmt: skip

TWINS = machine(
    "Which",
    Which={
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $x = 1 %}", "Next": "Same"},
            {"Condition": "{% $x = 2 %}", "Next": "Same"},
        ],
        "Default": "Same",
    },
    Same={"Type": "Fail", "Error": "No"},
)

BRANCHES = machine(
    "Both",
    Both={
        "Type": "Parallel",
        "Branches": [machine("Left", Left=task()), machine("R1", R1=task(next="R2"), R2=task())],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
        "Next": "Merge",
    },
    Merge=task(catch="Sorry"),
    Sorry={"Type": "Fail", "Error": "Sorry"},
)

NESTED = machine(
    "Outer",
    Outer={
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            **machine(
                "Inner",
                Inner={
                    "Type": "Map",
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "DISTRIBUTED"},
                        **machine("Leaf", Leaf=task()),
                    },
                    "Next": "After",
                },
                After=task(),
            ),
        },
        "End": True,
    },
)

CROSSED = machine(
    "S",
    S={
        "Type": "Choice",
        "Choices": [{"Condition": "{% $a %}", "Next": "A"}, {"Condition": "{% $b %}", "Next": "B"}],
        "Default": "C",
    },
    A=task(next="Z"),
    B=task(next="Y", catch="X"),
    C=task(next="X", catch="Y"),
    X=task(next="Z"),
    Y=task(next="B"),
    Z={"Type": "Succeed"},
)

UNREACHED = machine("A", A={"Type": "Succeed"}, B=task(next="A"))

LONG_NAMES = machine(
    "x" * 80, **{"x" * 80: task(next='"<&>"'), '"<&>"': {"Type": "Succeed", "Comment": "</svg><script>"}}
)

MACHINES: dict[str, dict[str, Any]] = {
    **OWN,
    "chain": CHAIN,
    "loop": LOOP,
    "self": SELF,
    "twins": TWINS,
    "branches": BRANCHES,
    "nested": NESTED,
    "crossed": CROSSED,
    "unreached": UNREACHED,
    "long names": LONG_NAMES,
}
