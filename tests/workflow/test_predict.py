"""Models asked through the whole embedded cloud answer as they do in process."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from snakebatch.engine.answers import MODES, POPULATION_MODES
from snakebatch.errors import ChecksumError, InputError, ModelError, StrippedModelError
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.local.sfn_server import serve
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.predicting import PredictClient, predict_sync
from snakebatch.mesh.prediction_dividing import FEW_CHUNKS
from snakebatch.mesh.prediction_models import ModelShelf
from snakebatch.mesh.prediction_store import PredictionStore
from snakebatch.mesh.sync_client import sync_client
from tests.support.handlers import event
from tests.support.predictions import KEY, ask, in_process, json_of, queries, small_snake, write_models
from tests.support.scale import scaled
from tests.support.training import Ended, finish, read

SIZES = (1, 4_999, 5_000, 20_001)
TOLD_ROW_BY_ROW = SIZES[: scaled(2, 4)]
"""Of a mode that needs the population: 40 chunks of 125 rows already."""
CASES = [(mode, size) for mode in MODES for size in (TOLD_ROW_BY_ROW if mode in POPULATION_MODES else SIZES)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(processes=2, gatherers=0) as cloud:
        write_models(tmp_path_factory.mktemp("models"), cloud.client("s3"), cloud.jobs_bucket)
        yield cloud


def client(cloud: EmbeddedCloud, stepfunctions: Any = None) -> PredictClient:
    store = PredictionStore(Objects(cloud.client("s3"), cloud.jobs_bucket))
    return PredictClient(stepfunctions or cloud.sfn, cloud.machines["predict"], store)


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "size"), CASES)
def test_the_mesh_answers_as_snake_does_in_process(cloud: EmbeddedCloud, mode: str, size: int) -> None:
    assert predict_sync(client(cloud), KEY, queries(size), mode) == in_process(mode, size)


def sync(cloud: EmbeddedCloud, name: str, **change: Any) -> dict[str, Any]:
    """StartSyncExecution with an input of events/, its model the small one."""
    asked = event(name) | {"model": f"s3://{cloud.jobs_bucket}/{KEY}"} | change
    ended: dict[str, Any] = cloud.sfn.start_sync_execution(
        stateMachineArn=cloud.machines["predict"], input=json.dumps(asked)
    )
    return ended


def test_the_console_s_input_gives_each_chunk_s_answers_as_json_lines(cloud: EmbeddedCloud) -> None:
    ended = sync(cloud, "predict-input", rows=queries(2))
    output = json.loads(ended["output"])
    (result,) = output["results"]
    assert (output["status"], output["asked"]["rows"], result["n"]) == ("PREDICTED", 2, 2)
    assert [json.loads(line) for line in result["answers"].split("\n")] == in_process("probability", 2)


def test_an_inline_map_never_has_more_than_40_chunks_and_its_output_stays_small(cloud: EmbeddedCloud) -> None:
    for mode in ("prediction", "audit"):
        rows = "\n".join(map(json.dumps, queries(900 if mode == "prediction" else 500)))
        ended = sync(cloud, "predict-input", mode=mode, rows=rows)
        output = json.loads(ended["output"])
        assert len(output["results"]) == output["asked"]["chunks"] <= FEW_CHUNKS
        assert len(ended["output"].encode()) < 256 << 10
        assert [result["chunk"] for result in output["results"]] == list(range(len(output["results"])))
    assert all(result["answers"] is None for result in output["results"]), "audits are long"


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"x": "many"}, InputError, "row 2, column 'x': 'many' is not a number"),
        ({"x": float("inf")}, InputError, "row 2, column 'x': not a finite number"),
        ({"word": ["a"]}, InputError, "row 2, column 'word': a list is no cell"),
    ],
)
def test_a_bad_row_is_refused_by_row_and_column_before_any_shard_is_asked(
    cloud: EmbeddedCloud, change: dict[str, Any], error: type[Exception], says: str
) -> None:
    shards = cloud.logs().count("chunk answered")
    first, second, third = queries(3)
    with pytest.raises(error, match=says):
        predict_sync(client(cloud), KEY, [first, second | change, third])
    assert cloud.logs().count("chunk answered") == shards


@pytest.mark.parametrize(
    ("key", "mode", "error", "says"),
    [
        ("models/small/model_stripped.json", "audit", StrippedModelError, "name the full model.json"),
        ("models/none/model.json", "prediction", InputError, "is not there"),
        ("models/broken/model.json", "prediction", ModelError, "is not JSON"),
        (KEY, "sum", InputError, "mode"),
    ],
)
def test_a_model_that_cannot_answer_is_refused(
    cloud: EmbeddedCloud, key: str, mode: str, error: type[Exception], says: str
) -> None:
    cloud.client("s3").put_object(Bucket=cloud.jobs_bucket, Key="models/broken/model.json", Body=b"{")
    with pytest.raises(error, match=says):
        predict_sync(client(cloud), key, queries(1), mode)


@pytest.mark.parametrize("mode", MODES)
def test_no_cell_is_changed_on_its_way(cloud: EmbeddedCloud, mode: str) -> None:
    """Line ends of every kind, a lone surrogate, integers that no double holds."""
    words = ("a\u2028b", "\r\n", "\x85\x1c", "\ud800", "\x00", "")
    values = (None, True, 1e300, 2**63 + 1, 10**30)
    rows = [
        {"x": 1.5, "word": word, "long number": 2**63 + 1, "more": more} for word in words for more in values
    ]
    assert predict_sync(client(cloud), KEY, rows, mode) == json_of(ask(small_snake(), rows, mode))


def test_batches_at_once_do_not_mix(cloud: EmbeddedCloud) -> None:
    asked = [(MODES[k % len(MODES)], (1, 700, 1_500)[k % 3]) for k in range(21)]
    with ThreadPoolExecutor(7) as callers:
        answers = list(
            callers.map(lambda one: predict_sync(client(cloud), KEY, queries(one[1]), one[0]), asked)
        )
    assert answers == [in_process(mode, size) for mode, size in asked]


def test_no_rows_give_no_answers(cloud: EmbeddedCloud) -> None:
    assert predict_sync(client(cloud), KEY, []) == []


def test_boto3_asks_over_http(cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gatherer reaches the embedded cloud so; boto3 would look for a host called sync-127.0.0.1."""
    with serve(cloud.sfn) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", server.url)
        session = boto3.Session("x", "y", region_name="eu-west-3")
        answers = predict_sync(client(cloud, sync_client(session)), KEY, queries(3), "augmented")
    assert answers == in_process("augmented", 3)


# ---------------------------------------- files


def batch(cloud: EmbeddedCloud, name: str, content: bytes, mode: str = "prediction", key: str = KEY) -> Ended:
    """A file of rows, asked about through the workflow for files."""
    cloud.client("s3").put_object(Bucket=cloud.jobs_bucket, Key=f"datasets/{name}", Body=content)
    asked = event("predict-batch-input") | {
        "model": f"s3://{cloud.jobs_bucket}/{key}",
        "data": f"s3://{cloud.jobs_bucket}/datasets/{name}",
        "mode": mode,
    }
    started = cloud.sfn.start_execution(
        stateMachineArn=cloud.machines["predict-batch"], input=json.dumps(asked)
    )
    return finish(cloud, started["executionArn"])


def answers_of(cloud: EmbeddedCloud, ended: Ended) -> list[Any]:
    lines = read(cloud, ended.output["answers"]).decode().split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("mode", MODES)
def test_a_file_of_json_lines_is_answered_line_by_line_in_order(cloud: EmbeddedCloud, mode: str) -> None:
    rows = "\n".join(map(json.dumps, queries(2_503)))
    ended = batch(cloud, "rows.jsonl.gz", gzip.compress(rows.encode(), mtime=0), mode)
    assert answers_of(cloud, ended) == in_process(mode, 2_503)
    assert ended.states() == ["PredictDivide", "PredictCompute", "PredictGather", "Predicted"]
    chunks = 2 if mode in ("lookalikes", "audit", "augmented") else 1
    assert (ended.output["rows"], ended.output["chunks"]) == (2_503, chunks)


def test_a_table_is_answered_row_by_row(cloud: EmbeddedCloud) -> None:
    rows = [row for row in queries(997) if "word" in row and row["x"] is not None]
    text = "\n".join(["word,x,long number"] + [f"{r['word']},{r['x']!r},{r['long number']}" for r in rows])
    ended = batch(cloud, "rows.csv", text.encode(), "probability")
    assert answers_of(cloud, ended) == json_of(ask(small_snake(), rows, "probability"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"x,word\n1,a\n", "there is no column 'long number'"),
        ("a.csv", b"x,word,long number\n1,a,2\nx1,b,3\n", "row 2, column 'x': 'x1' is not a number"),
        ("a.jsonl", b'{"x": 1}\n{"x": \n', "row 2 is not JSON"),
        ("a.jsonl", b"\n", "there are no rows"),
        ("a.parquet", b"PAR1", "neither .csv nor .jsonl"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_before_the_map(
    cloud: EmbeddedCloud, name: str, content: bytes, says: str
) -> None:
    ended = batch(cloud, name, content)
    error, cause = ended.error
    assert (ended.status, error) == ("FAILED", "InputError")
    assert says in cause
    assert "\n" not in cause
    assert ended.states() == ["PredictDivide", "Explain", "PredictionFailed"]


def test_a_damaged_model_is_refused_by_its_checksum_through_both_workflows(cloud: EmbeddedCloud) -> None:
    """A model of its own, damaged before a shard has it in memory or on its disk."""
    s3 = cloud.client("s3")
    model = json.loads(s3.get_object(Bucket=cloud.jobs_bucket, Key=KEY)["Body"].read())
    model["targets"] = list(reversed(model["targets"]))
    key = "models/damaged/model.json"
    s3.put_object(Bucket=cloud.jobs_bucket, Key=key, Body=json.dumps(model).encode())
    store = client(cloud).store
    card = ModelShelf(store).card(store.objects.uri(key), "prediction")
    compact = f"compact/{card.digest}.bin"
    data = bytearray(store.compact(card.digest))
    data[-9] ^= 1
    s3.put_object(Bucket=cloud.jobs_bucket, Key=compact, Body=bytes(data))

    with pytest.raises(ChecksumError, match=card.digest):
        predict_sync(client(cloud), key, queries(1))
    ended = batch(cloud, "rows.jsonl", b'{"x": 1}', key=key)
    assert ended.status == "FAILED"
    assert ended.error[0] == "ChecksumError"
    assert "delete it from the bucket and ask again" in ended.error[1]

    s3.delete_object(Bucket=cloud.jobs_bucket, Key=compact)
    assert len(predict_sync(client(cloud), key, queries(1))) == 1
