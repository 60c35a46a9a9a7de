"""What the account says of the shards: throttles and concurrency (CloudWatch), slots and limits (Lambda).

All of it is asked for only while somebody looks, seldom, and never in the way of a page: metrics once in half
a minute (they are made once a minute, and each one asked for costs a hundredth of a cent a thousand), each
function's configuration in turn, a few requests a second. What may not be asked, or does not answer, is said.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from snakebatch.clock import Clock
from snakebatch.mesh.routing import SHARDS, shard_name

THROTTLE_WINDOW = 300
"""Seconds of which the throttles are summed up: a whole number of CloudWatch's minutes."""

METRICS_EVERY = 30.0
CONFIGS_EVERY = 300.0
WATCHED = 60.0
"""Seconds after the last reader until nothing is asked any more."""

REQUESTS_PER_SECOND = 4.0
"""Of Lambda's control plane, which takes 15 of an account; the brackets take ten."""

_HOUR = 3600
_MINUTE = 60
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")

T = TypeVar("T")


@dataclass(frozen=True)
class Slots:
    """Provisioned concurrency of one alias or version of a shard."""

    shard: str
    qualifier: str
    requested: int
    available: int
    status: str


@dataclass(frozen=True)
class Seen:
    """What is known of the account now. ``trouble``: a line for each question that has no answer.

    ``throttles`` is by shard, over the last five minutes (None: not known); ``concurrent`` has each minute's
    maximum of ConcurrentExecutions (epoch seconds of the minute, invocations at once), oldest first.
    """

    throttles: dict[str, int] | None = None
    concurrent: tuple[tuple[float, float], ...] | None = None
    limits: dict[str, int] | None = None
    reserved: dict[str, int] = field(default_factory=dict)
    slots: tuple[Slots, ...] = ()
    shards_asked: int = 0
    trouble: tuple[str, ...] = ()


class Account:
    """``clients`` gives boto3 clients by name; ``prefix`` stands before a shard's number.

    Who does not ``watch`` asks by ``read_metrics``, ``read_limits`` and ``read_shard`` when it likes.
    """

    def __init__(self, clients: Any, prefix: str, clock: Clock, *, watch: bool = True) -> None:
        self._watching = watch
        self._clients = clients
        self._prefix = prefix
        self._clock = clock
        self._lock = threading.Lock()
        self._metrics_at = -METRICS_EVERY
        self._watched_at = 0.0
        self._worker: threading.Thread | None = None
        self._trouble: dict[str, str] = {}
        self._throttles: dict[str, int] | None = None
        self._concurrent: tuple[tuple[float, float], ...] | None = None
        self._limits: dict[str, int] | None = None
        self._reserved: dict[str, int] = {}
        self._slots: dict[str, list[Slots]] = {}
        self._asked: set[str] = set()

    def seen(self) -> Seen:
        """What is known now; news are fetched in the background, for the next look."""
        with self._lock:
            self._watched_at = self._clock.time()
            if self._watching and (self._worker is None or not self._worker.is_alive()):
                self._worker = threading.Thread(target=self._watch, name="account", daemon=True)
                self._worker.start()
        return self.known()

    def known(self) -> Seen:
        """What is known now; nothing is asked."""
        with self._lock:
            return Seen(
                throttles=self._throttles,
                concurrent=self._concurrent,
                limits=self._limits,
                reserved=dict(self._reserved),
                slots=tuple(one for shard in sorted(self._slots) for one in self._slots[shard]),
                shards_asked=len(self._asked),
                trouble=tuple(self._trouble.values()),
            )

    # In the background

    def _watch(self) -> None:
        """Ask for as long as somebody looks."""
        while self._clock.time() - self._watched_at < WATCHED:
            self.read_metrics()
            self.read_limits()
            for number in range(SHARDS):
                if self._clock.time() - self._watched_at >= WATCHED:
                    return
                self.read_shard(shard_name(number))
                self._clock.sleep(2 / REQUESTS_PER_SECOND)
                self._read_metrics_in_time()
            rest_until = self._clock.time() + CONFIGS_EVERY
            while self._clock.time() < min(rest_until, self._watched_at + WATCHED):
                self._clock.sleep(1.0)
                self._read_metrics_in_time()

    def _read_metrics_in_time(self) -> None:
        if self._clock.time() - self._metrics_at >= METRICS_EVERY:
            self.read_metrics()

    def read_metrics(self) -> None:
        """Throttles of each shard, and the account's concurrency, from CloudWatch."""
        now = self._metrics_at = self._clock.time()
        cloudwatch = self._clients("cloudwatch")
        names = {f"throttles_{number}": shard_name(number) for number in range(SHARDS)}
        end = datetime.fromtimestamp((now // _MINUTE + 1) * _MINUTE, UTC)
        start = datetime.fromtimestamp(end.timestamp() - THROTTLE_WINDOW, UTC)
        throttles = self._try(
            "cloudwatch:GetMetricData",
            "throttles",
            lambda: cloudwatch.get_metric_data(
                MetricDataQueries=[
                    _query(query, "Throttles", "Sum", THROTTLE_WINDOW, f"{self._prefix}-{shard}")
                    for query, shard in names.items()
                ],
                StartTime=start,
                EndTime=end,
            ),
        )
        hour = datetime.fromtimestamp(end.timestamp() - _HOUR, UTC)
        concurrent = self._try(
            "cloudwatch:GetMetricData",
            "concurrent executions",
            lambda: cloudwatch.get_metric_data(
                MetricDataQueries=[_query("concurrent", "ConcurrentExecutions", "Maximum", _MINUTE, None)],
                StartTime=hour,
                EndTime=end,
                ScanBy="TimestampAscending",
            ),
        )
        with self._lock:
            if throttles is not None:
                sums = {result["Id"]: sum(result["Values"]) for result in throttles["MetricDataResults"]}
                self._throttles = {names[query]: round(total) for query, total in sums.items()}
            if concurrent is not None:
                self._concurrent = _by_minute(concurrent["MetricDataResults"])

    def read_limits(self) -> None:
        """The account's concurrency, from Lambda."""
        lambda_client = self._clients("lambda")
        said = self._try("lambda:GetAccountSettings", "limits", lambda: lambda_client.get_account_settings())
        if said is not None:
            limits = said["AccountLimit"]
            kept = ("ConcurrentExecutions", "UnreservedConcurrentExecutions")
            with self._lock:
                self._limits = {name: int(limits[name]) for name in kept if name in limits}

    def read_shard(self, shard: str) -> None:
        """A shard's reserved concurrency, and its slots."""
        lambda_client, name = self._clients("lambda"), f"{self._prefix}-{shard}"
        reserved = self._try(
            "lambda:GetFunctionConcurrency",
            "reserved concurrency",
            lambda: lambda_client.get_function_concurrency(FunctionName=name),
        )
        listed = self._try(
            "lambda:ListProvisionedConcurrencyConfigs",
            "slots",
            lambda: lambda_client.list_provisioned_concurrency_configs(FunctionName=name),
        )
        with self._lock:
            if reserved is not None and listed is not None:
                self._asked.add(shard)
            if reserved is not None:
                self._reserved.pop(shard, None)
                if "ReservedConcurrentExecutions" in reserved:
                    self._reserved[shard] = int(reserved["ReservedConcurrentExecutions"])
            if listed is not None:
                self._slots[shard] = [
                    _slots(shard, entry) for entry in listed.get("ProvisionedConcurrencyConfigs", [])
                ]

    def _try(self, right: str, what: str, ask: Callable[[], T]) -> T | None:
        """The answer; None where there is none, with a line that says why."""
        try:
            answer = ask()
        except ClientError as error:
            said = error.response["Error"]
            if said["Code"] in _DENIED:
                line = f"{what}: the right {right} is missing; give it to the gatherer's role"
            else:
                line = f"{what}: {right} answers {said['Code']}: {said.get('Message', '')}"
        except BotoCoreError as error:
            line = f"{what}: {right} can't be reached: {error}"
        else:
            with self._lock:
                self._trouble.pop(what, None)
            return answer
        with self._lock:
            self._trouble[what] = line
        return None


def _query(query: str, metric: str, stat: str, period: int, function: str | None) -> dict[str, Any]:
    of = [] if function is None else [{"Name": "FunctionName", "Value": function}]
    measured = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": of}
    return {"Id": query, "MetricStat": {"Metric": measured, "Period": period, "Stat": stat}}


def _by_minute(results: list[Any]) -> tuple[tuple[float, float], ...]:
    points = (
        (moment.timestamp(), float(value))
        for result in results
        for moment, value in zip(result["Timestamps"], result["Values"], strict=True)
    )
    return tuple(sorted(points))


def _slots(shard: str, entry: Any) -> Slots:
    return Slots(
        shard=shard,
        qualifier=entry["FunctionArn"].rpartition(":")[2],
        requested=int(entry["RequestedProvisionedConcurrentExecutions"]),
        available=int(entry.get("AvailableProvisionedConcurrentExecutions", 0)),
        status=str(entry["Status"]),
    )
