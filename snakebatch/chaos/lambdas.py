"""Lambda as the executor sees it in a run of chaos: the pool, disturbed at the invocation."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from snakebatch.chaos import kinds
from snakebatch.chaos.call import ENVIRONMENT
from snakebatch.chaos.director import Director
from snakebatch.chaos.hasty import HastyClock
from snakebatch.chaos.inside import ORDERS
from snakebatch.chaos.plan import Fault
from snakebatch.chaos.processes import Trap, Traps
from snakebatch.local.lambdas import LambdaPool
from snakebatch.local.lambdas.disturbing import Began, Disturbance
from snakebatch.local.lambdas.errors import client_error

TIME_LEFT = 0.5
"""Seconds of the machine's clock that an invocation has whose request hangs."""

_MOST_REQUESTS = 6
_LONGEST_JUMP = 900.0
_EXECUTOR_JUMP = 200.0

Strikes = Callable[[], None]


class DisturbedLambda:
    """A boto3 client for the executor. ``abort`` stops the execution, ``die`` ends Step Functions itself."""

    def __init__(
        self,
        pool: LambdaPool,
        director: Director,
        traps: Traps,
        clock: HastyClock,
        abort: Strikes,
        die: Strikes,
    ) -> None:
        self._pool = pool
        self._director = director
        self._traps = traps
        self._clock = clock
        self._abort = abort
        self._die = die
        self._now = threading.local()
        self.pids: set[int] = set()
        pool.disturb = self._disturb

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def invoke(self, **asked: Any) -> dict[str, Any]:
        """Invoke, or what is due instead."""
        payload = asked.get("Payload", b"")
        name = f"{asked['FunctionName']} {blake2b(payload, digest_size=8).hexdigest()}"
        fault = self._director.at(kinds.INVOKE, target=name)
        if fault is not None:
            self._before(fault)
        self._now.fault, self._now.began = fault, None
        try:
            answer = self._pool.invoke(**asked)
        finally:
            began: Began | None = self._now.began
            self._now.fault = None
            trap = self._traps.lift(f"{ENVIRONMENT}{began.environment}") if began is not None else None
        if fault is None or began is None:
            return answer
        return self._after(fault, began, trap, answer)

    def _before(self, fault: Fault) -> None:
        name = fault.kind.name
        if name in ("throttle", "throttle-storm"):
            self._director.struck(fault)
            raise client_error("TooManyRequestsException", 429, f"Rate Exceeded. {fault.mark}")
        if name == "lambda-500":
            self._director.struck(fault)
            raise client_error("ServiceException", 500, f"Service Exception. {fault.mark}")
        if name == "cold-start" and self._pool.chill():
            self._director.struck(fault)
        if name == "clock-jump" and fault.draw > 0.8:
            self._director.struck(fault, "States.Timeout")
            self._clock.jump(_EXECUTOR_JUMP * fault.draw)
        if name == "abort":
            self._director.struck(fault)
            self._abort()
        if name == "executor-death":
            self._director.struck(fault)
            self._die()

    def _disturb(self, began: Began) -> Disturbance:
        """Called by the pool, in the thread that invokes, once there is a process."""
        fault: Fault | None = getattr(self._now, "fault", None)
        self._now.began = began
        self.pids.add(began.pid)
        orders: dict[str, Any] = {"now": self._clock.time()}
        timeout = None
        if fault is not None:
            name, at = fault.kind.name, 1 + int(fault.draw * _MOST_REQUESTS)
            if name == "clock-jump" and fault.draw <= 0.8:
                orders["now"] += (fault.draw / 0.4 - 1) * _LONGEST_JUMP
            if name == "crash":
                orders["crash"] = ["before" if fault.draw < 0.5 else "after", fault.mark]
            if name == "kill":
                how = "before" if at % 2 else "after"
                self._traps.set(f"{ENVIRONMENT}{began.environment}", Trap(began.pid, at, how))
            if name == "timeout":
                timeout = TIME_LEFT
                self._traps.set(f"{ENVIRONMENT}{began.environment}", Trap(began.pid, 1 + at // 3, "hang"))
        return Disturbance({ORDERS: json.dumps(orders)}, timeout)

    def _after(self, fault: Fault, began: Began, trap: Trap | None, answer: dict[str, Any]) -> dict[str, Any]:
        """Note what really came of it."""
        payload = answer["Payload"].read()
        failed = payload.decode("utf-8", "replace") if answer.get("FunctionError") else ""
        name = fault.kind.name
        if name == "clock-jump" and fault.draw <= 0.8:
            self._director.struck(fault)
        if (name == "crash" and fault.mark in failed) or (name == "timeout" and "Sandbox.Timedout" in failed):
            self._director.struck(fault, fault.mark if name == "crash" else began.request_id)
        if name == "kill" and trap is not None and trap.struck and "Runtime.ExitError" in failed:
            self._director.struck(fault, began.request_id)
        return {**answer, "Payload": io.BytesIO(payload)}
