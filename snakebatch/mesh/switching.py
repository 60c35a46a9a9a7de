"""Makes what shards have what the records say: one at a time switches, from whatever state there is.

As a controller does: who opens or closes a bracket changes a record, and whoever switches looks at all
records. So a crash leaves nothing that the next one, or the sweep, would not finish.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from snakebatch.clock import Clock
from snakebatch.errors import BracketError
from snakebatch.mesh.bracket_records import Brackets, Shard, Switch
from snakebatch.mesh.bracket_table import BracketTable
from snakebatch.mesh.routing import SHARDS, Ring, shard_name
from snakebatch.mesh.shard_slots import ALIAS, ShardSlots, SlotsRefusedError

SWITCHING_SECONDS = 45.0
"""How long one request goes on switching: 100 shards take 10 s. What is left is for the next request.

With the longest that a single one may take under throttling it stays within the function's two minutes.
"""

_SWITCH_HOLD = 180.0
"""Seconds after which a switch is taken from who crashed with it; longer than the function may run."""


@dataclass
class Switching:
    """Switches slots, under the table's switch."""

    table: BracketTable
    slots: ShardSlots
    clock: Clock

    def run(
        self,
        *,
        watch: str | None = None,
        survey: Callable[[int], None] | None = None,
        ending: Sequence[Ring] = (),
    ) -> bool:
        """Make it so; False where somebody else is at it, or time ran out: ask again.

        ``watch`` names a holder of whose slots it also asks how far they are. ``survey`` has it first look
        what every shard really has, and is told, before they are switched off, how many slots neither a
        record nor ``ending``, what was dropped just now, explains.
        Raises BracketError where Lambda stayed out of reach. A shard that can't be switched off is no reason
        to leave the others on: that is raised at the end.
        """
        owner, deadline = secrets.token_hex(8), self.clock.time() + SWITCHING_SECONDS
        if not self._take(owner):
            return False
        unread: dict[str, BracketError] = {}
        stuck: dict[str, BracketError] = {}
        try:
            if survey is not None:
                survey(self._survey(ending, deadline, unread))
            finished = self._make_so(watch, deadline, stuck)
        finally:
            self._give_back(owner)
        for error in (*stuck.values(), *unread.values()):
            raise error
        return finished

    def _make_so(self, watch: str | None, deadline: float, stuck: dict[str, BracketError]) -> bool:
        while self.clock.time() < deadline:
            work = self._begin(stuck)
            if work:
                self._switch(work, deadline, stuck)
            elif watch is None or not self._watch(watch):
                return True
        return False

    def _take(self, owner: str) -> bool:
        now = self.clock.time()

        def change(brackets: Brackets) -> bool:
            held = brackets.switch
            # One's own is there where the first write arrived and its answer did not.
            if held is not None and held.until > now and held.owner != owner:
                return False
            brackets.switch = Switch(owner=owner, until=now + _SWITCH_HOLD)
            return True

        return self.table.item.change(change)

    def _give_back(self, owner: str) -> None:
        def change(brackets: Brackets) -> None:
            if brackets.switch is not None and brackets.switch.owner == owner:
                brackets.switch = None

        self.table.item.change(change)

    def _begin(self, stuck: Collection[str]) -> list[tuple[str, int, Shard | None]]:
        """What to switch, noted as unknown beforehand: a crash then makes the next one switch it again."""

        def change(brackets: Brackets) -> list[tuple[str, int, Shard | None]]:
            work = [
                (shard, level, brackets.shards.get(shard))
                for shard, level in brackets.differing()
                if shard not in stuck
            ]
            for shard, _, _ in work:
                brackets.note(shard, None)
            return work

        return self.table.item.change(change)

    def _switch(
        self, work: list[tuple[str, int, Shard | None]], deadline: float, stuck: dict[str, BracketError]
    ) -> None:
        """Switch until the first refusal or the deadline; what was not come to goes back to what it was.

        Those that can't be switched off join ``stuck``, and stay noted as unknown.
        """
        done: dict[str, int] = {}
        refused: tuple[str, str] | None = None
        untouched = {shard: before for shard, _, before in work}
        try:
            for shard, level, _ in work:
                if self.clock.time() >= deadline:
                    break
                del untouched[shard]
                try:
                    self._set(shard, level, patient=not stuck)
                except SlotsRefusedError as error:
                    refused = (shard, str(error))
                    break
                except BracketError as error:
                    if level:
                        raise
                    stuck[shard] = error
                    continue
                done[shard] = level
        finally:
            self._finish(done, refused, untouched)

    def _set(self, shard: str, level: int, *, patient: bool) -> None:
        if level:
            self.slots.put(shard, level)
        else:
            self.slots.delete(shard, patient=patient)

    def _finish(
        self, done: dict[str, int], refused: tuple[str, str] | None, untouched: dict[str, Shard | None]
    ) -> None:
        def change(brackets: Brackets) -> None:
            for shard, level in done.items():
                brackets.note(shard, level)
            for shard, before in untouched.items():
                if before is None:
                    brackets.note(shard, 0)
                else:
                    brackets.shards[shard] = before
            if refused is not None:
                brackets.fail(*refused)

        self.table.item.change(change)

    def _watch(self, holder: str) -> bool:
        """Ask of a holder's pending shards, up to the first that allocates: none is usable before all are.

        True where something is to be switched again.
        """
        ready: list[str] = []
        gone: list[str] = []
        refused: tuple[str, str] | None = None
        for shard in self.table.read().pending(holder):
            try:
                standing = self.slots.ready(shard)
            except SlotsRefusedError as error:
                refused = (shard, str(error))
                break
            if standing is None:
                gone.append(shard)
            elif standing:
                ready.append(shard)
            else:
                break

        def change(brackets: Brackets) -> None:
            for shard in ready:
                brackets.shards[shard].ready = True
            for shard in gone:
                brackets.note(shard, 0)
            if refused is not None:
                brackets.fail(*refused)

        if ready or gone or refused:
            self.table.item.change(change)
        return bool(gone or refused)

    def _survey(self, ending: Sequence[Ring], deadline: float, unread: dict[str, BracketError]) -> int:
        """Note what every shard really has; returns how many slots no record explains.

        Those that don't say what they have join ``unread``; what is known of them stays.
        """
        excused = Counter[str]()
        for ring in ending:
            excused.update(ring.levels())
        # A bracket that is closed meanwhile is no leak either: who closes it switches it off after us.
        before = self.table.read().wanted()
        levels, leaked = self._found(deadline, unread)

        def change(brackets: Brackets) -> int:
            wanted = brackets.wanted()
            for shard in {*brackets.shards, *levels} - unread.keys():
                known, level = brackets.shards.get(shard), levels.get(shard, 0)
                ready = known is not None and known.asked == level and known.ready
                brackets.note(shard, level, ready=ready)
            return sum(
                max(0, level - max(wanted.get(shard, 0), before.get(shard, 0)) - excused[shard])
                for shard, level in levels.items()
            )

        return leaked + self.table.item.change(change)

    def _found(self, deadline: float, unread: dict[str, BracketError]) -> tuple[dict[str, int], int]:
        """Shard -> its slots at the alias; and the slots of versions, which are switched off at once."""
        levels: dict[str, int] = {}
        strays = 0
        for shard in map(shard_name, range(SHARDS)):
            try:
                if self.clock.time() >= deadline:
                    raise BracketError(f"no time was left to ask shard {shard} for its slots")
                for qualifier, level in self.slots.found(shard, patient=not unread):
                    if qualifier == ALIAS:
                        levels[shard] = level
                    else:
                        # Packets never go there, so it serves nobody.
                        strays += level
                        self.slots.delete(shard, qualifier, patient=not unread)
            except BracketError as error:
                unread[shard] = error
        return levels, strays
