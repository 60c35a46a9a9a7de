"""Answers the workflow: assembles the model that a task token waits for, and completes the token."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from gatherer.heartbeats import HandedOverError, Heartbeats, TokenGoneError, is_gone
from snakebatch.errors import MeshError, SnakeBatchError
from snakebatch.mesh.assembly import Assembler
from snakebatch.mesh.messages import GatherMessage
from snakebatch.mesh.store import PENDING, JobStore

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

MOST_TRIES = 10
"""Tries of one model that AWS may spoil; then it is left to the workflow, which assembles by itself."""

_CAUSE_LIMIT = 1_000
_ID_BYTES = 16


def _never() -> bool:
    return False


class Answerer:
    """Works through the task tokens kept in S3, one model at a time: the others wait, and are kept alive.

    Two answerers at once do the same work twice at worst, and no harm: each begins at a place of its own.
    ``stopping`` says whether this gatherer is asked to end; what it is at is left to the next one then.
    """

    def __init__(
        self, sfn: SFNClient, assembler: Assembler, logger: Logger, stopping: Callable[[], bool] = _never
    ) -> None:
        self.sfn = sfn
        self.assembler = assembler
        self.logger = logger
        self.stopping = stopping
        self.heartbeats = Heartbeats(sfn, assembler.store, logger, stopping)
        self._first = f"{PENDING}{secrets.token_hex(_ID_BYTES)}"
        self._spoiled: Counter[str] = Counter()

    @property
    def store(self) -> JobStore:
        return self.assembler.store

    def answer_all(self) -> None:
        """Answer every kept token; one that fails does not keep the others waiting.

        Raises the first error of AWS once all had their turn: what it spoiled is tried at the next look.
        """
        spoiled: list[Exception] = []
        keys = self.store.pending_keys()
        self._spoiled = Counter({key: tries for key, tries in self._spoiled.items() if key in keys})
        for key in sorted(keys, key=lambda key: (key < self._first, key)):
            if self.stopping():
                return
            try:
                self._attend(key)
            except (ClientError, BotoCoreError) as error:
                spoiled.append(error)
        if spoiled:
            raise spoiled[0]

    def _attend(self, key: str) -> None:
        try:
            message = self.store.find_pending(key)
        except MeshError as error:
            # It may be a newer version's, and its gatherer will take it up.
            self.logger.warning(
                "a kept token can't be read, and waits for who can", extra={"reason": str(error)}
            )
            return
        if message is None:
            return  # another gatherer answered it since the listing
        try:
            self.answer(key, message)
        except (ClientError, BotoCoreError) as error:
            self._spoil(key, message, error)
            raise
        except Exception:
            # Nobody beats for it from here on, so the workflow does it; the other models still get made.
            self.logger.exception(
                "an assembly has a fault; the workflow is left to do it", extra=_of(message)
            )
            self.store.forget_pending(key)

    def answer(self, key: str, message: GatherMessage) -> None:
        """Assemble and complete one token, with the model or with the reason why there is none.

        The workflow asks when its last leaf is done, so a report that is missing now is lost: that is an
        answer too.
        """
        try:
            output = self._assemble(message)
            self.sfn.send_task_success(taskToken=message.token, output=json.dumps(output))
            self.logger.info("model assembled", extra={**_of(message), **output})
        except HandedOverError:
            self.logger.info("a model is left to the next gatherer", extra=_of(message))
            return
        except TokenGoneError:
            self._forget_quietly(message)
        except SnakeBatchError as error:
            self._fail(message, error)
        except ClientError as error:
            if not is_gone(error):
                raise
            self._forget_quietly(message)
        self.store.forget_pending(key)
        self._spoiled.pop(key, None)

    def _assemble(self, message: GatherMessage) -> dict[str, object]:
        with self.heartbeats.during(message) as step:
            done = self.assembler.assemble(message.job, message.fingerprint, message.execution, step)
        return {"leaves": done.leaves, "buckets": done.buckets, "model_bytes": done.model_bytes}

    def _spoil(self, key: str, message: GatherMessage, error: Exception) -> None:
        self._spoiled[key] += 1
        tries = self._spoiled[key]
        said = {**_of(message), "tries": tries, "error": str(error)}
        self.logger.warning("AWS spoiled an assembly", extra=said)
        if tries >= MOST_TRIES:
            self.logger.error("an assembly is given up; the workflow is left to do it", extra=said)
            del self._spoiled[key]
            self.store.forget_pending(key)

    def _fail(self, message: GatherMessage, error: SnakeBatchError) -> None:
        self.logger.error("the leaves make no model", extra={**_of(message), "error": str(error)})
        try:
            self.sfn.send_task_failure(
                taskToken=message.token, error=type(error).__name__, cause=str(error)[:_CAUSE_LIMIT]
            )
        except ClientError as failure:
            if not is_gone(failure):
                raise
            self._forget_quietly(message)

    def _forget_quietly(self, message: GatherMessage) -> None:
        self.logger.info("the workflow waits no longer", extra=_of(message))


def _of(message: GatherMessage) -> dict[str, object]:
    """What names a job in the log."""
    return {"job": message.job, "execution": message.execution}
