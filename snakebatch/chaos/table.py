"""What a campaign found, as a table for people and as JSON for machines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from snakebatch.chaos.campaign import Campaign
from snakebatch.chaos.kinds import KINDS
from snakebatch.chaos.verdict import TRAINED, Outcome


@dataclass(frozen=True)
class Row:
    """One kind: calls that it took, those of them that did no harm, executions that failed because of it."""

    kind: str
    says: str
    injected: int
    survived: int
    true_failures: int


def rows(campaign: Campaign) -> list[Row]:
    """A row for each kind, those that never struck included."""
    injected: Counter[str] = Counter()
    fatal: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    for outcome in campaign.outcomes.values():
        guilty = outcome.guilty
        for strike in outcome.strikes:
            injected[strike.fault.kind.name] += 1
            fatal[strike.fault.kind.name] += strike.fault in guilty or bool(outcome.problems)
        failures.update(fault.kind.name for fault in guilty)
    return [
        Row(name, kind.says, injected[name], injected[name] - fatal[name], failures[name])
        for name, kind in KINDS.items()
    ]


def as_json(campaign: Campaign) -> dict[str, Any]:
    """All of it, as one JSON object."""
    table = rows(campaign)
    outcomes = [campaign.outcomes[number] for number in sorted(campaign.outcomes)]
    return {
        "seed": campaign.seed,
        "runs": len(outcomes),
        "faults": sum(row.injected for row in table),
        "kinds": sum(row.injected > 0 for row in table),
        "trained_at_once": sum(outcome.first.status == TRAINED for outcome in outcomes),
        "true_failures": sum(row.true_failures for row in table),
        "lost_leaves": sum(outcome.lost_leaves for outcome in outcomes),
        "wrong_models": sum(outcome.wrong_model for outcome in outcomes),
        "leaks": sum(len(outcome.left) for outcome in outcomes) + len(campaign.left),
        "left_on_the_machine": campaign.left,
        "table": [vars(row) for row in table],
        "failed": [_failed(campaign, outcome) for outcome in outcomes if outcome.problems],
    }


def as_text(campaign: Campaign) -> str:
    """The table, its sums, and for each run that failed what is wrong and how to see it again."""
    said = as_json(campaign)
    width = max(len(name) for name in KINDS)
    lines = [f"{'kind':<{width}}  injected  survived  true failures"]
    lines += [
        f"{row['kind']:<{width}}  {row['injected']:>8}  {row['survived']:>8}  {row['true_failures']:>13}"
        for row in said["table"]
    ]
    lines += [
        "",
        f"{said['runs']} runs of seed {said['seed']}: {said['faults']} faults of {said['kinds']} kinds; "
        f"{said['trained_at_once']} trained at once, {said['true_failures']} failed with a true reason and "
        "trained when started again",
        f"{said['lost_leaves']} lost leaves, {said['wrong_models']} wrong models, {said['leaks']} leaks",
    ]
    lines += [f"left behind: {line}" for line in campaign.left]
    for failed in said["failed"]:
        lines += [f"run {failed['run']} FAILED; again: {failed['replay']}"]
        lines += [f"  {problem}" for problem in failed["problems"]]
    return "\n".join(lines)


def line_of(outcome: Outcome) -> str:
    """One run in one line, as it is done."""
    first, guilty = outcome.first, outcome.guilty
    names = " and ".join(fault.kind.name for fault in guilty) or "nothing we did"
    reason = "" if first.status == TRAINED else f" by {names}"
    verdict = f"FAILED: {'; '.join(outcome.problems)}" if outcome.problems else "ok"
    return f"run {outcome.plan.number}: {len(outcome.strikes)} faults, {first.status}{reason}: {verdict}"


def _failed(campaign: Campaign, outcome: Outcome) -> dict[str, Any]:
    number = outcome.plan.number
    return {
        "run": number,
        "problems": outcome.problems,
        "faults": [strike.fault.mark for strike in outcome.strikes],
        "replay": f"snakebatch chaos --seed {campaign.seed} --run {number}",
    }
