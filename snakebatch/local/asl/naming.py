"""ARNs: how executions, children, map runs and machines are called, and the text of values and times."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .errors import DATA_LIMIT, StateError

PAYLOAD_LIMIT = 256 * 1024
"""Bytes of a state's input, output or result, as UTF-8."""


@dataclass(frozen=True)
class Names:
    """Makes ARNs for one region and account."""

    region: str
    account: str

    def arn(self, rest: str) -> str:
        """`arn:aws:states:region:account:` and the rest."""
        return f"arn:aws:states:{self.region}:{self.account}:{rest}"

    def machine(self, name: str) -> str:
        """A state machine's ARN."""
        return self.arn(f"stateMachine:{name}")

    def execution(self, machine: str, name: str) -> str:
        """A Standard execution's ARN; `machine` is `name/label` for the child of a map run."""
        return self.arn(f"execution:{machine}:{name}")

    def express(self, machine: str, name: str, run: str) -> str:
        """An Express execution's ARN, which holds an id of its own since its name is not unique."""
        return self.arn(f"express:{machine}:{name}:{run}")

    def map_run(self, machine: str, label: str, run: str) -> str:
        """A map run's ARN."""
        return self.arn(f"mapRun:{machine}/{label}:{run}")


def label_of(state: str) -> str:
    """The label of a distributed map without one: from its name, at most 40 characters, unique."""
    clean = re.sub(r"[^A-Za-z0-9_-]", "-", state)
    if clean == state and len(state) <= 40:
        return state
    return f"{clean[:31]}-{hashlib.sha256(state.encode()).hexdigest()[:8]}"


def moment(seconds: float) -> datetime:
    """Epoch seconds as an aware datetime in milliseconds, as the API gives them."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def iso(at: datetime) -> str:
    """A time as the context object and result files write it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def text(value: Any) -> str:
    """A JSON value's text, as it travels and is counted."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def parse_json(content: str | bytes) -> Any:
    """The value of a JSON text; raises ValueError also for what Python alone reads: NaN, Infinity, and what
    is nested deeper than it can.
    """
    try:
        return json.loads(content, parse_constant=_no_json)
    except RecursionError as problem:
        raise ValueError("it is nested too deep") from problem


def _no_json(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def within_limit(content: str) -> bool:
    """Whether a text fits into 256 KiB of UTF-8."""
    return len(content) * 4 <= PAYLOAD_LIMIT or len(content.encode()) <= PAYLOAD_LIMIT


def limited(value: Any, what: str) -> str:
    """The text of a value that must fit; raises States.DataLimitExceeded with `what` it was.

    Quota: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (256 KiB of data).
    """
    content = text(value)
    if not within_limit(content):
        raise StateError(
            DATA_LIMIT,
            f"The state/task '{what}' returned a result with a size exceeding "
            "the maximum number of bytes service limit.",
        )
    return content
