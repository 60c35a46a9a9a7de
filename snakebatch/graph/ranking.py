"""Which row of the picture a state stands in: one below the lowest of those that lead to it.

The first step of Sugiyama, Tagawa and Toda's method (1981): take the cycles out, then the longest path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snakebatch.graph.machine import Machine, Transition

_EAGER = {"next": 0, "choice": 1, "default": 1, "catch": 2}
"""The order in which transitions are followed: what closes a loop is a loop's end, not a run's way."""


@dataclass(frozen=True)
class Ranks:
    """``row`` of each state; ``ahead``: how many rows may follow it at most."""

    row: Mapping[str, int]
    ahead: Mapping[str, int]
    back: frozenset[Transition]

    @property
    def rows(self) -> int:
        return max(self.row.values(), default=-1) + 1


def rank(machine: Machine) -> Ranks:
    """Rows of all states; those that nothing leads to stand in the first."""
    leaving: dict[str, list[Transition]] = {state.name: [] for state in machine.states}
    for way in machine.transitions:
        leaving[way.source].append(way)
    for ways in leaving.values():
        ways.sort(key=lambda way: _EAGER[way.kind])  # sorts are stable: else in the definition's order
    order, back = _topological(machine, leaving)
    row = dict.fromkeys(order, 0)
    for name in order:
        for way in leaving[name]:
            if way not in back:
                row[way.target] = max(row[way.target], row[name] + 1)
    ahead = dict.fromkeys(order, 0)
    for name in reversed(order):
        for way in leaving[name]:
            if way not in back:
                ahead[name] = max(ahead[name], ahead[way.target] + 1)
    return Ranks(row, ahead, frozenset(back))


def _topological(
    machine: Machine, leaving: Mapping[str, list[Transition]]
) -> tuple[list[str], set[Transition]]:
    """States, each after all that lead to it, once the transitions that close a loop are left out."""
    done: list[str] = []
    open_states: set[str] = set()
    seen: set[str] = set()
    back: set[Transition] = set()
    for start in [machine.start, *(state.name for state in machine.states)]:
        if start in seen:
            continue
        # A stack and no recursion: a definition may be a chain of thousands of states.
        seen.add(start)
        open_states.add(start)
        stack = [(start, iter(leaving[start]))]
        while stack:
            name, ways = stack[-1]
            way = next(ways, None)
            if way is None:
                stack.pop()
                open_states.discard(name)
                done.append(name)
            elif way.target in open_states:
                back.add(way)
            elif way.target not in seen:
                seen.add(way.target)
                open_states.add(way.target)
                stack.append((way.target, iter(leaving[way.target])))
    return done[::-1], back
