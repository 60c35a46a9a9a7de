"""What the functions are asked: the execution input, and the event of each function."""

from __future__ import annotations

from typing import Annotated, Any
from typing import Literal as OneOf

from pydantic import Field, field_validator

from snakebatch.engine.settings import MAX_LAYERS, MAX_LOOKAHEAD, PROFILES
from snakebatch.errors import InputError, shown
from snakebatch.mesh.messages import Execution, JobId, Message, Role, parse

LeafGrain = OneOf["slice", "bucket"]


class TrainInput(Message):
    """The input of a training execution; all but ``dataset`` and ``target`` have defaults."""

    dataset: Annotated[str, Field(pattern=r"^s3://[^/]+/.+$")]
    target: str | int
    n_layers: Annotated[int, Field(ge=1, le=MAX_LAYERS)] = 5
    bucket: Annotated[int, Field(ge=1)] = 250
    tau: Annotated[int, Field(ge=1)] = 1000
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    oppose_profile: str = "auto"
    lookahead: Annotated[int, Field(ge=1, le=MAX_LOOKAHEAD)] = 5
    leaf_grain: LeafGrain = "slice"
    levels_per_wave: OneOf["auto"] | Annotated[int, Field(ge=1)] = "auto"
    slots: OneOf["auto"] | Annotated[int, Field(ge=0)] = "auto"
    max_usd: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5
    dry_run: bool = False
    job: JobId | None = None

    @field_validator("oppose_profile")
    @classmethod
    def _known_profile(cls, value: str) -> str:
        if value not in PROFILES:
            raise ValueError(f"{shown(value)} is none of {', '.join(PROFILES)}")
        return value

    @property
    def levels(self) -> int | None:
        """Levels one invocation divides at most; None = by its budget."""
        return None if self.levels_per_wave == "auto" else self.levels_per_wave


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
    wave: Annotated[int, Field(ge=0)]
    done: OneOf["divide", "conquer", "none"]


class BracketEvent(Message):
    action: OneOf["admit", "open", "ready", "close"]
    execution: Execution
    slots: Annotated[int, Field(ge=0)] = 0
    packets: Annotated[int, Field(ge=0)] = 0
    tries: Annotated[int, Field(ge=0)] = 0


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


class WaveRef(Message):
    """Where the workflow stands: what the next Map does, and where its items and results lie.

    ``packets`` are the wave's, ``pending`` those of them without a report; ``invocations`` and
    ``evaluations`` are of all waves so far.
    """

    wave: int
    next: OneOf["divide", "conquer", "leaf", "none"]
    items: str | None = None
    results: str | None = None
    packets: int = 0
    pending: int = 0
    invocations: int = 0
    evaluations: int = 0


class SettleEvent(Message):
    run: RunRef
    execution: Execution
    started: str
    wave: WaveRef
    gathered: bool
    failure: Failure | None
    leak: str | None = None


class ShardEvent(Message):
    role: Role
    execution: Execution
    packet: str
    shard: Annotated[str, Field(pattern=r"^\d{2}$")]
    key: str
