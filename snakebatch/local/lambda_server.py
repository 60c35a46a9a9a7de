"""Lambda's provisioned concurrency over HTTP on a loopback port, for handlers, which run in other processes.

Speaks Lambda's REST and JSON for these four operations; all others are refused by name.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.exceptions import ClientError

from snakebatch.local.lambdas.provisioned import ProvisionedConcurrency

_PATH = re.compile(r"/2019-09-30/functions/([^/]+)/provisioned-concurrency/?")


class LambdaServer:
    """A server that runs until it is closed; ``url`` says where."""

    def __init__(self, provisioned: ProvisionedConcurrency) -> None:
        handler = type("Handler", (_Handler,), {"provisioned": provisioned})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.05,), name="lambda-http", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    provisioned: ProvisionedConcurrency
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        """PutProvisionedConcurrencyConfig."""
        self._answer("PUT")

    def do_GET(self) -> None:
        """GetProvisionedConcurrencyConfig, or the list of all."""
        self._answer("GET")

    def do_DELETE(self) -> None:
        """DeleteProvisionedConcurrencyConfig."""
        self._answer("DELETE")

    def do_POST(self) -> None:
        """Nothing that is offered here."""
        self._answer("POST")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        path = _PATH.fullmatch(unquote(address.path))
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        try:
            if path is None:
                self._send(
                    501, {"message": f"{method} {address.path} is not offered"}, "NotImplementedException"
                )
                return
            status, answer = self._carry_out(method, path[1], query, body)
            self._send(status, answer)
        except ClientError as problem:
            error = problem.response["Error"]
            status = problem.response["ResponseMetadata"]["HTTPStatusCode"]
            self._send(status, {"message": error["Message"]}, error["Code"])

    def _carry_out(
        self, method: str, name: str, query: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any] | None]:
        if method == "GET" and query.get("List") == "ALL":
            return 200, self.provisioned.list_provisioned_concurrency_configs(FunctionName=name)
        where = {"FunctionName": name, "Qualifier": query["Qualifier"]}
        if method == "GET":
            return 200, self.provisioned.get_provisioned_concurrency_config(**where)
        if method == "DELETE":
            self.provisioned.delete_provisioned_concurrency_config(**where)
            return 204, None
        asked = json.loads(body)["ProvisionedConcurrentExecutions"]
        return 202, self.provisioned.put_provisioned_concurrency_config(
            **where, ProvisionedConcurrentExecutions=asked
        )

    def _send(self, status: int, answer: dict[str, Any] | None, error: str | None = None) -> None:
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        if error is not None:
            self.send_header("x-amzn-ErrorType", error)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not news."""
