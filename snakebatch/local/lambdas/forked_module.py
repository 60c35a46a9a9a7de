"""Inside a process forked to be a program of its own: ``python -m module``, with the libraries loaded."""

from __future__ import annotations

import os
import runpy
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from snakebatch.local.lambdas.runtime import settle_in
from snakebatch.local.lambdas.wire import receive, send


def order(
    channel: socket.socket,
    module: str,
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    listener: socket.socket | None = None,
) -> None:
    """Say what a forked process is to run: ``module`` in ``folder``, with these variables and no others.

    What it prints goes to the end of ``log``; it finds ``listener``'s descriptor in GATHERER_SOCKET.
    """
    plan = {
        "module": module,
        "code": str(folder),
        "environment": dict(environment),
        "log": str(log),
        "listens": listener is not None,
    }
    send(channel, plan)
    if listener is not None:
        socket.send_fds(channel, [b"."], [listener.fileno()])


def serve(channel: socket.socket) -> int:
    """Run what was ordered to its end; returns 0, or raises SystemExit as the module does."""
    plan, _ = receive(channel)
    if plan["listens"]:
        _, (listener,), _, _ = socket.recv_fds(channel, 1, 1)
        plan["environment"]["GATHERER_SOCKET"] = str(listener)
    log = os.open(plan["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    settle_in(plan)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [plan["module"]]
    runpy.run_module(plan["module"], run_name="__main__", alter_sys=True)
    return 0
