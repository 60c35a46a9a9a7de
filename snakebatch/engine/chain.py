"""A slice's chain: the native IF / ELIF / ELSE of buckets.

While more than 2 x bucket rows remain, literals are ANDed, each keeping at least ``bucket`` rows, until at
most 2 x bucket satisfy them all; these are the next bucket and the rest go on. What remains is ELSE.

Where nothing keeps enough rows a bucket stays larger; past ``LARGEST`` rows it is cut up by force, since
clauses cost rows x rows: by the most even literal of any size, and where even that leaves less than a
twentieth, value by value (``_spell_out``): at most one bucket a row, in time linear in rows x columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from snakebatch.engine.candidates import midpoints
from snakebatch.engine.columns import truth
from snakebatch.engine.divide import Slice, Split, even_split, is_one_class, median_cuts
from snakebatch.engine.draws import derive_key, mix
from snakebatch.engine.even import Ask, Asking, in_step, sample_of
from snakebatch.engine.literal import Literal
from snakebatch.engine.population import NumberColumn, Population, Rows
from snakebatch.engine.settings import Settings

LARGEST = 4096
"""Rows of several classes that one bucket may have, unless 4 x bucket is more."""

LONGEST = 32
"""Literals a link's condition may have, the path not counted."""

_CHAIN, _FORCE = 31, 33


class Link(NamedTuple):
    """A condition without the path in front (empty: ELSE), and the rows that reach and satisfy it."""

    condition: tuple[Literal, ...]
    rows: Rows


def build_chain(
    population: Population, rows: Rows, seed: int, layer: int, path: Sequence[Literal], settings: Settings
) -> list[Link]:
    """The chain of the slice with these rows; its draws depend on seed, layer and path alone."""
    return build_chains(population, [Slice(layer, tuple(path), rows)], seed, settings)[0]


def build_chains(
    population: Population, slices: Sequence[Slice], seed: int, settings: Settings
) -> list[list[Link]]:
    """:func:`build_chain` of many slices, side by side."""
    chains = [
        _Chain(population, settings, derive_key(seed, one.layer, one.path, _CHAIN)).links(one.rows, ())
        for one in slices
    ]
    return in_step(population, settings, chains)


class _Chain:
    def __init__(self, population: Population, settings: Settings, key: int) -> None:
        self._population = population
        self._settings = settings
        self._key = key
        self._step = 0
        self._largest = max(LARGEST, 4 * settings.bucket)

    def links(self, rows: Rows, prefix: tuple[Literal, ...]) -> Asking[list[Link]]:
        """Links that share a prefix; the last one is the prefix alone."""
        found: list[Link] = []
        left = rows
        while len(left):
            condition, chosen = yield from self._condition(left)
            whole = (*prefix, *condition)
            if len(chosen) > self._largest and not is_one_class(self._population, chosen):
                found += yield from self._force(chosen, whole)
            else:
                found.append(Link(whole, chosen))
            if not condition:
                break
            left = _without(left, chosen)
        return found

    def _condition(self, rows: Rows) -> Asking[tuple[tuple[Literal, ...], Rows]]:
        """Literals ANDed until at most 2 x bucket rows satisfy them; none where that is so already."""
        condition: list[Literal] = []
        while len(rows) > 2 * self._settings.bucket and len(condition) < LONGEST:
            found = yield from self._narrow(rows)
            if found is None:
                break
            condition.append(found[0])
            rows = found[1]
        return tuple(condition), rows

    def _narrow(self, rows: Rows) -> Asking[tuple[Literal, Rows] | None]:
        """The most even of a few literals that keep at least ``bucket`` rows."""
        population, bucket = self._population, self._settings.bucket
        self._step += 1
        if is_one_class(population, rows):
            return None
        key = mix(self._key, self._step)
        sample = sample_of(rows, key)
        least = bucket * len(sample) / len(rows)
        costly = len(rows) <= bucket * 8
        drawn = yield Ask(sample, key, not costly, least_true=least, least_false=0)
        for literal in drawn:
            kept = rows[truth(population, literal, rows)]
            if bucket <= len(kept) < len(rows):
                return literal, kept
        for literal in median_cuts(population, sample):
            for side in (literal, literal.negated()):
                kept = rows[truth(population, side, rows)]
                if bucket <= len(kept) < len(rows):
                    return side, kept
        return None

    def _force(self, rows: Rows, prefix: tuple[Literal, ...]) -> Asking[list[Link]]:
        self._step += 1
        least = -(-len(rows) // 20)
        key = mix(self._key, self._step, _FORCE)
        found = yield from even_split(self._population, rows, key, self._settings, least)
        if isinstance(found, Split):
            left = yield from self.links(found.left, (*prefix, found.literal))
            right = yield from self.links(found.right, (*prefix, found.literal.negated()))
            return [*left, *right]
        return (yield from self._spell_out(rows, prefix))

    def _spell_out(self, rows: Rows, prefix: tuple[Literal, ...]) -> Asking[list[Link]]:
        """Column by column, the rows that differ from its commonest value; one row at most is left in the
        end."""
        found: list[Link] = []
        for index, column in enumerate(self._population.features, 1):
            if isinstance(column, NumberColumn):
                literals = _beside_the_commonest(column, index, rows)
                groups = [(literal, truth(self._population, literal, rows)) for literal in literals]
                parts = [(literal, rows[held]) for literal, held in groups]
            else:
                parts = _each_but_the_commonest(column.codes[rows], column.vocabulary, index, rows)
            for literal, part in parts:
                if len(part):
                    found += yield from self.links(part, (*prefix, literal))
            taken = np.concatenate([part for _, part in parts]) if parts else rows[:0]
            rows = _without(rows, taken)
        return [*found, Link(prefix, rows)] if len(rows) else found


def _without(rows: Rows, taken: Rows) -> Rows:
    """The rows that were not taken; ``taken`` are some of them, in any order."""
    kept = np.ones(len(rows), dtype=np.bool_)
    kept[np.searchsorted(rows, taken)] = False
    return rows[kept]


def _beside_the_commonest(column: NumberColumn, index: int, rows: Rows) -> list[Literal]:
    """Below and above the commonest number."""
    values, counts = np.unique(column.values[rows], return_counts=True)
    place = int(np.argmax(counts))
    literals = []
    if place:
        literals.append(
            Literal(
                index, float(midpoints(values[place - 1 : place], values[place : place + 1])[0]), False, "N"
            )
        )
    if place + 1 < len(values):
        above = midpoints(values[place : place + 1], values[place + 1 : place + 2])
        literals.append(Literal(index, float(above[0]), True, "N"))
    return literals


def _each_but_the_commonest(
    codes: np.ndarray[tuple[int], np.dtype[np.int32]], vocabulary: Sequence[str], index: int, rows: Rows
) -> list[tuple[Literal, Rows]]:
    order = np.argsort(codes, kind="stable")
    distinct, starts, counts = np.unique(codes[order], return_index=True, return_counts=True)
    commonest = int(np.argmax(counts))
    return [
        (Literal(index, vocabulary[code], False, "TEQ"), np.sort(rows[order[start : start + size]]))
        for place, (code, start, size) in enumerate(
            zip(distinct.tolist(), starts.tolist(), counts.tolist(), strict=True)
        )
        if place != commonest
    ]
