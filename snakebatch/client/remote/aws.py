"""A mesh without a gatherer's API: a deployed stack, straight through Step Functions and S3.

Credentials are boto3's own. The workflow still needs somebody who gathers, or assembles by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from snakebatch.client.remote.effects import Flow, working
from snakebatch.client.remote.questions import rows_parsed
from snakebatch.client.remote.tables import Table
from snakebatch.clock import Clock
from snakebatch.errors import AccountError, shown
from snakebatch.mesh.job_status import JobStatus
from snakebatch.mesh.packing import leaf_weight
from snakebatch.operations.aws import Clients, asking, clients, code_of
from snakebatch.planner.plan import MEMORY_GB, Plan, make_plan, slots_in_time
from snakebatch.planner.rate import SPAWN_RATE

if TYPE_CHECKING:
    from snakebatch.mesh.jobs import Jobs
    from snakebatch.mesh.predicting import PredictClient

T = TypeVar("T")

_OUTPUTS = {"train": "TrainMachineArn", "predict": "PredictMachineArn", "bucket": "JobsBucketName"}

ClientOf = Callable[[str], Any]
"""A boto3 client by the name of its service."""


@dataclass(frozen=True)
class StackParts:
    """What a stack is made of, as far as a client uses it; ``memory_gb`` are GB of a function, ``rate`` the
    starts a second that the stack may make.
    """

    jobs: Jobs
    predictions: PredictClient
    memory_gb: float
    rate: float


@dataclass(frozen=True)
class AwsClients:
    """Clients of AWS; ``patient`` makes the one that waits for synchronous executions."""

    of: ClientOf
    patient: Callable[[], Any]


def aws_clients(region: str | None, session: Any = None, given: ClientOf | None = None) -> AwsClients:
    """The clients that are ``given``, else a boto3 ``session``'s, else of the profile and environment.

    Raises MissingExtraError without boto3, AccountError where no region is known.
    """
    if given is not None:
        return AwsClients(given, partial(given, "stepfunctions"))
    found = clients(region) if session is None else Clients(session)

    def patient() -> Any:
        from snakebatch.mesh.sync_client import sync_client

        return sync_client(found.session)

    return AwsClients(found, patient)


class AwsMesh:
    """A stack by its name; its outputs are read when it is first asked."""

    def __init__(self, stack: str, clients: AwsClients, clock: Clock, *, region: str | None = None) -> None:
        self._stack = stack
        self._clients = clients
        self._clock = clock
        self._region = region
        self._parts: StackParts | None = None

    @property
    def where(self) -> str:
        region = "" if self._region is None else f", region={self._region!r}"
        return f"stack={self._stack!r}{region}"

    def __repr__(self) -> str:
        return f"AwsMesh({self.where})"

    def train(self, table: Table, asked: Mapping[str, Any]) -> Flow[str]:
        return working(
            partial(self._asking, f"starting a training on {self._stack}", self._train, table, asked)
        )

    def status(self, model_id: str, *, patience: float) -> Flow[JobStatus]:
        return working(partial(self._asking, "asking for a job", lambda parts: parts.jobs.status(model_id)))

    def fetch(self, model_id: str, sink: BinaryIO, *, stripped: bool) -> Flow[None]:
        return working(partial(self._asking, "fetching a model", self._fetch, model_id, sink, stripped))

    def predict(self, model_id: str, mode: str, lines: Sequence[str]) -> Flow[list[Any]]:
        return working(partial(self._asking, "asking a model", self._predict, model_id, mode, lines))

    def upload(self, model: bytes) -> Flow[str]:
        return working(partial(self._asking, "uploading a model", self._upload, model))

    def plan(self, asked: Mapping[str, Any]) -> Flow[Plan]:
        return working(partial(self._asking, f"planning for {self._stack}", self._plan, asked))

    def resume(self, model_id: str, changes: Mapping[str, Any]) -> Flow[str]:
        return working(partial(self._asking, "starting a job again", self._resume, model_id, changes))

    def partial(self, model_id: str) -> Flow[dict[str, Any]]:
        return working(partial(self._asking, "making a partial model", self._partial, model_id))

    def receipt(self, model_id: str) -> Flow[dict[str, Any]]:
        return working(partial(self._asking, "fetching a receipt", self._receipt, model_id))

    def trace(self, model_id: str) -> Flow[dict[str, Any]]:
        return working(partial(self._asking, "reading what a job did", self._trace, model_id))

    def delete(self, model_id: str) -> Flow[None]:
        return working(partial(self._asking, "deleting a job", self._delete, model_id))

    # blocking work

    def _asking(self, what: str, do: Callable[..., T], *arguments: Any) -> T:
        """Do it with the stack's parts; AWS's errors come out in words that say what to do."""
        with asking(what):
            if self._parts is None:
                self._parts = self._find()
            return do(self._parts, *arguments)

    def _find(self) -> StackParts:
        # Only who goes this way has botocore.
        from snakebatch.mesh.jobs import Jobs
        from snakebatch.mesh.objects import Objects
        from snakebatch.mesh.predicting import PredictClient
        from snakebatch.mesh.prediction_store import PredictionStore
        from snakebatch.mesh.store import JobStore

        described = self._described()
        outputs = self._outputs(described)
        parameters = _parameters(described)
        objects = Objects(self._clients.of("s3"), outputs["bucket"])
        sfn = self._clients.of("stepfunctions")
        return StackParts(
            Jobs(JobStore(objects), sfn, outputs["train"], self._clock),
            PredictClient(self._clients.patient(), outputs["predict"], PredictionStore(objects)),
            int(parameters["FunctionMemory"]) / 1024 if "FunctionMemory" in parameters else MEMORY_GB,
            float(parameters["SpawnRatePerMinute"]) / 60
            if "SpawnRatePerMinute" in parameters
            else SPAWN_RATE,
        )

    def _described(self) -> dict[str, Any]:
        try:
            (found,) = self._clients.of("cloudformation").describe_stacks(StackName=self._stack)["Stacks"]
        except Exception as error:
            # CloudFormation has no code of its own for a stack that is not there.
            if code_of(error) == "ValidationError":
                raise AccountError(
                    f"there is no stack {shown(self._stack)} in this region: name the stack of `sam deploy`, "
                    "and its region"
                ) from error
            raise
        return dict(found)

    def _outputs(self, described: Mapping[str, Any]) -> dict[str, str]:
        told = {entry["OutputKey"]: entry["OutputValue"] for entry in described.get("Outputs", [])}
        missing = [name for name in _OUTPUTS.values() if name not in told]
        if missing:
            raise AccountError(
                f"the stack {shown(self._stack)} has no output {missing[0]}: is it one of SnakeBatch, "
                "deployed to its end?"
            )
        return {name: told[output] for name, output in _OUTPUTS.items()}

    def _train(self, parts: StackParts, table: Table, asked: Mapping[str, Any]) -> str:
        from snakebatch.mesh.jobs import new_model_id

        dataset = table.uri or self._send(parts, table)
        # boto3 repeats a call whose answer was lost: the name makes it the same execution.
        return parts.jobs.start({"dataset": dataset, **asked}, new_model_id())

    def _send(self, parts: StackParts, table: Table) -> str:
        """Put a table into the bucket, unless one of this content is there."""
        objects = parts.jobs.store.objects
        key = f"datasets/{table.digest[:32]}-{table.name}"
        stamp = objects.stamp(key)
        if stamp is None or stamp[1] != table.size:
            assert table.file is not None
            table.file.seek(0)
            # upload_fileobj closes what it is given.
            objects.upload(key, iter(partial(table.file.read, 1 << 20), b""))
        return objects.uri(key)

    def _fetch(self, parts: StackParts, model_id: str, sink: BinaryIO, stripped: bool) -> None:
        from snakebatch.mesh.job_results import Results

        key = Results(parts.jobs).model(model_id, stripped=stripped)
        objects = parts.jobs.store.objects
        sink.seek(0)
        sink.truncate()
        objects.s3.download_fileobj(objects.bucket, key, sink)

    def _predict(self, parts: StackParts, model_id: str, mode: str, lines: Sequence[str]) -> list[Any]:
        from snakebatch.mesh.job_results import Results
        from snakebatch.mesh.predicting import predict_sync

        return predict_sync(parts.predictions, Results(parts.jobs).model(model_id), rows_parsed(lines), mode)

    def _plan(self, parts: StackParts, asked: Mapping[str, Any]) -> Plan:
        return _planned(asked, parts)

    def _upload(self, parts: StackParts, model: bytes) -> str:
        service = parts.jobs.service
        model_id = service.model_id(hashlib.sha256(model).hexdigest())
        key = service.model(model_id)
        assert key is not None  # the id is one that was just made
        service.objects.upload(key, [model])
        return model_id

    def _resume(self, parts: StackParts, model_id: str, changes: Mapping[str, Any]) -> str:
        from snakebatch.mesh.continuing import Continuing

        return Continuing(parts.jobs).resume(model_id, changes)

    def _partial(self, parts: StackParts, model_id: str) -> dict[str, Any]:
        from snakebatch.mesh.continuing import Continuing

        return Continuing(parts.jobs).partial(model_id).body()

    def _receipt(self, parts: StackParts, model_id: str) -> dict[str, Any]:
        from snakebatch.mesh.job_results import Results

        return Results(parts.jobs).receipt(model_id)

    def _trace(self, parts: StackParts, model_id: str) -> dict[str, Any]:
        from snakebatch.graph.record import record_of

        return record_of(parts.jobs.sfn, parts.jobs.known_arn(model_id))

    def _delete(self, parts: StackParts, model_id: str) -> None:
        from snakebatch.mesh.deleting import Deleting

        Deleting(parts.jobs).delete(model_id)


def _parameters(described: Mapping[str, Any]) -> dict[str, str]:
    """A stack's parameters; one of an older template may lack some."""
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in described.get("Parameters", [])}


def _planned(asked: Mapping[str, Any], parts: StackParts) -> Plan:
    """As staging plans: slots only where there is no time without."""
    known = {name: asked[name] for name in ("rows", "n_layers", "tau", "max_usd", "columns") if name in asked}
    weight = leaf_weight(asked.get("classes", 2))
    make = partial(make_plan, **known, weight=weight, memory_gb=parts.memory_gb, rate=parts.rate)
    if asked.get("slots", "auto") != "auto":
        return make(slots=asked["slots"])
    without = make()
    return without if without.feasible else make(slots=slots_in_time(without))
