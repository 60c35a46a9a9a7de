"""`make deploy-test`: the application built by SAM CLI, its functions asked; then deployed to an emulator,
trained on, updated and deleted.

It is built once, and the second test changes what the first one asked. Each of its steps needs what the one
before left. What it found is printed at the end of the run.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from snakebatch.files import DATA_FOLDER
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.local.loopback import loopback
from snakebatch.local.sfn_server import serve
from snakebatch.local.stepfunctions import StepFunctions
from snakebatch.snake import Snake
from snakebatch.version import ENGINE
from tests.deploy import left_out, local_lines
from tests.deploy.deployment import SHARDS, Deployment, Reached
from tests.deploy.emulator import Emulator
from tests.deploy.sam import RUNTIME, Sam, architecture, emulator_runtime, missing
from tests.deploy.test_expanded import expand
from tests.support.example_events import read
from tests.support.handlers import event
from tests.support.scale import scaled
from tests.support.training import finish

STACK = PREFIX = "proof"
PARAMETERS = {
    "Prefix": PREFIX,
    "Architecture": architecture(),
    "GathererMode": "lambda",
    "GatherHeartbeatSeconds": "120",
}
TRAINING = {"target": "species", "n_layers": 2, "bucket": 40, "tau": 100, "seed": 7}
CHANGED = ("snakebatch/version.py", f'ENGINE = "{ENGINE}"', f'ENGINE = "{ENGINE}-changed"')
"""One line of the library, before and after: a shard that gets another engine's packet tells its version."""

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

Tell = Callable[[str], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Say something at the end of the run; see tests/conftest.py."""
    return lambda line: record_property("proof", line)


@dataclass
class Built:
    """What `sam build` made of a copy of this tree, and what there is to tell of it."""

    sam: Sam
    told: list[str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built once for the tests of this module."""
    sam = Sam.of_a_copy(tmp_path_factory.mktemp("built"), "http://127.0.0.1:9", STACK, PARAMETERS)
    sam.validate()
    told = leave_out(sam)
    sam.build()
    return Built(sam, [*told, told_of_the_layer(sam)])


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """An emulator with nothing in it, and our executor for its Step Functions."""
    reached = Reached()
    # Few calls at a time: each function's first unpacks the layer, and this machine may be small.
    with (
        StepFunctions(reached, max_threads=4) as executor,
        serve(executor) as server,
        Emulator(tmp_path / "emulator", server.url) as emulator,
    ):
        yield Deployment(emulator, executor, reached, STACK, PREFIX)


def test_every_event_runs_on_what_was_built(built: Built, tmp_path: Path) -> None:
    with loopback() as services:
        answers = local_lines.answers(built.sam.built, services.url, tmp_path)

    assert answers["stage"]["run"] == read("settle")["run"]
    # How many at once is the lease's business: here no execution runs that could hold one.
    pace = {"max_concurrency": answers["wave"]["max_concurrency"]}
    assert answers["wave"] == read("settle")["wave"] | pace
    assert answers["wave-bucket-grain"]["next"] == "conquer"
    for role in ("divide", "leaf", "conquer"):
        assert answers[f"shard-{role}"]["packet"] == read(f"shard-{role}")["packet"]
    assert answers["bracket-admit"]["admitted"]
    assert answers["bracket-ready"]["ready"]
    assert answers["bracket-close"]["closed"]
    assert answers["shard-predict"]["n"] == 2
    assert answers["predict-gather"]["rows"] == answers["shard-predict-file"]["n"] == 344
    assert answers["predict-explain"]["error"] == "InputError"
    for step in ("open", "ready"):
        session = answers[f"bracket-session-{step}"]
        assert (session["ready"], session["slots"]) == (True, 12)
    assert [bracket["holder"] for bracket in answers["bracket-list"]["brackets"]] == ["session/afternoon"]
    assert answers["bracket-session-close"]["closed"]
    assert answers["bracket-sweep"]["leaked_slots"] == 0
    assert answers["gatherer"] == {"messages": 1, "answered": True}
    assert answers["settle"]["output"]["status"] == "TRAINED"
    assert answers["settle-failed"]["failure"]["error"] == "InputError"


def test_the_application_is_deployed_trains_is_updated_and_goes(
    deployment: Deployment, built: Built, tmp_path: Path, tell: Tell
) -> None:
    for line in built.told:
        tell(line)
    sam = replace(built.sam, endpoint=deployment.emulator.url)
    sam.deploy()
    deployment.read_outputs()
    tell_of_the_stack(deployment, sam, tell)

    dataset = deployment.upload(DATA_FOLDER / "penguins.csv")
    refuses_plain_http(deployment, dataset, tell)
    tell(f"right that only the emulator knows, added: sqs:SendMessageBatch of {deployment.grant_batches()}")
    model = trains_the_bytes_of_the_laptop(deployment, dataset, tell)
    answers_as_the_laptop(deployment, model, tmp_path, tell)

    before = deployment.live_versions()
    change_one_line(sam)
    sam.build()
    sam.deploy()
    updates_every_shard(deployment, before, tell)

    assert set(SHARDS) <= {name[-2:] for name in deployment.left()}
    deployment.empty_the_bucket()
    sam.delete()
    assert deployment.left() == []
    tell("sam delete: nothing is left of the stack")


def leave_out(sam: Sam) -> list[str]:
    """What the emulator lacks is taken out of the copy's template; returns what there is to tell."""
    path = sam.tree / "template.yaml"
    (expanded,) = expand("a.zip", path=path)
    lacking = left_out.lacking(expanded, PARAMETERS, left_out.known_types())
    assert not [kind for kind in lacking.values() if kind.startswith(left_out.ESSENTIAL)], lacking
    text, gone = left_out.without(path.read_text(), sorted(lacking))
    path.write_text(text)
    why = ", ".join(sorted(set(lacking.values())))
    return [
        f"template after both transforms: {len(json.dumps(expanded)):,} bytes",
        f"left out, since the emulator has no {why}: {', '.join(gone)}" if gone else "left out: nothing",
    ]


def told_of_the_layer(sam: Sam) -> str:
    size = sum(path.stat().st_size for path in sam.built.rglob("DependencyLayer/**/*") if path.is_file())
    assert 0 < size < 250 << 20, "Lambda takes 250 MB unzipped"
    version = ".".join(map(str, emulator_runtime()))
    which = "the runtime's own" if emulator_runtime() == RUNTIME else "for lack of the runtime's own"
    return f"layer: {size >> 20} MB of 250, for {architecture()}; handlers run on Python {version}, {which}"


def tell_of_the_stack(deployment: Deployment, sam: Sam, tell: Tell) -> None:
    types = deployment.resource_types()
    size = (sam.built / "template.yaml").stat().st_size
    assert len(types) < 500, "CloudFormation takes 500"
    assert size < 1_000_000, "CloudFormation takes 1 MB"
    assert Counter(types)["AWS::Lambda::Alias"] == Counter(types)["AWS::Lambda::Function"] > 100
    tell(f"resources: {len(types)} of 500; template as uploaded: {size:,} bytes of 1,000,000")


def refuses_plain_http(deployment: Deployment, dataset: str, tell: Tell) -> None:
    """The emulator speaks plain HTTP: the bucket's policy denies it to every role, and must then go."""
    asked = event("stage") | {"input": {"dataset": dataset, **TRAINING}}
    answer = deployment.invoke(f"{PREFIX}-stage", asked)
    assert "AccessDenied" in answer["errorMessage"], answer
    deployment.client("s3").delete_bucket_policy(Bucket=deployment.outputs["JobsBucketName"])
    tell("the jobs bucket refuses a role that comes without TLS; its policy is then lifted")


def trains_the_bytes_of_the_laptop(deployment: Deployment, dataset: str, tell: Tell) -> str:
    """The deployed definition, on the deployed functions, with the deployed roles' rights only; returns where
    the model is.
    """
    machine = deployment.outputs["TrainMachineArn"]
    definition = deployment.take_the_machine_s_role(machine)
    assert "${" not in definition
    with pytest.raises(ClientError, match="not authorized"):
        deployment.reached("s3").list_objects_v2(Bucket=deployment.outputs["JobsBucketName"])
    run = deployment.run(machine.rpartition(":")[2], definition, {"dataset": dataset, **TRAINING})
    assert run["status"] == "SUCCEEDED", (run.get("error"), run.get("cause"), deployment.emulator.log_tail())
    output = json.loads(run["output"])
    model = deployment.read(output["model"])
    receipt = json.loads(deployment.read(output["receipt"]))
    assert receipt["assembled_by"] == "gatherer", "the deployed gatherer completes the task token"
    assert model == embedded_model()
    tell(
        f"trained under the deployed roles: {output['rows']} rows, {output['leaves']} leaves, model of "
        f"{len(model):,} bytes, the embedded cloud's byte for byte, by the {receipt['assembled_by']}"
    )
    return str(output["model"])


def answers_as_the_laptop(deployment: Deployment, model: str, folder: Path, tell: Tell) -> None:
    """The workflow for small batches, likewise, asked about the first rows of the table."""
    machine = deployment.outputs["PredictMachineArn"]
    definition = deployment.take_the_machine_s_role(machine)
    with (DATA_FOLDER / "penguins.csv").open(encoding="utf-8") as table:
        rows = list(itertools.islice(csv.DictReader(table), 5))
    asked = {"model": model, "mode": "probability", "rows": rows}
    run = deployment.run(machine.rpartition(":")[2], definition, asked)
    assert run["status"] == "SUCCEEDED", (run.get("error"), run.get("cause"), deployment.emulator.log_tail())
    answers = [
        json.loads(line)
        for result in json.loads(run["output"])["results"]
        for line in result["answers"].split("\n")
    ]
    path = folder / "model.json"
    path.write_bytes(deployment.read(model))
    assert answers == Snake(path).get_probability(rows)
    tell(f"asked about {len(answers)} rows under the deployed roles: the probabilities of the laptop")


def embedded_model() -> bytes:
    with EmbeddedCloud(processes=1) as cloud:
        asked: dict[str, Any] = {"dataset": cloud.upload(DATA_FOLDER / "penguins.csv"), **TRAINING}
        return finish(cloud, cloud.train(asked)).read("model")


def change_one_line(sam: Sam) -> None:
    name, before, after = CHANGED
    path = sam.tree / name
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


def updates_every_shard(deployment: Deployment, before: dict[str, int], tell: Tell) -> None:
    """A change of the library alone publishes each function anew, and `live` is the new one."""
    after = deployment.live_versions()
    assert [after[shard] - before[shard] for shard in SHARDS] == [1] * 100
    old_packet = next(packets(deployment))
    # Each starts anew, with the whole layer to unpack.
    for shard in ("42", "00", "99")[: scaled(1, 3)]:
        answer = deployment.invoke(deployment.shard(shard), old_packet)
        assert f"for engine {ENGINE}, this shard has {ENGINE}-changed" in answer["errorMessage"], answer
    tell(f"one line of {CHANGED[0]} changed: 100 new versions, and it answers through :live")


def packets(deployment: Deployment) -> Iterator[dict[str, Any]]:
    """The events of the training's packets."""
    bucket = deployment.outputs["JobsBucketName"]
    listed = deployment.client("s3").list_objects_v2(Bucket=bucket, Prefix="waves/")["Contents"]
    for entry in listed:
        if entry["Key"].endswith("items.json"):
            for item in json.loads(deployment.read(f"s3://{bucket}/{entry['Key']}")):
                yield event("shard-divide") | item
