"""S3, SQS, DynamoDB and CloudWatch on a loopback port, and boto3 clients that know nothing else.

The server is moto's, in a process of its own. Clients and children see invented credentials, no profile, no
configuration file and no proxy of the user's, and an endpoint for every service: nothing here can reach AWS.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from snakebatch.errors import CloudError
from snakebatch.local.isolation import REGION, isolated_environment, isolated_session
from snakebatch.local.processes import Lifeline, boot_command, start_child, stop_child

SERVED = ("s3", "sqs", "dynamodb", "cloudwatch")

_GRACE = 5.0
_CLIENT = Config(
    region_name=REGION,
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=64,
    proxies={},
    s3={"addressing_style": "path"},
    use_fips_endpoint=False,
    use_dualstack_endpoint=False,
)


class Services:
    """The services' process and one client for each of them; ``port`` 0 takes a free one.

    ``settings`` are variables of the process's environment: moto's own.
    """

    def __init__(
        self,
        *,
        lifeline: Lifeline,
        log: Path,
        scratch: Path,
        port: int = 0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._session: Any = boto3.session.Session(botocore_session=isolated_session())
        with socket.socket() as listener:
            # We listen, the child serves: the address is known at once, and early requests wait in the
            # backlog.
            # Not the address of one that ended a moment ago and whose connections linger.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            command = boot_command(
                "snakebatch.local.services_process", "serve", listener.fileno(), lifeline.read_end
            )
            with open(log, "ab") as sink:
                self._process = start_child(
                    command,
                    environment={**isolated_environment(), "TMPDIR": str(scratch), **(settings or {})},
                    log=sink,
                    pass_fds=(listener.fileno(), lifeline.read_end),
                )

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def client(self, service: str) -> Any:
        """The boto3 client of a service that is served here; made once, safe to share between threads."""
        if service not in SERVED:
            offered = ", ".join((*SERVED, "lambda", "stepfunctions"))
            raise CloudError(f"the embedded cloud has no {service}; it has {offered}")
        with self._lock:  # making a client is not thread safe, using it is
            if service not in self._clients:
                self._clients[service] = self._session.client(service, endpoint_url=self.url, config=_CLIENT)
            return self._clients[service]

    def check(self) -> None:
        """Raise CloudError if the server has ended, with the end of its log."""
        if self._process.poll() is not None:
            tail = self._log.read_text(errors="replace")[-2000:]
            raise CloudError(
                f"the process that serves S3, SQS and DynamoDB has ended; end of its log:\n{tail}"
            )

    def close(self) -> None:
        """Close the clients and end the server; all that it stored is gone."""
        for client in self._clients.values():
            client.close()
        stop_child(self._process, grace=_GRACE)


def endpoints(services_url: str) -> dict[str, str]:
    """Variables that make any AWS SDK in a child talk to this server, and to nothing else."""
    return {
        # For every service that has no address of its own below: better a refusal here than a call to AWS.
        "AWS_ENDPOINT_URL": services_url,
        "AWS_ENDPOINT_URL_S3": services_url,
        "AWS_ENDPOINT_URL_SQS": services_url,
        "AWS_ENDPOINT_URL_DYNAMODB": services_url,
    }
