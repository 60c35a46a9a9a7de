"""``snakebatch serve``: the embedded cloud with its HTTP API and live pages, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import sys
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from snakebatch.cli_parser import examples, whole
from snakebatch.clock import Clock, SystemClock
from snakebatch.errors import CloudError, InputError, MissingExtraError

HOST, PORT = "127.0.0.1", 8100
KEY_VARIABLE = "SNAKEBATCH_KEY"

_LEAST_KEY = 16
"""Characters of a key of one's own; shorter ones can be guessed."""

_KEY_BYTES = 32
_LOOK_SECONDS = 0.5
_START_SECONDS = 60.0
_RESTARTS, _RESTART_SECONDS = 5, 60.0
"""A gatherer that dies more often in so short a time has a fault that no restart mends."""


class ServedGatherer(Protocol):
    """What is watched of a gatherer."""

    @property
    def alive(self) -> bool: ...


class ServedCloud(Protocol):
    """What serving needs of a cloud; ``snakebatch.local.cloud.EmbeddedCloud`` is one."""

    gatherers: list[Any]

    @property
    def url(self) -> str: ...

    def start_gatherer(self) -> Any: ...

    def logs(self) -> str: ...


OpenCloud = Callable[[argparse.Namespace, str], AbstractContextManager[ServedCloud]]


class ServingFailedError(CloudError):
    """The gatherer does not stay up; ``log`` is what it wrote."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


def add_serve(commands: Any) -> None:
    """Add the command to the parser."""
    serve = commands.add_parser(
        "serve",
        help="the whole system on this machine, with its HTTP API and live pages",
        description="Start the embedded cloud and serve its HTTP API and live pages until Ctrl-C. Prints a "
        "link that logs a browser in. Jobs and models live as long as it runs: download what you want to "
        "keep.",
        epilog=examples("snakebatch serve --port 8100"),
    )
    serve.add_argument(
        "--port", type=whole(0, 65_535), default=PORT, metavar="N", help=f"default {PORT}; 0: a free one"
    )
    serve.add_argument(
        "--host", default=HOST, metavar="ADDRESS", help=f"the address to listen on (default {HOST})"
    )
    serve.add_argument(
        "--processes", type=whole(1), metavar="N", help="Lambda processes (default: by the machine)"
    )
    serve.add_argument("--json", action="store_true", help="print url, login and key as one JSON object")
    serve.set_defaults(run=run)


def run(
    arguments: argparse.Namespace, open_cloud: OpenCloud | None = None, clock: Clock | None = None
) -> int:
    """Carry out the command: serve until interrupted, with one gatherer up at any time."""
    key, clock = _key(), clock or SystemClock()
    with (open_cloud or _embedded)(arguments, key) as cloud:
        _await(cloud, clock)
        login = f"{cloud.url}/login?key={key}"
        if arguments.json:
            print(json.dumps({"url": cloud.url, "login": login, "key": key}), flush=True)
        else:
            print(f"SnakeBatch serves at {cloud.url}\nlog in:  {login}\nstop it with Ctrl-C", flush=True)
        if arguments.host not in ("127.0.0.1", "localhost", "::1"):
            print("note: the key and the data travel unencrypted to other machines", file=sys.stderr)
        keep_up(cloud, clock)
    return 0


def keep_up(cloud: ServedCloud, clock: Clock) -> None:
    """Start the gatherer again whenever it died, as systemd does on its machine; ends by Ctrl-C.

    Raises ServingFailedError where it keeps dying.
    """
    died: deque[float] = deque(maxlen=_RESTARTS)
    while True:
        if not cloud.gatherers[-1].alive:
            now = clock.time()
            if len(died) == _RESTARTS and now - died[0] < _RESTART_SECONDS:
                raise ServingFailedError(f"the gatherer died {_RESTARTS + 1} times in a minute", cloud.logs())
            died.append(now)
            print("the gatherer ended; starting it again", file=sys.stderr)
            cloud.start_gatherer()
        clock.sleep(_LOOK_SECONDS)


def _embedded(arguments: argparse.Namespace, key: str) -> AbstractContextManager[ServedCloud]:
    import importlib.util

    missing = [name for name in ("fastapi", "uvicorn", "jinja2") if importlib.util.find_spec(name) is None]
    if missing:
        message = f"serving needs {', '.join(missing)}; run: pip install 'snakebatch[serve]'"
        raise MissingExtraError(message, name=missing[0])
    from snakebatch.local.cloud import EmbeddedCloud
    from snakebatch.mesh.api_keys import hash_of

    return EmbeddedCloud(
        processes=arguments.processes,
        http=(arguments.host, arguments.port),
        environment={"GATHERER_KEYS_SHA256": hash_of(key)},
    )


def _key() -> str:
    """The key of this serving: the environment's, or a new one."""
    given = os.environ.get(KEY_VARIABLE)
    if given is None:
        return secrets.token_urlsafe(_KEY_BYTES)
    if re.fullmatch(rf"[A-Za-z0-9_-]{{{_LEAST_KEY},}}", given) is None:
        raise InputError(
            f"{KEY_VARIABLE} is no key: give {_LEAST_KEY} letters, digits, - or _ or more, "
            "or unset it for a new one"
        )
    return given


def _await(cloud: ServedCloud, clock: Clock) -> None:
    """Wait for the first answer."""
    deadline = clock.time() + _START_SECONDS
    while cloud.gatherers[-1].alive and clock.time() < deadline:
        try:
            with urllib.request.urlopen(f"{cloud.url}/v9/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            clock.sleep(_LOOK_SECONDS)
    raise ServingFailedError("the gatherer did not come up", cloud.logs())
