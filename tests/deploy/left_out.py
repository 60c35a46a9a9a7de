"""Which resource types the emulator lacks, and the template without the resources of those types.

What is left out is said; the text of everything else stays as it is, byte for byte.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Collection, Mapping
from typing import Any

from tests.deploy.emulator import PYTHON

ESSENTIAL = (
    "AWS::Lambda::",
    "AWS::StepFunctions::",
    "AWS::SQS::",
    "AWS::S3::",
    "AWS::DynamoDB::",
    "AWS::IAM::",
)
"""Of these nothing may be left out: the training runs on them."""
_ASK = """
import json
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS
print(json.dumps(sorted(_RESOURCE_HANDLERS)))
"""
_SECTION = re.compile(r"^[A-Z]\w*:", re.MULTILINE)
_BLOCK = re.compile(r"^  ([A-Za-z]\w*):.*\n(?:(?:    .*| *)\n)*", re.MULTILINE)


def known_types() -> set[str]:
    """The types that the emulator can make."""
    answer = subprocess.run([PYTHON, "-c", _ASK], capture_output=True, text=True, check=True)
    return set(json.loads(answer.stdout))


def lacking(
    expanded: Mapping[str, Any], parameters: Mapping[str, str], known: Collection[str]
) -> dict[str, str]:
    """The resources of an expanded template that would be made, and whose type is not known: id to type."""
    given = {name: body.get("Default") for name, body in expanded.get("Parameters", {}).items()}
    given |= parameters
    conditions = expanded.get("Conditions", {})
    return {
        name: body["Type"]
        for name, body in expanded["Resources"].items()
        if body["Type"] not in known
        and ("Condition" not in body or _holds({"Condition": body["Condition"]}, conditions, given))
    }


def _holds(condition: Any, conditions: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    (kind, operands), *_ = condition.items()
    if kind == "Condition":
        return _holds(conditions[operands], conditions, given)
    if kind == "Fn::Equals":
        left, right = (_text(operand, given) for operand in operands)
        return left == right
    held = [_holds(operand, conditions, given) for operand in operands]
    return {"Fn::Not": not held[0], "Fn::And": all(held), "Fn::Or": any(held)}[kind]


def _text(operand: Any, given: Mapping[str, Any]) -> str:
    if not isinstance(operand, dict):
        return str(operand)
    if "Ref" in operand:
        return str(given[operand["Ref"]])
    separator, parts = operand["Fn::Join"]
    joined = [parts] if isinstance(parts, dict) else parts
    return str(separator).join(_text(part, given) for part in joined)


def without(template: str, names: Collection[str]) -> tuple[str, list[str]]:
    """The template's text without those resources, and without outputs and resources that refer to them.

    Returns it with the names of all that was left out. Raises AssertionError for a name that the text does
    not define: what SAM makes by itself can't be left out by hand.
    """
    gone: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        block = next((match for match in _blocks(template) if match[1] == name), None)
        assert block is not None, f"{name} is not written in the template, so it can't be left out of it"
        template = template[: block.start()] + template[block.end() :]
        gone.append(name)
        refers = re.compile(rf"(!Ref {name}\b|!GetAtt {name}\.|\$\{{{name}[.}}]|DependsOn: {name}\b)")
        waiting += [m[1] for m in _blocks(template) if refers.search(m[0]) and m[1] not in waiting]
    return template, gone


def _blocks(template: str) -> list[re.Match[str]]:
    """Each resource and output: its name, and its lines."""
    found = []
    for section in ("Resources", "Outputs"):
        start = re.search(rf"^{section}:\n", template, re.MULTILINE)
        if start is None:
            continue
        after = _SECTION.search(template, start.end())
        found += list(_BLOCK.finditer(template, start.end(), after.start() if after else len(template)))
    return found
