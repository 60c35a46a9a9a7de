"""Many runs, some side by side, each cloud good for some of them; and what is left when a cloud is gone."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from snakebatch.chaos.cloud import ChaosCloud
from snakebatch.chaos.models import Models
from snakebatch.chaos.plan import plan
from snakebatch.chaos.run import Runner
from snakebatch.chaos.verdict import Outcome
from snakebatch.clock import SystemClock

RUNS_OF_A_CLOUD = 25
LANES = 2

_POLLS, _POLL_SECONDS = 250, 0.02

T = TypeVar("T")

Tell = Callable[[Outcome], None]


@dataclass
class Campaign:
    """All outcomes by number, and what the clouds left on the machine."""

    seed: str
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[int]:
        """The numbers of the runs that are not as they should be."""
        return [number for number, outcome in sorted(self.outcomes.items()) if outcome.problems]


def campaign(seed: str, numbers: Sequence[int], lanes: int = LANES, tell: Tell | None = None) -> Campaign:
    """Do the runs of these numbers, ``lanes`` at a time; ``tell`` hears of each as it is done.

    Raises CloudError where a cloud itself fails.
    """
    result, models, stopping = Campaign(seed), Models(), threading.Event()
    size = max(1, min(RUNS_OF_A_CLOUD, -(-len(numbers) // lanes)))
    shares = [numbers[start : start + size] for start in range(0, len(numbers), size)]

    def do(share: Sequence[int]) -> None:
        with disturbed_cloud(result.left) as cloud:
            runner = Runner(cloud)
            for number in share:
                if stopping.is_set():
                    return
                made = plan(seed, number)
                outcome = runner.run(made, models.of(made.shape))
                result.outcomes[number] = outcome
                if tell is not None:
                    tell(outcome)

    with no_new_threads(result.left), ThreadPoolExecutor(lanes, thread_name_prefix="chaos") as pool:
        try:
            for _ in pool.map(do, shares):
                pass
        except BaseException:
            stopping.set()
            raise
    return result


@contextmanager
def no_new_threads(left: list[str]) -> Iterator[None]:
    """Threads that were started within, and still run in a moment, are noted in ``left``."""
    before = set(threading.enumerate())
    yield
    left += [f"thread {name}" for name in _outlasting(lambda: _started_since(before))]


@contextmanager
def disturbed_cloud(left: list[str]) -> Iterator[ChaosCloud]:
    """A cloud; after it, processes of its own that still run are noted in ``left``."""
    cloud = ChaosCloud()
    with cloud:
        yield cloud
        pids = cloud.all_pids()
    left += [
        f"process {pid} of a cloud that is closed"
        for pid in _outlasting(lambda: [pid for pid in pids if _runs(pid)])
    ]


def _outlasting(look: Callable[[], list[T]]) -> list[T]:
    """What is there still after some looks; what is about to end may do so."""
    clock = SystemClock()
    for _ in range(_POLLS):
        if not look():
            return []
        clock.sleep(_POLL_SECONDS)
    return look()


def _started_since(before: set[threading.Thread]) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread not in before]


def _runs(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
