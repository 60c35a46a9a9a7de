"""What the template's rules do: which events they take, and what they hand to the bracket function."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.support.template import resolved, resources


def rules() -> dict[str, dict[str, Any]]:
    """The properties of every rule."""
    return {
        name: resolved(body["Properties"])
        for name, body in resources().items()
        if body["Type"] == "AWS::Events::Rule"
    }


def status_event(execution: str, machine: str, status: str) -> dict[str, Any]:
    """What Step Functions tells EventBridge of an execution, as far as rules look at it."""
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"executionArn": execution, "stateMachineArn": machine, "status": status},
    }


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Lists of exact values only, which is all that the template uses."""
    for key, wanted in pattern.items():
        if isinstance(wanted, dict):
            if not isinstance(event.get(key), dict) or not matches(wanted, event[key]):
                return False
        elif event.get(key) not in wanted:
            return False
    return True


def delivered(event: dict[str, Any]) -> list[dict[str, Any]]:
    """The payloads that the bracket function gets for an event, one for each rule that takes it."""
    taking = [rule for rule in rules().values() if matches(rule.get("EventPattern", {"": []}), event)]
    return [_payload(target, event) for rule in taking for target in rule["Targets"]]


def scheduled(name: str) -> dict[str, Any]:
    """The payload that a rule with a schedule hands over."""
    rule = rules()[name]
    assert rule["ScheduleExpression"].startswith("rate(")
    (target,) = rule["Targets"]
    payload: dict[str, Any] = json.loads(target["Input"])
    return payload


def _payload(target: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    transformer = target["InputTransformer"]
    text = transformer["InputTemplate"]
    for name, path in transformer["InputPathsMap"].items():
        value: Any = event
        for part in path.removeprefix("$.").split("."):
            value = value[part]
        # EventBridge writes a placeholder's text with its quotes.
        text = text.replace(f"<{name}>", json.dumps(value))
    assert not re.search(r"<\w+>", text)
    payload: dict[str, Any] = json.loads(text)
    return payload
