"""Inside an execution environment: load one handler, then serve one invocation after another.

This runs in a process forked for it, and does what awslambdaric does: the same error names, the same JSON,
the same lines around an invocation's log. Module state lives as long as the process: that is cold and warm.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from snakebatch.local.lambdas.context import LambdaContext
from snakebatch.local.lambdas.errors import RESPONSE_LIMIT, fault, response_too_large
from snakebatch.local.lambdas.wire import receive, send

Handler = Callable[[Any, LambdaContext], Any]


class InitError(Exception):
    """The handler could not be loaded; carries the payload that says why."""

    def __init__(self, payload: dict[str, Any]) -> None:
        super().__init__(payload["errorMessage"])
        self.payload = payload


def serve(channel: socket.socket) -> int:
    """Serve invocations until the pool hangs up; the return value is the process's exit code."""
    plan, _ = receive(channel)
    settle_in(plan)
    begun = time.monotonic()
    try:
        handler = load(plan["handler"])
    except InitError as error:
        print(json.dumps(error.payload), flush=True)
        send(channel, {"kind": "init error"}, json.dumps(error.payload).encode())
        return 1
    init = time.monotonic() - begun
    send(channel, {"kind": "ready"})
    while True:
        try:
            request, payload = receive(channel)
        except EOFError:
            return 0
        answer, failed = invoke(handler, request, payload, init)
        init = 0.0
        send(channel, {"kind": "error" if failed else "result"}, answer)


def settle_in(plan: dict[str, Any]) -> None:
    """Make this process look like a fresh environment: variables, folders, import path, output."""
    os.environ.clear()
    os.environ.update(plan["environment"])
    time.tzset()
    tempfile.tempdir = None
    os.makedirs(plan["environment"]["TMPDIR"], exist_ok=True)
    os.chdir(plan["code"])
    sys.path.insert(0, plan["code"])
    sys.dont_write_bytecode = True  # the code folder is read only, as in Lambda
    random.seed()
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # text streams over a file


def load(name: str) -> Handler:
    """Import ``module.function``; raises InitError with the runtime's own error names."""
    module_name, dot, attribute = name.rpartition(".")
    if not dot:
        message = f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        raise InitError(fault("Runtime.MalformedHandlerName", message, ""))
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise InitError(fault("Runtime.ImportModuleError", message, "")) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise InitError(fault("Runtime.UserCodeSyntaxError", message, "", trace)) from error
    except Exception as error:
        raise InitError(_unhandled(error, "")) from error
    if not hasattr(module, attribute):
        message = f"Handler '{attribute}' missing on module '{module_name}'"
        raise InitError(fault("Runtime.HandlerNotFound", message, ""))
    handler: Handler = getattr(module, attribute)
    return handler


def invoke(handler: Handler, request: dict[str, Any], payload: bytes, init: float) -> tuple[bytes, bool]:
    """Run one invocation; returns the payload and whether it is an error's."""
    begun = time.monotonic()
    request_id = request["request_id"]
    for name, value in request["environment"].items():  # who it is now: environments serve several functions
        os.environ[name] = value
    context = LambdaContext(deadline=begun + request["timeout"], **request["context"])
    _log(f"START RequestId: {request_id} Version: {context.function_version}")
    try:
        answer, failed = _call(handler, payload, context)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        spent = 1000 * (time.monotonic() - begun)
        cold = f"\tInit Duration: {1000 * init:.2f} ms" if init else ""
        _log(
            f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tFunction: {context.function_name}"
            f"\tDuration: {spent:.2f} ms\tMemory Size: {context.memory_limit_in_mb} MB{cold}"
        )
    return answer, failed


def _call(handler: Handler, payload: bytes, context: LambdaContext) -> tuple[bytes, bool]:
    request_id = context.aws_request_id
    try:
        event = json.loads(payload)
    except ValueError as error:
        return _failure(fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}", request_id))
    try:
        result = handler(event, context)
    except Exception as error:
        return _failure(_unhandled(error, request_id))
    try:
        answer = json.dumps(result, ensure_ascii=False, default=_encode).encode()
    except Exception as error:
        return _failure(fault("Runtime.MarshalError", f"Unable to marshal response: {error}", request_id))
    if len(answer) > RESPONSE_LIMIT:
        return _failure(response_too_large())
    return answer, False


def _failure(payload: dict[str, Any]) -> tuple[bytes, bool]:
    print(f"[ERROR] {payload['errorType']}: {payload['errorMessage']}")
    if trace := payload.get("stackTrace"):
        print("Traceback (most recent call last):", *trace, sep="\n")
    return json.dumps(payload, ensure_ascii=False).encode("utf-8", "backslashreplace"), True


def _unhandled(error: Exception, request_id: str) -> dict[str, Any]:
    trace = traceback.format_list(traceback.extract_tb(_own_code(error.__traceback__)))
    return fault(type(error).__name__, str(error), request_id, trace)


def _own_code(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame of the handler's own: the ones before say nothing to its author."""
    while trace is not None and (
        trace.tb_frame.f_code.co_filename == __file__ or "importlib" in trace.tb_frame.f_code.co_filename
    ):
        trace = trace.tb_next
    return trace


def _encode(value: object) -> object:
    if isinstance(value, Decimal):  # DynamoDB's numbers; the runtime writes them as numbers too
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _log(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def scratch_folder(scratch: Path, number: int) -> Path:
    """An environment's own /tmp."""
    return scratch / f"environment-{number}"
