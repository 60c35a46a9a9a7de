"""The planner's simulator against the executor: the training workflow itself, on a simulated clock, with the
same artificial delays. Both must take as long, within a tenth."""

from __future__ import annotations

import json
import random
import re
import statistics
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from snakebatch.clock import SimulatedClock
from snakebatch.planner.constants import Constants, constants
from snakebatch.planner.rule_book import AWS, SEEDS, RuleBook
from snakebatch.planner.serial import gather_seconds, stage_seconds
from snakebatch.planner.simulated import Choices, Simulated
from snakebatch.planner.simulator import simulate
from snakebatch.planner.workload import Job, Wave, Workload, workload
from tests.support.handlers import ROOT

from .asl_world import World, client_error, world

NAMES = {
    "StageFunctionArn": "stage",
    "WaveFunctionArn": "wave",
    "BracketFunctionArn": "bracket",
    "SettleFunctionArn": "settle",
    "ShardPrefix": "shard",
    "ChildExecutionType": "STANDARD",
    "JobsBucket": "bucket",
    "ReportsQueueUrl": "queue",
    "GatherHeartbeatSeconds": "600",
}
DELAYS = replace(
    constants(), state=0.0, init=1.5, invocation=0.2, map_start=4.0, map_end=3.0, function=0.4, gather=1.0
)


def definition() -> dict[str, Any]:
    text = (ROOT / "statemachine" / "train.asl.json").read_text()
    found: dict[str, Any] = json.loads(re.sub(r"\$\{(\w+)\}", lambda name: NAMES[name[1]], text))
    return found


@dataclass
class Delays:
    """Fake functions that take simulated time: containers cold and warm, and a window that turns away."""

    work: Workload
    known: Constants
    rules: RuleBook
    concurrency: list[int]
    first_shard: int = 0
    here: World | None = None
    starts: list[float] = field(default_factory=list)
    turned_away: int = 0

    def __post_init__(self) -> None:
        self.environments: dict[str, list[dict[str, float]]] = defaultdict(list)
        self.window: dict[str, deque[float]] = defaultdict(deque)
        self.warm: set[str] = set()
        self.lock = threading.Lock()

    @property
    def clock(self) -> SimulatedClock:
        assert self.here is not None
        return self.here.clock

    def small(self, name: str, seconds: float) -> None:
        cold = 0.0 if name in self.warm else self.known.init
        self.warm.add(name)
        self.clock.sleep(seconds + cold)

    def wave(self, number: int) -> dict[str, Any]:
        return {
            "wave": number,
            "next": self.work.waves[number].role,
            "items": f"items-{number}",
            "results": f"results-{number}",
            "max_concurrency": self.concurrency[number],
        }

    def stage(self, _: Any) -> dict[str, Any]:
        self.small("stage", stage_seconds(self.work, self.known))
        run = {"execution": "e", "job": "j", "fingerprint": "f", "dry_run": False, "slots": 0}
        run |= {"slots_required": False, "joins_session": False, "min_share": 0.1, "max_share": 1.0}
        return {"run": run, "plan": {"feasible": True, "packets": 1}, "wave": self.wave(0)}

    def bracket(self, event: Any) -> dict[str, Any]:
        self.small("bracket", self.known.function)
        now = {"max_concurrency": self.concurrency[0], "slots": 0, "tries": 1, "wait_seconds": 5}
        answers = {
            "admit": {"admitted": True, **now},
            "open": {"ready": True, "reason": None, **now},
            "close": {"closed": True, "slots": 0, "open_seconds": 0.0},
        }
        return answers[event["action"]]

    def next_wave(self, event: Any) -> dict[str, Any]:
        self.small("wave", self.known.function)
        return self.wave(event["wave"] + 1)

    def settle(self, _: Any) -> dict[str, Any]:
        self.small("settle", self.known.function)
        return {"failure": None, "output": {"status": "TRAINED"}}

    def shard(self, event: Any) -> dict[str, Any]:
        wave, number = (int(part) for part in event["packet"].split("-"))
        seconds = self.known.invocation + self.work.waves[wave].packets[number]
        with self.lock:
            seconds += self._start(event["shard"], seconds)
        self.clock.sleep(seconds)
        return {}

    def _start(self, shard: str, seconds: float) -> float:
        """The seconds that a start takes beside the work; raises 429 where the window is full."""
        now = self.clock.time()
        idle = [one for one in self.environments[shard] if one["free"] <= now]
        if not idle or self.rules.counts == "invocations":
            window = self.window[shard if self.rules.scope == "function" else ""]
            while window and window[0] <= now - self.rules.window:
                window.popleft()
            if len(window) >= self.rules.starts:
                self.turned_away += 1
                raise client_error("TooManyRequestsException", status=429)
            window.append(now)
        self.starts.append(now)
        more = 0.0
        if not idle:
            self.environments[shard].append({"free": 0.0})
            idle = self.environments[shard][-1:]
            size = self.work.population_bytes
            more = self.known.init + self.work.load_seconds + size / self.known.s3_bytes_per_second
        idle[0]["free"] = now + seconds + more
        return more

    def gather(self, here: World, body: Any) -> None:
        here.clock.sleep(gather_seconds(self.work, self.known))
        here.sfn.send_task_success(taskToken=body["token"], output="{}")


def executed(work: Workload, run: Simulated, rules: RuleBook) -> tuple[float, Delays]:
    """Seconds that the executor's run takes."""
    delays = Delays(work, DELAYS, rules, run.concurrency)
    functions = {"stage": delays.stage, "wave": delays.next_wave, "bracket": delays.bracket}
    functions |= {"settle": delays.settle} | {f"shard-{n:02d}": delays.shard for n in range(100)}
    objects = {
        f"bucket/items-{wave}": json.dumps(
            [{"packet": f"{wave}-{n}", "shard": f"{n % 100:02d}", "key": "k"} for n in range(len(of.packets))]
        )
        for wave, of in enumerate(work.waves)
    }
    with world(functions=functions, objects=objects, on_send=delays.gather) as here:
        delays.here = here
        read, write = here.s3.get_object, here.s3.put_object

        def get(Bucket: str, Key: str) -> dict[str, Any]:
            here.clock.sleep(DELAYS.map_start)
            return read(Bucket, Key)

        def put(Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:
            if Key.endswith("manifest.json"):
                here.clock.sleep(DELAYS.map_end)
            return write(Bucket, Key, Body)

        here.s3.get_object, here.s3.put_object = get, put  # type: ignore[method-assign]  # delays
        ended = here.run(definition(), {})
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    return ended.seconds, delays


def uneven(work: Workload, seed: int) -> Workload:
    """The same waves with packets of uneven length."""
    draws = random.Random(seed)
    waves = tuple(
        Wave(wave.role, tuple(seconds * draws.uniform(0.5, 1.5) for seconds in wave.packets))
        for wave in work.waves
    )
    return replace(work, waves=waves)


@pytest.mark.parametrize(
    ("job", "rules", "choices"),
    [
        (Job(1_000_000, 5), SEEDS, Choices()),
        (Job(1_000_000, 5), AWS, Choices()),
        (Job(1_000_000, 5, columns=2), SEEDS, Choices(most_concurrency=7)),
        (Job(300_000, 25, columns=5), SEEDS, Choices()),
        (Job(2_500_000, 30, columns=5), SEEDS, Choices()),
    ],
    ids=lambda value: getattr(value, "name", None) or str(value)[:60],
)
def test_the_executor_takes_as_long_as_the_plan_says(job: Job, rules: RuleBook, choices: Choices) -> None:
    work = uneven(workload(job, DELAYS), 3)
    run = simulate(work, rules, DELAYS, choices)
    seconds, delays = executed(work, run, rules)
    assert run.seconds == pytest.approx(seconds, rel=0.1)
    assert len(run.starts) == len(delays.starts) == work.invocations
    assert run.throttled == delays.turned_away == 0
    assert run.spawned == pytest.approx(sum(map(len, delays.environments.values())), abs=2 * job.n_layers)


def test_retries_after_a_429_take_as_long() -> None:
    """More children at a time than the window admits: they are turned away, and come again with jitter.

    Which child draws which jitter is the threads' business, so that one run differs from another by a tenth.
    Of twice as many children as are admitted some would use up their attempts, now and then.
    """
    narrow = replace(SEEDS, starts=30)
    work = uneven(workload(Job(600_000, 15, columns=2), DELAYS), 5)
    unpaced = Choices(most_concurrency=42, unpaced=True)
    runs = [simulate(work, narrow, DELAYS, unpaced, seed=seed) for seed in range(10)]
    seconds, delays = executed(work, runs[0], narrow)
    assert delays.turned_away > 0
    assert len(delays.starts) == work.invocations
    assert statistics.mean(run.seconds for run in runs) == pytest.approx(seconds, rel=0.2)
    assert statistics.mean(run.throttled for run in runs) == pytest.approx(delays.turned_away, rel=0.3)
