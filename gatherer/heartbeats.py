"""Heartbeats: while a model is put together, a thread tells the workflows that wait that somebody is at it.

For every kept token, not only the one at work: those behind it in the queue are not silent, only later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from snakebatch.errors import SnakeBatchError
from snakebatch.mesh.messages import GatherMessage
from snakebatch.mesh.store import JobStore

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

HEARTBEAT_SECONDS = 5.0
"""Between two rounds: several fit into the workflow's patience, so that one may be lost."""

STUCK_ROUNDS = 24
"""Rounds without one step of the work, two minutes, after which the workflow is no longer told to wait:
``settle`` assembles then. No single step takes that long, unless it hangs.
"""

_CALL_SECONDS = 5.0
_GONE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class TokenGoneError(SnakeBatchError):
    """The token was completed by another gatherer, or the workflow waits no longer."""


class HandedOverError(SnakeBatchError):
    """This gatherer is asked to end; the token stays kept, for the next one."""


def is_gone(error: ClientError) -> bool:
    """Whether Step Functions says that nobody waits for a token any more."""
    return error.response.get("Error", {}).get("Code") in _GONE


class Heartbeats:
    """Beats for all kept tokens. ``stopping`` says whether this gatherer is asked to end."""

    def __init__(self, sfn: SFNClient, store: JobStore, logger: Logger, stopping: Callable[[], bool]) -> None:
        self.sfn = sfn
        self.store = store
        self.logger = logger
        self.stopping = stopping
        # A kept token never changes under its key: each is read once.
        self._tokens: dict[str, str] = {}

    @contextmanager
    def during(self, message: GatherMessage) -> Iterator[Callable[[], None]]:
        """Beat while the block works for ``message``; yields what the work calls between its steps.

        That call raises TokenGoneError where nobody wants this model any more, HandedOverError where this
        gatherer is to end.
        """
        work = _Work(message)
        if not self._beat(message.token):
            raise TokenGoneError("the task token is completed or timed out")
        thread = threading.Thread(target=self._rounds, args=(work,), name="heartbeats", daemon=True)
        thread.start()

        def step() -> None:
            work.steps += 1
            if work.gone:
                raise TokenGoneError("the task token is completed or timed out")
            if self.stopping():
                raise HandedOverError("this gatherer ends; the next one goes on")

        try:
            yield step
        finally:
            work.done.set()
            thread.join(_CALL_SECONDS)  # it may be in a call that hangs, which is not worth waiting for

    def _rounds(self, work: _Work) -> None:
        quiet, steps = 0, work.steps
        while not work.done.wait(HEARTBEAT_SECONDS):
            quiet = quiet + 1 if work.steps == steps else 0
            steps = work.steps
            if quiet >= STUCK_ROUNDS:
                self.logger.error("the assembly hangs; the workflow is left to do it", extra=work.named)
                return
            try:
                self._round(work)
            except (ClientError, BotoCoreError) as error:
                self.logger.warning("a heartbeat failed", extra={**work.named, "error": str(error)})
            except Exception:
                # The work goes on without: at worst the workflow assembles by itself.
                self.logger.exception("heartbeats have a fault", extra=work.named)
                return

    def _round(self, work: _Work) -> None:
        if not self._beat(work.message.token):
            work.gone = True
        keys = set(self.store.pending_keys())
        self._tokens = {key: token for key, token in self._tokens.items() if key in keys}
        for key in keys:
            if work.done.is_set():
                return
            token = self._token(key)
            if token is None or token == work.message.token:
                continue
            if not self._beat(token):
                self.store.forget_pending(key)

    def _token(self, key: str) -> str | None:
        if key not in self._tokens:
            try:
                message = self.store.find_pending(key)
            except SnakeBatchError:
                return None  # the look that began this work named it
            if message is None:
                return None  # answered since the listing
            self._tokens[key] = message.token
        return self._tokens[key]

    def _beat(self, token: str) -> bool:
        try:
            self.sfn.send_task_heartbeat(taskToken=token)
        except ClientError as error:
            if is_gone(error):
                return False
            raise
        return True


class _Work:
    """What the working thread and the beating one tell each other."""

    def __init__(self, message: GatherMessage) -> None:
        self.message = message
        self.named = {"job": message.job, "execution": message.execution}
        self.steps = 0
        self.gone = False
        self.done = threading.Event()
