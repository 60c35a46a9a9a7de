"""docs/deploy.md says what the code takes and raises."""

from __future__ import annotations

import json
import re

import pytest

from snakebatch import errors
from snakebatch.mesh.requests import TrainInput
from tests.support.handlers import ROOT
from tests.support.limits import rows

PAGE = (ROOT / "docs/deploy.md").read_text()
TABLE = {
    cells[0].strip("`"): cells
    for line in PAGE.splitlines()
    if line.startswith("| `") and len(cells := [cell.strip() for cell in line.strip("|").split(" | ")]) == 4
}
STATES = json.loads((ROOT / "statemachine/train.asl.json").read_text())["States"]
RAISED_ON_AWS = [
    errors.InputError,
    errors.PlanError,
    errors.EngineError,
    errors.MeshError,
    *errors.MeshError.__subclasses__(),
]


def test_the_table_of_inputs_has_every_field_with_its_default_and_limits() -> None:
    told = {name: (cells[1], cells[2]) for name, cells in TABLE.items()}
    assert told == rows(TrainInput)
    assert all(len(cells[3]) > 10 for cells in TABLE.values())


@pytest.mark.parametrize("error", RAISED_ON_AWS)
def test_every_error_that_ends_a_run_has_its_remedy(error: type[Exception]) -> None:
    assert re.search(rf"^\| `{error.__name__}` \| .{{10,}} \| .{{10,}} \|$", PAGE, re.MULTILINE)


def test_every_state_is_explained() -> None:
    graph = PAGE.partition("## Read the execution graph")[2].partition("\n## ")[0]
    shown = set(re.findall(r"`([A-Z]\w+\??)`", graph))
    assert set(STATES) <= shown


def test_the_full_input_has_every_field_with_its_default() -> None:
    full = json.loads((ROOT / "events/train-input-full.json").read_text())
    fields = TrainInput.model_fields
    assert full.keys() == fields.keys()
    assert {name: full[name] for name, field in fields.items() if not field.is_required()} == {
        name: field.default for name, field in fields.items() if not field.is_required()
    }


def test_the_inputs_are_those_of_events() -> None:
    linked = set(re.findall(r"\(\.\./events/([\w-]+)\.json\)", PAGE))
    assert linked == {path.stem for path in (ROOT / "events").glob("train-input*.json")}
