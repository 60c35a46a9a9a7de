"""``python -m snakebatch.chaos.gathering``: the gatherer, whose waits are as short as the clocks are fast.

What a gatherer that was killed held is seen again after a second, not after twenty; the code is its own.
"""

from __future__ import annotations

import importlib
import runpy
import time
from typing import Any, cast

from snakebatch.chaos.inside import Clock
from snakebatch.chaos.parts import shrink

WAITS = {
    ("gatherer.drainer", "VISIBILITY_SECONDS"): 1,
    ("gatherer.service", "RETRY_SECONDS"): 0.05,
    ("gatherer.service", "LOOK_SECONDS"): 0.5,
    ("gatherer.heartbeats", "HEARTBEAT_SECONDS"): 0.2,
}
"""Constants of the gatherer's modules, in seconds of the machine's clock."""


def run() -> None:
    """Run it until SIGTERM."""
    for (module, name), seconds in WAITS.items():
        loaded: Any = importlib.import_module(module)
        if not hasattr(loaded, name):
            raise AttributeError(f"{module} has no {name}: give its wait a name that chaos knows")
        setattr(loaded, name, seconds)
    shrink()
    clock, module = Clock(), cast("Any", time)
    module.sleep = clock.sleep  # what boto3 waits between two attempts
    runpy.run_module("gatherer", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run()
