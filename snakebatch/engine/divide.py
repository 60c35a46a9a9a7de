"""Divide: cut a slice in two by one cheap literal, as evenly as it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from snakebatch.engine.candidates import midpoints
from snakebatch.engine.columns import measured, truth
from snakebatch.engine.draws import derive_key
from snakebatch.engine.even import ROUNDS, Ask, Asking, in_step, sample_of
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import NumberColumn, Population, Rows
from snakebatch.engine.profiles import CHEAP_TAGS
from snakebatch.engine.settings import Settings

_MEDIAN_CUTS = 3
"""Median cuts that are tried on all rows, the most even ones of the sample."""

_SLACK = 0.9
"""A literal that falls this much short on the sample may still leave enough of all rows."""

_DIVIDE = 21


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


class Slice(NamedTuple):
    """A part of a layer's tree: the path to it and its rows."""

    layer: int
    path: tuple[Literal, ...]
    rows: Rows


def split(
    population: Population, rows: Rows, seed: int, layer: int, path: Sequence[Literal], settings: Settings
) -> Split | Stop:
    """Divide the slice once; its draws depend on seed, layer and path alone.

    A split counts only if its smaller side has at least max(bucket, n/20) rows.
    """
    return split_all(population, [Slice(layer, tuple(path), rows)], seed, settings)[0]


def split_all(
    population: Population, slices: Sequence[Slice], seed: int, settings: Settings
) -> list[Split | Stop]:
    """:func:`split` of many slices, side by side."""
    asking = [_split(population, one, seed, settings) for one in slices]
    return in_step(population, settings, asking)


def _split(population: Population, one: Slice, seed: int, settings: Settings) -> Asking[Split | Stop]:
    n = len(one.rows)
    if settings.tau is None or n <= settings.tau:
        return Stop("no more than tau rows")
    least = max(settings.bucket, -(-n // 20))
    key = derive_key(seed, one.layer, one.path, _DIVIDE)
    return (yield from even_split(population, one.rows, key, settings, least))


def even_split(
    population: Population, rows: Rows, key: int, settings: Settings, least: int
) -> Asking[Split | Stop]:
    """The most even of a few opposed literals, else of median cuts, that leaves ``least`` rows on either
    side."""
    n = len(rows)
    if is_one_class(population, rows):
        return Stop("one class")
    if 2 * least > n:
        return Stop("too few rows for two sides")
    sample = sample_of(rows, key)
    share = _SLACK * least / n * len(sample)
    literals = yield Ask(sample, key, cheap=True, least_true=share, least_false=share)
    evaluations = ROUNDS * settings.lookahead * len(sample)
    for cuts in (False, True):
        if cuts:
            literals = median_cuts(population, sample)[:_MEDIAN_CUTS]
            evaluations += len(sample) * len(population.features)
        for literal in literals:
            on_true = truth(population, literal, rows)
            evaluations += n
            left = int(np.count_nonzero(on_true))
            if min(left, n - left) >= least:
                return Split(literal, rows[on_true], rows[~on_true], evaluations)
    return Stop("no literal leaves enough rows on both sides", evaluations)


def is_one_class(population: Population, rows: Rows) -> bool:
    """Whether all these rows have the same target (true of no rows)."""
    codes = population.codes[rows]
    return len(codes) == 0 or bool((codes == codes[0]).all())


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
