"""Answers the workflow: assembles the model that a task token waits for, and completes the token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from snakebatch.clock import Clock
from snakebatch.errors import SnakeBatchError
from snakebatch.mesh.assembly import Assembler
from snakebatch.mesh.messages import GatherMessage
from snakebatch.mesh.store import JobStore

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

HEARTBEAT_SECONDS = 5.0
"""Between two heartbeats: several fit into the workflow's patience, so that one may be lost."""

_CAUSE_LIMIT = 1_000
_GONE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class TokenGoneError(SnakeBatchError):
    """The token was completed by another gatherer, or the workflow waits no longer."""


class Answerer:
    """Works through the task tokens kept in S3. Two of them at once do the same work twice, and no harm."""

    def __init__(self, sfn: SFNClient, assembler: Assembler, clock: Clock, logger: Logger) -> None:
        self.sfn = sfn
        self.assembler = assembler
        self.clock = clock
        self.logger = logger

    @property
    def store(self) -> JobStore:
        return self.assembler.store

    def answer_all(self) -> None:
        """Answer every kept token."""
        for key, message in self.store.pending(self._unreadable):
            self.answer(key, message)

    def answer(self, key: str, message: GatherMessage) -> None:
        """Assemble and complete one token, with the model or with the reason why there is none.

        The workflow asks when its last leaf is done, so a report that is missing now is lost: that is an
        answer too.
        """
        try:
            output = self._assemble(message)
            self.sfn.send_task_success(taskToken=message.token, output=json.dumps(output))
            self.logger.info("model assembled", extra={"job": message.job, "execution": message.execution})
        except TokenGoneError:
            self._forget_quietly(message)
        except SnakeBatchError as error:
            self._fail(message, error)
        except ClientError as error:
            if not _is_gone(error):
                raise
            self._forget_quietly(message)
        self.store.forget_pending(key)

    def _unreadable(self, error: SnakeBatchError) -> None:
        self.logger.warning("a kept token can't be read, and waits for who can", extra={"reason": str(error)})

    def _assemble(self, message: GatherMessage) -> dict[str, object]:
        heartbeat = _Heartbeat(self.sfn, self.store, message.token, self.clock)
        heartbeat.beat()
        done = self.assembler.assemble(message.job, message.fingerprint, message.execution, heartbeat)
        return {"leaves": done.leaves, "buckets": done.buckets, "model_bytes": done.model_bytes}

    def _fail(self, message: GatherMessage, error: SnakeBatchError) -> None:
        self.logger.error("the leaves make no model", extra={"job": message.job, "error": str(error)})
        try:
            self.sfn.send_task_failure(
                taskToken=message.token, error=type(error).__name__, cause=str(error)[:_CAUSE_LIMIT]
            )
        except ClientError as failure:
            if not _is_gone(failure):
                raise
            self._forget_quietly(message)

    def _forget_quietly(self, message: GatherMessage) -> None:
        self.logger.info(
            "the workflow waits no longer", extra={"job": message.job, "execution": message.execution}
        )


class _Heartbeat:
    """Called between small steps of the work; beats when it is time to.

    For every kept token, not only the one at work: those behind it in the queue are not silent, only later.
    """

    def __init__(self, sfn: SFNClient, store: JobStore, token: str, clock: Clock) -> None:
        self.sfn = sfn
        self.store = store
        self.token = token
        self.clock = clock
        self._last = clock.time()

    def __call__(self) -> None:
        if self.clock.time() - self._last >= HEARTBEAT_SECONDS:
            self.beat()

    def beat(self) -> None:
        """Say that we are at it; raises TokenGoneError where nobody wants this model any more."""
        self._last = self.clock.time()
        if not self._beat(self.token):
            raise TokenGoneError("the task token is completed or timed out")
        for key, message in self.store.pending(_named_already):
            if message.token != self.token and not self._beat(message.token):
                self.store.forget_pending(key)

    def _beat(self, token: str) -> bool:
        try:
            self.sfn.send_task_heartbeat(taskToken=token)
        except ClientError as error:
            if _is_gone(error):
                return False
            raise
        return True


def _named_already(error: SnakeBatchError) -> None:
    """The look that began this work named every token that can't be read."""


def _is_gone(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in _GONE
