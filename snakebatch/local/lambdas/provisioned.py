"""Provisioned concurrency without an account: a boto3 Lambda client's methods, states and refusals of it.

Nothing runs faster for it here. What it is for is that whoever switches slots on and off meets what AWS does:
a delay, a failed allocation, throttling, and an account too small for any.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from snakebatch.clock import Clock
from snakebatch.local.isolation import ACCOUNT, REGION
from snakebatch.local.lambdas.errors import client_error

CONTROL_PLANE_RATE = 15.0
"""Requests a second that Lambda's control plane takes of an account, all its operations together."""

_LEAST_UNRESERVED = 100
"""Concurrency that an account of 1,000 must leave to functions that reserve none; a smaller one, all."""

Exists = Callable[[str, str], bool]


@dataclass
class _Config:
    asked: int
    since: float


@dataclass
class ProvisionedConcurrency:
    """The four operations.

    ``exists`` says whether a function has a qualifier; ``clock`` is what allocations go by;
    ``seconds`` is how long an allocation takes; ``account_limit`` is the account's concurrency (None: no
    limit); ``failing`` maps functions to the reason for which their allocations end as FAILED;
    ``requests_per_second`` is when requests are throttled (None: never). ``requests`` notes all of them.
    """

    exists: Exists
    clock: Clock
    seconds: float = 0.0
    account_limit: int | None = None
    failing: Mapping[str, str] = field(default_factory=dict)
    requests_per_second: float | None = CONTROL_PLANE_RATE
    requests: list[tuple[float, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._configs: dict[tuple[str, str], _Config] = {}
        self._tokens = self.requests_per_second or 0.0
        self._filled = self.clock.time()
        self._lock = threading.Lock()

    @property
    def levels(self) -> dict[str, int]:
        """What is on: ``function:qualifier`` -> slots."""
        return {f"{name}:{qualifier}": config.asked for (name, qualifier), config in self._configs.items()}

    # boto3's names

    def put_provisioned_concurrency_config(
        self, *, FunctionName: str, Qualifier: str, ProvisionedConcurrentExecutions: int
    ) -> dict[str, Any]:
        """Ask for slots; the allocation begins anew."""
        with self._lock:
            self._admit("PutProvisionedConcurrencyConfig", FunctionName, Qualifier)
            if ProvisionedConcurrentExecutions < 1:
                raise client_error("ValidationException", 400, "less than 1 slot")
            self._check_limit((FunctionName, Qualifier), ProvisionedConcurrentExecutions)
            config = _Config(ProvisionedConcurrentExecutions, self.clock.time())
            self._configs[FunctionName, Qualifier] = config
            return {**self._described(FunctionName, config), "Status": "IN_PROGRESS"}

    def get_provisioned_concurrency_config(self, *, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        """How far the slots are."""
        with self._lock:
            self._admit("GetProvisionedConcurrencyConfig", FunctionName, Qualifier)
            config = self._configs.get((FunctionName, Qualifier))
            if config is None:
                raise client_error(
                    "ProvisionedConcurrencyConfigNotFoundException",
                    404,
                    "No Provisioned Concurrency Config found for this function",
                )
            return self._described(FunctionName, config)

    def delete_provisioned_concurrency_config(self, *, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        """Switch off; no error where nothing is on."""
        with self._lock:
            self._admit("DeleteProvisionedConcurrencyConfig", FunctionName, Qualifier)
            self._configs.pop((FunctionName, Qualifier), None)
            return {}

    def list_provisioned_concurrency_configs(
        self, *, FunctionName: str, Marker: str | None = None, MaxItems: int | None = None
    ) -> dict[str, Any]:
        """All configurations of one function, on one page."""
        with self._lock:
            self._admit("ListProvisionedConcurrencyConfigs", FunctionName, "$LATEST")
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FunctionName}"
            listed = [
                {"FunctionArn": f"{arn}:{qualifier}", **self._described(name, config)}
                for (name, qualifier), config in self._configs.items()
                if name == FunctionName
            ]
            return {"ProvisionedConcurrencyConfigs": listed}

    # within

    def _admit(self, operation: str, name: str, qualifier: str) -> None:
        now = self.clock.time()
        self.requests.append((now, operation, name))
        if self.requests_per_second is not None:
            refill = (now - self._filled) * self.requests_per_second
            self._tokens = min(self.requests_per_second, self._tokens + refill)
            self._filled = now
            if self._tokens < 1:
                raise _throttled(operation)
            self._tokens -= 1
        if not self.exists(name, qualifier):
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:{qualifier}"
            raise client_error("ResourceNotFoundException", 404, f"Function not found: {arn}", Type="User")

    def _check_limit(self, key: tuple[str, str], asked: int) -> None:
        if self.account_limit is None:
            return
        least = min(self.account_limit, _LEAST_UNRESERVED)
        others = sum(config.asked for other, config in self._configs.items() if other != key)
        if others + asked > self.account_limit - least:
            raise client_error(
                "InvalidParameterValueException",
                400,
                "Specified ConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{least}].",
            )

    def _described(self, name: str, config: _Config) -> dict[str, Any]:
        reason = self.failing.get(name)
        done = self.clock.time() >= config.since + self.seconds
        status = "IN_PROGRESS" if not done else "READY" if reason is None else "FAILED"
        usable = config.asked if status == "READY" else 0
        described: dict[str, Any] = {
            "RequestedProvisionedConcurrentExecutions": config.asked,
            "AvailableProvisionedConcurrentExecutions": usable,
            "AllocatedProvisionedConcurrentExecutions": usable,
            "Status": status,
            "LastModified": datetime.fromtimestamp(config.since, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        }
        return {**described, "StatusReason": reason} if status == "FAILED" else described


class ProvisionedOperations:
    """The operations, for a class that has ``provisioned``."""

    provisioned: ProvisionedConcurrency

    def put_provisioned_concurrency_config(self, **asked: Any) -> dict[str, Any]:
        """Provision slots on an alias or a version."""
        return self.provisioned.put_provisioned_concurrency_config(**asked)

    def get_provisioned_concurrency_config(self, **asked: Any) -> dict[str, Any]:
        """How far they are."""
        return self.provisioned.get_provisioned_concurrency_config(**asked)

    def delete_provisioned_concurrency_config(self, **asked: Any) -> dict[str, Any]:
        """Switch them off."""
        return self.provisioned.delete_provisioned_concurrency_config(**asked)

    def list_provisioned_concurrency_configs(self, **asked: Any) -> dict[str, Any]:
        """All of a function's."""
        return self.provisioned.list_provisioned_concurrency_configs(**asked)


def _throttled(operation: str) -> ClientError:
    return client_error(
        "TooManyRequestsException", 429, "Rate exceeded", operation, Reason="CallerRateLimitExceeded"
    )
