"""An explanation: why a row was answered as it was, as data. ``audit`` prints it, ``to_dict`` gives JSON.

In each layer the row walks down a chain to one bucket (the *routing*), whose members vote where one of their
conds holds: all of its clauses are false on the row (the *reasons*). A clause is told by what is true of the
row because the clause is false, so every line can be checked by looking at the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain as joined
from itertools import groupby
from typing import Any, Literal

from snakebatch.engine.bucket import Bucket, Condition
from snakebatch.engine.inference import Fields, Lookalike
from snakebatch.engine.model import Model
from snakebatch.engine.queries import Row
from snakebatch.engine.regression import Regression
from snakebatch.engine.wording import why_false, why_true

Routing = Literal["condition", "else", "last"]
"""How the row came into the bucket: its condition holds, it is the ELSE, or none held (the last takes it)."""


@dataclass(frozen=True)
class ClassShare:
    """A class, its votes, and its share of all votes."""

    target: Any
    votes: int
    probability: float


@dataclass(frozen=True)
class Alike:
    """A row of the training that voted: its number, its target, and how it came into the bucket."""

    row: int
    target: Any
    origin: Literal["core", "noise"]


@dataclass(frozen=True)
class Reason:
    """One cond that holds on the row, and the lookalikes that vote through it, by class, then row.

    ``cond`` numbers the clauses of the bucket; ``clauses`` tells each of them by the literals' negations that
    are true of the row. No clause at all means that every member votes.
    """

    cond: tuple[int, ...]
    clauses: tuple[tuple[str, ...], ...]
    lookalikes: tuple[Alike, ...]

    @cached_property
    def because(self) -> tuple[str, ...]:
        """All that is true of the row in the clauses, each line once."""
        return tuple(dict.fromkeys(joined.from_iterable(self.clauses)))


@dataclass(frozen=True)
class Layer:
    """A layer's part: the bucket that the row ends in, how it came there, and who votes.

    The path to it: ``before`` says for each bucket that was asked before what kept the row out of it (each
    line once), ``condition`` what let it into this one; that is empty unless ``routing`` is ``"condition"``.
    Every line is true of the row.
    """

    layer: int
    bucket: int
    members: int
    routing: Routing
    before: tuple[str, ...]
    condition: tuple[str, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Explanation:
    """Why a row was answered so.

    ``probabilities`` lists the classes with votes, the likeliest first; without any vote it lists every class
    (but for a target of numbers), all as likely as one another. ``regression`` is None unless the target is
    a number.
    """

    prediction: Any
    votes: int
    probabilities: tuple[ClassShare, ...]
    regression: Regression | None
    layers: tuple[Layer, ...]

    def to_dict(self) -> dict[str, Any]:
        """The explanation as dicts, lists, texts and numbers: what ``json.dumps`` takes."""
        content = asdict(self)
        if self.regression is not None:
            content["regression"] = self.regression._asdict()
        return content


def explain(
    model: Model, row: Row, *, labels: Sequence[Any] | None = None, rows: Sequence[int] | None = None
) -> Explanation:
    """Explain the answer to one row; lookalikes are known from the layers, so a stripped model will do.

    ``labels`` are the names of the model's classes and ``rows`` the numbers of its rows, where the caller
    knows them by others.
    """
    fields = model.fields(row)
    lookalikes = list(model.inference.lookalikes(fields))
    votes = [0] * len(model.classes)
    for lookalike in lookalikes:
        votes[int(model.codes[lookalike.row])] += 1
    names = model.classes if labels is None else labels
    is_number = model.datatypes[0] == "N"
    told = _Teller(model, fields, names, range(len(model.codes)) if rows is None else rows)
    by_layer = {number: list(found) for number, found in groupby(lookalikes, lambda found: found.layer)}
    return Explanation(
        prediction=names[votes.index(max(votes))],
        votes=len(lookalikes),
        probabilities=_shares(votes, names, is_number),
        regression=model.regression(row) if is_number else None,
        layers=tuple(
            told.layer(number, place, by_layer.get(number, []))
            for number, place in enumerate(model.inference.route(fields))
        ),
    )


def _shares(votes: Sequence[int], names: Sequence[Any], is_number: bool) -> tuple[ClassShare, ...]:
    total = sum(votes)
    if not total:
        return () if is_number else tuple(ClassShare(name, 0, 1 / len(names)) for name in names)
    ranked = sorted((-count, code) for code, count in enumerate(votes) if count)
    return tuple(ClassShare(names[code], -count, -count / total) for count, code in ranked)


@dataclass(frozen=True)
class _Teller:
    """Tells the layers of one row."""

    model: Model
    fields: Fields
    names: Sequence[Any]
    rows: Sequence[int]

    def layer(self, number: int, place: int, found: Iterable[Lookalike]) -> Layer:
        bucket = self.model.layers[number][place]
        holds = self.model.inference.holds
        condition = bucket.condition or ()
        routing: Routing = "condition"
        if bucket.condition is None:
            routing = "else"
        elif not all(holds(literal, self.fields) for literal in condition):
            routing, condition = "last", ()
        by_cond: dict[tuple[int, ...], list[Lookalike]] = {}
        for lookalike in found:
            by_cond.setdefault(tuple(lookalike.cond), []).append(lookalike)
        return Layer(
            layer=number,
            bucket=place,
            members=len(bucket.members),
            routing=routing,
            before=self._before(self.model.layers[number], place, routing),
            condition=tuple(why_true(self.model, literal, self.fields) for literal in condition),
            reasons=tuple(self._reason(bucket, cond, alike) for cond, alike in by_cond.items()),
        )

    def _before(self, chain: Sequence[Bucket], place: int, routing: Routing) -> tuple[str, ...]:
        # None of the conditions held where the last bucket takes what is left: its own neither.
        asked = chain if routing == "last" else chain[:place]
        return tuple(dict.fromkeys(self._kept_out(bucket.condition or ()) for bucket in asked))

    def _kept_out(self, condition: Condition) -> str:
        """The negation of the first literal that does not hold."""
        holds = self.model.inference.holds
        failed = next(literal for literal in condition if not holds(literal, self.fields))
        return why_false(self.model, failed, self.fields)

    def _reason(self, bucket: Bucket, cond: tuple[int, ...], found: Iterable[Lookalike]) -> Reason:
        codes = self.model.codes
        ranked = sorted((int(codes[one.row]), one.row, bucket.origins[one.position]) for one in found)
        return Reason(
            cond=cond,
            clauses=tuple(
                tuple(why_false(self.model, literal, self.fields) for literal in bucket.clauses[clause])
                for clause in cond
            ),
            lookalikes=tuple(
                Alike(int(self.rows[row]), self.names[code], "noise" if origin == "n" else "core")
                for code, row, origin in ranked
            ),
        )
