"""A pytest fixture: ``pytest_plugins = ["snakebatch.chaos.fixtures"]``, or import ``chaos`` from here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from snakebatch.chaos.campaign import disturbed_cloud, no_new_threads
from snakebatch.chaos.cloud import ChaosCloud
from snakebatch.chaos.models import Models
from snakebatch.chaos.plan import Plan, plan
from snakebatch.chaos.run import Runner
from snakebatch.chaos.verdict import Outcome


@dataclass
class Chaos:
    """A cloud that is disturbed, and the models that its runs have to end in."""

    cloud: ChaosCloud
    models: Models = field(default_factory=Models)

    def __post_init__(self) -> None:
        self._runner = Runner(self.cloud)

    def run(self, seed: str, number: int) -> Outcome:
        """The run of a seed and a number, as ``snakebatch chaos --seed S --run N`` has it."""
        return self.carry_out(plan(seed, number))

    def carry_out(self, made: Plan, *, nets: bool = True) -> Outcome:
        """Any plan; without ``nets`` nobody tells of an end, and nobody sweeps."""
        self._runner.nets = nets
        return self._runner.run(made, self.models.of(made.shape))


@pytest.fixture(scope="module")
def chaos() -> Iterator[Chaos]:
    """One for the module's tests; what it leaves on the machine fails the last of them."""
    left: list[str] = []
    with no_new_threads(left), disturbed_cloud(left) as cloud:
        yield Chaos(cloud)
    assert left == []
