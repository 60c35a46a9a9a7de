"""The `sam local invoke` lines of docs/deploy.md: SAM knows the functions, and what was built answers."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from snakebatch.local.loopback import loopback
from snakebatch.mesh.messages import read_queue_message
from tests.deploy.emulator import PYTHON as RUNTIME_PYTHON
from tests.deploy.emulator import account_environment
from tests.deploy.sam import SAM, Sam, architecture, missing
from tests.deploy.test_expanded import PYTHON as SAM_PYTHON
from tests.support.example_events import example_events, path, read
from tests.support.handlers import ROOT
from tests.support.mesh import MeshBench
from tests.support.template import functions, template

LINE = re.compile(r"^sam local invoke (\w+) --event events/([\w-]+)\.json$", re.MULTILINE)
PAGE = ROOT / "docs/deploy.md"
LINES: list[tuple[str, str]] = LINE.findall(PAGE.read_text())
ENVIRONMENT = ROOT / "events/env.json"
ADDRESS = "http://127.0.0.1:5000"
"""Where events/env.json finds AWS."""

needs_sam = pytest.mark.skipif(not SAM.exists(), reason="no SAM CLI here: make deploy-env")


def sam_functions(source: Path) -> dict[str, dict[str, Any]]:
    """What SAM itself makes of the lines' logical ids, with the parameters of samconfig.toml."""
    ids = sorted({name for name, _ in LINES})
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]["local_invoke"]["parameters"]
    assert config["env_vars"] == "events/env.json"
    given = config["parameter_overrides"]
    command = [SAM_PYTHON, ROOT / "tests/deploy/sam_functions.py", source, ENVIRONMENT, *given, *ids]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    result: dict[str, dict[str, Any]] = json.loads(found.stdout.splitlines()[-1])
    return result


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


@pytest.mark.deploy
@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_every_event_runs_on_what_was_built(tmp_path: Path) -> None:
    sam = Sam.of_a_copy(tmp_path, "http://127.0.0.1:9", "none", {"Architecture": architecture()})
    sam.build()
    found = sam_functions(sam.built / "template.yaml")
    answers: dict[str, Any] = {}
    with loopback() as services:
        for name, event in LINES:
            answers[event] = invoke(found[name], event, sam.built, services.url, tmp_path)

    assert answers["stage"]["run"] == read("settle")["run"]
    # How many at once is the lease's business: here no execution runs that could hold one.
    pace = {"max_concurrency": answers["wave"]["max_concurrency"]}
    assert answers["wave"] == read("settle")["wave"] | pace
    assert answers["wave-bucket-grain"]["next"] == "conquer"
    for role in ("divide", "leaf", "conquer"):
        assert answers[f"shard-{role}"]["packet"] == read(f"shard-{role}")["packet"]
    assert answers["bracket-admit"]["admitted"]
    assert answers["bracket-ready"]["ready"]
    assert answers["bracket-close"]["closed"]
    assert answers["shard-predict"]["n"] == 2
    assert answers["predict-gather"]["rows"] == answers["shard-predict-file"]["n"] == 344
    assert answers["predict-explain"]["error"] == "InputError"
    for step in ("open", "ready"):
        session = answers[f"bracket-session-{step}"]
        assert (session["ready"], session["slots"]) == (True, 12)
    assert [bracket["holder"] for bracket in answers["bracket-list"]["brackets"]] == ["session/afternoon"]
    assert answers["bracket-session-close"]["closed"]
    assert answers["bracket-sweep"]["leaked_slots"] == 0
    assert answers["gatherer"] == {"messages": 1, "answered": True}
    assert answers["settle"]["output"]["status"] == "TRAINED"
    assert answers["settle-failed"]["failure"]["error"] == "InputError"


def invoke(function: dict[str, Any], event: str, built: Path, url: str, scratch: Path) -> Any:
    """Run a handler as SAM would, in a process instead of a container, against our loopback."""
    layers = [str(built / layer / "python") for layer in function["layers"]]
    variables = {name: value.replace(ADDRESS, url) for name, value in function["variables"].items()}
    done = subprocess.run(
        [RUNTIME_PYTHON, "-B", ROOT / "tests/deploy/invoke.py", function["handler"]],
        input=path(event).read_text(),
        env={
            **account_environment(),
            **variables,
            "PYTHONPATH": ":".join([str(built / function["code"]), *layers]),
            "TMPDIR": str(scratch),
        },
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"events/{event}.json: {done.stderr[-3000:]}"
    last = done.stdout.splitlines()[-1]
    assert len(last) < 4096
    return json.loads(last)
