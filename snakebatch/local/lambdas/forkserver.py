"""The pool's side of the forkserver: start it, have environments forked, hear of their ends."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from pathlib import Path

from snakebatch.errors import CloudError
from snakebatch.local.processes import boot_command, start_child

_GRACE = 5.0


class Process:
    """One forked process: its socket, its process id, and its exit code once it has ended."""

    def __init__(self, number: int, channel: socket.socket) -> None:
        self.number = number
        self.channel = channel
        self.pid: Future[int] = Future()
        self.exit_code: Future[int] = Future()


class ForkServer:
    """A process that has the libraries loaded and forks itself on demand.

    It is not ``multiprocessing``'s: that one imports the user's main script again in every child, and is one
    per program. Returns at once while the libraries load in the background; the first ``spawn`` waits for
    them.
    """

    def __init__(
        self, *, preload: Sequence[str], environment: Mapping[str, str], log: Path, scratch: Path | None
    ) -> None:
        self._lock = threading.Lock()
        self._processes: dict[int, Process] = {}
        self._numbers = iter(range(1, 1 << 62))
        self._closed = False
        self._log = log
        self._control, theirs = socket.socketpair()
        with theirs, open(log, "ab") as sink:
            command = boot_command(
                "snakebatch.local.lambdas.zygote",
                "main",
                theirs.fileno(),
                tuple(preload),
                None if scratch is None else str(scratch),
            )
            self._child = start_child(
                command, environment=environment, log=sink.fileno(), pass_fds=[theirs.fileno()]
            )
        self._reader = threading.Thread(target=self._read, name="forkserver", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id of the forkserver itself."""
        return self._child.pid

    def spawn(self, kind: str = "environment") -> Process:
        """Have a process forked, of a kind that the forkserver knows; ``pid`` waits until it exists.

        Raises CloudError if the forkserver is gone, as ``pid`` does if it goes before.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            process = Process(next(self._numbers), ours)
            if self._closed:
                ours.close()
                raise CloudError("the Lambda pool is closed; start another cloud")
            self._processes[process.number] = process
            order = json.dumps({"spawn": process.number, "as": kind}).encode() + b"\n"
            try:
                socket.send_fds(self._control, [order], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise self._gone() from error
        return process

    def kill(self, process: Process) -> int:
        """Kill a process and all that it started; returns its exit code (negative: the signal)."""
        with suppress(OSError):  # the forkserver is gone, and its children with it
            self._control.sendall(json.dumps({"kill": process.number}).encode() + b"\n")
        process.channel.close()
        return process.exit_code.result()

    def see_off(self, process: Process) -> int:
        """Exit code of a process that has hung up: it ends by itself in a moment, or is killed."""
        with suppress(FutureTimeout):
            process.exit_code.result(_GRACE)
        return self.kill(process)

    def close(self) -> None:
        """End it and every process that it forked."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        try:
            self._child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join()
        self._control.close()

    def _read(self) -> None:
        with suppress(OSError), self._control.makefile("rb") as lines:
            for line in lines:
                self._hear(json.loads(line))
        for process in list(self._processes.values()):
            if not process.pid.done():
                process.pid.set_exception(self._gone())
            process.exit_code.set_result(-9)
        self._processes.clear()

    def _hear(self, message: dict[str, int]) -> None:
        if "spawned" in message:
            self._processes[message["spawned"]].pid.set_result(message["pid"])
        else:
            self._processes.pop(message["exited"]).exit_code.set_result(message["code"])

    def _gone(self) -> CloudError:
        tail = ""
        with suppress(OSError):
            tail = self._log.read_text(errors="replace")[-2000:]
        return CloudError(f"the Lambda pool's forkserver has ended; end of its log:\n{tail}")
