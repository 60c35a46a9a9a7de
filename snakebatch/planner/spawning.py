"""The account's environments in simulation: who is warm, who may start, and who is turned away with a 429."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass, field

from snakebatch.planner.rule_book import RuleBook

SHARDS = 100


@dataclass
class Environment:
    """One container of a shard; ``loaded`` once it has read the population. What starts on a provisioned one
    is not rationed.
    """

    loaded: bool = False
    provisioned: bool = False
    free: float = 0.0


@dataclass
class Account:
    """The environments of all shards, and the windows in which starts are counted."""

    rules: RuleBook
    starts: list[float] = field(default_factory=list)
    rationed: list[float] = field(default_factory=list)
    """Those of the starts that the rules count: not what started on slots."""
    spawned: int = 0
    throttled: int = 0
    _idle: dict[int, list[Environment]] = field(default_factory=lambda: defaultdict(list))
    _windows: dict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _busy: list[float] = field(default_factory=list)

    def provision(self, slots: int, first: int) -> None:
        """Slots on consecutive shards: environments that are started, and have not read anything."""
        for turn in range(slots):
            self._idle[(first + turn) % SHARDS].append(Environment(provisioned=True))

    def start(self, shard: int, now: float) -> tuple[Environment, bool] | None:
        """An environment of the shard and whether it is new; None = 429, nothing was started."""
        idle = [one for one in self._idle[shard] if one.free <= now]
        while self._busy and self._busy[0] <= now:
            heapq.heappop(self._busy)
        environment = max(idle, key=lambda one: (one.provisioned, one.loaded), default=None)
        on_slot = environment is not None and environment.provisioned
        if not on_slot and not self._admits(shard, now, new=environment is None):
            self.throttled += 1
            return None
        self.starts.append(now)
        if not on_slot:
            self.rationed.append(now)
        if environment is not None:
            return environment, False
        self.spawned += 1
        environment = Environment()
        self._idle[shard].append(environment)
        return environment, True

    def occupy(self, environment: Environment, until: float) -> None:
        """The environment works until then."""
        environment.free = until
        environment.loaded = True
        heapq.heappush(self._busy, until)

    def _admits(self, shard: int, now: float, *, new: bool) -> bool:
        if len(self._busy) >= self.rules.limits.concurrency:
            return False
        if self.rules.counts == "environments" and not new:
            return True
        window = self._windows[shard if self.rules.scope == "function" else -1]
        while window and window[0] <= now - self.rules.window:
            window.popleft()
        if len(window) >= self.rules.starts:
            return False
        window.append(now)
        return True

    def recent(self, now: float) -> int:
        """Starts within the last window."""
        count = 0
        for start in reversed(self.rationed):
            if start <= now - self.rules.window:
                break
            count += 1
        return count
