"""A training in simulation: the events of this design on a rule book, drawn from a seed.

States follow each other as in ``statemachine/train.asl.json``; a Map starts its children as its concurrency
allows; a child's task is retried as its Retry says. Nothing waits for anything else here, so the whole is one
walk with a heap of children for each Map.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from snakebatch.planner.bill import Counts, bill
from snakebatch.planner.broken_limits import FIXED_STATES, broken_limits
from snakebatch.planner.constants import Constants
from snakebatch.planner.prices import Prices, prices
from snakebatch.planner.rate import map_concurrency, short_seconds
from snakebatch.planner.rule_book import RuleBook
from snakebatch.planner.serial import gather_seconds, stage_seconds
from snakebatch.planner.simulated import Choices, Faults, Simulated, core_share
from snakebatch.planner.spawning import SHARDS, Account
from snakebatch.planner.workload import Wave, Workload

_RETRIES, _FIRST_DELAY, _MOST_DELAY = 8, 2.0, 60.0
"""Of a child's task after a 429: see ``DividePacket`` in the state machine."""

_TIMEOUT_RETRIES = 2
_S3_PUTS, _S3_GETS = 3.0, 4.0
"""Of a packet, from its writing to its report's reading."""


def simulate(
    work: Workload,
    rules: RuleBook,
    constants: Constants,
    choices: Choices | None = None,
    *,
    seed: int = 0,
    faults: Faults | None = None,
    price: Prices | None = None,
) -> Simulated:
    """Run the workload once. ``seed`` decides shards of the roots and the jitter of retries."""
    run = _Run(work, rules, constants, choices or Choices(), faults or Faults(), random.Random(seed))
    run.go()
    found = run.found
    found.seconds = run.now
    found.rationed = run.account.rationed
    found.starts, found.spawned, found.throttled = (
        run.account.starts,
        run.account.spawned,
        run.account.throttled,
    )
    found.usd = bill(found.counts, price or prices(), rules, run.choices.memory_gb)
    found.broken = broken_limits(found, work, rules, run.choices.memory_gb)
    return found


@dataclass
class _Run:
    work: Workload
    rules: RuleBook
    constants: Constants
    choices: Choices
    faults: Faults
    draws: random.Random
    now: float = 0.0
    found: Simulated = field(default_factory=Simulated)

    def __post_init__(self) -> None:
        self.account = Account(self.rules)
        self.first_shard = self.draws.randrange(SHARDS)
        self.warm: set[str] = set()

    @property
    def counts(self) -> Counts:
        return self.found.counts

    def go(self) -> None:
        work, constants = self.work, self.constants
        self.counts.transitions += FIXED_STATES
        divides = [wave for wave in work.waves if wave.role == "divide"]
        roots = len(divides[0].packets) if divides else 0
        staging = stage_seconds(work, constants, self._speed())
        self._function("Stage", staging + roots * constants.wave_packet)
        self._function("Admit", constants.function)
        self._open_bracket()
        for number, wave in enumerate(work.waves):
            if wave.role == "leaf" or number:
                self._next_wave(number, wave)
            self._map(wave)
            if self.found.failed:
                break
        else:
            self._gather()
        if self.choices.slots:
            self.counts.slot_seconds = self.now - self.opened
            self.counts.slots = self.choices.slots
        self._function("CloseBracket", constants.function)
        self._function("Settle", constants.function + work.invocations * 0.05 / 16)

    def _speed(self) -> float:
        """Of a core, by the memory that is paid for."""
        return core_share(self.choices.memory_gb)

    def _spend(self, state: str, seconds: float) -> None:
        self.now += seconds
        self.found.by_state[state] = self.found.by_state.get(state, 0.0) + seconds

    def _function(self, state: str, seconds: float) -> None:
        """One of the functions beside the shards: the first of its name in a run is cold."""
        name = "bracket" if state in ("Admit", "OpenBracket", "CloseBracket") else state
        billed = seconds + (self.constants.init if name not in self.warm else 0.0)
        self.warm.add(name)
        self.counts.requests += 1
        self.counts.gb_seconds += billed * self.choices.memory_gb
        self._spend(state, billed + self.constants.state)

    def _open_bracket(self) -> None:
        self.opened = self.now
        self._function("OpenBracket", self.constants.function)
        slots = self.choices.slots
        if slots:
            asking = min(slots, SHARDS) / self.rules.control_plane_rate
            self._spend("OpenBracket", max(self.constants.opening, asking))
            self.counts.transitions += 3 * max(1, round(self.constants.opening / 15))
            self.account.provision(slots, self.first_shard)

    def _next_wave(self, number: int, wave: Wave) -> None:
        read = (
            self.work.divide_evaluations and len(self.work.waves[number - 1].packets) * 0.01 if number else 0
        )
        self.counts.transitions += 2
        self._function(
            "NextWave", self.constants.function + read + len(wave.packets) * self.constants.wave_packet
        )

    def _gather(self) -> None:
        work = self.work
        self.counts.sqs += work.messages
        self.counts.puts += 2 * work.parts
        self.counts.gets += 2 * (work.waves[-1].count + work.row_packets)
        self._spend("Gather", gather_seconds(work, self.constants))

    # Maps

    def _map(self, wave: Wave) -> None:
        state = wave.role.capitalize()
        self._spend(state, self.constants.map_start)
        packets = len(wave.packets)
        # Who admits the first Map knows the number of its packets alone.
        rows = 0.0 if wave is self.work.waves[0] else wave.rows
        allowed = map_concurrency(
            self.rules.rate,
            packets=packets,
            recent=self.account.recent(self.now),
            seconds=short_seconds(wave.role, rows, self.constants),
            window=self.rules.window,
            slots=self.choices.slots,
        )
        if self.rules.counts == "environments":
            allowed = min(packets, self.rules.limits.concurrency)
        if self.choices.most_concurrency is not None:
            most = self.choices.most_concurrency
            allowed = most if self.choices.unpaced else min(allowed, most)
        allowed = max(1, min(allowed, self.rules.limits.map_children))
        self.found.concurrency.append(min(allowed, packets))
        ended = self._children(wave, allowed)
        self._spend(state, ended - self.now)
        self._spend(state, self.constants.map_end)
        self.counts.transitions += packets + 2
        self.counts.puts += packets * _S3_PUTS
        self.counts.gets += packets * _S3_GETS

    def _children(self, wave: Wave, allowed: int) -> float:
        """Run the children; returns when the last one ended (or the first one that failed for good)."""
        waiting = list(enumerate(wave.packets))[::-1]
        events: list[tuple[float, int, int, Callable[[float], None]]] = []
        running, latest = 0, self.now
        order = iter(range(1 << 60))

        def attempt(number: int, seconds: float, tries: int, when: float) -> None:
            nonlocal running, latest
            latest = max(latest, when)
            started = (
                None
                if self.faults.throttled
                else self.account.start(self._shard(wave, number, allowed), when)
            )
            if started is None:
                self.account.throttled += self.faults.throttled
                if tries > _RETRIES:
                    self.found.failed = "Lambda.TooManyRequestsException"
                    return
                self.counts.transitions += 1
                delay = self.draws.uniform(0, min(_MOST_DELAY, _FIRST_DELAY * 2 ** (tries - 1)))
                again = when + delay
                heapq.heappush(
                    events, (again, next(order), number, lambda at: attempt(number, seconds, tries + 1, at))
                )
                return
            environment, new = started
            billed = self.constants.invocation + seconds / self._speed()
            if not environment.loaded:
                size = self.work.population_bytes
                billed += size / self.constants.s3_bytes_per_second + self.work.load_seconds / self._speed()
            if new:
                billed += self.constants.init
            if self.faults.hangs:
                billed = self.rules.limits.packet_seconds
            self.found.longest_packet = max(self.found.longest_packet, billed)
            self.account.occupy(environment, when + billed)
            self.counts.requests += 1
            self.counts.gb_seconds += billed * self.choices.memory_gb
            self._bill_slot(billed)
            if self.faults.hangs:

                def timed_out(at: float) -> None:
                    if tries > _TIMEOUT_RETRIES:
                        self.found.failed = "States.Timeout"
                    else:
                        self.counts.transitions += 1
                        attempt(number, seconds, tries + 1, at)

                heapq.heappush(events, (when + billed, next(order), number, timed_out))
                return
            heapq.heappush(events, (when + billed, next(order), number, ended))

        def ended(when: float) -> None:
            nonlocal running, latest
            latest = max(latest, when)
            running -= 1
            fill(when)

        def fill(when: float) -> None:
            nonlocal running
            while waiting and running < allowed and self.found.failed is None:
                number, seconds = waiting.pop()
                running += 1
                attempt(number, seconds, 1, when + self.constants.state)

        fill(self.now)
        while events:
            when, _, _, act = heapq.heappop(events)
            if self.found.failed is not None:
                latest = max(latest, when)
                break
            act(when)
        return latest

    def _bill_slot(self, seconds: float) -> None:
        """The part of the work that goes round the slots is billed as theirs."""
        if self.choices.slots and self.found.concurrency:
            share = min(1.0, self.choices.slots / self.found.concurrency[-1])
            self.counts.slot_gb_seconds += share * seconds * self.choices.memory_gb
            self.counts.gb_seconds -= share * seconds * self.choices.memory_gb

    def _shard(self, wave: Wave, number: int, allowed: int) -> int:
        """As ``mesh/routing.py``: roots by a hash, later packets counting on from the job's own start; with
        slots, their share of the packets goes round them and the others round the other shards.
        """
        slots = self.choices.slots
        if slots:
            share, width = min(slots, allowed), min(slots, SHARDS)
            turn, before = (number + 1) * share // allowed, number * share // allowed
            if turn > before:
                return (self.first_shard + before % slots) % SHARDS
            if width < SHARDS:
                return (self.first_shard + width + (number - before) % (SHARDS - width)) % SHARDS
        elif wave is self.work.waves[0] and wave.role == "divide":
            return (self.first_shard * 7 + number * 61 + self.draws.randrange(1)) % SHARDS
        return (self.first_shard + number) % SHARDS
