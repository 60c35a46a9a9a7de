"""One run: a training through its faults, the nets under it, and the training again if need be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from snakebatch.chaos import kinds
from snakebatch.chaos.cloud import ChaosCloud
from snakebatch.chaos.leftovers import leftovers, pending, queued
from snakebatch.chaos.plan import Plan, Shape
from snakebatch.chaos.verdict import DIED, STUCK, TRAINED, Ended, Outcome
from snakebatch.clock import Clock, SystemClock
from snakebatch.local.deployment import APP
from snakebatch.mesh.jobs import Jobs
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.store import JobStore

POLL_SECONDS, MOST_POLLS = 0.02, 6_000
"""Of the machine's clock: an execution that takes longer than two minutes of it is stuck."""

MOST_STARTS = 4
"""Of one job: a report that was corrupted in the first may stop the second, and its reason says which."""

A_MINUTE, AN_HOUR = 60.0, 3_600.0
"""Seconds before Lambda tries again what EventBridge handed over; and between two sweeps."""

_DELIVERIES = 3


@dataclass
class Runner:
    """Does runs in one cloud. ``nets``: whether EventBridge and the sweep are there; tests take them away."""

    cloud: ChaosCloud
    nets: bool = True

    def __post_init__(self) -> None:
        self._clock: Clock = SystemClock()
        self._jobs = 0
        self._told: set[str] = set()

    def run(self, plan: Plan, expected: bytes) -> Outcome:
        """One run; ``expected`` is the model of an undisturbed training."""
        cloud, director = self.cloud, self.cloud.director
        self._jobs += 1
        job = f"run-{plan.number}-{self._jobs}"
        cloud.pool.provisioned.failing = {}
        asked = {"dataset": self._dataset(plan.shape), "job": job, **plan.shape.input()}
        director.begin(plan.faults)
        endings = [self._train(asked, f"{job}-0")]
        self._catch(endings[0])
        strikes = director.strikes
        director.rest()
        while endings[-1].status != TRAINED and len(endings) < MOST_STARTS:
            cloud.pool.provisioned.failing = {}
            endings.append(self._train(asked, f"{job}-{len(endings)}"))
            self._catch(endings[-1])
        self._drain()
        return Outcome(plan, endings, strikes, expected, self._left())

    def _left(self) -> list[str]:
        """What this run left behind; what an earlier one did was told."""
        found = leftovers(self.cloud)
        new = [line for line in found if line not in self._told]
        self._told = set(found)
        return new

    def _dataset(self, shape: Shape) -> str:
        table = shape.table().encode()
        key = f"datasets/{blake2b(table, digest_size=8).hexdigest()}.csv"
        self.cloud.client("s3").put_object(Bucket=self.cloud.jobs_bucket, Key=key, Body=table)
        return f"s3://{self.cloud.jobs_bucket}/{key}"

    def _train(self, asked: dict[str, Any], name: str) -> Ended:
        """Train, and see to what a machine sees to: that a gatherer runs, and Step Functions."""
        cloud = self.cloud
        cloud.arn = f"{cloud.train_arn.replace(':stateMachine:', ':execution:')}:{name}"
        cloud.train(asked, name=name)
        for _ in range(MOST_POLLS):
            if cloud.executor_died.is_set():
                cloud.revive()
                return Ended(DIED)
            described = cloud.sfn.describe_execution(executionArn=cloud.arn)
            if described["status"] != "RUNNING":
                return self._ended(described, name)
            cloud.tend_gatherer()
            self._clock.sleep(POLL_SECONDS)
        cloud.sfn.stop_execution(executionArn=cloud.arn, cause="stuck")
        return Ended(STUCK)

    def _ended(self, described: dict[str, Any], name: str) -> Ended:
        status = str(described["status"])
        if status != TRAINED:
            return Ended(status, described.get("error", ""), described.get("cause", ""))
        output = json.loads(described["output"])
        bucket, _, key = output["model"].removeprefix("s3://").partition("/")
        model = self.cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        store = JobStore(Objects(self.cloud.client("s3"), self.cloud.jobs_bucket))
        sfn: Any = self.cloud.sfn
        jobs = Jobs(store, sfn, self.cloud.train_arn, self._clock)
        told = jobs.status(name)
        return Ended(status, model=model, missing_leaves=told.leaves_expected - told.leaves)

    # What comes after the end

    def _catch(self, ended: Ended) -> None:
        """EventBridge tells of an end without success; where that is lost, the sweep comes in an hour."""
        if ended.status == TRAINED or not self.nets:
            return
        director = self.cloud.director
        fault = director.at(kinds.END)
        lost = fault is not None and fault.kind.name == "event-lost"
        if fault is not None:
            director.struck(fault)
        if lost or ended.status == DIED:
            # Nobody tells of executions that died with Step Functions.
            self._call_bracket(AN_HOUR, action="sweep")
            return
        for _ in range(1 if fault is None else 2):
            self._call_bracket(A_MINUTE, action="close", execution=self.cloud.arn)

    def _call_bracket(self, wait: float, **event: Any) -> None:
        """Call the bracket function, some times while it fails: what it does not do shows as left behind."""
        for _ in range(_DELIVERIES):
            self.cloud.hasty.jump(wait)
            answer = self.cloud.client("lambda").invoke(
                FunctionName=f"{APP}-bracket:live", Payload=json.dumps(event).encode()
            )
            if "FunctionError" not in answer:
                return

    def _drain(self) -> None:
        """Wait until invocations that outlived their execution have ended, and the gatherer has nothing left
        to do; what it does not finish shows as left behind.
        """
        for _ in range(MOST_POLLS):
            if not self.cloud.pool.busy and not queued(self.cloud) and not pending(self.cloud):
                return
            self.cloud.tend_gatherer()
            self._clock.sleep(POLL_SECONDS)
