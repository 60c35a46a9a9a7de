"""The receipts of runs that have ended: each is read once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from snakebatch.errors import SnakeBatchError
from snakebatch.mesh.canonical import read_json
from snakebatch.mesh.jobs import Jobs, JobSummary

_KEPT = 300


@dataclass(frozen=True)
class Compared:
    """A figure as planned and as it was."""

    planned: float
    actual: float

    @property
    def deviation(self) -> float | None:
        """(actual - planned) / planned; None where nothing was planned."""
        return None if not self.planned else (self.actual - self.planned) / self.planned


@dataclass(frozen=True)
class ShardSpent:
    """What a run's packets took on one shard; ``cold`` of them met a new environment."""

    shard: str
    packets: int
    seconds: float
    cold: int


@dataclass(frozen=True)
class Receipt:
    """What a run took, plan against actual. ``trouble``: why there is nothing to compare.

    ``by_state`` are seconds, ``by_kind`` dollars.
    """

    model_id: str
    status: str
    ended: float | None
    rows: int | None = None
    n_layers: int | None = None
    seconds: Compared | None = None
    usd: Compared | None = None
    invocations: Compared | None = None
    leaves: Compared | None = None
    by_state: Mapping[str, Compared] = field(default_factory=dict)
    by_kind: Mapping[str, Compared] = field(default_factory=dict)
    shards: tuple[ShardSpent, ...] = ()
    trouble: str | None = None


def compared(model_id: str, ended: float | None, said: dict[str, Any]) -> Receipt:
    """A trained run's receipt, read as a table's line."""
    plan, actual = said["plan"], said["actual"]

    def pair(name: str) -> Compared:
        return Compared(float(plan[name]), float(actual[name]))

    return Receipt(
        model_id=model_id,
        status="SUCCEEDED",
        ended=ended,
        rows=int(said["rows"]["kept"]),
        n_layers=int(said["input"]["n_layers"]),
        seconds=pair("seconds"),
        usd=pair("usd"),
        invocations=pair("invocations"),
        leaves=pair("leaves"),
        by_state=_parts(plan, actual, "seconds_by_state"),
        by_kind=_parts(plan, actual, "usd_by_kind"),
        shards=tuple(
            ShardSpent(name, int(spent["packets"]), float(spent["seconds"]), int(spent["cold"]))
            for name, spent in sorted(actual.get("shards", {}).items())
        ),
    )


def _parts(plan: Mapping[str, Any], actual: Mapping[str, Any], name: str) -> dict[str, Compared]:
    """The parts of a figure in the order of the plan, then those that nobody had planned."""
    planned, was = plan.get(name, {}), actual.get(name, {})
    return {
        part: Compared(float(planned.get(part, 0.0)), float(was.get(part, 0.0)))
        for part in dict.fromkeys([*planned, *was])
    }


class ReceiptReader:
    """The receipts of the latest runs. Safe to ask from several threads."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._known: OrderedDict[str, Receipt] = OrderedDict()
        self._lock = threading.Lock()

    def latest(self, limit: int) -> list[Receipt]:
        """Of runs that have ended, those that ended last first."""
        ended = [one for one in self._jobs.jobs(limit=limit).jobs if one.ended is not None]
        return [self._of(one) for one in sorted(ended, key=lambda one: -(one.ended or 0.0))]

    def _of(self, summary: JobSummary) -> Receipt:
        with self._lock:
            known = self._known.get(summary.model_id)
        if known is None:
            known = self._read(summary)
            with self._lock:
                self._known[summary.model_id] = known
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return known

    def _read(self, summary: JobSummary) -> Receipt:
        def without(why: str) -> Receipt:
            return Receipt(summary.model_id, summary.status, summary.ended, trouble=why)

        try:
            status = self._jobs.status(summary.model_id)
        except SnakeBatchError as error:
            return without(str(error))
        if status.receipt is None:
            why = f"{status.error}: {status.cause}" if status.error else "it trained no model"
            return without(why)
        objects = self._jobs.store.objects
        key = status.receipt.removeprefix(objects.uri(""))
        try:
            return compared(summary.model_id, summary.ended, read_json(objects.get(key), key))
        except (SnakeBatchError, KeyError, TypeError, ValueError) as error:
            return without(f"its receipt can't be read: {error}")
