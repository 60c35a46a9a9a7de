"""The `sam local invoke` lines of docs/deploy.md: SAM knows the functions, and the events are the example's.

That what was built answers to them is shown in test_deploy.py, where it is built.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from moto import mock_aws

from snakebatch.mesh.messages import read_queue_message
from tests.deploy.emulator import account_environment
from tests.deploy.local_lines import ENVIRONMENT, LINES, sam_functions
from tests.deploy.sam import SAM
from tests.support.example_events import example_events, read
from tests.support.handlers import ROOT
from tests.support.mesh import MeshBench
from tests.support.template import functions, template

needs_sam = pytest.mark.skipif(not SAM.exists(), reason="no SAM CLI here: make deploy-env")


def test_every_event_has_its_line_and_every_kind_of_function() -> None:
    events = {file.stem for file in (ROOT / "events").glob("*.json")} - {"env"}
    assert {name for _, name in LINES} == {name for name in events if "-input" not in name}
    kinds = {re.sub(r"\d+", "", name) for name in functions()}
    assert {re.sub(r"\d+", "", name) for name, _ in LINES} == kinds


@needs_sam
def test_sam_knows_every_function_and_hands_on_every_variable() -> None:
    given = json.loads(ENVIRONMENT.read_text())["Parameters"]
    found = sam_functions(ROOT / "template.yaml")
    general = template()["Globals"]["Function"]["Environment"]["Variables"]
    handed: set[str] = set()
    for name, function in found.items():
        declared = functions()[name]["Environment"]["Variables"].keys() | general.keys()
        variables = {key: function["variables"][key] for key in declared}
        # What events/env.json forgets would be a logical id: SAM knows no other value for it.
        assert not set(variables.values()) & template()["Resources"].keys(), name
        assert variables.items() >= {(key, given[key]) for key in given.keys() & declared}
        handed |= given.keys() & declared
    assert handed == given.keys()


def test_the_events_speak_of_the_example_that_the_library_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in account_environment().items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        computed = example_events(MeshBench(tmp_path))
    for name, event in computed.items():
        assert read(name) == event, f"events/{name}.json is out of date: make events"
    assert read_queue_message(read("gatherer")["Records"][0]["body"]).kind == "gather"
