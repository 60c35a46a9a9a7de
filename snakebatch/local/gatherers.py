"""The gatherer as it runs on EC2: a process of its own that knows the cloud by its environment alone."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from snakebatch.local.isolation import isolated_environment
from snakebatch.local.processes import Lifeline, boot_command, start_child, stop_child

_GRACE = 10.0


class Gatherer:
    """One running gatherer: ``python -m gatherer`` in the bundle's folder.

    ``module`` is what runs instead, for tests that disturb it.
    """

    def __init__(
        self,
        *,
        root: Path,
        environment: Mapping[str, str],
        log: Path,
        lifeline: Lifeline,
        listener: socket.socket | None = None,
        module: str = "gatherer",
    ) -> None:
        self.log = log
        temporary = log.with_suffix("")
        temporary.mkdir()
        variables = {
            **isolated_environment(),
            **environment,
            "TMPDIR": str(temporary),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        inherited = [lifeline.read_end]
        if listener is not None:
            variables["GATHERER_SOCKET"] = str(listener.fileno())
            inherited.append(listener.fileno())
        command = boot_command("snakebatch.local.processes", "run_module", lifeline.read_end, module)
        with open(log, "ab") as sink:
            self._process: subprocess.Popen[bytes] = start_child(
                command, environment=variables, log=sink, pass_fds=inherited, cwd=root
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def stop(self) -> int:
        """End it as a deployment would (SIGTERM, then SIGKILL); returns its exit code."""
        stop_child(self._process, grace=_GRACE)
        return self._process.returncode

    def kill(self) -> None:
        """End it as a failing machine would (SIGKILL)."""
        self._process.kill()
        self._process.wait()
