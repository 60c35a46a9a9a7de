"""The state machines, as deployed: three checkers find nothing; in each broken variant of them, something."""

from __future__ import annotations

import pytest

from tests.deploy.definitions import BROKEN, OURS, VALIDATORS, machines, node, ours, theirs, variants
from tests.support.handlers import ROOT

MISSING = node()
needs_node = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def test_every_definition_of_the_repository_is_deployed() -> None:
    files = {path.name.removesuffix(".asl.json") for path in (ROOT / "statemachine").glob("*.asl.json")}
    assert machines().keys() == files
    assert all("${" not in machine.definition for machine in machines().values())


@pytest.mark.parametrize("name", machines())
def test_our_own_checks_find_nothing(name: str) -> None:
    assert ours(machines()[name]) == []


@needs_node
def test_the_validators_of_others_find_nothing() -> None:
    found = {name: theirs()[f"sound/{name}"] for name in machines()}
    assert found == {name: {validator: [] for validator in VALIDATORS} for name in machines()}


def test_there_are_twenty_broken_variants_and_more() -> None:
    assert len(variants()) >= 20


@pytest.mark.parametrize("name", variants())
def test_our_own_checks_catch_what_is_broken(name: str) -> None:
    variant = variants()[name]
    found = ours(variant.machine)
    assert any(variant.we_say in finding for finding in found), found
    assert OURS in variant.caught_by


@needs_node
def test_who_catches_which_variant() -> None:
    caught = {
        name: [OURS, *(validator for validator in VALIDATORS if theirs()[f"broken/{name}"][validator])]
        for name in variants()
    }
    assert caught == {name: variant.caught_by for name, variant in variants().items()}


def test_the_table_of_who_catches_which_is_the_data_s() -> None:
    checkers = (OURS, *VALIDATORS)
    rows = [
        " | ".join((f"| {name}", variant.wrong, *("x" if c in variant.caught_by else "" for c in checkers)))
        + " |"
        for name, variant in variants().items()
    ]
    table = (BROKEN / "README.md").read_text().splitlines()
    assert [line for line in table if line.startswith("| ")][1:] == rows
