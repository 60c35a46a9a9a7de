"""The column evaluator is ``holds`` on every row, bit for bit, for every tag, whatever the cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snakebatch.engine import columns
from snakebatch.engine.columns import measured, truth
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import KINDS, PLAIN_MEASURES, holds
from snakebatch.engine.population import NumberColumn, Population, TextColumn
from tests.support.scale import scaled

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324, 1e-300, 1000.0, 0.1, 2.0**53]),
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="abAB01 ,.é", max_size=40),
    st.sampled_from(["", "abababab", "\ud800", "\u2028", "İ", "²", "a" * 300]),
)
BOUNDS = st.one_of(NUMBERS, st.integers(-3, 12), st.sampled_from([0.5, 1.5, 0.25, 2.3]))


def _values(tag: str) -> st.SearchStrategy[Any]:
    if tag in PLAIN_MEASURES:
        return BOUNDS
    if tag in ("T", "TEQ", "TSW", "TEW"):
        return TEXTS
    if tag == "NZ":
        return st.tuples(NUMBERS, NUMBERS.filter(bool), BOUNDS).map(list)
    if tag == "NRG":
        return st.tuples(BOUNDS, BOUNDS).map(list)
    if tag == "CFC":
        frequencies = st.dictionaries(st.text(min_size=1, max_size=1), st.floats(0, 1), max_size=5)
        return st.tuples(frequencies, BOUNDS).map(list)
    return st.just(0) if tag == "NZR" else st.tuples(TEXTS, BOUNDS).map(list)


LITERALS = st.sampled_from(sorted(KINDS)).flatmap(
    lambda tag: st.builds(Literal, st.integers(0, 2), _values(tag), st.booleans(), st.just(tag))
)
ODD_LITERALS = st.builds(
    Literal,
    st.integers(0, 4),
    st.one_of(st.none(), st.booleans(), TEXTS, BOUNDS, st.lists(st.one_of(TEXTS, BOUNDS), max_size=3)),
    st.booleans(),
    st.sampled_from([*sorted(KINDS), "UNKNOWN"]),
)


def population_of(rows: list[tuple[float, str]]) -> Population:
    numbers = np.array([number for number, _ in rows], dtype=np.float64)
    vocabulary = sorted({text for _, text in rows})
    codes = np.array([vocabulary.index(text) for _, text in rows], dtype=np.int32)
    targets = np.arange(len(rows), dtype=np.int32) % 2
    return Population(
        header=("y", "x", "t"),
        datatypes=("T", "N", "T"),
        features=(NumberColumn(numbers), TextColumn(codes, vocabulary)),
        classes=("no", "yes 1"),
        codes=targets,
    )


POPULATIONS = st.lists(st.tuples(NUMBERS, TEXTS), min_size=1, max_size=12).map(population_of)


@settings(max_examples=scaled(120, 300))
@given(POPULATIONS, st.lists(st.one_of(LITERALS, ODD_LITERALS), min_size=1, max_size=8), st.data())
def test_truth_is_holds_on_every_row(population: Population, literals: list[Literal], data: Any) -> None:
    # Several literals on one population, so that what one of them cached is met by the next.
    for literal in literals:
        chosen = data.draw(st.sets(st.integers(0, len(population) - 1)))
        rows = np.array(sorted(chosen), dtype=np.intp)

        found = truth(population, literal, rows)

        assert found.dtype == np.bool_
        header = population.header
        assert found.tolist() == [holds(literal, population.row(row), header) for row in rows.tolist()]


@given(POPULATIONS, LITERALS)
def test_on_a_total_row_exactly_one_of_a_literal_and_its_negation_holds(
    population: Population, literal: Literal
) -> None:
    column = population.features[0 if literal.tag in ("N", "NL", "NMG", "NZ", "NZR", "NRG") else 1]
    literal = literal._replace(column=population.features.index(column) + 1)

    held = truth(population, literal, population.all_rows)
    negated = truth(population, literal.negated(), population.all_rows)

    assert (held != negated).all()


@given(POPULATIONS, st.sampled_from(sorted(PLAIN_MEASURES)), st.integers(1, 2))
def test_measured_is_the_measure_of_every_row(population: Population, tag: str, column: int) -> None:
    for rows in (population.all_rows[::2], population.all_rows):
        found = measured(population, column, tag, rows)

        name = population.header[column]
        expected = [PLAIN_MEASURES[tag](population.row(row)[name]) for row in rows.tolist()]
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == np.float64


def test_a_slice_pays_for_its_own_texts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    population = population_of([(0.0, text) for text in ("red", "blue", "red", "green")])
    asked: list[str] = []

    def length(text: str) -> float:
        asked.append(text)
        return float(len(text))

    monkeypatch.setitem(columns.PLAIN_MEASURES, "TN", length)
    rows = np.array([0, 1, 2], dtype=np.intp)

    first = measured(population, 2, "TN", rows)
    second = measured(population, 2, "TN", rows)

    assert first.tolist() == second.tolist() == [3.0, 4.0, 3.0]
    assert sorted(asked) == ["blue", "red"]


@pytest.mark.parametrize("field", [None, "abc", [], {}, float("nan"), 10**400, object()])
@pytest.mark.parametrize("negat", [False, True])
@pytest.mark.parametrize("tag", sorted(KINDS))
def test_no_field_makes_holds_raise(field: Any, negat: bool, tag: str) -> None:
    value: Any = {"NZ": [0.0, 1.0, 0.5], "NRG": [0.0, 1.0], "CFC": [{"a": 1.0}, 0.5]}.get(tag, 1.0)
    if tag in ("T", "TEQ", "TSW", "TEW"):
        value = "a"
    elif tag in ("LEV", "JAC", "SIM", "PFX", "SFX"):
        value = ["a", 1.0]

    assert holds([1, value, negat, tag], {"x": field}, ["y", "x"]) in (True, False)
    assert holds([1, value, negat, tag], {}, ["y", "x"]) is False


@pytest.mark.parametrize("tag", ["N", "NL", "NMG", "NZR"])
def test_a_text_is_neither_below_nor_above_a_number(tag: str) -> None:
    for negat in (False, True):
        assert holds([1, 1.0, negat, tag], {"x": "abc"}, ["y", "x"]) is False
