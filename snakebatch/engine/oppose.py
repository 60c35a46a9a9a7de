"""oppose(T, F): candidate literals that are true on row T and false on row F, many pairs at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import Bits, count
from snakebatch.engine.candidates import EQUAL, RANGE, SPELLED, THRESHOLD, ZERO, Candidates, Flags, midpoints
from snakebatch.engine.draws import Words, below_many, mix_many
from snakebatch.engine.information import column_weights
from snakebatch.engine.literal import Literal
from snakebatch.engine.measured_rows import Floats, Ints, MeasuredRows
from snakebatch.engine.population import TextColumn
from snakebatch.engine.profiles import TAG_NUMBERS, TAGS
from snakebatch.engine.spelling import SPELLED_TAGS, spell

TagWeights = tuple[Mapping[str, int], Mapping[str, int]]
"""Weights by tag for number columns and for text columns."""


def _marks(tags: Iterable[str]) -> Flags:
    """A flag for each tag number."""
    marks = np.zeros(len(TAGS), dtype=np.bool_)
    marks[[TAG_NUMBERS[tag] for tag in tags]] = True
    return marks


_PLAIN_ABOVE = _marks(["LEV", "CFC"])
"""Threshold tags whose ``negat`` = false holds *above* the bound; all others hold below it."""

_SPELLED = _marks(SPELLED_TAGS)
_MEASURED = ~_marks(["N", "TEQ", "NRG", "NZR", *SPELLED_TAGS])
"""Tags that need a measure beside the column itself."""

_NRG, _NZR, _LEV = (TAG_NUMBERS[tag] for tag in ("NRG", "NZR", "LEV"))

_COLUMN, _TAG, _COIN = 1, 2, 3
"""What the bits of a candidate are drawn for."""


@dataclass(frozen=True)
class _Draft:
    """What was drawn for each candidate, before it has a threshold. ``column`` counts features from 0."""

    column: Ints
    tag: Ints
    coin: Words
    true_row: Ints
    false_row: Ints


class Opposer:
    """Draws candidates on some measured rows, by the weights of columns and of tags."""

    def __init__(self, measured: MeasuredRows, tags: TagWeights) -> None:
        self.measured = measured
        self._columns = column_weights(measured)
        self._is_text = np.array([isinstance(c, TextColumn) for c in measured.population.features])
        self._tags = [np.array([TAG_NUMBERS[tag] for tag in weights]) for weights in tags]
        self._tag_sums = [np.cumsum(list(weights.values())) for weights in tags]

    def draw(
        self, true_row: Ints, false_row: Ints, counters: tuple[Ints | int, ...], lookahead: int
    ) -> Candidates:
        """``lookahead`` candidates for each pair of local rows, those of a pair side by side.

        The rows of a pair must differ in some column. ``counters`` key the draws: numbers, or one for each
        pair.
        """
        pair = np.broadcast_to(mix_many(self.measured.key, *counters), len(true_row))
        bits = mix_many(self.measured.key, pair[:, None], np.arange(lookahead)).reshape(-1)
        column = self._draw_columns(true_row, false_row, mix_many(_COLUMN, bits), lookahead)
        draft = _Draft(
            column=column,
            tag=self._draw_tags(column, mix_many(_TAG, bits)),
            coin=mix_many(_COIN, bits),
            true_row=np.repeat(true_row, lookahead),
            false_row=np.repeat(false_row, lookahead),
        )
        return self._candidates(draft)

    def bits(self, candidates: Candidates) -> Bits:
        """(c, words): the rows on which each candidate is true."""
        measured = self.measured
        bits = measured.interval(candidates.measure, candidates.low, candidates.high)
        for place, (column, tag, text) in candidates.texts.items():
            bits[place] = measured.spelled(column, tag, text)
        return np.where(candidates.outside[:, None], measured.everything & ~bits, bits)

    def literals(self, candidates: Candidates) -> list[Literal]:
        """The candidates as model.json writes them."""
        measures = self.measured.measures
        plain = (candidates.form == THRESHOLD).tolist()
        rows = zip(
            plain,
            candidates.measure.tolist(),
            candidates.value.tolist(),
            candidates.negat.tolist(),
            strict=True,
        )
        return [
            Literal(measures[measure].column, value, negat, measures[measure].tag)
            if is_plain and not measures[measure].reference
            else self.literal(candidates, place)
            for place, (is_plain, measure, value, negat) in enumerate(rows)
        ]

    def literal(self, candidates: Candidates, place: int) -> Literal:
        """The candidate as model.json writes it."""
        negat = bool(candidates.negat[place])
        if place in candidates.texts:
            column, tag, text = candidates.texts[place]
            return Literal(column, text, negat, tag)
        measure = self.measured.measures[int(candidates.measure[place])]
        form, value = int(candidates.form[place]), float(candidates.value[place])
        if form == RANGE:
            return Literal(measure.column, [float(candidates.edge[place]), value], negat, "NRG")
        if form == ZERO:
            return Literal(measure.column, 0.0, negat, "NZR")
        feature = self.measured.population.column(measure.column)
        if form == EQUAL and isinstance(feature, TextColumn):
            return Literal(measure.column, feature.vocabulary[int(value)], negat, "TEQ")
        return Literal(
            measure.column, [*measure.reference, value] if measure.reference else value, negat, measure.tag
        )

    def _draw_columns(self, true_row: Ints, false_row: Ints, bits: Words, lookahead: int) -> Ints:
        """A column in which the pair differs, by weight."""
        codes = self.measured.base_codes
        differ = codes[:, true_row] != codes[:, false_row]
        upto = np.cumsum(self._columns[:, None] * differ, axis=0)
        pick = below_many(bits.reshape(-1, lookahead), upto[-1][:, None])
        column: Ints = (upto[:, :, None] <= pick[None]).sum(axis=0).reshape(-1)
        return column

    def _draw_tags(self, column: Ints, bits: Words) -> Ints:
        """A tag of the column's kind, by weight."""
        drawn = [
            tags[np.searchsorted(sums, below_many(bits, int(sums[-1])), side="right")]
            for tags, sums in zip(self._tags, self._tag_sums, strict=True)
        ]
        return np.where(self._is_text[column], drawn[1], drawn[0])

    def _candidates(self, draft: _Draft) -> Candidates:
        """Give every draft a threshold between its two rows, or a value, a range or a text."""
        measured = self.measured
        measure = self._measures(draft)
        true_low, false_low = measured.low(measure, draft.true_row), measured.low(measure, draft.false_row)
        lower = true_low < false_low
        before, behind = np.where(lower, draft.true_row, draft.false_row), np.maximum(true_low, false_low)
        # Midway between the two rows in sorted order, at the start of a run of equal values.
        cut = measured.run_start(measure, (measured.high(measure, before) + behind) >> 1)
        found = Candidates(
            form=np.full(len(cut), THRESHOLD),
            measure=measure,
            low=np.zeros_like(cut),
            high=cut,
            outside=~lower,
            value=self.thresholds(measure, cut),
            edge=np.zeros(len(cut)),
            negat=lower == _PLAIN_ABOVE[measured.tags[measure]],
            texts={},
        )
        by_false = (draft.coin & np.uint64(1)).astype(np.bool_)
        self._make_equal(found, draft, by_false)
        self._make_zero(found, draft, true_low, false_low)
        self._make_ranges(found, draft, by_false, true_low, false_low)
        self._spell(found, draft)
        return found

    def thresholds(self, measure: Ints, cut: Ints) -> Floats:
        """The value midway between the sorted positions cut-1 and cut; off the integers for an edit distance,
        since ``LEV`` holds *at* its threshold."""
        measured = self.measured
        middle = midpoints(measured.sorted_value(measure, cut - 1), measured.sorted_value(measure, cut))
        return np.where(measured.tags[measure] == _LEV, np.floor(middle) + 0.5, middle)

    def sizes(self, candidates: Candidates) -> Ints:
        """On how many rows each candidate is true."""
        inside = candidates.high - candidates.low
        for place, (column, tag, text) in candidates.texts.items():
            inside[place] = count(self.measured.spelled(column, tag, text))
        return np.where(candidates.outside, self.measured.n - inside, inside)

    def _measures(self, draft: _Draft) -> Ints:
        """The measure of each draft's tag; the column itself where that does not tell the two rows apart."""
        measured = self.measured
        places = np.flatnonzero(_MEASURED[draft.tag])
        if not len(places):
            return draft.column
        measure = draft.column.copy()
        for place in places.tolist():
            tag = TAGS[int(draft.tag[place])]
            measure[place] = measured.number_of(int(draft.column[place]) + 1, tag, int(draft.coin[place]))
        same = measured.low(measure, draft.true_row) == measured.low(measure, draft.false_row)
        return np.where(same, draft.column, measure)

    def _make_equal(self, found: Candidates, draft: _Draft, by_false: Flags) -> None:
        """TEQ: equal to T's text, or not equal to F's."""
        places = np.flatnonzero(self._is_text[draft.column] & (found.measure == draft.column))
        if not len(places):
            return
        by_false = by_false[places]
        measure = found.measure[places]
        row = np.where(by_false, draft.false_row[places], draft.true_row[places])
        found.form[places] = EQUAL
        found.low[places] = self.measured.low(measure, row)
        found.high[places] = self.measured.high(measure, row)
        found.value[places] = self.measured.sorted_value(measure, found.low[places])
        found.outside[places] = found.negat[places] = by_false

    def _make_zero(self, found: Candidates, draft: _Draft, true_low: Ints, false_low: Ints) -> None:
        """NZR, where one of the two rows is zero."""
        places = np.flatnonzero(draft.tag == _NZR)
        if not len(places):
            return
        measure = found.measure[places]
        true_zero = self.measured.sorted_value(measure, true_low[places]) == 0.0
        false_zero = self.measured.sorted_value(measure, false_low[places]) == 0.0
        fits = true_zero != false_zero
        places, measure, true_zero = places[fits], measure[fits], true_zero[fits]
        row = np.where(true_zero, draft.true_row[places], draft.false_row[places])
        found.form[places] = ZERO
        found.low[places] = self.measured.low(measure, row)
        found.high[places] = self.measured.high(measure, row)
        found.outside[places] = found.negat[places] = ~true_zero

    def _make_ranges(
        self, found: Candidates, draft: _Draft, by_false: Flags, true_low: Ints, false_low: Ints
    ) -> None:
        """NRG: as many sorted positions on either side of F (true outside) or of T (true inside)."""
        places = np.flatnonzero(draft.tag == _NRG)
        if not len(places):
            return
        measured = self.measured
        center = np.where(by_false, false_low, true_low)[places]
        cut = found.high[places]
        mirrored = 2 * center - cut
        fits = (mirrored > 0) & (mirrored < measured.n)
        places, center, cut, mirrored = places[fits], center[fits], cut[fits], mirrored[fits]
        measure = found.measure[places]
        mirrored = measured.run_start(measure, mirrored)
        low, high = np.minimum(cut, mirrored), np.maximum(cut, mirrored)
        fits = (low > 0) & (low <= center) & (center < high)
        places, low, high, measure = places[fits], low[fits], high[fits], measure[fits]
        found.form[places] = RANGE
        found.low[places], found.high[places] = low, high
        found.edge[places] = self._range_edges(measure, low)
        found.value[places] = self._range_edges(measure, high)
        found.outside[places] = by_false[places]
        found.negat[places] = ~by_false[places]

    def _range_edges(self, measure: Ints, cut: Ints) -> Floats:
        """A range is open below and closed above: an edge is the lower value where the middle rounds up."""
        lower, upper = self.measured.sorted_value(measure, cut - 1), self.measured.sorted_value(measure, cut)
        middle = midpoints(lower, upper)
        return np.where(middle < upper, middle, lower)

    def _spell(self, found: Candidates, draft: _Draft) -> None:
        """Texts of the spelled tags; one that finds none stays an equality."""
        for place in np.flatnonzero(_SPELLED[draft.tag]).tolist():
            column, tag = int(draft.column[place]), TAGS[int(draft.tag[place])]
            true_text, false_text = (
                self.measured.text(column, int(rows[place])) for rows in (draft.true_row, draft.false_row)
            )
            spelled = spell(tag, true_text, false_text, int(draft.coin[place]))
            if spelled is not None:
                found.form[place] = SPELLED
                found.texts[place] = (column + 1, tag, spelled[0])
                found.outside[place] = found.negat[place] = spelled[1]


def opposite_pairs(
    codes: NDArray[np.int32], key: int, counters: tuple[int, ...], count: int
) -> tuple[Ints, Ints]:
    """``count`` pairs of local rows of different classes, each row T uniform and F uniform among the
    others."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    number = np.arange(count)
    first = below_many(mix_many(key, *counters, number, 11), len(codes))
    start = np.searchsorted(ordered, codes[first], side="left")
    past = np.searchsorted(ordered, codes[first], side="right")
    other = below_many(mix_many(key, *counters, number, 12), len(codes) - (past - start))
    return first, order[np.where(other < start, other, other + past - start)].astype(np.int64)
