"""The forkserver: one process with the libraries loaded and no threads, from which environments are forked.

Talks to the pool over a stream socket in JSON lines: ``{"spawn": n, "as": kind}`` comes with the new
process's socket as a file descriptor and is answered by ``{"spawned": n, "pid": p}``; the kind is
``environment``, or ``module`` for a program of its own. ``{"kill": n}`` kills that process and all that it
started; ``{"exited": n, "code": c}`` tells of an end, with the exit code (negative: the signal). When the
pool's process is gone, the socket closes: everything is killed, the scratch folder removed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from snakebatch.local.lambdas import forked_module, runtime
from snakebatch.local.processes import leave_with

KINDS = {"environment": runtime.serve, "module": forked_module.serve}
SERVICES = ("s3", "sqs", "dynamodb", "stepfunctions", "lambda")


def main(control: int, preload: Sequence[str], scratch: str | None) -> None:
    """Entry point of the forkserver's process; ``scratch`` is removed if the pool dies without doing so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in preload:
        try:
            importlib.import_module(name)
        except ImportError as error:  # only a head start: the handler's own import will say what is missing
            print(f"forkserver: {name} is not preloaded: {error}", file=sys.stderr)
    if "boto3" in preload:
        _learn_services()
    gc.collect()
    gc.freeze()  # keep the collector from touching, and so copying, the pages that all environments share
    server = Zygote(socket.socket(fileno=control))
    try:
        server.run()
    finally:
        server.kill_all()
    if scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)


def _learn_services() -> None:
    """Have boto3's default session read the descriptions of the services that handlers use.

    They are kept in the session, which the forked environments inherit: their clients take 20 ms, not 130.
    """
    boto3: Any = importlib.import_module("boto3")
    for service in SERVICES:
        boto3.client(service).close()


class Zygote:
    """Forks, kills and reaps. Single threaded on purpose: a fork copies only the thread that forks."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pids: dict[int, int] = {}
        self._buffer = b""
        self._fds: list[int] = []
        self._lifeline, self._lifeline_held = os.pipe()
        self._bell, bell = socket.socketpair()
        for end in (self._bell, bell):
            end.setblocking(False)
        self._bell_rope = bell
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)

    def run(self) -> None:
        """Serve until the pool hangs up."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._bell in ready:
                    self._bell.recv(4096)
                    self._reap()
                if self._control in ready and not self._listen():
                    return

    def kill_all(self) -> None:
        """Kill every environment that is left."""
        for number in list(self._pids):
            self._kill(number)

    def _listen(self) -> bool:
        try:
            data, fds, _, _ = socket.recv_fds(self._control, 65536, 64)
        except ConnectionError:
            return False
        self._fds += fds
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "spawn" in order:
                self._spawn(order["spawn"], order["as"], self._fds.pop(0))
            else:
                self._kill(order["kill"])
        return bool(data)

    def _spawn(self, number: int, kind: str, channel: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._become(kind, channel)
        os.close(channel)
        with suppress(OSError):  # the child does the same: whoever comes first, the group exists
            os.setpgid(pid, pid)
        self._pids[number] = pid
        self._tell({"spawned": number, "pid": pid})

    def _become(self, kind: str, channel: int) -> None:
        code = 1
        connection = socket.socket(fileno=channel)  # open to the very end: its closing says that we are gone
        try:
            with suppress(OSError):
                os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (self._control, self._bell, self._bell_rope):
                end.close()
            for other in self._fds:  # of processes that are still to be forked, whose end must show
                os.close(other)
            os.close(self._lifeline_held)
            leave_with(self._lifeline)
            code = KINDS[kind](connection)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _kill(self, number: int) -> None:
        if (pid := self._pids.get(number)) is not None:
            with suppress(ProcessLookupError, PermissionError):  # dead, and only not reaped yet
                os.killpg(pid, signal.SIGKILL)

    def _reap(self) -> None:
        for number, pid in list(self._pids.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                with suppress(ProcessLookupError, PermissionError):  # what the handler left running
                    os.killpg(pid, signal.SIGKILL)
                del self._pids[number]
                self._tell({"exited": number, "code": os.waitstatus_to_exitcode(status)})

    def _tell(self, message: dict[str, int]) -> None:
        with suppress(BrokenPipeError, ConnectionError):  # the pool is gone: run() sees it next
            self._control.sendall(json.dumps(message).encode() + b"\n")
