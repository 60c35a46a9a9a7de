"""Carries requests out, or does to them what is due: all faults on the wire happen and are noted here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from snakebatch.chaos import answers
from snakebatch.chaos.abandoned import Abandoned
from snakebatch.chaos.call import GATHERER
from snakebatch.chaos.director import Director
from snakebatch.chaos.plan import Fault
from snakebatch.chaos.processes import LONGEST_HANG, Traps, end
from snakebatch.chaos.wire import CutError, Exchange

_PIECES, _PAUSE = 4, 0.03

_CUT_OFF = (
    "Connection was closed before we received a valid response",
    "Could not connect to the endpoint URL",
)
"""What botocore says of a connection that ended without an answer."""

Does = Callable[["Disturber", Exchange, Fault], None]


class Disturber:
    """What a wire carries its requests out with.

    ``gatherer_pid`` says which process a gatherer of that app id is; ``fail_slots`` has the allocation of a
    shard's slots fail, with a reason. ``spoil`` names a key's end, and every write to such a key is spoilt:
    for tests of the verdict, which must see it.
    """

    def __init__(
        self,
        director: Director,
        traps: Traps,
        gatherer_pid: Callable[[str], int | None],
        fail_slots: Callable[[str, str], None],
    ) -> None:
        self.director = director
        self.traps = traps
        self.gatherer_pid = gatherer_pid
        self.fail_slots = fail_slots
        self.spoil: str | None = None
        self.abandoned = Abandoned()

    def carry(self, exchange: Exchange) -> None:
        """Carry one request out."""
        call = exchange.call
        trap = self.traps.step(call.who)
        if trap is None:
            self._carry(exchange)
        elif trap.how == "hang":
            self.abandoned.died(call.who)
            trap.over.wait(LONGEST_HANG)
            raise CutError
        else:
            if trap.how == "after":
                self._forward(exchange, exchange.body())
            self.abandoned.died(call.who)
            end(trap.pid)
            raise CutError

    def _carry(self, exchange: Exchange) -> None:
        fault = self.director.at(*exchange.call.moments, target=exchange.call.target)
        if fault is None:
            exchange.answer(self._forward(exchange, self._sound(exchange)))
        else:
            self._DOES[fault.kind.name](self, exchange, fault)

    def _forward(self, exchange: Exchange, body: bytes) -> answers.Answer:
        answer = exchange.forward(body)
        self.abandoned.note(exchange.call, answer.body)
        return answer

    def _sound(self, exchange: Exchange) -> bytes:
        call, body = exchange.call, exchange.body()
        writes = call.operation in ("PutObject", "UploadPart")
        if self.spoil is None or not writes or not call.key.endswith(self.spoil):
            return body
        exchange.headers = answers.without_checksums(exchange.headers)
        return answers.corrupted(body, 0.9)

    # What each kind does

    def _fail(self, exchange: Exchange, fault: Fault) -> None:
        exchange.body()
        self.director.struck(fault)
        exchange.answer(answers.failure(exchange.call, fault.mark))

    def _slow(self, exchange: Exchange, fault: Fault) -> None:
        answer = self._forward(exchange, exchange.body())
        self.director.struck(fault)
        exchange.answer_slowly(answer, _PIECES, lambda: time.sleep(_PAUSE))

    def _cut(self, exchange: Exchange, fault: Fault) -> None:
        answer = self._forward(exchange, exchange.body())
        if len(answer.body) < 2:
            exchange.answer(answer)
            return
        half = len(answer.body) // 2
        self.director.struck(fault, f"{half} read, but total bytes", f"IncompleteRead({half} bytes read")
        exchange.answer_in_part(answer, half)

    def _half(self, exchange: Exchange, fault: Fault) -> None:
        if exchange.half_a_body():
            self.director.struck(fault, *_CUT_OFF)
        raise CutError

    def _lose_answer(self, exchange: Exchange, fault: Fault) -> None:
        answer = self._forward(exchange, exchange.body())
        self.abandoned.unheard(exchange.call, answer.body)
        self.director.struck(fault, *_CUT_OFF)
        raise CutError

    def _corrupt(self, exchange: Exchange, fault: Fault) -> None:
        exchange.headers = answers.without_checksums(exchange.headers)
        answer = self._forward(exchange, answers.corrupted(exchange.body(), fault.draw))
        if answer.status == 200:
            key = exchange.call.key
            self.director.struck(fault, key, key.rpartition("/")[2].removesuffix(".bin"))
        exchange.answer(answer)

    def _twice(self, exchange: Exchange, fault: Fault) -> None:
        body = exchange.body()
        answer = self._forward(exchange, body)
        self._forward(exchange, body)
        self.director.struck(fault)
        exchange.answer(answer)

    def _late(self, exchange: Exchange, fault: Fault) -> None:
        answer = self._forward(exchange, answers.delayed(exchange.body()))
        self.director.struck(fault)
        exchange.answer(answer)

    def _turn_round(self, exchange: Exchange, fault: Fault) -> None:
        body = exchange.body()
        turned = answers.reversed_entries(body)
        if turned is not None:
            self.director.struck(fault)
        exchange.answer(self._forward(exchange, turned or body))

    def _lose(self, exchange: Exchange, fault: Fault) -> None:
        body = exchange.body()
        self.director.struck(fault)
        exchange.answer(answers.taken(exchange.call, body))

    def _kill_gatherer(self, exchange: Exchange, fault: Fault) -> None:
        pid = self.gatherer_pid(exchange.call.who)
        if fault.draw < 0.5:
            self._forward(exchange, exchange.body())
        if pid is not None and exchange.call.who.startswith(GATHERER):
            self.abandoned.died(exchange.call.who)
            end(pid)
            self.director.struck(fault)
        raise CutError

    def _fail_slots(self, exchange: Exchange, fault: Fault) -> None:
        answer = self._forward(exchange, exchange.body())
        if answer.status == 202:
            self.fail_slots(exchange.call.target, fault.mark)
            self.director.struck(fault)
        exchange.answer(answer)

    _DOES: ClassVar[dict[str, Does]] = {
        "s3-503": _fail,
        "queue-500": _fail,
        "table-throttle": _fail,
        "token-500": _fail,
        "slots-429": _fail,
        "s3-slow": _slow,
        "s3-cut": _cut,
        "partial-upload": _half,
        "s3-answer-lost": _lose_answer,
        "table-answer-lost": _lose_answer,
        "token-answer-lost": _lose_answer,
        "report-corrupt": _corrupt,
        "text-corrupt": _corrupt,
        "data-corrupt": _corrupt,
        "message-twice": _twice,
        "message-late": _late,
        "message-order": _turn_round,
        "message-lost": _lose,
        "message-again": _lose,
        "gatherer-kill": _kill_gatherer,
        "bracket-fails": _fail_slots,
    }
