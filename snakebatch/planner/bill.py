"""What is billed, by kind: what was counted, times its price."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from snakebatch.planner.prices import Prices
from snakebatch.planner.rule_book import RuleBook


@dataclass
class Counts:
    """What a run used. ``gb_seconds`` are on demand, ``slot_gb_seconds`` of work on provisioned slots, which
    were ``slots`` many, on for ``slot_seconds``.
    """

    requests: float = 0.0
    gb_seconds: float = 0.0
    slot_gb_seconds: float = 0.0
    slots: int = 0
    slot_seconds: float = 0.0
    transitions: float = 0.0
    puts: float = 0.0
    gets: float = 0.0
    sqs: float = 0.0


@dataclass(frozen=True)
class Bill:
    """US dollars by kind."""

    requests: float = 0.0
    gb_seconds: float = 0.0
    provisioned: float = 0.0
    transitions: float = 0.0
    s3: float = 0.0
    sqs: float = 0.0

    @property
    def total(self) -> float:
        return sum(self.kinds().values())

    def kinds(self) -> dict[str, float]:
        """By kind."""
        return asdict(self)

    def rounded(self) -> dict[str, float]:
        """By kind, to the millionth of a dollar."""
        return {kind: round(usd, 6) for kind, usd in self.kinds().items()}


def bill(counts: Counts, price: Prices, rules: RuleBook, memory_gb: float) -> Bill:
    """The bill of what was counted. Work on a slot has its own price, beside that of the slot."""
    reserved = counts.slots * rules.slot_seconds(counts.slot_seconds) * memory_gb if counts.slots else 0.0
    return Bill(
        requests=counts.requests * price.lambda_request,
        gb_seconds=counts.gb_seconds * price.lambda_gb_second,
        provisioned=reserved * price.provisioned_gb_second
        + counts.slot_gb_seconds * price.provisioned_duration_gb_second,
        transitions=counts.transitions * price.states_transition,
        s3=counts.puts * price.s3_put + counts.gets * price.s3_get,
        sqs=counts.sqs * price.sqs_request,
    )
