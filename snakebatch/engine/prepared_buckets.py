"""Buckets made ready to be asked: their literals as comparisons, their conds without repetitions.

All buckets that a question meets for the first time are prepared together, since arrays as short as a
bucket's cost more to set up than to work through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.clause_literals import ClauseLiterals, clause_literals
from snakebatch.engine.distinct_conds import DistinctConds, distinct_conds
from snakebatch.engine.thresholds import Measures


class PreparedBucket(NamedTuple):
    """What votes in a bucket."""

    literals: ClauseLiterals
    conds: DistinctConds


def prepare(
    buckets: Sequence[Bucket], codes: NDArray[np.int32], n_classes: int, measures: Measures
) -> list[PreparedBucket]:
    """The buckets made ready; ``codes`` are the classes, of ``n_classes``, of the population's rows."""
    if not buckets:
        return []
    rules = [bucket.rules for bucket in buckets]
    member_codes = [codes[bucket.rows][one.cond_member] for bucket, one in zip(buckets, rules, strict=True)]
    literals = clause_literals(rules, measures)
    conds = distinct_conds(rules, member_codes, n_classes)
    return list(map(PreparedBucket, literals, conds))
