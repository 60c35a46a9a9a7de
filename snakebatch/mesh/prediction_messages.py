"""What travels when a model is asked through the mesh: the workflows' input, events, chunks and answers.

Rows and answers travel as JSON lines, one a row, and as *text*: Step Functions and JSONata read every number
as a double, so that a long integer in a cell would come out as another one. Small ones travel inline, large
ones as sealed objects of S3.
"""

from __future__ import annotations

from typing import Annotated, Any
from typing import Literal as OneOf

from pydantic import Field, model_validator

from snakebatch.errors import LONGEST_QUOTE, InputError, MeshError
from snakebatch.mesh.messages import Execution, Message, parse
from snakebatch.mesh.requests import Failure, ShardEvent

Mode = OneOf["prediction", "probability", "lookalikes", "audit", "augmented", "candle", "regression"]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Uri = Annotated[str, Field(pattern=r"^s3://[^/]+/.+$")]
Count = Annotated[int, Field(ge=0)]


class PredictInput(Message):
    """The input of both prediction workflows: a model, a mode, and rows inline or the URI of their file.

    ``rows`` are objects, or the text of their JSON lines. ``data`` ends in .csv or .jsonl, or in either and
    .gz.
    """

    model: Uri
    mode: Mode = "prediction"
    rows: list[Any] | str | None = None
    data: Uri | None = None

    @model_validator(mode="after")
    def _one_source(self) -> PredictInput:
        if (self.rows is None) == (self.data is None):
            raise ValueError("give either rows or data, the URI of their file")
        return self


class DivideEvent(Message):
    """Cut a batch in chunks: in ``few`` ones for an inline Map, else in as many as it takes."""

    step: OneOf["divide"]
    execution: Execution
    few: bool
    input: dict[str, Any]


class Asked(Message):
    """A batch that was cut: what every chunk of it shares. ``model`` is the digest of the compact form."""

    execution: Execution
    model: Digest
    mode: Mode
    rows: Count
    chunks: Count
    inline: Count = 0


class GatherEvent(Message):
    """Put the answers of all chunks together, in order."""

    step: OneOf["gather"]
    asked: Asked


class ExplainEvent(Message):
    """Find what really went wrong."""

    step: OneOf["explain"]
    execution: Execution
    failure: Failure


PredictEvent = DivideEvent | GatherEvent | ExplainEvent

_STEPS: dict[str, type[PredictEvent]] = {
    "divide": DivideEvent,
    "gather": GatherEvent,
    "explain": ExplainEvent,
}


class ChunkItem(Message):
    """An item of the Map: some rows, inline or in S3, and the shard that answers them (two digits)."""

    chunk: Count
    shard: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    n: Annotated[int, Field(ge=1)]
    rows: str | None = None


class ChunkEvent(ChunkItem):
    """What a shard is asked in the role ``predict``: a chunk of a batch.

    Answers whose text, as JSON, has at most ``inline`` bytes come back in the result.
    """

    role: OneOf["predict"]
    execution: Execution
    model: Digest
    mode: Mode
    inline: Count = 0


class ChunkResult(Message):
    """A chunk's answers: inline, or in S3 where ``answers`` is None."""

    chunk: Count
    n: Count
    answers: str | None = None


class Predicted(Message):
    """The output of the workflow for small batches; ``results`` are in the order of the chunks."""

    status: OneOf["PREDICTED"]
    asked: Asked
    results: list[ChunkResult]


def read_predict_event(value: Any) -> PredictEvent:
    """The event of the function ``predict``; raises MeshError naming the field at fault."""
    step = value.get("step") if isinstance(value, dict) else None
    if step not in _STEPS:
        raise MeshError(f"PredictEvent: step: {str(step)[:LONGEST_QUOTE]!r} is none of {', '.join(_STEPS)}")
    return parse(_STEPS[step], value)


def read_shard_event(value: Any) -> ShardEvent | ChunkEvent:
    """The event of a shard, in whatever role; raises MeshError naming the field at fault."""
    if isinstance(value, dict) and value.get("role") == "predict":
        return parse(ChunkEvent, value)
    return parse(ShardEvent, value)


def read_predict_input(value: Any) -> PredictInput:
    """The workflows' input, validated; raises InputError with one line that names the parameter."""
    return parse(PredictInput, value, InputError)
