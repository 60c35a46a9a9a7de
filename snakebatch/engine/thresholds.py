"""Every literal as a threshold on a measure: it holds where the measure is below a bound, or at least it.

The tags of the format differ in what they measure; what they do with it comes down to these two comparisons
(``d > t`` is ``d >= t'``, t' being the next float). A literal and its complement share measure and bound, so
that one comparison answers both, and on NaN (an absent column, a text asked for its logarithm) neither holds.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import PLAIN_MEASURES, Test, test_of
from snakebatch.engine.profiles import TAG_NUMBERS, TAGS
from snakebatch.engine.rules import Ints, Rules


class Threshold(NamedTuple):
    """Holds where the measure is < bound (``below``), or >= bound (not ``below``)."""

    measure: int
    bound: float
    below: bool


class OwnMeasure(NamedTuple):
    """The measure of a literal that is no plain one: it depends on the literal's value."""

    literal: Literal
    test: Test


class Measures:
    """The distinct measures of a model, numbered as they are met.

    A plain one (a column and a tag of ``PLAIN_MEASURES``) has a number from 0, ``plain[number]`` says which;
    one with a value of its own has -1, -2, ..., ``own[~number]``.
    """

    def __init__(self, width: int) -> None:
        self.plain: list[tuple[int, str]] = []
        self.own: list[OwnMeasure] = []
        self._numbers = np.full((width, len(TAGS)), -1, dtype=np.int64)
        self._own_numbers: dict[Any, int] = {}

    def threshold(self, literal: Literal) -> Threshold | None:
        """The literal as a threshold; None where it can never hold."""
        column, value, negat, tag = literal
        test = test_of(value, negat, tag)
        if test is None or not 1 <= column < len(self._numbers):
            return None
        bound, below = _bound(test)
        if tag in PLAIN_MEASURES:
            return Threshold(self._plain_number(column, TAG_NUMBERS[tag]), bound, below)
        key = (column, tag, value if isinstance(value, str) else json.dumps(_without_bound(value, tag)))
        number = self._own_numbers.get(key)
        if number is None:
            number = self._own_numbers[key] = ~len(self.own)
            self.own.append(OwnMeasure(Literal(*literal), test))
        return Threshold(number, bound, below)

    def numbers_of(self, columns: Ints) -> Ints:
        """The measures N of columns; -1 where there is no such column."""
        known = (columns >= 1) & (columns < len(self._numbers))
        tag = TAG_NUMBERS["N"]
        for column in set(columns[known].tolist()):
            self._plain_number(column, tag)
        return np.where(known, self._numbers[np.where(known, columns, 0), tag], -1)

    def plain_numbers(self, rules: Rules) -> Ints:
        """The measure of each literal of the rules; meaningless where its tag is not plain or its column
        unknown.
        """
        usable = (rules.tag >= 0) & (rules.column >= 0) & (rules.column < len(self._numbers))
        columns, tags = np.where(usable, rules.column, 0), np.where(usable, rules.tag, 0)
        numbers: Ints = self._numbers[columns, tags]
        missing = np.flatnonzero((numbers < 0) & usable & IS_PLAIN[tags])
        if len(missing):
            for column, tag in set(zip(columns[missing].tolist(), tags[missing].tolist(), strict=True)):
                self._plain_number(column, tag)
            numbers = self._numbers[columns, tags]
        return numbers

    def function(self, number: int) -> tuple[int, Callable[[Any], float]]:
        """The column that a measure is taken of, and how, of one field."""
        if number < 0:
            literal, test = self.own[~number]
            return literal.column, test.measure
        column, tag = self.plain[number]
        return column, PLAIN_MEASURES[tag]

    def _plain_number(self, column: int, tag: int) -> int:
        number = int(self._numbers[column, tag])
        if number < 0:
            number = self._numbers[column, tag] = len(self.plain)
            self.plain.append((column, TAGS[tag]))
        return number


IS_PLAIN: NDArray[np.bool_] = np.array([tag in PLAIN_MEASURES for tag in TAGS])
"""By tag number: whether the tag is a plain measure."""


def _without_bound(value: Any, tag: str) -> Any:
    """What the measure depends on: the value without its threshold, where that is its last part."""
    return value if tag == "NRG" or not isinstance(value, list | tuple) else value[:-1]


def _bound(test: Test) -> tuple[float, bool]:
    if test.compare in (operator.lt, operator.ge):
        return test.bound, test.compare is operator.lt
    return math.nextafter(test.bound, math.inf), test.compare is operator.le
