"""Chaos, in short: some seeded runs through everything, and defects that the verdict has to see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from snakebatch.chaos.fixtures import Chaos, chaos
from snakebatch.chaos.kinds import KINDS
from snakebatch.chaos.plan import Fault, Plan, plan
from snakebatch.chaos.verdict import ABORTED, TRAINED
from tests.support.scale import scaled

__all__ = ["chaos"]

pytestmark = pytest.mark.slow

SEED, RUNS = "ci", scaled(3, 7)
SHAPE = replace(
    plan(SEED, 1).shape, rows=160, layers=1, tau=60, grain="slice", levels=2, slots=2, slots_required=False
)


def planned(*faults: Fault) -> Plan:
    return Plan(SEED, 0, SHAPE, faults)


def fault(kind: str, at: int, draw: float = 0.5) -> Fault:
    return Fault(1, KINDS[kind], at, 1, draw)


@pytest.fixture
def spoilt(chaos: Chaos) -> Iterator[Chaos]:
    """Its models change on their way to S3, and no checksum is in the way."""
    chaos.cloud.disturber.spoil = "/model.json"
    yield chaos
    chaos.cloud.disturber.spoil = None


@pytest.mark.parametrize("number", range(1, RUNS + 1))
def test_a_run_ends_in_the_very_model_or_in_a_true_reason(chaos: Chaos, number: int) -> None:
    outcome = chaos.run(SEED, number)
    assert outcome.problems == [], [strike.fault.mark for strike in outcome.strikes]
    assert outcome.last.model == outcome.expected
    assert outcome.strikes


def test_without_faults_nothing_strikes(chaos: Chaos) -> None:
    outcome = chaos.carry_out(planned())
    assert (outcome.first.status, outcome.strikes, outcome.problems) == (TRAINED, [], [])


def test_a_corrupted_report_is_refused_by_its_checksum_and_made_again(chaos: Chaos) -> None:
    outcome = chaos.carry_out(planned(fault("report-corrupt", at=1)))
    assert outcome.first.error == "ChecksumError"
    assert outcome.guilty == [fault("report-corrupt", at=1)]
    assert outcome.problems == []


def test_step_functions_dies_and_the_job_goes_on_in_another_execution(chaos: Chaos) -> None:
    outcome = chaos.carry_out(planned(fault("executor-death", at=6)))
    assert [one.kind.name for one in outcome.guilty] == ["executor-death"]
    assert outcome.problems == []


def test_an_invocation_that_outlives_its_stopped_execution_leaves_nothing(chaos: Chaos) -> None:
    """Stopped as NextWave begins: it renews a lease that was given back meanwhile."""
    outcome = chaos.carry_out(planned(fault("abort", at=5)))
    assert outcome.first.status == ABORTED
    assert outcome.problems == []


# Defects that are planted: a verdict that does not see them is none


def test_a_model_that_is_damaged_where_no_checksum_looks_is_seen(spoilt: Chaos) -> None:
    outcome = spoilt.carry_out(planned())
    assert outcome.wrong_model
    assert outcome.problems == ["the model is not byte for byte that of an undisturbed training"]


def test_an_upload_that_is_left_open_is_seen(chaos: Chaos) -> None:
    began = chaos.cloud.disturber.abandoned.begun
    s3 = chaos.cloud.client("s3")
    s3.create_multipart_upload(Bucket=chaos.cloud.jobs_bucket, Key="jobs/x/model.json")
    outcome = chaos.carry_out(planned())
    assert outcome.problems == ["left behind: a multipart upload was open: jobs/x/model.json"]
    assert chaos.cloud.disturber.abandoned.begun > began, "the model was put together from parts"


def test_a_bracket_that_is_left_open_is_seen(chaos: Chaos) -> None:
    """Stopped with its slots on, and neither EventBridge nor the sweep is there."""
    outcome = chaos.carry_out(planned(fault("abort", at=5)), nets=False)
    assert outcome.first.status == ABORTED
    left = "\n".join(outcome.problems)
    assert "a bracket is open" in left
    assert "slots are on" in left
    assert "a lease is held" in left
