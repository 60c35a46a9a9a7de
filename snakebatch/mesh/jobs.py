"""Jobs as their users know them: start, ask how far, list, fetch the model, delete.

A job is known by the name of its execution (``model_id``). All of it is read from Step Functions and S3, so
that any gatherer, restarted or beside another, says the same.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from snakebatch.clock import Clock
from snakebatch.errors import InputError, UnknownJobError, shown
from snakebatch.mesh.canonical import canonical
from snakebatch.mesh.job_status import JobStatus, Progress, progress_of
from snakebatch.mesh.known_runs import KnownRuns
from snakebatch.mesh.messages import Message, Role
from snakebatch.mesh.places import Places
from snakebatch.mesh.records import JobRecord, RunRecord, WaveRecord
from snakebatch.mesh.requests import read_input
from snakebatch.mesh.service_store import ServiceStore
from snakebatch.mesh.store import JobStore, Keys

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_ID_BYTES = 16
_ROLES: tuple[Role, ...] = ("divide", "conquer", "leaf")
_NO_SUCH = frozenset({"ExecutionDoesNotExist", "InvalidArn", "InvalidName"})
_ENDED = frozenset({"ValidationException"})
"""What StopExecution answers of an execution that has ended."""

_NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}""")
"""What Step Functions takes for a name; what it doesn't is no job's."""


class JobSummary(Message):
    """A line of the list of jobs."""

    model_id: str
    status: str
    started: float
    ended: float | None = None


class JobList(Message):
    """A page of jobs, newest first; ``next`` asks for the one after it."""

    jobs: list[JobSummary]
    next: str | None = None


def new_model_id() -> str:
    """A name that nobody can guess: who knows it may be handed a link to the model."""
    return secrets.token_hex(_ID_BYTES)


@dataclass
class Jobs:
    """The jobs of one training workflow. ``machine`` is its ARN, ``sfn`` a boto3 client.

    ``dataset_objects`` are what may be trained on in other buckets, as ARNs; None where that is not known.
    """

    store: JobStore
    sfn: SFNClient
    machine: str
    clock: Clock
    dataset_objects: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        self._known = KnownRuns(self.store)

    @property
    def places(self) -> Places:
        """What may be read as data and as models."""
        return Places(self.store.objects, self.dataset_objects)

    @property
    def service(self) -> ServiceStore:
        """Where it stands which jobs were deleted."""
        return ServiceStore(self.store.objects)

    def arn(self, model_id: str) -> str:
        """The ARN of a job's execution."""
        return f"{self.machine.replace(':stateMachine:', ':execution:')}:{model_id}"

    def known_arn(self, model_id: str) -> str:
        """The same, of a job that there is; raises UnknownJobError where there is none, or none any more."""
        self.execution(model_id)
        return self.arn(model_id)

    def start(self, asked: Mapping[str, Any], model_id: str | None = None) -> str:
        """Start a training of an execution input; returns the job's id.

        A ``model_id`` that already has a run of the very same input is that run: nothing is started twice.
        Raises InputError for a bad input, or an id that was started with another one.
        """
        name = model_id or new_model_id()
        given = {"job": name, **{key: value for key, value in asked.items() if value is not None}}
        read_input(given)
        text = canonical(given)
        try:
            self.sfn.start_execution(stateMachineArn=self.machine, name=name, input=text)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise
            if json.loads(self.execution(name)["input"]) != given:
                raise InputError(
                    f"job {shown(name)} was started with other data or parameters: choose another id or key"
                ) from error
        return name

    def status(self, model_id: str) -> JobStatus:
        """How far a job is; raises UnknownJobError where there is none of that id."""
        execution = self.execution(model_id)
        found = self._known.find(model_id)
        started, now = execution["startDate"].timestamp(), self.clock.time()
        ended = execution["stopDate"].timestamp() if "stopDate" in execution else None
        said: dict[str, Any] = {
            "model_id": model_id,
            "status": execution["status"],
            "state": self._state(model_id),
            "started": started,
            "ended": ended,
            "seconds": round(max(0.0, (ended or now) - started), 3),
            "error": execution.get("error"),
            "cause": execution.get("cause"),
        }
        if found is not None:
            run, record = found
            said |= {
                "job": run.job,
                "fingerprint": run.fingerprint,
                "rows": record.rows,
                "n_layers": run.input.n_layers,
                "max_usd": run.input.max_usd,
                **self._progress(record, run, now, started).body(),
            }
        if "output" in execution:
            output = json.loads(execution["output"])
            said |= {key: output.get(key) for key in ("model", "model_stripped", "receipt")}
            said["usd"] = output.get("usd", 0.0)
        if ended is not None:
            said |= {"rate": 0.0, "eta_seconds": None}
        return JobStatus(**said)

    def jobs(self, limit: int = 50, after: str | None = None, status: str | None = None) -> JobList:
        """The latest jobs; ``after`` is the ``next`` of the page before, ``status`` chooses.

        Deleted ones are left out, so that a page may have fewer than ``limit``.
        """
        asked: dict[str, Any] = {"stateMachineArn": self.machine, "maxResults": limit}
        if after is not None:
            asked["nextToken"] = after
        if status is not None:
            asked["statusFilter"] = status
        try:
            page = self.sfn.list_executions(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidToken":
                raise InputError("after: no page follows this token; ask for the first one again") from error
            raise
        deleted = self.service.deleted()
        lines = [
            JobSummary(
                model_id=found["name"],
                status=found["status"],
                started=found["startDate"].timestamp(),
                ended=found["stopDate"].timestamp() if "stopDate" in found else None,
            )
            for found in page["executions"]
            if found["name"] not in deleted
        ]
        return JobList(jobs=lines, next=page.get("nextToken"))

    def waves(self, run: RunRecord) -> list[WaveRecord]:
        """The waves of a run that are planned so far, in order."""
        return self._known.waves(run.execution)

    def _progress(self, record: JobRecord, run: RunRecord, now: float, started: float) -> Progress:
        keys = Keys(run.job, run.fingerprint)
        waves = self.waves(run)
        used = {wave.role for wave in waves if wave.packets}
        reported: dict[Role, dict[str, float]] = {
            role: self.store.reported_at(keys, role) if role in used else {} for role in _ROLES
        }
        manifest = self._known.manifest(run.execution)
        return progress_of(record, run, waves, manifest, reported, now, started)

    def execution(self, model_id: str) -> Any:
        """The job's execution as Step Functions describes it; raises UnknownJobError where there is none."""
        if not _NAME.fullmatch(model_id):
            raise _unknown(model_id)
        try:
            found = self.sfn.describe_execution(executionArn=self.arn(model_id))
        except ClientError as error:
            if error.response["Error"]["Code"] in _NO_SUCH:
                raise _unknown(model_id) from error
            raise
        # Step Functions remembers it for 90 days more.
        if self.is_deleted(model_id):
            raise _unknown(model_id)
        return found

    def is_deleted(self, model_id: str) -> bool:
        """Whether somebody deleted the job."""
        return self.service.find_tombstone(model_id) is not None

    def stop(self, model_id: str, cause: str) -> None:
        """Stop the job's execution if it runs."""
        try:
            self.sfn.stop_execution(executionArn=self.arn(model_id), cause=cause)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO_SUCH | _ENDED:
                raise

    def _state(self, model_id: str) -> str:
        """The state that was entered last."""
        page = self.sfn.get_execution_history(
            executionArn=self.arn(model_id), reverseOrder=True, maxResults=50, includeExecutionData=False
        )
        for event in page["events"]:
            if "stateEnteredEventDetails" in event:
                return event["stateEnteredEventDetails"]["name"]
        return ""


def _unknown(model_id: str) -> UnknownJobError:
    return UnknownJobError(f"there is no job {shown(model_id)}: it was deleted, or the id is wrong")
