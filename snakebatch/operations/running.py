"""What costs money while it runs: executions, and provisioned concurrency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from snakebatch.clock import Clock
from snakebatch.errors import AccountError
from snakebatch.operations.aws import asking, code_of

CONTROL_PLANE_SECONDS = 0.1
"""Between two calls of Lambda's control plane, which takes 15 a second of all functions (Lambda quotas)."""

BRACKETS = "brackets"
"""Key (``pk``) of the lease table's item that says who wants slots."""

_STOP_TRIES = 30
_STOP_SECONDS = 2.0
_GONE = frozenset({"StateMachineDoesNotExist", "ExecutionDoesNotExist", "ResourceNotFoundException"})


class Executions:
    """Running executions of state machines; ``sfn`` is a boto3 client."""

    def __init__(self, sfn: Any, clock: Clock) -> None:
        self.sfn = sfn
        self.clock = clock

    def running(self, machines: Iterable[str]) -> list[str]:
        """ARNs of the executions that run. EXPRESS machines keep no list, and end within five minutes."""
        return [arn for machine in machines for arn in self._running(machine)]

    def stop(self, machines: list[str]) -> int:
        """Stop all of them, and wait until none runs; returns how many were stopped."""
        stopped: set[str] = set()
        for _ in range(_STOP_TRIES):
            running = self.running(machines)
            if not running:
                return len(stopped)
            for arn in running:
                with asking("stopping an execution (states:StopExecution)"):
                    self.sfn.stop_execution(executionArn=arn, error="Teardown", cause="snakebatch teardown")
                stopped.add(arn)
            self.clock.sleep(_STOP_SECONDS)
        raise AccountError(
            "executions are started again and again: stop whatever starts them, then run teardown again"
        )

    def _running(self, machine: str) -> Iterator[str]:
        with asking("listing the running executions (states:ListExecutions)"):
            try:
                pages = self.sfn.get_paginator("list_executions")
                for page in pages.paginate(stateMachineArn=machine, statusFilter="RUNNING"):
                    for execution in page["executions"]:
                        yield execution["executionArn"]
            except Exception as error:
                if code_of(error) not in _GONE | {"StateMachineTypeNotSupported"}:
                    raise


class Slots:
    """Provisioned concurrency of functions; ``lambdas`` is a boto3 client."""

    def __init__(self, lambdas: Any, clock: Clock) -> None:
        self.lambdas = lambdas
        self.clock = clock

    def close(self, functions: Iterable[str]) -> int:
        """Give back whatever the functions hold; returns the number of configurations that went."""
        closed = 0
        for function in functions:
            for qualifier in self._held(function):
                with asking(f"closing the slots of {function} (lambda:DeleteProvisionedConcurrencyConfig)"):
                    self.lambdas.delete_provisioned_concurrency_config(
                        FunctionName=function, Qualifier=qualifier
                    )
                closed += 1
                self.clock.sleep(CONTROL_PLANE_SECONDS)
        return closed

    def _held(self, function: str) -> list[str]:
        self.clock.sleep(CONTROL_PLANE_SECONDS)
        with asking(f"reading the slots of {function} (lambda:ListProvisionedConcurrencyConfigs)"):
            try:
                found = self.lambdas.list_provisioned_concurrency_configs(FunctionName=function)
            except Exception as error:
                if code_of(error) not in _GONE | {"ProvisionedConcurrencyConfigNotFoundException"}:
                    raise
                return []
        configs = found["ProvisionedConcurrencyConfigs"]
        return [config["FunctionArn"].rpartition(":")[2] for config in configs]


def forget_brackets(dynamodb: Any, table: str) -> None:
    """Have nobody want slots any more: the sweep would switch an open session's on again. ``dynamodb`` is a
    boto3 client.
    """
    with asking(f"forgetting the open sessions in {table} (dynamodb:DeleteItem)"):
        try:
            dynamodb.delete_item(TableName=table, Key={"pk": {"S": BRACKETS}})
        except Exception as error:
            if code_of(error) not in _GONE:
                raise
