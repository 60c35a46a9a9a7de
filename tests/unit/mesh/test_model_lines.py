"""A compact model made line by line: the same bytes in less memory, and nothing wrong goes unseen."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from snakebatch.engine.model import Model
from snakebatch.errors import ModelError
from snakebatch.mesh.model_file import to_bytes
from snakebatch.mesh.model_lines import Compacted, OtherLayoutError, compacted
from snakebatch.snake import Snake
from tests.support.handlers import ROOT

VECTORS = sorted((ROOT / "tests/data/vectors").glob("*.model.json"))
PLENTY = 1 << 30


def text_of(model: Model, *, stripped: bool = False) -> bytes:
    """model.json as we write it."""
    return "".join(model.pieces(stripped=stripped)).encode()


def read(text: bytes, most_bytes: int = PLENTY) -> Compacted:
    return compacted(iter(text.splitlines()), most_bytes)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.name.removesuffix(".model.json"))
def test_line_by_line_gives_the_bytes_of_the_whole(path: Path) -> None:
    model = Model.read(path)
    for stripped in (False, True):
        found = read(text_of(model, stripped=stripped))
        assert found == (to_bytes(model), stripped, model.header, model.datatypes, len(model.classes))


def test_a_file_in_another_layout_or_cut_short_is_left_to_the_parser() -> None:
    model = Model.read(VECTORS[0])
    text = text_of(model)
    with pytest.raises(OtherLayoutError):
        read(VECTORS[0].read_bytes())
    with pytest.raises(OtherLayoutError):
        read(json.dumps(json.loads(text), indent=1).encode())
    for end in range(0, len(text) - 3, 97):
        with pytest.raises((OtherLayoutError, ModelError)):
            read(text[:end])
    with pytest.raises(OtherLayoutError):
        read(text + b'"more"\n')


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"members":[', b'"members":[123456,', "members"),
        (b'"datatypes":[', b'"datatypes":["N",', "datatypes"),
        (b'"targets":[', b'"targets":[true,null,', "targets"),
        (b'"population":[\n', b'"population":[\n{},\n', "population"),
    ],
)
def test_what_is_wrong_is_named(old: bytes, new: bytes, says: str) -> None:
    text = text_of(Model.read(ROOT / "tests/data/vectors/integer-target.model.json"))
    assert old in text
    with pytest.raises(ModelError, match=says):
        read(text.replace(old, new, 1))


def test_a_model_that_is_too_large_is_refused_before_it_is_read_to_its_end() -> None:
    lines = iter(text_of(Model.read(VECTORS[0])).splitlines())
    with pytest.raises(ModelError, match="more than the 10 bytes"):
        compacted(lines, 10)
    assert len(list(lines)) > 1


def test_memory_holds_what_the_compact_file_will_not_the_model(tmp_path: Path) -> None:
    """Of twice the layers, reading takes a fraction more of what parsing does."""
    rows = [{"y": n % 2, "x": n * 7919 % 2003 / 7, "z": n * 104729 % 1009} for n in range(1_500)]
    snake = Snake(rows, target_index="y", n_layers=4, bucket=50, tau=100, noise=0, seed=1)
    by_lines, whole = [], []
    for layers in (2, 4):
        path = tmp_path / f"{layers}.json"
        snake.model.with_layers(range(layers)).write(path)
        by_lines.append(_peak(partial(_compact, path)))
        whole.append(_peak(partial(_parse, path)))
    assert 4 * (by_lines[1] - by_lines[0]) < whole[1] - whole[0]


def _compact(path: Path) -> object:
    return compacted(_lines(path), PLENTY)


def _parse(path: Path) -> object:
    return to_bytes(Model.read(path))


def _peak(action: Callable[[], object]) -> int:
    """The most bytes that an action held."""
    tracemalloc.start()
    action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")
