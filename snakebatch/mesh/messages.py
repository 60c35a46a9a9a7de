"""What travels between the parts of the mesh: slices, packets, reports, and the queue's messages.

Each is a pydantic model with a version and no unknown fields: a part that does not know a field refuses it
instead of guessing. Slices and results lie in S3; a Map item only names them.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar
from typing import Literal as OneOf

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from snakebatch.engine.literal import Literal, literal_from_json
from snakebatch.engine.settings import Settings
from snakebatch.errors import LONGEST_QUOTE, ChecksumError, MeshError, SnakeBatchError
from snakebatch.mesh.canonical import canonical, content_hash, read_json

VERSION: Final = 1
"""Version of every message below; a change that an older reader would misread raises it."""

JOB_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
EXECUTION_PATTERN = r"^[^\s/\\]{1,80}$"

JobId = Annotated[str, Field(pattern=JOB_PATTERN)]
Execution = Annotated[str, Field(pattern=EXECUTION_PATTERN)]
Role = OneOf["divide", "conquer", "leaf"]
Path = tuple[Literal, ...]
JsonPath = list[list[Any]]
"""Literals as JSON has them. Kept as read: only the engine needs them as Literal."""

M = TypeVar("M", bound=BaseModel)


class Message(BaseModel):
    """Base of all: immutable, no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def body(self) -> dict[str, Any]:
        return self.model_dump(mode="python")


def parse(model: type[M], value: Any, error: type[SnakeBatchError] = MeshError) -> M:
    """``value`` as a ``model``; raises ``error`` with one line that names the first field at fault."""
    try:
        return model.model_validate(value)
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "value"
        raise error(f"{model.__name__}: {field[:LONGEST_QUOTE]}: {first['msg']}") from failure


class Slice(Message):
    """The rows that satisfy a path. ``node`` is its address: 0 = left (literal true), 1 = right, "" = the
    root.
    """

    layer: int
    node: str
    path: JsonPath
    n: int
    final: bool

    @property
    def literals(self) -> Path:
        return tuple(literal_from_json(raw) for raw in self.path)

    @property
    def place(self) -> tuple[int, str]:
        """Sorts slices into model order: by layer, then left to right."""
        return (self.layer, self.node)


class AtomGroup(Message):
    """Buckets ``ks`` of one slice's chain, for ``leaf_grain`` bucket.

    ``chain`` holds the conditions (without the path) of the links up to the last of ``ks``: enough to
    recompute the rows of each, so no list of rows travels.
    """

    slice: Slice
    chain: list[JsonPath]
    ks: list[int]


class Training(Message):
    """The settings that decide a layer's bytes, as a packet carries them."""

    bucket: int
    tau: int
    seed: int
    oppose_profile: str
    lookahead: int

    def settings(self, n_layers: int = 1) -> Settings:
        """For the engine: noise is 0 at every leaf, since noise from outside would contradict the path."""
        return Settings(
            n_layers=n_layers,
            bucket=self.bucket,
            noise=0,
            oppose_profile=self.oppose_profile,
            lookahead=self.lookahead,
            seed=self.seed,
            tau=self.tau,
        )


class Packet(Message):
    """Work for one invocation of one shard. Its id is its content's hash: the same work has one name.

    A packet with ``rows`` has no slices: it writes the rows from the first number up to the second one as
    model.json has them.
    """

    version: OneOf[1] = VERSION
    engine: str
    job: str
    fingerprint: str
    role: Role
    population: str
    training: Training
    levels: int | None = None
    budget: int = 0
    slices: list[Slice] = []
    atoms: list[AtomGroup] = []
    rows: tuple[int, int] | None = None

    @property
    def id(self) -> str:
        return content_hash(canonical(self.body()))


class PacketItem(Message):
    """An item of a Map: which packet, on which shard (two digits), and where it lies."""

    packet: str
    shard: str
    key: str


class Chain(Message):
    """A slice's chain: per link its condition without the path ([] = ELSE) and its number of rows."""

    slice: Slice
    conditions: list[JsonPath]
    rows: list[int]


class LeafIndex(Message):
    """One leaf, without its buckets. ``k`` is None for the leaf of a whole slice, else the bucket's place in
    its chain.
    """

    layer: int
    node: str
    k: int | None
    rows: int
    buckets: int

    @property
    def place(self) -> tuple[str, int]:
        """Sorts a layer's leaves into model order."""
        return (self.node, -1 if self.k is None else self.k)


class Text(Message):
    """A run of model.json that a shard wrote as an object of its own: see ``mesh/text_runs.py``.

    ``md5`` is what S3 calls it by, in hex: it detects damage. Bytes from ``split`` on are targets, where the
    run is one of rows.
    """

    bytes: int
    md5: str
    split: int = 0


class Cover(Message):
    """What must be known of a packet's buckets to see that the layers are partitions: see
    ``mesh/coverage.py``.

    ``members`` are the core members of all buckets end to end, as base64 of little-endian 32-bit numbers;
    ``sizes`` how many each bucket has; ``conditions`` a hash of each one's condition, empty for ELSE.
    """

    members: str
    sizes: list[int]
    conditions: list[str]


class Report(Message):
    """The answer to one packet. No clock, host or shard in it: a repeated packet gives the same bytes."""

    version: OneOf[1] = VERSION
    engine: str
    packet: str
    role: Role
    evaluations: int
    index: list[LeafIndex] = []
    open: list[Slice] = []
    final: list[Slice] = []
    stops: dict[str, int] = {}
    chains: list[Chain] = []
    cover: Cover | None = None
    text: Text | None = None


class LeafMessage(Message):
    """Tells the gatherer that a leaf is in S3. Progress only: the report object is the truth."""

    version: OneOf[1] = VERSION
    kind: OneOf["leaf"] = "leaf"
    job: str
    fingerprint: str
    execution: str
    packet: str
    layer: int
    node: str
    k: int | None
    rows: int
    buckets: int
    shard: str
    cold: bool
    started: float
    seconds: float

    @property
    def leaf(self) -> tuple[str, int, str, int | None]:
        """What a repeated delivery has in common with the first."""
        return (self.job, self.layer, self.node, self.k)

    def sealed(self) -> str:
        """The queue's text of it, with a checksum over every other field."""
        body = self.body()
        return canonical({**body, "checksum": content_hash(canonical(body))})


class GatherMessage(Message):
    """Asks for the model. Written by the state machine, which cannot compute our checksum; its token is its
    seal.
    """

    version: OneOf[1] = VERSION
    kind: OneOf["gather"] = "gather"
    job: JobId
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")]
    execution: Execution
    token: Annotated[str, Field(min_length=1, max_length=2048)]


QueueMessage = Annotated[LeafMessage | GatherMessage, Field(discriminator="kind")]


def read_queue_message(text: str) -> LeafMessage | GatherMessage:
    """A message of the report queue; raises ChecksumError or MeshError with the reason it can't be one."""
    raw = read_json(text, "the message")
    if not isinstance(raw, dict):
        raise MeshError("the message is not a JSON object")
    if raw.get("kind") == "gather":
        return parse(GatherMessage, raw)
    if raw.pop("checksum", None) != _checksum(raw):
        raise ChecksumError("the message is not what its checksum says")
    return parse(LeafMessage, raw)


def _checksum(body: dict[str, Any]) -> str:
    try:
        return content_hash(canonical(body))
    except (ValueError, RecursionError) as error:
        # Python reads NaN and 1e999 and what is nested deeper than it can write; no part of ours sends them.
        raise ChecksumError(f"the message has no checksum ({error})") from error
