"""oppose(T, F): candidate literals that are true on row T and false on row F, many pairs at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import Bits
from snakebatch.engine.candidates import EQUAL, RANGE, SPELLED, THRESHOLD, ZERO, Candidates, Flags, thresholds
from snakebatch.engine.draws import Words, below_many, mix_many
from snakebatch.engine.literal import Literal
from snakebatch.engine.measured_rows import Floats, Ints, MeasuredRows
from snakebatch.engine.population import TextColumn
from snakebatch.engine.spelling import SPELLED_TAGS, spell

TagWeights = tuple[Mapping[str, int], Mapping[str, int]]
"""Weights by tag for number columns and for text columns."""

_PLAIN_ABOVE = ("LEV", "CFC")
"""Threshold tags whose ``negat`` = false holds *above* the bound; all others hold below it."""

_BASE_TAGS = frozenset({"N", "TEQ", "NRG", "NZR"}) | SPELLED_TAGS
"""Tags that need no measure but the column itself."""

_COLUMN, _TAG, _COIN = 1, 2, 3
"""What the bits of a candidate are drawn for."""


@dataclass(frozen=True)
class _Draft:
    """What was drawn for each candidate, before it has a threshold. ``column`` counts features from 0."""

    column: Ints
    tag: NDArray[np.str_]
    coin: Words
    true_row: Ints
    false_row: Ints


class Opposer:
    """Draws candidates on some measured rows, by the weights of columns and of tags."""

    def __init__(self, measured: MeasuredRows, columns: NDArray[np.int64], tags: TagWeights) -> None:
        self.measured = measured
        self._columns = columns
        self._is_text = np.array([isinstance(c, TextColumn) for c in measured.population.features])
        self._tags = [np.array(list(weights)) for weights in tags]
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

    def _draw_tags(self, column: Ints, bits: Words) -> NDArray[np.str_]:
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
        on_true, on_false = (
            measured.values(measure, draft.true_row),
            measured.values(measure, draft.false_row),
        )
        zero = (draft.tag == "NZR") & ((on_true == 0.0) != (on_false == 0.0))
        equal = zero | (self._is_text[draft.column] & (measure == draft.column))
        by_false = np.where(zero, on_true != 0.0, (draft.coin & np.uint64(1)).astype(np.bool_))
        tags = measured.tags[measure]
        value = np.where(
            equal, np.where(by_false, on_false, on_true), thresholds(on_true, on_false, tags == "LEV")
        )
        lower = on_true < on_false
        found = Candidates(
            form=np.where(zero, ZERO, np.where(equal, EQUAL, THRESHOLD)),
            measure=measure,
            low=np.where(equal, measured.cut(measure, value), 0),
            high=measured.cut(measure, value, equal),
            outside=np.where(equal, by_false, ~lower),
            value=value,
            edge=np.zeros_like(value),
            negat=np.where(equal, by_false, lower == np.isin(tags, _PLAIN_ABOVE)),
            texts={},
        )
        self._make_ranges(found, np.flatnonzero(draft.tag == "NRG"), on_true, on_false, by_false)
        self._spell(found, draft)
        return found

    def _measures(self, draft: _Draft) -> Ints:
        """The measure of each draft's tag; the column itself where that does not tell the two rows apart."""
        measured = self.measured
        measure = draft.column.copy()
        for place in np.flatnonzero(~np.isin(draft.tag, list(_BASE_TAGS))).tolist():
            measure[place] = measured.number_of(
                int(draft.column[place]) + 1, str(draft.tag[place]), int(draft.coin[place])
            )
        same = measured.values(measure, draft.true_row) == measured.values(measure, draft.false_row)
        return np.where(same, draft.column, measure)

    def _make_ranges(
        self, found: Candidates, places: Ints, on_true: Floats, on_false: Floats, by_false: Flags
    ) -> None:
        """NRG: a window as wide as the two rows are apart, around F (true outside) or around T (true
        inside)."""
        if not len(places):
            return
        center = np.where(by_false, on_false, on_true)[places]
        other = np.where(by_false, on_true, on_false)[places]
        half = np.abs(center / 2 - other / 2)
        with np.errstate(over="ignore"):  # a window with an infinite edge is dropped by the next line
            edge, upper = center - half, center + half
        fits = (edge < center) & np.isfinite(edge) & np.isfinite(upper) & ((other <= edge) | (other > upper))
        places, edge, upper = places[fits], edge[fits], upper[fits]
        measure = found.measure[places]
        found.form[places] = RANGE
        found.edge[places], found.value[places] = edge, upper
        found.low[places] = self.measured.cut(measure, edge, True)
        found.high[places] = self.measured.cut(measure, upper, True)
        found.outside[places] = by_false[places]
        found.negat[places] = ~by_false[places]

    def _spell(self, found: Candidates, draft: _Draft) -> None:
        """Texts of the spelled tags; one that finds none stays an equality."""
        for place in np.flatnonzero(np.isin(draft.tag, list(SPELLED_TAGS))).tolist():
            column, tag = int(draft.column[place]), str(draft.tag[place])
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
