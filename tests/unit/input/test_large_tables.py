"""Tables of a gigabyte and more, and bombs, as data sets: refused after reading a fraction of them.

Time is bounded by the bytes that are asked for, memory by the system: see tests/support/hostile_streams.py.
"""

from __future__ import annotations

import re

import pytest

from snakebatch.mesh import dataset
from tests.support.hostile_streams import BOMB_LIMIT, GB, ROOM, STREAMS, look_within_limits


@pytest.mark.parametrize("name", STREAMS)
def test_a_large_table_is_refused_or_read_in_bounded_memory(name: str) -> None:
    stream = STREAMS[name]
    found = look_within_limits(name)
    assert found["taken"] <= stream.most
    if stream.refused is None:
        assert found["error"] is None
    else:
        assert found["error"] == "InputError"
        assert re.search(stream.refused, found["message"]), found["message"]


def test_the_limits_of_the_test_are_below_what_is_asked_for() -> None:
    assert ROOM < GB // 2
    assert dataset.MOST_UNPACKED == 16 * GB
    assert BOMB_LIMIT < ROOM
