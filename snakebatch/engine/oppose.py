"""oppose(T, F): candidate literals that are true on row T and false on row F, many pairs at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bits import Bits
from snakebatch.engine.draws import Words, below_many, mix_many
from snakebatch.engine.literal import Literal
from snakebatch.engine.measured_rows import Floats, Ints, MeasuredRows
from snakebatch.engine.population import NumberColumn
from snakebatch.engine.spelling import SPELLED_TAGS, spell

Flags = NDArray[np.bool_]

THRESHOLD, EQUAL, RANGE, SPELLED = range(4)
"""The forms of a literal: an end of the sorted rows, one value, an inner stretch, a spelled text."""

_UPPER_IS_PLAIN = frozenset({"LEV", "CFC"})
"""Threshold tags whose ``negat`` = false holds *above* the bound; all others hold below it."""


@dataclass
class Candidates:
    """``c`` literals as arrays. Rows: those at sorted positions low <= p < high of the measure, or all but
    those.

    ``value`` is the threshold (for RANGE the upper edge, ``edge`` the lower); spelled literals sit in
    ``texts``.
    """

    form: Ints
    measure: Ints
    low: Ints
    high: Ints
    outside: Flags
    value: Floats
    edge: Floats
    negat: Flags
    zero: Flags
    texts: dict[int, tuple[int, str, str]]

    def take(self, chosen: Ints) -> Candidates:
        """The candidates of these numbers, renumbered."""
        texts = {}
        if self.texts:
            texts = {place: self.texts[c] for place, c in enumerate(chosen.tolist()) if c in self.texts}
        return Candidates(
            form=self.form[chosen],
            measure=self.measure[chosen],
            low=self.low[chosen],
            high=self.high[chosen],
            outside=self.outside[chosen],
            value=self.value[chosen],
            edge=self.edge[chosen],
            negat=self.negat[chosen],
            zero=self.zero[chosen],
            texts=texts,
        )


class Opposer:
    """Draws candidates on some measured rows, by the weights of columns and of tags."""

    def __init__(
        self,
        measured: MeasuredRows,
        columns: NDArray[np.int64],
        tags: tuple[Mapping[str, int], Mapping[str, int]],
    ) -> None:
        self.measured = measured
        self._columns = columns
        self._is_text = np.array([not isinstance(c, NumberColumn) for c in measured.population.features])
        self._tags = [list(weights) for weights in tags]
        self._tag_sums = [np.cumsum(list(weights.values())) for weights in tags]

    def draw(
        self, true_row: Ints, false_row: Ints, counters: tuple[Ints | int, ...], lookahead: int
    ) -> Candidates:
        """``lookahead`` candidates for each pair of local rows, those of a pair side by side."""
        pair = np.broadcast_to(mix_many(self.measured.key, *counters), len(true_row))
        base = mix_many(self.measured.key, pair[:, None], np.arange(lookahead)).reshape(-1)
        which, how, coin = (_again(base, purpose) for purpose in (1, 2, 3))
        column = self._draw_columns(true_row, false_row, which, lookahead)
        return self._make(column, np.repeat(true_row, lookahead), np.repeat(false_row, lookahead), how, coin)

    def bits(self, candidates: Candidates) -> Bits:
        """(c, words): the rows on which each candidate is true."""
        measured = self.measured
        bits = measured.interval(candidates.measure, candidates.low, candidates.high)
        for place, (column, tag, text) in candidates.texts.items():
            bits[place] = measured.spelled(column, tag, text)
        everything = measured.everything
        return np.where(candidates.outside[:, None], everything & ~bits, bits)

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
        if form == EQUAL:
            if candidates.zero[place]:
                return Literal(measure.column, 0.0, negat, "NZR")
            vocabulary: Any = self.measured.population.column(measure.column)
            return Literal(measure.column, vocabulary.vocabulary[int(value)], negat, "TEQ")
        if measure.reference is None:
            return Literal(measure.column, value, negat, measure.tag)
        parts = list(measure.reference) if measure.tag == "NZ" else [measure.reference]
        return Literal(measure.column, [*parts, value], negat, measure.tag)

    def _draw_columns(self, true_row: Ints, false_row: Ints, which: Words, lookahead: int) -> Ints:
        codes = self.measured.base_codes
        differ = codes[:, true_row] != codes[:, false_row]
        upto = np.cumsum(self._columns[:, None] * differ, axis=0)
        pick = below_many(which.reshape(-1, lookahead), upto[-1][:, None])
        column: Ints = (upto[:, :, None] <= pick[None]).sum(axis=0).reshape(-1)
        return column

    def _make(self, column: Ints, true_row: Ints, false_row: Ints, how: Words, coin: Words) -> Candidates:
        count = len(column)
        texts: dict[int, tuple[int, str, str]] = {}
        measure = column.copy()
        negat = np.zeros(count, dtype=np.bool_)
        asked: list[list[int]] = [[], []]
        tag_of = np.zeros(count, dtype=np.int64)
        for kind in (0, 1):
            mine = np.flatnonzero(self._is_text[column] == bool(kind))
            if not len(mine):
                continue
            sums = self._tag_sums[kind]
            tag_of[mine] = np.searchsorted(sums, below_many(how[mine], int(sums[-1])), side="right")
            plain = (
                self._tags[kind].index("TEQ" if kind else "N")
                if ("TEQ" if kind else "N") in self._tags[kind]
                else -1
            )
            asked[kind] = mine[tag_of[mine] != plain].tolist()
        ranges: list[int] = []
        zeros: list[int] = []
        for kind in (0, 1):
            for place in asked[kind]:
                tag = self._tags[kind][tag_of[place]]
                if tag == "NRG":
                    ranges.append(place)
                elif tag == "NZR":
                    zeros.append(place)
                elif tag in SPELLED_TAGS:
                    self._spell(place, tag, int(column[place]) + 1, true_row, false_row, coin, texts, negat)
                else:
                    measure[place] = self.measured.number_of(int(column[place]) + 1, tag, int(coin[place]))
        return self._place(column, measure, true_row, false_row, coin, texts, negat, ranges, zeros)

    def _spell(
        self,
        place: int,
        tag: str,
        column: int,
        true_row: Ints,
        false_row: Ints,
        coin: Words,
        texts: dict[int, tuple[int, str, str]],
        negat: Flags,
    ) -> None:
        population, rows = self.measured.population, self.measured.rows
        feature = population.column(column)
        true_text = str(feature.value(int(rows[true_row[place]])))
        false_text = str(feature.value(int(rows[false_row[place]])))
        found = spell(tag, true_text, false_text, int(coin[place]))
        if found is not None:
            texts[place] = (column, tag, found[0])
            negat[place] = found[1]

    def _place(
        self,
        column: Ints,
        measure: Ints,
        true_row: Ints,
        false_row: Ints,
        coin: Words,
        texts: dict[int, tuple[int, str, str]],
        negat: Flags,
        ranges: list[int],
        zeros: list[int],
    ) -> Candidates:
        measured = self.measured
        on_true, on_false = measured.values(measure, true_row), measured.values(measure, false_row)
        measure = np.where(on_true == on_false, column, measure)
        on_true, on_false = measured.values(measure, true_row), measured.values(measure, false_row)
        equal = self._is_text[column] & (measure == column)
        zero = np.zeros(len(column), dtype=np.bool_)
        zero[zeros] = (on_true[zeros] == 0.0) != (on_false[zeros] == 0.0)
        by_false = (coin & np.uint64(1)).astype(np.bool_)
        by_false = np.where(zero, on_true != 0.0, by_false)
        equal |= zero
        lower = on_true < on_false
        value = np.where(equal, np.where(by_false, on_false, on_true), midpoints(on_true, on_false))
        tags = np.array([entry.tag for entry in measured.measures])[measure]
        value = np.where(tags == "LEV", np.floor(value) + 0.5, value)
        past = measured.cut(measure, value, equal)
        first = np.where(equal, measured.cut(measure, value), 0)
        outside = np.where(equal, by_false, ~lower)
        negat_of = np.where(equal, by_false, lower == np.isin(tags, list(_UPPER_IS_PLAIN)))
        found = Candidates(
            form=np.where(equal, EQUAL, THRESHOLD),
            measure=measure,
            low=first,
            high=past,
            outside=outside,
            value=value,
            edge=np.zeros_like(value),
            negat=negat_of,
            zero=zero,
            texts=texts,
        )
        self._make_ranges(found, np.array(ranges, dtype=np.int64), on_true, on_false, by_false)
        spelled = np.array(list(texts), dtype=np.int64)
        found.form[spelled] = SPELLED
        found.outside[spelled] = found.negat[spelled] = negat[spelled]
        return found

    def _make_ranges(
        self, found: Candidates, places: Ints, on_true: Floats, on_false: Floats, by_false: Flags
    ) -> None:
        """NRG: a window as wide as the two rows are apart, around F (true outside) or around T (true
        inside)."""
        if not len(places):
            return
        center = np.where(by_false, on_false, on_true)[places]
        half = np.abs(on_true[places] / 2 - on_false[places] / 2)
        with np.errstate(over="ignore"):  # an infinite edge is dropped by the next line
            edge, upper = center - half, center + half
        fits = (edge < center) & np.isfinite(edge) & np.isfinite(upper) & (center <= upper)
        other = np.where(by_false, on_true, on_false)[places]
        fits &= (other <= edge) | (other > upper)
        places, edge, upper = places[fits], edge[fits], upper[fits]
        measure = found.measure[places]
        found.form[places] = RANGE
        found.edge[places], found.value[places] = edge, upper
        found.low[places] = self.measured.cut(measure, edge, True)
        found.high[places] = self.measured.cut(measure, upper, True)
        found.outside[places] = by_false[places]
        found.negat[places] = ~by_false[places]


def midpoints(one: Floats, other: Floats) -> Floats:
    """Between two values, above the lower one: without overflow, and the upper where it rounds to the
    lower."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    middle = low / 2 + high / 2
    return np.where((middle > low) & (middle <= high), middle, high)


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


def _again(bits: Words, purpose: int) -> Words:
    """Independent bits from bits that were drawn already."""
    return mix_many(purpose, bits)
