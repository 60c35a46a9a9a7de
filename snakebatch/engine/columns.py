"""The column evaluator: a literal on many rows of a population at once, bit for bit what ``holds`` gives on
each.

Comparisons, differences and quotients are the same in NumPy as in Python, so these run on whole arrays;
logarithms are not, so measures run through ``math``, once per distinct value. A measure of a text column is
cached per vocabulary entry and filled in only for the texts that the asked rows have, so that a slice pays
for its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import PLAIN_MEASURES, Test, interval, standard_score, test_of
from snakebatch.engine.population import NumberColumn, Population, Rows, TextColumn

_NARROW = frozenset({"ND", "NMG"})
"""Measures that are small integers: float32 holds them exactly, in half the cache."""


def truth(population: Population, literal: Literal, rows: Rows) -> NDArray[np.bool_]:
    """Where the literal holds, parallel to ``rows``; exactly ``holds`` on ``population.row(i)``."""
    index, value, negat, tag = literal
    test = test_of(value, negat, tag)
    if test is None or not 0 <= index < len(population.header):
        return np.zeros(len(rows), dtype=np.bool_)
    outcome: NDArray[np.bool_] = test.compare(literal_measure(population, literal, test, rows), test.bound)
    return outcome


def measured(population: Population, column_index: int, tag: str, rows: Rows) -> NDArray[np.float64]:
    """The plain measure ``tag`` (N, ND, NL, NMG and the text measures) of a feature, parallel to ``rows``.

    NaN where the column cannot be measured so (NL of a text). Raises KeyError on a tag that is no plain
    measure.
    """
    measure = PLAIN_MEASURES[tag]
    column = population.column(column_index)
    if isinstance(column, TextColumn):
        cache = _cache(population, column_index, tag, len(column.vocabulary), np.dtype(np.float64))
        codes = column.codes[rows]
        _fill_texts(cache, codes, column, measure)
        return cache[codes]
    if tag == "N":
        return column.values[rows]
    kept = np.dtype(np.float32 if tag in _NARROW else np.float64)
    cache = _cache(population, column_index, tag, len(column), kept)
    found = cache[rows]
    missing = rows[np.isnan(found)]
    if len(missing):
        cache[missing] = _by_distinct_number(column.values[missing], measure)
        found = cache[rows]
    return found.astype(np.float64, copy=False)


def _cache(population: Population, column: int, tag: str, size: int, kept: np.dtype[Any]) -> NDArray[Any]:
    key = ("measured", column, tag)
    cache: NDArray[Any] | None = population.cache.get(key)
    if cache is None:
        cache = population.cache[key] = np.full(size, np.nan, dtype=kept)
    return cache


def _fill_texts(
    cache: NDArray[np.float64], codes: NDArray[np.int32], column: TextColumn, measure: Callable[[str], float]
) -> None:
    wanted = np.unique(codes[np.isnan(cache[codes])])
    vocabulary = column.vocabulary
    for code in wanted.tolist():
        cache[code] = measure(vocabulary[code])


def _by_distinct_number(values: NDArray[np.float64], measure: Callable[[Any], float]) -> NDArray[np.float64]:
    # Distinct by their bits, since -0.0 equals 0.0 but does not read the same.
    bits, inverse = np.unique(values.view(np.int64), return_inverse=True)
    numbers = bits.view(np.float64).tolist()
    return np.fromiter(map(measure, numbers), dtype=np.float64, count=len(numbers))[inverse]


def literal_measure(population: Population, literal: Literal, test: Test, rows: Rows) -> NDArray[np.float64]:
    """The measure that ``test`` compares, parallel to ``rows``."""
    index, tag = literal.column, literal.tag
    if index == 0:
        classes = population.classes
        return _by_code(population.codes[rows], test.measure, classes)
    if tag in PLAIN_MEASURES:
        return measured(population, index, tag, rows)
    column = population.column(index)
    if isinstance(column, TextColumn):
        return _by_code(column.codes[rows], test.measure, column.vocabulary)
    return _number_measure(column, literal, test, rows)


def _by_code(codes: NDArray[np.int32], measure: Callable[[Any], float], distinct: Any) -> NDArray[np.float64]:
    wanted, inverse = np.unique(codes, return_inverse=True)
    found = (measure(distinct[code]) for code in wanted.tolist())
    return np.fromiter(found, dtype=np.float64, count=len(wanted))[inverse]


def _number_measure(column: NumberColumn, literal: Literal, test: Test, rows: Rows) -> NDArray[np.float64]:
    values = column.values[rows]
    if literal.tag == "NZR":
        return np.abs(values)
    if literal.tag == "NRG":
        low, high = interval(literal.value)
        return ((values > low) & (values <= high)).astype(np.float64)
    if literal.tag == "NZ":
        mean, deviation, _ = standard_score(literal.value)
        with np.errstate(over="ignore", under="ignore"):  # both ends are what Python's floats give as well
            return (values - mean) / deviation
    return _by_distinct_number(values, test.measure)
