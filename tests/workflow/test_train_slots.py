"""Provisioned slots through the whole workflow: what a run asks for, gets, and gives back however it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snakebatch.clock import SimulatedClock
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.local.deployment import LEASE_TABLE, SHARD_PREFIX
from snakebatch.mesh.admission import Admission
from snakebatch.mesh.bracket import Bracket
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.executions import Executions
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.requests import BracketEvent
from snakebatch.mesh.routing import Ring
from snakebatch.mesh.shard_slots import ShardSlots
from snakebatch.mesh.switching import Switching
from tests.support import eventbridge
from tests.support.tables import overlapping
from tests.support.template import arn as deployed_arn
from tests.support.training import Ended, finish, in_process, reach, train, upload

PARAMETERS: dict[str, Any] = {"n_layers": 2, "bucket": 30, "tau": 90, "seed": 7}
TEXT = overlapping(300)
ALLOCATION = 80.0
OPENING = ["Admit", "Admitted?", "OpenBracket", "BracketReady?"]


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    """Its waits take no time; slots take 80 s of it."""
    with EmbeddedCloud(processes=2, clock=SimulatedClock()) as running:
        yield running


@pytest.fixture
def slow(cloud: EmbeddedCloud) -> Iterator[EmbeddedCloud]:
    provisioned = cloud.pool.provisioned
    provisioned.seconds = ALLOCATION
    yield cloud
    provisioned.seconds, provisioned.account_limit, provisioned.failing = 0.0, None, {}


def levels(cloud: EmbeddedCloud) -> dict[str, int]:
    return cloud.pool.provisioned.levels


def receipt(ended: Ended) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(ended.read("receipt"))
    return content


def invoke(cloud: EmbeddedCloud, **event: Any) -> dict[str, Any]:
    """The deployed bracket function's answer."""
    answer = cloud.client("lambda").invoke(
        FunctionName="snakebatch-bracket:live", Payload=json.dumps(event).encode()
    )
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return dict(payload)


def shards_of(ended: Ended, role: str) -> list[str]:
    """Where the packets of a Map went."""
    run = ended.output["job"], ended.output["fingerprint"][:12], ended.arn.rpartition(":")[2]
    s3, prefix = ended.cloud.client("s3"), f"waves/{'/'.join(run)}/"
    listed = s3.list_objects_v2(Bucket=ended.cloud.jobs_bucket, Prefix=prefix)["Contents"]
    found: list[str] = []
    for entry in listed:
        if entry["Key"].endswith("items.json"):
            text = s3.get_object(Bucket=ended.cloud.jobs_bucket, Key=entry["Key"])["Body"].read()
            found += [item["shard"] for item in json.loads(text) if f"/{role}" in item["key"]]
    return found


def test_a_run_waits_for_its_slots_and_gives_them_back(slow: EmbeddedCloud, tmp_path: Path) -> None:
    ended = train(slow, TEXT, slots=12, job="slots", **PARAMETERS)
    assert ended.read("model") == in_process(TEXT, tmp_path, **PARAMETERS)
    states = ended.states()
    opening = states[states.index("Admit") : states.index("Divide")]
    assert opening == OPENING + ["AwaitBracket", "CheckBracket", "BracketReady?"] * 6, "80 s are six waits"
    assert levels(slow) == {}
    bracket = receipt(ended)["bracket"]
    assert (bracket["slots"], bracket["reason"]) == (12, None)
    assert bracket["open_seconds"] > 0
    ring = Ring.of("slots", 12).levels()
    assert set(shards_of(ended, "divide")) <= ring.keys(), "as many roots as slots go to them"


def test_without_slots_the_bracket_asks_lambda_for_nothing(cloud: EmbeddedCloud) -> None:
    before = len(cloud.pool.provisioned.requests)
    ended = train(cloud, TEXT, **PARAMETERS)
    states = ended.states()
    assert states[states.index("Admit") : states.index("Divide")] == OPENING
    assert len(cloud.pool.provisioned.requests) == before
    whole = receipt(ended)
    assert whole["bracket"] == {"slots": 0, "reason": None, "open_seconds": 0.0}
    assert whole["plan"]["memory_gb"] == 4.0, "as Stage is told by its function"


def test_an_account_too_small_for_slots_trains_on_demand(slow: EmbeddedCloud, tmp_path: Path) -> None:
    slow.pool.provisioned.account_limit = 10
    ended = train(slow, TEXT, slots=4, **PARAMETERS)
    assert ended.read("model") == in_process(TEXT, tmp_path, **PARAMETERS)
    assert "minimum value of [10]" in receipt(ended)["bracket"]["reason"]
    assert levels(slow) == {}


def concurrency(ended: Ended) -> dict[str, int]:
    """How many children at a time each Map was allowed."""
    sfn = ended.cloud.sfn
    arns = [run["mapRunArn"] for run in sfn.list_map_runs(executionArn=ended.arn)["mapRuns"]]
    return {
        arn.split(":")[-2].partition("/")[2]: sfn.describe_map_run(mapRunArn=arn)["maxConcurrency"]
        for arn in arns
    }


@pytest.fixture
def rested(cloud: EmbeddedCloud) -> EmbeddedCloud:
    """Nobody gave a share back just now: the whole rate is free."""
    cloud.client("dynamodb").delete_item(TableName=LEASE_TABLE, Key={"pk": {"S": "spawn-rate"}})
    return cloud


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_packets_that_fit_into_a_window_of_the_share_all_go_at_once(
    rested: EmbeddedCloud, share: float
) -> None:
    ended = train(rested, TEXT, max_share=share, **PARAMETERS)
    assert concurrency(ended) == {"Divide": 2, "Leaf": 2}, "there are two packets"


def test_more_packets_go_as_the_lease_of_their_wave_allows(rested: EmbeddedCloud) -> None:
    """A tenth of the rate admits 16 starts in ten seconds: 17 packets go one after the other."""
    ended = train(rested, TEXT, max_share=0.1, **{**PARAMETERS, "n_layers": 17})
    assert concurrency(ended) == {"Divide": 1, "Leaf": 1}


def test_slots_come_on_top_in_every_map(rested: EmbeddedCloud) -> None:
    ended = train(rested, TEXT, slots=3, max_share=0.1, **{**PARAMETERS, "n_layers": 17})
    assert concurrency(ended) == {"Divide": 1 + 3, "Leaf": 1 + 3}


# The net in the graph, alone: there is no EventBridge here, and nobody sweeps


def test_slots_that_are_required_and_refused_end_the_run(slow: EmbeddedCloud) -> None:
    slow.pool.provisioned.account_limit = 103
    ended = train(slow, TEXT, slots=4, slots_required=True, **PARAMETERS)
    assert ended.error[0] == "PlanError"
    assert "4 provisioned slots can't be had" in ended.error[1]
    assert ended.states()[-4:] == ["CloseBracket", "Settle", "Succeeded?", "TrainingFailed"]
    assert levels(slow) == {}


def test_a_failed_allocation_ends_a_run_that_requires_its_slots(slow: EmbeddedCloud) -> None:
    failing = f"{SHARD_PREFIX}-{list(Ring.of('fails', 3).levels())[1]}"
    slow.pool.provisioned.failing = {failing: "FUNCTION_ERROR_INIT_FAILURE"}
    ended = train(slow, TEXT, slots=3, slots_required=True, job="fails", **PARAMETERS)
    assert "CheckBracket" in ended.states()
    assert "FUNCTION_ERROR_INIT_FAILURE" in ended.error[1]
    assert levels(slow) == {}


def test_a_run_that_fails_with_its_slots_on_gives_them_back(slow: EmbeddedCloud) -> None:
    """Its shards are throttled until every retry is used up."""
    lambdas = slow.client("lambda")
    throttled = [f"{SHARD_PREFIX}-{shard}" for shard in Ring.of("throttled", 2).levels()]
    for name in throttled:
        lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    ended = train(slow, TEXT, slots=2, job="throttled", **PARAMETERS)
    for name in throttled:
        lambdas.delete_function_concurrency(FunctionName=name)
    assert ended.status == "FAILED"
    assert ended.error[0] == "Lambda.TooManyRequestsException"
    assert "Divide" in ended.states(), "the slots were on"
    assert ended.states()[-4:] == ["CloseBracket", "Settle", "Succeeded?", "TrainingFailed"]
    assert levels(slow) == {}
    assert BracketTable(slow.client("dynamodb"), LEASE_TABLE).read().records == {}


# The other two nets, each alone: an execution that is stopped runs no Catch


@pytest.fixture
def stopped(request: pytest.FixtureRequest) -> Iterator[tuple[EmbeddedCloud, str]]:
    """An execution that was stopped while its slots were on."""
    with EmbeddedCloud(processes=2, gatherers=0, gather_heartbeat=600) as cloud:
        asked = {"dataset": upload(cloud, TEXT), "target": "y", "slots": 5, **PARAMETERS}
        arn = cloud.train(asked)
        reach(cloud, arn, "Gather")
        cloud.sfn.stop_execution(executionArn=arn)
        assert finish(cloud, arn).status == "ABORTED"
        assert sum(levels(cloud).values()) == 5, "nobody has closed it yet"
        yield cloud, arn


def test_the_event_of_a_stopped_execution_closes_its_bracket(stopped: tuple[EmbeddedCloud, str]) -> None:
    cloud, arn = stopped
    event = eventbridge.status_event(arn, deployed_arn("TrainMachine"), "ABORTED")
    (payload,) = eventbridge.delivered(event)
    assert invoke(cloud, **payload)["slots"] == 5
    assert levels(cloud) == {}
    assert LeaseTable(cloud.client("dynamodb"), LEASE_TABLE, SimulatedClock()).read().leases == {}


def test_the_sweep_closes_the_bracket_of_a_stopped_execution(stopped: tuple[EmbeddedCloud, str]) -> None:
    cloud, arn = stopped
    table = BracketTable(cloud.client("dynamodb"), LEASE_TABLE)
    # An hour later; a simulated one, so that the pace of its 100 requests takes no time.
    clock = SimulatedClock(table.read().records[arn].opened + 3600)
    cloud.pool.provisioned.requests_per_second = None
    slots = ShardSlots(cloud.client("lambda"), SHARD_PREFIX, clock)
    admission = Admission(
        LeaseTable(cloud.client("dynamodb"), LEASE_TABLE, clock), Executions(cloud.client("stepfunctions"))
    )
    bracket = Bracket(admission, table, Switching(table, slots, clock), lambda slots, ended: None)
    swept = bracket.run(BracketEvent.model_validate(eventbridge.scheduled("BracketSweepRule")))
    assert swept == {"closed": 1, "expired": 0, "released": 1, "leaked_slots": 5}
    assert levels(cloud) == {}


# Sessions


def test_the_jobs_of_a_session_use_its_slots_and_leave_them_on(cloud: EmbeddedCloud) -> None:
    assert invoke(cloud, action="open", session="afternoon", slots=6, minutes=30)["ready"]
    first = train(cloud, TEXT, job="first-in-session", **PARAMETERS)
    second = train(cloud, TEXT, job="second-in-session", slots=0, **PARAMETERS)
    ring = Ring.of("session/afternoon", 6).levels()
    assert levels(cloud) == {f"{SHARD_PREFIX}-{shard}:live": level for shard, level in ring.items()}
    assert receipt(first)["bracket"]["slots"] == 0, "they are the session's, and billed to it"
    assert set(shards_of(first, "leaf")) & ring.keys()
    assert second.status == "SUCCEEDED"
    assert invoke(cloud, action="close", session="afternoon")["slots"] == 6
    assert levels(cloud) == {}
