"""Execution environments under a cap: who gets which process, and who has to go for it.

As in Lambda, an environment serves one invocation at a time and stays warm for the next. Unlike Lambda only
so many work at a time; whoever finds no place waits, first come first served. A few more stay warm and idle:
the workflow calls one function after another, and each would push the last one out.
"""

from __future__ import annotations

import shutil
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from snakebatch.errors import CloudError
from snakebatch.local.lambdas.forkserver import ForkServer, Process
from snakebatch.local.lambdas.functions import Blueprint
from snakebatch.local.lambdas.runtime import scratch_folder
from snakebatch.local.lambdas.wire import receive, send

INIT_LIMIT = 10.0
"""Seconds that Lambda gives the loading of a handler before it counts against the invocation."""

SPARE = 6
"""Environments that may be alive beyond those that may work: as many as the application has handlers."""


@dataclass(frozen=True)
class Environment:
    """A running process that has loaded (or is about to load) one blueprint."""

    process: Process
    blueprint: Blueprint


class InitFailedError(Exception):
    """The handler could not be loaded.

    ``payload`` is what the runtime says of it; failing that, ``exit_code`` if the process died; neither if it
    took too long.
    """

    def __init__(self, payload: bytes | None, *, exit_code: int | None = None) -> None:
        super().__init__("the handler could not be loaded")
        self.payload = payload
        self.exit_code = exit_code


@dataclass(frozen=True)
class _Grant:
    """Leave to use an environment, or to launch one in the place of ``victim``."""

    environment: Environment | None
    victim: Environment | None = None


class _Ticket:
    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.called = threading.Event()
        self.grant: _Grant | None = None


class Environments:
    """At most ``capacity`` environments at work and ``SPARE`` more alive.

    The least recently used idle one makes room for another.
    """

    def __init__(self, server: ForkServer, capacity: int, scratch: Path) -> None:
        self._server = server
        self._capacity = capacity
        self.most_alive = capacity + SPARE
        self._scratch = scratch
        self._lock = threading.Lock()
        self._idle: list[Environment] = []  # least recently used first
        self._working = 0
        self._waiting: deque[_Ticket] = deque()
        self._closed = False
        self.launched = 0
        """Environments started so far: the cold starts."""

    def acquire(self, blueprint: Blueprint, timeout: float, identity: Mapping[str, str]) -> Environment:
        """An environment that has loaded the blueprint, for the caller alone; waits its turn.

        ``identity`` are the variables that tell functions apart: what a handler sees of them while it loads.
        Raises InitFailedError if it had to be started and its handler did not load within
        ``INIT_LIMIT + timeout`` seconds.
        """
        grant = self._wait_for_grant(blueprint)
        if grant.environment is not None:
            return grant.environment
        try:
            if grant.victim is not None:
                self._remove(grant.victim.process)
            return self._launch(blueprint, timeout, identity)
        except BaseException:
            self._leave_place()
            raise

    def release(self, environment: Environment) -> None:
        """Give it back, warm, for the next."""
        with self._lock:
            self._idle.append(environment)
            self._working -= 1
            self._serve_queue()

    def discard(self, environment: Environment) -> None:
        """Kill it; its place is free again."""
        self._remove(environment.process)
        self._leave_place()

    def bury(self, environment: Environment) -> int:
        """Exit code of one that hung up; its place is free again."""
        code = self._server.see_off(environment.process)
        self._remove(environment.process)
        self._leave_place()
        return code

    def chill(self) -> int:
        """Kill all that are idle; returns how many they were."""
        with self._lock:
            idle, self._idle = self._idle, []
        for environment in idle:
            self._remove(environment.process)
        return len(idle)

    def _remove(self, process: Process) -> int:
        """Kill it, and give back what it kept in its /tmp: whole populations."""
        code = self._server.kill(process)
        shutil.rmtree(scratch_folder(self._scratch, process.number), ignore_errors=True)
        return code

    @property
    def waiting(self) -> int:
        """Callers in the queue."""
        with self._lock:
            return len(self._waiting)

    def close(self) -> None:
        """Turn away everyone who waits. The processes end with the forkserver."""
        with self._lock:
            self._closed = True
            for ticket in self._waiting:
                ticket.called.set()
            self._waiting.clear()

    def _wait_for_grant(self, blueprint: Blueprint) -> _Grant:
        with self._lock:
            if self._closed:
                raise _closed()
            if not self._waiting and (grant := self._find(blueprint)) is not None:
                return grant
            ticket = _Ticket(blueprint)
            self._waiting.append(ticket)
        ticket.called.wait()
        if ticket.grant is None:
            raise _closed()
        return ticket.grant

    def _find(self, blueprint: Blueprint) -> _Grant | None:
        """A place for one more at work; None while there is none."""
        if self._working == self._capacity:
            return None
        self._working += 1
        for position in range(len(self._idle) - 1, -1, -1):
            if self._idle[position].blueprint == blueprint:
                return _Grant(self._idle.pop(position))
        full = self._working + len(self._idle) > self.most_alive
        return _Grant(None, victim=self._idle.pop(0) if full else None)

    def _leave_place(self) -> None:
        with self._lock:
            self._working -= 1
            self._serve_queue()

    def _serve_queue(self) -> None:
        while self._waiting and (grant := self._find(self._waiting[0].blueprint)) is not None:
            ticket = self._waiting.popleft()
            ticket.grant = grant
            ticket.called.set()

    def _launch(self, blueprint: Blueprint, timeout: float, identity: Mapping[str, str]) -> Environment:
        process = self._server.spawn()
        process.pid.result()
        with self._lock:
            self.launched += 1
        folder = scratch_folder(self._scratch, process.number)
        plan = {
            "code": str(blueprint.code),
            "handler": blueprint.handler,
            "environment": {
                **dict(blueprint.environment),
                **identity,
                "TMPDIR": str(folder),
                # In the agent of every AWS request: who watches them can tell the processes apart.
                "AWS_SDK_UA_APP_ID": f"environment-{process.number}",
            },
        }
        try:
            send(process.channel, plan)
            answer, payload = receive(process.channel, INIT_LIMIT + timeout)
        except TimeoutError:
            self._remove(process)
            raise InitFailedError(None) from None
        except (EOFError, OSError):
            self._server.see_off(process)
            raise InitFailedError(None, exit_code=self._remove(process)) from None
        if answer["kind"] != "ready":
            self._remove(process)
            raise InitFailedError(payload)
        return Environment(process, blueprint)


def _closed() -> CloudError:
    return CloudError("the Lambda pool was closed while invocations were waiting")
