"""The population's file: what a shard loads is what stage had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snakebatch.engine.intake import digest, read_rows
from snakebatch.engine.population import Population
from snakebatch.errors import ChecksumError
from snakebatch.mesh.population_cache import PopulationCache
from snakebatch.mesh.population_file import from_bytes, to_bytes

CELLS = st.one_of(st.text(max_size=6), st.floats(allow_nan=False, allow_infinity=False), st.integers(-5, 5))
TARGETS = st.one_of(st.sampled_from(["a", "é", "1.5"]), st.sampled_from([{"k": [1]}, [2]]), st.booleans())


def population(rows: list[dict[str, Any]]) -> Population:
    return read_rows(rows, "y").population


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"y": TARGETS, "a": CELLS, "b": st.text(max_size=4)}), min_size=1, max_size=9
    )
)
def test_any_population_comes_back_whole(rows: list[dict[str, Any]]) -> None:
    before = population(rows)
    data = to_bytes(before)
    after = from_bytes(data)
    assert [after.row(index) for index in range(len(after))] == [before.row(i) for i in range(len(before))]
    assert digest(after) == digest(before)
    assert to_bytes(after) == data


def test_wide_vocabularies_keep_their_codes() -> None:
    before = population([{"y": number % 2, "t": f"text {number}"} for number in range(70_000)])
    after = from_bytes(to_bytes(before))
    assert after.row(69_999) == before.row(69_999)
    assert digest(after) == digest(before)


def test_damage_is_noticed() -> None:
    data = to_bytes(population([{"y": 1, "x": 2.5}, {"y": 0, "x": 3.5}]))
    with pytest.raises(ChecksumError, match="checksum"):
        from_bytes(data[:-1] + b"\x01")
    with pytest.raises(ChecksumError, match="no population"):
        from_bytes(b"x,y\n1,2\n")


def test_no_flipped_bit_and_no_missing_end_gives_another_population() -> None:
    """The header too: a digit of a class's name decides what a model predicts."""
    data = to_bytes(population([{"y": "class 1", "x": "a"}, {"y": "class 0", "x": "b"}]))
    damaged = [bytes([*data[:place], data[place] ^ 1, *data[place + 1 :]]) for place in range(len(data))]
    for wrong in [*damaged, *(data[:length] for length in range(len(data)))]:
        with pytest.raises(ChecksumError, match=r"delete it from the job's folder and start the job again"):
            from_bytes(wrong)


class Counted:
    """A population file that counts how often it is fetched."""

    def __init__(self, value: float) -> None:
        self.data = to_bytes(population([{"y": 1, "x": value}, {"y": 0, "x": 1.0}]))
        self.fetched = 0

    def __call__(self) -> bytes:
        self.fetched += 1
        return self.data


def test_a_cache_fetches_once_then_reads_memory_then_disk(tmp_path: Path) -> None:
    source = Counted(2.0)
    cache = PopulationCache(tmp_path)
    assert cache.get("one", source) is cache.get("one", source)
    assert PopulationCache(tmp_path).get("one", source).row(0) == {"y": 1, "x": 2.0}
    assert source.fetched == 1


def test_a_cache_is_bounded_in_memory_and_on_disk(tmp_path: Path) -> None:
    sources = [Counted(float(number)) for number in range(4)]
    room = 2 * len(sources[0].data) + 50
    cache = PopulationCache(tmp_path, in_memory=1, on_disk=room)
    kept = [cache.get(str(number), source) for number, source in enumerate(sources)]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= room
    assert len(list(tmp_path.iterdir())) == 2
    assert cache.get("3", sources[3]) is kept[3]
    cache.get("0", sources[0])
    assert [source.fetched for source in sources] == [2, 1, 1, 1]


def test_a_file_larger_than_the_disk_is_kept_in_memory_alone(tmp_path: Path) -> None:
    source = Counted(2.0)
    cache = PopulationCache(tmp_path, on_disk=10)
    assert cache.get("one", source) is cache.get("one", source)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_on_disk_is_fetched_again(tmp_path: Path) -> None:
    source = Counted(2.0)
    PopulationCache(tmp_path).get("one", source)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"SNAKEPO2 damaged")
    assert PopulationCache(tmp_path).get("one", source).row(0)["x"] == 2.0
    assert source.fetched == 2


def test_a_file_that_came_damaged_is_named_and_not_kept(tmp_path: Path) -> None:
    source = Counted(2.0)
    source.data = source.data[:-1] + bytes([source.data[-1] ^ 1])
    with pytest.raises(ChecksumError, match=r"^population-0a1b: the population file is not what"):
        PopulationCache(tmp_path).get("0a1b", source)
    assert list(tmp_path.iterdir()) == []
