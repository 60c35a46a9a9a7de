"""oppose(T, F): candidate literals that are true on row T and false on row F, many pairs at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from snakebatch.engine.arrays import Flags, Ints, Positions
from snakebatch.engine.bits import Bits, count
from snakebatch.engine.candidates import EQUAL, RANGE, SPELLED, THRESHOLD, ZERO, Candidates
from snakebatch.engine.draws import Words, below_many, mix_many
from snakebatch.engine.information import column_weights
from snakebatch.engine.measured_rows import MeasuredRows
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


_SPELLED = _marks(SPELLED_TAGS)
_MEASURED = ~_marks(["N", "TEQ", "NRG", "NZR", *SPELLED_TAGS])
"""Tags that need a measure beside the column itself."""

_NEVER = np.int32(np.iinfo(np.int32).max)
"""More than any sum of weights."""

_NRG, _NZR = TAG_NUMBERS["NRG"], TAG_NUMBERS["NZR"]


@dataclass(frozen=True)
class _Draft:
    """What was drawn for each candidate, before it has a threshold. ``column`` counts features from 0.

    ``coin`` are 16 random bits.
    """

    group: Ints
    column: Ints
    tag: Ints
    coin: Words
    true_row: Ints
    false_row: Ints


class Opposer:
    """Draws candidates on groups of measured rows, by the weights of columns and of tags."""

    def __init__(self, measured: MeasuredRows, tags: TagWeights) -> None:
        self.measured = measured
        self._columns = column_weights(measured).astype(np.int32)
        self._is_text = np.array([isinstance(c, TextColumn) for c in measured.population.features])
        self._tags = [
            np.repeat([TAG_NUMBERS[tag] for tag in weights], list(weights.values())) for weights in tags
        ]

    def draw(self, group: Ints, true_row: Ints, false_row: Ints, key: Words, lookahead: int) -> Candidates:
        """``lookahead`` candidates for each pair of rows of a group, those of a pair side by side.

        The rows of a pair must differ in some column. ``key`` (pairs,) keys the draws.
        """
        bits = mix_many(key[:, None], np.arange(lookahead))
        column = self._draw_columns(group, true_row, false_row, bits).ravel()
        bits = bits.ravel()
        draft = _Draft(
            group=np.repeat(group, lookahead),
            column=column,
            tag=self._draw_tags(column, bits),
            coin=bits & np.uint64(0xFFFF),
            true_row=np.repeat(true_row, lookahead),
            false_row=np.repeat(false_row, lookahead),
        )
        return self._candidates(draft)

    def inside(self, candidates: Candidates) -> Bits:
        """(c, words): the rows inside each candidate's interval; a candidate that is ``outside`` is true on
        the others."""
        measured = self.measured
        bits = measured.interval(candidates.measure, candidates.low, candidates.high)
        for place, (tag, text) in candidates.texts.items():
            measure = measured.measures[int(candidates.measure[place])]
            bits[place] = measured.spelled(measure.group, measure.column, tag, text)
        return bits

    def flipped(self, candidates: Candidates, inside: Bits) -> Bits:
        """(c, words): the rows on which each candidate is true."""
        measured = self.measured
        return inside ^ measured.flips[2 * measured.group[candidates.measure] + candidates.outside]

    def sizes(self, candidates: Candidates) -> Ints:
        """On how many rows each candidate is true."""
        measured = self.measured
        inside = (candidates.high - candidates.low).astype(np.int64)
        for place, (tag, text) in candidates.texts.items():
            measure = measured.measures[int(candidates.measure[place])]
            inside[place] = count(measured.spelled(measure.group, measure.column, tag, text))
        return np.where(candidates.outside, measured.n[measured.group[candidates.measure]] - inside, inside)

    def _draw_columns(self, group: Ints, true_row: Ints, false_row: Ints, bits: Words) -> Ints:
        """(pairs, lookahead): a column in which the pair differs, by weight."""
        codes = self.measured.base_rows
        pairs, columns = len(group), codes.shape[-1]
        wide = 1 << (columns - 1).bit_length()
        upto = np.full((pairs, wide), _NEVER)
        differ = codes[group, true_row] != codes[group, false_row]
        np.cumsum(self._columns[group] * differ, axis=1, out=upto[:, :columns])
        pick = below_many(bits, upto[:, columns - 1 : columns]).astype(np.int32)
        # By bisection in every pair's sums: how many of them are not above the pick.
        start = np.arange(0, pairs * wide, wide)[:, None]
        place = np.broadcast_to(start, pick.shape)
        step = wide >> 1
        while step:
            place = place + step * (upto.ravel()[place + (step - 1)] <= pick)
            step >>= 1
        return place - start

    def _draw_tags(self, column: Ints, bits: Words) -> Ints:
        """A tag of the column's kind, by weight: from 16 bits, so that a weight of 100 is off by 1 in 650."""
        share = (bits >> np.uint64(16)) & np.uint64(0xFFFF)
        drawn = [
            tags[((share * np.uint64(len(tags))) >> np.uint64(16)).astype(np.int64)] for tags in self._tags
        ]
        return np.where(self._is_text[column], drawn[1], drawn[0])

    def _candidates(self, draft: _Draft) -> Candidates:
        """Give every draft a threshold between its two rows, or a value, a range or a text."""
        measured = self.measured
        measure = self._measures(draft)
        true_low, false_low = measured.low(measure, draft.true_row), measured.low(measure, draft.false_row)
        lower = true_low < false_low
        before = measured.high(measure, np.where(lower, draft.true_row, draft.false_row))
        # Midway between the two rows in sorted order, at the start of a run of equal values.
        cut = measured.run_start(measure, (before + np.maximum(true_low, false_low)) >> 1)
        found = Candidates(
            form=np.full(len(cut), THRESHOLD),
            measure=measure,
            low=np.zeros_like(cut),
            high=cut,
            outside=~lower,
            texts={},
        )
        by_false = (draft.coin & np.uint64(1)).astype(np.bool_)
        self._make_equal(found, draft, by_false)
        self._make_zero(found, draft, true_low, false_low)
        self._make_ranges(found, draft, by_false, true_low, false_low)
        self._spell(found, draft)
        return found

    def _measures(self, draft: _Draft) -> Ints:
        """The measure of each draft's tag; the column itself where that does not tell the two rows apart."""
        measured = self.measured
        base = draft.column * len(measured) + draft.group
        places = np.flatnonzero(_MEASURED[draft.tag])
        if not len(places):
            return base
        wanted = zip(
            draft.group[places].tolist(),
            (draft.column[places] + 1).tolist(),
            map(TAGS.__getitem__, draft.tag[places].tolist()),
            (draft.coin[places] << np.uint64(48)).tolist(),
            strict=True,
        )
        measure = base.copy()
        measure[places] = measured.numbers_of(list(wanted))
        same = measured.low(measure, draft.true_row) == measured.low(measure, draft.false_row)
        return np.where(same, base, measure)

    def _make_equal(self, found: Candidates, draft: _Draft, by_false: Flags) -> None:
        """TEQ: equal to T's text, or not equal to F's."""
        base = draft.column * len(self.measured) + draft.group
        places = np.flatnonzero(self._is_text[draft.column] & (found.measure == base))
        if not len(places):
            return
        by_false = by_false[places]
        measure = found.measure[places]
        row = np.where(by_false, draft.false_row[places], draft.true_row[places])
        found.form[places] = EQUAL
        found.low[places] = self.measured.low(measure, row)
        found.high[places] = self.measured.high(measure, row)
        found.outside[places] = by_false

    def _make_zero(self, found: Candidates, draft: _Draft, true_low: Positions, false_low: Positions) -> None:
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
        found.outside[places] = ~true_zero

    def _make_ranges(
        self,
        found: Candidates,
        draft: _Draft,
        by_false: Flags,
        true_low: Positions,
        false_low: Positions,
    ) -> None:
        """NRG: as many sorted positions on either side of F (true outside) or of T (true inside)."""
        places = np.flatnonzero(draft.tag == _NRG)
        if not len(places):
            return
        measured = self.measured
        center = np.where(by_false[places], false_low[places], true_low[places])
        cut = found.high[places]
        mirrored = 2 * center - cut
        fits = (mirrored > 0) & (mirrored < measured.n[draft.group[places]])
        places, center, cut, mirrored = places[fits], center[fits], cut[fits], mirrored[fits]
        mirrored = measured.run_start(found.measure[places], mirrored)
        low, high = np.minimum(cut, mirrored), np.maximum(cut, mirrored)
        fits = (low > 0) & (low <= center) & (center < high)
        places = places[fits]
        found.form[places] = RANGE
        found.low[places], found.high[places] = low[fits], high[fits]
        found.outside[places] = by_false[places]

    def _spell(self, found: Candidates, draft: _Draft) -> None:
        """Texts of the spelled tags; one that finds none stays an equality."""
        text = self.measured.text
        for place in np.flatnonzero(_SPELLED[draft.tag]).tolist():
            group, column, tag = (
                int(draft.group[place]),
                int(draft.column[place]),
                TAGS[int(draft.tag[place])],
            )
            true_text = text(group, column, int(draft.true_row[place]))
            false_text = text(group, column, int(draft.false_row[place]))
            spelled = spell(tag, true_text, false_text, int(draft.coin[place]))
            if spelled is not None:
                found.form[place] = SPELLED
                found.texts[place] = (tag, spelled[0])
                found.outside[place] = spelled[1]
