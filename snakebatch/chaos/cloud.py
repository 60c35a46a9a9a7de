"""The embedded cloud, with something between everybody and everything."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import boto3
from botocore.config import Config

from snakebatch.chaos.call import EXECUTOR, GATHERER
from snakebatch.chaos.director import Director
from snakebatch.chaos.disturber import Disturber
from snakebatch.chaos.hasty import HastyClock
from snakebatch.chaos.lambdas import DisturbedLambda
from snakebatch.chaos.parts import SERVICE_SETTINGS
from snakebatch.chaos.processes import Traps
from snakebatch.chaos.wire import Wire
from snakebatch.errors import CloudError
from snakebatch.local.cloud import EmbeddedCloud
from snakebatch.local.isolation import isolated_session
from snakebatch.local.lambdas import Function
from snakebatch.local.services import SERVED

SPEED = 100.0
"""How many times as fast as the machine's the clock of Step Functions runs while all wait."""

PATIENCE = 300
"""Seconds that the workflow waits for a sign of life of the gatherer: three of the machine's."""

PROCESSES = 7
"""Environments at a time: one for each function, and three shards."""

_LONGEST_DEATH = 20.0
_ATTEMPTS, _PASSING, _TOO_MANY = 5, 500, 429


def _try_again_at_once(attempts: int, response: Any, **_: Any) -> float | None:
    """boto3's hook: the seconds to wait. As often as it would itself, and without its back-off."""
    passing = response is None or response[0].status_code >= _PASSING or response[0].status_code == _TOO_MANY
    return 0.0 if passing and attempts < _ATTEMPTS else None


class ChaosCloud(EmbeddedCloud):
    """An embedded cloud whose ``director`` has its faults strike; without faults it behaves as any other.

    ``client`` gives clients that nobody disturbs, for those who look; the workflow's own are disturbed.
    """

    def __init__(self) -> None:
        self.director = Director()
        self.hasty = HastyClock(SPEED)
        self.arn = ""
        self.executor_died = threading.Event()
        self._executor_is_back = threading.Event()
        self._fronted: dict[str, Any] = {}
        self._wires: dict[str, Wire] = {}
        self._guard = threading.Lock()
        self._traps = Traps()
        self._lambda: DisturbedLambda | None = None
        self.disturber = Disturber(self.director, self._traps, self._gatherer_pid, self._fail_slots)
        super().__init__(
            processes=PROCESSES,
            gatherers=0,
            clock=self.hasty,
            gather_heartbeat=PATIENCE,
            environment={"GATHERER_THREADS": "1"},
        )

    def __enter__(self) -> ChaosCloud:
        super().__enter__()
        # Its clock stands while a handler works: whoever asks often would be refused for ever.
        self.pool.provisioned.requests_per_second = None
        return self

    def close(self) -> None:
        """Stop everything."""
        super().close()
        for wire in self._wires.values():
            wire.close()
        self._wires.clear()
        for client in self._fronted.values():
            client.close()
        self._fronted.clear()
        self.hasty.close()

    # What is disturbed

    def front(self, service: str, url: str) -> str:
        """The wire before a service."""
        if service not in self._wires:
            self._wires[service] = Wire(url, self.disturber.carry)
        return self._wires[service].url

    def service_settings(self) -> Mapping[str, str]:
        """Small parts are enough for S3."""
        return SERVICE_SETTINGS

    def executor_client(self, service: str) -> Any:
        """Clients of the executor's own, through the wire; and a Lambda that fails."""
        if service == "lambda":
            with self._guard:
                if self._lambda is None:
                    self._lambda = DisturbedLambda(
                        self.pool, self.director, self._traps, self.hasty, self.abort, self._die
                    )
                return self._lambda
        if service not in SERVED:
            return self.client(service)
        with self._guard:
            if service not in self._fronted:
                session: Any = boto3.session.Session(botocore_session=isolated_session())
                client = self._fronted[service] = session.client(
                    service,
                    endpoint_url=self.front("services", self._services.url),
                    config=Config(
                        user_agent_extra=f"app/{EXECUTOR}",
                        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                        proxies={},
                        s3={"addressing_style": "path"},
                    ),
                )
                client.meta.events.register_first("needs-retry.*", _try_again_at_once)
            return self._fronted[service]

    def deployed(self, function: Function) -> Function:
        """The function's own handler, under a clock that can be set."""
        return replace(function, handler="snakebatch.chaos.inside.handler")

    # What strikes beside the wire

    def abort(self) -> None:
        """Stop the execution that is being disturbed."""
        self.sfn.stop_execution(executionArn=self.arn, cause="stopped by hand")

    def _die(self) -> None:
        """From a thread of the executor: wait until ``revive`` has put another in its place."""
        self._executor_is_back.clear()
        self.executor_died.set()
        if not self._executor_is_back.wait(_LONGEST_DEATH):
            raise CloudError("nobody put another executor in the place of the one that died")
        raise CloudError("this executor is dead")

    def revive(self) -> None:
        """End Step Functions, with all that it knew, and start another."""
        self.restart_executor()
        self.executor_died.clear()
        self._executor_is_back.set()

    def _gatherer_pid(self, who: str) -> int | None:
        number = who.removeprefix(GATHERER)
        if not number.isdigit() or int(number) >= len(self.gatherers):
            return None
        return self.gatherers[int(number)].pid

    def _fail_slots(self, target: str, reason: str) -> None:
        name = target.partition("/functions/")[2].partition("/")[0]
        self.pool.provisioned.failing = {name: reason}

    def all_pids(self) -> list[int]:
        """Process ids of all that was ever started here."""
        handlers = self._lambda.pids if self._lambda is not None else set()
        return [self._services.pid, self.pool.pid, *(one.pid for one in self.gatherers), *sorted(handlers)]

    def tend_gatherer(self) -> None:
        """Start one unless one runs, as the machine's service manager does."""
        if not self.gatherers or not self.gatherers[-1].alive:
            self.start_gatherer(module="snakebatch.chaos.gathering")
