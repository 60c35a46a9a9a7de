"""The 8,360 single-literal evaluations of the reference, and what no reference row shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from snakebatch.engine.columns import truth
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import KINDS, holds
from snakebatch.engine.population import NumberColumn, Population, TextColumn

VECTORS = Path(__file__).parents[2] / "data" / "vectors"


def _cases() -> tuple[list[str], list[tuple[list[Any], dict[str, Any], bool]]]:
    data = json.loads((VECTORS / "literals.json").read_text(encoding="utf-8"))
    return data["header"], data["cases"]


def _population(numbers: list[float], texts: list[str]) -> Population:
    size = len(numbers)
    vocabulary = sorted(set(texts))
    codes = np.array([vocabulary.index(text) for text in texts], dtype=np.int32)
    return Population(
        header=("y", "num", "txt"),
        datatypes=("I", "N", "T"),
        features=(NumberColumn(np.array(numbers, dtype=np.float64)), TextColumn(codes, vocabulary)),
        classes=tuple(range(size)),
        codes=np.arange(size, dtype=np.int32),
    )


def test_every_reference_case_holds_as_the_reference_says() -> None:
    header, cases = _cases()

    wrong = [case for case in cases if holds(case[0], case[1], header) is not case[2]]

    assert len(cases) == 8360
    assert wrong == []


def test_the_column_evaluator_gives_every_reference_case() -> None:
    header, cases = _cases()
    numbers = sorted({row["num"] for _, row, _ in cases if "num" in row})
    texts = sorted({row["txt"] for _, row, _ in cases if "txt" in row})
    size = max(len(numbers), len(texts))
    population = _population((numbers * size)[:size], (texts * size)[:size])
    where = {("num", value): index for index, value in enumerate(numbers)}
    where |= {("txt", value): index for index, value in enumerate(texts)}

    checked, wrong = 0, []
    for raw, row, expected in cases:
        for item in row.items():
            outcome = truth(population, Literal(*raw), np.array([where[item]], dtype=np.intp))
            checked += 1
            if bool(outcome[0]) is not expected:
                wrong.append((raw, row))

    assert checked == sum(len(row) for _, row, _ in cases)
    assert header == list(population.header)
    assert wrong == []


def test_all_29_tags_are_known() -> None:
    assert set(KINDS) == {literal[3] for literal, _, _ in _cases()[1]} - {"UNKNOWN"}
    assert len(KINDS) == 29
