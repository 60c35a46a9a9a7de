"""``python -m tests.support.faulty_gatherer``: the gatherer, which kills itself at a given point.

FAULT is ``NAME:N``: at the N-th time that this process comes by the point of that name. It dies as a failing
machine does (SIGKILL): nothing is tidied up. The code that it runs is the gatherer's own.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
from typing import Any

from gatherer import drainer, service
from gatherer.__main__ import main
from gatherer.drainer import Drainer
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.store import JobStore
from snakebatch.mesh.uploads import Upload

POINTS: dict[str, tuple[type, str, bool]] = {
    "received": (Drainer, "take", False),
    "ingested": (Drainer, "take", True),
    "deleting": (Drainer, "_delete", False),
    "deleted": (Drainer, "_delete", True),
    "token-received": (JobStore, "keep_pending", False),
    "token-kept": (JobStore, "keep_pending", True),
    "report-read": (JobStore, "report", True),
    "bytes-written": (Upload, "feed", True),
    "model-uploading": (Upload, "_complete", False),
    "model-uploaded": (Upload, "_complete", True),
    "assembled": (JobStore, "put_assembled", True),
    "token-answered": (JobStore, "forget_pending", False),
    "token-forgotten": (Objects, "delete", True),
}
"""By name: whose method, and whether the point lies behind its call."""

VISIBILITY_SECONDS, LOOK_SECONDS = 2, 1.0
"""So that what a killed gatherer held is seen again within a test's patience."""


def die_at(fault: str) -> None:
    """Set the trap."""
    name, _, number = fault.partition(":")
    owner, method, behind = POINTS[name]
    original, passed = getattr(owner, method), itertools.count(1)

    @functools.wraps(original)
    def trapped(*arguments: Any, **named: Any) -> Any:
        last = next(passed) == int(number)
        result = original(*arguments, **named) if behind or not last else None
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, method, trapped)


def run() -> None:
    """The gatherer, with a trap if there is one."""
    drainer.VISIBILITY_SECONDS = VISIBILITY_SECONDS
    service.LOOK_SECONDS = LOOK_SECONDS
    if "FAULT" in os.environ:
        die_at(os.environ["FAULT"])
    main()


if __name__ == "__main__":
    run()
