"""The bracket function in one process: moto's table, a Lambda whose slots take time, executions by status."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from snakebatch.clock import Clock
from snakebatch.local.lambdas.errors import client_error
from snakebatch.local.lambdas.provisioned import ProvisionedConcurrency
from snakebatch.mesh.admission import Admission
from snakebatch.mesh.bracket import Bracket
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.executions import Executions
from snakebatch.mesh.lease import LeaseTable
from snakebatch.mesh.pacing import Pacing
from snakebatch.mesh.records import RunRecord
from snakebatch.mesh.requests import BracketEvent, TrainInput
from snakebatch.mesh.routing import Pace
from snakebatch.mesh.shard_slots import ShardSlots
from snakebatch.mesh.switching import Switching
from tests.support.mesh import TABLE
from tests.support.mesh import execution_arn as arn

PREFIX = "v9-worker-pipe"


class FakeExecutions:
    """What DescribeExecution says; who was never mentioned does not exist."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.asked: list[str] = []
        self.reachable = True

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self.asked.append(executionArn)
        if not self.reachable:
            raise _error("ThrottlingException")
        if executionArn not in self.statuses:
            raise _error("ExecutionDoesNotExist")
        return {"executionArn": executionArn, "status": self.statuses[executionArn]}


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "DescribeExecution")


class Killed(BaseException):
    """The process is gone: no ``except`` of ours and no clean-up of ours has a say any more."""


class Mortal:
    """A client whose process is killed at its n-th call of a method, and that does nothing afterwards."""

    def __init__(self, client: Any, death: Death) -> None:
        self._client = client
        self._death = death

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def called(**arguments: Any) -> Any:
            self._death.at(name)
            return method(**arguments)

        return called


@dataclass
class Death:
    """When a process dies: at the n-th call of a method (never, by default)."""

    method: str = ""
    call: int = 1
    dead: bool = False

    def at(self, method: str) -> None:
        if method == self.method:
            self.call -= 1
        self.dead = self.dead or (method == self.method and self.call == 0)
        if self.dead:
            raise Killed


@dataclass
class BracketBench:
    """Everything that a bracket function talks to; ``function()`` is one invocation's own."""

    dynamodb: Any
    clock: Clock
    provisioned: ProvisionedConcurrency = field(init=False)
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    leaks: list[tuple[int, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.provisioned = ProvisionedConcurrency(self._exists, self.clock, seconds=90.0)

    def _exists(self, name: str, qualifier: str) -> bool:
        return name.startswith(f"{PREFIX}-") and len(name) == len(PREFIX) + 3

    def function(self, death: Death | None = None) -> Bracket:
        """A bracket function in a process of its own, which may die."""
        death = death or Death()
        dynamodb: Any = Mortal(self.dynamodb, death)
        lambda_client: Any = Mortal(self.provisioned, death)
        sfn: Any = Mortal(self.executions, death)
        table = BracketTable(dynamodb, TABLE)
        switching = Switching(table, ShardSlots(lambda_client, PREFIX, self.clock), self.clock)
        leases = LeaseTable(dynamodb, TABLE, self.clock, ended=Executions(sfn).ended)
        return Bracket(Admission(leases, Executions(sfn)), table, switching, self._tell_leak)

    def _tell_leak(self, slots: int, ended: Sequence[str]) -> None:
        self.leaks.append((slots, [*ended]))

    def refuse(self, operation: str, shards: Collection[str]) -> None:
        """From now on Lambda fails at one operation (a boto3 method's name) on these shards."""
        method = getattr(self.provisioned, operation)

        def failing(**arguments: Any) -> Any:
            if arguments["FunctionName"][-2:] in shards:
                raise client_error("ServiceException", 500, "the shard's own trouble")
            return method(**arguments)

        setattr(self.provisioned, operation, failing)

    def run(self, action: str, death: Death | None = None, **fields: Any) -> dict[str, Any]:
        """One invocation; ``execution`` is a name here, and is said to run if nothing is known of it."""
        if "execution" in fields:
            fields["execution"] = arn(fields["execution"])
            self.executions.statuses.setdefault(fields["execution"], "RUNNING")
        event = BracketEvent.model_validate({"action": action, **fields})
        return dict(self.function(death).run(event))

    def renew(self, execution: str, packets: int, **fields: Any) -> Pace:
        """What NextWave does: the pace of the next Map."""
        function = self.function()
        run = RunRecord(
            execution=execution,
            job="job",
            fingerprint="0" * 32,
            started="",
            input=TrainInput.model_validate({"dataset": "s3://b/k", "target": "y", **fields}),
            plan={"slots": fields.get("slots", 0)},
        )
        return Pacing(function.leases, function.table).renewed(arn(execution), run, packets)

    def end(self, execution: str, status: str = "ABORTED") -> None:
        """An execution ends without a word to anybody."""
        self.executions.statuses[arn(execution)] = status

    def open_until_ready(self, **fields: Any) -> dict[str, Any]:
        """What OpenBracket, AwaitBracket and CheckBracket do."""
        answer = self.run("open", **fields)
        while not answer["ready"]:
            self.clock.sleep(answer["wait_seconds"])
            fields.pop("job", None)
            fields.pop("minutes", None)
            answer = self.run("ready", **{**fields, "tries": answer["tries"]})
        return answer

    @property
    def on(self) -> dict[str, int]:
        """Shard -> slots that are really on, at ``live``."""
        start, end = len(PREFIX) + 1, len(":live")
        return {name[start:-end]: level for name, level in self.provisioned.levels.items()}
