"""Divide: from root slices to slices small enough for one leaf each."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from snakebatch.engine.divide import Split
from snakebatch.engine.population import Population, Rows
from snakebatch.engine.settings import Settings
from snakebatch.mesh.engines import Engine
from snakebatch.mesh.messages import Path, Slice
from snakebatch.mesh.path_rows import PathRows
from snakebatch.planner.sizing import SPLIT_COST

LEFT, RIGHT = "0", "1"


@dataclass
class Divided:
    """What one packet's slices became; both lists in tree order, left first."""

    open: list[Slice] = field(default_factory=list)
    final: list[Slice] = field(default_factory=list)
    stops: Counter[str] = field(default_factory=Counter)
    evaluations: int = 0


@dataclass(frozen=True)
class _Node:
    slice: Slice
    path: Path
    rows: Rows
    level: int


def root_slice(layer: int, n: int, tau: int) -> Slice:
    """All rows of a layer; final at once where they fit one leaf."""
    return Slice(layer=layer, node="", path=[], n=n, final=n <= tau)


def divide_packet(
    population: Population,
    slices: Iterable[Slice],
    settings: Settings,
    engine: Engine,
    *,
    levels: int | None,
    budget: int,
) -> Divided:
    """Divide ``slices`` level by level, at most ``levels`` deep (None: until ``budget`` row-evaluations are
    used).

    A split's draws come from its path alone, so where one invocation stops changes nothing of the tree.
    Breadth first: what is left open is then many slices of one size, which the next wave can share out. The
    budget is counted, not timed, so that a repeated packet stops at the same place.
    """
    assert settings.tau is not None
    found = Divided()
    reader = PathRows(population, engine.truth)
    waiting: deque[_Node] = deque()
    for piece in sorted(slices, key=lambda piece: piece.place):
        path = piece.literals
        waiting.append(_Node(piece, path, reader.rows(path), 0))
    found.evaluations = reader.evaluations
    while waiting:
        node = waiting.popleft()
        if node.slice.n <= settings.tau:
            found.final.append(node.slice.model_copy(update={"final": True}))
        elif _must_wait(node.level, levels, found.evaluations, budget):
            found.open.append(node.slice)
        else:
            waiting.extend(_divide(population, node, settings, engine, found))
    found.final.sort(key=lambda piece: piece.place)
    found.open.sort(key=lambda piece: piece.place)
    return found


def _must_wait(level: int, levels: int | None, evaluations: int, budget: int) -> bool:
    # The first level is always divided: a packet that gave back what it got would loop for ever.
    if level == 0:
        return False
    return level >= levels if levels is not None else evaluations >= budget


def _divide(
    population: Population, node: _Node, settings: Settings, engine: Engine, found: Divided
) -> list[_Node]:
    outcome = engine.split(population, node.rows, node.slice.layer, node.path, settings)
    found.evaluations += outcome.evaluations + SPLIT_COST
    if not isinstance(outcome, Split):
        found.stops[outcome.reason] += 1
        found.final.append(node.slice.model_copy(update={"final": True}))
        return []
    return [
        _child(node, LEFT, (*node.path, outcome.literal), outcome.left, settings),
        _child(node, RIGHT, (*node.path, outcome.literal.negated()), outcome.right, settings),
    ]


def _child(node: _Node, side: str, path: Path, rows: Rows, settings: Settings) -> _Node:
    assert settings.tau is not None
    piece = Slice(
        layer=node.slice.layer,
        node=node.slice.node + side,
        path=[*node.slice.path, list(path[-1])],
        n=len(rows),
        final=len(rows) <= settings.tau,
    )
    return _Node(piece, path, rows, node.level + 1)
