"""docs/architecture.md and its picture name states, keys and bounds as the code has them."""

from __future__ import annotations

import json
import re

from snakebatch.engine.chain import LARGEST
from snakebatch.mesh import prediction_store, store
from tests.support.handlers import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PICTURE = (ROOT / "docs/pictures/data-way.svg").read_text(encoding="utf-8")
STATES = json.loads((ROOT / "statemachine/train.asl.json").read_text(encoding="utf-8"))["States"]


def test_the_picture_names_the_workflow_s_states() -> None:
    named = re.findall(r'font-size="16" font-weight="600" fill="#\w+">(\w+)', PICTURE)
    assert named == ["Stage", "Divide", "Leaf", "Gather"]
    assert {*named, "NextWave"} <= STATES.keys()
    assert "NextWave" in PICTURE
    for name in named:
        assert ("Map over 100 shards" in PICTURE.partition(f">{name}")[2][:30]) == (
            STATES[name]["Type"] == "Map"
        )


def test_every_key_is_one_of_the_stores() -> None:
    table = PAGE.partition("## What lies where")[2].partition("\n## ")[0]
    keys = re.findall(r"^\| `(\S+)` \|", table, re.MULTILINE)
    assert len(keys) > 8
    known = f"{store.__doc__}\n{prediction_store.__doc__}"
    for key in keys:
        assert key.removesuffix("...") in known, key


def test_states_and_bounds_are_the_code_s() -> None:
    for name in re.findall(
        r"`([A-Z][a-z]\w+)`", PAGE.partition("## When something breaks")[2].partition("\n## ")[0]
    ):
        assert name in STATES or name.endswith("Error"), name
    assert f"max({LARGEST:,}, 4 x `bucket`)" in PAGE
