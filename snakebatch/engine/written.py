"""From candidates, which are intervals of sorted rows, to literals with values as model.json writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from snakebatch.engine.arrays import Flags, Floats, Ints, Positions
from snakebatch.engine.candidates import EQUAL, RANGE, THRESHOLD, ZERO, Candidates, midpoints
from snakebatch.engine.literal import Literal
from snakebatch.engine.measured_rows import MeasuredRows
from snakebatch.engine.population import TextColumn
from snakebatch.engine.profiles import TAG_NUMBERS, TAGS

_ABOVE = np.array([tag in ("LEV", "CFC") for tag in TAGS])
"""Threshold tags whose ``negat`` = false holds *above* the bound; all others hold below it."""

_LEV = TAG_NUMBERS["LEV"]
_FORM_TAGS = {ZERO: TAG_NUMBERS["NZR"], RANGE: TAG_NUMBERS["NRG"]}


class Written(NamedTuple):
    """Literals as arrays, in the words of ``Rules``; ``odd`` are the values that are not floats."""

    column: Ints
    tag: Ints
    value: Floats
    negat: Flags
    odd: dict[int, Any]

    def literal(self, place: int) -> Literal:
        """One of them."""
        value = self.odd.get(place, float(self.value[place]))
        return Literal(int(self.column[place]), value, bool(self.negat[place]), TAGS[int(self.tag[place])])


def write(measured: MeasuredRows, found: Candidates) -> Written:
    """Give each candidate its value: midway between the rows on either side, a text, a range..."""
    measures = measured.measures
    column = found.measure // len(measured) + 1
    for place in np.flatnonzero(column > len(measured.population.features)).tolist():
        column[place] = measures[int(found.measure[place])].column
    tag = measured.tags[found.measure]
    negat = found.outside ^ (_ABOVE[tag] & (found.form == THRESHOLD))
    value = np.zeros(len(found))
    odd: dict[int, Any] = {}
    plain = np.flatnonzero(found.form == THRESHOLD)
    value[plain] = thresholds(measured, found.measure[plain], found.high[plain])
    for place in plain[found.measure[plain] >= len(measured) * len(measured.population.features)].tolist():
        if reference := measures[int(found.measure[place])].reference:
            odd[place] = [*reference, float(value[place])]
    for form, number in _FORM_TAGS.items():
        tag[found.form == form] = number
    ranges = np.flatnonzero(found.form == RANGE)
    negat[ranges] = ~found.outside[ranges]
    edges = [_edges(measured, found.measure[ranges], cut[ranges]) for cut in (found.low, found.high)]
    odd.update(zip(ranges.tolist(), np.stack(edges, axis=1).tolist(), strict=True))
    equal = np.flatnonzero(found.form == EQUAL)
    codes = measured.sorted_value(found.measure[equal], found.low[equal]).astype(np.int64)
    for place, code in zip(equal.tolist(), codes.tolist(), strict=True):
        odd[place] = _vocabulary(measured, int(column[place]))[code]
    for place, (spelled, text) in found.texts.items():
        tag[place], odd[place] = TAG_NUMBERS[spelled], text
    return Written(column, tag, value, negat, odd)


def thresholds(measured: MeasuredRows, measure: Ints, cut: Positions) -> Floats:
    """The value midway between the sorted positions cut-1 and cut; off the integers for an edit distance,
    since ``LEV`` holds *at* its threshold."""
    middle = midpoints(measured.sorted_value(measure, cut - 1), measured.sorted_value(measure, cut))
    return np.where(measured.tags[measure] == _LEV, np.floor(middle) + 0.5, middle)


def _edges(measured: MeasuredRows, measure: Ints, cut: Positions) -> Floats:
    """A range is open below and closed above: an edge is the lower value where the middle rounds up."""
    lower, upper = measured.sorted_value(measure, cut - 1), measured.sorted_value(measure, cut)
    middle = midpoints(lower, upper)
    return np.where(middle < upper, middle, lower)


def _vocabulary(measured: MeasuredRows, column: int) -> Sequence[str]:
    feature = measured.population.column(column)
    if not isinstance(feature, TextColumn):
        raise TypeError(f"column {column} is no text: only texts are drawn as equalities")
    return feature.vocabulary
