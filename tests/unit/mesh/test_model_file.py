"""The compact model: the same answers from fewer bytes, and no damage goes unseen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snakebatch.engine.answers import MODES, answer
from snakebatch.engine.model import Model
from snakebatch.errors import ChecksumError, ModelError
from snakebatch.mesh.canonical import content_hash
from snakebatch.mesh.model_cache import ModelCache
from snakebatch.mesh.model_file import from_bytes, named, to_bytes
from tests.support.handlers import ROOT
from tests.support.predictions import queries, small_snake

VECTORS = sorted((ROOT / "tests/data/vectors").glob("*.model.json"))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.name.removesuffix(".model.json"))
def test_a_compact_model_has_the_layers_of_its_model_json_and_answers_alike(path: Path) -> None:
    model = Model.read(path)
    data = to_bytes(model)
    compact = from_bytes(data)

    assert compact.layers == model.layers
    assert to_bytes(compact) == data
    assert len(data) < path.stat().st_size / 2
    for mode in MODES:
        try:
            wanted = answer(model, model.population, mode)
        except ModelError:
            continue  # a regression of labels, which Divide refuses
        # As texts: 1.0 and 1 are equal, and not the same answer.
        assert json.dumps(answer(compact, model.population, mode)) == json.dumps(wanted)


def content(**change: Any) -> dict[str, Any]:
    """A model of one bucket, as a later format or another trainer may write it."""
    bucket = {
        "condition": None,
        "members": [2, 0, 1],
        "origins": ["n", "c", "n"],
        "clauses": [[[1, 0.5, False, "NEW"], [1, 2, True, "N"]], [[1, [0, 1.5], True, "NRG"]]],
        "lookalikes": {"0": [[0], [1]], "1": [], "2": [[]]},
    }
    return {"header": ["y", "x"], "datatypes": ["I", "N"], "targets": [0, 1, 1], "stripped": True,
            "layers": [[bucket | change]]}  # fmt: skip


def test_what_only_other_trainers_write_is_kept() -> None:
    """A tag that the format does not have, whole numbers as values, members in any order."""
    model = Model.read(content())
    compact = from_bytes(to_bytes(model))
    assert compact.layers == model.layers
    assert compact.layers[0][0].clauses[0][0].tag == "NEW"
    rows = [{"x": value} for value in (-1, 0.5, 1, 2, 3)]
    assert answer(compact, rows, "probability") == answer(model, rows, "probability")


def test_a_model_and_its_stripped_form_are_one_compact_model(tmp_path: Path) -> None:
    full, stripped = tmp_path / "full.json", tmp_path / "stripped.json"
    small_snake().to_json(full)
    small_snake().to_json(stripped, stripped=True)
    assert to_bytes(Model.read(full)) == to_bytes(Model.read(stripped))


def test_every_damaged_byte_is_noticed() -> None:
    data = to_bytes(small_snake().model)
    for place in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[place] ^= 0x40
        with pytest.raises(ChecksumError, match="ask again"):
            from_bytes(bytes(damaged))
    for end in (0, 7, 20, len(data) // 2, len(data) - 1):
        with pytest.raises(ChecksumError):
            from_bytes(data[:end])


def test_another_model_under_its_name_is_refused() -> None:
    data = to_bytes(small_snake().model)
    assert named(content_hash(data), data) is data
    with pytest.raises(ChecksumError, match="its name"):
        named(content_hash(data), to_bytes(Model.read(content())))


def test_a_cache_keeps_models_beside_populations_within_one_bound(tmp_path: Path) -> None:
    data = to_bytes(small_snake().model)
    cache = ModelCache(tmp_path, in_memory=1, on_disk=len(data) + 10)
    (tmp_path / "old.population.cached").write_bytes(bytes(len(data)))
    model = cache.get("one", lambda: data)
    assert [path.name for path in tmp_path.iterdir()] == ["one.model.cached"]
    assert cache.get("one", lambda: b"") is model
    cold = ModelCache(tmp_path).get("one", lambda: b"")
    assert answer(cold, queries(9), "candle") == answer(model, queries(9), "candle")


def test_memory_is_bounded_by_bytes_and_the_last_one_stays(tmp_path: Path) -> None:
    data = to_bytes(small_snake().model)
    cache = ModelCache(tmp_path, memory_bytes=2 * len(data))
    kept = [cache.get(name, lambda: data) for name in ("a", "b", "c")]
    for name, model in (("c", kept[2]), ("b", kept[1])):
        assert cache.get(name, lambda: data) is model
    assert cache.get("a", lambda: data) is not kept[0]
    small = ModelCache(tmp_path, memory_bytes=1)
    assert small.get("a", lambda: data) is small.get("a", lambda: data)


def test_a_large_model_is_let_go_after_its_votes_were_told(tmp_path: Path) -> None:
    data = to_bytes(small_snake().model)
    cache = ModelCache(tmp_path)
    model = cache.get("one", lambda: data)
    cache.forget_larger("one", len(data))
    assert cache.get("one", lambda: b"") is model
    cache.forget_larger("one", len(data) - 1)
    again = cache.get("one", lambda: b"")
    assert again is not model
    assert again.layers == model.layers


def test_what_is_damaged_in_s3_never_comes_to_the_disk(tmp_path: Path) -> None:
    with pytest.raises(ChecksumError):
        ModelCache(tmp_path).get("one", lambda: b"SNAKEMO1 damaged")
    assert list(tmp_path.iterdir()) == []
