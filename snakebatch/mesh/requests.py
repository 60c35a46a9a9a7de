"""What the functions are asked: the execution input, and the event of each function."""

from __future__ import annotations

from typing import Annotated, Any, Self
from typing import Literal as OneOf

from pydantic import Field, field_validator, model_validator

from snakebatch.engine.settings import MAX_LAYERS, MAX_LOOKAHEAD, PROFILES
from snakebatch.errors import InputError, shown
from snakebatch.mesh.bracket_records import SESSION
from snakebatch.mesh.messages import Execution, JobId, Message, Role, parse

LeafGrain = OneOf["slice", "bucket"]

LEAST_SHARE = 0.1
"""Part of the spawn rate. Below it even one child at a time starts more often than its share allows."""

DATASET_PATTERN = r"^s3://[^/]+/.+$"

MOST_SLOTS = 10_000
MOST_MINUTES = 24 * 60

Share = Annotated[float, Field(ge=LEAST_SHARE, le=1.0)]
Slots = Annotated[int, Field(ge=0, le=MOST_SLOTS)]

ExecutionArn = Annotated[
    str, Field(pattern=r"^arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:execution:[^\s:/]{1,80}:[^\s:/]{1,80}$")
]
SessionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class TrainParameters(Message):
    """What a training is told beside its data; all but ``target`` have defaults."""

    target: str | int
    n_layers: Annotated[int, Field(ge=1, le=MAX_LAYERS)] = 5
    bucket: Annotated[int, Field(ge=1)] = 250
    tau: Annotated[int, Field(ge=1)] = 1000
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    oppose_profile: Annotated[str, Field(json_schema_extra={"enum": [*PROFILES]})] = "auto"
    lookahead: Annotated[int, Field(ge=1, le=MAX_LOOKAHEAD)] = 5
    leaf_grain: LeafGrain = "slice"
    levels_per_wave: OneOf["auto"] | Annotated[int, Field(ge=1)] = "auto"
    slots: OneOf["auto"] | Slots = "auto"
    slots_required: bool = False
    min_share: Share = LEAST_SHARE
    max_share: Share = 1.0
    max_usd: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5
    dry_run: bool = False
    partial: bool = False
    job: JobId | None = None

    @field_validator("oppose_profile")
    @classmethod
    def _known_profile(cls, value: str) -> str:
        if value not in PROFILES:
            raise ValueError(f"{shown(value)} is none of {', '.join(PROFILES)}")
        return value

    @model_validator(mode="after")
    def _ordered_shares(self) -> Self:
        if self.min_share > self.max_share:
            raise ValueError(f"min_share {self.min_share:g} is more than max_share {self.max_share:g}")
        return self

    @property
    def levels(self) -> int | None:
        """Levels one invocation divides at most; None = by its budget."""
        return None if self.levels_per_wave == "auto" else self.levels_per_wave


class TrainInput(TrainParameters):
    """The input of a training execution; all but ``dataset`` and ``target`` have defaults."""

    dataset: Annotated[str, Field(pattern=DATASET_PATTERN)]


def read_input(value: Any) -> TrainInput:
    """The execution input, validated; raises InputError with one line that names the parameter."""
    return parse(TrainInput, value, InputError)


class StageEvent(Message):
    execution: Execution
    started: str
    input: dict[str, Any]


class WaveEvent(Message):
    """``done`` is what the finished Map did; ``none`` when there was nothing to divide."""

    job: JobId
    fingerprint: str
    execution: Execution
    execution_arn: ExecutionArn
    wave: Annotated[int, Field(ge=0)]
    done: OneOf["divide", "conquer", "none"]


class BracketEvent(Message):
    """Whose bracket it is, an execution's or a session's, says ``execution`` (its ARN) or ``session``."""

    action: OneOf["admit", "open", "ready", "close", "list", "expire", "sweep"]
    execution: ExecutionArn | None = None
    session: SessionName | None = None
    job: JobId | None = None
    slots: Slots = 0
    slots_required: bool = False
    joins_session: bool = False
    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] = 60
    min_share: Share = LEAST_SHARE
    max_share: Share = 1.0
    packets: Annotated[int, Field(ge=0)] = 0
    tries: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one_holder(self) -> BracketEvent:
        wanted = {"list": 0, "expire": 0, "sweep": 0}.get(self.action, 1)
        if (self.execution is not None) + (self.session is not None) != wanted:
            raise ValueError(f"{self.action} wants {wanted or 'none'} of execution and session")
        if self.action == "admit" and self.execution is None:
            raise ValueError("only an execution is admitted")
        if self.action == "open" and self.session is not None and not self.slots:
            raise ValueError("a session wants one slot or more")
        return self

    @property
    def holder(self) -> str:
        """What the records know it by."""
        return self.execution if self.execution is not None else f"{SESSION}{self.session}"


class Failure(Message):
    """What a Catch kept of an error."""

    error: str
    cause: str | None = None


class RunRef(Message):
    """A run as the state machine knows it: keys and a few numbers. Only ``execution`` is there if Stage
    failed.
    """

    execution: Execution
    job: JobId | None = None
    fingerprint: str | None = None
    dry_run: bool = False
    slots: int = 0
    slots_required: bool = False
    joins_session: bool = False
    min_share: float = LEAST_SHARE
    max_share: float = 1.0


class WaveRef(Message):
    """Where the workflow stands: what the next Map does, and where its items and results lie.

    ``packets`` are the wave's, ``pending`` those of them without a report; ``invocations`` and
    ``evaluations`` are of all waves so far. ``max_concurrency`` is what the renewed lease allows the next
    Map; the first one's comes from Admit.
    """

    wave: int
    next: OneOf["divide", "conquer", "leaf", "none"]
    items: str | None = None
    results: str | None = None
    packets: int = 0
    pending: int = 0
    invocations: int = 0
    evaluations: int = 0
    max_concurrency: int = 0


class BracketOutcome(Message):
    """What became of the slots; ``reason`` says why an execution that asked for some went on without."""

    slots: int = 0
    reason: str | None = None
    open_seconds: float = 0.0


class SettleEvent(Message):
    run: RunRef
    execution: Execution
    started: str
    wave: WaveRef
    gathered: bool
    failure: Failure | None
    leak: str | None = None
    bracket: BracketOutcome = BracketOutcome()


class ShardEvent(Message):
    role: Role
    execution: Execution
    packet: str
    shard: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    key: str
