"""Literals are compared by the ranks of their bounds where that pays, with the same outcome."""

from __future__ import annotations

import math

import numpy as np
import pytest

from snakebatch.engine import inference
from snakebatch.engine.bucket import Bucket
from snakebatch.engine.clause_comparison import ClauseComparison
from snakebatch.engine.clause_literals import clause_literals
from snakebatch.engine.inference import Inference
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import holds
from snakebatch.engine.queries import query_table, ready_fields
from snakebatch.engine.readings import Readings
from snakebatch.engine.rules import Rules
from snakebatch.engine.thresholds import Measures

HEADER = ("y", "x", "z")
DATATYPES = ("I", "N", "N")


@pytest.mark.parametrize("bounds", [1, 253, 254, 255, 256, 65_533, 65_534, 65_535, 65_536])
def test_ranks_of_any_width_compare_as_the_values_do(bounds: int) -> None:
    # Two literals at the ends and in the middle, the others only for their bounds.
    some = [0.0, float(bounds // 2), float(bounds - 1)]
    asked = [(Literal(column, v, negat, "N"),) for column in (1, 2) for v in some for negat in (False, True)]
    asked += [
        (Literal(1, [low, high], negat, "NRG"),)
        for low, high in ((-math.inf, 0.0), (0.0, math.inf), (some[1], some[2]), (-math.inf, math.inf))
        for negat in (False, True)
    ]
    others = [(Literal(1, float(value), False, "N"),) for value in range(bounds)]
    measures = Measures(len(HEADER))
    literals, beside = clause_literals([Rules.of(asked, []), Rules.of(others, [])], measures)
    assert literals.bounds is beside.bounds
    edges = [edge + step for edge in some for step in (-1.0, -0.5, -0.0, 0.5)]
    rows = [{"x": edge, "z": -edge} for edge in [*edges, math.inf, -math.inf, math.nan]]
    queries = [*rows, {"z": 0.0}, {"x": "text"}, {}]
    readings = Readings(query_table(queries, HEADER, DATATYPES), measures)
    comparison, places = ClauseComparison(literals), np.arange(len(queries))

    by_value = comparison.held(readings, places)
    readings.expect(literals.bounds, 1 << 60)
    by_rank = comparison.held(readings, places)

    assert readings.ranks(np.array([0, 1]), literals.bounds) is not None
    assert by_rank.tolist() == by_value.tolist()
    fields = [ready_fields(row, HEADER, DATATYPES) for row in queries]
    ready = [
        {name: cell for name, cell in zip(HEADER, cells, strict=True) if name in row}
        for cells, row in zip(fields, queries, strict=True)
    ]
    true = np.unpackbits(by_rank, axis=1, count=len(ready)).astype(bool).tolist()
    assert true == [[holds(clause[0], row, HEADER) for row in ready] for clause in asked]


def test_rows_are_ranked_only_where_the_comparisons_pay_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each bucket was first asked alone, so that it shares its bounds with none."""
    size, n_clauses = 300, 30
    draw = np.random.default_rng(3)

    def bucket(number: int) -> Bucket:
        path = (Literal(1, float(number + 1), False, "N"),)
        clauses = [(Literal(2, float(draw.normal()), False, "N"),) for _ in range(n_clauses)]
        return Bucket(path, [0], ["c"], clauses, [[[0]]])

    asked = Inference([[bucket(number) for number in range(size)]], np.zeros(1, np.int32), 1, len(HEADER))
    made: list[Readings] = []

    class Kept(Readings):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            made.append(self)

    monkeypatch.setattr(inference, "Readings", Kept)
    queries = [{"x": k % size + 0.5, "z": float(draw.normal())} for k in range(10 * size)]
    for row in queries[:size]:
        list(asked.ask(query_table([row], HEADER, DATATYPES)))
    made.clear()
    list(asked.ask(query_table(queries, HEADER, DATATYPES)))

    (readings,) = made
    ranked = sum(int(ranks.ready.sum()) * len(queries) for ranks in readings._ranks.values())
    assert len(readings._ranks) == size
    assert ranked <= len(queries) * n_clauses, "no more cells are ranked than literals are compared"
    room = sum(ranks.matrix.size for ranks in readings._ranks.values())
    assert room <= len(queries) * n_clauses
