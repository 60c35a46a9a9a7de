"""What a run has spent and has left to spend, checked between two waves against the user's ``max_usd``."""

from __future__ import annotations

from collections.abc import Collection

from snakebatch.errors import PlanError
from snakebatch.mesh.messages import Report
from snakebatch.mesh.packing import leaf_cost, leaf_weight
from snakebatch.mesh.records import JobRecord, RunRecord
from snakebatch.planner.plan import compute_seconds, cost


def check_cost(job: JobRecord, run: RunRecord, divided: Collection[Report], wave: int) -> None:
    """Raise PlanError where what was done and what is left cost more than the user allows.

    ``divided`` are the reports that this run made: an earlier run's are paid for. What is left is as the plan
    says, which leaves out the layers that were there.
    """
    weight = leaf_weight(job.classes) * leaf_cost(job.engine)
    rows = job.rows * int(run.plan["n_layers"]) * weight
    invocations = len(divided) + int(run.plan["packets"])
    work = compute_seconds(
        invocations=invocations,
        evaluations=sum(report.evaluations for report in divided),
        leaf_rows=rows,
        memory_gb=run.memory_gb,
    )
    leaves = sum(len(report.final) for report in divided)
    usd = cost(
        invocations=invocations,
        compute_seconds=work,
        leaves=leaves,
        slots=run.slots,
        seconds=float(run.plan["seconds"]),
        memory_gb=run.memory_gb,
    )
    if usd > run.input.max_usd:
        raise PlanError(
            f"after wave {wave - 1} the run is to cost ${usd:.4f}, "
            f"more than max_usd ${run.input.max_usd:g}: "
            "start the job again with a higher max_usd; what is done is kept"
        )
