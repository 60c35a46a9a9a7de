"""Task tokens as boto3's client has them: success, failure, heartbeat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .api import Service, checked_failure
from .api_errors import api_error
from .errors import StateError
from .naming import parse_json, within_limit


class TaskTokens(Service):
    """The operations on task tokens."""

    def send_task_success(self, *, taskToken: str, output: str) -> dict[str, Any]:
        """The work behind a token is done; ``output`` is JSON text of at most 262,144 bytes.

        Raises InvalidToken, InvalidOutput, and TaskTimedOut where nobody waits any longer.
        """
        try:
            value = parse_json(output)
        except ValueError as problem:
            raise api_error("InvalidOutput", f"Invalid Output: {problem}") from problem
        if not within_limit(output):
            raise api_error("InvalidOutput", "The output is longer than 262144 bytes.")
        return self._answer(taskToken, lambda answer: answer.set_result(value))

    def send_task_failure(
        self, *, taskToken: str, error: str | None = None, cause: str | None = None
    ) -> dict[str, Any]:
        """The work behind a token failed; without an error the state fails with States.TaskFailed.

        Raises InvalidToken, TaskTimedOut.
        """
        checked_failure(error, cause)
        failure = StateError(error or "States.TaskFailed", cause)
        return self._answer(taskToken, lambda answer: answer.set_exception(failure))

    def send_task_heartbeat(self, *, taskToken: str) -> dict[str, Any]:
        """The work behind a token goes on: its HeartbeatSeconds begin again. Raises as the other two."""
        return self._answer(taskToken, None)

    def _answer(self, text: str, reply: Callable[[asyncio.Future[Any]], None] | None) -> dict[str, Any]:
        def answer() -> None:
            try:
                token = self._engine.tokens.find(text)
            except KeyError:
                raise api_error("InvalidToken", f"Invalid Token: '{text[:80]}'") from None
            if token is None:
                raise api_error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            if reply is None:
                token.beat()
            else:
                reply(token.answer)

        self._runtime.call(answer)
        return {}
