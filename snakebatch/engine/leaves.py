"""Where clauses begin: every member in its leaf of a random tree, one tree for a bucket and cover."""

from __future__ import annotations

import numpy as np

from snakebatch.engine.arrays import Ints
from snakebatch.engine.bits import Bits
from snakebatch.engine.camps import COVERS, Camps
from snakebatch.engine.drafts import Step
from snakebatch.engine.draws import mix_many
from snakebatch.engine.oppose import Opposer
from snakebatch.engine.trees import Trees

_TREE = 3
"""What the key of a tree is for."""


class Leaves:
    """The leaves of the trees of some camps' buckets and covers."""

    def __init__(self, opposer: Opposer, camps: Camps, camp: Ints, lookahead: int) -> None:
        group_of = camps.group_of
        tree_of = group_of * COVERS + camps.cover
        wanted = np.unique(tree_of[camp])
        self._tree = np.searchsorted(wanted, tree_of)
        keys = mix_many(opposer.measured.keys[wanted // COVERS], _TREE, wanted % COVERS)
        self._trees = Trees(opposer, camps, wanted // COVERS, keys, lookahead)

    def in_turn(self, camp: Ints, row: Ints) -> tuple[Ints, Ints]:
        """Members by camp: the first one of every leaf, the largest leaf first, then another one of each.

        Those of a leaf keep the order in which they come.
        """
        leaf = self._leaf(camp, row)
        pair = camp * (leaf.max() + 1) + leaf
        order = np.argsort(pair, kind="stable")
        camp, row, pair = camp[order], row[order], pair[order]
        starts = np.flatnonzero(np.diff(pair, prepend=-1))
        size = np.diff(starts, append=len(pair))
        nth = np.arange(len(pair)) - np.repeat(starts, size)
        order = np.lexsort((-np.repeat(size, size), nth, camp))
        return camp[order], row[order]

    def begin(self, camp: Ints, row: Ints) -> tuple[list[Step], Bits]:
        """The literals of each member's leaf, and the rows (members, words) of that leaf, on which they are
        false."""
        leaf = self._leaf(camp, row)
        return self._trees.steps(leaf), self._trees.leaf_rows[leaf]

    def _leaf(self, camp: Ints, row: Ints) -> Ints:
        found: Ints = self._trees.leaf[self._tree[camp], row]
        return found
