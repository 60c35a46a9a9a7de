"""Task tokens: states that wait for somebody outside to say how their work went.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from .errors import TIMEOUT, StateError
from .runtime import Handle, Runtime

OVER_KEPT = 1_000
"""So many of the tokens that are over are told apart from unknown ones: the latest."""


class Token:
    """One token that is out: a future for its answer, and the heartbeat that must not stop."""

    def __init__(self, runtime: Runtime, heartbeat: float | None) -> None:
        self.text = secrets.token_urlsafe(48)
        self.answer: asyncio.Future[Any] = runtime.loop.create_future()
        self._runtime = runtime
        self._heartbeat = heartbeat
        self._timer: Handle | None = None
        self.beat()

    def beat(self) -> None:
        """A heartbeat came: its time runs again from now."""
        if self._timer is not None:
            self._timer.cancel()
        if self._heartbeat is not None and not self.answer.done():
            self._timer = self._runtime.after(self._heartbeat, self._missed)

    def _missed(self) -> None:
        if not self.answer.done():
            self.answer.set_exception(StateError(TIMEOUT, None, heartbeat=True))

    def close(self) -> None:
        """Nobody waits for the answer any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self.answer.done():
            # Read it, so that asyncio does not complain of an exception nobody looked at.
            self.answer.cancelled() or self.answer.exception()
        else:
            self.answer.cancel()


class Tokens:
    """All tokens that are out, and those that are over: the service tells the two apart from unknown ones."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._open: dict[str, Token] = {}
        self._over: dict[str, None] = {}  # in order

    def issue(self, heartbeat: float | None) -> Token:
        """A new token."""
        token = Token(self._runtime, heartbeat)
        self._open[token.text] = token
        return token

    def withdraw(self, token: Token) -> None:
        """The state is through with it, however it went."""
        token.close()
        if self._open.pop(token.text, None) is not None:
            self._over[token.text] = None
            if len(self._over) > OVER_KEPT:
                del self._over[next(iter(self._over))]

    def find(self, text: str) -> Token | None:
        """The open token of that text; None if it is over; KeyError if it never was."""
        token = self._open.get(text)
        if token is not None and not token.answer.done():
            return token
        if token is not None or text in self._over:
            return None
        raise KeyError(text)
