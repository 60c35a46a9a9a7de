"""The most even literals of a sample: what cuts a slice, and what narrows a chain's condition.

Whoever needs some *asks* for them (yields an :class:`Ask`) and goes on with the answer, so that many slices
that ask at the same time are answered by the same few array operations. An answer depends on its question
alone.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from snakebatch.engine.arrays import Flags, Ints
from snakebatch.engine.draws import below_many, mix_many
from snakebatch.engine.literal import Literal
from snakebatch.engine.measured_rows import MeasuredRows
from snakebatch.engine.oppose import Opposer
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.profiles import cheap, weights
from snakebatch.engine.settings import Settings
from snakebatch.engine.side_by_side import batches
from snakebatch.engine.written import write

SAMPLE = 256
"""At least so many rows, about evenly spaced, are what literals are drawn and compared on."""

ROUNDS = 4
"""Pairs of rows that are opposed; each gives the most even of its candidates."""

_CELLS = 1 << 20
"""Bound on columns x rows of the samples that are looked at side by side."""

_TRUE_ROW, _FALSE_ROW, _CANDIDATES, _SAMPLE = 1, 2, 3, 4
"""What a draw is for."""


@dataclass(frozen=True)
class Ask:
    """A question: which literals cut these rows evenly, with at least so many rows on their sides?

    ``cheap`` draws only from the tags that a divide may use.
    """

    rows: Rows
    key: int
    cheap: bool
    least_true: float
    least_false: float


_T = TypeVar("_T")


def sample_of(rows: Rows, key: int) -> Rows:
    """A row of every so many: ``SAMPLE`` up to twice as many of them, or all.

    Which one is drawn, by the place of the row: rows in a cycle (two classes in turn, the hours of a day)
    may have any length of cycle in common with the stride.
    """
    stride = len(rows) // SAMPLE
    if stride <= 1:
        return rows
    first = np.arange(0, len(rows), stride)
    drawn: Rows = first + below_many(mix_many(key, _SAMPLE, first), np.minimum(stride, len(rows) - first))
    return rows[drawn]


Asking = Generator[Ask, list[Literal], _T]
"""A piece of work that asks now and then, and returns its result."""


def in_step(population: Population, settings: Settings, asking: Sequence[Asking[_T]]) -> list[_T]:
    """The results of pieces of work that go on side by side: what they ask at a time is answered at once."""
    results: dict[int, _T] = {}
    answers: dict[int, list[Literal] | None] = dict.fromkeys(range(len(asking)))
    while answers:
        asks: dict[int, Ask] = {}
        for number, answer in answers.items():
            try:
                asks[number] = next(asking[number]) if answer is None else asking[number].send(answer)
            except StopIteration as stop:
                results[number] = stop.value
        literals = even_literals(population, settings, list(asks.values()))
        answers = dict(zip(asks, literals, strict=True))
    return [results[number] for number in range(len(asking))]


def even_literals(population: Population, settings: Settings, asks: Sequence[Ask]) -> list[list[Literal]]:
    """For each question at most ``ROUNDS`` literals; none where its rows are of one class."""
    found: list[list[Literal]] = [[] for _ in asks]
    for only_cheap in (False, True):
        numbers = [
            number
            for number, ask in enumerate(asks)
            if ask.cheap == only_cheap and len(np.unique(population.codes[ask.rows])) > 1
        ]
        sizes = [len(asks[number].rows) for number in numbers]
        for places in batches(sizes, len(population.features), _CELLS):
            batch = [numbers[place] for place in places]
            answers = _answers(population, settings, [asks[number] for number in batch], only_cheap)
            for number, answer in zip(batch, answers, strict=True):
                found[number] = answer
    return found


def _answers(
    population: Population, settings: Settings, asks: Sequence[Ask], only_cheap: bool
) -> list[list[Literal]]:
    keys = np.array([ask.key for ask in asks], dtype=np.uint64)
    measured = MeasuredRows(population, [ask.rows for ask in asks], keys)
    numbers, texts = weights(settings.oppose_profile)
    opposer = Opposer(measured, (cheap(numbers), cheap(texts)) if only_cheap else (numbers, texts))
    group = np.repeat(np.arange(len(asks)), ROUNDS)
    number = np.tile(np.arange(ROUNDS), len(asks))
    true_row, false_row = _opposite_pairs(measured, group, number)
    key = mix_many(keys[group], _CANDIDATES, number)
    drawn = opposer.draw(group, true_row, false_row, key, settings.lookahead)
    held = opposer.sizes(drawn).reshape(len(group), settings.lookahead)
    n = measured.n[group][:, None]
    least_true = np.array([ask.least_true for ask in asks])[group][:, None]
    least_false = np.array([ask.least_false for ask in asks])[group][:, None]
    fits: Flags = (held >= least_true) & (n - held >= least_false) & (held < n)
    uneven = np.where(fits, np.abs(2 * held - n), 2 * n)
    best = np.argmin(uneven, axis=1)
    chosen = np.flatnonzero(fits[np.arange(len(group)), best])
    written = write(measured, drawn.take(chosen * settings.lookahead + best[chosen]))
    answers: list[list[Literal]] = [[] for _ in asks]
    for place, of_group in enumerate(group[chosen].tolist()):
        answers[of_group].append(written.literal(place))
    return answers


def _opposite_pairs(measured: MeasuredRows, group: Ints, number: Ints) -> tuple[Ints, Ints]:
    """Two local rows of different classes for each pair: T uniform, F uniform among the others."""
    codes = measured.population.codes[measured.rows].astype(np.int64)
    codes[~measured.real] = len(measured.population.classes)
    order = np.argsort(codes, axis=1, kind="stable")
    ordered = np.take_along_axis(codes, order, axis=1)[group]
    n = measured.n[group]
    true_row = below_many(mix_many(measured.keys[group], _TRUE_ROW, number), n)
    own = codes[group, true_row][:, None]
    start = (ordered < own).sum(axis=1)
    past = (ordered <= own).sum(axis=1)
    other = below_many(mix_many(measured.keys[group], _FALSE_ROW, number), n - (past - start))
    return true_row, order[group, np.where(other < start, other, other + past - start)]
