"""The gatherer as it runs on EC2: a process of its own that knows the cloud by its environment alone."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from pathlib import Path

from snakebatch.local.isolation import isolated_environment
from snakebatch.local.lambdas.forked_module import order
from snakebatch.local.lambdas.forkserver import ForkServer

_GRACE = 10.0


class Gatherer:
    """One running gatherer: ``python -m gatherer`` in the bundle's folder.

    It is forked by ``server``, who has the libraries loaded: an interpreter of its own would take most of a
    second to load them again. ``module`` is what runs instead, for tests that disturb it.
    """

    def __init__(
        self,
        *,
        server: ForkServer,
        root: Path,
        environment: Mapping[str, str],
        log: Path,
        listener: socket.socket | None = None,
        module: str = "gatherer",
    ) -> None:
        self.log = log
        variables = {
            **isolated_environment(),
            **environment,
            "TMPDIR": str(log.with_suffix("")),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._server = server
        self._process = server.spawn("module")
        order(self._process.channel, module, folder=root, environment=variables, log=log, listener=listener)
        # It has its orders, nothing more is said; one that died and was replaced is to hold no descriptor.
        self._process.channel.close()

    @property
    def pid(self) -> int:
        """Process id; waits until there is one."""
        return self._process.pid.result()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self._process.exit_code.done()

    def stop(self) -> int:
        """End it as a deployment would (SIGTERM, then SIGKILL); returns its exit code."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        with suppress(FutureTimeout):
            self._process.exit_code.result(_GRACE)
        return self._server.kill(self._process)

    def kill(self) -> None:
        """End it as a failing machine would (SIGKILL)."""
        self._server.kill(self._process)
