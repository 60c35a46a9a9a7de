"""Divide: cut a slice in two by one cheap literal, as evenly as it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from snakebatch.engine.candidates import midpoints
from snakebatch.engine.columns import measured, truth
from snakebatch.engine.draws import derive_key
from snakebatch.engine.literal import Literal
from snakebatch.engine.measured_rows import MeasuredRows
from snakebatch.engine.oppose import Opposer, opposite_pairs
from snakebatch.engine.population import NumberColumn, Population, Rows
from snakebatch.engine.profiles import CHEAP_TAGS, cheap, weights
from snakebatch.engine.settings import Settings

SAMPLE = 4096
"""Rows on which literals are drawn and compared, evenly spaced, where there are more."""

_ROUNDS = 4
"""Pairs of rows that are opposed before median cuts are tried."""

_MEDIAN_CUTS = 3
"""Median cuts that are tried on all rows, the most even ones of the sample."""

_DIVIDE, _PAIR = 21, 22


@dataclass(frozen=True)
class Split:
    """``left`` are the rows on which the literal is true; ``right`` the others, on which its negation is."""

    literal: Literal
    left: Rows
    right: Rows
    evaluations: int


@dataclass(frozen=True)
class Stop:
    """The slice stays whole, and why."""

    reason: str
    evaluations: int = 0


def rows_of(population: Population, path: Sequence[Literal]) -> Rows:
    """The rows of the slice with this path; each literal is evaluated on those that the ones before it
    left."""
    rows = population.all_rows
    for literal in path:
        rows = rows[truth(population, literal, rows)]
    return rows


def split(
    population: Population, rows: Rows, seed: int, layer: int, path: Sequence[Literal], settings: Settings
) -> Split | Stop:
    """Divide the slice once; its draws depend on seed, layer and path alone.

    A split counts only if its smaller side has at least max(bucket, n/20) rows.
    """
    if settings.tau is None or len(rows) <= settings.tau:
        return Stop("no more than tau rows")
    least = max(settings.bucket, -(-len(rows) // 20))
    return even_split(population, rows, derive_key(seed, layer, path, _DIVIDE), settings, least)


def even_split(population: Population, rows: Rows, key: int, settings: Settings, least: int) -> Split | Stop:
    """The most even of a few opposed literals, else of median cuts, that leaves ``least`` rows on either
    side."""
    n = len(rows)
    if is_one_class(population, rows):
        return Stop("one class")
    if 2 * least > n:
        return Stop("too few rows for two sides")
    sample = rows[:: -(-n // SAMPLE)]
    evaluations = 0
    for literal, cost in _candidates(population, sample, key, settings, least / n):
        on_true = truth(population, literal, rows)
        evaluations += cost + n
        left = int(np.count_nonzero(on_true))
        if min(left, n - left) >= least:
            return Split(literal, rows[on_true], rows[~on_true], evaluations)
    return Stop("no literal leaves enough rows on both sides", evaluations)


def is_one_class(population: Population, rows: Rows) -> bool:
    """Whether all these rows have the same target (true of no rows)."""
    codes = population.codes[rows]
    return len(codes) == 0 or bool((codes == codes[0]).all())


def _candidates(
    population: Population, sample: Rows, key: int, settings: Settings, least: float
) -> Iterator[tuple[Literal, int]]:
    """Literals worth trying on all rows, with the evaluations that finding each one took."""
    n = len(sample)
    if not is_one_class(population, sample):
        numbers, texts = weights(settings.oppose_profile)
        opposer = Opposer(
            MeasuredRows(population, sample, key),
            (cheap(numbers), cheap(texts)),
        )
        true_row, false_row = opposite_pairs(population.codes[sample], key, (_PAIR,), _ROUNDS)
        drawn = opposer.draw(true_row, false_row, (_DIVIDE, np.arange(_ROUNDS)), settings.lookahead)
        held = opposer.sizes(drawn).reshape(_ROUNDS, settings.lookahead)
        for number in range(_ROUNDS):
            best = int(np.argmin(np.abs(2 * held[number] - n)))
            share = min(held[number, best], n - held[number, best]) / n
            if share >= least * 0.9:
                yield opposer.literal(drawn, number * settings.lookahead + best), n * settings.lookahead
    for literal in median_cuts(population, sample)[:_MEDIAN_CUTS]:
        yield literal, n * len(population.features)


def median_cuts(population: Population, rows: Rows) -> list[Literal]:
    """One literal for each column and cheap measure, the most even first; nothing is drawn."""
    found: list[tuple[int, int, Literal]] = []
    for index, column in enumerate(population.features, 1):
        tags = ("N",) if isinstance(column, NumberColumn) else sorted(CHEAP_TAGS - {"N", "NZR", "TEQ", "T"})
        for tag in tags:
            values = np.sort(measured(population, index, tag, rows))
            cuts = np.flatnonzero(values[1:] != values[:-1]) + 1
            if len(cuts):
                cut = cuts[np.argmin(np.abs(2 * cuts - len(rows)))]
                value = float(midpoints(values[cut - 1 : cut], values[cut : cut + 1])[0])
                found.append((abs(2 * int(cut) - len(rows)), len(found), Literal(index, value, False, tag)))
        if not isinstance(column, NumberColumn):
            codes, counts = np.unique(column.codes[rows], return_counts=True)
            commonest = int(np.argmax(counts))
            text = column.vocabulary[int(codes[commonest])]
            found.append(
                (abs(2 * int(counts[commonest]) - len(rows)), len(found), Literal(index, text, False, "TEQ"))
            )
            characters = sorted(set().union(*(column.vocabulary[code] for code in codes.tolist())))[
                :_CHARACTERS
            ]
            for character in characters:
                literal = Literal(index, character, False, "T")
                held = int(np.count_nonzero(truth(population, literal, rows)))
                if 0 < held < len(rows):
                    found.append((abs(2 * held - len(rows)), len(found), literal))
    return [literal for _, _, literal in sorted(found)]


_CHARACTERS = 128
"""Characters of a text column, in code point order, that are tried as a median cut."""
