"""Draws: the scalar and the array form agree, and depend on nothing but their key and counters."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from snakebatch.engine.draws import below, below_many, derive_key, mix, mix_many
from snakebatch.engine.literal import Literal

PINNED = 11527912366928317210

_WORD = st.integers(0, 2**64 - 1)


@given(key=_WORD, counters=st.lists(_WORD, max_size=4), limit=st.integers(1, 2**32 - 1))
def test_arrays_and_scalars_draw_the_same(key, counters, limit):
    many = mix_many(key, *(np.array([counter, 7], dtype=np.uint64) for counter in counters))
    one = mix(key, *counters)
    assert int(many[0]) == one
    assert int(below_many(many, limit)[0]) == below(one, limit)
    assert 0 <= below(one, limit) < limit


def test_a_draw_does_not_depend_on_its_batch():
    together = mix_many(5, np.arange(100), 3)
    alone = [mix_many(5, np.array([row]), 3)[0] for row in range(100)]
    assert together.tolist() == alone


def test_keys_are_pinned():
    """A change of these numbers changes every model: raise version.ENGINE with it."""
    path = (Literal(1, 5.5, False, "N"), Literal(2, "é", True, "TEQ"))
    assert derive_key(7, 0, ()) == derive_key(7, 0, [])
    keys = [derive_key(7, 0, path), derive_key(7, 1, path), derive_key(8, 0, path), derive_key(7, 0, path, 0)]
    assert len(set(keys)) == 4
    assert mix(derive_key(7, 2, path, 1), 1, 2) == PINNED


def test_draws_below_a_limit_are_even():
    counts = np.bincount(below_many(mix_many(9, np.arange(60_000)), 6), minlength=6)
    assert (np.abs(counts - 10_000) < 500).all()
