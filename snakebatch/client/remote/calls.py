"""Requests as a careful caller sends them: again after what passes, at growing intervals, not for ever."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime

from snakebatch.client.remote.effects import Flow, NoReplyError, Pause, Reply, Request
from snakebatch.clock import Clock
from snakebatch.errors import UnreachableError

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
"""Seconds before the second try at most, and before any later one: they double, and chance takes a part of
each, so that many clients do not come back at one moment."""

LONGEST_WISH = 120.0
"""Most seconds that a service may ask us to stay away (Retry-After)."""

PATIENCE = 90.0
"""Seconds after which no new try is made: a gatherer that is restarted is back by then."""

LONG_PATIENCE = 900.0
"""The same while a training is waited for: a machine that is replaced takes some minutes."""

FIRST_PATIENCE = 4.0
"""The same before the service has answered once: an address that is wrong should not take a minute."""

_BUSY = frozenset({429, 503})
"""The service did not begin: any request may be sent again."""

_LOST = frozenset({502, 504})
"""Somebody on the way gave up: the service may have done its work."""


@dataclass
class Caller:
    """Sends requests to one service. ``luck`` spreads the pauses."""

    url: str
    clock: Clock
    luck: random.Random = field(default_factory=random.Random)
    met: bool = False
    """Whether the service has answered once."""

    def call(self, request: Request, patience: float = PATIENCE) -> Flow[Reply]:
        """The answer to a request, of whatever status; raises UnreachableError where none comes in time.

        After ``patience`` seconds a passing error of the service is the answer.
        """
        started, tries = self.clock.time(), 0
        while True:
            tries += 1
            reply: Reply | None
            try:
                reply, reason = (yield request), ""
            except NoReplyError as error:
                reply, reason = None, str(error)
                again = request.repeatable or not error.sent
            else:
                self.met = self.met or request.of_service
                again = reply.status in _BUSY or (reply.status in _LOST and request.repeatable)
            pause = self._pause(tries, reply)
            limit = patience if self.met else min(patience, FIRST_PATIENCE)
            if again and self.clock.time() + pause - started <= limit:
                yield Pause(pause)
            elif reply is None:
                raise self._unreachable(request, reason, tries)
            else:
                return replace(reply, tries=tries)

    def _pause(self, tries: int, reply: Reply | None) -> float:
        most = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 10))
        own = self.luck.uniform(most / 2, most)
        return own if reply is None else max(own, self._wish(reply.headers))

    def _wish(self, headers: Mapping[str, str]) -> float:
        """The seconds of Retry-After, which may be a number or a date (RFC 9110, 10.2.3)."""
        said = headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return min(LONGEST_WISH, float(said))
        try:
            seconds = parsedate_to_datetime(said).timestamp() - self.clock.time()
        except (ValueError, TypeError):
            return 0.0
        return min(LONGEST_WISH, max(0.0, seconds))

    def _unreachable(self, request: Request, reason: str, tries: int) -> UnreachableError:
        where = self.url if request.of_service else "the storage that it names"
        times = "" if tries == 1 else f" {tries} times"
        what = (
            "check the address, and that the gatherer runs (`snakebatch serve`, or the stack's GathererUrl)"
            if not self.met
            else "check the network, and that the gatherer still runs; what was started goes on without it"
        )
        return UnreachableError(f"{where} did not answer{times} ({reason}): {what}")
