"""Takes a deployment down, what costs most first: executions, slots, data, stack, leftovers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from snakebatch.clock import Clock
from snakebatch.errors import AccountError
from snakebatch.operations.bucket import Bucket
from snakebatch.operations.leftovers import Leftovers
from snakebatch.operations.running import Executions, Slots, forget_brackets
from snakebatch.operations.stack import Deployed, Stack

POLL_SECONDS = 10.0
_POLLS = 360
_BUCKET = "AWS::S3::Bucket"
_BUCKET_ID = "JobsBucket"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Inventory:
    """What will go, told before anything does."""

    stack: str
    region: str
    prefix: str
    running: int
    objects: int
    bytes: int
    bucket: str | None
    deployed: Deployed | None


@dataclass
class Gone:
    """What went, and what is still there (``left``)."""

    executions: int = 0
    slots: int = 0
    objects: int = 0
    swept: list[str] = field(default_factory=list)
    kept: str | None = None
    left: list[str] = field(default_factory=list)


class Teardown:
    """One deployment. ``clients`` gives boto3 clients by service; ``say`` is told each step."""

    def __init__(
        self,
        clients: Callable[[str], Any],
        region: str,
        stack: str,
        prefix: str | None,
        clock: Clock,
        say: Say,
    ) -> None:
        self.clients = clients
        self.region = region
        self.stack = Stack(clients("cloudformation"), stack)
        self.prefix = prefix
        self.clock = clock
        self.say = say

    def look(self) -> Inventory:
        """What is there; reads only. Without a stack only leftovers of the prefix are ours."""
        deployed = self.stack.find()
        prefix = deployed.prefix if deployed else self.prefix or self.stack.name
        if self.prefix not in (None, prefix):
            raise AccountError(
                f"the stack {self.stack.name} has the prefix {prefix}, not {self.prefix}: "
                "leave --prefix out, or name its stack with --stack"
            )
        bucket = self._bucket(deployed)
        objects, size = bucket.count() if bucket else (0, 0)
        running = self._executions().running(_machines(deployed)) if deployed else []
        return Inventory(
            stack=self.stack.name,
            region=self.region,
            prefix=prefix,
            running=len(running),
            objects=objects,
            bytes=size,
            bucket=bucket.name if bucket else None,
            deployed=deployed,
        )

    def run(self, found: Inventory, keep_models: bool = False) -> Gone:
        """Take down what ``look`` found. Raises AccountError where the stack can't be deleted."""
        gone = Gone()
        deployed = found.deployed
        if deployed is not None:
            self.say(f"stopping {found.running} executions")
            gone.executions = self._executions().stop(_machines(deployed))
            self.say("closing the slots of the shards")
            for table in deployed.of("AWS::DynamoDB::Table"):
                forget_brackets(self.clients("dynamodb"), table)
            shards = [name for name in deployed.of("AWS::Lambda::Function") if "-v9-worker-pipe-" in name]
            gone.slots = Slots(self.clients("lambda"), self.clock).close(shards)
            gone.objects = self._empty(deployed, keep_models)
            self._delete(deployed, keep_models)
            gone.kept = self._kept(found) if keep_models else None
        self.say("looking for what is left")
        leftovers = Leftovers(self.clients, found.prefix)
        gone.swept = leftovers.sweep()
        still = self._bucket(deployed)
        gone.left = leftovers.rest(still.name if still and not gone.kept else None)
        return gone

    def _executions(self) -> Executions:
        return Executions(self.clients("stepfunctions"), self.clock)

    def _bucket(self, deployed: Deployed | None) -> Bucket | None:
        for name in deployed.of(_BUCKET) if deployed else []:
            bucket = Bucket(self.clients("s3"), name)
            if bucket.exists():
                return bucket
        return None

    def _empty(self, deployed: Deployed, keep_models: bool) -> int:
        bucket = self._bucket(deployed)
        if bucket is None:
            return 0
        self.say(f"emptying {bucket.name}" + (", but for models and receipts" if keep_models else ""))
        return bucket.empty(keep_models)

    def _kept(self, found: Inventory) -> str | None:
        """The bucket that stayed. Raises AccountError where it went, models and all."""
        bucket = self._bucket(found.deployed)
        if bucket is None and found.bucket is not None:
            raise AccountError(f"the bucket {found.bucket} went with the stack, and the models with it")
        return bucket.name if bucket else None

    def _delete(self, deployed: Deployed, keep_models: bool) -> None:
        self.say(f"deleting the stack {self.stack.name}; a hundred functions take some minutes")
        self.stack.delete(deployed.identity, [])
        status = self._wait(deployed.identity)
        undeleted = self.stack.undeleted(deployed.identity) if status == "DELETE_FAILED" else {}
        if set(undeleted) == {_BUCKET_ID}:
            # Something was still being written while it was emptied, or models are in it on purpose.
            if not keep_models:
                self._empty(deployed, keep_models=False)
            self.stack.delete(deployed.identity, [_BUCKET_ID] if keep_models else [])
            status = self._wait(deployed.identity)
            undeleted = self.stack.undeleted(deployed.identity) if status == "DELETE_FAILED" else {}
        if status != "DELETE_COMPLETE":
            reasons = (
                "; ".join(f"{name}: {reason}" for name, reason in undeleted.items()) or "no reason was given"
            )
            raise AccountError(
                f"the stack {self.stack.name} is {status} ({reasons}): mend that, then run teardown again"
            )

    def _wait(self, identity: str) -> str:
        for _ in range(_POLLS):
            status = self.stack.status(identity)
            if not status.endswith("_IN_PROGRESS"):
                return status
            self.clock.sleep(POLL_SECONDS)
        raise AccountError(
            f"the stack {self.stack.name} is still being deleted after an hour: look at its events, "
            "then run teardown again"
        )


def _machines(deployed: Deployed) -> list[str]:
    return deployed.of("AWS::StepFunctions::StateMachine")
