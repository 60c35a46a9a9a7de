"""Rules: the two forms of a bucket's clauses and conds say the same."""

from __future__ import annotations

import numpy as np
import pytest

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.literal import Literal
from snakebatch.engine.rules import UNKNOWN, Rules, no_clauses

CLAUSES = [
    (Literal(1, 0.5, False, "N"), Literal(2, "red", True, "TEQ")),
    (Literal(3, [0.25, 1.0], False, "NRG"),),
    (),
    (Literal(1, 3, True, "ND"), Literal(1, -0.0, True, "N")),
]
LOOKALIKES = [[[0, 1]], [], [[2], [], [3, 1]], [[]]]


def test_lists_to_arrays_and_back():
    rules = Rules.of(CLAUSES, LOOKALIKES)
    assert rules.clauses() == CLAUSES
    assert repr(rules.clauses()) == repr(CLAUSES), "an int stays an int, -0.0 keeps its sign"
    assert rules.lookalikes(4) == LOOKALIKES
    assert rules.clause_starts.tolist() == [0, 2, 3, 3, 5]
    assert rules.cond_member.tolist() == [0, 2, 2, 2, 3]


def test_a_bucket_is_the_same_from_either_form():
    given = Bucket(None, [4, 5, 6, 7], ["c", "c", "c", "n"], CLAUSES, LOOKALIKES)
    made = Bucket.of_rules(None, np.array([4, 5, 6, 7]), 3, given.rules)
    assert made == given
    assert repr(made) == repr(given)
    assert made != Bucket.of_rules(None, np.array([4, 5, 6, 8]), 3, given.rules)


def test_a_bucket_of_one_class_has_a_cond_without_clauses_for_every_member():
    assert no_clauses(3).lookalikes(3) == [[[]]] * 3
    assert no_clauses(3).clauses() == []


@pytest.mark.parametrize("tag", ["XYZ", ""])
def test_a_tag_that_the_format_lacks_has_no_number(tag: str):
    assert Rules.of([(Literal(1, 1.0, False, tag),)], [[[0]]]).tag.tolist() == [UNKNOWN]
