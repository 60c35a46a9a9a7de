"""Every hostile model through every door: the reader, the command line, the API, and the predict workflow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatherer.api.problems import MEDIA_TYPE
from snakebatch import Snake, cli
from snakebatch.clock import SimulatedClock
from snakebatch.errors import ModelError
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.prediction_dividing import Dividing
from snakebatch.mesh.prediction_messages import DivideEvent
from snakebatch.mesh.prediction_store import PredictionStore
from tests.support.api import ApiBench
from tests.support.handlers import ROOT
from tests.support.hostile_models import LARGE, MODELS, ROW, HostileModel
from tests.support.mesh import BUCKET, MeshBench

TABLE = "x,t\n1.0,red\n"
TIMES = 40
"""Bytes of memory that a byte of a model.json may take: a JSON value of two bytes is an object of 64."""

REFUSED = [name for name, model in MODELS.items() if model.refused is not None]
ANSWERING = [name for name, model in MODELS.items() if model.refused is None]


@pytest.fixture(scope="module")
def service(account: MeshBench) -> ApiBench:
    """A gatherer's API, and the bucket behind it."""
    return ApiBench(account.s3, BUCKET, SimulatedClock())


def divide(service: ApiBench, model: HostileModel) -> dict[str, Any]:
    """The first step of the predict workflow, asked about a model that somebody put into the bucket."""
    service.objects.put("models/mine/model.json", data_of(model))
    asked = {"model": service.objects.uri("models/mine/model.json"), "rows": [ROW]}
    event = DivideEvent(step="divide", execution="one", few=True, input=asked)
    return Dividing(PredictionStore(Objects(service.s3, BUCKET))).run(event)


def data_of(model: HostileModel) -> bytes:
    return model.text.encode(errors="surrogatepass" if "\\ud800" in model.text else "strict")


def ask(path: Path, tmp_path: Path) -> int:
    """The exit code of the command that asks a model."""
    table = tmp_path / "rows.csv"
    table.write_text(TABLE)
    return cli.main(["predict", str(path), str(table)])


def check(message: str, model: HostileModel) -> None:
    """It names what is wrong, on one line of a readable length."""
    assert model.refused is not None
    assert re.search(model.refused, message), message
    assert "\n" not in message
    assert len(message) < 600


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_model_is_refused_at_every_door(
    name: str, service: ApiBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = MODELS[name]
    path = tmp_path / "m.json"
    path.write_bytes(data_of(model))
    before = list(service.objects.keys("compact/"))

    with pytest.raises(ModelError) as read_error:
        Snake(path)
    code = ask(path, tmp_path)
    with pytest.raises(ModelError) as divide_error:
        divide(service, model)
    answer = service.client().post(
        "/v9/models", content=data_of(model), headers={"Content-Type": "application/json"}
    )

    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n")) == (2, "", 1)
    assert (answer.status_code, answer.headers["content-type"]) == (422, MEDIA_TYPE)
    for message in (
        str(read_error.value),
        said.err.rstrip("\n"),
        str(divide_error.value),
        answer.json()["detail"],
    ):
        check(message, model)
    assert list(service.objects.keys("compact/")) == before
    assert list(service.objects.keys("models/incoming/")) == []


@pytest.mark.parametrize("name", ANSWERING)
def test_an_odd_model_answers_at_every_door(
    name: str, service: ApiBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = MODELS[name]
    path = tmp_path / "m.json"
    path.write_bytes(data_of(model))

    snake = Snake(path)
    answer = snake.get_prediction(ROW)
    assert answer in snake.model.classes
    assert sum(snake.get_probability(ROW).values()) == pytest.approx(1.0)
    assert ask(path, tmp_path) == 0
    assert "Traceback" not in capsys.readouterr().err
    assert divide(service, model)["asked"]["rows"] == 1
    posted = service.client().post(
        "/v9/models", content=data_of(model), headers={"Content-Type": "application/json"}
    )
    assert posted.status_code == 201, posted.text

    # What is written again says the same, and is written alike from then on.
    snake.to_json(tmp_path / "again.json")
    again = Snake(tmp_path / "again.json")
    again.to_json(tmp_path / "more.json")
    assert again.get_prediction(ROW) == answer
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "more.json").read_bytes()


@pytest.mark.parametrize("name", LARGE)
def test_a_large_model_is_read_in_memory_of_its_size(name: str) -> None:
    command = [sys.executable, "-m", "tests.support.hostile_models", name, str(TIMES)]
    environment = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["bytes"] > 1_000_000


def test_nothing_of_a_model_is_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading and asking the models that name code imports, opens and runs nothing."""
    seen: list[str] = []
    watched = ("import", "open", "os.", "subprocess.", "exec", "compile", "pickle.", "socket.")
    listening = True

    def hook(event: str, _: Any) -> None:
        if listening and event.startswith(watched):
            seen.append(event)

    texts = [MODELS[name].text for name in ANSWERING]
    for text in texts:
        Snake(text).get_prediction(ROW)  # what is imported on first use is there now
    sys.addaudithook(hook)
    for text in texts:
        Snake(text).get_prediction(ROW)
    listening = False
    assert seen == []
