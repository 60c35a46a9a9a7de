"""Step Functions over HTTP on a loopback port, for other processes and for the AWS CLI.

    with serve(sfn) as server:
        boto3.client("stepfunctions", endpoint_url=server.url, ...)

Speaks AWS JSON 1.0: the operation in X-Amz-Target, times as epoch seconds, errors as `__type`. Nothing is
authenticated, so it listens on 127.0.0.1 only.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from snakebatch.errors import CloudError

from .stepfunctions import StepFunctions

_TARGET = "AWSStepFunctions."


class Server:
    """A server that runs until it is closed."""

    def __init__(self, sfn: StepFunctions, port: int = 0) -> None:
        self._handler: Any = type("Handler", (_Handler,), {"sfn": sfn})
        self._http = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.05,), name="sfn-http", daemon=True
        )
        self._thread.start()

    def serve(self, sfn: StepFunctions) -> None:
        """Serve another executor from now on, under the same address."""
        self._handler.sfn = sfn

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(sfn: StepFunctions, *, port: int = 0) -> Server:
    """Serve an executor; port 0 takes a free one, `url` says which."""
    return Server(sfn, port)


class _Handler(BaseHTTPRequestHandler):
    """One request: a JSON object in, a JSON object out."""

    sfn: StepFunctions
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Carry one operation out."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            status, answer = 200, _carry_out(self.sfn, self.headers.get("X-Amz-Target") or "", body)
        except ClientError as problem:
            error = problem.response["Error"]
            status, answer = 400, {"__type": error["Code"], "message": error["Message"]}
        except (TypeError, ValueError) as problem:
            status, answer = 400, {"__type": "ValidationException", "message": str(problem)}
        except CloudError as problem:
            status, answer = 500, {"__type": "InternalFailure", "message": str(problem)}
        content = json.dumps(answer, default=_epoch, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not news."""


def _carry_out(sfn: StepFunctions, target: str, body: bytes) -> dict[str, Any]:
    name = target.removeprefix(_TARGET)
    method = getattr(sfn, xform_name(name), None) if target.startswith(_TARGET) and name.isalpha() else None
    if method is None or name in ("Close", "Exceptions"):
        raise ClientError(
            {
                "Error": {
                    "Code": "UnknownOperationException",
                    "Message": f"'{name}' is not implemented by this executor",
                }
            },
            name,
        )
    given = json.loads(body or b"{}")
    answer = method(**given)
    return dict(answer)


def _epoch(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} is no JSON")
