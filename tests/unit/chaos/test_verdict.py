"""The verdict: every way in which a run can be wrong is seen, and what is right is not complained of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snakebatch.chaos.campaign import Campaign
from snakebatch.chaos.director import Strike
from snakebatch.chaos.kinds import KINDS
from snakebatch.chaos.plan import Fault, plan
from snakebatch.chaos.table import as_json, as_text, line_of, rows
from snakebatch.chaos.verdict import ABORTED, DIED, FAILED, STUCK, TRAINED, Ended, Outcome

MODEL = b'{"model": 1}'
GOOD = Ended(TRAINED, model=MODEL)


def strike(kind: str, *evidence: str, number: int = 1) -> Strike:
    fault = Fault(number, KINDS[kind], 1, 1, 0.5)
    return Strike(fault, evidence or (fault.mark,))


def outcome(first: Ended, *strikes: Strike, last: Ended | None = None, left: tuple[str, ...] = ()) -> Outcome:
    endings = [first] if last is None else [first, last]
    return Outcome(plan("s", 3), endings, strikes, MODEL, left)


def test_the_very_model_and_nothing_left_is_right() -> None:
    assert outcome(GOOD, strike("throttle")).problems == []


@pytest.mark.parametrize(
    ("first", "struck"),
    [
        (Ended(FAILED, "CrashError", "chaos fault 1 (crash)"), strike("crash")),
        (Ended(FAILED, "Runtime.ExitError", "RequestId: r-1 Error: signal: killed"), strike("kill", "r-1")),
        (Ended(FAILED, "States.Timeout", ""), strike("clock-jump", "States.Timeout")),
        (Ended(ABORTED), strike("abort")),
        (Ended(DIED), strike("executor-death")),
    ],
)
def test_a_failure_with_a_true_reason_is_right(first: Ended, struck: Strike) -> None:
    judged = outcome(first, strike("s3-503", number=9), struck, last=GOOD)
    assert judged.guilty == [struck.fault]
    assert judged.problems == []


@pytest.mark.parametrize("status", [FAILED, ABORTED, DIED, "TIMED_OUT"])
def test_a_failure_that_no_fault_explains_is_wrong(status: str) -> None:
    judged = outcome(Ended(status, "InvariantError", "leaf 3"), strike("s3-503"), last=GOOD)
    assert len(judged.problems) == 1
    assert "no true reason" in judged.problems[0]


def test_another_model_is_wrong_in_either_execution() -> None:
    other = replace(GOOD, model=b"{}")
    died = Ended(DIED)
    assert outcome(other).wrong_model
    assert outcome(died, strike("executor-death"), last=other).wrong_model
    assert outcome(replace(GOOD, model=None)).wrong_model
    assert "byte for byte" in outcome(other).problems[0]


def test_what_is_left_behind_is_wrong() -> None:
    assert outcome(GOOD, left=("a bracket is open: x",)).problems == ["left behind: a bracket is open: x"]


def test_lost_leaves_are_wrong() -> None:
    assert outcome(replace(GOOD, missing_leaves=2)).problems == ["2 leaves are lost"]


def test_an_execution_that_does_not_end_is_wrong() -> None:
    assert outcome(Ended(STUCK), last=GOOD).problems == ["an execution did not end"]
    assert (
        outcome(Ended(ABORTED), strike("abort"), last=Ended(STUCK)).problems[0] == "an execution did not end"
    )


def test_a_job_that_fails_again_without_faults_is_wrong() -> None:
    judged = outcome(Ended(ABORTED), strike("abort"), last=Ended(FAILED, "MeshError", "why"))
    assert len(judged.problems) == 2
    assert "no true reason" in judged.problems[0]
    assert "the job has no model" in judged.problems[1]


def test_a_second_failure_may_have_a_true_reason_too() -> None:
    """A report that was corrupted before the first was stopped."""
    struck = [strike("report-corrupt", "jobs/x.gz"), strike("abort", number=2)]
    endings = [Ended(ABORTED), Ended(FAILED, "ChecksumError", "jobs/x.gz is damaged"), GOOD]
    judged = Outcome(plan("s", 3), endings, struck, MODEL)
    assert [fault.kind.name for fault in judged.guilty] == ["abort", "report-corrupt"]
    assert judged.problems == []


# The table


def campaign(*outcomes: Outcome) -> Campaign:
    return Campaign("s", dict(enumerate(outcomes, start=1)))


def test_the_table_counts_what_happened_and_what_it_came_to() -> None:
    done = campaign(
        outcome(GOOD, strike("s3-503"), strike("s3-503")),
        outcome(Ended(ABORTED), strike("s3-503"), strike("abort", number=2), last=GOOD),
    )
    table = {row.kind: (row.injected, row.survived, row.true_failures) for row in rows(done)}
    assert table["s3-503"] == (3, 3, 0)
    assert table["abort"] == (1, 0, 1)
    assert table["kill"] == (0, 0, 0)
    said = as_json(done)
    assert (said["runs"], said["faults"], said["kinds"], said["trained_at_once"]) == (2, 4, 2, 1)
    assert said["failed"] == []
    assert "0 lost leaves, 0 wrong models, 0 leaks" in as_text(done)


def test_what_is_wrong_is_told_with_the_command_that_shows_it_again() -> None:
    done = campaign(outcome(replace(GOOD, model=b"{}"), strike("throttle"), left=("a lease is held: x",)))
    done.left.append("process 7 of a cloud that is closed")
    said, text = as_json(done), as_text(done)
    assert (said["wrong_models"], said["leaks"]) == (1, 2)
    assert said["failed"][0]["replay"] == "snakebatch chaos --seed s --run 3"
    assert "snakebatch chaos --seed s --run 3" in text
    assert "process 7" in text
    assert done.failed == [1]
    throttled = next(row for row in rows(done) if row.kind == "throttle")
    assert (throttled.injected, throttled.survived) == (1, 0), "what ended badly was not survived"


def test_a_run_is_told_in_one_line() -> None:
    assert line_of(outcome(GOOD, strike("throttle"))) == "run 3: 1 faults, SUCCEEDED: ok"
    assert "ABORTED by abort: ok" in line_of(outcome(Ended(ABORTED), strike("abort"), last=GOOD))
    assert "by nothing we did: FAILED" in line_of(outcome(Ended(FAILED, "E", "c"), last=GOOD))
