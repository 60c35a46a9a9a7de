"""Reads from AWS what an account allows. The clients are boto3's; no call here changes anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snakebatch.operations.aws import asking, code_of
from snakebatch.operations.bucket import Bucket
from snakebatch.operations.limits import SHARDS, Account

CONCURRENCY_QUOTA = "L-B99A9384"
SPAWN_QUOTA = "L-A1AFA3CF"
VCPU_QUOTA = "L-1216C47A"

_NOT_THERE = frozenset({"NoSuchResourceException", "ResourceNotFoundException"})


def read_account(clients: Callable[[str], Any], region: str, prefix: str, *, machine: bool) -> Account:
    """``machine``: whether the gatherer is to be one. Raises AccountError where AWS does not answer."""
    with asking("reading Lambda's limits (lambda:GetAccountSettings)"):
        settings = clients("lambda").get_account_settings()
    limit, usage = settings["AccountLimit"], settings["AccountUsage"]
    quotas = clients("service-quotas")
    # What is in force; Service Quotas may already name a raise that Lambda has not got yet.
    concurrency = _quota(quotas, "lambda", CONCURRENCY_QUOTA) or limit["ConcurrentExecutions"]
    return Account(
        region=region,
        concurrency=int(min(concurrency, limit["ConcurrentExecutions"])),
        unreserved=int(limit["UnreservedConcurrentExecutions"]),
        own_reserved=SHARDS * _reserved(clients("lambda"), f"{prefix}-v9-worker-pipe-00"),
        code_bytes_used=int(usage["TotalCodeSize"]),
        code_bytes_allowed=int(limit["TotalCodeSize"]),
        spawn_per_minute=_quota(quotas, "lambda", SPAWN_QUOTA),
        vcpus=_whole(_quota(quotas, "ec2", VCPU_QUOTA)) if machine else None,
        orphan_bucket=_orphan_bucket(clients, region, prefix),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _orphan_bucket(clients: Callable[[str], Any], region: str, prefix: str) -> str | None:
    with asking("asking who this is (sts:GetCallerIdentity)"):
        owner = clients("sts").get_caller_identity()["Account"]
    name = f"{prefix}-jobs-{owner}-{region}"
    if not Bucket(clients("s3"), name).exists():
        return None
    with asking(f"looking for the deployment {prefix} (lambda:GetFunction)"):
        try:
            clients("lambda").get_function(FunctionName=f"{prefix}-stage")
        except Exception as error:
            if code_of(error) not in _NOT_THERE:
                raise
            return name
    return None


def _quota(quotas: Any, service: str, code: str) -> float | None:
    """The account's value of a quota, else AWS's default of it, else None."""
    with asking(f"reading the quota {code} (servicequotas:GetServiceQuota)"):
        for ask in (quotas.get_service_quota, quotas.get_aws_default_service_quota):
            try:
                return float(ask(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])
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
