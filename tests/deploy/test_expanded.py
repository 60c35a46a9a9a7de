"""The template after both transforms, by SAM's own code: what counts against CloudFormation's limits."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from tests.support.handlers import ROOT
from tests.support.template import FUNCTION, PATH, resources

PYTHON = ROOT / "build/venv-deploy/bin/python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="SAM CLI is not here: make deploy-env")


def expand(*layers: str, path: Path = PATH) -> list[dict[str, Any]]:
    """The template after both transforms, for each content of the layer."""
    command = [PYTHON, ROOT / "tests/deploy/expand.py", path, *layers]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    expanded: list[dict[str, Any]] = json.loads(found.stdout)
    return expanded


@pytest.fixture(scope="module")
def expanded() -> dict[str, Any]:
    (template,) = expand("a.zip")
    return template


def versions(template: dict[str, Any]) -> set[str]:
    return {name for name, body in template["Resources"].items() if body["Type"] == "AWS::Lambda::Version"}


def test_resources_and_size_leave_room(expanded: dict[str, Any]) -> None:
    size = len(json.dumps(expanded))
    print(f"{len(expanded['Resources'])} resources, {size:,} bytes")
    assert len(expanded["Resources"]) < 450, "CloudFormation takes 500"
    assert size < 1_000_000 / 2, "CloudFormation takes 1 MB"


def test_every_function_has_a_version_and_an_alias_and_nothing_else_was_added(
    expanded: dict[str, Any],
) -> None:
    functions = sum(body["Type"] == FUNCTION for body in resources().values())
    found = Counter(body["Type"] for body in expanded["Resources"].values())
    assert found["AWS::Lambda::Function"] == functions
    assert found["AWS::Lambda::Version"] == found["AWS::Lambda::Alias"] == functions
    assert found["AWS::IAM::Role"] == sum(body["Type"] == "AWS::IAM::Role" for body in resources().values())
    assert sum(found.values()) == len(resources()) + 2 * functions + found["AWS::Lambda::EventSourceMapping"]


def mentioned(value: Any) -> Iterator[str]:
    """Logical ids that a resource's body refers to."""
    if isinstance(value, list):
        for entry in value:
            yield from mentioned(entry)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0] if isinstance(inner, list) else inner.partition(".")[0]
            elif key == "Fn::Sub":
                text = inner[0] if isinstance(inner, list) else inner
                yield from (name.partition(".")[0] for name in re.findall(r"\$\{([\w.]+)\}", text))
            elif key == "DependsOn":
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from mentioned(inner)


def test_no_resource_waits_for_itself(expanded: dict[str, Any]) -> None:
    bodies = expanded["Resources"]
    order = TopologicalSorter({name: set(mentioned(body)) & bodies.keys() for name, body in bodies.items()})
    assert len(list(order.static_order())) == len(bodies)  # raises CycleError, which names the circle


def test_a_change_of_the_layer_alone_publishes_every_function_anew(expanded: dict[str, Any]) -> None:
    same, other = expand("a.zip", "b.zip")
    assert versions(expanded) == versions(same)
    assert not versions(expanded) & versions(other)


def test_the_event_source_calls_live(expanded: dict[str, Any]) -> None:
    source = expanded["Resources"]["GathererFunctionReports"]
    assert source["Properties"]["FunctionName"] == {"Ref": "GathererFunctionAliaslive"}
    assert source["Condition"] == "GathersByLambda"
