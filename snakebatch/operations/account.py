"""Reads from AWS what an account allows. The clients are boto3's; no call here changes anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snakebatch.operations.aws import asking, code_of
from snakebatch.operations.limits import SHARDS, Account

CONCURRENCY_QUOTA = "L-B99A9384"
SPAWN_QUOTA = "L-A1AFA3CF"

_NOT_THERE = frozenset({"NoSuchResourceException", "ResourceNotFoundException"})


def read_account(clients: Callable[[str], Any], region: str, prefix: str) -> Account:
    """Raises AccountError where AWS does not answer."""
    with asking("reading Lambda's limits (lambda:GetAccountSettings)"):
        settings = clients("lambda").get_account_settings()
    limit, usage = settings["AccountLimit"], settings["AccountUsage"]
    # What is in force; Service Quotas may already name a raise that Lambda has not got yet.
    concurrency = _quota(clients("service-quotas"), CONCURRENCY_QUOTA) or limit["ConcurrentExecutions"]
    return Account(
        region=region,
        concurrency=int(min(concurrency, limit["ConcurrentExecutions"])),
        unreserved=int(limit["UnreservedConcurrentExecutions"]),
        own_reserved=SHARDS * _reserved(clients("lambda"), f"{prefix}-v9-worker-pipe-00"),
        code_bytes_used=int(usage["TotalCodeSize"]),
        code_bytes_allowed=int(limit["TotalCodeSize"]),
        spawn_per_minute=_quota(clients("service-quotas"), SPAWN_QUOTA),
    )


def _quota(quotas: Any, code: str) -> float | None:
    """The account's value of a quota, else AWS's default of it, else None."""
    with asking(f"reading the quota {code} (servicequotas:GetServiceQuota)"):
        for ask in (quotas.get_service_quota, quotas.get_aws_default_service_quota):
            try:
                return float(ask(ServiceCode="lambda", QuotaCode=code)["Quota"]["Value"])
            except Exception as error:
                if code_of(error) not in _NOT_THERE:
                    raise
    return None


def _reserved(lambdas: Any, function: str) -> int:
    """What one shard of a deployment that is there already has reserved."""
    with asking("reading what the shards reserve (lambda:GetFunctionConcurrency)"):
        try:
            found = lambdas.get_function_concurrency(FunctionName=function)
        except Exception as error:
            if code_of(error) not in _NOT_THERE:
                raise
            return 0
    return int(found.get("ReservedConcurrentExecutions", 0))
