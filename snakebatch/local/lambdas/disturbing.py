"""What may be done to an invocation from outside, as a machine would: less time, other surroundings, its end.

Nothing is done unless somebody asks for it: `snakebatch.chaos` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Began:
    """An invocation that is about to begin: whose, which, and the number and id of the process it runs in."""

    function: str
    request_id: str
    environment: int
    pid: int


@dataclass(frozen=True)
class Disturbance:
    """``variables`` go to the process's environment; ``timeout`` (seconds) stands in for the function's."""

    variables: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None


Disturb = Callable[[Began], Disturbance]
"""Called in the thread of whoever invokes."""


def undisturbed(began: Began) -> Disturbance:
    """Leave it alone."""
    return Disturbance()
