"""A bucket: the rows that one condition routes, and the clauses that tell their classes apart."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from snakebatch.engine.literal import Literal
from snakebatch.engine.population import Rows
from snakebatch.engine.rules import Rules

Condition = tuple[Literal, ...]


class Bucket:
    """One link of a layer's chain, in the words of model.json.

    ``condition`` None is ELSE. ``members`` are global row numbers, ``origins`` their ``"c"`` (core) or
    ``"n"`` (noise). ``lookalikes[p]`` is the list of conds of ``members[p]``; a cond is a list of indices
    into ``clauses``. ``rows`` are the members and ``rules`` clauses and lookalikes as arrays; each form is
    made from the other when it is first asked for.
    """

    def __init__(
        self,
        condition: Condition | None,
        members: list[int],
        origins: list[str],
        clauses: list[tuple[Literal, ...]],
        lookalikes: list[list[list[int]]],
    ) -> None:
        self.condition = condition
        self.__dict__.update(members=members, origins=origins, clauses=clauses, lookalikes=lookalikes)

    @classmethod
    def of_rules(cls, condition: Condition | None, rows: Rows, cores: int, rules: Rules) -> Bucket:
        """A bucket whose members, the first ``cores`` of them core, and clauses and lookalikes are arrays."""
        bucket = cls.__new__(cls)
        bucket.condition = condition
        bucket.__dict__.update(rows=rows, rules=rules, _cores=cores)
        return bucket

    @cached_property
    def members(self) -> list[int]:
        """Global row numbers."""
        members: list[int] = self.rows.tolist()
        return members

    @property
    def is_empty(self) -> bool:
        """Whether it has no member, which in a partial model stands for a leaf that is missing."""
        members = self.__dict__.get("members")
        return not (len(self.rows) if members is None else members)

    @cached_property
    def origins(self) -> list[str]:
        """``"c"`` (core) or ``"n"`` (noise) of each member."""
        cores: int = self.__dict__["_cores"]
        return ["c"] * cores + ["n"] * (len(self.rows) - cores)

    @cached_property
    def rules(self) -> Rules:
        """Clauses and lookalikes as arrays."""
        return Rules.of(self.clauses, self.lookalikes)

    @cached_property
    def rows(self) -> Rows:
        """The members as an array."""
        return np.fromiter(self.members, dtype=np.intp, count=len(self.members))

    @cached_property
    def clauses(self) -> list[tuple[Literal, ...]]:
        """The clauses, each a tuple of literals."""
        return self.rules.clauses()

    @cached_property
    def lookalikes(self) -> list[list[list[int]]]:
        """For each member its conds."""
        return self.rules.lookalikes(len(self.members))

    def content(self) -> tuple[Any, ...]:
        """All five parts, as they were given or as lists."""
        return self.condition, self.members, self.origins, self.clauses, self.lookalikes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bucket) and self.content() == other.content()

    __hash__ = None  # type: ignore[assignment]  # it holds lists

    def __repr__(self) -> str:
        return f"Bucket{self.content()!r}"
