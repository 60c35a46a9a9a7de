"""``predict_sync`` from the caller's side: what it sends, and what it makes of whatever comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snakebatch.errors import InputError, MeshError, ModelError
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.predicting import PredictClient, predict_sync
from snakebatch.mesh.prediction_dividing import INLINE
from snakebatch.mesh.prediction_store import PredictionStore
from tests.support.mesh import BUCKET, MeshBench

BAD_ROW = '{"errorMessage": "row 2 is bad"}'
ASKED = {"execution": "one", "model": "0" * 32, "mode": "prediction", "rows": 2, "chunks": 2, "inline": 9}


class Workflow:
    """Answers every call with one scripted end, and keeps what it was sent."""

    def __init__(self, **ended: Any) -> None:
        self.ended = {"status": "SUCCEEDED", **ended}
        self.sent: list[dict[str, Any]] = []

    def start_sync_execution(self, *, stateMachineArn: str, name: str, input: str) -> Any:
        assert (stateMachineArn, len(name)) == ("arn", 36)
        assert len(input.encode()) <= 256 << 10
        self.sent.append(json.loads(input))
        return self.ended


def output(*results: dict[str, Any]) -> str:
    return json.dumps({"status": "PREDICTED", "asked": ASKED, "results": list(results)})


def client(mesh: MeshBench, workflow: Workflow) -> PredictClient:
    return PredictClient(workflow, "arn", PredictionStore(Objects(mesh.s3, BUCKET)))


def ask(mesh: MeshBench, workflow: Workflow, rows: Any = ({"x": 1}, {"x": 2})) -> list[Any]:
    return predict_sync(client(mesh, workflow), "models/a/model.json", rows)


def test_answers_come_inline_and_from_s3_in_the_order_of_the_chunks(mesh: MeshBench) -> None:
    workflow = Workflow(output=output({"chunk": 0, "n": 1}, {"chunk": 1, "n": 1, "answers": '"b"'}))
    client(mesh, workflow).store.put_answers("one", 0, '{"a": 12345678901234567}')
    assert ask(mesh, workflow) == [{"a": 12345678901234567}, "b"]
    assert workflow.sent == [
        {"model": f"s3://{BUCKET}/models/a/model.json", "mode": "prediction", "rows": '{"x":1}\n{"x":2}'}
    ]


def test_many_rows_are_sent_by_s3(mesh: MeshBench) -> None:
    rows = [{"x": "é" * 100} for _ in range(INLINE // 500)]
    workflow = Workflow(output=output({"chunk": 0, "n": len(rows), "answers": "\n".join("1" for _ in rows)}))
    assert ask(mesh, workflow, rows) == [1] * len(rows)
    (sent,) = workflow.sent
    assert "rows" not in sent
    text = mesh.store.objects.get(sent["data"].removeprefix(f"s3://{BUCKET}/"))
    assert [json.loads(line) for line in text.decode().split("\n")] == rows


@pytest.mark.parametrize(
    ("ended", "error", "says"),
    [
        ({"status": "TIMED_OUT"}, MeshError, "ask for it by a file"),
        ({"status": "FAILED", "error": "InputError", "cause": BAD_ROW}, InputError, "^row 2"),
        ({"status": "FAILED", "error": "ModelError", "cause": "plain"}, ModelError, "^plain$"),
        ({"status": "FAILED", "error": "Lambda.Unknown", "cause": "died"}, MeshError, "Lambda.Unknown: died"),
        ({"status": "FAILED"}, MeshError, "no error name"),
        ({"output": "{"}, MeshError, "not JSON"),
        ({"output": "{}"}, MeshError, "status"),
        ({"output": output({"chunk": 1, "n": 2, "answers": "1\n2"})}, MeshError, "where 0 was due"),
        ({"output": output({"chunk": 0, "n": 1, "answers": "1"})}, MeshError, "1 answers came back"),
    ],
)  # fmt: skip
def test_whatever_goes_wrong_is_one_error_of_ours(
    mesh: MeshBench, ended: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as failed:
        ask(mesh, Workflow(**ended))
    assert type(failed.value) is error
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("rows", [[{"x": float("inf")}], [[1]], {"x": 1}, "text"])
def test_bad_rows_are_not_sent(mesh: MeshBench, rows: Any) -> None:
    workflow = Workflow()
    with pytest.raises(InputError):
        ask(mesh, workflow, rows)
    assert workflow.sent == []
