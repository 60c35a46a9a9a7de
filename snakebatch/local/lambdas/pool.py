"""AWS Lambda on this machine: handlers in real processes behind the ``invoke`` of a boto3 client."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from snakebatch.clock import Clock, SystemClock
from snakebatch.errors import CloudError
from snakebatch.local.isolation import isolated_environment
from snakebatch.local.lambdas import errors
from snakebatch.local.lambdas.counts import Counts
from snakebatch.local.lambdas.disturbing import Began, Disturb, undisturbed
from snakebatch.local.lambdas.environments import Environments, InitFailedError
from snakebatch.local.lambdas.errors import client_error
from snakebatch.local.lambdas.forkserver import ForkServer
from snakebatch.local.lambdas.functions import Blueprint, Function, parse_name
from snakebatch.local.lambdas.protocol import as_bytes, check_payload, dump, request, response, throttled
from snakebatch.local.lambdas.provisioned import ProvisionedConcurrency, ProvisionedOperations
from snakebatch.local.lambdas.wire import receive, send

PRELOAD = (
    "boto3",
    "botocore.client",
    "botocore.httpsession",
    "numpy",
    "pydantic",
    "aws_lambda_powertools",
    "aws_lambda_powertools.metrics",
)
"""What the forkserver imports before it forks, so that a cold start costs milliseconds."""

ASYNC_ATTEMPTS = 3
"""Lambda tries an asynchronous invocation once and twice more."""

_PROCESS = {
    # The parallelism here is that of environments, and a forkserver must hold no threads when it forks.
    **dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
    ),
    # A plug-in that goes through a set of texts does so in one order (docs/decisions/032-licensed-engine.md).
    "PYTHONHASHSEED": "0",
    # macOS ends a forked process that touches Objective-C classes, unless told that this is meant.
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
}


class LambdaPool(ProvisionedOperations):
    """Stands in for ``boto3.client("lambda")`` where functions are invoked.

    At most ``processes`` execution environments work at a time; callers in any number of threads wait their
    turn, in order. ``environment`` is given to every function under its own variables; nothing of this
    process's environment is, but PATH and the locale. ``scratch`` is a folder for logs and the environments'
    /tmp (default: one of its own); ``orphaned_scratch`` is removed by the forkserver should this process die
    without a chance to. ``concurrency_limit`` is the account's: invocations in flight beyond it are refused
    with TooManyRequestsException (None: no limit); it also bounds ``provisioned``, the slots, which ``clock``
    lets become ready. Everything written by handlers is in ``logs()``.
    """

    exceptions = errors.EXCEPTIONS

    def __init__(
        self,
        *,
        processes: int = 2,
        environment: Mapping[str, str] | None = None,
        preload: Sequence[str] = PRELOAD,
        scratch: Path | None = None,
        orphaned_scratch: Path | None = None,
        concurrency_limit: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        if processes < 1:
            raise CloudError(f"the Lambda pool needs at least one process, not {processes}")
        self._own_scratch = Path(tempfile.mkdtemp(prefix="snakebatch-lambda-")) if scratch is None else None
        self._scratch = self._own_scratch or Path(str(scratch))
        self._log = self._scratch / "lambda.log"
        self._functions: dict[str, Function] = {}
        self.provisioned = ProvisionedConcurrency(
            self._exists, clock or SystemClock(), account_limit=concurrency_limit
        )
        self._given = dict(environment or {})
        self._account_limit = concurrency_limit
        self._reserved: dict[str, int] = {}
        self._in_flight: Counter[str] = Counter()
        self.counts = Counts()
        self.disturb: Disturb = undisturbed
        self._lock = threading.Lock()
        self._asynchronous: list[threading.Thread] = []
        self._server = ForkServer(
            preload=preload,
            environment={**isolated_environment(), **_PROCESS},
            log=self._log,
            scratch=self._own_scratch or orphaned_scratch,
        )
        self._environments = Environments(self._server, processes, self._scratch)

    # what an operator does

    def register(self, function: Function) -> str:
        """Deploy a function, in place of one of the same name; returns its ARN."""
        self._functions[function.name] = function
        return function.arn

    def logs(self) -> str:
        """All that handlers wrote, with Lambda's START, END and REPORT lines, in order of time."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def cold_starts(self) -> int:
        """Environments started so far."""
        return self._environments.launched

    def chill(self) -> int:
        """End all environments that are idle, so that the next invocations start cold; returns how many."""
        return self._environments.chill()

    @property
    def server(self) -> ForkServer:
        """Who forks the environments, and forks programs with the same libraries as soon."""
        return self._server

    @property
    def most_alive(self) -> int:
        """Environments, at work and idle, of which none has to go for another."""
        return self._environments.most_alive

    @property
    def pid(self) -> int:
        """Process id of the forkserver."""
        return self._server.pid

    @property
    def waiting(self) -> int:
        """Callers that wait for an environment."""
        return self._environments.waiting

    @property
    def busy(self) -> int:
        """Invocations of all functions that have begun, or wait to, and have not ended."""
        with self._lock:
            return self._in_flight.total()

    def in_flight(self, name: str) -> int:
        """Invocations of a function that have begun, or wait to, and have not ended."""
        with self._lock:
            return self._in_flight[name]

    def close(self) -> None:
        """Kill every environment and remove all scratch files; callers that wait get a CloudError."""
        self._environments.close()
        self._server.close()
        for thread in self._asynchronous:
            thread.join()
        if self._own_scratch is not None:
            shutil.rmtree(self._own_scratch, ignore_errors=True)

    def __enter__(self) -> LambdaPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # boto3's names

    def invoke(
        self,
        *,
        FunctionName: str,
        Payload: bytes | bytearray | str | io.IOBase = b"",
        InvocationType: str = "RequestResponse",
        Qualifier: str | None = None,
        **others: Any,
    ) -> dict[str, Any]:
        """Invoke a function, as boto3's ``invoke``; further parameters are refused by name."""
        if others:
            raise CloudError(f"the Lambda pool does not implement {', '.join(sorted(others))} of invoke")
        function, version, qualifier = self._find(FunctionName, Qualifier)
        payload = as_bytes(Payload)
        if InvocationType == "DryRun":
            return response(204, version, b"")
        if InvocationType not in ("RequestResponse", "Event"):
            message = f"Value {InvocationType!r} at 'invocationType' is not valid"
            raise client_error("ValidationException", 400, message)
        check_payload(payload, InvocationType)
        self._enter(function.name)
        if InvocationType == "Event":
            self._start_asynchronous(function, version, qualifier, payload)
            return response(202, version, b"")
        try:
            answer, failed = self._run(function, version, qualifier, payload, str(uuid.uuid4()))
        finally:
            self._leave(function.name)
        return response(200, version, answer, failed=failed)

    def put_function_concurrency(
        self, *, FunctionName: str, ReservedConcurrentExecutions: int
    ) -> dict[str, Any]:
        """Reserve, and thereby limit, a function's concurrency; 0 refuses every invocation."""
        function, _, _ = self._find(FunctionName, None)
        self._reserved[function.name] = ReservedConcurrentExecutions
        return {"ReservedConcurrentExecutions": ReservedConcurrentExecutions}

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, Any]:
        """The reservation, if there is one."""
        function, _, _ = self._find(FunctionName, None)
        reserved = self._reserved.get(function.name)
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def delete_function_concurrency(self, *, FunctionName: str) -> dict[str, Any]:
        """Remove the reservation."""
        function, _, _ = self._find(FunctionName, None)
        self._reserved.pop(function.name, None)
        return {}

    def get_account_settings(self) -> dict[str, Any]:
        """The account's limits; those that this pool does not set are left out."""
        if self._account_limit is None:
            return {"AccountLimit": {}}
        free = self._account_limit - sum(self._reserved.values())
        return {
            "AccountLimit": {
                "ConcurrentExecutions": self._account_limit,
                "UnreservedConcurrentExecutions": free,
            }
        }

    # within

    def _exists(self, name: str, qualifier: str) -> bool:
        return name in self._functions and self._functions[name].version(qualifier) is not None

    def _find(self, name: str, qualifier: str | None) -> tuple[Function, str, str | None]:
        plain, qualifier = parse_name(name, qualifier)
        function = self._functions.get(plain)
        version = None if function is None else function.version(qualifier)
        if function is None or version is None:
            arn = Function(plain, Path()).arn + (f":{qualifier}" if qualifier else "")
            raise client_error("ResourceNotFoundException", 404, f"Function not found: {arn}", Type="User")
        return function, version, qualifier

    def _enter(self, name: str) -> None:
        with self._lock:
            reserved = self._reserved.get(name)
            if reserved is not None and self._in_flight[name] >= reserved:
                self.counts.throttled(name)
                raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            if self._account_limit is not None and self._in_flight.total() >= self._account_limit:
                self.counts.throttled(name)
                raise throttled("ConcurrentInvocationLimitExceeded")
            self._in_flight[name] += 1
            self.counts.began(name, self._in_flight, self._in_flight.total())

    def _leave(self, name: str) -> None:
        with self._lock:
            self._in_flight[name] -= 1

    def _start_asynchronous(
        self, function: Function, version: str, qualifier: str | None, payload: bytes
    ) -> None:
        def run() -> None:
            request_id = str(uuid.uuid4())  # the same at every attempt, as in Lambda
            try:
                with suppress(CloudError):  # the pool was closed: the event is lost with it
                    for _ in range(ASYNC_ATTEMPTS):
                        if not self._run(function, version, qualifier, payload, request_id)[1]:
                            break
            finally:
                self._leave(function.name)

        thread = threading.Thread(target=run, name=f"event-{function.name}", daemon=True)
        self._asynchronous = [other for other in self._asynchronous if other.is_alive()] + [thread]
        thread.start()

    def _run(
        self, function: Function, version: str, qualifier: str | None, payload: bytes, request_id: str
    ) -> tuple[bytes, bool]:
        """One attempt: the payload of the answer, and whether it is an error."""
        asked = request(function, version, qualifier, request_id)
        try:
            environment = self._environments.acquire(
                self._blueprint(function), function.timeout, asked["environment"]
            )
        except InitFailedError as error:
            return self._init_failure(error, function, request_id), True
        process = environment.process
        disturbed = self.disturb(Began(function.name, request_id, process.number, process.pid.result()))
        timeout = function.timeout if disturbed.timeout is None else disturbed.timeout
        asked["environment"] |= disturbed.variables
        try:
            send(process.channel, asked, payload)
            head, answer = receive(process.channel, timeout)
        except TimeoutError:
            self._environments.discard(environment)
            return self._timed_out(request_id, timeout), True
        except (EOFError, OSError):
            return dump(errors.exited(request_id, self._environments.bury(environment))), True
        except BaseException:  # the caller was interrupted: nobody waits for what the environment does now
            self._environments.discard(environment)
            raise
        self._environments.release(environment)
        return answer, head["kind"] == "error"

    def _init_failure(self, error: InitFailedError, function: Function, request_id: str) -> bytes:
        if error.payload is not None:
            return dump({**json.loads(error.payload), "requestId": request_id})
        if error.exit_code is not None:
            return dump(errors.exited(request_id, error.exit_code))
        return self._timed_out(request_id, function.timeout)

    def _timed_out(self, request_id: str, seconds: float) -> bytes:
        with open(self._log, "a") as log:
            log.write(
                f"{datetime.now(UTC).isoformat()} {request_id} Task timed out after {seconds:.2f} seconds\n"
            )
        return dump(errors.timed_out(request_id, seconds))

    def _blueprint(self, function: Function) -> Blueprint:
        # Neither name nor memory size: functions of one code and one set of variables share environments.
        variables = {
            **isolated_environment(),
            **_PROCESS,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": str(function.code),
            "_HANDLER": function.handler,
            "TZ": ":UTC",
            **self._given,
            **function.environment,
        }
        return Blueprint(function.code, function.handler, tuple(sorted(variables.items())))
