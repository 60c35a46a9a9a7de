"""The trainer's guarantees (docs/format.md), checked row by row with ``holds``, apart from the trainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.clauses import COVERS
from snakebatch.engine.literals import holds
from snakebatch.engine.population import Population


def check_layer(population: Population, layer: Sequence[Bucket]) -> None:
    """Assert every guarantee on one layer."""
    rows = [population.row(index) for index in range(len(population))]
    check_partition(population, layer, rows)
    conditions = [bucket.condition for bucket in layer]
    assert len({repr(condition) for condition in conditions}) == len(conditions), "conditions are unique"
    assert None not in conditions[:-1], "only the last bucket may be ELSE"
    for bucket in layer:
        check_bucket(population, bucket, rows)


def check_partition(population: Population, layer: Sequence[Bucket], rows: list[dict[str, Any]]) -> None:
    """Each row is core in exactly one bucket, and walking the chain with it ends there."""
    home: dict[int, int] = {}
    for number, bucket in enumerate(layer):
        for member, origin in zip(bucket.members, bucket.origins, strict=True):
            if origin == "c":
                assert member not in home, f"row {member} is core in two buckets"
                home[member] = number
    assert sorted(home) == list(range(len(population))), "every row is core in a bucket"
    for index, row in enumerate(rows):
        assert walk(population, layer, row) == home[index], f"row {index} is routed to its own bucket"


def walk(population: Population, layer: Sequence[Bucket], row: dict[str, Any]) -> int:
    """The bucket where the row ends."""
    for number, bucket in enumerate(layer):
        condition = bucket.condition or ()
        if all(holds(literal, row, population.header) for literal in condition):
            return number
    return len(layer) - 1


def check_bucket(population: Population, bucket: Bucket, rows: list[dict[str, Any]]) -> None:
    """The clause contract, minimality, and the conds."""
    header, codes = population.header, population.codes
    members = bucket.members
    assert len(bucket.lookalikes) == len(members)
    classes = {int(codes[member]) for member in members}
    if len(classes) <= 1:
        assert bucket.clauses == []
        assert bucket.lookalikes == [[[]]] * len(members), "one-class buckets vote"
        return
    owner: list[int] = []
    for number, clause in enumerate(bucket.clauses):
        true_on = [[holds(literal, rows[member], header) for literal in clause] for member in members]
        false_classes = {
            int(codes[member]) for member, held in zip(members, true_on, strict=True) if not any(held)
        }
        assert len(false_classes) == 1, f"clause {number} is false on members of one class exactly"
        owner.append(false_classes.pop())
        others = [
            held for member, held in zip(members, true_on, strict=True) if int(codes[member]) != owner[-1]
        ]
        for place in range(len(clause)):
            alone = [held for held in others if held[place] and sum(held) == 1]
            assert alone, f"literal {place} of clause {number} could be dropped"
    for member, conds in zip(members, bucket.lookalikes, strict=True):
        mine = int(codes[member])
        false_on = [
            number
            for number, clause in enumerate(bucket.clauses)
            if owner[number] == mine and not any(holds(literal, rows[member], header) for literal in clause)
        ]
        assert false_on, f"a clause of its class is false on row {member}"
        assert len(conds) <= COVERS
        assert all(conds), f"every cond of row {member} has a clause: its classes differ"
        assert all(cond == sorted(cond) for cond in conds)
        listed = sorted(number for cond in conds for number in cond)
        assert listed == false_on, f"the conds of row {member} share out its class's false clauses"
