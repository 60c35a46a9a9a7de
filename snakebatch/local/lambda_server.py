"""Lambda's concurrency, provisioned and reserved, over HTTP on a loopback port: for handlers and gatherers,
which run in other processes.

Speaks Lambda's REST and JSON for these few operations; all others are refused by name.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.exceptions import ClientError

from snakebatch.local.lambdas import LambdaPool
from snakebatch.local.lambdas.provisioned import ProvisionedConcurrency

_PATH = re.compile(r"/2019-09-30/functions/([^/]+)/provisioned-concurrency/?")
_RESERVED = re.compile(r"/2019-09-30/functions/([^/]+)/concurrency/?")
_ACCOUNT = re.compile(r"/2016-08-19/account-settings/?")

Functions = LambdaPool | ProvisionedConcurrency
"""Whose concurrency it is: a whole Lambda, or slots without functions."""


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    said: dict[str, Any] | None
    error: str | None = None

    @property
    def body(self) -> bytes:
        return b"" if self.said is None else json.dumps(self.said).encode()

    @property
    def headers(self) -> list[tuple[str, str]]:
        length = [] if self.said is None else [("Content-Length", str(len(self.body)))]
        error = [] if self.error is None else [("x-amzn-ErrorType", self.error)]
        return [("Content-Type", "application/json"), *length, *error]


def is_offered(path: str) -> bool:
    """Whether a path is that of provisioned concurrency."""
    return _PATH.fullmatch(path) is not None


def answer(functions: Functions, method: str, path: str, query: str, body: bytes) -> Answer:
    """Carry one request out; who has slots alone is asked for nothing else."""
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    try:
        if (match := _PATH.fullmatch(path)) and method in ("GET", "PUT", "DELETE"):
            return _carry_out(functions, method, match[1], asked, body)
        if method == "GET" and (match := _RESERVED.fullmatch(path)) and isinstance(functions, LambdaPool):
            return Answer(200, functions.get_function_concurrency(FunctionName=match[1]))
        if method == "GET" and _ACCOUNT.fullmatch(path) and isinstance(functions, LambdaPool):
            return Answer(200, functions.get_account_settings())
    except ClientError as problem:
        error = problem.response["Error"]
        status = problem.response["ResponseMetadata"]["HTTPStatusCode"]
        return Answer(status, {"message": error["Message"]}, error["Code"])
    return Answer(501, {"message": f"{method} {path} is not offered"}, "NotImplementedException")


def _carry_out(provisioned: Functions, method: str, name: str, asked: dict[str, str], body: bytes) -> Answer:
    if method == "GET" and asked.get("List") == "ALL":
        return Answer(200, provisioned.list_provisioned_concurrency_configs(FunctionName=name))
    where = {"FunctionName": name, "Qualifier": asked["Qualifier"]}
    if method == "GET":
        return Answer(200, provisioned.get_provisioned_concurrency_config(**where))
    if method == "DELETE":
        provisioned.delete_provisioned_concurrency_config(**where)
        return Answer(204, None)
    level = json.loads(body)["ProvisionedConcurrentExecutions"]
    put = provisioned.put_provisioned_concurrency_config(**where, ProvisionedConcurrentExecutions=level)
    return Answer(202, put)


class LambdaServer:
    """A server that runs until it is closed; ``url`` says where."""

    def __init__(self, functions: Functions) -> None:
        handler = type("Handler", (_Handler,), {"functions": functions})
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
    functions: Functions
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        """PutProvisionedConcurrencyConfig."""
        self._answer("PUT")

    def do_GET(self) -> None:
        """GetProvisionedConcurrencyConfig, or the list of all; GetFunctionConcurrency, GetAccountSettings."""
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
        self._send(answer(self.functions, method, unquote(address.path), address.query, body))

    def _send(self, said: Answer) -> None:
        self.send_response(said.status)
        for name, value in said.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not news."""
