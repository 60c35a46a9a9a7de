"""A stand-in for the licensed package: what docs/decisions/032-licensed-engine.md lists, no more.

It drops rows whose concatenated features are equal, draws from Python's global generator, gives the members
of a one-class bucket no vote, and calls ``exit()`` on rows that it cannot tell apart.
"""

from __future__ import annotations

import random
from typing import Any

__version__ = "5.4.8"

CALLS: list[dict[str, Any]] = []
"""The parameters of every training, for tests to look at."""


class Snake:
    """Trains on dicts whose first column is the target."""

    def __init__(
        self,
        rows: list[dict[str, Any]],
        target_index: int = 0,
        n_layers: int = 5,
        bucket: int = 250,
        noise: float = 0.25,
        workers: int = 1,
        oppose_profile: str = "auto",
        datatypes: list[str] | None = None,
    ) -> None:
        CALLS.append({**locals(), "self": None, "rows": len(rows)})
        header = list(rows[0])
        self.header, self.datatypes = header, datatypes or []
        self.population: list[dict[str, Any]] = []
        seen: set[str] = set()
        for row in rows:
            text = "".join(str(row[name]) for name in header[1:])
            if text not in seen:
                seen.add(text)
                self.population.append(row)
        self.targets = [row[header[target_index]] for row in self.population]
        self.layers = [self._layer(bucket, noise) for _ in range(n_layers)]

    def _layer(self, bucket: int, noise: float) -> list[dict[str, Any]]:
        left = list(range(len(self.population)))
        layer = []
        while len(left) > 2 * bucket and self._classes(left) > 1:
            condition = self._condition(left, bucket)
            if condition is None:
                break
            chosen = [row for row in left if self._holds(condition, row)]
            left = [row for row in left if not self._holds(condition, row)]
            layer.append(self._bucket([condition], chosen, noise))
        layer.append(self._bucket(None, left, noise))
        return layer

    def _classes(self, rows: list[int]) -> int:
        return len({repr(self.targets[row]) for row in rows})

    def _condition(self, rows: list[int], bucket: int) -> list[Any] | None:
        for _ in range(50):
            first, second = random.sample(rows, 2)
            if self.targets[first] != self.targets[second]:
                literal = self._oppose(first, second)
                kept = sum(self._holds(literal, row) for row in rows)
                if bucket <= kept < len(rows):
                    return literal
        return None

    def _oppose(self, true: int, false: int) -> list[Any]:
        """A literal that is true on one row and false on the other."""
        differing = [
            index
            for index, name in enumerate(self.header)
            if index and self.population[true][name] != self.population[false][name]
        ]
        random.shuffle(differing)
        for index in differing:
            name = self.header[index]
            high, low = self.population[true][name], self.population[false][name]
            if self.datatypes[index] == "T":
                literal = [index, high, False, "TEQ"]
            else:
                literal = [index, (high + low) / 2, high > low, "N"]
            if self._holds(literal, true) and not self._holds(literal, false):
                return literal
        exit(1)  # the package's own way out, which closes standard input

    def _holds(self, literal: list[Any], row: int) -> bool:
        index, value, negat, tag = literal
        field = self.population[row][self.header[index]]
        return bool((field == value) ^ negat) if tag == "TEQ" else bool((value > field) ^ negat)

    def _bucket(self, condition: list[Any] | None, core: list[int], noise: float) -> dict[str, Any]:
        others = sorted(set(range(len(self.population))) - set(core))
        extra = random.sample(others, min(len(others), int(noise * len(core))))
        members = [*core, *extra]
        clauses = self._clauses(members) if self._classes(members) > 1 else []
        false_on = [
            [
                n
                for n, (owner, clause) in enumerate(clauses)
                if owner == self.targets[row] and not self._any(clause, row)
            ]
            for row in members
        ]
        return {
            "condition": condition,
            "members": members,
            "origins": ["c"] * len(core) + ["n"] * len(extra),
            "clauses": [clause for _, clause in clauses],
            "lookalikes": {place: [cond] if clauses else [] for place, cond in enumerate(false_on)},
        }

    def _any(self, clause: list[list[Any]], row: int) -> bool:
        return any(self._holds(literal, row) for literal in clause)

    def _clauses(self, members: list[int]) -> list[tuple[Any, list[list[Any]]]]:
        """For every member that no clause of its class is false on, one that is; minimal."""
        found: list[tuple[Any, list[list[Any]]]] = []
        for row in members:
            mine = self.targets[row]
            if any(owner == mine and not self._any(clause, row) for owner, clause in found):
                continue
            others = [other for other in members if self.targets[other] != mine]
            clause: list[list[Any]] = []
            for other in others:
                if not self._any(clause, other):
                    clause.append(self._oppose(other, row))
            for literal in list(clause):
                rest = [kept for kept in clause if kept is not literal]
                if all(self._any(rest, other) for other in others):
                    clause = rest
            found.append((mine, clause))
        return found
