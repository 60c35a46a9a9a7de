"""The handlers of predictions, with the files of events/: one step after another, and what each refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snakebatch.engine.answers import MODES, POPULATION_MODES
from snakebatch.errors import (
    ChecksumError,
    InputError,
    InvariantError,
    MeshError,
    ModelError,
    StrippedModelError,
)
from snakebatch.mesh import prediction_models
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.prediction_dividing import INLINE
from snakebatch.mesh.prediction_store import PredictionStore
from tests.support.handlers import Context, event, load
from tests.support.mesh import BUCKET, MeshBench
from tests.support.predictions import KEY, in_process, queries, write_models


class Bench:
    """Both handlers, loaded once as an environment keeps them, in a bucket with the small model."""

    def __init__(self, mesh: MeshBench, folder: Path) -> None:
        write_models(folder, mesh.s3, BUCKET)
        self.mesh = mesh
        self.store = PredictionStore(Objects(mesh.s3, BUCKET))
        self.predict, self.shard = load("predict"), load("shard")

    def run(self, module: Any, payload: dict[str, Any]) -> dict[str, Any]:
        answer = module.handler(json.loads(json.dumps(payload)), Context())
        result: dict[str, Any] = json.loads(json.dumps(answer))
        return result

    def divide(self, name: str = "predict-divide", **change: Any) -> dict[str, Any]:
        """The step ``divide`` of an event file, asked about the small model."""
        asked = event(name)
        rows = {"rows": queries(2)} if "rows" in asked["input"] else {}
        asked["input"] |= {"model": f"s3://{BUCKET}/{KEY}", **rows, **change}
        return self.run(self.predict, asked)

    def answer(self, divided: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
        """A shard's result for an item of the Map, as the ItemSelector asks for it."""
        asked = {name: divided["asked"][name] for name in ("execution", "model", "mode", "inline")}
        return self.run(self.shard, event("shard-predict") | asked | item)

    def keys(self, prefix: str) -> list[str]:
        return list(self.store.objects.keys(prefix))


@pytest.fixture
def bench(deployed: MeshBench, tmp_path: Path) -> Bench:
    return Bench(deployed, tmp_path)


@pytest.mark.parametrize("mode", MODES)
def test_a_small_batch_travels_inline_and_leaves_nothing_in_s3(bench: Bench, mode: str) -> None:
    divided = bench.divide(mode=mode, rows=queries(3))
    (item,) = divided["items"]
    result = bench.answer(divided, item)
    assert [json.loads(line) for line in result["answers"].split("\n")] == in_process(mode, 3)
    assert bench.keys("predictions/") == []


def test_rows_and_answers_that_are_large_go_by_s3(bench: Bench) -> None:
    divided = bench.divide(mode="audit", rows="\n".join(map(json.dumps, queries(2_700))))
    assert len(divided["items"]) == 27
    assert all(item["rows"] is None for item in divided["items"])
    results = [bench.answer(divided, item) for item in divided["items"][:2]]
    assert [result["answers"] for result in results] == [None, None]
    lines = bench.store.answers(divided["asked"]["execution"], 1).split("\n")
    assert list(map(json.loads, lines)) == in_process("audit", 200)[100:]
    assert max(len(json.dumps(found)) for found in [divided, *results]) < INLINE


def test_a_file_is_divided_answered_and_gathered(bench: Bench) -> None:
    bench.mesh.s3.put_object(
        Bucket=BUCKET, Key="datasets/new.jsonl", Body="\n".join(map(json.dumps, queries(2_600))).encode()
    )
    divided = bench.divide("predict-divide-file", mode="lookalikes", data=f"s3://{BUCKET}/datasets/new.jsonl")
    assert len(json.dumps(divided)) < 4096
    items = json.loads(bench.store.objects.get(divided["items"]))
    assert [item["n"] for item in items] == [2_500, 100]
    for item in reversed(items):
        assert bench.answer(divided, item)["answers"] is None
    gathered = bench.run(bench.predict, event("predict-gather") | {"asked": divided["asked"]})
    answers = bench.store.objects.get(gathered["answers"].removeprefix(f"s3://{BUCKET}/")).decode()
    assert list(map(json.loads, answers.splitlines())) == in_process("lookalikes", 2_600)
    assert gathered["status"] == "PREDICTED"


def test_the_error_that_ends_a_batch_is_one_line(bench: Bench) -> None:
    explained = bench.run(bench.predict, event("predict-explain"))
    assert explained["error"] == "InputError"
    assert explained["cause"].startswith("row 3, column 'x': 'many' is not a number")


# ---------------------------------------- models


def test_a_model_is_made_compact_once_for_each_content(bench: Bench) -> None:
    first = bench.divide()["asked"]["model"]
    written = bench.keys("compact/")
    assert bench.divide()["asked"]["model"] == first
    assert bench.keys("compact/") == written
    model = json.loads(bench.store.objects.get(KEY))
    model["targets"] = list(reversed(model["targets"]))
    bench.store.objects.put(KEY, json.dumps(model).encode())
    bench.store.objects.delete(bench.store.stripped_beside(KEY))
    assert bench.divide()["asked"]["model"] != first


def test_a_card_that_another_version_wrote_is_made_anew(bench: Bench) -> None:
    first = bench.divide()["asked"]["model"]
    for card in bench.keys("compact/cards/"):
        bench.store.objects.put(card, b'{"version": 0}')
    other = Bench(bench.mesh, bench.mesh.folder)  # knows no card by heart
    assert other.divide()["asked"]["model"] == first


@pytest.mark.parametrize("mode", MODES)
def test_only_modes_that_need_the_population_read_the_full_model(bench: Bench, mode: str) -> None:
    needed = KEY if mode in POPULATION_MODES else bench.store.stripped_beside(KEY)
    other = bench.store.stripped_beside(KEY) if mode in POPULATION_MODES else KEY
    bench.store.objects.put(other, b"not read")
    assert bench.store.objects.stamp(needed) is not None
    assert bench.divide(mode=mode)["asked"]["mode"] == mode


def test_a_full_model_without_a_stripped_one_beside_it_will_do(bench: Bench) -> None:
    bench.store.objects.delete(bench.store.stripped_beside(KEY))
    assert bench.divide(mode="prediction")["asked"]["rows"] == 2


@pytest.mark.parametrize("mode", sorted(POPULATION_MODES))
def test_a_stripped_model_refuses_modes_that_need_the_population(bench: Bench, mode: str) -> None:
    with pytest.raises(StrippedModelError, match=mode):
        bench.divide(mode=mode, model=f"s3://{BUCKET}/{bench.store.stripped_beside(KEY)}")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "is not JSON"),
        (b"\xff{", "is not JSON"),
        (b"{}", "header"),
        (b'"/a.json"', "no JSON object"),
    ],
)
def test_a_damaged_model_json_is_refused_by_name(bench: Bench, content: bytes, says: str) -> None:
    bench.store.objects.put("models/bad.json", content)
    with pytest.raises(ModelError, match=says) as refused:
        bench.divide(model=f"s3://{BUCKET}/models/bad.json")
    assert f"s3://{BUCKET}/models/bad.json" in str(refused.value)


def test_labels_have_no_regression(bench: Bench) -> None:
    model = json.loads(bench.store.objects.get(KEY))
    model["datatypes"][0], model["targets"] = "T", [f"class {target}" for target in model["targets"]]
    bench.store.objects.put("models/labels.json", json.dumps(model).encode())
    with pytest.raises(ModelError, match="is not numeric"):
        bench.divide(model=f"s3://{BUCKET}/models/labels.json", mode="regression")


def test_a_model_that_a_shard_cannot_hold_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_models, "MOST_BYTES", 100)
    with pytest.raises(ModelError, match="ask it in process"):
        bench.divide()


def test_a_model_in_another_layout_is_read_whole_unless_it_is_large(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = bench.divide()["asked"]["model"]
    content = json.loads(bench.store.objects.get(KEY))
    bench.store.objects.put("models/other.json", json.dumps(content, indent=1).encode())
    assert bench.divide(model=f"s3://{BUCKET}/models/other.json")["asked"]["model"] == ours
    bench.store.objects.put("models/other.json", json.dumps(content, indent=2).encode())
    monkeypatch.setattr(prediction_models, "MOST_JSON_BYTES", 100)
    with pytest.raises(ModelError, match="write it with that"):
        bench.divide(model=f"s3://{BUCKET}/models/other.json")


# ---------------------------------------- refusals and damage


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"mode": "sum"}, "mode"),
        ({"rows": None}, "either rows or data"),
        ({"data": "s3://bucket/a.csv"}, "either rows or data"),
        ({"rows": None, "data": "/etc/a.csv"}, "data"),
        ({"rows": None, "data": f"s3://{BUCKET}/datasets/none.csv"}, "none.csv"),
        ({"rows": None, "data": f"s3://{BUCKET}/datasets/none.txt"}, "neither .csv nor .jsonl"),
        ({"rows": []}, "no rows"),
        ({"rows": "\n"}, "no rows"),
        ({"rows": [{"x": "many"}]}, "row 1, column 'x'"),
        ({"model": "s3://elsewhere/models/model.json"}, "not in the jobs bucket"),
        ({"model": f"s3://{BUCKET}/models/none.json"}, "is not there"),
        ({"model": "model.json"}, "model"),
        ({"speed": 1}, "speed"),
    ],
)
def test_bad_input_is_refused_by_name_and_writes_nothing(
    bench: Bench, change: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says) as refused:
        bench.divide(**change)
    assert "\n" not in str(refused.value)
    assert bench.keys("predictions/") == []


def test_a_damaged_chunk_is_refused_by_its_checksum(bench: Bench) -> None:
    divided = bench.divide(mode="audit", rows="\n".join(map(json.dumps, queries(2_700))))
    item = divided["items"][0]
    key = f"predictions/{divided['asked']['execution']}/chunks/0.gz"
    data = bytearray(bench.store.objects.get(key))
    data[len(data) // 2] ^= 1
    bench.store.objects.put(key, bytes(data))
    with pytest.raises(ChecksumError, match=r"chunks/0\.gz"):
        bench.answer(divided, item)


def test_rows_and_answers_that_are_not_as_many_as_said_are_refused(bench: Bench) -> None:
    divided = bench.divide(rows=queries(2))
    with pytest.raises(MeshError, match="has 2 rows, not 3"):
        bench.answer(divided, divided["items"][0] | {"n": 3})
    bench.mesh.s3.put_object(Bucket=BUCKET, Key="datasets/new.jsonl", Body=b'{"x": 1}\n{"x": 2}')
    divided = bench.divide("predict-divide-file", data=f"s3://{BUCKET}/datasets/new.jsonl")
    bench.store.put_answers(divided["asked"]["execution"], 0, "1")
    with pytest.raises(InvariantError, match="1 answers for 2 rows"):
        bench.run(bench.predict, event("predict-gather") | {"asked": divided["asked"]})


def test_an_unknown_step_is_refused(bench: Bench) -> None:
    for payload in ({"step": "conquer"}, {}, []):
        with pytest.raises(MeshError, match="none of divide, gather, explain"):
            bench.predict.handler(payload, Context())
