"""The state machines as the template deploys them, broken variants of them, and who finds what in them."""

from __future__ import annotations

import copy
import functools
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakebatch.local.asl.review import review
from tests.support.handlers import ROOT
from tests.support.template import resolved, resources

OURS = "snakebatch"
NODE_MODULES = ROOT / "build/asl-validators/node_modules"
VALIDATORS = ("asl-validator", "amazon-states-language-service")
BROKEN = ROOT / "tests/data/broken_definitions"
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")

Findings = dict[str, list[str]]
"""What each checker says."""


@dataclass(frozen=True)
class Machine:
    """A state machine of the template: its definition with every placeholder filled, and its type."""

    name: str
    definition: str
    kind: str


@functools.cache
def machines() -> dict[str, Machine]:
    """Every state machine by the name of its file, without `.asl.json`."""
    found = {}
    for body in resources().values():
        if body["Type"] == "AWS::Serverless::StateMachine":
            properties = body["Properties"]
            path = ROOT / properties["DefinitionUri"]
            name = path.name.removesuffix(".asl.json")
            values = properties.get("DefinitionSubstitutions", {})
            text = _PLACEHOLDER.sub(lambda m, v=values: _filled(v[m[1]]), path.read_text())
            found[name] = Machine(name, text, properties.get("Type", "STANDARD"))
    return found


def _filled(value: Any) -> str:
    value = resolved(value)
    while isinstance(value, dict):
        # Of what a condition decides, the second: what is there if nothing is asked for.
        (_, (_, _, value)) = value.popitem()
        value = resolved(value)
    return json.dumps(str(value))[1:-1]


@dataclass(frozen=True)
class Variant:
    """A definition with one thing wrong."""

    name: str
    wrong: str
    machine: Machine
    we_say: str
    caught_by: list[str]


@functools.cache
def variants() -> dict[str, Variant]:
    """The broken variants of `tests/data/broken_definitions`, by the name of the file."""
    return {path.stem: _variant(path) for path in sorted(BROKEN.glob("*.json"))}


def _variant(path: Path) -> Variant:
    content = json.loads(path.read_text())
    sound = machines()[content["machine"]]
    definition = copy.deepcopy(json.loads(sound.definition))
    *parents, last = content["at"].removeprefix("/").split("/")
    place: Any = definition
    for step in parents:
        place = place[int(step) if isinstance(place, list) else step]
    key: Any = int(last) if isinstance(place, list) else last
    if content.get("remove"):
        del place[key]
    else:
        place[key] = content["value"]
    text = json.dumps(definition, indent=2)
    broken = Machine(path.stem, text, sound.kind)
    return Variant(path.stem, content["wrong"], broken, content["we_say"], content["caught_by"])


def ours(machine: Machine) -> list[str]:
    """What our own checks find."""
    return [f"{path}: {message}" for path, message in review(machine.definition, machine.kind)]


def node() -> str | None:
    """Why the validators that run on Node can't be asked here; None if they can."""
    if shutil.which("node") is None:
        return "no Node on this machine"
    return (
        None
        if (NODE_MODULES.parent / ".installed").exists()
        else "the validators are not installed: make deploy-env"
    )


@functools.cache
def theirs() -> dict[str, Findings]:
    """What the validators from npm find in every machine and variant; one process for all."""
    everything = {f"sound/{name}": machine.definition for name, machine in machines().items()}
    everything |= {f"broken/{name}": variant.machine.definition for name, variant in variants().items()}
    answer = subprocess.run(
        ["node", ROOT / "tests/deploy/validate.cjs", NODE_MODULES],
        input=json.dumps(everything),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    result: dict[str, Findings] = json.loads(answer.stdout)
    return result
