"""Provisioned concurrency of the shards, as Lambda knows it: each request paced, passing faults outlasted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from snakebatch.clock import Clock
from snakebatch.errors import BracketError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ALIAS = "live"
"""The alias that packets are sent to; an invocation without it would never meet a provisioned slot."""

REQUESTS_PER_SECOND = 10.0
"""Lambda's control plane takes 15 a second, of all its operations and of the whole account together
(docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html): deployments and consoles get the rest.
"""

_ATTEMPTS = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 8.0

_PASSING = {"TooManyRequestsException", "ServiceException", "ResourceConflictException", "Throttling"}
_NOT_FOUND = 404
"""No such configuration, or no such function: a stack may be half deployed, or half deleted."""

T = TypeVar("T")


class SlotsRefusedError(Exception):
    """Lambda will not give what was asked, however often it is asked: the account's limit, or a right."""


class ShardSlots:
    """Switches slots on and off. ``lambda_client`` is boto3's, ``prefix`` stands before a shard's number.

    Every method but the constructor may raise BracketError where Lambda stayed out of reach.
    """

    def __init__(self, lambda_client: LambdaClient, prefix: str, clock: Clock) -> None:
        self.lambda_client = lambda_client
        self.prefix = prefix
        self.clock = clock
        self._next = 0.0

    def put(self, shard: str, level: int) -> None:
        """Ask for ``level`` slots; raises SlotsRefusedError with Lambda's reason."""
        name = self._name(shard)
        try:
            self._paced(
                lambda: self.lambda_client.put_provisioned_concurrency_config(
                    FunctionName=name, Qualifier=ALIAS, ProvisionedConcurrentExecutions=level
                )
            )
        except ClientError as error:
            raise SlotsRefusedError(f"{name}: {error.response['Error']['Message']}") from error

    def delete(self, shard: str, qualifier: str = ALIAS, *, patient: bool = True) -> None:
        """Switch all slots off; no error where there are none. Who is not ``patient`` asks once."""
        name = self._name(shard)
        try:
            self._paced(
                lambda: self.lambda_client.delete_provisioned_concurrency_config(
                    FunctionName=name, Qualifier=qualifier
                ),
                _ATTEMPTS if patient else 1,
            )
        except ClientError as error:
            if not _is_gone(error):
                raise BracketError(f"{name} can't be switched off: {error}") from error

    def ready(self, shard: str) -> bool | None:
        """Whether all its slots are allocated; None where it has none.

        Raises SlotsRefusedError where the allocation failed.
        """
        name = self._name(shard)
        try:
            answer = self._paced(
                lambda: self.lambda_client.get_provisioned_concurrency_config(
                    FunctionName=name, Qualifier=ALIAS
                )
            )
        except ClientError as error:
            if _is_gone(error):
                return None
            raise BracketError(f"{name} does not say how far its slots are: {error}") from error
        if answer["Status"] == "FAILED":
            reason = answer.get("StatusReason", "Lambda gives no reason")
            raise SlotsRefusedError(f"{name}: {reason}")
        return bool(answer["Status"] == "READY")

    def found(self, shard: str, *, patient: bool = True) -> list[tuple[str, int]]:
        """What a shard really has: qualifier and slots of every configuration. As ``delete`` is patient."""
        name = self._name(shard)
        more: dict[str, Any] = {}
        entries: list[tuple[str, int]] = []
        while True:
            page = self._page(name, more, _ATTEMPTS if patient else 1)
            entries += [
                (entry["FunctionArn"].rpartition(":")[2], entry["RequestedProvisionedConcurrentExecutions"])
                for entry in page.get("ProvisionedConcurrencyConfigs", [])
            ]
            if not page.get("NextMarker"):
                return entries
            more = {"Marker": page["NextMarker"]}

    def _page(self, name: str, more: dict[str, Any], attempts: int) -> Any:
        try:
            return self._paced(
                lambda: self.lambda_client.list_provisioned_concurrency_configs(FunctionName=name, **more),
                attempts,
            )
        except ClientError as error:
            if _is_gone(error):
                return {}
            raise BracketError(f"{name} does not say what slots it has: {error}") from error

    def _name(self, shard: str) -> str:
        return f"{self.prefix}-{shard}"

    def _paced(self, call: Callable[[], T], attempts: int = _ATTEMPTS) -> T:
        """The call's answer; raises ClientError for what asking again won't change."""
        pause = _FIRST_PAUSE
        for attempt in range(1, attempts + 1):
            self._wait_turn()
            try:
                return call()
            except ClientError as error:
                if error.response["Error"]["Code"] not in _PASSING:
                    raise
                if attempt == attempts:
                    raise BracketError(f"Lambda put off {attempts} requests in turn: {error}") from error
            except BotoCoreError as error:
                if attempt == attempts:
                    raise BracketError(f"Lambda can't be reached: {error}") from error
            self.clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        raise BracketError("Lambda was not asked at all")

    def _wait_turn(self) -> None:
        now = self.clock.time()
        self.clock.sleep(self._next - now)
        self._next = max(now, self._next) + 1.0 / REQUESTS_PER_SECOND


def _is_gone(error: ClientError) -> bool:
    return error.response["ResponseMetadata"]["HTTPStatusCode"] == _NOT_FOUND
