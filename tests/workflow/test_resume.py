"""Jobs of a whole cloud that are stopped, fail, are given more layers, or used as far as they came."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snakebatch import Snake, cli
from snakebatch.client import MeshSnake
from snakebatch.errors import NotReadyError, PartialModelWarning
from snakebatch.local.cloud import EmbeddedCloud
from tests.support.api import KEY, KEY_VARIABLES
from tests.support.handlers import ROOT
from tests.support.tables import overlapping
from tests.support.training import Ended, children, finish, in_process, reach, read, train, upload

PARAMETERS: dict[str, Any] = {"bucket": 30, "tau": 90, "seed": 7}
TEXT = overlapping(300)
BROKEN = 3
"""The layer that no shard of this deployment can make."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """A deployment whose shards fail at the leaves of layer 3."""
    folder = tmp_path_factory.mktemp("bundle")
    for part in ("statemachine", "functions", "gatherer"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    app = folder / "functions" / "shard" / "app.py"
    source = app.read_text()
    changed = source.replace("engine=engine_named(environment.engine),", "engine=Broken(),").replace(
        "\nlogger = Logger()\n",
        "\nfrom snakebatch.mesh.engines import SnakeEngine\n\n\nclass Broken(SnakeEngine):\n"
        "    def leaves(self, population, parts, settings):\n"
        f"        if parts[0].layer == {BROKEN}:\n"
        '            raise ValueError("this layer is broken")\n'
        "        return super().leaves(population, parts, settings)\n\n\nlogger = Logger()\n",
    )
    assert changed.count("Broken") == 2
    app.write_text(changed)
    with EmbeddedCloud(
        processes=2, root=folder, http=("127.0.0.1", 0), environment=KEY_VARIABLES, gather_heartbeat=600
    ) as running:
        yield running


@pytest.fixture
def how(cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Arguments of MeshSnake that lead to the cloud."""
    monkeypatch.setenv("SNAKEBATCH_KEY", KEY)
    return {"url": cloud.url, "key": KEY, "progress": False}


def ran(cloud: EmbeddedCloud, arn: str) -> int:
    """The shards that an execution invoked."""
    return len(children(cloud, arn))


def ended(cloud: EmbeddedCloud, model_id: str) -> Ended:
    return finish(cloud, f"{cloud.train_arn.replace(':stateMachine:', ':execution:')}:{model_id}")


def test_a_stopped_job_is_taken_up_and_then_given_a_layer(
    cloud: EmbeddedCloud, how: dict[str, Any], tmp_path: Path
) -> None:
    asked = {"dataset": upload(cloud, TEXT, "stopped.csv"), "target": "y", "n_layers": 2, **PARAMETERS}
    arn = cloud.train(asked | {"job": "stopped"}, name="stopped")
    reach(cloud, arn, "NextWave")
    with pytest.raises(NotReadyError, match="still runs"):
        MeshSnake.resume("stopped", **how)
    cloud.sfn.stop_execution(executionArn=arn, cause="the test stops it")
    with MeshSnake.resume("stopped", **how) as snake:
        resumed = ended(cloud, snake._core.model_id)
        reused = snake.receipt()["reused"]
    assert resumed.read("model") == in_process(TEXT, tmp_path, n_layers=2, **PARAMETERS)
    assert resumed.output["job"] == "stopped"
    assert reused["by_role"]["divide"]["packets"] == 2, "both roots were divided before"
    assert ran(cloud, resumed.arn) == resumed_invocations(resumed)

    with MeshSnake.resume(resumed.arn.rpartition(":")[2], n_layers=3, **how) as snake:
        extended = ended(cloud, snake._core.model_id)
    assert extended.read("model") == in_process(TEXT, tmp_path, n_layers=3, **PARAMETERS)
    assert extended.output["reused"]["whole_layers"] == 2
    assert ran(cloud, extended.arn) == resumed_invocations(extended) == 2, "one root, one packet of leaves"


def resumed_invocations(of: Ended) -> int:
    count: int = json.loads(of.read("receipt"))["actual"]["invocations"]
    return count


def test_two_executions_of_one_job_at_once_end_in_the_same_model(
    cloud: EmbeddedCloud, tmp_path: Path
) -> None:
    asked = {"dataset": upload(cloud, TEXT, "twice.csv"), "target": "y", "n_layers": 2, **PARAMETERS}
    arns = [cloud.train(asked | {"job": "twice"}) for _ in range(2)]
    expected = in_process(TEXT, tmp_path, n_layers=2, **PARAMETERS)
    assert [finish(cloud, arn).read("model") for arn in arns] == [expected] * 2


def test_a_job_that_fails_at_its_leaves_gives_what_there_is(
    cloud: EmbeddedCloud, how: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(cloud, TEXT, job="failing", n_layers=3, **PARAMETERS).status == "SUCCEEDED"
    failed = train(cloud, TEXT, job="failing", n_layers=4, **PARAMETERS)
    assert failed.error == ("ValueError", "this layer is broken")
    model_id = failed.arn.rpartition(":")[2]

    out = tmp_path / "part.json"
    with pytest.warns(PartialModelWarning):
        assert cli.main(["partial", model_id, "--url", cloud.url, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "layer 3     0 of 300 rows" in said
    assert "coverage    75.0%" in said
    with pytest.warns(PartialModelWarning, match=r"75\.0% covered: layer 3 covers 0 of 300 rows"):
        part = Snake(out)
    whole = Snake(json.loads(in_process(TEXT, tmp_path, n_layers=3, **PARAMETERS)))
    rows = whole.population
    assert part.get_probability(rows) == whole.get_probability(rows)


def test_a_run_that_is_to_be_partial_ends_so(cloud: EmbeddedCloud) -> None:
    train(cloud, TEXT, job="wanted", n_layers=3, **PARAMETERS)
    partial = train(cloud, TEXT, job="wanted", n_layers=4, partial=True, **PARAMETERS)
    assert partial.output["status"] == "PARTIAL"
    assert partial.output["coverage"] == 0.75
    assert partial.output["failure"]["error"] == "ValueError"
    assert " PARTIAL, rows covered: layer 3 0/300" in json.loads(partial.read("model"))["log"]
    receipt = json.loads(read(cloud, partial.output["receipt"]))
    assert (receipt["status"], receipt["partial"]["leaves"]) == ("PARTIAL", partial.output["leaves"])


def test_the_command_line_takes_a_job_up(
    cloud: EmbeddedCloud, how: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = train(cloud, TEXT, job="commanded", n_layers=1, **PARAMETERS)
    model_id, out = first.arn.rpartition(":")[2], tmp_path / "two.json"
    assert cli.main(["resume", model_id, "--layers", "2", "--url", cloud.url, "--out", str(out)]) == 0
    assert "packets and" in capsys.readouterr().out
    assert out.read_bytes() == in_process(TEXT, tmp_path, n_layers=2, **PARAMETERS)
