"""Inside an execution environment: the deployed handler, under a clock that is set, and made to raise.

Stands in for ``app.handler``; what it is to do comes with each invocation, in ``SNAKEBATCH_CHAOS``.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Callable
from typing import Any

from snakebatch.chaos.parts import shrink

ORDERS = "SNAKEBATCH_CHAOS"
"""JSON: ``now`` (epoch seconds), and ``crash``: [``before`` or ``after``, the message]."""

_HURRY = 0.01


class CrashError(Exception):
    """A fault of the handler that nobody foresaw."""


class Clock:
    """What ``time.time`` and ``time.sleep`` are in this process: set, and in a hurry."""

    def __init__(self) -> None:
        self._time, self._sleep = time.time, time.sleep
        self._ahead = 0.0

    def set(self, now: float) -> None:
        """It is that time now."""
        self._ahead = now - self._time()

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._time() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Wait a hundredth of it; the rest has passed."""
        self._sleep(seconds * _HURRY)
        self._ahead += seconds * (1 - _HURRY)


def disturbed(handler: Callable[[Any, Any], Any], clock: Clock) -> Callable[[Any, Any], Any]:
    """The handler as it is invoked in a run of chaos."""

    def invoked(event: Any, context: Any) -> Any:
        orders = json.loads(os.environ.pop(ORDERS, "{}"))
        if "now" in orders:
            clock.set(orders["now"])
        when, message = orders.get("crash", ("", ""))
        if when == "before":
            raise CrashError(message)
        answer = handler(event, context)
        if when == "after":
            raise CrashError(message)
        return answer

    return invoked


def _installed() -> Callable[[Any, Any], Any]:
    clock = Clock()
    shrink()
    module: Any = time
    module.time, module.sleep = clock.time, clock.sleep
    return disturbed(importlib.import_module("app").handler, clock)


# Only where it is loaded as a handler: others import the name of the variable.
if os.environ.get("_HANDLER") == f"{__name__}.handler":
    handler = _installed()
