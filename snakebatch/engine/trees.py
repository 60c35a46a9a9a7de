"""Random trees over the members of buckets: what many clauses have in common is drawn once.

A clause for a member F has to be true on every member of another class. Where a tree cuts the bucket, one
literal does part of that for all members on F's side; so a clause begins with the literals of its leaf, and
what the leaf still holds of other classes is left to be opposed one by one. A cut is the best of a few
candidates that oppose two members of its node: the one after which F's class mixes least with the others
(the sum of both sides' Gini impurity). Cuts that would only peel off a few rows are not made, so depth is
logarithmic; such a node stays a leaf.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from snakebatch.engine.arrays import Flags, Floats, Ints
from snakebatch.engine.bits import Bits, count, is_set, nth_set
from snakebatch.engine.camps import Camps
from snakebatch.engine.candidates import Candidates, join
from snakebatch.engine.drafts import Step
from snakebatch.engine.draws import Words, below_many, mix_many
from snakebatch.engine.oppose import Opposer

LEAST_SIDE = 12
"""A side of a cut has at least one in so many rows of its node."""

_F, _T, _CUT, _SIDE = 1, 2, 3, 4
"""What a draw is for."""


class _Nodes(NamedTuple):
    """Nodes of one level: the tree of each, its key, its rows, and the cut and side it hangs on.

    ``link`` is 2 x the cut's number + side (0 inside the cut's interval, 1 outside), -1 at the root.
    """

    tree: Ints
    key: Words
    rows: Bits
    link: Ints

    def take(self, chosen: Ints) -> _Nodes:
        return _Nodes(self.tree[chosen], self.key[chosen], self.rows[chosen], self.link[chosen])


class Trees:
    """``t`` trees over groups of measured rows, grown together.

    leaf       (t, width) the leaf of each row of the tree's group, 0 where the group has no such row
    leaf_rows  (leaves, words) the rows of each leaf
    """

    def __init__(self, opposer: Opposer, camps: Camps, group: Ints, keys: Words, lookahead: int) -> None:
        """One tree for each ``group`` and key."""
        self._opposer = opposer
        self._group = group
        self._camps = camps
        self._lookahead = lookahead
        measured = opposer.measured
        self.leaf: Ints = np.zeros((len(group), measured.width), dtype=np.int64)
        self._cuts: list[Candidates] = []
        self._none = Candidates.none()
        self._true_parts: list[Bits] = []
        self._parents: list[Ints] = []
        self._leaf_parts: list[_Nodes] = []
        self._n_cuts = self._n_leaves = 0
        self._grow(_Nodes(np.arange(len(group)), keys, measured.everything[group], np.full(len(group), -1)))
        leaves = [np.concatenate(arrays) for arrays in zip(*self._leaf_parts, strict=True)]
        self.leaf_rows: Bits = leaves[2]
        self._leaf_link: Ints = leaves[3]
        self._true_on: Bits = np.concatenate(self._true_parts or [np.empty((0, measured.words), np.uint64)])
        self._parent: Ints = np.concatenate([*self._parents, np.empty(0, dtype=np.int64)])
        self._cut = join(self._cuts) if self._cuts else None
        # They are rows x rows of bits, and the trees live as long as their buckets are covered.
        del self._cuts, self._true_parts, self._parents, self._leaf_parts

    def steps(self, leaf: Ints) -> list[Step]:
        """The literals on the way to each leaf, root first, each false on the leaf's side."""
        steps: list[Step] = []
        link = self._leaf_link[leaf]
        clause = np.flatnonzero(link >= 0)
        while len(clause) and self._cut is not None:
            side = link[clause]
            cut = side >> 1
            literal = self._cut.take(cut)
            literal.outside = (side & 1) == 0
            steps.append(Step(clause, literal, self._true_on[side]))
            link[clause] = self._parent[cut]
            clause = clause[link[clause] >= 0]
        return steps[::-1]

    def _grow(self, nodes: _Nodes) -> None:
        measured = self._opposer.measured
        tree, row = np.nonzero(measured.real[self._group])
        node = tree
        while len(nodes.tree):
            split, cuts, inside = self._cuts_of(nodes)
            whole = np.flatnonzero(~split)
            number = np.empty(len(split), dtype=np.int64)
            number[whole] = np.arange(len(whole)) + self._n_leaves
            self._n_leaves += len(whole)
            self._leaf_parts.append(nodes.take(whole))
            stays = ~split[node]
            self.leaf[tree[stays], row[stays]] = number[node[stays]]
            chosen = np.flatnonzero(split)
            if not len(chosen):
                break
            tree, row, node = tree[~stays], row[~stays], node[~stays]
            number[chosen] = np.arange(len(chosen))
            node = number[node]
            node = 2 * node + ~is_set(inside, node, row)
            nodes = self._children(nodes.take(chosen), inside)
            self._cuts.append(cuts)
            self._n_cuts += len(chosen)

    def _cuts_of(self, nodes: _Nodes) -> tuple[Flags, Candidates, Bits]:
        """Which nodes are cut; the literals that cut those, and the rows inside them."""
        opposer, lookahead = self._opposer, self._lookahead
        group = self._group[nodes.tree]
        size = count(nodes.rows)
        f_row = nth_set(nodes.rows, below_many(mix_many(nodes.key, _F), size))
        others = nodes.rows & ~self._camps.rows[self._camps.kin_of[group, f_row]]
        n_others = count(others)
        split = n_others > 0
        chosen = np.flatnonzero(split)
        if not len(chosen):
            return split, self._none, nodes.rows[:0]
        key, rows, others = nodes.key[chosen], nodes.rows[chosen], others[chosen]
        size, n_others = size[chosen], n_others[chosen]
        t_row = nth_set(others, below_many(mix_many(key, _T), n_others))
        drawn = opposer.draw(group[chosen], t_row, f_row[chosen], mix_many(key, _CUT), lookahead)
        inside = opposer.inside(drawn).reshape(len(chosen), lookahead, -1)
        held = count(inside & rows[:, None, :])
        held_others = count(inside & others[:, None, :])
        mixed = _impurity(held, held_others, size[:, None], n_others[:, None])
        fits = LEAST_SIDE * np.minimum(held, size[:, None] - held) >= size[:, None]
        mixed[~fits] = np.inf
        best = np.argmin(mixed, axis=1)
        cut = fits[np.arange(len(chosen)), best]
        split[chosen] = cut
        place = (np.arange(len(chosen)) * lookahead + best)[cut]
        return split, drawn.take(place), inside.reshape(-1, inside.shape[-1])[place]

    def _children(self, nodes: _Nodes, inside: Bits) -> _Nodes:
        """Two for each node: what is inside its cut, and what is outside."""
        everything = self._opposer.measured.everything[self._group[nodes.tree]]
        true_on = np.stack([everything & ~inside, inside], axis=1)
        self._true_parts.append(true_on.reshape(-1, inside.shape[-1]))
        self._parents.append(nodes.link)
        sides = np.array([0, 1])
        cut = self._n_cuts + np.arange(len(nodes.tree))
        rows = nodes.rows[:, None, :] & ~true_on
        return _Nodes(
            np.repeat(nodes.tree, 2),
            mix_many(nodes.key[:, None], _SIDE, sides).ravel(),
            rows.reshape(-1, rows.shape[-1]),
            (2 * cut[:, None] + sides).ravel(),
        )


def _impurity(held: Ints, held_others: Ints, size: Ints, n_others: Ints) -> Floats:
    """How much F's class mixes with the others on both sides of a cut: the sum of n x p x (1 - p)."""
    inside = (held - held_others) * held_others / np.maximum(held, 1)
    beyond, beyond_others = size - held, n_others - held_others
    mixed: Floats = inside + (beyond - beyond_others) * beyond_others / np.maximum(beyond, 1)
    return mixed
