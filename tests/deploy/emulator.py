"""ministack, an emulator of AWS's API, on a free port of loopback: what `sam deploy` is pointed at.

It runs in an environment of its own (`make deploy-env`), and functions with the Python it was started with.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import URLError

import boto3
from botocore.config import Config

from snakebatch.clock import SystemClock
from snakebatch.local.isolation import ACCOUNT, REGION, isolated_environment, isolated_session
from tests.support.handlers import ROOT

PYTHON = ROOT / "build/venv-emulator/bin/python"
_PROGRAM = """
import os, runpy, signal, sys, threading

def end_with_whoever_started_us():
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)

threading.Thread(target=end_with_whoever_started_us, daemon=True).start()
sys.argv = ["ministack"]
runpy.run_module("ministack", run_name="__main__")
"""
"""Our end of its standard input closes also where we are killed, and can't end it ourselves."""
_START_SECONDS, _STOP_SECONDS, _POLL_SECONDS = 60.0, 10.0, 0.1
_CLIENT = Config(
    region_name=REGION,
    proxies={},
    read_timeout=300,
    retries={"total_max_attempts": 1},
    s3={"addressing_style": "path"},
)


def account_environment() -> dict[str, str]:
    """Variables of a process that knows of our invented account, and of no other.

    The emulator takes the account from the access key.
    """
    return {**isolated_environment(), "AWS_ACCESS_KEY_ID": ACCOUNT}


class Emulator:
    """The emulator's process, and clients of it; use as a context manager.

    ``folder`` takes its files and its log; ``sfn_url`` is where functions find Step Functions: our executor.
    """

    def __init__(self, folder: Path, sfn_url: str) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self._port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._folder = folder
        self._sfn_url = sfn_url
        self._clients: dict[tuple[str, tuple[str, str, str]], Any] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Emulator:
        scratch = self._folder / "scratch"
        scratch.mkdir(parents=True)
        environment = {
            **account_environment(),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            # Every call is judged by the policies of the role that makes it.
            "AUTH": "true",
            # Its functions inherit these: a task token belongs to the executor that gave it out.
            "AWS_ENDPOINT_URL_SFN": self._sfn_url,
        }
        with self._log.open("wb") as log:
            # A session of its own, so that its functions' processes end with it.
            self._process = subprocess.Popen(
                [PYTHON, "-c", _PROGRAM],
                cwd=scratch,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._await()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _log(self) -> Path:
        return self._folder / "emulator.log"

    def log_tail(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-4000:]

    def client(self, service: str) -> Any:
        """The boto3 client of a service of it, with the rights of the account's root."""
        return self._client(service, (ACCOUNT, "embedded", ""))

    def clients_of(self, role_arn: str) -> Callable[[str], Any]:
        """Clients with a role's rights and no others."""
        session = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="executor")["Credentials"]
        key = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        return lambda service: self._client(service, key)

    def _client(self, service: str, key: tuple[str, str, str]) -> Any:
        with self._lock:  # making a client is not thread safe, using it is
            if (service, key) not in self._clients:
                session = boto3.session.Session(*key[:2], key[2] or None, REGION, isolated_session())
                self._clients[service, key] = session.client(
                    service,  # type: ignore[call-overload]  # the name is known at run time only
                    endpoint_url=self.url,
                    config=_CLIENT,
                )
            return self._clients[service, key]

    def _await(self) -> None:
        clock = SystemClock()
        until = clock.time() + _START_SECONDS
        while clock.time() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5) as answer:
                    json.load(answer)
                return
            except (URLError, ConnectionError):
                clock.sleep(_POLL_SECONDS)
        raise AssertionError(f"the emulator does not answer; end of its log:\n{self.log_tail()}")

    def close(self) -> None:
        """End it and every process it started, by their session's id."""
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # What it started may outlive it.
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self._process.wait(_STOP_SECONDS)
