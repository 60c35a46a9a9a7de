"""What fuzzing has found is read again: every input that was kept keeps its promise."""

from __future__ import annotations

import pytest

from tests.fuzz.seeds import CORPUS, LONGEST, seeds
from tests.fuzz.targets import PARSERS, TARGETS
from tests.fuzz.unguided import search
from tests.support.hostile_tables import TABLES

FEWEST = 50
"""Inputs of each corpus: less is no corpus."""

MOST_BYTES = 1 << 20


@pytest.mark.parametrize("target", TARGETS)
def test_every_input_of_the_corpus_keeps_the_promise(target: str) -> None:
    for data in seeds(target):
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_a_short_search_finds_nothing(target: str) -> None:
    search(target, 150, alike=True)


def test_the_corpora_are_there_and_small() -> None:
    sizes = {target: [path.stat().st_size for path in (CORPUS / target).glob("*")] for target in TARGETS}
    assert all(len(found) >= FEWEST for found in sizes.values()), {name: len(s) for name, s in sizes.items()}
    assert sum(map(sum, sizes.values())) < MOST_BYTES


def test_the_seeds_reach_every_parser() -> None:
    named = {data.partition(b"\n")[0].decode(errors="replace") for data in seeds("message")}
    assert PARSERS.keys() <= named
    assert sum(1 for table in TABLES.values() if len(table.data) <= LONGEST) > FEWEST
