"""Inference: many rows together are answered as one after the other, whatever way is taken to the votes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snakebatch.engine import inference, readings
from snakebatch.engine.bucket import Bucket
from snakebatch.engine.candle import candle_of
from snakebatch.engine.clause_comparison import ClauseComparison
from snakebatch.engine.clause_literals import clause_literals
from snakebatch.engine.clause_table import ClauseTable, Room
from snakebatch.engine.iqr_means import IqrMeans
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import holds
from snakebatch.engine.model import Model
from snakebatch.engine.queries import query_table, ready_fields
from snakebatch.engine.readings import Readings
from snakebatch.engine.routing import Forest
from snakebatch.engine.rules import Rules
from snakebatch.engine.thresholds import Measures
from snakebatch.engine.votes import VotePairs
from tests.support.scale import scaled
from tests.unit.engine.test_columns import LITERALS, ODD_LITERALS

HEADER = ("y", "x", "t")
DATATYPES = ("I", "N", "T")
N_CLASSES = 3

BOUNDS = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0])
NUMBER_LITERALS = st.one_of(
    st.builds(Literal, st.just(1), BOUNDS, st.booleans(), st.just("N")),
    st.builds(Literal, st.just(1), st.integers(-1, 3), st.booleans(), st.sampled_from(["N", "ND", "NL"])),
    st.builds(Literal, st.just(1), st.tuples(BOUNDS, BOUNDS).map(list), st.booleans(), st.just("NRG")),
    st.builds(Literal, st.just(1), st.just(0), st.booleans(), st.just("NZR")),
    st.builds(Literal, st.just(2), BOUNDS, st.booleans(), st.just("TN")),
)
SOME_LITERALS = st.one_of(
    NUMBER_LITERALS,
    st.builds(Literal, st.just(2), st.sampled_from(["", "a", "ab"]), st.booleans(), st.just("TEQ")),
    st.builds(Literal, st.just(2), st.tuples(st.just("ab"), BOUNDS).map(list), st.booleans(), st.just("LEV")),
    st.builds(Literal, st.sampled_from([1, 2]), st.just([0.0, math.inf]), st.booleans(), st.just("NRG")),
    st.builds(Literal, st.just(1), st.just([-math.inf, 1.0]), st.booleans(), st.just("NRG")),
    LITERALS.filter(lambda literal: literal.column),
    ODD_LITERALS.filter(lambda literal: literal.column in (1, 2)),
)
CELLS = st.sampled_from(
    [-1.0, -0.0, 0.0, 5e-324, 0.25, 0.5, 1, 2.0, "1", "", "abc", None, math.inf, -math.inf]
)
QUERIES = st.lists(
    st.fixed_dictionaries({}, optional={"x": CELLS, "t": st.sampled_from(["", "a", "ab", "b", 3, None])}),
    min_size=1,
    max_size=9,
)


@st.composite
def buckets(draw: Any, literals: Any = SOME_LITERALS) -> Bucket:
    """A bucket of rows 0 to 5 with clauses and conds of any shape."""
    condition = draw(st.one_of(st.none(), st.lists(literals, max_size=3).map(tuple)))
    clauses = draw(st.lists(st.lists(literals, max_size=3).map(tuple), max_size=5))
    members = draw(st.lists(st.integers(0, 5), max_size=4))
    cond = st.lists(st.integers(0, len(clauses) - 1), max_size=3) if clauses else st.just([])
    lookalikes = [draw(st.lists(cond, max_size=3)) for _ in members]
    return Bucket(condition, members, ["c"] * len(members), clauses, lookalikes)


LAYERS = st.lists(st.lists(buckets(), min_size=1, max_size=5), min_size=1, max_size=3)


def model_of(layers: list[list[Bucket]], targets: Sequence[int] = (0, 1, 2, 0, 1, 2)) -> Model:
    classes = sorted(set(targets))
    return Model(
        header=HEADER,
        datatypes=DATATYPES,
        classes=classes,
        codes=np.array([classes.index(target) for target in targets], dtype=np.int32),
        layers=layers,
        config={},
        log="",
        stripped=True,
        population=[],
    )


def linear_votes(model: Model, row: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Bucket of every layer and votes by class, by the words of the format and ``holds`` alone."""
    fields = ready_fields(row, HEADER, DATATYPES)
    ready = {name: field for name, field in zip(HEADER, fields, strict=True) if name in row}
    places, votes = [], [0] * len(model.classes)
    for layer in model.layers:
        place = next(
            (
                number
                for number, bucket in enumerate(layer)
                if all(holds(literal, ready, HEADER) for literal in bucket.condition or ())
            ),
            len(layer) - 1,
        )
        places.append(place)
        bucket = layer[place]
        held = [any(holds(literal, ready, HEADER) for literal in clause) for clause in bucket.clauses]
        for member, conds in zip(bucket.members, bucket.lookalikes, strict=True):
            votes[model.codes[member]] += sum(not any(held[clause] for clause in cond) for cond in conds)
    return places, votes


@settings(max_examples=scaled(80, 300))
@given(LAYERS, QUERIES, st.sampled_from([0, 2]))
def test_any_layers_answer_as_the_linear_walk(
    layers: list[list[Bucket]], queries: list[Any], rank_cost: int
) -> None:
    model = model_of(layers)
    expected = [linear_votes(model, row) for row in queries]

    assert [(model.route(row), model.votes(row)) for row in queries] == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readings, "_RANK_COST", rank_cost)
        chunk = next(model.inference.ask(query_table(queries, HEADER, DATATYPES)))
    assert chunk.places.T.tolist() == [places for places, _ in expected]
    assert chunk.votes.table().tolist() == [votes for _, votes in expected]
    assert [len(model.lookalikes(row)) for row in queries] == [sum(votes) for _, votes in expected]


@given(LAYERS, QUERIES)
def test_pairs_of_votes_say_what_the_table_says(layers: list[list[Bucket]], queries: list[Any]) -> None:
    model = model_of(layers)
    table = query_table(queries, HEADER, DATATYPES)
    dense = next(model.inference.ask(table)).votes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "FEW_CLASSES", 0)
        sparse = next(model_of(layers).inference.ask(table)).votes

    assert type(dense) is not type(sparse)
    assert dense.table().tolist() == sparse.table().tolist()
    assert dense.best().tolist() == sparse.best().tolist()
    for one, other in zip(dense.pairs(), sparse.pairs(), strict=True):
        assert one.tolist() == other.tolist()


@settings(max_examples=scaled(60, 200))
@given(
    st.lists(st.lists(SOME_LITERALS, max_size=4).map(tuple), min_size=1, max_size=70),
    QUERIES,
)
def test_a_table_says_what_comparing_says(clauses: list[tuple[Literal, ...]], queries: list[Any]) -> None:
    measures = Measures(len(HEADER))
    literals = clause_literals([Rules.of(clauses, [])], measures)[0]
    read = Readings(query_table(queries, HEADER, DATATYPES), measures)
    used = np.arange(len(measures.plain))
    values, rows = read.plain(used), np.arange(len(queries))

    by_table = ClauseTable(literals).held(values, rows, has_void=read.has_void)
    compared = ClauseComparison(literals).held(read, rows)
    read.expect(literals.bounds, 1 << 40)
    by_rank = ClauseComparison(literals).held(read, rows)

    assert np.packbits(by_table.T, axis=1).tolist() == compared.tolist() == by_rank.tolist()


def test_a_layer_of_thousands_of_buckets_costs_a_row_the_length_of_a_path() -> None:
    def leaves(low: float, high: float, path: tuple[Literal, ...]) -> list[Bucket]:
        if high - low <= 1.0:
            return [Bucket(path, [0], ["c"], [], [[[]]])]
        middle = Literal(1, (low + high) / 2, False, "N")
        below = leaves(low, middle.value, (*path, middle))
        return below + leaves(middle.value, high, (*path, middle.negated()))

    layer = leaves(0.0, 8192.0, ())
    measures = Measures(len(HEADER))
    forest = Forest([layer], measures)
    asked: list[int] = []

    def value_of(measure: int) -> float:
        asked.append(measure)
        return 8190.5

    assert len(layer) == 8192
    assert forest.walk(value_of) == [8190]
    assert len(asked) <= 14
    read = Readings(query_table([{"x": x + 0.5} for x in range(0, 8192, 7)], HEADER, DATATYPES), measures)
    assert forest.walk_all(read).tolist() == [list(range(0, 8192, 7))]


def test_a_path_of_thousands_of_literals_meets_no_recursion_limit() -> None:
    path = tuple(Literal(1, float(bound), True, "N") for bound in range(3000))
    layer = [Bucket(path[: 3000 - depth], [0], ["c"], [], [[[]]]) for depth in range(3000)]
    model = model_of([layer])

    assert model.route({"x": 9.5}) == [2990]
    assert next(model.inference.ask(query_table([{"x": 9.5}], HEADER, DATATYPES))).places.tolist() == [[2990]]


def test_every_bucket_of_a_batch_is_asked_without_making_its_lists() -> None:
    clauses = [(Literal(1, 1.0, False, "N"),), (Literal(1, [0.0, 2.0], True, "NRG"),)]
    given = Bucket(None, [0, 1], ["c", "c"], clauses, [[[0]], [[1]]])
    bucket = Bucket.of_rules(None, np.array(given.members), given.origins.count("c"), given.rules)
    model = model_of([[bucket]])

    assert model.predictions([{"x": 0.5}] * 50) == [0] * 50
    assert "clauses" not in vars(bucket)
    assert "lookalikes" not in vars(bucket)


def test_tables_are_dropped_where_there_is_no_room_for_them() -> None:
    room = Room(10)
    assert room.take(7)
    assert not room.take(4)
    assert room.take(3)


def test_no_rows_have_no_answers() -> None:
    model = model_of([[_else()]])
    assert model.predictions([]) == []
    assert model.regressions([]) == []
    assert model.probabilities([]).shape == (0, N_CLASSES)


def _else() -> Bucket:
    return Bucket(None, [1], ["c"], [], [[[]]])


# --- regression ---------------------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-100, 100),
    st.sampled_from([0.1, 0.2, 0.3, 1e16, -1e16, 5e-324, 1e300]),
)


@settings(max_examples=scaled(80, 300))
@given(st.lists(NUMBERS, min_size=1, max_size=6), st.data())
def test_means_of_many_rows_are_those_of_their_candles(numbers: list[float], data: Any) -> None:
    counts = st.lists(st.integers(0, 3), min_size=len(numbers), max_size=len(numbers))
    votes = np.array(data.draw(st.lists(counts, min_size=1, max_size=6)))
    row, code = np.nonzero(votes)
    starts = np.searchsorted(row, np.arange(len(votes) + 1))

    means, sizes = IqrMeans(np.array(numbers)).of(VotePairs(starts, code, votes[row, code]))

    assert sizes == votes.sum(axis=1).tolist()
    for mean, voted in zip(means, votes, strict=True):
        expected = candle_of(np.repeat(numbers, voted).tolist())["iqr_mean"]
        assert math.isnan(mean) if expected is None else mean == expected


@given(LAYERS, QUERIES)
def test_regressions_of_a_batch_are_those_of_its_rows(layers: list[list[Bucket]], queries: list[Any]) -> None:
    targets = [3, -1, 7, 7, 100, 5]
    model = model_of(layers, targets)

    assert model.regressions(queries) == [model.regression(row) for row in queries]
    assert model.candles(queries) == [model.candle(row) for row in queries]
