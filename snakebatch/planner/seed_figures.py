"""Every figure of the seeds' economics: what they print, what their own formulas give, and the verdict.

The three documents of v9 are the paper (sections 7.1 to 7.6), the architecture page and the concurrency page.
A figure follows where its formula gives what is printed, to the digits that are printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from snakebatch.planner.rate import SPAWN_RATE
from snakebatch.planner.seed_figure import SeedFigure
from snakebatch.planner.seed_model import (
    COMPUTE_USD_PER_ROW_LAYER,
    LEAF_SECONDS,
    SLOT_GB,
    SLOT_GB_SECOND,
    peak_rate,
    reservation_usd,
    seed_plan,
    slots_for,
)

PROVISIONED_FULL = 0.0000162242
"""Idle plus duration, a GB-second: the concurrency page."""

ON_DEMAND = 0.0000166667
MONTH_HOURS = 730
TABLE_LEAF_SECONDS = 0.42
"""What the lambda-seconds table was made with; the page above it says 0.7."""

INCIDENT_USD, INCIDENT_HOURS = 1057.0, 19.0


def seed_figures() -> list[SeedFigure]:
    """All of them, in the order of the documents."""
    return [*_million(), *_paper(), *_slots(), *_rates(), *_bills()]


_WALL = {1: ("78 s", 1, "s", 0), 5: ("6.5 min", 60, "min", 1), 25: ("33 min", 60, "min", 0)}
_MILLION = {
    1: ("26.3/s", "7", "$0.23", "$0.01", "$0.24"),
    5: ("132/s", "81", "$1.13", "$0.62", "$1.75"),
    25: ("658/s", "449", "$5.65", "$17.16", "$22.81"),
}


def _million() -> Iterator[SeedFigure]:
    for layers, (rate, slots, compute, reservation, total) in _MILLION.items():
        plan, what = seed_plan(1_000_000, layers), f"1M x {layers}L"
        printed, unit, name, digits = _WALL[layers]
        wall = math.floor(plan.wall_s) if unit == 1 else plan.wall_s / unit
        for title, formula, said, found in (
            ("peak rate", "L ceil(N/tau) / (3.8 ceil(log2(N/tau)))", rate, f"{plan.peak_rate:.3g}/s"),
            ("slots", "ceil((rate - 1000/60) 0.7)", slots, str(plan.slots)),
            ("wall clock", "0.00171 L N^0.777", printed, f"{wall:.{digits}f} {name}"),
            ("compute", "0.226 L N / 10^6", compute, f"${plan.compute_usd:.2f}"),
            ("reservation", "slots 4 GB T 0.0000048673", reservation, f"${plan.reservation_usd:.2f}"),
            ("total", "compute + reservation", total, f"${plan.total_usd:.2f}"),
        ):
            note = "78.5, cut and not rounded" if said == "78 s" else ""
            yield SeedFigure("paper 7.5", f"{what}: {title}", formula, said, found, note)


def _paper() -> Iterator[SeedFigure]:
    low, high = coefficient_range()
    yield SeedFigure(
        "paper 7.5",
        "coefficient of T",
        "17.16 / (449 x 4 x 0.0000048673 x 25 x 10^(6 x 0.777))",
        "0.00171",
        f"{(low + high) / 2:.5f}",
        f"$17.16 pins it between {low:.7f} and {high:.7f}; the paper prints the exponent only",
    )
    yield SeedFigure(
        "paper 7.2",
        "peak of 7.5K x 25L, observed",
        "25 x 8 / (3.8 x 3)",
        "17.40/s",
        f"{peak_rate(7500, 25, 1000):.2f}/s",
        "an observation: the formula is 0.8 % above it, over the ceiling all the same",
    )
    yield SeedFigure(
        "paper 7.5",
        "5K x 5L extrapolated to 1M",
        "200 x 0.226 x 5 x 0.005",
        "$0.05",
        f"${200 * COMPUTE_USD_PER_ROW_LAYER * 5 * 5000:.2f}",
        "compute is linear: 200 times the compute of 5K is that of 1M. $0.05 is what this design is to reach",
    )
    yield SeedFigure(
        "paper 7.5", "$0.05 is wrong by", "1.75 / 0.05", "35x", f"{seed_plan(10**6, 5).total_usd / 0.05:.0f}x"
    )
    yield SeedFigure(
        "paper 7.5",
        "peak rate at 5K x 5L",
        "5 x 5 / (3.8 x 3)",
        "~7/s",
        f"~{peak_rate(5000, 5, 1000):.0f}/s",
        "2.2/s by the formula",
    )
    yield SeedFigure(
        "paper 7.5",
        "ceilings deep at 1M x 5L",
        "131.6 / 16.67",
        "four",
        _words(round(peak_rate(10**6, 5, 1000) / SPAWN_RATE)),
        "7.9 ceilings",
    )
    crossover = reservation_crossover(25)
    yield SeedFigure(
        "paper 7.4",
        "reservation passes compute at 25L",
        "first N with reservation > compute",
        "~30K",
        f"~{crossover / 1000:.0f}K",
        "at 30K the reservation is a quarter of the compute",
    )
    yield SeedFigure(
        "paper 7.2",
        "FEASIBLE for N <= tau",
        "spawn_window = 3.8 ceil(log2(N/tau))",
        "defined",
        "undefined",
        "the window is 0 s or less; one level is the least that makes sense, and is what we compute with",
    )
    more, fewer = peak_rate(8001, 24, 1000), peak_rate(8000, 24, 1000)
    yield SeedFigure(
        "paper 7.2",
        "FEASIBLE is monotonic in N",
        "24L: rate(8001) >= rate(8000)",
        "yes",
        "yes" if more >= fewer else "no",
        f"8,000 rows x 24L are refused at {fewer:.1f}/s, 8,001 rows pass at {more:.1f}/s: the log steps",
    )


def coefficient_range() -> tuple[float, float]:
    """The coefficients of T between which the printed $17.16 rounds to itself."""
    unit = 449 * SLOT_GB * SLOT_GB_SECOND * 25 * 1e6**0.777
    return 17.155 / unit, 17.165 / unit


def reservation_crossover(n_layers: int) -> int:
    """Rows, to the hundred, from which on the slots cost more than the compute."""
    rows = 100_000_000
    while rows > 100:
        plan = seed_plan(rows - 100, n_layers)
        if plan.reservation_usd <= plan.compute_usd:
            return rows
        rows -= max(100, rows // 1000 // 100 * 100)
    return rows


_SLOT_PRICES = {
    1: ("$0.070", "$0.234"),
    5: ("$0.350", "$1.169"),
    12: ("$0.841", "$2.804"),
    25: ("$1.752", "$5.842"),
    50: ("$3.504", "$11.683"),
    100: ("$7.008", "$23.367"),
}


def _slots() -> Iterator[SeedFigure]:
    for slots, (idle, full) in _SLOT_PRICES.items():
        yield SeedFigure(
            "concurrency 4",
            f"{slots} slots idle, an hour",
            "N x 4 x 3600 x 0.0000048673",
            idle,
            f"${reservation_usd(slots, 3600):.3f}",
            "a tenth of a cent, cut and not rounded" if slots == 100 else "",
        )
        yield SeedFigure(
            "concurrency 4",
            f"{slots} slots in full use, an hour",
            "N x 4 x 3600 x 0.0000162242",
            full,
            f"${slots * SLOT_GB * 3600 * PROVISIONED_FULL:.3f}",
            "" if slots in (1, 12) else "its column was made with 0.0000162271, 0.02 % more than its formula",
        )
    yield SeedFigure(
        "concurrency 4",
        "slots that double the rate",
        "ceil((2 x 16.67 - 16.67) 0.7)",
        "12",
        str(slots_for(2 * SPAWN_RATE)),
    )
    yield SeedFigure(
        "concurrency 4",
        "12 slots for a burst of 5 s",
        "12 x 4 x 5 x 0.0000162242",
        "$0.0039",
        f"${12 * SLOT_GB * 5 * PROVISIONED_FULL:.4f}",
        "AWS bills five minutes at least: $0.0701 for the reservation alone",
    )
    yield SeedFigure(
        "architecture 8.2",
        "100 slots left on, a day",
        "24 x 100 x 4 x 3600 x 0.0000048673",
        "$168",
        f"${reservation_usd(100, 86_400):.0f}",
    )
    yield SeedFigure(
        "architecture 8.2",
        "provisioned over on-demand compute",
        "0.0000162242 / 0.0000166667",
        "14x",
        f"{PROVISIONED_FULL / ON_DEMAND:.2g}x",
        "a slot in use costs 0.97 of on demand, one that idles 0.29; no ratio of the prices is 14",
    )


_RATES = (
    # starts a minute, printed rate, Lambda-seconds an hour, vCPU, jobs of 5K x 5L an hour
    (10, "0.17/s", "252", "0.07", "~95"),
    (100, "1.7/s", "2,520", "0.7", "~950"),
    (500, "8.3/s", "12,600", "3.5", "~4,750"),
    (1000, "16.7/s", "25,200", "~7", "~9,500"),
)


def _rates() -> Iterator[SeedFigure]:
    jobs = math.ceil(5000 / 1000) * 5
    for minute, rate, seconds, constant, per_hour in _RATES:
        digits = 2 if minute == 10 else 1
        hour = minute * 60
        yield SeedFigure(
            "concurrency 3", f"{minute} starts a minute", "n / 60", rate, f"{minute / 60:.{digits}f}/s"
        )
        yield SeedFigure(
            "concurrency 3",
            f"Lambda-seconds an hour at {rate}",
            "60 n x 0.7",
            seconds,
            f"{hour * LEAF_SECONDS:,.0f}",
            f"made with {TABLE_LEAF_SECONDS} s a leaf, which gives {hour * TABLE_LEAF_SECONDS:,.0f}",
        )
        busy = hour * TABLE_LEAF_SECONDS / 3600
        yield SeedFigure(
            "concurrency 3",
            f"constant compute at {rate}",
            "Lambda-seconds / 3600",
            constant,
            f"~{busy:.0f}" if constant.startswith("~") else f"{busy:.1g}" if busy < 1 else f"{busy:.1f}",
        )
        yield SeedFigure(
            "concurrency 3",
            f"jobs of 5K x 5L an hour at {rate}",
            "60 n / 25 leaves",
            per_hour,
            f"~{hour / jobs:,.0f}",
            "its column is 9.5 n: 6.3 starts a job, where the job has 25 leaves",
        )
    yield SeedFigure(
        "concurrency 3.1",
        "leaves of 1K x 25L",
        "25 ceil(1000/1000)",
        "75",
        str(seed_plan(1000, 25).leaves),
        "an observation: 3 leaves a layer, since a slice ends below tau; the formula has one",
    )
    yield SeedFigure(
        "concurrency 3.1",
        "75 leaves at once",
        "75 / 6 s",
        "15/s",
        f"{75 / 6:.3g}/s",
        "15/s are 75 in five seconds, which is 90 % of the ceiling, as printed",
    )
    yield SeedFigure("concurrency 3.1", "75 leaves over a minute", "75 / 60", "1.25/s", f"{75 / 60:.2f}/s")
    yield SeedFigure(
        "concurrency 2",
        "50 starts in 5 s read as",
        "fullest ten seconds / 10",
        "10/s",
        f"{50 / 10:.0f}/s",
        "10/s are the 50 over their own five seconds; the panel divides by its ten",
    )
    yield SeedFigure("concurrency 1", "the ceiling", "1000 / 60", "16.67/s", f"{SPAWN_RATE:.2f}/s")
    yield SeedFigure("concurrency 4", "twice the ceiling", "2000 / 60", "~33/s", f"~{2 * SPAWN_RATE:.0f}/s")


def _bills() -> Iterator[SeedFigure]:
    yield SeedFigure(
        "architecture 8.2",
        "the gatherer, a month",
        "price of the machine x 730 h",
        "$98",
        "unknown",
        f"${98 / MONTH_HOURS:.4f} an hour; the paper names a c7g.large, the architecture page a t4g.2xlarge, "
        "and neither page has a price",
    )
    yield SeedFigure(
        "architecture 8.2",
        "five shards fan 1.71x: the bill over the useful compute",
        "5 / 1.71",
        "3x",
        f"{5 / 1.71:.0f}x",
        "2.9: the 3x of cold chains at depth three follows from it",
    )
    dollars = INCIDENT_USD / INCIDENT_HOURS
    yield SeedFigure(
        "architecture 8",
        "$1,057 in 19 hours, in environments of 4 GB at work all the time",
        "1057 / (19 x 3600 x 4 x 0.0000166667)",
        "not printed",
        f"{dollars / 3600 / SLOT_GB / ON_DEMAND:.0f}",
        "the incident itself is replayed: see below",
    )


def _words(number: int) -> str:
    return {4: "four", 8: "eight"}.get(number, str(number))
