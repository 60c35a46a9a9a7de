"""What the members of a bucket vote by, as arrays: literals end to end, clauses, and the conds of members.

Training makes these arrays and inference asks them; the lists of model.json are made from them only when
somebody looks. A regression has a clause for every row, and making its literals one by one would cost more
than finding them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.literal import Literal
from snakebatch.engine.profiles import TAG_NUMBERS, TAGS

Ints = NDArray[np.int64]

UNKNOWN = -1
"""The number of a tag that the format does not have: such a literal never holds."""


@dataclass(frozen=True)
class Rules:
    """``l`` literals of ``c`` clauses, and ``k`` conds.

    column, tag, value, negat   (l,) of each literal: header index, number in ``TAGS``, value, negation
    odd                         literal -> its value, where that is not a float (a text, a range...)
    clause_starts               (c + 1,) clause j has the literals ``clause_starts[j]:clause_starts[j + 1]``
    cond_member                 (k,) position of the member that each cond belongs to, ascending
    cond_starts                 (k + 1,) cond i has the clauses ``cond_clauses[cond_starts[i]:...[i + 1]]``
    cond_clauses                clause numbers of all conds, end to end
    """

    column: Ints
    tag: Ints
    value: NDArray[np.float64]
    negat: NDArray[np.bool_]
    odd: Mapping[int, Any]
    clause_starts: Ints
    cond_member: Ints
    cond_starts: Ints
    cond_clauses: Ints

    @property
    def size(self) -> int:
        """How many literals and conds there are."""
        return len(self.column) + len(self.cond_member)

    @classmethod
    def of(cls, clauses: Sequence[Sequence[Literal]], lookalikes: Sequence[Sequence[Sequence[int]]]) -> Rules:
        """From the lists of model.json."""
        literals = list(chain.from_iterable(clauses))
        values = [literal.value for literal in literals]
        conds = list(chain.from_iterable(lookalikes))
        return cls(
            column=_ints([literal.column for literal in literals]),
            tag=_ints([TAG_NUMBERS.get(literal.tag, UNKNOWN) for literal in literals]),
            value=np.array([value if type(value) is float else 0.0 for value in values], dtype=np.float64),
            negat=np.array([literal.negat for literal in literals], dtype=np.bool_),
            odd={place: value for place, value in enumerate(values) if type(value) is not float},
            clause_starts=starts_of(list(map(len, clauses))),
            cond_member=np.repeat(np.arange(len(lookalikes)), list(map(len, lookalikes))),
            cond_starts=starts_of(list(map(len, conds))),
            cond_clauses=_ints(list(chain.from_iterable(conds))),
        )

    def clauses(self) -> list[tuple[Literal, ...]]:
        """The clauses as model.json has them."""
        values: list[Any] = self.value.tolist()
        for place, value in self.odd.items():
            values[place] = value
        tags = map(TAGS.__getitem__, self.tag.tolist())
        literals = list(map(Literal, self.column.tolist(), values, self.negat.tolist(), tags))
        return [tuple(literals[start:end]) for start, end in pairwise(self.clause_starts.tolist())]

    def literal(self, place: int) -> Literal:
        """One literal; its tag is empty where the format does not have it."""
        tag = int(self.tag[place])
        return Literal(
            int(self.column[place]),
            self.odd.get(place, float(self.value[place])),
            bool(self.negat[place]),
            "" if tag == UNKNOWN else TAGS[tag],
        )

    def lookalikes(self, n_members: int) -> list[list[list[int]]]:
        """For each member its conds, as model.json has them."""
        found: list[list[list[int]]] = [[] for _ in range(n_members)]
        numbers = self.cond_clauses.tolist()
        ends = pairwise(self.cond_starts.tolist())
        for member, (start, end) in zip(self.cond_member.tolist(), ends, strict=True):
            found[member].append(numbers[start:end])
        return found


def joined_literals(rules: Sequence[Rules]) -> Rules:
    """The literals of several buckets, end to end, as clauses of one literal without conds."""
    odd: dict[int, Any] = {}
    size = 0
    for one in rules:
        odd.update(zip(map(size.__add__, one.odd), one.odd.values(), strict=True))
        size += len(one.column)
    none = np.zeros(0, dtype=np.int64)
    return Rules(
        column=np.concatenate([one.column for one in rules]),
        tag=np.concatenate([one.tag for one in rules]),
        value=np.concatenate([one.value for one in rules]),
        negat=np.concatenate([one.negat for one in rules]),
        odd=odd,
        clause_starts=np.arange(size + 1),
        cond_member=none,
        cond_starts=np.zeros(1, dtype=np.int64),
        cond_clauses=none,
    )


def no_clauses(n_members: int) -> Rules:
    """The rules of a bucket of one class: each member has one cond, without clauses, and always votes."""
    nothing = Rules.of([], [])
    return replace(
        nothing, cond_member=np.arange(n_members), cond_starts=np.zeros(n_members + 1, dtype=np.int64)
    )


def _ints(numbers: Sequence[int]) -> Ints:
    return np.array(numbers, dtype=np.int64)


def starts_of(lengths: Sequence[int] | Ints) -> Ints:
    """Where each of some lists begins when they stand end to end, and where the last one ends."""
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts
